"""A sample of the changed files of bar 11, in the child and through the front door."""

from tests.reliability.mutations import seeds
from tests.reliability.uploads import decode_failures, door_failures


def test_there_are_thirty_kinds_to_change() -> None:
    assert len(seeds()) >= 30


def test_no_changed_file_gets_past_the_reasons() -> None:
    assert decode_failures(70) == []


def test_nor_through_the_front_door() -> None:
    assert door_failures(6) == []
