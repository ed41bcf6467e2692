"""A clinic's logo: whatever picture came in, a small PNG of our own goes out; pure."""

import io
from typing import Final

from PIL import Image

BOX: Final = (640, 200)
"""Pixels; twice the size at which pages show it, for sharp screens and print."""


def logo_png(image_png: bytes) -> bytes:
    """The picture made small enough to stand in a page's head, written anew as PNG."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(image_png)) as picture:
        shown = picture.convert("RGB")
        shown.thumbnail(BOX, Image.Resampling.LANCZOS)
        shown.save(target, "PNG", optimize=True)
    return target.getvalue()
