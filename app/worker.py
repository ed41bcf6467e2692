"""The worker: claims rows, asks the model, stores what came back; the only one with a model."""

import faulthandler
import os
import signal
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app.adapter_swap import open_live, swap_adapter
from app.analysis.analyse import analyse
from app.analysis.converse import Picture, Question, converse, guard_scan
from app.analysis.slice_picture import facts_of_slice, rgb_of, slice_image
from app.deps import House, open_house
from app.guardrail.check import Scan as GuardScan
from app.library_work import work_on_library
from app.logs import place_of, start_logging
from app.memory import resident_mib
from app.settings import Settings
from app.storage import scans, slices, turns, visits, work
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.tables import Scan, SliceLook, Turn
from app.storage.visits import OpenedVisit
from model.opening import Engine
from model.types import Image, ModelError

log = structlog.get_logger()
POLL_SECONDS = 0.15
BEAT_SECONDS = 5.0
Row = Turn | Scan | SliceLook
NOTHING_KNOWN = GuardScan(modality=None, region=None, plane=None)


def run_worker(settings: Settings) -> int:
    """Load the model, then work until told to stop; 1 when the model cannot be loaded."""
    start_logging()
    house = open_house(settings)
    worker_id = f"worker-{uuid.uuid4().hex[:12]}"
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    _say(house, worker_id, "loading", {})
    try:
        engine = open_live(house)
    except ModelError as error:
        log.error("model_not_loaded", error_type=type(error).__name__)
        _say(house, worker_id, "failed", {"reason": str(error)})
        print(error, flush=True)  # noqa: T201, the operator's screen
        return 1
    _free_rows(house, worker_id)
    threading.Thread(target=_beat, args=(house, worker_id, engine, stopping), daemon=True).start()
    _work_on(house, engine, worker_id, stopping)
    engine.backend.close()
    return 0


def _work_on(house: House, engine: Engine, worker_id: str, stopping: threading.Event) -> None:
    seen: dict[str, str] = {}
    forgot_at = time.monotonic()
    while not stopping.is_set():
        swap_adapter(house, engine)
        if not work_once(house, engine, worker_id, seen):
            stopping.wait(POLL_SECONDS)
        if time.monotonic() - forgot_at > BEAT_SECONDS:
            forget_erased(house, engine, seen)
            forgot_at = time.monotonic()


def forget_erased(house: House, engine: Engine, seen: dict[str, str]) -> None:
    """Drop what the backend keeps of pictures whose visit is gone; `seen` is digest to visit."""
    if not seen:
        return
    with house.sessions() as session:
        known = visits.still_there(session, set(seen.values()))
    for digest in [digest for digest, visit_id in seen.items() if visit_id not in known]:
        engine.backend.forget(digest)
        del seen[digest]


def work_once(
    house: House, engine: Engine, worker_id: str, seen: dict[str, str] | None = None
) -> bool:
    """Claim and finish one row, questions before scans; False when there is nothing to do.

    A row that hangs longer than the lease ends the process; the row is then claimed again.
    """
    with house.sessions() as session:
        row: Row | None = work.claim_turn(session, worker_id)
        row = row or work.claim_scan(session, worker_id)
        row = row or work.claim_slice_look(session, worker_id)
        if row is None:
            return work_on_library(house, engine, worker_id)
        faulthandler.dump_traceback_later(work.LEASE.total_seconds(), exit=True)
        try:
            digest = _finish(house, engine, session, row)
            if seen is not None and digest:
                seen[digest] = row.visit_id
        except Exception as error:  # whatever happens, the row gets a state with a name
            session.rollback()
            _report(row, error)
            _give_up(house, session, row, error)
        finally:
            faulthandler.cancel_dump_traceback_later()
    return True


def _finish(house: House, engine: Engine, session: Session, row: Row) -> str | None:
    """Carry out a row and commit; gives the digest of the picture the model saw."""
    started = time.monotonic()
    opened = visits.opened(session, house.master, row.visit_id)
    if opened is None:  # erased while the row was waiting
        return None
    if isinstance(row, Scan):
        digest: str | None = _look(house, engine, session, opened, row)
    elif isinstance(row, SliceLook):
        digest = _look_further(house, engine, session, opened, row)
    else:
        digest = _answer(house, engine, session, opened, row)
    session.commit()
    log.info("row_done", status=row.status, seconds=round(time.monotonic() - started, 3))
    return digest


def _look(house: House, engine: Engine, session: Session, opened: OpenedVisit, scan: Scan) -> str:
    image = rgb_of(scans.picture_of(house.blobs, opened, scan))
    facts = scans.facts_of(opened, scan)
    seen = _analysed(house, engine, facts, image)
    scan.adapter = seen.adapter
    scans.store_look(session, opened, scan, seen.look, seen.regions)
    return facts.image_digest


@dataclass(frozen=True)
class Seen:
    """What came of a look, and through which adapter."""

    look: Look
    regions: list[StoredRegion]
    adapter: str | None


def _analysed(
    house: House, engine: Engine, facts: ScanFacts, image: Image, known: str | None = None
) -> Seen:
    """Look through the adapter for this kind of picture; the model's word where no tag says it."""
    only = house.clinic.clinic.structures
    modality = facts.modality or known
    chosen = engine.for_modality(modality)
    look, regions = analyse(chosen, house.catalogue, facts, image, only=only)
    if modality is None and engine.for_modality(look.modality) is not chosen:
        chosen = engine.for_modality(look.modality)
        look, regions = analyse(chosen, house.catalogue, facts, image, only=only)
    return Seen(look, regions, chosen.backend.info().adapter)


def _look_further(
    house: House, engine: Engine, session: Session, opened: OpenedVisit, row: SliceLook
) -> str | None:
    """Look at one more slice of a series whose first one was looked at."""
    scan = scans.find(session, row.visit_id, row.scan_id)
    if scan is None:
        return None
    image = slice_image(house.blobs, opened, scan, row.slice_number)
    facts = facts_of_slice(scans.facts_of(opened, scan), row.slice_number, image)
    first = scans.look_of(opened, scan)
    seen = _analysed(house, engine, facts, image, None if first is None else first.modality)
    row.adapter = seen.adapter
    slices.store_look(opened, row, seen.look, seen.regions)
    return facts.image_digest


def _answer(house: House, engine: Engine, session: Session, opened: OpenedVisit, turn: Turn) -> str:
    picture = _picture(house, session, opened, turn)
    engine = engine.for_modality(picture.look.modality)
    question = Question(turn.kind, turns.question_of(opened, turn), turn.language)
    may_use = engine.current().may_use_category
    answered = converse(
        engine.backend,
        house.guard,
        picture,
        question,
        may_use_category=may_use,
        questions_adapter=engine.questions_adapter(),
    )
    turns.store_answer(opened, turn, answered)
    return picture.facts.image_digest


def _picture(house: House, session: Session, opened: OpenedVisit, turn: Turn) -> Picture:
    scan = scans.find(session, turn.visit_id, turn.scan_id or "")
    look = None if scan is None else scans.look_of(opened, scan)
    if scan is None or look is None:
        raise ModelError("a question about a scan that was not looked at")
    if turn.slice_number is not None:
        return _slice_picture(house, session, opened, scan, look, turn.slice_number)
    return Picture(
        image=rgb_of(scans.picture_of(house.blobs, opened, scan)),
        facts=scans.facts_of(opened, scan),
        look=look,
        regions=tuple(scans.regions_of(session, opened, scan)),
    )


def _slice_picture(
    house: House, session: Session, opened: OpenedVisit, scan: Scan, look: Look, number: int
) -> Picture:
    """A further slice; where nobody looked at it, it is known as its series is, without parts."""
    image = slice_image(house.blobs, opened, scan, number)
    facts = facts_of_slice(scans.facts_of(opened, scan), number, image)
    row = slices.look_at(session, scan, number)
    seen = None if row is None else slices.seen_in(opened, row)
    known, regions = seen or (look, [])
    return Picture(image, facts, known, tuple(regions))


def _report(row: Row, error: Exception) -> None:
    names = {"turn_id": row.turn_id} if isinstance(row, Turn) else {"scan_id": row.scan_id}
    log.error("row_failed", error_type=type(error).__name__, where=place_of(error), **names)


def _give_up(house: House, session: Session, row: Row, error: Exception) -> None:
    """Try the row again later; a question that failed for good gets the neutral text."""
    work.give_back(row, type(error).__name__)
    opened = visits.opened(session, house.master, row.visit_id)
    if isinstance(row, Turn) and row.status == "failed" and opened is not None:
        turns.store_answer(opened, row, _neutral(house, session, opened, row))
    session.commit()


def _neutral(house: House, session: Session, opened: OpenedVisit, turn: Turn) -> turns.Answered:
    scan = scans.find(session, turn.visit_id, turn.scan_id or "")
    look = None if scan is None else scans.look_of(opened, scan)
    known = None if look is None else guard_scan(look, ())
    verdict = house.guard.check_answer("", "", turn.language, known or NOTHING_KNOWN)
    return turns.Answered(
        raw="",
        shown=verdict.text,
        verdict=verdict.verdict,
        rule="model_failed",
        policy_version=verdict.policy_version,
        adapter=None,
        model_seconds=0.0,
        mean_logprob=0.0,
    )


def _free_rows(house: House, worker_id: str) -> None:
    if house.settings.workers:  # with workers apart, another one may hold rows rightly
        with house.sessions() as session, session.begin():
            work.free_claims_of_others(session, worker_id)


def _beat(house: House, worker_id: str, engine: Engine, stopping: threading.Event) -> None:
    parent = os.getppid()
    while not stopping.is_set():
        if house.settings.workers and os.getppid() != parent:
            stopping.set()  # the server was killed: do not live on without it
        info = engine.backend.info()
        loaded: dict[str, Any] = {
            "base_sha256": info.base_sha256,
            "adapter": info.adapter,
            "device": info.device,
        }
        loaded |= {"base": info.base, "adapter_tensors": info.adapter_tensors}
        loaded |= {"probe_change": info.probe_change, "memory_mib": resident_mib()}
        loaded["model_mib"] = info.resident_bytes // 1_048_576
        loaded["specials"] = {
            modality: one.backend.info().adapter for modality, one in list(engine.specials.items())
        }
        _say(house, worker_id, "ready", loaded)
        stopping.wait(BEAT_SECONDS)


def _say(house: House, worker_id: str, state: str, loaded: dict[str, Any]) -> None:
    with house.sessions() as session, session.begin():
        work.say(session, worker_id, state, loaded)
