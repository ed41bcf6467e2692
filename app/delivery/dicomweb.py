"""STOW-RS at /dicom-web/studies: the same inbox as C-STORE, for a bearer of a stow token.

Cookies are not looked at, so no page of another site can deliver anything in somebody's name.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.delivery import inbox
from app.delivery.inbox import Kept
from app.deps import House, HouseDep
from app.intake.limits import Limits
from app.intake.listener import STATUSES
from app.intake.related import BadBody, RelatedParser, boundary_of
from app.storage import tokens

router = APIRouter(include_in_schema=False)
log = structlog.get_logger()
ADDRESS: Final = "/dicom-web/studies"
JSON: Final = "application/dicom+json"


@router.post(ADDRESS)
async def store(request: Request, house: HouseDep) -> Response:
    """Store instances of any study."""
    return await _stored(request, house, "")


@router.post(f"{ADDRESS}/{{study_uid}}")
async def store_in_study(request: Request, house: HouseDep, study_uid: str) -> Response:
    """Store instances that must belong to this study."""
    return await _stored(request, house, study_uid)


async def _stored(request: Request, house: House, study_uid: str) -> Response:
    bearer, name = await run_in_threadpool(_bearer, request, house)
    if name is None:
        status = 401 if bearer is None else 403
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return Response(status_code=status, headers=headers)
    kept: list[Kept] = []
    is_whole = False
    try:
        async for data in _parts(request):
            kept.append(await run_in_threadpool(inbox.keep, house, name, data, study_uid=study_uid))
        is_whole = bool(kept)
    except BadBody as bad:
        log.info("stow_refused", status=bad.status)
        return Response(status_code=bad.status, headers={"Connection": "close"})
    except HTTPException as error:  # the bound on the whole body
        return Response(status_code=error.status_code, headers={"Connection": "close"})
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        arrived = {one.arrival_id for one in kept if one.arrival_id}
        await run_in_threadpool(inbox.finish, house, arrived, in_order=is_whole)
    if not is_whole:
        return Response(status_code=400)
    return _answer(request, kept)


def _bearer(request: Request, house: House) -> tuple[str | None, str | None]:
    """The scope of the token that came, if it is one of ours, and its name if it may deliver."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None, None
    with house.sessions() as session:
        found = tokens.find(session, house.master, token.strip())
        if found is None:
            return None, None
        return found.scope, found.name if found.scope == "stow" else None


async def _parts(request: Request) -> AsyncIterator[bytes]:
    """The parts of the body as they come; raises BadBody."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise BadBody(415)
    boundary = boundary_of(request.headers.get("content-type", ""))
    parser = RelatedParser(boundary, Limits.max_bytes)
    async for piece in request.stream():
        for part in parser.feed(piece):
            yield part
    if not parser.ended:
        raise BadBody(400)


def _answer(request: Request, kept: list[Kept]) -> Response:
    """The Store Instances Response (PS3.18 10.5.3, table I.1-1)."""
    root = f"{str(request.base_url).rstrip('/')}{ADDRESS}"
    good = [one for one in kept if not one.reason]
    bad = [one for one in kept if one.reason]
    content: dict[str, Any] = {}
    if good:
        content["00081199"] = _sequence(_taken(one, root) for one in good)
    if bad:
        content["00081198"] = _sequence(_failed(one) for one in bad)
        log.info("stow_refused", count=len(bad), reason=bad[0].reason)
    status = 200 if not bad else 202 if good else 409
    return JSONResponse(content, status_code=status, media_type=JSON)


def _sequence(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": list(items)}


def _taken(one: Kept, root: str) -> dict[str, Any]:
    address = f"{root}/{one.study_uid}"
    return _reference(one) | {"00081190": {"vr": "UR", "Value": [address]}}


def _failed(one: Kept) -> dict[str, Any]:
    return _reference(one) | {"00081197": {"vr": "US", "Value": [STATUSES[one.reason]]}}


def _reference(one: Kept) -> dict[str, Any]:
    uids = {"00081150": one.sop_class_uid, "00081155": one.sop_instance_uid}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids.items() if uid}
