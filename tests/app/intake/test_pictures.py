"""PNG, JPEG, WebP and HEIC through the front door: upright, without metadata, grey values kept."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from app.intake.receive import ReceivedScan, Refusal, receive
from tests.app.intake.made_files import picture_bytes, pixels_of, png_chunk

CANARY = "CANARY-Jane-Example-1957"


def quarters(width: int = 120, height: int = 80) -> Image.Image:
    """Four quarters of known grey: 10 and 80 above, 160 and 240 below."""
    values = np.zeros((height, width), dtype=np.uint8)
    values[: height // 2, : width // 2], values[: height // 2, width // 2 :] = 10, 80
    values[height // 2 :, : width // 2], values[height // 2 :, width // 2 :] = 160, 240
    return Image.fromarray(values)


def received(data: bytes) -> ReceivedScan:
    answer = receive(data)
    assert isinstance(answer, ReceivedScan), answer
    return answer


@pytest.mark.parametrize(
    ("file_format", "mode", "tolerance"),
    [
        ("PNG", "L", 0),
        ("PNG", "RGB", 0),
        ("PNG", "P", 0),
        ("JPEG", "L", 3),
        ("JPEG", "RGB", 3),
        ("JPEG", "CMYK", 3),
        ("WEBP", "RGB", 3),
    ],
)
def test_picture_keeps_its_grey_values(file_format: str, mode: str, tolerance: int) -> None:
    scan = received(picture_bytes(quarters().convert(mode), file_format))
    pixels = pixels_of(scan.image_png)
    found = [int(pixels[y, x, 0]) for y, x in ((20, 30), (20, 90), (60, 30), (60, 90))]
    assert np.abs(np.array(found) - [10, 80, 160, 240]).max() <= tolerance
    assert (scan.width, scan.height, scan.source) == (120, 80, "picture")
    assert (scan.modality, scan.kept, scan.envelope) == (None, {}, None)


def test_sixteen_bit_png_is_spread_over_its_own_range() -> None:
    values = np.asarray(quarters(), dtype=np.uint16) * 16
    pixels = pixels_of(received(picture_bytes(Image.fromarray(values), "PNG")).image_png)
    assert (pixels[20, 30, 0], pixels[60, 90, 0]) == (0, 255)
    assert pixels[20, 90, 0] == round((80 - 10) / (240 - 10) * 255)


def test_transparent_parts_turn_black() -> None:
    picture = quarters().convert("RGBA")
    picture.putalpha(Image.fromarray(np.full((80, 120), 0, dtype=np.uint8)))
    assert pixels_of(received(picture_bytes(picture, "PNG")).image_png).max() == 0


@pytest.mark.parametrize(
    ("orientation", "size", "top_left"),
    [(1, (120, 80), 10), (3, (120, 80), 240), (6, (80, 120), 160), (8, (80, 120), 80)],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_photo_is_turned_upright(
    file_format: str, orientation: int, size: tuple[int, int], top_left: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    scan = received(picture_bytes(quarters().convert("RGB"), file_format, exif=exif))
    assert (scan.width, scan.height) == size
    assert abs(int(pixels_of(scan.image_png)[15, 15, 0]) - top_left) <= 3
    assert ("turned_upright" in scan.notes) == (orientation != 1)


def test_nothing_but_pixels_is_stored() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = CANARY, CANARY
    exif.get_ifd(0x8825)[29] = CANARY
    data = picture_bytes(quarters().convert("RGB"), "JPEG", exif=exif, comment=CANARY.encode())
    data += CANARY.encode() + b"PK\x03\x04"
    assert CANARY.encode() in data
    stored = received(data).image_png
    assert CANARY.encode() not in stored
    assert sorted(set(chunks_of(stored))) == [b"IDAT", b"IEND", b"IHDR"]


def test_text_chunks_of_a_png_are_dropped() -> None:
    plain = picture_bytes(quarters(), "PNG")
    text = png_chunk(b"tEXt", b"Author\0" + CANARY.encode())
    stored = received(plain[:33] + text + plain[33:] + CANARY.encode()).image_png
    assert CANARY.encode() not in stored


def chunks_of(png: bytes) -> list[bytes]:
    kinds, at = [], 8
    while at < len(png):
        kinds.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return kinds


def test_grey_picture_is_stored_as_grey_and_colour_as_colour() -> None:
    grey = received(picture_bytes(quarters().convert("RGB"), "PNG")).image_png
    red = received(picture_bytes(Image.new("RGB", (64, 64), (200, 0, 0)), "PNG")).image_png
    with Image.open(BytesIO(grey)) as first, Image.open(BytesIO(red)) as second:
        assert (first.mode, second.mode) == ("L", "RGB")


def test_large_photo_is_made_smaller_in_proportion() -> None:
    scan = received(picture_bytes(quarters(4000, 3000), "JPEG"))
    assert (scan.width, scan.height) == (1024, 768)
    assert scan.notes == ("made_smaller",)


def test_digest_is_of_the_pixels_alone() -> None:
    plain = received(picture_bytes(quarters(), "PNG"))
    other = received(picture_bytes(quarters().convert("RGB"), "PNG", compress_level=1))
    changed = quarters()
    changed.putpixel((3, 3), 11)
    assert plain.image_digest == other.image_digest
    assert plain.image_digest != received(picture_bytes(changed, "PNG")).image_digest


@pytest.mark.parametrize("size", [(1, 1), (31, 400), (9000, 40)])
def test_picture_without_enough_to_see_is_refused(size: tuple[int, int]) -> None:
    assert receive(picture_bytes(Image.new("L", size), "PNG")) == Refusal("too_small")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
def test_picture_cut_short_is_broken(file_format: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200), dtype=np.uint8)
    whole = picture_bytes(Image.fromarray(noise).convert("RGB"), file_format)
    assert receive(whole[: int(len(whole) * share)]) == Refusal("broken")
