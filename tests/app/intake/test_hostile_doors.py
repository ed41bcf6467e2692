"""Bars 12 to 14 in small: bombs, disguises, and abuse of the form and of HTTP."""

from pathlib import Path

from tests.reliability.abuse import abuse_failures
from tests.reliability.disguises import disguise_failures
from tests.running_server import running_server


def test_a_file_in_disguise_leaves_nothing_but_pixels() -> None:
    failed, count = disguise_failures(every=5)
    assert count >= 12
    assert failed == []


def test_abuse_of_the_form_is_answered_in_time(tmp_path: Path) -> None:
    with running_server(tmp_path, workers="0") as server:
        failed, count = abuse_failures(server)
    assert count >= 14
    assert failed == []
