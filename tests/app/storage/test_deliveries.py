"""Deliveries, whose they are, and what goes back, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from app.storage import arrivals, envelopes, expected, outbound, visits
from app.storage.arrivals import Particulars
from app.storage.blobs import Blobs
from app.storage.database import Sessions
from app.storage.expected import Typed
from app.storage.outbound import Order
from app.storage.sealed import MasterKey
from app.storage.tables import Arrival, Outbound, now
from app.storage.visits import OpenedVisit

MINE = Typed(patient_id="MRN-1", accession="ACC-1", study_date="20260503")
SOON = timedelta(seconds=-1)
"""Already past: what is gathered is due at once."""


def particulars(master: MasterKey, study: str = "1.2.3", typed: Typed = MINE) -> Particulars:
    return Particulars(
        peer="CT1",
        study_digest=envelopes.study_digest(master, study),
        **expected.digests(master, typed),
        identifiers={"PatientID": typed.patient_id},
        facts={"modality": "CT"},
    )


def visit_of(sessions: Sessions, master: MasterKey, typed: Typed | None = None) -> OpenedVisit:
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
        if typed is not None:
            expected.expect(session, master, opened.visit.visit_id, typed)
        return opened


def delivered(sessions: Sessions, master: MasterKey, study: str = "1.2.3") -> str:
    """A whole delivery of two files that waits for its visit."""
    with sessions() as session:
        arrival_id = arrivals.gather(session, master, particulars(master, study), now()).arrival_id
    with sessions() as session, session.begin():
        for _ in range(2):
            assert arrivals.note_file(
                session, arrival_id, now() + SOON, is_new=True, is_other_patient=False
            )
        arrivals.finish(session, {arrival_id}, now() + SOON)
        assert [one.arrival_id for one in arrivals.due(session)] == [arrival_id]
        assert arrivals.wait(session, arrival_id, None)
    return arrival_id


def test_one_study_from_many_senders_at_once_is_one_delivery(
    sessions: Sessions, master: MasterKey
) -> None:
    def send(_: int) -> str:
        with sessions() as session:
            said = particulars(master)
            return arrivals.gather(session, master, said, now()).arrival_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(24)))) == 1
    with sessions() as session:
        assert len(session.scalars(select(Arrival)).all()) == 1


def test_a_delivery_opens_again_with_what_was_sealed(sessions: Sessions, master: MasterKey) -> None:
    arrival_id = delivered(sessions, master)
    with sessions() as session:
        (row,) = arrivals.waiting(session)
        vault = arrivals.vault_of(master, row)
        assert vault is not None
        assert arrivals.facts_of(vault, row) == {"modality": "CT"}
        assert arrivals.identifiers_of(vault, row) == {"PatientID": "MRN-1"}
        assert (row.arrival_id, row.pictures) == (arrival_id, 2)
        assert not arrivals.note_file(
            session, arrival_id, now(), is_new=True, is_other_patient=False
        )


def test_a_delivery_fits_the_visit_that_awaits_it_alone(
    sessions: Sessions, master: MasterKey
) -> None:
    delivered(sessions, master)
    mine = visit_of(sessions, master, Typed(accession="ACC-1"))
    visit_of(sessions, master, Typed(patient_id="MRN-1", study_date="20260504"))
    visit_of(sessions, master, Typed(patient_id="MRN-2"))
    with sessions() as session:
        (row,) = arrivals.waiting(session)
        assert expected.fitting(session, row) == [mine.visit.visit_id]


def test_two_desks_at_once_attach_a_delivery_once(sessions: Sessions, master: MasterKey) -> None:
    arrival_id = delivered(sessions, master)
    wanted = [visit_of(sessions, master).visit.visit_id for _ in range(4)]

    def attach(visit_id: str) -> bool:
        with sessions() as session, session.begin():
            return arrivals.match(session, arrival_id, visit_id, "Nina")

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(attach, wanted))
    assert sum(taken) == 1
    with sessions() as session:
        study = envelopes.study_digest(master, "1.2.3")
        assert arrivals.visits_with_study(session, study) == {wanted[taken.index(True)]}
        assert arrivals.visits_with_study(session, study, arrival_id) == set()


def test_each_delivery_is_read_once_and_can_be_taken_back(
    sessions: Sessions, master: MasterKey, tmp_path: Path
) -> None:
    visit_id = visit_of(sessions, master).visit.visit_id
    ids = [delivered(sessions, master, f"1.2.{number}") for number in range(3)]
    with sessions() as session, session.begin():
        assert all(arrivals.match(session, one, visit_id, "Nina") for one in ids)

    def read(_: int) -> str | None:
        with sessions() as session:
            claimed = arrivals.claim(session)
            return None if claimed is None else claimed.arrival_id

    with ThreadPoolExecutor(3) as pool:
        claimed = [one for one in pool.map(read, range(9)) if one is not None]
    assert sorted(claimed) == sorted(ids)
    with sessions() as session, session.begin():
        arrivals.end_reading(session, ids[0], "attached")
        arrivals.end_reading(session, ids[1], "refused", "broken")
        arrivals.free_claims(session)
        assert arrivals.release(session, ids[0])
        assert not arrivals.release(session, ids[0])
        assert not arrivals.release(session, ids[1])
        refused = arrivals.find(session, ids[1])
        assert refused is not None
        assert arrivals.past_undo(session) == [refused]
        arrivals.forget_files(Blobs(f"file://{tmp_path}"), refused)
    with sessions() as session:
        known = {one: arrivals.find(session, one) for one in ids}
        assert [row.status for row in known.values() if row] == ["waiting", "refused", "matched"]
        assert [row.wrapped is None for row in known.values() if row] == [False, True, False]


def test_what_goes_back_is_sent_once_and_tried_again_after_a_pause(
    sessions: Sessions, master: MasterKey
) -> None:
    visit_id = visit_of(sessions, master).visit.visit_id
    order = Order(visit_id, "report", "s" * 32, "p" * 32)
    with sessions() as session, session.begin():
        first = outbound.queue(session, order, "Dora").outbound_id
        assert outbound.queue(session, order, "Dora").outbound_id == first

    def send(_: int) -> str | None:
        with sessions() as session:
            claimed = outbound.claim(session)
            return None if claimed is None else claimed.outbound_id

    with ThreadPoolExecutor(4) as pool:
        assert [one for one in pool.map(send, range(4)) if one] == [first]
    with sessions() as session, session.begin():
        outbound.end(session, first, "unreachable")
    assert send(0) is None
    with sessions() as session, session.begin():
        row = session.get(Outbound, first)
        assert row is not None
        assert (row.status, row.failure, row.attempts) == ("queued", "unreachable", 1)
        row.next_try_at = now() + SOON
    assert send(0) == first
    with sessions() as session, session.begin():
        outbound.end(session, first, "")
        assert [one.status for one in outbound.of_visit(session, visit_id)] == ["sent"]
