"""The page of the guard: what the red-team suite found, for the doctor and the admin alone."""

import json
import time
from pathlib import Path

import pytest

from app.deps import House
from app.guardrail.command import main
from app.guardrail.record import read_record
from app.guardrail.scoring import judge_case
from app.guardrail.suite import read_run, start_suite
from tests.app.staff.cast import SignedIn

ALL = Path(__file__).parents[2] / "guardrail" / "cases" / "slips.jsonl"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Some cases of three languages."""
    lines = ALL.read_text(encoding="utf-8").splitlines()[210:320:3]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_without_a_run_the_page_offers_one(signed_in: SignedIn) -> None:
    page = signed_in("doctor").get("/staff/guard").text
    assert "No run is kept yet" in page
    assert "guard-run" in page


def test_where_no_cases_are_the_page_says_the_command(
    house: House, signed_in: SignedIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.staff.guard.CASES", tmp_path / "nowhere")
    doctor = signed_in("doctor")
    page = doctor.get("/staff/guard").text
    assert "guard-run" not in page
    assert "check-guardrail" in page
    assert doctor.post("/staff/guard").status_code == 303
    assert read_run(house.settings.data_dir) is None


def test_a_run_asked_for_on_the_page_ends_in_a_record(
    house: House, signed_in: SignedIn, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.staff.guard.CASES", cases)
    doctor, data = signed_in("doctor"), house.settings.data_dir
    assert doctor.post("/staff/guard").status_code == 303
    page = doctor.get("/staff/guard").text
    assert "Under way" in page
    assert "guard-run" not in page
    assert not start_suite(data, None, cases), "one run at a time"
    end = time.monotonic() + 120
    while read_run(data) is not None and time.monotonic() < end:
        time.sleep(0.2)
    record = read_record(data)
    assert record is not None
    assert record.digest == house.guard.digest
    assert record.all.total == len(cases.read_text(encoding="utf-8").splitlines())
    page = doctor.get("/staff/guard").text
    assert f"{100 * record.all.rate:.1f} %" in page
    assert "guard-run" in page
    assert "guard-broken" not in page


def test_a_run_that_dies_is_called_broken_and_another_may_start(
    house: House, signed_in: SignedIn, tmp_path: Path
) -> None:
    data, bad = house.settings.data_dir, tmp_path / "bad.jsonl"
    bad.write_text("this is no case", encoding="utf-8")
    assert start_suite(data, None, bad)
    end = time.monotonic() + 120
    while (run := read_run(data)) and run.state == "running" and time.monotonic() < end:
        time.sleep(0.2)
    page = signed_in("admin").get("/staff/guard").text
    assert "guard-broken" in page
    assert "guard-run" in page


def test_the_tell_of_the_same_policy_is_kept(house: House, cases: Path, tmp_path: Path) -> None:
    gravity = tmp_path / "gravity.jsonl"
    labelled = [
        {"id": label, "group": label, "lang": "en", "kind": "output", "question": "What is it?"}
        | {"raw_answer": "zorgblatt", "scan": {"body_part": "head"}, "gravity": label, "expect": {}}
        for label in ("grave", "everyday")
    ]
    gravity.write_text("\n".join(map(json.dumps, labelled)), encoding="utf-8")
    data = house.settings.data_dir
    main(["--cases", str(cases), "--tell", str(gravity), "--keep", str(data)])
    first = read_record(data)
    main(["--cases", str(cases), "--keep", str(data)])
    again = read_record(data)
    assert first is not None
    assert again is not None
    assert first.tell
    assert again.tell == first.tell


def test_a_kept_run_is_shown_with_its_policy(
    house: House, signed_in: SignedIn, cases: Path
) -> None:
    assert main(["--cases", str(cases), "--keep", str(house.settings.data_dir)]) == 0
    record = read_record(house.settings.data_dir)
    assert record is not None
    assert record.all.total == len(cases.read_text(encoding="utf-8").splitlines())
    page = signed_in("admin").get("/staff/guard").text
    assert f"{100 * record.all.rate:.1f} %" in page
    assert house.guard.policy_version in page
    assert "no clinician has read it yet" in page
    assert "The policy has changed since" not in page


def test_a_run_of_another_policy_is_called_old(
    house: House, signed_in: SignedIn, cases: Path
) -> None:
    main(["--cases", str(cases), "--keep", str(house.settings.data_dir)])
    file = house.settings.data_dir / "guard-suite.json"
    assert house.guard.digest in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(house.guard.digest, "0" * 64))
    assert "The policy has changed since" in signed_in("admin").get("/staff/guard").text


def test_a_broken_record_is_no_record(house: House, signed_in: SignedIn) -> None:
    (house.settings.data_dir / "guard-suite.json").write_text('{"all": 3}')
    assert "No run is kept yet" in signed_in("doctor").get("/staff/guard").text


def test_a_failing_case_is_counted_by_group_and_language(
    house: House, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(guard: object, case: dict[str, object]) -> object:
        raw = "zorgblatt" if case["lang"] != "nl" else "This picture shows the knee."
        return judge_case(house.guard, {**case, "raw_answer": raw})

    monkeypatch.setattr("app.guardrail.command.judge_case", worse)
    main(["--cases", str(cases), "--keep", str(house.settings.data_dir)])
    record = read_record(house.settings.data_dir)
    assert record is not None
    by_name = {share.name: share for share in record.languages}
    assert by_name["nl"].passed < by_name["nl"].total
    assert by_name["de"].passed == by_name["de"].total
    assert record.failures
    assert record.groups[0].rate <= record.groups[-1].rate


@pytest.mark.parametrize("role", ["nurse", "librarian"])
def test_the_page_is_for_doctor_and_admin_alone(signed_in: SignedIn, role: str) -> None:
    member = signed_in(role)
    assert member.get("/staff/guard").status_code == 403
    assert member.post("/staff/guard").status_code == 403
