"""Adapters, the page of clinic IT, the audit, and the demonstration clinic."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from app.deps import House
from app.staff.demo import ACCOUNT, add_demonstration
from app.storage import activations, audit, references, staff, visits, work
from model.adapters import read_adapter
from model.prompts import PROMPTS_VERSION
from tests.app.staff.cast import SignedIn

BASE = "b" * 64


def adapter_folder(house: House, name: str = "knees", base: str = BASE) -> Path:
    """A small adapter folder that a manifest describes truly."""
    folder = house.settings.data_dir / "clinic" / "adapters" / name
    folder.mkdir(parents=True)
    layer = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
    tensors = {f"{layer}.lora_{side}.weight": np.ones((2, 2), np.float32) for side in "AB"}
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 2, "target_modules": ".*language_model.*q_proj"}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "README.md").write_text("# Knees\nTrained on <b>knees</b>.")
    (folder / "metrics.json").write_text(json.dumps({"dev": {"accuracy": 0.51234}, "note": "x"}))
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
    manifest = {
        "name": f"{name}-adapter",
        "kind": "adapter",
        "base": "compact",
        "base_sha256": base,
        "prompts_version": PROMPTS_VERSION,
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def ready(house: House) -> House:
    """A house whose worker has said which base it holds."""
    with house.sessions() as session, session.begin():
        work.say(session, "worker-1", "ready", {"base_sha256": BASE, "adapter": None})
    return house


def asked_for(house: House) -> str | None:
    with house.sessions() as session:
        wish = activations.waiting(session)
        return None if wish is None else wish.adapter


def test_an_adapter_shows_its_card_and_numbers_and_can_be_asked_for(
    ready: House, signed_in: SignedIn
) -> None:
    folder = adapter_folder(ready)
    admin = signed_in("admin")
    page = admin.get("/staff/adapters").text
    assert 'data-adapter="knees" data-state="ready"' in page
    assert "dev.accuracy" in page
    assert "0.5123" in page
    assert "&lt;b&gt;knees" in page
    digest = read_adapter(folder, BASE).digest
    assert digest in page
    assert admin.post("/staff/adapters", data={"adapter": "knees"}).status_code == 303
    with ready.sessions() as session:
        wish = activations.waiting(session)
        assert wish is not None
        assert (wish.adapter, wish.sha256) == ("knees", digest)
    assert "between two jobs" in admin.get("/staff/adapters").text


def change_a_byte(folder: Path) -> None:
    data = bytearray((folder / "adapter_model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "adapter_model.safetensors").write_bytes(data)


def add_a_pickle(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"\x80\x04.")


def break_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


@pytest.mark.parametrize("harm", [change_a_byte, add_a_pickle, break_the_manifest])
def test_a_folder_that_is_not_what_it_says_is_refused_and_says_why(
    ready: House, signed_in: SignedIn, harm: object
) -> None:
    folder = adapter_folder(ready)
    assert callable(harm)
    harm(folder)
    admin = signed_in("admin")
    page = admin.get("/staff/adapters").text
    assert 'data-adapter="knees" data-state="refused"' in page
    assert "Cannot be used:" in page
    assert admin.post("/staff/adapters", data={"adapter": "knees"}).status_code == 409
    assert asked_for(ready) is None


def test_an_adapter_for_another_base_is_refused(ready: House, signed_in: SignedIn) -> None:
    adapter_folder(ready, base="c" * 64)
    admin = signed_in("admin")
    assert "another base" in admin.get("/staff/adapters").text
    for name in ("knees", "../knees", "nothing", ""):
        assert admin.post("/staff/adapters", data={"adapter": name}).status_code == 409
    assert asked_for(ready) is None


def test_the_it_page_shows_states_and_no_patient(ready: House, signed_in: SignedIn) -> None:
    with ready.sessions() as session, session.begin():
        opened = visits.open_visit(session, ready.master)
        code = visits.code_of(opened)
    page = signed_in("admin").get("/staff/clinic").text
    for words in (BASE, ready.guard.policy_version, ready.catalogue.version, "whole"):
        assert words in page
    assert code not in page
    assert opened.visit.visit_id not in page


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
