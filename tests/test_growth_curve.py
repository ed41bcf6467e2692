"""How straight a curve of costs is said to be."""

import pytest

from tests.benchmarks.growth import straight
from tests.reliability.crowd import percentile_95


def test_a_line_is_straight_and_a_square_is_less_so() -> None:
    assert straight([(n, 0.3 + 0.1 * n) for n in range(1, 9)]) == pytest.approx(1.0)
    assert straight([(n, float(n**4)) for n in range(1, 9)]) < 0.9


def test_the_largest_wait_stands_for_few_and_the_95th_percentile_for_many() -> None:
    assert percentile_95([0.1, 0.4, 0.2]) == 0.4
    assert percentile_95([0.1] * 99 + [9.0]) < 1.0
