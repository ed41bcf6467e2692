"""Bar 13: files that are not what they say, and files that are two things at once."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from app.intake.receive import ReceivedScan, Refusal, receive
from tests.app.intake.made_files import ct_dataset, file_of
from tests.builders import drawn_slice, png_bytes
from tests.reliability.bar import Bar

STRANGERS: dict[str, bytes] = {
    "exe": b"MZ\x90\x00" + bytes(56) + b"\x40\x00\x00\x00PE\0\0",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(80),
    "mach-o": b"\xcf\xfa\xed\xfe\x07\x00\x00\x01" + bytes(80),
    "zip": b"PK\x03\x04\x14\x00" + bytes(60),
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction 2 0 R>>endobj\n%%EOF",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff,\x00\x00;",
    "tiff": b"II*\x00\x08\x00\x00\x00" + bytes(60),
    "shell": b"#!/bin/sh\necho hello\n",
}
_PNG_CHUNKS = {b"IHDR", b"IDAT", b"IEND"}


def hosts() -> dict[str, bytes]:
    """Sound files that another one is hidden in."""
    slice_ = np.asarray(drawn_slice(96), dtype=np.int16) * 4
    jpeg, webp = io.BytesIO(), io.BytesIO()
    drawn_slice(96).save(jpeg, "JPEG")
    drawn_slice(96).convert("RGB").save(webp, "WEBP")
    return {
        "dicom": file_of(ct_dataset(slice_)),
        "png": png_bytes(drawn_slice(96)),
        "jpeg": jpeg.getvalue(),
        "webp": webp.getvalue(),
    }


def disguised() -> Iterator[tuple[str, bytes, bytes]]:
    """(what it is, the file, the stranger in it): bare, in the preamble, in the tail."""
    for name, stranger in STRANGERS.items():
        yield f"{name} alone", stranger, stranger
        for host, data in hosts().items():
            yield f"{name} behind {host}", data + stranger, stranger
        yield (
            f"{name} in the preamble",
            stranger[:128].ljust(128, b"\0") + hosts()["dicom"][128:],
            (stranger),
        )


def disguise_failures(every: int = 1) -> tuple[list[str], int]:
    """What of a stranger stayed in a stored picture, or was taken without being a picture."""
    failed, count = [], 0
    for name, data, stranger in list(disguised())[::every]:
        count += 1
        answer = receive(data)
        if isinstance(answer, Refusal):
            failed += [name] if "alone" not in name and "preamble" not in name else []
        elif "alone" in name or not _is_ours(answer, stranger):
            failed.append(name)
    return failed, count


def _is_ours(scan: ReceivedScan, stranger: bytes) -> bool:
    """Whether the stored form is a PNG of three kinds of chunks that we wrote, and nothing else."""
    png, at, seen = scan.image_png, 8, set()
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        seen.add(png[at + 4 : at + 8])
        at += size + 12
    with Image.open(io.BytesIO(png)) as opened:
        opened.load()
    return seen == _PNG_CHUNKS and at == len(png) and stranger[:24] not in png


def disguises(_: Path, _is_full: bool) -> Bar:
    """Bar 13 as a figure."""
    failed, count = disguise_failures()
    return Bar(13, "files in disguise", len(failed), count, 60)
