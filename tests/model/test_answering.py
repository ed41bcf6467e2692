import numpy as np
import pytest

from model.answering import answer, caption, condition, recognise
from model.scripted import ScriptedBackend

IMAGE = np.zeros((4, 4, 3), np.uint8)


def picture_of(modality: str, plane: str, region: str, structures: str) -> ScriptedBackend:
    return ScriptedBackend(
        {
            r"answer en what kind of picture is this\?": modality,
            r"answer en which way is the picture cut\?": plane,
            r"answer en which part of the body is this\?": region,
            r"answer en which parts can be seen\?": structures,
        }
    )


def test_four_questions_travel_in_one_batch() -> None:
    backend = picture_of("CT", "axial", "abdomen", "liver, spleen, left kidney")
    found = recognise(backend, IMAGE, "digest")
    assert backend.batches == [4]
    assert (found.modality, found.plane, found.region) == ("CT", "axial", "abdomen")
    assert found.structures == ("liver", "spleen", "left kidney")
    assert found.is_scan
    assert set(found.logprobs) == {"modality", "plane", "region", "structures"}


def test_words_outside_the_vocabulary_are_not_believed() -> None:
    found = recognise(picture_of("ct", "upside", "tail", ", liver,liver , "), IMAGE, "digest")
    assert (found.modality, found.plane, found.region) == ("other", "other", None)
    assert found.structures == ("liver",)


@pytest.mark.parametrize(
    ("modality", "plane", "region", "is_scan"),
    [
        ("not a scan", "not a scan", "not a scan", False),
        ("not a scan", "axial", "not a scan", False),
        ("not a scan", "axial", "head", True),
        ("CT", "axial", "head", True),
    ],
)
def test_two_of_three_words_make_it_no_scan(
    modality: str, plane: str, region: str, is_scan: bool
) -> None:
    found = recognise(picture_of(modality, plane, region, "not a scan"), IMAGE, "digest")
    assert found.is_scan is is_scan
    assert found.structures == ()


def test_free_questions_use_the_prefixes_of_training() -> None:
    backend = ScriptedBackend({".*": "words"})
    answer(backend, IMAGE, "digest", "What is\nthis?", "nl")
    condition(backend, IMAGE, "digest", adapter="knees")
    caption(backend, IMAGE, "digest", "de")
    assert [request.prefix for request in backend.requests] == [
        "answer nl What is this?\n",
        "answer en what condition might this be?\n",
        "caption de\n",
    ]
    assert [request.adapter for request in backend.requests] == [None, "knees", None]


def test_structures_that_are_known_otherwise_are_not_asked_for() -> None:
    backend = picture_of("CT", "axial", "abdomen", "liver")
    found = recognise(backend, IMAGE, "digest", lists_structures=False)
    assert (found.modality, found.plane, found.region) == ("CT", "axial", "abdomen")
    assert found.structures == ()
    assert len(backend.requests) == 3
