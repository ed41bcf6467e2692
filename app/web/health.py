"""Health: alive, ready, and a few numbers for monitoring."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from app.deps import HouseDep
from app.house_state import figures, look_at, worker_state
from app.storage import alerts, tokens, work

router = APIRouter()


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
    state = worker_state(note)
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
    """The figures of the IT page in Prometheus' text format, for a bearer of a metrics token."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    with house.sessions() as session:
        if not tokens.is_good(session, house.master, token, "metrics"):
            return PlainTextResponse("a metrics token is needed\n", status_code=401)
        lines = [
            f"anteroom_{name} {value:.12g}" for name, value in figures(look_at(house, session))
        ]
    names = sorted({line.partition(" ")[0].partition("{")[0] for line in lines})
    return PlainTextResponse("\n".join([*(f"# TYPE {name} gauge" for name in names), *lines, ""]))
