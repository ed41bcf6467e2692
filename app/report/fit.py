"""Pictures as paper needs them: no finer than a printer shows, grey where they are grey."""

import io
from typing import Final

from PIL import Image, ImageChops, UnidentifiedImageError

LONGEST_SIDE: Final = 720
"""Pixels at 78 mm: 234 to the inch. Whole pictures of 1024 made papers of 4 MB."""


def for_paper(png: bytes) -> bytes:
    """The picture as PNG of at most 720 pixels a side; as it is where it cannot be read."""
    try:
        with Image.open(io.BytesIO(png)) as opened:
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return png
    red, green, blue = picture.split()
    is_grey = not any(ImageChops.difference(red, one).getbbox() for one in (green, blue))
    picture = red if is_grey else picture
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
