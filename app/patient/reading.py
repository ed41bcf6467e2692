"""How a patient wishes to read: size of letters, more pictures, somebody helping beside."""

from dataclasses import dataclass, replace
from typing import Final

from fastapi import Request

from app.patient.access import READING_COOKIE

SIZES: Final = ("1", "2", "3")
SWITCHES: Final = {"pictures": "p", "helper": "h"}


@dataclass(frozen=True)
class Reading:
    """The choices of this browser till the tablet is put down; the visit keeps them longer."""

    size: str = "1"
    pictures: bool = False
    helper: bool = False

    def as_text(self) -> str:
        """The value of the cookie: the size and a letter for each switch that is on."""
        return self.size + "".join(SWITCHES[name] for name in SWITCHES if getattr(self, name))

    def changed(self, size: str, switch: str) -> "Reading":
        """The choices after one more: another size, or a switch turned; else the same."""
        chosen = replace(self, size=size) if size in SIZES else self
        if switch == "pictures":
            return replace(chosen, pictures=not self.pictures)
        if switch == "helper":
            return replace(chosen, helper=not self.helper)
        return chosen


def reading_of(request: Request) -> Reading:
    """The choices of this browser; the usual ones before any choice."""
    return reading_from(request.cookies.get(READING_COOKIE, ""))


def reading_from(kept: str) -> Reading:
    """The choices written as text; the usual ones for anything else."""
    size = kept[:1] if kept[:1] in SIZES else "1"
    return Reading(size, SWITCHES["pictures"] in kept[1:], SWITCHES["helper"] in kept[1:])
