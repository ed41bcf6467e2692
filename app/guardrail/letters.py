"""Remembers what a change makes of single letters, block by block, to change long texts quickly."""

from collections.abc import Callable
from dataclasses import dataclass, field

_BLOCK = 0x100
_FEW = 80
"""Up to so many different letters are exchanged one after the other, which is quicker then."""


@dataclass(frozen=True)
class Letters:
    """A change of texts in which no letter bears on another one, and none changes twice."""

    change: Callable[[str], str]
    _changed: dict[str, str] = field(default_factory=dict)  # only letters that become others
    _blocks: set[int] = field(default_factory=set)  # of 256 letters each, by their place

    def change_each(self, text: str) -> str:
        """What the change makes of each letter, put together again."""
        letters = set(text)
        for block in {ord(letter) // _BLOCK for letter in letters} - self._blocks:
            self._add(block)
        changed = self._changed
        changing = letters & changed.keys()
        if len(changing) > _FEW:
            return "".join([changed.get(letter, letter) for letter in text])
        for letter in changing:  # what comes of a letter does not change again
            text = text.replace(letter, changed[letter])
        return text

    def _add(self, block: int) -> None:
        first = block * _BLOCK
        for letter in map(chr, range(first, first + _BLOCK)):
            if (changed := self.change(letter)) != letter:
                self._changed[letter] = changed
        self._blocks.add(block)
