"""Which healthy examples fit a scan, best first, and why; pure, knows no database and no page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from model.vocabulary import AGE_BANDS

UNKNOWN_WORDS: Final = (None, "", "other")
"""What a scan says of its kind, part of the body or plane when nobody could tell."""


class ReferenceLike(Protocol):
    """What is read of a reference; empty text where the clinic did not say."""

    @property
    def region(self) -> str: ...  # noqa: D102
    @property
    def modality(self) -> str: ...  # noqa: D102
    @property
    def plane(self) -> str: ...  # noqa: D102
    @property
    def structures(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102
    @property
    def side(self) -> str: ...  # noqa: D102
    @property
    def age_band(self) -> str: ...  # noqa: D102
    @property
    def sex(self) -> str: ...  # noqa: D102
    @property
    def is_drawn(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class Weights:
    """How much each agreement counts; a clinic may hand in others.

    The parts of the body in the picture count most: a liver without a kidney beside it helps
    nobody who looks at a kidney. A grown-up's age changes a picture less than the other sex does
    in the pelvis, but a child's does not resemble a grown-up's at all.
    """

    structures: float = 4.0
    level: float = 2.0
    same_age: float = 2.0
    near_age: float = 1.0
    far_age: float = -1.0
    same_sex: float = 1.5
    any_sex: float = 0.5
    other_sex: float = -1.5
    same_side: float = 1.5
    other_side: float = -1.0
    drawn: float = -1.0


R_co = TypeVar("R_co", bound=ReferenceLike, covariant=True)


@dataclass(frozen=True)
class Match(Generic[R_co]):
    """One fitting reference; `reasons` are keys that a template turns into words.

    Reason keys: same_region, same_modality, same_plane, same_structures, same_level, same_age,
    near_age, far_age, same_sex, other_sex, same_side, other_side.
    """

    reference: R_co
    score: float
    reasons: tuple[str, ...]


def match(
    references: Sequence[R_co],
    *,
    region: str | None,
    modality: str | None,
    plane: str | None,
    structures: Sequence[str] = (),
    side: str | None = None,
    level: str | None = None,
    age_band: str | None = None,
    sex: str | None = None,
    weights: Weights | None = None,
) -> list[Match[R_co]]:
    """The references that fit, best first; nothing rather than a poor one.

    Part of the body, kind of picture and, where the scan's is known, plane must be the same. A
    scan of unknown kind or part of the body has no match. Equal scores keep the order given.
    """
    if region in UNKNOWN_WORDS or modality in UNKNOWN_WORDS:
        return []
    scale = weights or Weights()
    wanted = set(structures)
    found: list[Match[R_co]] = []
    for reference in references:
        if reference.region != region or reference.modality != modality:
            continue
        if plane not in UNKNOWN_WORDS and reference.plane != plane:
            continue
        judged = [
            _by_structures(scale, wanted, reference.structures),
            _by_level(scale, level, reference.level),
            _by_age(scale, age_band, reference.age_band),
            _by_sex(scale, sex, reference.sex),
            _by_side(scale, side, reference.side),
        ]
        reasons = ["same_region", "same_modality"]
        reasons += [] if plane in UNKNOWN_WORDS else ["same_plane"]
        reasons += [reason for _, reason in judged if reason]
        score = sum(points for points, _ in judged) + (scale.drawn if reference.is_drawn else 0)
        found.append(Match(reference, round(score, 6), tuple(reasons)))
    return sorted(found, key=lambda one: -one.score)


Judged = tuple[float, str]
"""Points and the reason for them; an empty reason when nothing is to be said."""


def _by_structures(scale: Weights, wanted: set[str], shown: Sequence[str]) -> Judged:
    both = wanted & set(shown)
    if not both:
        return 0.0, ""
    return scale.structures * len(both) / len(wanted), "same_structures"


def _by_level(scale: Weights, asked: str | None, shown: str) -> Judged:
    if not asked or asked.casefold() != shown.casefold():
        return 0.0, ""
    return scale.level, "same_level"


def _by_age(scale: Weights, asked: str | None, shown: str) -> Judged:
    if asked not in AGE_BANDS or shown not in AGE_BANDS:
        return 0.0, ""
    steps = abs(AGE_BANDS.index(asked) - AGE_BANDS.index(shown))
    if steps == 0:
        return scale.same_age, "same_age"
    return (scale.near_age, "near_age") if steps == 1 else (scale.far_age * steps, "far_age")


def _by_sex(scale: Weights, asked: str | None, shown: str) -> Judged:
    if asked not in ("female", "male"):
        return 0.0, ""
    if shown == asked:
        return scale.same_sex, "same_sex"
    return (scale.any_sex, "") if shown in ("any", "") else (scale.other_sex, "other_sex")


def _by_side(scale: Weights, asked: str | None, shown: str) -> Judged:
    if asked not in ("left", "right"):
        return 0.0, ""
    if shown in (asked, "both"):
        return scale.same_side, "same_side"
    return (0.0, "") if shown in ("none", "") else (scale.other_side, "other_side")
