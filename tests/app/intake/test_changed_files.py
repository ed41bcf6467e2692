"""A sample of the changed files of bar 11, in the confined process and through the front door."""

from tests.reliability.mutations import seeds
from tests.reliability.uploads import decode_all, door_failures, failures


def test_there_are_thirty_kinds_to_change() -> None:
    assert len(seeds()) >= 30


def test_no_changed_file_gets_past_the_reasons() -> None:
    outcomes = decode_all(80)
    assert sorted(one.number for one in outcomes) == list(range(80))
    assert failures(outcomes) == []


def test_nor_through_the_front_door() -> None:
    assert door_failures(6) == []
