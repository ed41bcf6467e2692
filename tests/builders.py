"""Builders: drawn pictures, small DICOM files and a house in a folder, for every test."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from app.deps import House, open_house
from app.settings import load_settings
from app.storage.scans import ScanFacts, add_scan
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit


def drawn_slice(size: int = 256, seed: int = 0) -> Image.Image:
    """A grey picture with the rough look of an axial slice: a body, two organs, a spine."""
    picture = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(picture)
    unit = size / 100
    for box, grey in (
        ((10, 22, 90, 82), 90),
        ((14, 26, 86, 78), 120),
        ((18, 32, 48, 62), 165),
        ((66, 36, 80, 54), 150),
        ((44, 60, 56, 74), 235),
    ):
        draw.ellipse([value * unit for value in box], fill=grey)
    noise = np.random.default_rng(seed).normal(0, 4, (size, size))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def png_bytes(picture: Image.Image | None = None) -> bytes:
    """A picture as PNG bytes."""
    target = io.BytesIO()
    (picture or drawn_slice()).save(target, "PNG")
    return target.getvalue()


def open_test_house(folder: Path, **settings: str) -> House:
    """A house with its data in a folder; settings by their lower-case names."""
    names = {f"ANTEROOM_{key.upper()}": value for key, value in settings.items()}
    return open_house(load_settings({"ANTEROOM_DATA_DIR": str(folder), **names}))


def stored_scan(house: House, opened: OpenedVisit, **facts: str) -> Scan:
    """A received scan of a visit, committed."""
    known = ScanFacts(image_digest="0" * 64, width=256, height=256, source="picture", **facts)
    with house.sessions() as session, session.begin():
        return add_scan(session, house.blobs, opened, known, png_bytes())
