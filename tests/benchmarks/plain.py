"""Plain `transformers`: processor and generate as the model card of PaliGemma shows them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.grammar import SuffixGrammar
from model.prompts import MAX_NAMES
from model.seg_tokens import SEPARATOR
from model.text_tokens import TextTokens
from model.types import Image


@dataclass
class WholeGrammar:
    """A grammar that lets a suffix end only when every name was used: equal work on both sides."""

    inner: SuffixGrammar
    eos_id: int

    def allowed(self) -> tuple[int, ...]:
        allowed = tuple(self.inner.allowed())
        return tuple(one for one in allowed if one != self.eos_id) or allowed

    @property
    def may_stop(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:  # Any: whatever the grammar itself has
        return getattr(self.inner, name)


def whole_grammar(prefix: str, kind: str, tokens: TextTokens) -> WholeGrammar | None:
    """Stands in for model.grammar.grammar_of while engines are compared."""
    if kind == "free":
        return None
    names = prefix.removeprefix("segment ").removesuffix("\n").split(SEPARATOR)
    assert len(names) <= MAX_NAMES
    return WholeGrammar(SuffixGrammar(names, tokens, has_masks=True), tokens.eos_id)


@dataclass(frozen=True)
class Answer:
    """Token numbers of a suffix (its end included) and the scores each was chosen from."""

    ids: list[int]
    scores: Any = None


class Plain:
    """A checkpoint opened with from_pretrained and asked with generate, one prefix at a time."""

    def __init__(self, folder: Path, dtype: str, tokens: TextTokens) -> None:
        from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor
        from transformers.utils import logging

        logging.disable_progress_bar()
        self._processor = PaliGemmaProcessor.from_pretrained(folder)
        net = PaliGemmaForConditionalGeneration.from_pretrained(folder, dtype=dtype)
        self.net, self._tokens = net.eval(), tokens

    def ask(
        self, picture: Image, prefix: str, limit: int, *, is_free: bool, keep_scores: bool = False
    ) -> Answer:
        """The suffix of one prefix, greedy; under the grammar where it is not free."""
        import torch

        text = f"<image>{prefix.removesuffix(chr(10))}"
        inputs = self._processor(images=picture, text=text, return_tensors="pt")
        inputs["pixel_values"] = inputs["pixel_values"].to(self.net.dtype)
        length = inputs["input_ids"].shape[1]
        options = {} if is_free else {"prefix_allowed_tokens_fn": self._allow(prefix, length)}
        with torch.inference_mode():
            out = self.net.generate(
                **inputs,
                max_new_tokens=limit,
                do_sample=False,
                return_dict_in_generate=True,
                output_scores=keep_scores,
                **options,
            )
        scores = torch.cat(out.scores) if keep_scores else None
        return Answer(out.sequences[0, length:].tolist(), scores)

    def _allow(self, prefix: str, length: int) -> Any:
        grammar = whole_grammar(prefix, "segment", self._tokens)
        assert grammar is not None
        read = 0

        def allowed(_row: int, ids: Any) -> list[int]:
            nonlocal read
            for token in ids[length + read :].tolist():
                grammar.feed(token)
                read += 1
            return list(grammar.allowed())

        return allowed
