"""A series on the tablet: slices arrive behind; each can be seen, named and asked about."""

import time
from datetime import timedelta

import numpy as np
import pytest

from app.housekeeping import stop_left_over
from app.storage import scans, turns
from app.storage.tables import Scan, now
from tests.app.intake.made_files import pixels_of
from tests.app.intake.made_series import drawn_series, zip_of
from tests.app.patient.test_report import content
from tests.app.patient.visitor import Visitor


@pytest.fixture
def holder(alice: Visitor) -> Visitor:
    """Alice with a series of nine slices that was looked at, all of it stored."""
    files = {str(n): data for n, data in enumerate(drawn_series(9))}
    alice.start()
    assert alice.upload(zip_of(files), "cd.zip") == 200
    alice.work()
    for _ in range(100):
        with alice.house.sessions() as session:
            (scan,) = scans.all_of_visit(session, alice.opened.visit.visit_id)
        if scan.storing == "done":
            break
        time.sleep(0.1)
    assert (scan.storing, scan.slices_stored, scan.slice_count) == ("done", 9, 9)
    return alice


def test_each_slice_is_shown_and_a_window_changes_its_grey(holder: Visitor) -> None:
    assert holder.get(f"{holder.scan_path}?slice=2") == 200
    assert holder.text("slice-place") == ["Picture 3 of 9"]
    assert "right side of your body" in holder.html
    grey = {}
    for window in ("", "bones"):
        answer = holder.client.get(f"{holder.scan_path}/slices/2.png?window={window}")
        grey[window] = pixels_of(answer.content)[50, 64, 0]
    assert grey[""] == 128
    assert grey["bones"] == np.rint((40 - 399.5) / 1799 * 255 + 127.5)
    assert holder.client.get(f"{holder.scan_path}/slices/99.png").status_code == 404


def test_the_parts_of_another_slice_are_named_when_asked_for(holder: Visitor) -> None:
    holder.get(f"{holder.scan_path}?slice=2")
    assert holder.sees("name-parts")
    assert not holder.sees("structure")
    holder.post(f"{holder.scan_path}/look", {"slice_number": "2"})
    holder.work()
    holder.get(f"{holder.scan_path}/slice?slice=2")
    assert holder.sees("structure")
    assert holder.sees("overlay")
    first, second = content(holder).scans
    assert first.image_png != second.image_png
    assert second.structures


def test_a_question_is_about_the_slice_on_screen(holder: Visitor) -> None:
    data = {"kind": "might", "language": "en", "slice_number": "2"}
    assert holder.post(f"{holder.scan_path}/ask", data) == 200
    holder.work()
    with holder.house.sessions() as session:
        (turn,) = turns.all_of_visit(session, holder.opened.visit.visit_id)
    assert (turn.slice_number, turn.status) == (2, "answered")


def test_a_foreign_slice_is_not_there(holder: Visitor) -> None:
    path_of_alice = holder.scan_path
    dan = Visitor.of(holder.house).start()
    for path in ("slices/2.png", "slice?slice=2"):
        assert dan.client.get(f"{path_of_alice}/{path}").status_code == 404


@pytest.mark.parametrize(("minutes", "storing"), [(5, "storing"), (30, "stopped")])
def test_a_series_left_over_by_a_dead_process_does_not_wait_for_ever(
    holder: Visitor, minutes: int, storing: str
) -> None:
    with holder.house.sessions() as session, session.begin():
        scan = session.get(Scan, holder.scan_id)
        assert scan is not None
        scan.storing, scan.slices_stored = "storing", 3
        scan.received_at = now() - timedelta(minutes=minutes)
    stop_left_over(holder.house)
    with holder.house.sessions() as session:
        assert scans.all_of_visit(session, holder.opened.visit.visit_id)[0].storing == storing
