"""Scores with known values: words, masks, intervals, and the tables that evaluation stands on."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from model.vocabulary import REGIONS
from training.evaluate_medpix import CATEGORY_OF_REGION, section
from training.evaluate_shortcuts import erase, negated, shuffle
from training.medpix_pictures import taught_title, without_story
from training.medpix_regions import region_of
from training.metrics_bootstrap import gain_interval, mean_interval
from training.metrics_masks import Atlas, dice, intersection_over_union
from training.metrics_text import corpus_bleu, is_parroting, is_same, rouge_l, token_f1


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ("left kidney", "Left Kidney.", 1.0),
        ("left kidney", "right kidney", 0.5),
        ("liver", "spleen", 0.0),
        ("", "", 1.0),
        ("", "liver", 0.0),
        ("the liver liver", "liver", 0.5),
    ],
)
def test_token_f1_has_known_values(answer: str, reference: str, f1: float) -> None:
    assert token_f1(answer, reference) == pytest.approx(f1)


def test_an_empty_answer_is_never_right() -> None:
    assert is_same("Yes.", "yes")
    assert not is_same("", "")


def test_rouge_l_counts_the_longest_common_subsequence() -> None:
    # Lin 2004: "police killed the gunman" against "police kill the gunman": 3 of 4 words.
    assert rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)


def test_bleu_of_a_copy_is_one_and_short_copies_pay_for_brevity() -> None:
    text = "axial picture of the upper abdomen with a bright spot"
    assert corpus_bleu([text], [text]) == pytest.approx(1.0)
    short = " ".join(text.split()[:5])
    assert corpus_bleu([short], [text]) == pytest.approx(math.exp(1 - 10 / 5))
    assert corpus_bleu(["no word in common"], [text]) == 0.0


def test_parroting_is_an_answer_made_of_the_question() -> None:
    assert is_parroting("what condition might", "what condition might this be?")
    assert not is_parroting("a broken rib", "is there a fracture?")
    assert not is_parroting("this", "what might this be?")


def test_overlap_of_masks_has_known_values() -> None:
    wanted = np.zeros((4, 4), dtype=np.bool_)
    wanted[:2] = True
    found = np.zeros((4, 4), dtype=np.bool_)
    found[1:3] = True
    assert dice(found, wanted) == pytest.approx(0.5)
    assert intersection_over_union(found, wanted) == pytest.approx(1 / 3)
    empty = np.zeros((4, 4), dtype=np.bool_)
    assert dice(empty, empty) == 1.0
    assert dice(empty, wanted) == 0.0


def test_the_atlas_draws_the_mean_of_its_masks_and_takes_the_closest_key() -> None:
    atlas = Atlas()
    left = np.zeros((128, 128), dtype=np.bool_)
    left[:, :64] = True
    atlas.add(("lung", "CT"), left)
    atlas.add(("lung",), ~left)
    drawn = atlas.draw([("lung", "MR"), ("lung", "CT"), ("lung",)], 64, 64)
    assert drawn is not None
    assert dice(drawn, left[::2, ::2]) == pytest.approx(1.0, abs=0.02)
    assert atlas.draw([("heart",)], 64, 64) is None


def test_an_interval_of_equal_scores_is_a_point_and_groups_widen_it() -> None:
    assert mean_interval([1.0] * 9, list(range(9))) == (1.0, 1.0)
    scores = [1.0, 0.0] * 50
    alone = mean_interval(scores, list(range(100)))
    grouped = mean_interval(sorted(scores), [n // 10 for n in range(100)])
    assert alone[0] < 0.5 < alone[1]
    assert _width(grouped) > 1.5 * _width(alone)


def test_a_paired_gain_is_found_where_the_means_overlap() -> None:
    before = [0.0, 1.0] * 20
    after = [min(1.0, value + (n % 4 == 0)) for n, value in enumerate(before)]
    low, high = gain_interval(after, before, list(range(40)))
    assert 0.0 < low < 0.25 < high


def _width(interval: Sequence[float]) -> float:
    return interval[1] - interval[0]


def test_every_region_but_the_whole_body_has_a_category() -> None:
    assert set(CATEGORY_OF_REGION) == set(REGIONS) - {"whole body"}


@pytest.mark.parametrize(("plane", "counted"), [("axial", "axial"), ("lateral", "other")])
def test_planes_are_counted_as_sections_or_other(plane: str, counted: str) -> None:
    assert section(plane) == counted
    assert section(None) == "other"


@pytest.mark.parametrize(
    ("location", "category", "texts", "region"),
    [
        ("Musculoskeletal", "Spine and Muscles", ["Tear of the medial meniscus.", ""], "knee"),
        ("Musculoskeletal", "Spine and Muscles", ["Figure 1", "Os acromiale"], "shoulder"),
        ("Musculoskeletal", "Spine and Muscles", ["Bright on T1 and T2."], None),
        ("Spine", "Spine and Muscles", ["Bright on T1 and T2."], "spine"),
        ("Genitourinary", "Reproductive and Urinary System", ["Left renal mass."], "abdomen"),
        ("Genitourinary", "Reproductive and Urinary System", ["Large prostate."], "pelvis"),
        ("Brain and Neuro", "Head", ["Low cerebellar tonsils in the neck."], "head"),
        ("Head and Neck", "Head", ["Thyroglossal duct cyst."], "neck"),
        ("Breast and Mammography", "Thorax", ["Mass."], "breast"),
        ("Vascular", "Thorax", ["Mass."], "chest"),
    ],
)
def test_the_region_is_what_one_sees(
    location: str, category: str, texts: list[str], region: str | None
) -> None:
    assert region_of(location, category, texts) == region


def test_age_sex_and_story_never_enter_a_caption() -> None:
    told = "Mass in the left lobe. This 64 y.o. female presented with pain. It enhances."
    assert without_story(told, 40) == "Mass in the left lobe. It enhances."
    assert without_story("23 year-old man.", 40) is None
    assert without_story("Fig 2. Cyst at T11.", 40) == "Cyst at T11."


@pytest.mark.parametrize(
    ("title", "taught"),
    [
        ("Diagnosis: L1 Burst Fracture.", "L1 Burst Fracture"),
        ("Diagnosis:  64 y.o. female with recurrent disease", None),
        ("one two three four five six seven eight nine ten eleven", None),
    ],
)
def test_a_title_is_taught_without_heading_and_story(title: str, taught: str | None) -> None:
    assert taught_title(title) == taught


def test_a_question_is_negated_only_where_that_is_grammar() -> None:
    assert negated("Is there a pneumothorax?") == "Is there no pneumothorax?"
    assert negated("Where is the liver?") is None


def test_shuffling_moves_tiles_and_keeps_their_pixels() -> None:
    image = np.arange(64 * 64 * 3, dtype=np.uint32).reshape(64, 64, 3).astype(np.uint8)
    mixed = shuffle(image, 3)
    assert mixed.shape == image.shape
    assert not np.array_equal(mixed, image)
    assert sorted(mixed.ravel()) == sorted(image.ravel())


def test_erasing_fills_an_organ_with_what_lies_around_it() -> None:
    image = np.full((40, 40, 3), 90, dtype=np.uint8)
    image[10:20, 10:20] = 250
    mask = np.zeros((40, 40), dtype=np.bool_)
    mask[10:20, 10:20] = True
    assert (erase(image, mask) == 90).all()
