"""Pictures side by side: at one scale where both files say how large they are."""

from types import SimpleNamespace

import pytest

from app.intake.extent import width_mm
from app.patient.comparing import Box, scale_of
from app.references.match import Match

SIZES = {"PixelSpacing": "0.5\\0.8", "Columns": "400"}


@pytest.mark.parametrize(
    ("kept", "width"),
    [
        (SIZES, 320.0),
        ({"PixelSpacing": "0.5\\0.8"}, None),
        ({"Columns": "400"}, None),
        ({"PixelSpacing": "0.5", "Columns": "400"}, None),
        ({"PixelSpacing": "100\\100", "Columns": "4000"}, None),
        ({}, None),
    ],
)
def test_the_width_is_known_where_the_file_says_it(
    kept: dict[str, str], width: float | None
) -> None:
    assert width_mm(kept) == width


def seen(kept: dict[str, str]) -> SimpleNamespace:
    return SimpleNamespace(facts=SimpleNamespace(kept=kept, width=400, height=200))


def example(width: float | None) -> Match:  # type: ignore[type-arg]
    return Match(SimpleNamespace(width_mm=width, width=100, height=100), 1.0, ())  # type: ignore[arg-type]


def test_all_share_one_frame_and_each_lies_in_its_middle() -> None:
    scale = scale_of(seen(SIZES), [example(160.0), example(None)])  # type: ignore[arg-type]
    assert scale is not None
    assert scale.frame == Box(0, 0, 320, 160)
    assert scale.own == Box(0, 0, 320, 160)
    assert scale.examples == (Box(80, 0, 160, 160), None)


def test_one_known_size_alone_gives_no_scale() -> None:
    assert scale_of(seen({}), [example(160.0)]) is None  # type: ignore[arg-type]
    assert scale_of(seen(SIZES), [example(None)]) is None  # type: ignore[arg-type]
