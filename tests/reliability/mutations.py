"""Files changed at random: bytes, lengths, cuts, splices; the same seed gives the same file."""

import io
import random
import zipfile
from collections.abc import Iterator

import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file

from tests.builders import drawn_slice

SHIPPED = (
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm",
    "MR_small_expb.dcm",
    "MR_truncated.dcm",
    "JPEG2000.dcm",
    "JPEG-lossy.dcm",
    "SC_rgb.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_palette.dcm",
    "examples_overlay.dcm",
    "image_dfl.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "liver_1frame.dcm",
    "emri_small_RLE.dcm",
    "693_J2KI.dcm",
    "no_meta.dcm",
    "HTJ2K_08_RGB.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm",
    "mlut_18.dcm",
    "vlut_04.dcm",
)
"""Out of the pydicom wheel; those that a version lacks are left out."""
EDGES = (0, 1, 0x7F, 0x80, 0xFF)
LENGTHS = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def seeds() -> dict[str, bytes]:
    """Whole files of every kind that is read here, by name."""
    found = {}
    for name in SHIPPED:
        path = get_testdata_file(name, download=False)
        if path is not None:
            with open(path, "rb") as file:
                found[name] = file.read()
    grey = drawn_slice(96)
    deep = Image.fromarray(np.asarray(grey, dtype=np.uint16) * 200)
    for name, picture, options in (
        ("grey.png", grey, {"format": "PNG"}),
        ("bits.png", grey.convert("1"), {"format": "PNG"}),
        ("deep.png", deep, {"format": "PNG"}),
        ("palette.png", grey.convert("P"), {"format": "PNG"}),
        ("alpha.png", grey.convert("LA"), {"format": "PNG"}),
        ("grey.jpg", grey, {"format": "JPEG"}),
        ("progressive.jpg", grey.convert("RGB"), {"format": "JPEG", "progressive": True}),
        ("cmyk.jpg", grey.convert("CMYK"), {"format": "JPEG"}),
        ("lossy.webp", grey, {"format": "WEBP"}),
        ("lossless.webp", grey, {"format": "WEBP", "lossless": True}),
    ):
        target = io.BytesIO()
        picture.save(target, **options)
        found[name] = target.getvalue()
    found["cd.zip"] = _packed(found)
    return found


def _packed(files: dict[str, bytes]) -> bytes:
    """A zip folder of a small CD, as it is uploaded whole."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as folder:
        for name in ("CT_small.dcm", "MR_small.dcm", "grey.png"):
            folder.writestr(name, files[name])
    return target.getvalue()


def mutated(count: int, seed: int = 11) -> Iterator[tuple[str, bytes]]:
    """(name of the seed, a changed file), every seed in turn."""
    whole = seeds()
    names = list(whole)
    for number in range(count):
        chance = random.Random(seed * 1_000_003 + number)
        name = names[number % len(names)]
        other = whole[chance.choice(names)]
        yield name, mutate(whole[name], other, chance)


def mutate(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """One to eight changes; most of them near the head, where the numbers stand."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        if not changed:
            break
        reach = min(len(changed), chance.choice((64, 512, 2048, len(changed))))
        at = chance.randrange(reach)
        kind = chance.randrange(8)
        if kind == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at] = chance.choice(EDGES)
        elif kind == 2:
            size = chance.choice((2, 4))
            value = chance.choice(LENGTHS) % (1 << 8 * size)
            as_bytes = value.to_bytes(size, "little")
            changed[at : at + size] = as_bytes if chance.random() < 0.7 else as_bytes[::-1]
        elif kind == 3:
            del changed[at : at + chance.choice((1, 2, 4, 64))]
        elif kind == 4:
            changed[at:at] = chance.randbytes(chance.choice((1, 2, 4, 64)))
        elif kind == 5:
            del changed[chance.randrange(len(changed)) :]
        elif kind == 6:
            start = chance.randrange(max(1, len(other)))
            changed[at : at + 64] = other[start : start + 64]
        else:
            changed[at:at] = changed[at : at + chance.choice((16, 256))]
    return bytes(changed)
