"""Report content from drawn pictures, for the tests of the report."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from app.analysis.overlay import anchor_point, outline_paths
from app.anatomy.catalogue import load
from app.report.compose import marked_structures
from app.report.content import (
    ReportContact,
    ReportContent,
    ReportReference,
    ReportScan,
    ReportTerm,
    ReportTurn,
    ReportVersions,
)

AI_LINE = (
    "You are talking to a computer program (AI), not to a doctor. It can make mistakes. "
    "It does not find or rule out illness. Your doctor will explain your picture."
)
PURPOSE = (
    "Explains in plain language which part of the body a picture shows and how a healthy example "
    "looks, and helps people prepare questions for their doctor. Not intended to detect disease."
)
COMPANION = "This program shows you the parts of the body in your picture. Your doctor does more."


@dataclass(frozen=True)
class DrawnRegion:
    structure: str
    path: str
    anchor: tuple[float, float]
    area_share: float
    drawn_by: str = ""


def drawn_region(key: str, x: float, y: float, radius: float, size: int = 200) -> DrawnRegion:
    rows, columns = np.mgrid[:size, :size] + 0.5
    mask = (rows - y * size) ** 2 + (columns - x * size) ** 2 <= (radius * size) ** 2
    return DrawnRegion(key, outline_paths(mask), anchor_point(mask), float(mask.mean()))


def drawn_png(size: int = 200, seed: int = 0) -> bytes:
    rows, columns = np.mgrid[:size, :size] / size
    body = ((rows - 0.5) / 0.36) ** 2 + ((columns - 0.5) / 0.46) ** 2 <= 1
    noise = np.random.default_rng(seed).integers(0, 20, (size, size))
    grey = np.where(body, 110 + noise, 6).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(np.stack([grey] * 3, axis=2)).save(target, "PNG")
    return target.getvalue()


def drawn_scan() -> ReportScan:
    regions = [
        drawn_region("left kidney", 0.68, 0.6, 0.07),
        drawn_region("liver", 0.27, 0.45, 0.15),
        drawn_region("right kidney", 0.34, 0.62, 0.06),
        drawn_region("spleen", 0.8, 0.5, 0.06),
    ]
    return ReportScan(
        image_png=drawn_png(),
        width=200,
        height=200,
        modality="CT",
        plane="axial",
        region="abdomen",
        structures=marked_structures(regions, load(), "en"),
        uncertain=("stomach",),
    )


def drawn_report(**changes: object) -> ReportContent:
    values: dict[str, object] = {
        "edition": "before",
        "language": "en",
        "clinic_name": "Clinic by the River",
        "date": "23 November 2026",
        "demonstration": True,
        "ai_line": AI_LINE,
        "companion_line": COMPANION,
        "intended_purpose": PURPOSE,
        "versions": ReportVersions("compact 3f2a", "medpix2-3f2a", "2026-11-1", "c0ffee", "1"),
        "scans": (drawn_scan(),),
        "references": (
            ReportReference(
                drawn_png(seed=1), ("region", "modality"), "Drawn by code", "CC0", "A drawn slice"
            ),
        ),
        "turns": (ReportTurn("What am I looking at?", "This picture shows your tummy area."),),
        "questions": ("Do I need another test, and why?",),
        "glossary": (ReportTerm("contrast", "A fluid that makes vessels bright."),),
        "whom_to_call": (ReportContact("Front desk", "extension 214"),),
        "visit_url": "http://127.0.0.1:8000/v/7QF2",
        "doctor_sentence": None,
    }
    return ReportContent(**{**values, **changes})  # type: ignore[arg-type]
