"""The clinic's settings over HTTP: tried before written, kept as files, seen by patients."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.deps import House
from app.guardrail.check import Scan
from app.staff.clinic_settings import edition
from app.storage import audit
from tests.app.staff.cast import SignedIn
from tests.builders import drawn_slice, png_bytes

FORM = {
    "name": "Clinic by the River",
    "colour": "#5a2d82",
    "retention_hours": "12",
    "emergency_number": "113",
    "crisis_line": "0800 0113",
    "language_nl": "yes",
    "language_ar": "yes",
    "words_en": "Ring the red bell beside the door.",
    "who_0": "Front desk",
    "where_0": "020 555 0100",
    "section_pictures": "2",
    "section_questions": "1",
    "exam_levels": "cancer follow-up: anatomy",
}


def post(client: TestClient, house: House, act: str, **said: str) -> tuple[int, str]:
    data = FORM | {"act": act, "edition": edition(house, "clinic.yaml")} | said
    answer = client.post("/staff/settings", data=data)
    return answer.status_code, answer.text


def file_of(house: House, name: str = "clinic.yaml") -> Path:
    return house.settings.data_dir / "clinic" / name


def test_a_change_is_shown_first_and_written_when_saved(
    house: House, signed_in: SignedIn, anybody: Callable[[], TestClient]
) -> None:
    admin = signed_in("admin")
    status, page = post(admin, house, "preview")
    assert status == 200
    assert "+name: Clinic by the River" in page
    assert "Ring the red bell" in page
    assert "preview.css?colour=%235a2d82" in page
    assert not file_of(house).exists()
    assert post(admin, house, "save")[0] == 303
    clinic = house.clinic.clinic
    assert (clinic.name, clinic.retention_hours, clinic.crisis_line) == (
        "Clinic by the River",
        12,
        "0800 0113",
    )
    assert house.clinic.languages == ("en", "nl", "ar")
    assert clinic.report_sections == ("questions", "pictures")
    assert clinic.exam_levels == {"cancer follow-up": "anatomy"}
    patient = anybody().get("/").text
    assert "Clinic by the River" in patient
    assert "Ring the red bell" in patient
    assert '<link rel="stylesheet" href="/clinic/colours.css">' in patient
    assert 'data-testid="language-de"' not in patient
    assert "--primary:#5a2d82" in anybody().get("/clinic/colours.css").text
    with house.sessions() as session:
        assert audit.latest(session)[0].action == "settings.change"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"colour": "#ffee66"}, "contrast 1.0"),
        ({"colour": "blue"}, "must be a colour"),
        ({"retention_hours": "0"}, "whole number of hours"),
        ({"name": "x" * 81}, "longer than 80"),
        ({"structures": "liver\ntumour"}, "unknown structure"),
        ({"exam_levels": "chest: full"}, "none of hold, anatomy, guarded"),
        ({"weight_same_age": "-3"}, "same_age must not be less than near_age"),
        ({"weight_level": "many"}, "must be a number"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_with_its_line_and_changes_nothing(
    house: House, signed_in: SignedIn, said: dict[str, str], words: str
) -> None:
    status, page = post(signed_in("admin"), house, "save", **said)
    assert status == 422
    assert words in page
    assert "clinic.yaml:" in page
    assert not file_of(house).exists()


def test_two_people_at_once_do_not_overwrite_each_other(house: House, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    before = edition(house, "clinic.yaml")
    assert post(admin, house, "save")[0] == 303
    status, page = post(admin, house, "save", edition=before, name="Another name")
    assert status == 422
    assert "Somebody else changed this file" in page
    assert "+name: Another name" in page
    assert house.clinic.clinic.name == "Clinic by the River"


def test_an_earlier_file_can_be_put_back(house: House, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    post(admin, house, "save")
    post(admin, house, "save", name="Hilltop")
    kept = sorted((file_of(house).parent / "earlier").iterdir())
    assert admin.post("/staff/settings/earlier", data={"kept": kept[0].name}).status_code == 303
    assert house.clinic.clinic.name == "Clinic by the River"
    for made_up in ("../clinic.yaml", "20260101-000000-000000-clinic.yaml", ""):
        answer = admin.post("/staff/settings/earlier", data={"kept": made_up})
        assert answer.status_code == 404


def test_a_file_broken_by_hand_is_said_and_the_last_good_one_holds(
    house: House, signed_in: SignedIn
) -> None:
    admin = signed_in("admin")
    post(admin, house, "save")
    file_of(house).write_text("name: Hilltop\ncolor: '#0b5c63'\n", encoding="utf-8")
    assert house.clinic.clinic.name == "Clinic by the River"
    assert "clinic.yaml:2: unknown key &#39;color&#39;" in admin.get("/staff/settings").text


def test_a_logo_is_written_anew_and_stands_on_every_page(
    house: House, signed_in: SignedIn, anybody: Callable[[], TestClient]
) -> None:
    admin = signed_in("admin")
    big = png_bytes(drawn_slice(900)) + b"<script>tail</script>"
    answer = admin.post(
        "/staff/settings/logo", data={"act": "save"}, files={"file": ("logo.png", big)}
    )
    assert answer.status_code == 303
    logo = anybody().get("/clinic/logo.png").content
    assert b"tail" not in logo
    assert Image.open(io.BytesIO(logo)).size == (200, 200)
    assert 'src="/clinic/logo.png"' in anybody().get("/").text
    refused = admin.post(
        "/staff/settings/logo", data={"act": "save"}, files={"file": ("logo.png", b"no picture")}
    )
    assert refused.status_code == 422
    assert admin.post("/staff/settings/logo", data={"act": "remove"}).status_code == 303
    assert anybody().get("/clinic/logo.png").status_code == 404


def test_a_policy_is_tried_on_sentences_before_it_is_written(
    house: House, signed_in: SignedIn
) -> None:
    admin = signed_in("admin")
    said = {
        "policy": "alarm_phrases: {en: [the zorbing hum]}",
        "samples": "the zorbing hum is here",
        "edition": edition(house, "policy.yaml"),
    }
    page = admin.post("/staff/settings/policy", data=said | {"act": "preview"}).text
    assert "<strong>escalate" in page
    assert not file_of(house, "policy.yaml").exists()
    saved = admin.post("/staff/settings/policy", data=said | {"act": "save"})
    assert saved.status_code == 303
    assert house.guard.check_question(said["samples"], "en", Scan()).verdict == "escalate"
    wrong = said | {"policy": "alarms: 1", "act": "save", "edition": edition(house, "policy.yaml")}
    answer = admin.post("/staff/settings/policy", data=wrong)
    assert answer.status_code == 422
    assert "policy.yaml:1: unknown key" in answer.text


def test_the_report_can_be_seen_with_the_change(house: House, signed_in: SignedIn) -> None:
    answer = signed_in("admin").post("/staff/settings", data=FORM | {"act": "report"})
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert not file_of(house).exists()


def test_writing_leaves_no_half_file(house: House, signed_in: SignedIn) -> None:
    post(signed_in("admin"), house, "save")
    assert [n for n in os.listdir(file_of(house).parent) if n.startswith(".")] == []
