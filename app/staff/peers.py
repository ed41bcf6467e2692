"""The clinic's machines: which may deliver, and where reports go back to."""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.delivery import carriers
from app.deps import HouseDep, SessionDep
from app.errors import AppError
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep, Typed
from app.storage import audit, outbound, peers
from app.storage.peers import Said
from app.storage.tables import Peer

router = APIRouter()
_TITLE: Final = re.compile(r"[\x21-\x5b\x5d-\x7e][\x20-\x5b\x5d-\x7e]{0,15}")
"""PS3.5 6.2, AE: up to 16 characters, no backslash, no control character."""
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{0,255}")


@router.get("/staff/peers")
def list_peers(
    request: Request,
    session: SessionDep,
    member: MemberDep,
    echo: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """All machines, the form for another one, and what went where."""
    return _page(request, session, member, echo=echo)


@router.post("/staff/peers")
def add_peer(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Add a machine; a mistake is said and nothing is kept."""
    said = _said(form)
    problem = _problem(session, said)
    if problem:
        return _page(request, session, member, problem=problem)
    peer = peers.add(session, house.master, said)
    audit.record(session, member.name, "peer.add", peer.peer_id)
    return see_other("/staff/peers")


@router.post("/staff/peers/{peer_id}/remove")
def remove_peer(session: SessionDep, member: MemberDep, peer_id: str) -> Response:
    """Forget a machine: from now on it delivers nothing and is sent nothing."""
    peers.remove(session, _found(session, peer_id))
    audit.record(session, member.name, "peer.remove", peer_id)
    return see_other("/staff/peers")


@router.post("/staff/peers/{peer_id}/echo")
def echo(house: HouseDep, session: SessionDep, member: MemberDep, peer_id: str) -> Response:
    """Ask a machine whether it hears us."""
    target = carriers.target_of(house, _found(session, peer_id))
    audit.record(session, member.name, "peer.echo", peer_id)
    session.commit()  # a machine that does not answer must not hold the database's lock
    failure = carriers.echo(target)
    return see_other(f"/staff/peers?echo={failure or 'good'}")


def _found(session: Session, peer_id: str) -> Peer:
    peer = peers.find(session, peer_id)
    if peer is None:
        raise AppError("not_found", 404, "/staff/peers")
    return peer


def _said(form: Typed) -> Said:
    port = form.text("port", longest=5)
    return Said(
        name=form.text("name", longest=40),
        ae_title=form.text("ae_title", longest=16),
        host=form.text("host", longest=255),
        port=int(port) if port.isascii() and port.isdigit() else 0,
        url=form.text("url", longest=300),
        secret=form.text("secret", longest=300),
        delivers=bool(form.text("delivers")),
        takes_reports=bool(form.text("takes_reports")),
        takes_segmentations=bool(form.text("takes_segmentations")),
        uses_tls=bool(form.text("uses_tls")),
    )


def _problem(session: Session, said: Said) -> str:
    takes = said.takes_reports or said.takes_segmentations
    is_dicom = bool(said.ae_title and said.host and 0 < said.port < 65536)
    problems = (
        ("name", not said.name or not said.name.isprintable()),
        ("twice", peers.by_name(session, said.name) is not None),
        ("title", bool(said.ae_title) and _TITLE.fullmatch(said.ae_title) is None),
        ("title", said.delivers and not said.ae_title),
        ("host", _HOST.fullmatch(said.host) is None),
        ("nothing", not (takes or said.delivers)),
        ("address", takes and not is_dicom and not said.url),
        ("url", bool(said.url) and not _is_address(said.url)),
        ("secret", not said.secret.isprintable()),
    )
    return next((key for key, holds in problems if holds), "")


def _is_address(url: str) -> bool:
    """https, or http within this machine: names of patients must not travel in the clear."""
    try:
        parts = urlsplit(url)
        is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_here)
    )


def _page(
    request: Request, session: Session, member: Member, *, problem: str = "", echo: str = ""
) -> Response:
    known = peers.everyone(session)
    return staff_page(
        request,
        session,
        member,
        "peers.html",
        status=422 if problem else 200,
        peers=known,
        names={one.peer_id: one.name for one in known},
        sent=outbound.newest(session),
        problem=problem,
        echo=echo,
    )
