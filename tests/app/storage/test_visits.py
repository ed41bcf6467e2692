from dataclasses import replace
from datetime import timedelta

import pytest

from app.storage import notes, questions, region_edits, scans, staff, turns, visit_list, visits
from app.storage.blobs import BlobMissing, Blobs
from app.storage.database import Sessions
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.sealed import MasterKey, SealBroken
from app.storage.tables import TabletSession, Visit, now
from app.storage.turns import Answered, Asked

FACTS = ScanFacts(image_digest="0" * 64, width=64, height=64, source="picture", region="chest")
LOOK = Look(modality="CT", plane="axial", region="chest", is_scan=True, unsure=("liver",))
REGION = StoredRegion("heart", (0.1, 0.2, 0.3, 0.4), "M0 0L1 0L1 1Z", (0.5, 0.5), 0.02)
ASKED = Asked("question", "What is the white part?", "en", "allow", "none", "p1")
ANSWERED = Answered("raw words", "safe words", "soften", "default", "p1", "a1", 0.5, -0.1)


def test_a_code_opens_its_visit_however_it_is_typed(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
        code = visits.code_of(opened)
    with sessions() as session:
        typed = [code, code.lower(), code.replace(" ", "-"), f"  {code} "]
        found = [visits.find_by_code(session, master, one) for one in typed]
        assert {one.visit.visit_id for one in found if one} == {opened.visit.visit_id}
        assert None not in found
        assert visits.find_by_code(session, master, "AAAA AAAA") is None


def test_code_is_not_readable_in_the_database(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
    code = visits.code_of(opened).replace(" ", "")
    assert code.encode() not in bytes(opened.visit.code)
    assert code not in opened.visit.code_digest


def test_another_master_key_opens_nothing(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        visit_id = visits.open_visit(session, master).visit.visit_id
    other = MasterKey(b"another key, just as long as the first one")
    with sessions() as session, pytest.raises(SealBroken):
        visits.opened(session, other, visit_id)


def test_a_scan_keeps_its_facts_look_and_regions(
    sessions: Sessions, master: MasterKey, blobs: Blobs
) -> None:
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
        scan = scans.add_scan(session, blobs, opened, FACTS, b"picture")
        session.flush()
        scans.store_look(session, opened, scan, LOOK, [REGION])
    with sessions() as session:
        again = scans.all_of_visit(session, opened.visit.visit_id)[0]
        assert scans.facts_of(opened, again) == FACTS
        assert scans.look_of(opened, again) == LOOK
        assert scans.regions_of(session, opened, again) == [REGION]
        assert scans.picture_of(blobs, opened, again) == b"picture"
        assert again.status == "looked"


def test_regions_are_changed_and_each_change_is_taken_back(
    sessions: Sessions, master: MasterKey, blobs: Blobs
) -> None:
    other = StoredRegion("liver", (0.1, 0.2, 0.3, 0.4), "M0 0L1 0L1 1Z", (0.5, 0.5), 0.02)
    drawn = replace(other, path="M0 0L2 0L2 2Z", drawn_by="Bob")
    with sessions() as session, session.begin():
        staff_id = staff.add(session, "Bob", "x", ("doctor",)).staff_id
        opened = visits.open_visit(session, master)
        scan = scans.add_scan(session, blobs, opened, FACTS, b"picture")
        session.flush()
        scans.store_look(session, opened, scan, LOOK, [REGION, other])
        for after in ([REGION, drawn], [drawn]):
            region_edits.change(session, opened, scan, staff_id, after)
            assert scans.regions_of(session, opened, scan) == after
        assert region_edits.count(session, scan.scan_id) == 2
        for before in ([REGION, drawn], [REGION, other]):
            assert region_edits.undo(session, opened, scan)
            assert scans.regions_of(session, opened, scan) == before
        assert not region_edits.undo(session, opened, scan)
        region_edits.change(session, opened, scan, staff_id, [])
        visits.erase(session, blobs, opened.visit.visit_id)
        assert region_edits.count(session, scan.scan_id) == 0


def test_a_foreign_scan_and_no_scan_look_alike(
    sessions: Sessions, master: MasterKey, blobs: Blobs
) -> None:
    with sessions() as session, session.begin():
        alice, dan = (visits.open_visit(session, master) for _ in range(2))
        scan = scans.add_scan(session, blobs, alice, FACTS, b"picture")
        session.flush()
        dans = dan.visit.visit_id
        assert scans.find(session, dans, scan.scan_id) is None
        assert scans.find(session, dans, "0" * 32) is None
        with pytest.raises(SealBroken):
            scans.facts_of(dan, scan)


def test_a_turn_keeps_question_raw_shown_and_released_apart(
    sessions: Sessions, master: MasterKey
) -> None:
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
        turn = turns.add_turn(session, opened, ASKED)
        assert turns.shown_of(opened, turn) is None
        turns.store_answer(opened, turn, ANSWERED)
        turns.release(opened, turn, "Doctor's words")
    with sessions() as session:
        again = turns.find(session, opened.visit.visit_id, turn.turn_id)
        assert again is not None
        assert turns.question_of(opened, again) == "What is the white part?"
        assert turns.raw_of(opened, again) == "raw words"
        assert turns.shown_of(opened, again) == "safe words"
        assert turns.released_of(opened, again) == "Doctor's words"
        turns.release(opened, again, "")
        assert turns.released_of(opened, again) is None


def test_a_closed_visit_stops_its_tablets_and_comes_back_for_ten_minutes(
    sessions: Sessions, master: MasterKey
) -> None:
    idle = timedelta(minutes=2)
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
        token = visits.start_tablet(session, master, opened.visit.visit_id)
        session.flush()
        assert visits.find_by_tablet(session, master, token, idle) is not None
        visits.close(session, opened.visit)
        session.flush()
        assert visits.find_by_tablet(session, master, token, idle) is None
        assert visits.find_by_code(session, master, visits.code_of(opened)) is None
        assert visits.closed_for_good(session) == []
        assert [visit.visit_id for visit in visit_list.just_closed(session)] == [
            opened.visit.visit_id
        ]
        assert visits.reopen(opened.visit)
        session.flush()
        assert visits.find_by_code(session, master, visits.code_of(opened)) is not None
        assert visits.find_by_tablet(session, master, token, idle) is None


def test_a_close_cannot_be_undone_after_ten_minutes(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        visit = visits.open_visit(session, master).visit
        visit.closed_at = now() - timedelta(minutes=10, seconds=1)
        session.flush()
        assert not visits.reopen(visit)
        assert visits.closed_for_good(session) == [visit.visit_id]
        assert visit_list.just_closed(session) == []


def test_erasing_leaves_nothing_of_the_visit(
    sessions: Sessions, master: MasterKey, blobs: Blobs
) -> None:
    with sessions() as session, session.begin():
        opened, other = (visits.open_visit(session, master) for _ in range(2))
        scan = scans.add_scan(session, blobs, opened, FACTS, b"picture")
        kept = scans.add_scan(session, blobs, other, FACTS, b"other picture")
        session.flush()
        scans.store_look(session, opened, scan, LOOK, [REGION])
        turns.add_turn(session, opened, ASKED)
        questions.add(session, opened, "Why?", "own")
        visits.start_tablet(session, master, opened.visit.visit_id)
    with sessions() as session, session.begin():
        visits.erase(session, blobs, opened.visit.visit_id)
    with sessions() as session:
        visit_id = opened.visit.visit_id
        assert visits.opened(session, master, visit_id) is None
        assert scans.all_of_visit(session, visit_id) == []
        assert turns.all_of_visit(session, visit_id) == []
        assert notes.all_of_visit(session, opened) == []
        assert session.query(TabletSession).count() == 0
        assert [visit.visit_id for visit in session.query(Visit)] == [other.visit.visit_id]
        with pytest.raises(BlobMissing):
            scans.picture_of(blobs, opened, scan)
        assert scans.picture_of(blobs, other, kept) == b"other picture"


def test_an_unknown_level_is_refused(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        visit = visits.open_visit(session, master).visit
        with pytest.raises(ValueError, match="levels are"):
            visits.change_level(visit, "everything")
        assert visit.release_level == "guarded"


def test_the_longest_waiting_come_first_page_by_page(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        made = [visits.open_visit(session, master).visit for _ in range(5)]
        for place, visit in enumerate(made):
            visit.opened_at = now() - timedelta(minutes=place)
        session.flush()
        first, total = visit_list.page_of_open(session, 0, 2)
        rest, _ = visit_list.page_of_open(session, 2, 10)
        ids = [visit.visit_id for visit in [*first, *rest]]
        assert total == 5
        assert ids == [visit.visit_id for visit in reversed(made)]
