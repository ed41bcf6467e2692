"""Release levels on every page, the floor under every answer, and calls that cannot wait."""

from datetime import timedelta

import pytest

from app.deps import House
from app.patient.conversation import is_due
from app.storage import alerts, notes, questions, staff, turns
from app.storage.tables import Turn, now
from tests.app.patient.conftest import OpenHouse
from tests.app.patient.visitor import RAW, Visitor


def listed(visitor: Visitor) -> list[str]:
    with visitor.house.sessions() as session:
        return [one.text for one in questions.all_of_visit(session, visitor.opened)]


@pytest.mark.parametrize(("level", "paused"), [("hold", False), ("full", True), ("guarded", True)])
def test_on_hold_nothing_of_the_scan_is_shown(alice: Visitor, level: str, paused: bool) -> None:
    alice.ask("what")
    alice.let_time_pass()
    assert alice.sees("answer")
    alice.set_level(level, paused=paused)
    assert alice.get(alice.scan_path) == 200
    assert alice.sees("held")
    for handle in ("scan-image", "overlay", "structure", "answer", "ask-might"):
        assert not alice.sees(handle), handle
    assert alice.sees("gallery")
    assert alice.client.get(f"{alice.scan_path}/picture.png").status_code == 403
    assert alice.client.get(f"{alice.scan_path}/my-picture.png").status_code == 403
    alice.get(f"{alice.scan_path}/status")
    assert alice.html == '{"status":"held","before":0}'


def test_on_hold_a_question_is_saved_for_the_doctor(alice: Visitor) -> None:
    alice.set_level("hold")
    alice.ask("question", "Which part is the liver?")
    assert "saved for your doctor" in alice.html
    assert listed(alice) == ["Which part is the liver?"]
    alice.work()
    with alice.house.sessions() as session:
        (turn,) = turns.all_of_visit(session, alice.opened.visit.visit_id)
        assert turns.raw_of(alice.opened, turn) is None


@pytest.mark.parametrize(("kind", "text"), [("might", ""), ("question", "Do I have cancer?")])
def test_anatomy_saves_questions_about_illness(alice: Visitor, kind: str, text: str) -> None:
    alice.set_level("anatomy")
    alice.ask(kind, text)
    assert not alice.sees("answer")
    assert "saved for your doctor" in alice.html
    assert len(listed(alice)) == 1


def test_lowering_the_level_hides_earlier_answers(alice: Visitor) -> None:
    alice.ask("might")
    alice.ask("what")
    alice.work()
    alice.let_time_pass()
    assert len(alice.text("answer")) == 2
    alice.set_level("anatomy")
    alice.get(alice.scan_path)
    assert len(alice.text("answer")) == 1
    assert "talk about is" not in alice.html


def test_full_shows_the_doctors_words_and_no_raw_text(alice: Visitor) -> None:
    alice.ask("might")
    alice.work()
    with alice.house.sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "x", ("doctor",))
        notes.write(session, alice.opened, bob.staff_id, "We talk at three.")
        (turn,) = turns.all_of_visit(session, alice.opened.visit.visit_id)
        turns.release(alice.opened, turn, "This is what we spoke about.")
    alice.let_time_pass()
    assert "We talk at three." not in alice.html
    alice.set_level("full")
    alice.get(alice.scan_path)
    assert "We talk at three." in alice.html
    assert alice.text("answer") == ["This is what we spoke about."]
    assert RAW not in "".join(alice.bodies)


def test_no_answer_is_shown_before_the_floor(open_copy: OpenHouse) -> None:
    alice = Visitor.of(open_copy(answer_floor_seconds="5")).looked()
    alice.ask("what")
    assert not alice.sees("answer")
    alice.let_time_pass(4)
    assert not alice.sees("answer")
    alice.let_time_pass(2)
    assert alice.sees("answer")


@pytest.mark.parametrize(
    ("taken", "shown_at"), [(0.0, 2), (0.7, 2), (2.0, 2), (2.1, 3), (2.9, 3), (3.0, 3), (7.4, 8)]
)
def test_answers_come_on_whole_ticks_after_the_floor(taken: float, shown_at: int) -> None:
    asked = now()
    turn = Turn(asked_at=asked, answered_at=asked + timedelta(seconds=taken), input_verdict="allow")
    assert not is_due(turn, 2.0, asked + timedelta(seconds=shown_at - 0.01))
    assert is_due(turn, 2.0, asked + timedelta(seconds=shown_at))


def test_answers_are_shown_in_the_order_of_the_questions(alice: Visitor) -> None:
    alice.ask("might")
    alice.ask("what")
    alice.let_time_pass()
    assert not alice.sees("answer")
    alice.work()
    alice.let_time_pass()
    assert len(alice.text("answer")) == 2


@pytest.mark.parametrize("level", ["hold", "anatomy", "guarded"])
def test_an_emergency_is_answered_at_once_at_every_level(alice: Visitor, level: str) -> None:
    alice.set_level(level)
    alice.ask("might")
    alice.ask("question", "I cannot breathe")
    assert "Please tell the nurse or the front desk right now" in alice.html
    assert alice.sees("answer")
    assert "on the way" not in alice.html
    with alice.house.sessions() as session:
        (alert,) = alerts.unseen(session)
        assert (alert.kind, alert.visit_id) == ("emergency", alice.opened.visit.visit_id)


def test_staff_who_have_seen_the_call_are_announced(alice: Visitor) -> None:
    alice.ask("question", "I cannot breathe")
    with alice.house.sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "x", ("nurse",))
        (alert,) = alerts.unseen(session)
        alerts.mark_seen(session, alert.alert_id, bob.staff_id)
    alice.get(alice.scan_path)
    assert "on the way" in alice.html


def test_a_person_at_risk_sees_nothing_that_gives_the_call_away(alice: Visitor) -> None:
    alice.ask("question", "My husband hits me")
    assert "urgent" not in alice.html
    assert alice.text("answer") == ["Please wait a moment. You may be called in for a short check."]
    with alice.house.sessions() as session:
        (alert,) = alerts.unseen(session)
        assert alert.is_silent


def test_the_words_of_an_emergency_need_no_database(house: House, alice: Visitor) -> None:
    path = alice.scan_path
    with house.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE tablet_sessions")
    question = {"kind": "question", "question": "Ich kann nicht atmen", "language": "de"}
    answer = alice.client.post(f"{path}/ask", data=question)
    assert answer.status_code == 200
    assert house.guard.fixed("emergency", "de") in answer.text
    assert "message" not in answer.text


def test_only_so_many_questions_wait_at_once(alice: Visitor) -> None:
    codes = [alice.ask("might") for _ in range(8)]
    assert codes == [200] * 6 + [429] * 2
    assert alice.sees("error")
