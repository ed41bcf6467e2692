"""Report content as JSON bytes and back, for the pipe to the render process."""

import base64
import json
from dataclasses import asdict
from typing import Any

from app.report.content import (
    ReportContact,
    ReportContent,
    ReportReference,
    ReportScan,
    ReportStructure,
    ReportStyle,
    ReportTerm,
    ReportTurn,
    ReportVersions,
    ReportWithheld,
)


def to_wire(content: ReportContent) -> bytes:
    """JSON in UTF-8; pictures as base64. The same content gives the same bytes."""
    return json.dumps(asdict(content), default=_encode, sort_keys=True).encode()


def from_wire(data: bytes) -> ReportContent:
    """The content that `to_wire` wrote."""
    plain: dict[str, Any] = json.loads(data)
    return ReportContent(
        **{
            **plain,
            "versions": ReportVersions(**plain["versions"]),
            "scans": tuple(_scan(scan) for scan in plain["scans"]),
            "references": tuple(_reference(one) for one in plain["references"]),
            "turns": tuple(ReportTurn(**turn) for turn in plain["turns"]),
            "questions": tuple(plain["questions"]),
            "glossary": tuple(ReportTerm(**term) for term in plain["glossary"]),
            "whom_to_call": tuple(ReportContact(**one) for one in plain["whom_to_call"]),
            "withheld": tuple(ReportWithheld(**one) for one in plain["withheld"]),
            "sections": tuple(plain["sections"]),
            "style": _style(plain["style"]),
        }
    )


def _style(plain: dict[str, Any]) -> ReportStyle:
    logo = plain["logo_png"]
    return ReportStyle(**{**plain, "logo_png": None if logo is None else base64.b64decode(logo)})


def _scan(plain: dict[str, Any]) -> ReportScan:
    structures = tuple(
        ReportStructure(**{**one, "anchor": tuple(one["anchor"])}) for one in plain["structures"]
    )
    return ReportScan(
        **{
            **plain,
            "image_png": base64.b64decode(plain["image_png"]),
            "structures": structures,
            "uncertain": tuple(plain["uncertain"]),
            "removed": tuple(plain["removed"]),
            "place": None if plain["place"] is None else tuple(plain["place"]),
        }
    )


def _reference(plain: dict[str, Any]) -> ReportReference:
    return ReportReference(
        **{
            **plain,
            "image_png": base64.b64decode(plain["image_png"]),
            "matches_on": tuple(plain["matches_on"]),
        }
    )


def _encode(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} cannot travel to the render process")
