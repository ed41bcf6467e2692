"""What answers cost, from what they cost so far: how many structures to ask for in one prefix."""

from dataclasses import dataclass
from typing import Final

TOKENS_PER_NAME: Final = 23
"""4 places, 16 codes, a name of one or two pieces and a separator."""
WORDS_PER_NAME: Final = 3
"""Pieces of a name with its separator in the prefix."""
_MEMORY: Final = 0.8
"""How much of an estimate stays when a new measurement comes."""


@dataclass(frozen=True)
class Costs:
    """Seconds: of a token of the prefix, of a decoding step, and of every row in a step.

    `prefix_tokens` are those of picture and <bos>.
    """

    token: float
    step: float
    row: float
    prefix_tokens: int

    def of_groups(self, names: int, size: int) -> float:
        """Seconds for this many names asked for in groups of at most `size`, in one batch."""
        rows = -(-names // size)
        prefix = rows * (self.prefix_tokens + size * WORDS_PER_NAME) * self.token
        return prefix + size * TOKENS_PER_NAME * (self.step + rows * self.row)


def best_group(names: int, costs: Costs, most: int) -> int:
    """How many names to put in one prefix, at most `most`; the smallest of equally cheap ones."""
    sizes = range(1, max(1, min(names, most)) + 1)
    return min(sizes, key=lambda size: costs.of_groups(names, size))


class Meter:
    """Learns the costs from the batches that go by; before the first it guesses by size.

    Steps of one row tell what a step costs; steps of more rows, what a row adds.
    """

    def __init__(self, parameters: int = 0, prefix_tokens: int = 257) -> None:
        """Guess for a model with so many parameters (190 GFLOP/s and 32 GB/s, two cores)."""
        self._prefix_tokens = prefix_tokens
        self._token = 2 * parameters / 190e9
        self._step = 2 * parameters / 32e9
        self._row = self._step / 20
        self.prefill_seconds = 0.0
        self.step_seconds = 0.0
        self.steps = 0

    def prefilled(self, tokens: int, seconds: float) -> None:
        """So many tokens of prefixes went through in so many seconds."""
        self._token = _mixed(self._token, seconds / tokens)
        self.prefill_seconds += seconds

    def stepped(self, rows: int, seconds: float) -> None:
        """A step of so many rows took so many seconds."""
        if rows == 1:
            self._step = _mixed(self._step, seconds - self._row)
        else:
            self._row = _mixed(self._row, max(0.0, (seconds - self._step) / rows))
        self.step_seconds += seconds
        self.steps += 1

    def costs(self) -> Costs:
        """What is known by now."""
        return Costs(self._token, max(self._step, 0.0), self._row, self._prefix_tokens)


def _mixed(old: float, new: float) -> float:
    return new if old == 0.0 else _MEMORY * old + (1 - _MEMORY) * new
