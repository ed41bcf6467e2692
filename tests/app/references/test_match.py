import timeit
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.guardrail.yamlfile import Mistakes, read_yaml
from app.references.match import Match, match
from app.references.weights import Weights, read_weights, shipped_weights
from model.vocabulary import AGE_BANDS, MODALITIES, PLANES, REGIONS, SEXES, SIDES


@dataclass(frozen=True)
class Example:
    name: str = "x"
    region: str = "abdomen"
    modality: str = "CT"
    plane: str = "axial"
    structures: tuple[str, ...] = ()
    level: str = ""
    side: str = "none"
    age_band: str = ""
    sex: str = "any"
    is_drawn: bool = False


BASE = Example()
WANTED = {"region": "abdomen", "modality": "CT", "plane": "axial"}


def names(found: list[Match[Example]]) -> list[str]:
    return [one.reference.name for one in found]


@pytest.mark.parametrize(
    "other",
    [{"region": "chest"}, {"modality": "MR"}, {"plane": "coronal"}, {"plane": ""}],
    ids=str,
)
def test_one_hard_field_changed_shows_nothing(other: dict[str, str]) -> None:
    assert match([replace(BASE, **other)], **WANTED) == []
    assert len(match([BASE], **WANTED)) == 1


@pytest.mark.parametrize("unknown", [None, "", "other"])
def test_a_scan_of_unknown_kind_has_no_match(unknown: str | None) -> None:
    assert match([BASE], region=unknown, modality="CT", plane="axial") == []
    assert match([BASE], region="abdomen", modality=unknown, plane="axial") == []
    loose = match([BASE, replace(BASE, plane="coronal")], **{**WANTED, "plane": unknown})
    assert len(loose) == 2
    assert "same_plane" not in loose[0].reasons


@pytest.mark.parametrize(
    ("better", "worse", "asked", "reason"),
    [
        ({"structures": ("liver",)}, {}, {"structures": ["liver"]}, "same_structures"),
        (
            {"structures": ("liver", "spleen")},
            {"structures": ("liver",)},
            {"structures": ["liver", "spleen"]},
            "same_structures",
        ),
        ({"age_band": "40-64"}, {"age_band": "65+"}, {"age_band": "40-64"}, "same_age"),
        ({"age_band": "40-64"}, {"age_band": "18-39"}, {"age_band": "65+"}, "near_age"),
        ({}, {"age_band": "18-39"}, {"age_band": "65+"}, "same_region"),
        ({"sex": "female"}, {"sex": "any"}, {"sex": "female"}, "same_sex"),
        ({"sex": "any"}, {"sex": "male"}, {"sex": "female"}, "same_region"),
        ({"side": "left"}, {"side": "none"}, {"side": "left"}, "same_side"),
        ({"side": "both"}, {"side": "right"}, {"side": "left"}, "same_side"),
        ({"level": "Kidneys"}, {}, {"level": "kidneys"}, "same_level"),
        ({}, {"is_drawn": True}, {}, "same_region"),
    ],
    ids=str,
)
def test_what_is_more_alike_comes_first(
    better: dict[str, str], worse: dict[str, str], asked: dict[str, str], reason: str
) -> None:
    first = Example("better", **better)  # type: ignore[arg-type]
    second = Example("worse", **worse)  # type: ignore[arg-type]
    found = match([second, first], **WANTED, **asked)  # type: ignore[arg-type]
    assert names(found) == ["better", "worse"]
    assert reason in found[0].reasons
    assert found[0].score > found[1].score


def test_equal_ones_keep_their_order() -> None:
    many = [Example(str(number)) for number in range(20)]
    assert names(match(many, **WANTED)) == [str(number) for number in range(20)]


def test_a_clinic_may_weigh_otherwise() -> None:
    by_sex = Weights(structures=0.5, same_sex=9.0)
    first, second = Example("liver", structures=("liver",)), Example("woman", sex="female")
    asked = {"structures": ["liver"], "sex": "female"}
    assert names(match([first, second], **WANTED, **asked))[0] == "liver"  # type: ignore[arg-type]
    heavy = match([first, second], **WANTED, **asked, weights=by_sex)  # type: ignore[arg-type]
    assert names(heavy)[0] == "woman"


EXAMPLES = st.builds(
    Example,
    name=st.text(max_size=3),
    region=st.sampled_from(REGIONS),
    modality=st.sampled_from(MODALITIES),
    plane=st.sampled_from(("", *PLANES)),
    structures=st.lists(st.sampled_from(["liver", "spleen", "heart"]), max_size=3).map(tuple),
    side=st.sampled_from(SIDES),
    age_band=st.sampled_from(("", *AGE_BANDS)),
    sex=st.sampled_from(SEXES),
    is_drawn=st.booleans(),
)


@given(
    references=st.lists(EXAMPLES, max_size=30),
    region=st.sampled_from((None, *REGIONS)),
    modality=st.sampled_from((None, *MODALITIES)),
    plane=st.sampled_from((None, *PLANES)),
    sex=st.sampled_from((None, *SEXES)),
    age_band=st.sampled_from((None, *AGE_BANDS)),
)
def test_nothing_of_another_kind_is_ever_shown(
    references: list[Example],
    region: str | None,
    modality: str | None,
    plane: str | None,
    sex: str | None,
    age_band: str | None,
) -> None:
    found = match(
        references, region=region, modality=modality, plane=plane, sex=sex, age_band=age_band
    )
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert (one.reference.region, one.reference.modality) == (region, modality)
        assert plane in (None, "other") or one.reference.plane == plane
        assert one.score >= shipped_weights().least


@given(references=st.lists(EXAMPLES, max_size=20, unique_by=lambda one: one.name), data=st.data())
def test_the_order_of_the_library_changes_nothing_but_ties(
    references: list[Example], data: st.DataObject
) -> None:
    alike = [replace(one, region="abdomen", modality="CT", plane="axial") for one in references]
    shuffled = data.draw(st.permutations(alike))
    asked = {**WANTED, "sex": "female", "age_band": "40-64", "structures": ["liver"]}
    first, second = match(alike, **asked), match(shuffled, **asked)  # type: ignore[arg-type]
    assert {(m.reference.name, m.score, m.reasons) for m in first} == {
        (m.reference.name, m.score, m.reasons) for m in second
    }


@pytest.mark.parametrize(
    ("poor", "asked"),
    [
        ({"age_band": "40-64"}, {"age_band": "2-5"}),
        ({"age_band": "2-5"}, {"age_band": "40-64"}),
        ({"age_band": "0-1"}, {"age_band": "6-11"}),
        ({"region": "pelvis", "sex": "male"}, {"region": "pelvis", "sex": "female"}),
        (
            {"age_band": "18-39", "sex": "male", "is_drawn": True},
            {"age_band": "65+", "sex": "female"},
        ),
    ],
    ids=str,
)
def test_none_is_shown_rather_than_a_poor_one(poor: dict[str, str], asked: dict[str, str]) -> None:
    assert match([Example(**poor)], **{**WANTED, **asked}) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("level: many", "must be a number"),
        ("level: 11", "must be a number"),
        ("same_age: .nan", "must be a number"),
        ("speed: 1", "unknown weight 'speed'"),
        ("same_sex: -2", "same_sex must not be less than any_sex"),
    ],
)
def test_wrong_weights_are_named_with_their_line(tmp_path: Path, text: str, mistake: str) -> None:
    file = tmp_path / "weights.yaml"
    file.write_text(f"structures: 4\n{text}\n")
    mistakes = Mistakes()
    part = read_yaml(file, mistakes)
    assert part is not None
    read_weights(part, mistakes)
    assert any(mistake in one for one in mistakes.found)


def test_five_thousand_references_are_matched_in_fifty_milliseconds() -> None:
    kinds = (("liver",), ("spleen", "liver"), ())
    many = [
        Example(
            str(n),
            structures=kinds[n % 3],
            age_band=AGE_BANDS[n % len(AGE_BANDS)],
            sex=SEXES[n % len(SEXES)],
            side=SIDES[n % len(SIDES)],
            level=str(n % 40),
        )
        for n in range(5000)
    ]
    asked = {**WANTED, "sex": "female", "age_band": "40-64", "structures": ["liver"]}
    seconds = min(timeit.repeat(lambda: match(many, **asked), number=1, repeat=9))  # type: ignore[arg-type]
    assert seconds < 0.05
