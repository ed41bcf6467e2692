"""The simulation behind docs/growing.md: nobody is lost, more engines help, cost is linear."""

from tests.benchmarks.hospital import Habits, Service, cards_needed, ranked, simulate

ONE = Service("test", look_fixed=1.0, look_each=2.0, question_fixed=0.2, question_each=0.1)


def test_one_patient_alone_waits_for_the_service_only() -> None:
    waits = simulate(ONE, tablets=1, cards=4, habits=Habits(), hours=1.0)
    assert ranked(waits["question"], 0.5) < 0.31
    assert min(waits["look"]) == 3.0


def test_every_question_and_every_look_comes_to_its_end() -> None:
    habits = Habits(questions=3, slices=2)
    waits = simulate(ONE, tablets=50, cards=1, habits=habits, hours=0.5)
    assert len(waits["question"]) * 2 == len(waits["look"]) * 3
    assert len(waits["look"]) >= 50


def test_more_engines_answer_sooner() -> None:
    slow, quick = (simulate(ONE, tablets=400, cards=n, habits=Habits()) for n in (1, 8))
    assert ranked(quick["look"], 0.9) < ranked(slow["look"], 0.9)


def test_engines_grow_with_the_tablets_and_not_faster() -> None:
    few, many = (cards_needed(ONE, tablets, Habits()) for tablets in (200, 800))
    assert few < many <= 4 * few
