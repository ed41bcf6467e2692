import colorsys
import itertools
import json
import re
from pathlib import Path

import pytest

from app.anatomy.catalogue import MAX_FOR_PICTURE, Catalogue, Structure, load
from app.anatomy.reading import DataError

NEVER = re.compile(
    r"\b(cancer|tumou?r|mass|lesion|spot|shadow|normal|healthy|sick|disease|ill|illness|pain|"
    r"broken|torn|cyst|stone|infect\w*|enlarged|swollen|worry|risk|danger\w*)\b",
    re.IGNORECASE,
)
MIN_CONTRAST = 1.3

GOOD = """\
group: chest
language: en
structures:
  left lung:
    name: left lung
    does: It takes in air.
    looks: It is dark.
    colour: "#6CB8F0"
    pattern: dots
    rank: 1
    regions: [chest]
    modalities: [CT]
    planes: [axial]
    reliable: yes
    train_volumes: 5
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="module")
def structures(catalogue: Catalogue) -> list[Structure]:
    return list(catalogue.structures.values())


def hue_and_lightness(colour: str) -> tuple[float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, _, _ = colorsys.rgb_to_hls(red, green, blue)
    return hue * 360, luminance(colour)


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def syllables(word: str) -> int:
    groups = re.findall(r"[aeiouy]+", word.lower())
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and len(groups) > 1
    return max(1, len(groups) - silent)


def grade(text: str) -> float:
    """Flesch-Kincaid with a simple syllable rule."""
    sentences = [s for s in re.split(r"[.!?]+", text) if s.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    per_word = sum(map(syllables, words)) / len(words)
    return 0.39 * len(words) / len(sentences) + 11.8 * per_word - 15.59


def test_every_anatomy_label_of_the_pack_has_one_entry(
    catalogue: Catalogue, data_folder: Path
) -> None:
    details = json.loads((data_folder / "segmentation" / "labels_detail.json").read_text())
    names = {one["name"] for one in details.values() if one["kind"] == "anatomy"}
    assert set(catalogue.structures) == names


def test_training_volumes_are_those_of_the_train_split(
    catalogue: Catalogue, data_folder: Path
) -> None:
    volumes: dict[str, set[tuple[str, str]]] = {key: set() for key in catalogue.structures}
    with (data_folder / "segmentation" / "manifest.jsonl").open() as lines:
        for row in map(json.loads, lines):
            if row["split"] == "train":
                for name in volumes.keys() & set(row["labels"]):
                    volumes[name].add((row["source"], row["patient"]))
    counted = {key: len(found) for key, found in volumes.items()}
    assert {key: one.train_volumes for key, one in catalogue.structures.items()} == counted


def test_no_structure_is_red(structures: list[Structure]) -> None:
    reds = [s.key for s in structures if not 28 < hue_and_lightness(s.colour)[0] < 330]
    assert reds == []


def test_a_pair_shares_its_hue_and_differs_in_lightness_and_pattern(catalogue: Catalogue) -> None:
    pairs = [
        (one, catalogue.structures[one.pair_key])
        for one in catalogue.structures.values()
        if one.side == "left" and one.pair_key in catalogue.structures
    ]
    assert len(pairs) > 30
    for left, right in pairs:
        hue, bright = hue_and_lightness(left.colour)
        other_hue, dark = hue_and_lightness(right.colour)
        assert abs(hue - other_hue) < 15, left.key
        assert (bright + 0.05) / (dark + 0.05) > MIN_CONTRAST, left.key
        assert left.pattern != right.pattern, left.key


def test_no_two_structures_of_one_kind_of_picture_look_the_same(
    structures: list[Structure],
) -> None:
    same = [
        (one.key, other.key)
        for one, other in itertools.combinations(structures, 2)
        if (one.colour, one.pattern) == (other.colour, other.pattern)
        and set(one.regions) & set(other.regions)
        and set(one.modalities) & set(other.modalities)
    ]
    assert same == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("liver", "right kidney"),
        ("liver", "stomach"),
        ("spleen", "left kidney"),
        ("colon", "small bowel"),
        ("heart", "left lung"),
        ("heart and mediastinum", "airways"),
        ("left frontal lobe", "left parietal lobe"),
        ("left parietal lobe", "left occipital lobe"),
        ("left temporal lobe", "left frontal lobe"),
        ("left cerebellum", "left occipital lobe"),
    ],
)
def test_neighbours_have_different_hues(catalogue: Catalogue, one: str, other: str) -> None:
    hues = [hue_and_lightness(catalogue.structure(key).colour)[0] for key in (one, other)]
    assert abs(hues[0] - hues[1]) > 15


def test_texts_are_short_plain_and_name_no_illness(structures: list[Structure]) -> None:
    for structure in structures:
        text = structure.text("en")
        for sentence in (text.does, text.looks):
            assert len(sentence.split()) <= 20, sentence
            assert sentence.count(".") == 1, sentence
            assert not NEVER.search(sentence), sentence
        assert grade(f"{text.does} {text.looks}") <= 8, structure.key


def test_texts_are_at_grade_six_or_below_on_the_whole(structures: list[Structure]) -> None:
    grades = sorted(grade(f"{s.text('en').does} {s.text('en').looks}") for s in structures)
    assert sum(grades) / len(grades) < 4
    assert grades[int(len(grades) * 0.95)] <= 6


def test_a_language_without_texts_falls_back_to_english(catalogue: Catalogue) -> None:
    assert catalogue.structure("liver").text("xx") == catalogue.structure("liver").text("en")


@pytest.mark.parametrize(
    ("picture", "expected", "absent"),
    [
        (("abdomen", "CT", "axial"), {"liver", "spleen", "left kidney", "right kidney"}, "airways"),
        (
            ("chest", "X-ray", "frontal"),
            {"left lung", "right lung", "heart and mediastinum"},
            "liver",
        ),
        (("head", "MR", "axial"), {"left frontal lobe", "brainstem"}, "liver"),
        (("chest", "MR", "oblique"), {"left ventricle (heart chamber)"}, "liver"),
        (("spine", "MR", "sagittal"), {"spinal cord"}, "liver"),
    ],
)
def test_what_to_look_for_follows_the_kind_of_picture(
    catalogue: Catalogue, picture: tuple[str, str, str], expected: set[str], absent: str
) -> None:
    keys = {one.key for one in catalogue.for_picture(*picture)}
    assert expected <= keys
    assert absent not in keys


@pytest.mark.parametrize("modality", ["CT", "MR", "X-ray", "other"])
@pytest.mark.parametrize("region", ["head", "chest", "abdomen", "pelvis", "knee", "whole body"])
def test_offers_at_most_sixteen_reliable_structures_and_whole_pairs(
    catalogue: Catalogue, region: str, modality: str
) -> None:
    offered = catalogue.for_picture(region, modality, "other")
    keys = {one.key for one in offered}
    assert len(offered) <= MAX_FOR_PICTURE
    assert all(one.reliable for one in offered)
    assert [one.rank for one in offered] == sorted(one.rank for one in offered)
    for one in offered:
        partner = catalogue.structures.get(one.pair_key or "")
        if partner and partner.reliable and set(partner.planes) == set(one.planes):
            assert partner.key in keys


def test_nothing_is_offered_where_nothing_was_learnt(catalogue: Catalogue) -> None:
    assert catalogue.for_picture("knee", "MR", "sagittal") == ()
    assert catalogue.for_picture("chest", "X-ray", "lateral") == ()


def test_every_mistake_is_reported_with_file_and_line(tmp_path: Path) -> None:
    bad = GOOD.replace("pattern: dots", "pattern: spirals").replace("rank: 1", "rank: 9")
    bad = bad.replace('"#6CB8F0"', "blue").replace("    looks: It is dark.\n", "    hue: 4\n")
    (tmp_path / "chest.yaml").write_text(bad.replace("[CT]", "[CT, sonar]"))
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    found = {(m.file, m.line) for m in caught.value.mistakes}
    assert {("chest.yaml", line) for line in (5, 7, 8, 9, 10, 12)} <= found
    assert "unknown key 'hue'" in str(caught.value)
    assert "key 'looks' is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("train_volumes: 5", "train_volumes: 2"), "reliable must follow"),
        (("does: It takes in air.", "does: It takes in air"), "full stop"),
        (("group: chest", "group: chest\ngroup: head"), "twice"),
        (("regions: [chest]", "regions: []"), "one or more"),
        (("structures:", "structures: 3\nrest:"), "unknown key 'rest'"),
        (("rank: 1", "rank: [1"), "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    (tmp_path / "chest.yaml").write_text(GOOD.replace(*change))
    with pytest.raises(DataError, match=reason):
        load(tmp_path)


def test_a_structure_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    with pytest.raises(DataError, match=r"b\.yaml:4: 'left lung' is in two files"):
        load(tmp_path)


def test_a_translation_is_read_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "chest.yaml").write_text(GOOD)
    (tmp_path / "nl").mkdir()
    words = "name: linkerlong, does: Hij neemt lucht op., looks: Hij is donker."
    (tmp_path / "nl" / "chest.yaml").write_text(
        f"language: nl\nreviewed: no\nstructures:\n  left lung: {{{words}}}\n"
    )
    assert load(tmp_path).structure("left lung").text("nl").name == "linkerlong"
    assert load(tmp_path).structure("left lung").text("en").name == "left lung"


def test_the_version_changes_with_the_words(tmp_path: Path) -> None:
    (tmp_path / "chest.yaml").write_text(GOOD)
    before = load(tmp_path).version
    (tmp_path / "chest.yaml").write_text(GOOD.replace("dark", "black"))
    assert load(tmp_path).version != before
