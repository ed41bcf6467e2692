"""A policy with mistakes is refused with file and line; a clinic adds and never removes."""

import shutil
from pathlib import Path

import pytest

from app.guardrail.check import Guard, PolicyError, Scan
from app.guardrail.policyfiles import FOLDER, load_policy
from app.guardrail.versions import digest_of, read_versions
from app.guardrail.yamlfile import Mistakes


def clinic(folder: Path, text: str) -> Path:
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_all_mistakes_are_reported_with_file_and_line(tmp_path: Path) -> None:
    broken = tmp_path / "policies"
    shutil.copytree(FOLDER, broken)
    rules = broken / "questions-intent.yaml"
    text = rules.read_text(encoding="utf-8")
    text = text.replace("kind: fear", "kind: fearful").replace('["medicine', '["medicin')
    rules.write_text(text, encoding="utf-8")
    words = broken / "texts" / "nl.yaml"
    words.write_text(words.read_text(encoding="utf-8").replace("  staff: ", "  stuff: "))
    (broken / "texts" / "pl.yaml").unlink()
    turns = broken / "words" / "en-lookalikes.yaml"
    text_of_turns = turns.read_text(encoding="utf-8")
    turns.write_text(text_of_turns.replace("phrases: >-", "phrases: hot {gear},"))
    things = broken / "words" / "en-tricky.yaml"
    text_of_things = things.read_text(encoding="utf-8")
    things.write_text(text_of_things.replace("bars:\n", 'bars:\n    - "("\n'))
    rules_of_answers = broken / "answers-everyday-nl.yaml"
    sure = rules_of_answers.read_text(encoding="utf-8")
    rules_of_answers.write_text(sure.replace("yields: surely", "yields: truly"), encoding="utf-8")
    with pytest.raises(PolicyError) as error:
        load_policy(folder=broken)
    found = "\n".join(error.value.mistakes)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "kind: fearful" in row)
    assert f"questions-intent.yaml:{line - 1}: unknown kind 'fearful'" in found
    assert "unknown concept 'medicin'" in found
    assert "unknown key 'stuff'" in found
    assert "key 'staff' is missing" in found
    assert "pl.yaml:1: cannot be read" in found
    assert "unknown class '{gear}'" in found
    assert "is no pattern" in found
    assert "answers-everyday-nl.yaml:12: must be one of yes, surely" in found


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("colour: red\n", "policy.yaml:1: unknown key 'colour'"),
        ("switch_off: [ask.self_harm]\n", "'ask.self_harm' is locked"),
        ("languages_off: [en]\n", "'en' cannot be switched off"),
        ("use_categories: perhaps\n", "must be yes or no"),
        ("never_say: {xx: [a]}\n", "unknown language 'xx'"),
        ("a: [\n", "not well-formed"),
        ("alarm_phrases: {en: [code blue, '!!']}\n", "'!!' is no word, word start or phrase"),
        ("never_say: {en: ['?']}\n", "'?' holds no word"),
    ],
)
def test_clinic_mistakes_are_named(tmp_path: Path, text: str, mistake: str) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml") as error:
        Guard.load(clinic(tmp_path, text))
    assert mistake in str(error.value)


def test_clinic_additions_make_the_guard_stricter(tmp_path: Path) -> None:
    file = clinic(
        tmp_path,
        "never_say: {en: [collarbone]}\nalarm_phrases: {en: [paper boat]}\n"
        "questions: {en: [Where do I park?]}\nemergency_number: '113'\n",
    )
    guard, plain = Guard.load(file), Guard.load()
    answer = "The collarbone is the thin curved bone between the neck and the shoulder."
    assert plain.check_answer("What is this bone?", answer, "en", Scan()).verdict == "allow"
    assert guard.check_answer("What is this bone?", answer, "en", Scan()).verdict == "soften"
    assert guard.check_question("A paper boat!", "en", Scan()).verdict == "escalate"
    assert guard.suggested_questions("en", Scan())[0] == "Where do I park?"
    assert "113" in guard.fixed("alert_unanswered", "en")
    assert guard.digest != plain.digest
    assert plain.check_question("A paper boat!", "en", Scan()).verdict != "escalate"


def test_a_clinic_shares_with_the_shipped_policy_what_it_does_not_change(tmp_path: Path) -> None:
    guard, plain = Guard.load(clinic(tmp_path, "never_say: {en: [collarbone]}\n")), Guard.load()
    assert guard.policy.words is plain.policy.words
    assert guard.policy.questions is plain.policy.questions
    assert guard.policy.approvers["nl"] is plain.policy.approvers["nl"]
    assert guard.policy.approvers["en"] is not plain.policy.approvers["en"]


def test_a_switched_off_language_speaks_english(tmp_path: Path) -> None:
    guard = Guard.load(clinic(tmp_path, "languages_off: [tr]\n"))
    assert guard.fixed("staff", "tr") == guard.fixed("staff", "en")
    assert guard.fixed("staff", "pl") != guard.fixed("staff", "en")


def test_nothing_in_the_category_lexicon_holds_a_severity() -> None:
    text = (FOLDER / "findings.yaml").read_text(encoding="utf-8")
    kinds = text.split("notes:")[0].lower().split("kinds:")[1]
    for word in ("grave", "mild", "severe", "urgent", "benign", "malignan", "everyday"):
        assert word not in kinds


def test_a_changed_policy_has_a_version_of_its_own() -> None:
    versions = read_versions(FOLDER, Mistakes())
    for several in ([one.name for one in versions], [one.digest for one in versions]):
        assert len(set(several)) == len(several)
    numbers = [tuple(map(int, one.name.split("."))) for one in versions]
    assert numbers == sorted(numbers, reverse=True)
    assert all(one.change for one in versions)
    told = "add a version to versions.yaml, on top: what changed, and this digest"
    assert versions[0].digest == digest_of(FOLDER), told
    assert load_policy().version == versions[0].name


def test_files_that_belong_to_no_version_say_so(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "policies")
    with (tmp_path / "policies" / "kinds.yaml").open("a", encoding="utf-8") as kinds:
        kinds.write("# changed on the spot\n")
    assert load_policy(folder=tmp_path / "policies").version == "changed"


def test_a_policy_without_versions_does_not_start(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "policies")
    (tmp_path / "policies" / "versions.yaml").write_text("versions: []\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"versions\.yaml:1: holds no version"):
        load_policy(folder=tmp_path / "policies")
