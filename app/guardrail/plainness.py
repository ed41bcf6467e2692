"""How much a sentence of approved words sounds like a plain description, by weights learnt.

A rule that listens for how findings may be put in everyday words ("a gap in …") meets harmless
sentences too ("the kneecap glides in a groove of the thigh bone"). Rules marked `yields` in the
policy say nothing against a sentence that clearly sounds like those which the cases call harmless.
No weight brings in a word that is not approved, and no other rule is ever overruled.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from app.guardrail.likeness import PRIME, Pieces, Slots, named, to_slots

KINDS: Final = ("plain", "hint")
YIELDS: Final = -3.5
"""Up to this score a rule yields; chosen on sentences held back: see the card."""
OBJECTS: Final = 3.0
"""Above this score a sentence is held though no rule objects; chosen as the other."""
_BEGIN, _END = "^", "$"
_RUNS: Final = (1, 2, 3)


def slots_of(language: str, tagged: Sequence[str]) -> Slots:
    """The slots of a tagged sentence: its words, and its groups alone, one to three in a row."""
    groups = [tag[:2] if tag[1:2] == "_" else tag for tag in tagged]
    pieces = [
        piece
        for name, several in ((f"word {language}", tagged), (f"group {language}", groups))
        for piece in _in_a_row(named(name, (_BEGIN, *several, _END)))
    ]
    held = np.unique(named(f"held {language}", groups))
    one, two = np.triu_indices(len(held), 1)
    return to_slots(np.concatenate([*pieces, held[one] * PRIME + held[two]]))


def _in_a_row(named: Pieces) -> list[Pieces]:
    """Runs of one to three, and pairs with one between."""
    runs = [named]
    for length in _RUNS[1:]:
        before = runs[-1]
        runs.append(before[:-1] * PRIME + named[length - 1 :])
    apart = named[:-2] * PRIME * PRIME * PRIME + named[2:]
    return [*runs, apart]
