"""The worker: rows claimed once, finished, given back, never lost; the guard always between."""

import json
from pathlib import Path

import pytest

from app.clinicfolder.folder import write
from app.deps import House
from app.storage import scans, turns, visits, work
from app.storage.tables import Scan, Turn
from app.storage.visits import OpenedVisit
from app.worker import forget_erased, work_once
from model.prompts import CONDITION_QUESTION, answer_prefix
from model.scripted import ScriptedBackend
from model.types import Request
from model.vocabulary import NOT_A_SCAN
from tests.builders import open_test_house, stored_scan
from tests.scripted_model import said_of_picture, scripted_engine


def script(request: Request, condition: str = "glioblastoma") -> str:
    is_condition = request.prefix == answer_prefix(CONDITION_QUESTION)
    return said_of_picture(request, condition if is_condition else "this is the liver")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return open_test_house(tmp_path / "data")


@pytest.fixture
def opened(house: House) -> OpenedVisit:
    with house.sessions() as session, session.begin():
        return visits.open_visit(session, house.master)


def ask(house: House, opened: OpenedVisit, scan_id: str, kind: str = "might") -> str:
    asked = turns.Asked(kind, "What might I have?", "en", "soften", "condition", "1", scan_id)
    with house.sessions() as session, session.begin():
        return turns.add_turn(session, opened, asked).turn_id


def look(house: House, opened: OpenedVisit, backend: ScriptedBackend) -> Scan:
    scan_id = stored_scan(house, opened).scan_id
    assert work_once(house, scripted_engine(backend), "w1")
    with house.sessions() as session:
        scan = scans.find(session, opened.visit.visit_id, scan_id)
        assert scan is not None
        return scan


def test_a_scan_gets_its_words_and_its_regions(house: House, opened: OpenedVisit) -> None:
    scan = look(house, opened, ScriptedBackend(script))
    seen = scans.look_of(opened, scan)
    assert scan.status == "looked"
    assert seen is not None
    assert (seen.modality, seen.plane, seen.region) == ("CT", "axial", "abdomen")
    with house.sessions() as session:
        (region,) = scans.regions_of(session, opened, scan)
    assert region.structure == "liver"
    assert region.path.startswith("M")
    assert region.box == pytest.approx((400 / 1023, 200 / 1023, 620 / 1023, 480 / 1023), abs=0.02)


def test_a_tag_outranks_the_model_and_the_difference_is_kept(
    house: House, opened: OpenedVisit
) -> None:
    scan_id = stored_scan(house, opened, modality="MR", region="abdomen").scan_id
    assert work_once(house, scripted_engine(ScriptedBackend(script)), "w1")
    with house.sessions() as session:
        scan = scans.find(session, opened.visit.visit_id, scan_id)
        assert scan is not None
        seen = scans.look_of(opened, scan)
    assert seen is not None
    assert seen.modality == "MR"
    assert seen.disagrees == ("modality",)


def test_of_what_is_no_scan_no_word_is_kept(house: House, opened: OpenedVisit) -> None:
    def unsure(request: Request) -> str:
        said = said_of_picture(request, "this is the liver")
        return said if said == "abdomen" else NOT_A_SCAN

    backend = ScriptedBackend(unsure)
    scan = look(house, opened, backend)
    seen = scans.look_of(opened, scan)
    assert seen is not None
    assert not seen.is_scan
    assert (seen.modality, seen.plane, seen.region, seen.unhelped) == (
        "other",
        "other",
        "other",
        "",
    )
    turn_id = ask(house, opened, scan.scan_id)
    assert work_once(house, scripted_engine(ScriptedBackend(script)), "w1")
    with house.sessions() as session:
        turn = session.get(Turn, turn_id)
        assert turn is not None
        assert "tummy" not in (turns.shown_of(opened, turn) or "")


@pytest.mark.parametrize("raw", ["glioblastoma", "arachnoid scar", "normal study", "the the the"])
def test_a_raw_answer_is_stored_for_the_doctor_and_not_shown(
    house: House, opened: OpenedVisit, raw: str
) -> None:
    backend = ScriptedBackend(lambda request: script(request, raw))
    scan = look(house, opened, backend)
    turn_id = ask(house, opened, scan.scan_id)
    assert work_once(house, scripted_engine(backend), "w1")
    with house.sessions() as session:
        turn = session.get(Turn, turn_id)
        assert turn is not None
        shown = turns.shown_of(opened, turn) or ""
        assert turns.raw_of(opened, turn) == raw
    assert turn.status == "answered"
    assert raw not in shown
    assert "doctor" in shown
    assert turn.policy_version == house.guard.policy_version


def test_a_crash_gives_the_row_back_and_the_third_one_gives_up(
    house: House, opened: OpenedVisit
) -> None:
    scan = look(house, opened, ScriptedBackend(script))
    turn_id = ask(house, opened, scan.scan_id)
    backend = ScriptedBackend(script, failures=[RuntimeError("secret words")] * 3)
    states = []
    for _ in range(3):
        assert work_once(house, scripted_engine(backend), "w1")
        with house.sessions() as session:
            turn = session.get(Turn, turn_id)
            assert turn is not None
            states.append(turn.status)
    assert states == ["asked", "asked", "answered"]
    assert turn.output_rule == "model_failed"
    assert "doctor" in (turns.shown_of(opened, turn) or "")


def test_two_workers_never_claim_one_row(house: House, opened: OpenedVisit) -> None:
    stored_scan(house, opened)
    with house.sessions() as one, house.sessions() as two:
        first = work.claim_scan(one, "w1")
        second = work.claim_scan(two, "w2")
    assert first is not None
    assert second is None


def test_a_row_held_by_a_dead_worker_is_claimed_again_after_the_lease(
    house: House, opened: OpenedVisit
) -> None:
    scan_id = stored_scan(house, opened).scan_id
    with house.sessions() as session:
        work.claim_scan(session, "dead")
    with house.sessions() as session, session.begin():
        scan = session.get(Scan, scan_id)
        assert scan is not None
        assert scan.claimed_at is not None
        scan.claimed_at -= work.LEASE * 1.1
    with house.sessions() as session:
        again = work.claim_scan(session, "alive")
    assert again is not None
    assert (again.claimed_by, again.attempts) == ("alive", 2)


def test_a_restarted_worker_frees_what_the_former_one_held(
    house: House, opened: OpenedVisit
) -> None:
    stored_scan(house, opened)
    with house.sessions() as session:
        work.claim_scan(session, "dead")
    with house.sessions() as session, session.begin():
        work.free_claims_of_others(session, "alive")
    with house.sessions() as session:
        assert work.claim_scan(session, "alive") is not None


def test_questions_go_before_scans(house: House, opened: OpenedVisit) -> None:
    backend = ScriptedBackend(script)
    scan = look(house, opened, backend)
    stored_scan(house, opened)
    ask(house, opened, scan.scan_id)
    backend.requests.clear()
    work_once(house, scripted_engine(backend), "w1")
    assert [request.prefix for request in backend.requests] == [answer_prefix(CONDITION_QUESTION)]


def test_an_erased_visit_is_forgotten_by_the_backend(house: House, opened: OpenedVisit) -> None:
    backend = ScriptedBackend(script)
    seen: dict[str, str] = {}
    stored_scan(house, opened)
    assert work_once(house, scripted_engine(backend), "w1", seen)
    forget_erased(house, scripted_engine(backend), seen)
    assert "0" * 64 not in backend.forgotten  # its other views are forgotten at once
    with house.sessions() as session, session.begin():
        visits.erase(session, house.blobs, opened.visit.visit_id)
    forget_erased(house, scripted_engine(backend), seen)
    assert backend.forgotten[-1] == "0" * 64


def test_nothing_of_a_visit_is_left_in_the_files_after_erasing(
    house: House, opened: OpenedVisit
) -> None:
    scan = look(house, opened, ScriptedBackend(script))
    ask(house, opened, scan.scan_id)
    with house.sessions() as session, session.begin():
        visits.erase(session, house.blobs, opened.visit.visit_id)
    left = [p for p in house.settings.data_dir.rglob("*") if opened.visit.visit_id in str(p)]
    assert left == []
    with house.sessions() as session:
        assert visits.opened(session, house.master, opened.visit.visit_id) is None


def test_patient_words_are_not_in_the_database_file(house: House, opened: OpenedVisit) -> None:
    scan = look(house, opened, ScriptedBackend(script))
    ask(house, opened, scan.scan_id)
    work_once(house, scripted_engine(ScriptedBackend(script)), "w1")
    raw = b"".join(path.read_bytes() for path in house.settings.data_dir.glob("anteroom.db*"))
    for word in (b"What might I have", b"glioblastoma", json.dumps("liver").encode()):
        assert word not in raw


def test_a_clinic_says_which_structures_are_looked_for(house: House, opened: OpenedVisit) -> None:
    write(house.clinic.path, "clinic.yaml", b"structures: [spleen]\n")
    scan = look(house, opened, ScriptedBackend(script))
    with house.sessions() as session:
        assert scans.regions_of(session, opened, scan) == []


def test_the_same_question_about_the_same_picture_is_not_asked_again(
    house: House, opened: OpenedVisit
) -> None:
    backend = ScriptedBackend(script, delay_seconds=0.01)
    scan = look(house, opened, backend)
    backend.requests.clear()
    first, second = (ask(house, opened, scan.scan_id) for _ in range(2))
    for _ in range(2):
        assert work_once(house, scripted_engine(backend), "w1")
    assert len(backend.requests) == 1
    with house.sessions() as session:
        one, other = session.get(Turn, first), session.get(Turn, second)
        assert one is not None
        assert other is not None
        assert turns.raw_of(opened, one) == turns.raw_of(opened, other) == "glioblastoma"
        assert turns.shown_of(opened, one) == turns.shown_of(opened, other)


def test_a_visit_erased_while_its_question_is_answered_leaves_nothing(
    house: House, opened: OpenedVisit
) -> None:
    scan = look(house, opened, ScriptedBackend(script))
    turn_id = ask(house, opened, scan.scan_id)

    def erase(request: Request) -> str:
        with house.sessions() as session, session.begin():
            visits.erase(session, house.blobs, opened.visit.visit_id)
        return script(request)

    assert work_once(house, scripted_engine(ScriptedBackend(erase)), "w1")
    with house.sessions() as session:
        assert session.get(Turn, turn_id) is None
