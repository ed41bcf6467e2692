"""One PNG, JPEG, WebP or HEIC file to one upright picture; runs in the disposable process."""

from io import BytesIO
from typing import Final

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from app.intake.framing import frame
from app.intake.limits import Limits
from app.intake.photo_writing import without_writing
from app.intake.reasons import Refused
from app.intake.wire import Decoded, Facts
from model.pixels import fit_within, from_picture

_PLUGINS: Final = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "heic": "HEIF"}
_UPRIGHT: Final = 1
"""EXIF orientation of a picture that needs no turning (EXIF 2.32, tag 0112)."""
_REDUCIBLE: Final = ("L", "LA", "RGB", "RGBA", "CMYK")


def decode_picture(
    data: bytes, picture_format: str, limits: Limits, *, covers_writing: bool = False
) -> Decoded:
    """The pixels of a picture file, upright; nothing else of the file goes further.

    Raises:
        Refused: with the reason.
    """
    if picture_format == "heic":
        _register_heic()
    try:
        with Image.open(BytesIO(data), formats=[_PLUGINS[picture_format]]) as opened:
            return _decoded(opened, limits, covers_writing)
    except UnidentifiedImageError:
        raise Refused("broken") from None


def _register_heic() -> None:
    import pi_heif

    pi_heif.register_heif_opener()


def _decoded(opened: Image.Image, limits: Limits, covers_writing: bool) -> Decoded:
    # Said again by the decoder itself: the server read the header with a parser of its own.
    if opened.width * opened.height > limits.max_picture_pixels:
        raise Refused("too_many_pixels")
    stored_size = max(opened.size)
    turned = opened.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) != _UPRIGHT
    # JPEG decodes straight to a smaller size: a 50-megapixel photo never exists in full.
    opened.draft(None, (2 * limits.longest_side, 2 * limits.longest_side))
    upright = ImageOps.exif_transpose(_reduced(opened, limits))
    large = from_picture(upright)
    pixels = fit_within(large, limits.longest_side)
    if min(pixels.shape[:2]) < limits.min_side:
        raise Refused("too_small")
    framing, seen = frame(pixels)
    has_writing = False
    if covers_writing:
        # Small writing is found before the picture is made small.
        large = fit_within(large, 2 * limits.longest_side)
        covered, has_writing = without_writing(large, framing)
        pixels = fit_within(covered, limits.longest_side) if has_writing else pixels
    found = {
        "turned_upright": turned,
        "writing_covered": has_writing,
        "made_smaller": stored_size > max(pixels.shape),
    }
    notes = tuple(note for note, holds in found.items() if holds)
    return Decoded(pixels, Facts(notes=notes + seen, framing=framing))


def _reduced(opened: Image.Image, limits: Limits) -> Image.Image:
    """A large picture by a whole factor, so that copies of it stay within the memory limit."""
    factor = max(opened.size) // (2 * limits.longest_side)
    if factor < 2 or opened.mode not in _REDUCIBLE:
        return opened
    smaller = opened.reduce(factor)
    smaller.info.update(opened.info)
    smaller.getexif().update(opened.getexif())
    return smaller
