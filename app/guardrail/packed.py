"""Keeps a number for each of many words in a tenth of the memory of a dictionary."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_MASK: Final = (1 << 19) - 1  # groups of words: of 640,000 words one or two in each, or none
_MOST: Final = 1 << 14
# A word stands between these two; they are no part of a word, nor of a number.
_ENTRY: Final = b"\n%b\t"
_NUMBER: Final = b"%c%c"
_HIGH: Final = 0x80


@dataclass(frozen=True)
class Packed:
    """Words in groups by their hash, each followed by its number in two bytes."""

    _text: bytes
    _ends: Sequence[int]  # of each group in the text

    def get(self, word: str) -> int:
        """The number of a word; 0 when it is not listed."""
        group = hash(word) & _MASK
        start, end = self._ends[group], self._ends[group + 1]
        if start == end:
            return 0
        entry = _ENTRY % word.encode("utf-8", "surrogatepass")
        at = self._text.find(entry, start, end)
        if at < 0:
            return 0
        at += len(entry)
        return (self._text[at] - _HIGH) << 7 | (self._text[at + 1] - _HIGH)


def pack(numbers: Mapping[str, int]) -> Packed:
    """The words with their numbers, packed.

    Raises:
        ValueError: a number lies outside of 1 to 16,383.
    """
    groups = [b""] * (_MASK + 1)
    for word, number in numbers.items():
        if not 0 < number < _MOST:
            raise ValueError(number)
        entry = _ENTRY % word.encode("utf-8", "surrogatepass")
        digits = _NUMBER % (_HIGH | number >> 7, _HIGH | number & 0x7F)
        groups[hash(word) & _MASK] += entry + digits
    ends = array("I", [0])
    for group in groups:
        ends.append(ends[-1] + len(group))
    return Packed(b"".join(groups), ends)
