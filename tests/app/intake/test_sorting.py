"""Sorting a series: by place along the normal, stacks apart, the useful one first."""

from typing import Any

import pytest

from app.intake.sorting import Item, outward, sampled, sort_into_stacks, thinned

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def item(number: int, z: float | None = None, **changes: Any) -> Item:
    known: dict[str, Any] = {
        "source": number,
        "frame": 0,
        "instance": number,
        "series": "a",
        "kind": "slice",
        "modality": "CT",
        "orientation": AXIAL,
        "position": () if z is None else (0.0, 0.0, z),
        "number": number,
    }
    return Item(**known | changes)


def numbers(items: tuple[Item, ...]) -> list[int]:
    return [one.number for one in items]


def test_slices_lie_in_order_of_their_place_whatever_their_numbers_say() -> None:
    (stack,) = sort_into_stacks([item(1, 30), item(2, 10), item(3, 21.5), item(4, -4)])
    assert numbers(stack.items) == [4, 2, 3, 1]


def test_a_tilted_gantry_sorts_along_the_common_normal() -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, 0.94, -0.34)
    places = [(0.0, 0.1 * z, 3.0 * z) for z in range(6)]
    items = [item(9 - z, orientation=tilted, position=places[z]) for z in range(6)]
    (stack,) = sort_into_stacks(items)
    assert numbers(stack.items) == [9, 8, 7, 6, 5, 4]


def test_without_positions_the_instance_numbers_order() -> None:
    (stack,) = sort_into_stacks([item(3), item(1), item(2)])
    assert numbers(stack.items) == [1, 2, 3]


def test_an_overview_comes_last_and_apart() -> None:
    scout = item(0, 0, orientation=CORONAL, is_overview=True, kind="scout")
    stacks = sort_into_stacks([scout, *(item(n, float(n)) for n in range(1, 5))])
    assert [len(stack.items) for stack in stacks] == [4, 1]
    assert stacks[1].is_overview


def test_three_directions_in_a_few_pictures_are_an_overview_without_a_header() -> None:
    overview = [
        item(n, float(n), series="b", orientation=direction, instance=f"o{n}")
        for n, direction in enumerate((AXIAL, SAGITTAL, CORONAL) * 2)
    ]
    slices = [item(10 + n, float(n)) for n in range(3)]
    stacks = sort_into_stacks([*overview, *slices])
    assert numbers(stacks[0].items) == [10, 11, 12]
    assert all(stack.is_overview for stack in stacks[1:])


def test_echoes_of_one_place_are_stacks_of_their_own() -> None:
    items = [
        item(10 * n + echo, float(n), kind=("echo", echo)) for n in range(3) for echo in (1, 2)
    ]
    stacks = sort_into_stacks(items)
    assert [numbers(stack.items) for stack in stacks] == [[1, 11, 21], [2, 12, 22]]


def test_moments_of_one_place_are_separated_by_time() -> None:
    items = [item(10 * n + t, float(n), moment=(float(t),)) for t in (2, 1, 0) for n in range(3)]
    stacks = sort_into_stacks(items)
    assert [numbers(stack.items) for stack in stacks] == [[0, 10, 20], [1, 11, 21], [2, 12, 22]]


def test_many_moments_of_a_single_place_are_one_film() -> None:
    (stack,) = sort_into_stacks([item(n, 5.0, moment=(float(9 - n),)) for n in range(4)])
    assert numbers(stack.items) == [3, 2, 1, 0]


def test_a_fan_of_turning_slices_stays_one_stack() -> None:
    import math

    items = [
        item(n, 0.0, orientation=(math.cos(n / 4), math.sin(n / 4), 0.0, 0.0, 0.0, -1.0))
        for n in range(12)
    ]
    (stack,) = sort_into_stacks(items)
    assert numbers(stack.items) == list(range(12))


def test_a_picture_that_is_there_twice_counts_once() -> None:
    (stack,) = sort_into_stacks([item(1, 1), item(2, 2), item(2, 2, source=9)])
    assert numbers(stack.items) == [1, 2]


def test_originals_come_before_computed_ones_and_axial_before_others() -> None:
    derived = [item(n, float(n), series="d", is_derived=True, instance=f"d{n}") for n in range(9)]
    sagittal = [
        item(n, orientation=SAGITTAL, position=(float(n), 0.0, 0.0), series="s", instance=f"s{n}")
        for n in range(9)
    ]
    axial = [item(n, float(n)) for n in range(3)]
    stacks = sort_into_stacks([*derived, *sagittal, *axial])
    assert [stack.items[0].series for stack in stacks] == ["a", "s", "d"]


@pytest.mark.parametrize(("count", "most"), [(1500, 600), (601, 600), (10, 600)])
def test_thinning_keeps_both_ends_and_the_order(count: int, most: int) -> None:
    kept = numbers(thinned([item(n) for n in range(count)], most))
    assert len(kept) == min(count, most)
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, count - 1)


def test_slices_are_stored_outward_from_the_first() -> None:
    assert outward(6, 2) == [2, 3, 1, 4, 0, 5]


def test_the_middle_is_tried_first() -> None:
    assert sampled(41, 5)[0] == 20
    assert set(sampled(41, 5)) == {10, 15, 20, 25, 30}
    assert sampled(2, 5) == [1]
