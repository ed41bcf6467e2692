"""What stands on the disk while an upload is opened: nothing that anybody could read."""

import os
import random

import anyio
import pytest
from fastapi import HTTPException, Request

from app.intake.bundle import bundle_of
from app.intake.limits import DEFAULT_LIMITS
from app.intake.sealed_file import Part, SealedFile, read_sealed
from app.web.sealed_form import sealed_form

WORD = b"PLANTED^ALICE"
LONG = WORD * 200_000
"""2.6 MB: more than a form keeps in memory."""


def on_disk(file: SealedFile) -> bytes:
    return os.pread(file.handle, file.size, 0)


def form_of(body: bytes, kind: str = "multipart/form-data; boundary=B") -> Request:
    pieces = iter([body[at : at + 65536] for at in range(0, len(body), 65536)])

    async def receive() -> dict[str, object]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    scope = {"type": "http", "headers": [(b"content-type", kind.encode())]}
    return Request(scope, receive)


def part(name: str, data: bytes) -> bytes:
    head = f'--B\r\nContent-Disposition: form-data; name="picture"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b"\r\n"


def test_any_place_reads_as_it_was_written() -> None:
    file, plain = SealedFile(), random.Random(3).randbytes(100_000)
    for start in range(0, len(plain), 777):
        file.append(plain[start : start + 777])
    for start, count in ((0, 100_000), (1, 1), (15, 34), (99_990, 500), (4096, 0)):
        assert file.read_at(start, count) == plain[start : start + count]
    assert read_sealed(file.handle, bytes.fromhex(file.key), 31, 5) == plain[31:36]


def test_nothing_planted_stands_on_the_disk() -> None:
    bundle = bundle_of([LONG, LONG], DEFAULT_LIMITS)
    assert bundle.head(1, 13) == WORD
    assert len(on_disk(bundle.file)) == 2 * len(LONG)
    assert WORD not in on_disk(bundle.file)
    bundle.close()


def test_the_same_bytes_never_look_the_same_twice() -> None:
    one, other = bundle_of([LONG], DEFAULT_LIMITS), bundle_of([LONG], DEFAULT_LIMITS)
    assert on_disk(one.file)[:4096] != on_disk(other.file)[:4096]


def test_a_part_that_has_ended_takes_nothing_more() -> None:
    whole = SealedFile()
    first = Part(whole)
    first.write(b"one")
    second = Part(whole)
    second.write(b"two")
    with pytest.raises(ValueError, match="ended"):
        first.write(b"more")
    assert (first.read(), second.read(2), second.read()) == (b"one", b"tw", b"o")


def test_files_of_a_form_arrive_whole_and_never_stand_plainly_on_the_disk() -> None:
    async def read() -> None:
        body = (
            part("a.dcm", LONG) + part("b.dcm", b"short") + part("c.dcm", LONG[5:]) + b"--B--\r\n"
        )
        form = await sealed_form(form_of(body), max_files=5, max_fields=5)
        files = [one.file for _, one in form.multi_items() if not isinstance(one, str)]
        assert [file.read() for file in files] == [LONG, b"short", LONG[5:]]
        assert all(isinstance(file, Part) for file in files)

    anyio.run(read)


def test_too_many_files_and_a_form_without_a_boundary_are_refused() -> None:
    async def refuse() -> None:
        for request in (
            form_of(part("a", b"1") * 3 + b"--B--\r\n"),
            form_of(b"x", "multipart/form-data"),
        ):
            with pytest.raises(HTTPException) as caught:
                await sealed_form(request, max_files=2, max_fields=5)
            assert caught.value.status_code == 400

    anyio.run(refuse)


def test_a_form_without_files_is_read_as_ever() -> None:
    async def read() -> None:
        request = form_of(b"name=Nina", "application/x-www-form-urlencoded")
        assert (await sealed_form(request, max_files=2, max_fields=5))["name"] == "Nina"

    anyio.run(read)
