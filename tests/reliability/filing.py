"""kill -9 of the listener between storing and filing: a delivery ends whole, never half."""

import random
import time
from pathlib import Path

from pydicom.uid import generate_uid

from app.delivery.filing import file_arrivals
from app.deps import House
from app.storage import expected, peers, scans, visits
from app.storage.expected import Typed
from app.storage.peers import Said
from tests.app.intake.made_series import drawn_series
from tests.builders import open_test_house
from tests.dicom_peers import listener, storescu, write_files
from tests.reliability.bar import Bar

SLICES = 5
PATIENCE_SECONDS = 8


def kill_the_listener(folder: Path, is_full: bool) -> Bar:
    """Bar 4 for the clinic's machines: what was acknowledged ends as one whole scan."""
    rounds, failures = (20 if is_full else 3), 0
    chance, started = random.Random(6), time.monotonic()
    house = open_test_house(folder / "filing")
    with house.sessions() as session, session.begin():
        peers.add(session, house.master, Said("CT 1", "CT1", delivers=True))
    for turn in range(rounds):
        failures += not _is_whole_after_kill(house, folder / f"ct-{turn}", chance.uniform(0, 2.5))
    house.engine.dispose()
    what = "kill -9 of the listener between store and filing"
    return Bar(4, what, failures, rounds, 20, time.monotonic() - started)


def _is_whole_after_kill(house: House, folder: Path, wait: float) -> bool:
    """Deliver a series, kill the listener some time after it answered, and let the house file it.

    Where the end of the transfer was lost with the listener nothing may be attached yet: then the
    machine sends all of it again, as machines do.
    """
    patient, series = folder.name, generate_uid()
    with house.sessions() as session, session.begin():
        visit_id = visits.open_visit(session, house.master).visit.visit_id
        expected.expect(session, house.master, visit_id, Typed(patient_id=patient))
    named = {"PatientID": patient, "StudyInstanceUID": generate_uid()}
    files = write_files(folder, drawn_series(SLICES, SeriesInstanceUID=series, **named))
    for stays in (wait, 2.0):
        with listener(house.settings.data_dir, dicom_quiet_seconds="1") as running:
            is_taken = storescu(running.port, files).returncode == 0
            time.sleep(stays)
            running.kill()
        found = _filed(house, visit_id)
        halves = list((house.settings.data_dir / "blobs").rglob("*.part"))
        if found or halves or not is_taken:
            break
    return is_taken and found == [(SLICES, SLICES, "done")] and not halves


def _filed(house: House, visit_id: str) -> list[tuple[int, int, str]]:
    """What the house made of it: per scan its slices, those stored, and how storing stands."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and not _counts(house, visit_id):
        file_arrivals(house)
        time.sleep(0.2)
    return _counts(house, visit_id)


def _counts(house: House, visit_id: str) -> list[tuple[int, int, str]]:
    with house.sessions() as session:
        found = scans.all_of_visit(session, visit_id)
        return [(one.slice_count, one.slices_stored, one.storing) for one in found]
