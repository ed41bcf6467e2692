"""The page of clinic IT, the audit, and the demonstration clinic."""

import html
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from starlette.testclient import TestClient

from app.deps import House
from app.staff.demo import ACCOUNT, add_demonstration
from app.storage import alerts, audit, references, staff, tokens, visits, work
from model.adapters import read_adapter
from model.manifest import read_manifest
from tests.app.staff.adapter_folders import BASE
from tests.app.staff.cast import SignedIn


def test_the_it_page_shows_states_and_no_patient(ready: House, signed_in: SignedIn) -> None:
    with ready.sessions() as session, session.begin():
        opened = visits.open_visit(session, ready.master)
        code = visits.code_of(opened)
    page = signed_in("admin").get("/staff/clinic").text
    for words in (BASE, ready.guard.policy_version, ready.catalogue.version, "whole"):
        assert words in page
    assert code not in page
    assert opened.visit.visit_id not in page


def test_the_it_page_names_the_digest_of_the_shipped_adapter(
    house: House, signed_in: SignedIn, compact_model: Path
) -> None:
    """It stands there before anybody activated one; a worker with no adapter shows none."""
    manifest = read_manifest(compact_model / "adapter")
    assert manifest is not None
    base = manifest.base_sha256
    assert base is not None
    digest = read_adapter(compact_model / "adapter", base).digest
    admin = signed_in("admin")
    for adapter, is_said in (("shipped-one", True), (None, False)):
        with house.sessions() as session, session.begin():
            work.say(session, "worker-1", "ready", {"base_sha256": base, "adapter": adapter})
        page = admin.get("/staff/clinic").text
        assert base in page
        assert (digest in page) is is_said


def test_staff_pages_do_not_carry_what_is_said_to_patients(
    house: House, signed_in: SignedIn
) -> None:
    purpose = house.guard.fixed("intended_purpose", "en")
    for role, address in (("nurse", "visits"), ("librarian", "references"), ("admin", "clinic")):
        page = signed_in(role).get(f"/staff/{address}").text
        assert purpose not in html.unescape(page)
        assert "Call the nurse" not in page


def test_the_metrics_say_what_the_it_page_says(
    ready: House, signed_in: SignedIn, anybody: Callable[[], TestClient]
) -> None:
    with ready.sessions() as session, session.begin():
        token = tokens.add(session, ready.master, "monitor", "metrics")
        opened = visits.open_visit(session, ready.master)
        alerts.raise_alert(session, opened.visit.visit_id, "help", is_silent=False)
        visits.close(session, visits.open_visit(session, ready.master).visit)
        work.say(session, "worker-1", "ready", {"adapter_tensors": 166, "probe_change": 5.25})
    client = anybody()
    assert client.get("/metrics").status_code == 401
    said = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    found = dict(line.rsplit(" ", 1) for line in said.splitlines() if not line.startswith("#"))
    page = " ".join(signed_in("admin").get("/staff/clinic").text.split())
    shown = {
        "open visits": "visits_open",
        "closed, erased within ten minutes": "visits_closed",
        "should be erased and is not": "erasures_overdue",
        "pictures left over, unreadable": "erasures_failed",
    }
    for words, name in shown.items():
        assert f"<dt>{words}</dt><dd>{found[f'anteroom_{name}']}</dd>" in page, words
    assert f'<span class="tag calling">{found["anteroom_alerts_unseen"]}</span>' in page
    assert found["anteroom_worker_ready"] == "1"
    assert found["anteroom_audit_whole"] == "1"
    assert float(found["anteroom_adapter_tensors"]) == 166
    assert float(found["anteroom_adapter_probe_change"]) == 5.25
    assert opened.visit.visit_id not in said


def test_a_tampered_audit_is_said_in_red(house: House, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    with house.sessions() as session, session.begin():
        audit.latest(session)[-1].actor = "Dan"
    page = admin.get("/staff/clinic").text
    assert "broken at event 1" in page
    assert "broken at event 1" in admin.get("/staff/clinic/audit").text


def test_the_audit_is_exported_whole(house: House, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    lines = admin.get("/staff/clinic/audit.csv").text.splitlines()
    assert lines[0] == "number,at,actor,action,subject,previous,digest"
    assert lines[-1].split(",")[3] == "audit.export"
    numbers = [int(line.split(",")[0]) for line in lines[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    only = admin.get("/staff/clinic/audit?actor=console").text
    assert only.count("<code>staff.add</code>") == 4
    assert "staff.sign_in" not in only


def test_the_demonstration_can_be_added_twice(house: House) -> None:
    first, second = add_demonstration(house), add_demonstration(house)
    assert first[0].startswith("27 ")
    assert second[0].startswith("0 ")
    with house.sessions() as session:
        rows = references.approved(session)
        assert len(rows) == 27
        assert all(row.is_drawn and row.licence for row in rows)
        known = set(house.catalogue.structures)
        assert all(set(row.structures) <= known for row in rows)
        assert staff.by_name(session, ACCOUNT) is not None
        assert len(visits.all_open(session)) == 1
        sizes = {Image.open(io.BytesIO(references.picture_of(house.blobs, r))).size for r in rows}
    assert sizes == {(448, 448)}
    password = first[1].rpartition(" ")[2]
    assert len(password) >= 16
    assert password not in second[1]
