"""Remembers what a change makes of single letters, block by block, to change long texts quickly."""

from collections.abc import Callable
from dataclasses import dataclass, field

_BLOCK = 0x100


@dataclass(frozen=True)
class Letters:
    """A change of texts in which no letter bears on another one."""

    change: Callable[[str], str]
    _changed: dict[str, str] = field(default_factory=dict)  # only letters that become others
    _blocks: set[tuple[int, int]] = field(default_factory=set)

    def change_each(self, text: str) -> str:
        """What the change makes of each letter, put together again."""
        for block in _blocks_of(text) - self._blocks:
            self._add(block)
        changed = self._changed
        return "".join([changed.get(letter, letter) for letter in text])

    def _add(self, block: tuple[int, int]) -> None:
        first = block[0] * 0x10000 + block[1] * _BLOCK
        for letter in map(chr, range(first, first + _BLOCK)):
            if (changed := self.change(letter)) != letter:
                self._changed[letter] = changed
        self._blocks.add(block)


def _blocks_of(text: str) -> set[tuple[int, int]]:
    """The blocks of 256 letters that the letters of a text belong to."""
    code = text.encode("utf-32-le", "surrogatepass")
    return set(zip(code[2::4], code[1::4], strict=True))
