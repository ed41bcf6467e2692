import pytest

from app.analysis.drawn import drawn_region, points_from

SQUARE = [(10.0, 20.0), (50.0, 20.0), (50.0, 60.0), (10.0, 60.0)]


def test_a_square_has_its_box_area_and_middle() -> None:
    region = drawn_region("liver", SQUARE, (100, 200), "Bob")
    assert region is not None
    assert region.box == (0.1, 0.1, 0.3, 0.5)
    assert region.anchor == pytest.approx((30, 40))
    assert region.area_share == pytest.approx(1600 / 20_000)
    assert region.path == "M10.0 20.0L50.0 20.0L50.0 60.0L10.0 60.0Z"
    assert region.drawn_by == "Bob"
    assert drawn_region("liver", SQUARE[::-1], (100, 200), "Bob") is not None


@pytest.mark.parametrize(
    "points",
    [
        SQUARE[:2],
        [(0.0, 0.0), (50.0, 50.0), (100.0, 100.0)],
        [(10.0, 10.0), (11.0, 10.0), (10.0, 11.0)],
        [(-1.0, 0.0), (50.0, 0.0), (50.0, 50.0)],
        [(0.0, 0.0), (101.0, 0.0), (50.0, 50.0)],
        [(float("nan"), 0.0), (50.0, 0.0), (50.0, 50.0)],
        SQUARE * 51,
    ],
)
def test_what_is_no_shape_is_refused(points: list[tuple[float, float]]) -> None:
    assert drawn_region("liver", points, (100, 200), "Bob") is None


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "1,2 3", "1;2"])
def test_what_is_no_list_of_points_is_none(text: str) -> None:
    assert points_from(text) == []


def test_points_are_read_in_their_order() -> None:
    assert points_from("1,2 3.5,4") == [(1.0, 2.0), (3.5, 4.0)]
