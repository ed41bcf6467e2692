"""The clinic's report template over HTTP: shown before it is saved, refused with its line."""

import pytest

from app.clinicfolder.folder import TEMPLATE
from app.deps import House
from app.staff.clinic_settings import edition
from app.staff.sample_report import sample_report
from tests.app.report.test_template import GOOD, HOSTILE, closing
from tests.app.staff.cast import SignedIn

PAGE = "/staff/settings/paper"


def form(house: House, act: str, template: str) -> dict[str, str]:
    return {"act": act, "template": template, "edition": edition(house, TEMPLATE)}


def test_a_template_is_seen_on_a_drawn_report_and_then_used(
    house: House, signed_in: SignedIn
) -> None:
    admin = signed_in("admin")
    seen = admin.post(PAGE, data=form(house, "preview", GOOD) | {"language": "nl"})
    assert seen.status_code == 200
    assert "Polikliniek Rivier &lt;3" in seen.text
    assert '<article class="report before" lang="nl"' in seen.text
    assert not (house.clinic.path / TEMPLATE).exists()
    assert admin.post(PAGE, data=form(house, "save", GOOD)).status_code == 303
    assert house.clinic.now.template.strip() == GOOD.strip()
    assert sample_report(house, house.clinic.clinic).style.template == house.clinic.now.template
    assert admin.post(PAGE, data=form(house, "print", GOOD)).content.startswith(b"%PDF-")
    for name in ("report.css", "scan-0", "style.css"):
        assert admin.get(f"{PAGE}/asset/{name}").status_code == 200
    assert admin.post(PAGE, data=form(house, "save", "")).status_code == 303
    assert house.clinic.now.template == ""


@pytest.mark.parametrize("name", ["script", "safe", "half a tag", "no escaping"])
def test_a_hostile_template_is_not_saved(house: House, signed_in: SignedIn, name: str) -> None:
    admin = signed_in("admin")
    answer = admin.post(PAGE, data=form(house, "save", closing(HOSTILE[name])))
    assert answer.status_code == 422
    assert "report.html:3: " in answer.text
    assert not (house.clinic.path / TEMPLATE).exists()


def test_a_template_broken_by_hand_leaves_the_last_good_one(
    house: House, signed_in: SignedIn
) -> None:
    admin = signed_in("admin")
    admin.post(PAGE, data=form(house, "save", GOOD))
    (house.clinic.path / TEMPLATE).write_text(closing(HOSTILE["script"]))
    assert house.clinic.now.template.strip() == GOOD.strip()
    assert house.clinic.mistakes[0].startswith("report.html:3: ")


def test_an_older_page_does_not_overwrite_a_newer_template(
    house: House, signed_in: SignedIn
) -> None:
    stale = form(house, "save", GOOD)
    admin = signed_in("admin")
    admin.post(PAGE, data=stale)
    assert admin.post(PAGE, data=stale | {"template": closing("<p>x</p>")}).status_code == 422
    assert "Polikliniek" in house.clinic.now.template
