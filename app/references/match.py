"""Which healthy examples fit a scan, best first, and why; pure, knows no database and no page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from app.references.weights import Weights, shipped_weights
from model.vocabulary import AGE_BANDS

UNKNOWN_WORDS: Final = (None, "", "other")
"""What a scan says of its kind, part of the body or plane when nobody could tell."""


OTHER_IN_OTHER_SEX: Final = ("pelvis", "breast")
GROWN_UP: Final = AGE_BANDS.index("18-39")
"""From this age band on a body changes slowly; before, bones and organs still grow."""


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
    scale = weights or shipped_weights()
    wanted = set(structures)
    has_plane = plane not in UNKNOWN_WORDS
    same = ("same_region", "same_modality", "same_plane")[: 3 if has_plane else 2]
    people: dict[tuple[str, str, str], tuple[Judged, ...] | None] = {}  # few kinds of people
    found: list[Match[R_co]] = []
    for reference in references:
        if reference.region != region or reference.modality != modality:
            continue
        if has_plane and reference.plane != plane:
            continue
        person = (reference.age_band, reference.sex, reference.side)
        if person not in people:
            people[person] = _judged_person(scale, reference, age_band, sex, side)
        judged_person = people[person]
        if judged_person is None:
            continue
        judged = (
            _by_structures(scale, wanted, reference.structures),
            _by_level(scale, level, reference.level),
            *judged_person,
        )
        reasons = (*same, *(reason for _, reason in judged if reason))
        score = sum(points for points, _ in judged) + (scale.drawn if reference.is_drawn else 0)
        if score >= scale.least:
            found.append(Match(reference, round(score, 6), reasons))
    return sorted(found, key=lambda one: -one.score)


def _is_poor(scale: Weights, one: ReferenceLike, age_band: str | None, sex: str | None) -> bool:
    """Whether an example would mislead: a grown-up beside a child, the other sex in the pelvis."""
    if one.region in OTHER_IN_OTHER_SEX and {sex, one.sex} == {"female", "male"}:
        return True
    if age_band not in AGE_BANDS or one.age_band not in AGE_BANDS:
        return False
    places = AGE_BANDS.index(age_band), AGE_BANDS.index(one.age_band)
    return min(places) < GROWN_UP and abs(places[0] - places[1]) > scale.child_steps


Judged = tuple[float, str]
"""Points and the reason for them; an empty reason when nothing is to be said."""


def _judged_person(
    scale: Weights, one: ReferenceLike, age_band: str | None, sex: str | None, side: str | None
) -> tuple[Judged, ...] | None:
    """Points for age, sex and side; None for an example that would mislead."""
    if _is_poor(scale, one, age_band, sex):
        return None
    return (
        _by_age(scale, age_band, one.age_band),
        _by_sex(scale, sex, one.sex),
        _by_side(scale, side, one.side),
    )


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
