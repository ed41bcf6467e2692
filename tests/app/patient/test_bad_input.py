"""What nobody should send: each gets a sentence and a next step, and nothing is half stored."""

import struct
import zlib

import pytest
from pydicom.data import get_testdata_file
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.patient.access import MAX_TRIES, CodeTries
from app.storage import scans, visits
from app.storage.tables import TabletSession
from app.storage.visits import new_code
from tests.app.intake.made_series import two_people_in_one_series, zip_of
from tests.app.patient.conftest import OpenHouse
from tests.app.patient.visitor import Visitor
from tests.builders import png_bytes


def huge_png() -> bytes:
    """A PNG that declares 30,000 x 30,000 pixels and holds none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def ct_small() -> bytes:
    path = get_testdata_file("CT_small.dcm")
    assert isinstance(path, str)
    with open(path, "rb") as file:
        return file.read()


FILES = {
    "no_picture": b"This is a letter, not a picture. " * 20,
    "empty": b"",
    "huge": huge_png(),
    "cut_dicom": ct_small()[:20_000],
    "cut_png": png_bytes()[:2_000],
    "document": b"%PDF-1.7\n%%EOF\n",
    "packed": b"PK\x03\x04" + b"\0" * 60,
    "two_people": zip_of({str(n): one for n, one in enumerate(two_people_in_one_series())}),
    "program": b"\x7fELF" + b"\0" * 200,
}


@pytest.mark.parametrize("what", FILES)
def test_a_bad_file_gets_a_sentence_and_leaves_nothing(house: House, what: str) -> None:
    visitor = Visitor.of(house).start()
    status = visitor.upload(FILES[what])
    assert status in (413, 422)
    assert visitor.sees("error")
    words = visitor.html.split('data-testid="error"')[1].split("<form")[0]
    assert words.count("</p>") == 2, "a reason and a next step"
    with house.sessions() as session:
        assert scans.all_of_visit(session, visitor.opened.visit.visit_id) == []
    assert house.blobs.folders("visits") == []
    assert visitor.upload() == 200


def test_a_form_without_a_file_gets_a_sentence(house: House) -> None:
    visitor = Visitor.of(house).start()
    assert visitor.post("/upload") == 422
    assert visitor.sees("error")


def test_the_name_of_a_file_goes_nowhere(house: House) -> None:
    visitor = Visitor.of(house).start()
    assert visitor.upload(png_bytes(), "../../etc/MEIER<b>.png") == 200
    assert not [body for body in visitor.bodies if "MEIER" in body]


def test_a_file_above_the_limit_is_refused(open_copy: OpenHouse) -> None:
    house = open_copy(max_upload_mb="1")
    visitor = Visitor.of(house).start()
    assert visitor.upload(b"\x89PNG\r\n\x1a\n" + b"\0" * 1_500_000) == 413
    assert visitor.sees("error")


def test_a_real_dicom_slice_is_taken(house: House) -> None:
    visitor = Visitor.of(house).start()
    assert visitor.upload(ct_small(), "IM0001") == 200
    assert visitor.path.startswith("/scan/")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</textarea><img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}",
        "\u202eltr \x00 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "a" * 30_000,
    ],
)
def test_markup_in_a_question_stays_text(alice: Visitor, text: str) -> None:
    assert alice.ask("question", text) == 200
    assert alice.post("/questions", {"text": text}) == 200
    assert "<script>alert" not in alice.html
    assert "<img src=x" not in alice.html
    assert alice.get(alice.scan_path) == 200
    assert "<script>alert" not in alice.html
    assert "<img src=x" not in alice.html
    assert ">49<" not in alice.html


def test_a_kind_of_question_that_is_none_is_not_found(alice: Visitor) -> None:
    assert alice.ask("diagnosis") == 404


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_no_form_leads_out_of_the_house(alice: Visitor, back: str) -> None:
    answer = alice.client.post(
        "/language", data={"language": "en", "back": back}, follow_redirects=False
    )
    assert answer.headers["location"] == "/"


def test_guessing_codes_gets_slower_and_stops(open_copy: OpenHouse) -> None:
    house = open_copy(open_visits="0")
    visitor = Visitor.of(house)
    assert visitor.post("/start") == 422
    first = [visitor.post("/start", {"code": f"WRONG{n}"}) for n in range(6)]
    assert first[:4] == [422] * 4
    assert first[4:] == [429, 429]


def test_a_thousand_guesses_open_nothing_and_shut_the_door(open_copy: OpenHouse) -> None:
    house = open_copy(open_visits="0")
    with house.sessions() as session, session.begin():
        for _ in range(20):
            visits.open_visit(session, house.master)
    client = TestClient(make_app(house), follow_redirects=False)
    said = [client.post("/start", data={"code": new_code()}).status_code for _ in range(1_000)]
    assert said[:4] == [422] * 4
    assert set(said) == {422, 429}
    assert said.count(422) <= MAX_TRIES  # so many were looked up at all; the others had to wait
    with house.sessions() as session:
        assert session.query(TabletSession).count() == 0


def test_the_wait_between_tries_grows() -> None:
    clock = [0.0]
    tries = CodeTries(clock=lambda: clock[0])
    waits = []
    for _ in range(MAX_TRIES):
        tries.failed("tablet")
        waits.append(tries.wait_seconds("tablet"))
        clock[0] += waits[-1]
    assert waits[:3] == [0, 0, 0]
    assert waits[3:9] == [2, 4, 8, 16, 32, 64]
    assert waits[9] > 600
    assert tries.wait_seconds("another") == 0
    clock[0] += 1000
    assert tries.wait_seconds("tablet") == 0
