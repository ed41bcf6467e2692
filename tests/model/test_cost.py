"""How many names to ask for in one prefix, from what prefixes and steps cost."""

import pytest

from model.cost import Costs, Meter, best_group

DEAR_PREFIX = Costs(token=0.02, step=0.12, row=0.005, prefix_tokens=257)
"""The full size on two cores: a prefix costs as much as 40 steps."""
DEAR_STEPS = Costs(token=0.00001, step=0.02, row=0.0001, prefix_tokens=257)
"""A card: prefixes are nearly free, steps wait for memory."""


def test_names_share_a_prefix_where_prefixes_are_dear() -> None:
    assert best_group(6, DEAR_PREFIX, most=8) == 3


def test_names_get_rows_of_their_own_where_steps_are_dear() -> None:
    assert best_group(6, DEAR_STEPS, most=8) == 1


@pytest.mark.parametrize(("names", "most", "size"), [(6, 1, 1), (0, 8, 1), (3, 8, 3), (20, 4, 4)])
def test_a_group_is_never_larger_than_asked_or_allowed(names: int, most: int, size: int) -> None:
    assert best_group(names, DEAR_PREFIX, most) == size


def test_a_meter_learns_from_what_goes_by() -> None:
    meter = Meter(parameters=2_900_000_000)
    guessed = meter.costs()
    assert 0.01 < guessed.token < 0.1
    for _ in range(40):
        meter.prefilled(300, 0.3)
        meter.stepped(1, 0.01)
        meter.stepped(10, 0.03)
    learnt = meter.costs()
    assert learnt.token == pytest.approx(0.001, rel=0.01)
    assert learnt.step + learnt.row == pytest.approx(0.01, rel=0.2)
    assert learnt.step + 10 * learnt.row == pytest.approx(0.03, rel=0.2)
