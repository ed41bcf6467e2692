"""How much a sentence of approved words sounds like a plain description, by weights learnt.

A rule that listens for how findings may be put in everyday words ("a gap in …") meets harmless
sentences too ("the kneecap glides in a groove of the thigh bone"). Rules marked `yields` in the
policy say nothing against a sentence that clearly sounds like those which the cases call harmless.
No weight brings in a word that is not approved, and no other rule is ever overruled.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.guardrail.likeness import PRIME, Pieces, Slots, named, to_slots
from app.guardrail.once import once
from app.guardrail.vocabulary import Vocabulary

KINDS: Final = ("plain", "hint")
YIELDS: Final = -2.5
"""Up to this score a rule yields; chosen on sentences held back: see the card."""
OBJECTS: Final = 2.0
"""Above it a sentence is held though no rule objects; chosen as the other."""
OBJECTS_SHORT: Final = 3.0
"""The same for one of fewer than `SHORT` words: what is short and plain sounds more like a hint."""
SHORT: Final = 8
LEAST_HEARD: Final = 5
"""Names, and sentences of fewer words, sound like nothing."""
_FUNCTION: Final = ("function", "irregular")
_BEGIN, _END = "^", "$"
_RUNS: Final = (1, 2, 3)


def slots_of(vocabulary: Vocabulary, tagged: Sequence[str]) -> Slots:
    """The slots of a tagged sentence: what stands in it, one to three in a row.

    Its words, the tags that rules see, the groups of its words with the function words between
    them, and the groups alone, which all languages share.
    """
    language = vocabulary.language
    tags = [tag[:2] if tag[1:2] == "_" else tag for tag in tagged]
    known = once(("families", language), lambda: _Families(vocabulary))
    families = [known[tag] for tag in tagged]
    between = [family or tag for family, tag in zip(families, tagged, strict=True)]
    rows = np.stack(
        [
            named(name, (_BEGIN, *several, _END))
            for name, several in (
                (f"word {language}", tagged),
                (f"group {language}", tags),
                (f"family {language}", between),
                ("family", families),
            )
        ]
    )
    held = named(f"held {language}", sorted(set(tags)))
    one, two = _pairs(len(held))
    return to_slots(np.concatenate([*_in_a_row(rows), held[one] * PRIME + held[two]]))


@lru_cache(maxsize=128)
def _pairs(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Both places of every pair of so many."""
    one, two = np.triu_indices(size, 1)
    return one, two


class _Families(dict[str, str]):
    """The groups of tagged words without their kinds ("verb_er" is a verb), each looked up once.

    "" for function words; a word without a group stands for itself.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._group_of = vocabulary.group_of

    def __missing__(self, tag: str) -> str:
        group = self._group_of(tag.split("_", 1)[-1])
        family = self[tag] = "" if group in _FUNCTION else group.split("_")[0] or tag
        return family


def _in_a_row(rows: Pieces) -> list[Pieces]:
    """Of every row runs of one to three, and pairs with one between."""
    runs = [rows]
    for length in _RUNS[1:]:
        before = runs[-1]
        runs.append(before[:, :-1] * PRIME + rows[:, length - 1 :])
    apart = rows[:, :-2] * PRIME * PRIME * PRIME + rows[:, 2:]
    return [several.ravel() for several in (*runs, apart)]
