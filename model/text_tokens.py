"""Text to token numbers and back, for any PaliGemma tokenizer; knows the loc and seg tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from model.seg_tokens import LOC_TOKENS, SEG_TOKENS
from model.types import BackendUnavailable

_BOS: Final = "<bos>"
_EOS: Final = "<eos>"
_PAD: Final = "<pad>"


@dataclass(frozen=True)
class TextTokens:
    """A tokenizer with the numbers that PaliGemma's layout needs; made by open_tokens."""

    tokenizer: Any  # tokenizers.Tokenizer comes without type information
    image_id: int
    image_tokens: int
    bos_id: int
    eos_id: int
    pad_id: int
    loc_ids: tuple[int, ...]
    seg_ids: tuple[int, ...]

    def prefix_ids(self, prefix: str) -> list[int]:
        """The input of one row: the image tokens, <bos>, then the prefix with its newline.

        What looks like a control token inside the prefix (typed by a patient) is left out.
        """
        ids = self.tokenizer.encode(prefix, add_special_tokens=False).ids
        kept = [i for i in ids if i not in self._control_ids]
        return [self.image_id] * self.image_tokens + [self.bos_id, *kept]

    def suffix_text(self, ids: Sequence[int]) -> str:
        """The suffix as text: loc and seg tokens stay, control tokens are left out."""
        kept = [i for i in ids if i not in self._control_ids]
        return str(self.tokenizer.decode(kept, skip_special_tokens=False)).strip()

    def between_objects(self, text: str) -> list[int]:
        """The numbers of a text that stands between two loc or seg tokens of a suffix."""
        place = LOC_TOKENS[0]
        ids = self.tokenizer.encode(f"{place}{text}{place}", add_special_tokens=False).ids
        return list(ids[1:-1])

    @cached_property
    def _control_ids(self) -> frozenset[int]:
        return frozenset((self.image_id, self.bos_id, self.eos_id, self.pad_id))


def open_tokens(folder: Path, image_id: int, image_tokens: int) -> TextTokens:
    """The tokenizer of a model folder, from its tokenizer.json.

    Raises:
        BackendUnavailable: the file is missing or lacks PaliGemma's tokens.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise BackendUnavailable(f"tokenizer.json is missing in the model folder {folder.name}.")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    _keep_whole(tokenizer)
    return TextTokens(
        tokenizer=tokenizer,
        image_id=image_id,
        image_tokens=image_tokens,
        bos_id=_known(tokenizer, _BOS),
        eos_id=_known(tokenizer, _EOS),
        pad_id=_known(tokenizer, _PAD),
        loc_ids=tuple(_known(tokenizer, token) for token in LOC_TOKENS),
        seg_ids=tuple(_known(tokenizer, token) for token in SEG_TOKENS),
    )


def _keep_whole(tokenizer: Any) -> None:
    """Let loc and seg tokens match as a whole where the file only lists them as words.

    Source: transformers issue 30824, and PaliGemmaProcessor.__init__ (EXTRA_TOKENS).
    """
    from tokenizers import AddedToken

    tokens = (*LOC_TOKENS, *SEG_TOKENS)
    ids = tokenizer.encode("".join(tokens), add_special_tokens=False).ids
    if len(ids) != len(tokens):
        tokenizer.add_tokens([AddedToken(token, normalized=False) for token in tokens])


def _known(tokenizer: Any, token: str) -> int:
    number = tokenizer.token_to_id(token)
    if number is None:
        raise BackendUnavailable(f"The tokenizer of this model has no token {token}.")
    return int(number)
