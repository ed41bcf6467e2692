"""How much work one text is: counted, for seconds depend on the machine."""

import random
from collections import Counter

import pytest

from app.guardrail import normalise, once
from app.guardrail.check import Guard, Scan

GUARD = Guard.load()
ASKED = "Où est le cœur sur l'image ? Why is the shin so white - and what is beside it? "


def chance_letters(seed: int) -> str:
    chance = random.Random(seed)
    return "".join(chr(chance.randrange(32, 0xD7FF)) for _ in range(5000))


@pytest.mark.parametrize("text", [ASKED * 60, chance_letters(1)], ids=["prose", "chance letters"])
def test_no_text_is_folded_twice_in_one_check(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folded: Counter[str] = Counter()
    fold_all = normalise._fold_all

    def count(one: str) -> str:
        folded[one] += 1
        return fold_all(one)

    monkeypatch.setattr(normalise, "_fold_all", count)
    GUARD.check_question(text, "en", Scan())
    asked = dict(folded)
    folded.clear()
    GUARD.check_answer("What is this?", text, "en", Scan())
    for times in (asked, folded):
        assert set(times.values()) == {1}
        assert sum(map(len, times)) <= 7 * len(text)


def test_what_one_check_worked_out_is_forgotten_at_its_end() -> None:
    GUARD.check_question(f"zorgblattine {ASKED}", "en", Scan())
    GUARD.check_answer("What is this?", f"A zorgblattine lies here. {ASKED}", "en", Scan())
    assert once._memory.get() is None
    for lexicon in (GUARD.policy.questions, GUARD.policy.findings):
        assert all(map(lexicon.holds, lexicon._listed))
        assert "zorgblattine" not in lexicon._listed


def test_work_outside_a_check_is_done_each_time() -> None:
    done: list[int] = []
    assert [once.once("key", lambda: done.append(1)) for _ in range(2)] == [None, None]
    assert len(done) == 2
    with once.one_check():
        once.once("key", lambda: done.append(1))
        once.once("key", lambda: done.append(1))
    assert len(done) == 3


def test_a_bracket_of_chinese_ends_a_run_of_single_letters() -> None:
    assert normalise.join_spaced_letters("h e l p \u3008 m e n o w") == "help \u3008 menow"
    assert normalise.join_spaced_letters("a b \u3008 c d") == "a b \u3008 c d"
