"""Health: alive, ready, and a few numbers for monitoring."""

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from app.deps import HouseDep
from app.storage import alerts, tokens, work
from app.storage.tables import now

router = APIRouter()
WORKER_SILENCE = timedelta(seconds=30)


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    """Alive: the process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(house: HouseDep) -> JSONResponse:
    """Ready: database and worker answer; says which of them does not, and open alerts."""
    try:
        with house.sessions() as session:
            note = work.latest_note(session)
            open_alerts = len(alerts.unseen(session))
            is_heard = alerts.is_someone_listening(session)
    except SQLAlchemyError:
        return JSONResponse({"ready": False, "database": "unreachable"}, status_code=503)
    is_fresh = note is not None and now() - note.said_at < WORKER_SILENCE
    state = note.state if note is not None and is_fresh else "silent"
    content = {
        "ready": state == "ready",
        "database": "ok",
        "worker": state,
        "loaded": note.loaded if note is not None else {},
        "open_alerts": open_alerts,
        "staff_listening": is_heard,
    }
    return JSONResponse(content, status_code=200 if state == "ready" else 503)


@router.get("/metrics")
def metrics(house: HouseDep, request: Request) -> PlainTextResponse:
    """Counts in Prometheus' text format for a bearer of a metrics token; no identifiers."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    with house.sessions() as session:
        if not tokens.is_good(session, house.master, token, "metrics"):
            return PlainTextResponse("a metrics token is needed\n", status_code=401)
        counts = work.counts(session)
    lines = [f'anteroom_rows{{kind="{kind}",status="{s}"}} {n}' for kind, s, n in counts]
    return PlainTextResponse("\n".join(["# TYPE anteroom_rows gauge", *lines, ""]))
