"""Adapters: card, gate, refusals, activation, one per modality, falling back, no paths shown."""

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import adapter_swap
from app.deps import House
from app.gate.gate import judge, requirements
from app.storage import activations, scans, visits
from app.storage.tables import Activation
from app.worker import work_once
from model.adapters import read_adapter
from model.manifest import read_manifest
from model.opening import Engine, open_engine
from model.scripted import ScriptedBackend
from model.types import Request
from tests.app.staff.adapter_folders import (
    BASE,
    GOOD,
    adapter_folder,
    add_a_pickle,
    break_the_manifest,
    change_a_byte,
    page_of,
    take_it_away,
)
from tests.app.staff.cast import SignedIn
from tests.builders import stored_scan
from tests.scripted_model import said_of_picture, scripted_engine


def script(request: Request) -> str:
    """As a trained model answers: a black picture is no scan and holds nothing."""
    if not request.image.any():
        return "" if request.prefix.startswith("segment") else "not a scan"
    return said_of_picture(request, "this is the liver")


@pytest.fixture
def engine() -> Engine:
    return scripted_engine(ScriptedBackend(script, adapter="shipped"))


def asked_for(house: House) -> str | None:
    with house.sessions() as session:
        wish = activations.waiting(session)
        return None if wish is None else wish.adapter


def newest(house: House) -> Activation:
    with house.sessions() as session:
        return activations.latest(session)[0]


def test_an_adapter_shows_its_card_and_numbers_and_can_be_asked_for(
    ready: House, signed_in: SignedIn
) -> None:
    digest = read_adapter(adapter_folder(ready), BASE).digest
    admin = signed_in("admin")
    page = admin.get("/staff/adapters").text
    assert 'data-adapter="knees" data-state="ready"' in page
    assert "0.951" in page
    assert "&lt;b&gt;knees" in page
    assert digest in page
    assert admin.post("/staff/adapters", data={"adapter": "knees"}).status_code == 303
    with ready.sessions() as session:
        wish = activations.waiting(session)
        assert wish is not None
        assert (wish.adapter, wish.sha256) == ("knees", digest)
    assert "between two jobs" in admin.get("/staff/adapters").text


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (change_a_byte, "is not the file the adapter's manifest describes."),
        (add_a_pickle, "extra.bin is something else."),
        (break_the_manifest, "is not readable JSON."),
    ],
)
def test_a_folder_that_is_not_what_it_says_is_refused_with_one_sentence(
    ready: House, signed_in: SignedIn, harm: Callable[[Path], None], sentence: str
) -> None:
    harm(adapter_folder(ready))
    page = page_of(signed_in)
    assert 'data-adapter="knees" data-state="refused"' in page
    said = re.findall(r"Cannot be used: ([^<]+)</p>", page)[-1]  # the shipped one stands first
    assert said.endswith(sentence)
    answer = signed_in("admin").post("/staff/adapters", data={"adapter": "knees"})
    assert answer.status_code == 409
    assert "Its card says why" in answer.text
    assert asked_for(ready) is None


@pytest.mark.parametrize(
    ("made_for", "sentence"),
    [
        ({"base": "c" * 64}, "was made for another base model"),
        ({"prompts": "0"}, "was trained with prefixes of version 0"),
    ],
)
def test_an_adapter_for_something_else_is_refused(
    ready: House, signed_in: SignedIn, made_for: dict[str, str], sentence: str
) -> None:
    adapter_folder(ready, **made_for)
    assert sentence in page_of(signed_in)
    for name in ("knees", "../knees", "nothing", "", "general"):
        answer = signed_in("admin").post("/staff/adapters", data={"adapter": name})
        assert answer.status_code == 409
    assert asked_for(ready) is None


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"region_accuracy": 0.61}, "Names the part of the body: 0.610, at least 0.800"),
        ({"vqa": {}}, "Answers yes and no better than on a blank picture: not measured"),
        ({"medpix": {}}, "Names the kind of picture: not measured, at least 0.800"),
        (
            {"shortcuts": {**GOOD["shortcuts"], "blank_scan_share": 1.0}},
            "Takes a black picture for a scan, as pictures are judged for patients: 1, at most 0",
        ),
        (
            {
                "shortcuts": {
                    **GOOD["shortcuts"],
                    "blank_answers": {
                        "modality": "not a scan",
                        "plane": "coronal",
                        "region": "not a scan",
                    },
                }
            },
            "Calls a black picture no scan in every word",
        ),
        ({"measured_for": "another"}, "not measured with this very adapter"),
    ],
)
def test_the_gate_says_why_it_is_closed(
    ready: House, signed_in: SignedIn, figures: dict[str, Any], said: str
) -> None:
    adapter_folder(ready, **figures)
    page = page_of(signed_in)
    assert said in page
    assert 'data-adapter="knees" data-state="refused"' in page
    assert signed_in("admin").post("/staff/adapters", data={"adapter": "knees"}).status_code == 409
    assert asked_for(ready) is None


def test_the_shipped_adapter_passes_the_gate(house: House, compact_model: Path) -> None:
    folder = compact_model / "adapter"
    manifest = read_manifest(folder)
    assert manifest is not None
    found = judge(manifest, json.loads((folder / "metrics.json").read_text()), house.guard)
    assert [(one.requirement.key, one.measured) for one in found.refusing] == []
    assert found.is_open


def test_every_threshold_has_exactly_one_side() -> None:
    listed = [one for section in requirements().values() for one in section]
    assert all((one.least is None) != (one.most is None) for one in listed)
    assert len({one.key for one in listed}) == len(listed)


def test_no_page_of_an_adapter_shows_where_data_lie(
    ready: House, signed_in: SignedIn, engine: Engine
) -> None:
    folder = adapter_folder(ready)
    signed_in("admin").post("/staff/adapters", data={"adapter": "knees"})
    take_it_away(folder)
    adapter_swap.swap_adapter(ready, engine)
    page = page_of(signed_in) + html.unescape(signed_in("admin").get("/staff/clinic").text)
    assert "There is no adapter folder knees." in page
    assert str(ready.settings.data_dir) not in page


def test_the_worker_takes_over_and_back_between_two_jobs(
    ready: House, signed_in: SignedIn, engine: Engine
) -> None:
    adapter_folder(ready)
    admin = signed_in("admin")
    admin.post("/staff/adapters", data={"adapter": "knees"})
    adapter_swap.swap_adapter(ready, engine)
    assert newest(ready).status == "live"
    assert (engine.backend.info().adapter or "").endswith("knees")
    assert 'data-adapter="knees" data-state="live"' in admin.get("/staff/adapters").text
    with ready.sessions() as session, session.begin():
        activations.ask(session, activations.SHIPPED, "", None)
    adapter_swap.swap_adapter(ready, engine)
    with ready.sessions() as session:
        assert [row.status for row in activations.latest(session)] in (
            ["live", "past"],
            ["refused", "live"],  # in a copy without the shipped adapter
        )


def test_a_folder_changed_after_it_was_asked_for_is_not_taken(
    ready: House, signed_in: SignedIn, engine: Engine
) -> None:
    folder = adapter_folder(ready)
    signed_in("admin").post("/staff/adapters", data={"adapter": "knees"})
    shutil.rmtree(folder)
    adapter_folder(ready, region_accuracy=0.99)
    adapter_swap.swap_adapter(ready, engine)
    assert newest(ready).failure == "The adapter knees-adapter has changed since it was activated."
    assert engine.backend.info().adapter == "shipped"


def test_an_adapter_that_sees_something_in_blackness_is_not_taken(
    ready: House, signed_in: SignedIn
) -> None:
    blind = scripted_engine(ScriptedBackend(lambda r: said_of_picture(r, "liver"), adapter="old"))
    adapter_folder(ready)
    signed_in("admin").post("/staff/adapters", data={"adapter": "knees"})
    adapter_swap.swap_adapter(ready, blind)
    assert newest(ready).status == "refused"
    assert "black picture" in (newest(ready).failure or "")
    assert blind.backend.info().adapter == "old"


def test_one_kind_of_picture_may_have_an_adapter_of_its_own(
    ready: House, signed_in: SignedIn, engine: Engine
) -> None:
    adapter_folder(ready)
    admin = signed_in("admin")
    wish = {"adapter": "knees", "modality": "MR"}
    assert admin.post("/staff/adapters", data=wish | {"modality": "other"}).status_code == 409
    assert admin.post("/staff/adapters", data=wish).status_code == 303
    adapter_swap.swap_adapter(ready, engine)
    assert through(ready, engine, "MR") == "knees"
    assert through(ready, engine, "CT") == "shipped"
    assert "for MR alone" in page_of(signed_in)
    again = scripted_engine(ScriptedBackend(script, adapter="shipped"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter_swap, "open_engine", lambda *_, **__: again)
        assert through(ready, adapter_swap.open_live(ready), "MR") == "knees"
    admin.post("/staff/adapters", data={"adapter": "general", "modality": "MR"})
    adapter_swap.swap_adapter(ready, engine)
    assert through(ready, engine, "MR") == "shipped"


def through(house: House, engine: Engine, modality: str) -> str | None:
    """The adapter through which a fresh scan of this kind is looked at."""
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
    scan_id = stored_scan(house, opened, modality=modality).scan_id
    assert work_once(house, engine, "w1")
    with house.sessions() as session:
        scan = scans.find(session, opened.visit.visit_id, scan_id)
        assert scan is not None
        return scan.adapter


@pytest.mark.parametrize("harm", [change_a_byte, take_it_away, add_a_pickle])
def test_a_live_adapter_that_no_longer_loads_does_not_stop_the_worker(
    ready: House,
    signed_in: SignedIn,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], None],
) -> None:
    folder = adapter_folder(ready)
    with ready.sessions() as session, session.begin():
        digest = read_adapter(folder, BASE).digest
        activations.mark_live(session, activations.ask(session, "knees", digest, None))
    harm(folder)
    monkeypatch.setattr(adapter_swap, "open_engine", lambda *_, **__: engine)
    assert adapter_swap.open_live(ready).backend.info().adapter == "shipped"
    for page in ("/staff/adapters", "/staff/clinic"):
        assert "could not be loaded again" in signed_in("admin").get(page).text


def test_a_real_model_swaps_a_real_adapter_and_proves_it(house: House, compact_model: Path) -> None:
    engine = open_engine()
    before = engine.backend.info()
    folder = house.settings.data_dir / "clinic" / "adapters" / "copy"
    shutil.copytree(compact_model / "adapter", folder)
    digest = read_adapter(folder, before.base_sha256).digest
    for modality in ("", "MR"):
        with house.sessions() as session, session.begin():
            activations.ask(session, "copy", digest, None, modality)
        adapter_swap.swap_adapter(house, engine)
        assert newest(house).status == "live", newest(house).failure
    info = engine.for_modality("MR").backend.info()
    assert info.adapter_tensors == before.adapter_tensors > 0
    assert info.probe_change > 0
    assert engine.for_modality("CT") is engine
    engine.backend.close()
