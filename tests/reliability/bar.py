"""One bar: what was tried how often, and what came of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A figure with its n; `wanted_n` is what the bar asks for."""

    number: int
    what: str
    failures: int
    n: int
    wanted_n: int
    seconds: float = 0.0

    def line(self) -> str:
        """One line for the screen; a bar counts as met only at the n it asks for."""
        if self.n == 0:
            return f"bar {self.number:>2}  {self.what}: not measured here"
        met = (
            "missed"
            if self.failures
            else "met"
            if self.n >= self.wanted_n
            else f"met at n = {self.n}"
        )
        return f"bar {self.number:>2}  {self.what}: {self.failures} of {self.n} failed, {met}"
