"""One row of work from claim to commit: the picture, the model, the guard, what is stored."""

import time
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app.analysis.analyse import Through, analyse
from app.analysis.converse import Picture, Question, converse, guard_scan
from app.analysis.slice_picture import facts_of_slice, rgb_of, slice_image
from app.deps import House
from app.guardrail.check import Scan as GuardScan
from app.library_work import work_on_library
from app.logs import place_of
from app.storage import scans, slices, turns, visits, work
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.tables import Scan, SliceLook, Turn
from app.storage.visits import OpenedVisit
from app.watchdog import Watchdog
from model.adapters import BASE_ALONE
from model.opening import Engine
from model.types import Completion, Image, ModelError

log = structlog.get_logger()
Row = Turn | Scan | SliceLook
NOTHING_KNOWN = GuardScan(modality=None, region=None, plane=None)


@dataclass(frozen=True)
class Desk:
    """Where rows are worked on.

    Args:
        house: the data.
        engine: the model.
        worker_id: who claims.
        seen: pictures the model was asked about, digest to visit.
        watchdog: ends the process when a row hangs.
    """

    house: House
    engine: Engine
    worker_id: str
    seen: dict[str, str]
    watchdog: Watchdog


def answer_once(desk: Desk) -> bool:
    """Claim and finish one question; False when none waits."""
    with desk.house.sessions() as session:
        row = work.claim_turn(session, desk.worker_id)
        return row is not None and _carry_out(desk, session, row)


def look_once(desk: Desk) -> bool:
    """Claim and finish one scan, slice or part of a library job; False when nothing waits."""
    with desk.house.sessions() as session:
        row: Row | None = work.claim_scan(session, desk.worker_id)
        row = row or work.claim_slice_look(session, desk.worker_id)
        if row is not None:
            return _carry_out(desk, session, row)
    with desk.watchdog.watching():
        return work_on_library(desk.house, desk.engine, desk.worker_id)


def _carry_out(desk: Desk, session: Session, row: Row) -> bool:
    """Finish a claimed row, whatever happens; one whose visit is gone by now is dropped."""
    visit_id = row.visit_id  # a row that was erased meanwhile can no longer say
    try:
        with desk.watchdog.watching():
            _finish(desk, session, row)
    except Exception as error:  # whatever happens, the row gets a state with a name
        session.rollback()
        if visits.still_there(session, {visit_id}):
            _report(row, error)
            _give_up(desk.house, session, row, error)
    return True


def _finish(desk: Desk, session: Session, row: Row) -> None:
    """Carry out a row and commit."""
    started = time.monotonic()
    opened = visits.opened(session, desk.house.master, row.visit_id)
    if opened is None:  # erased while the row was waiting
        return
    if isinstance(row, Scan):
        _look(desk, session, opened, row)
    elif isinstance(row, SliceLook):
        _look_further(desk, session, opened, row)
    else:
        _answer(desk, session, opened, row)
    session.commit()
    log.info("row_done", status=row.status, seconds=round(time.monotonic() - started, 3))


def _look(desk: Desk, session: Session, opened: OpenedVisit, scan: Scan) -> None:
    image = rgb_of(scans.picture_of(desk.house.blobs, opened, scan))
    facts = scans.facts_of(opened, scan)
    desk.seen[facts.image_digest] = scan.visit_id
    seen = _analysed(desk, facts, image, through=_through(desk, opened, scan, facts.slice_number))
    scan.adapter = seen.adapter
    scans.store_look(session, opened, scan, seen.look, seen.regions)


@dataclass(frozen=True)
class Seen:
    """What came of a look, and through which adapter."""

    look: Look
    regions: list[StoredRegion]
    adapter: str | None


def _through(desk: Desk, opened: OpenedVisit, scan: Scan, number: int) -> Through:
    """The slice through another window, as `analyse` may ask for it."""
    return partial(slice_image, desk.house.blobs, opened, scan, number)


def _analysed(
    desk: Desk, facts: ScanFacts, image: Image, known: str | None = None, *, through: Through
) -> Seen:
    """Look through the adapter for this kind of picture; the model's word where no tag says it."""
    house, engine = desk.house, desk.engine
    look_with = partial(
        analyse,
        catalogue=house.catalogue,
        facts=facts,
        image=image,
        only=house.clinic.clinic.structures,
        through=through,
    )
    modality = facts.modality or known
    chosen = engine.for_modality(modality)
    look, regions = look_with(chosen)
    if modality is None and engine.for_modality(look.modality) is not chosen:
        chosen = engine.for_modality(look.modality)
        look, regions = look_with(chosen)
    return Seen(look, regions, chosen.backend.info().adapter)


def _look_further(desk: Desk, session: Session, opened: OpenedVisit, row: SliceLook) -> None:
    """Look at one more slice of a series whose first one was looked at."""
    scan = scans.find(session, row.visit_id, row.scan_id)
    if scan is None:
        return
    image = slice_image(desk.house.blobs, opened, scan, row.slice_number)
    facts = facts_of_slice(scans.facts_of(opened, scan), row.slice_number, image)
    desk.seen[facts.image_digest] = row.visit_id
    first = scans.look_of(opened, scan)
    through = _through(desk, opened, scan, row.slice_number)
    known = None if first is None else first.modality
    seen = _analysed(desk, facts, image, known, through=through)
    row.adapter = seen.adapter
    slices.store_look(opened, row, seen.look, seen.regions)


def _answer(desk: Desk, session: Session, opened: OpenedVisit, turn: Turn) -> None:
    house = desk.house
    picture = _picture(house, session, opened, turn)
    desk.seen[picture.facts.image_digest] = turn.visit_id
    engine = desk.engine.for_modality(picture.look.modality)
    question = Question(turn.kind, turns.question_of(opened, turn), turn.language)
    questions_adapter = engine.questions_adapter()
    answered = converse(
        engine.backend,
        house.guard,
        picture,
        question,
        may_use_category=engine.current().may_use_category,
        questions_adapter=questions_adapter,
        known=_known(session, opened, turn, engine),
    )
    turns.store_answer(opened, turn, answered)


def _known(session: Session, opened: OpenedVisit, turn: Turn, engine: Engine) -> Completion | None:
    """What the model said before to the same question about the same picture; no work twice."""
    is_base_alone = turn.kind == "question" and engine.questions_adapter() == BASE_ALONE
    adapter = None if is_base_alone else engine.backend.info().adapter
    same = turns.answered_before(session, opened, turn, adapter)
    if same is None:
        return None
    raw, logprob = turns.raw_of(opened, same) or "", same.mean_logprob or 0.0
    return Completion(raw, logprob, same.adapter, 0.0)


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
