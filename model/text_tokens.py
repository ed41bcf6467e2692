"""Text to token numbers and back, for any PaliGemma tokenizer; knows the loc and seg tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from model.types import BackendUnavailable

LOC_COUNT: Final = 1024
SEG_COUNT: Final = 128
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
        ids = self.tokenizer.encode(f"<loc0000>{text}<loc0000>", add_special_tokens=False).ids
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
    return TextTokens(
        tokenizer=tokenizer,
        image_id=image_id,
        image_tokens=image_tokens,
        bos_id=_known(tokenizer, _BOS),
        eos_id=_known(tokenizer, _EOS),
        pad_id=_known(tokenizer, _PAD),
        loc_ids=tuple(_known(tokenizer, f"<loc{i:04d}>") for i in range(LOC_COUNT)),
        seg_ids=tuple(_known(tokenizer, f"<seg{i:03d}>") for i in range(SEG_COUNT)),
    )


def _known(tokenizer: Any, token: str) -> int:
    number = tokenizer.token_to_id(token)
    if number is None:
        raise BackendUnavailable(f"The tokenizer of this model has no token {token}.")
    return int(number)
