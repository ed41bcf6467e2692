"""What the render process cannot do, whatever a text asks for."""

import io
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pdfplumber
import pikepdf
import pytest

from app.report.content import (
    ReportContact,
    ReportContent,
    ReportReference,
    ReportStyle,
    ReportTerm,
    ReportTurn,
    ReportWithheld,
)
from app.report.render import CODE, ReportError, render_pdf
from app.report.template import template_mistakes
from tests.app.report.drawn_content import drawn_png, drawn_report, drawn_scan
from tests.report_payloads import markup, payloads

CANARY = "CANARY-BYTES-8842"


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that writes down every path, and leads one of them on to another."""
    asked: list[str] = []

    class Canary(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302 if self.path == "/redirect" else 200)
            self.send_header("Location", "/followed")
            self.end_headers()
            self.wfile.write(CANARY.encode())

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def text_of(data: bytes) -> str:
    with pdfplumber.open(io.BytesIO(data)) as document:
        return "".join("".join(page.extract_text().split()) for page in document.pages)


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """The address of a file that no paper may hold."""
    file = tmp_path / "secret.txt"
    file.write_text(CANARY)
    return file.as_uri()


def test_a_hundred_payloads_in_every_text_fetch_nothing_and_show_as_text(
    secret: str, listener: tuple[str, list[str]]
) -> None:
    host, asked = listener
    typed = payloads(host, secret)
    assert len(typed) >= 100
    evil = " ".join(typed[::5])
    data = render_pdf(
        drawn_report(
            edition="after",
            clinic_name=evil,
            date=evil[:400],
            turns=tuple(ReportTurn(one, one) for one in typed),
            questions=tuple(typed),
            references=(ReportReference(drawn_png(), (), evil, evil, evil),),
            glossary=(ReportTerm(evil, evil),),
            whom_to_call=(ReportContact(evil, evil),),
            doctor_sentence=evil,
            withheld=(ReportWithheld(evil, evil, evil),),
            style=ReportStyle(header=evil, footer=evil),
        ),
        timeout_seconds=60,
    )
    text = text_of(data).replace("\u200b", "")
    assert asked == []
    assert CANARY not in text
    assert CANARY.encode() not in data
    assert [one for one in typed if "".join(one.split()) not in text] == []


def with_markup(written: list[str]) -> ReportContent:
    inside = "\n".join(f"<div>{one}</div>" for one in written)
    own = f'{{% extends "report/report.html" %}}{{% block closing %}}{inside}{{% endblock %}}'
    assert template_mistakes(own)
    return drawn_report(style=ReportStyle(template=own))


def test_a_template_that_let_markup_in_would_still_fetch_nothing(
    secret: str, listener: tuple[str, list[str]]
) -> None:
    """Judging refuses such a template before; this is the wall behind it."""
    host, asked = listener
    written = list(markup(host, secret))
    # At these WeasyPrint gives up, or the walls stop it: the whole paper is refused.
    stopping = [one for one in written if "font-face" in one or f'@import url("//{host}' in one]
    data = render_pdf(with_markup([one for one in written if one not in stopping]))
    with pytest.raises(ReportError) as refused:
        render_pdf(with_markup(stopping))
    assert refused.value.key == "report_failed"
    assert asked == []
    assert CANARY.encode() not in data
    assert CANARY not in text_of(data)
    with pikepdf.open(io.BytesIO(data)) as document:
        keys = {key for one in document.objects if hasattr(one, "keys") for key in dict(one)}
    assert keys & {"/JS", "/JavaScript", "/OpenAction", "/Launch", "/EmbeddedFile"} == set()


def test_a_foreign_address_as_picture_path_is_not_fetched(
    listener: tuple[str, list[str]],
) -> None:
    """Path data comes from our own tracing; even a forged one stays an attribute."""
    host, asked = listener
    scan = drawn_scan()
    forged = replace(scan.structures[0], path=f'M0 0"/><image href="http://{host}/x.png"/>')
    render_pdf(drawn_report(scans=(replace(scan, structures=(forged,)),)))
    assert asked == []


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        ("open({secret!r})", "PermissionError"),
        ("__import__('os').open({secret!r}, 0)", "PermissionError"),
        ("libc.open({secret!r}.encode(), 0) >= 0 or fail()", "refused"),
        ("libc.open(b'/etc/passwd', 0) >= 0 or fail()", "refused"),
        ("libc.socket(2, 1, 0) >= 0 or fail()", "refused"),
        ("libc.open({new!r}.encode(), 0o101, 0o600) >= 0 or fail()", "refused"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("__import__('subprocess').run(['true'])", "PermissionError"),
        ("__import__('os').fork()", "PermissionError"),
    ],
)
def test_a_shut_in_process_has_no_files_network_or_programs(
    tmp_path: Path, attempt: str, refused: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    line = attempt.format(secret=str(secret), new=str(tmp_path / "new.txt"))
    code = f"""
import ctypes, sys, socket, subprocess
from pathlib import Path
from app.report.confine import confine
libc = ctypes.CDLL(None, use_errno=True)
def fail(): raise OSError("refused")
held = confine([Path(sys.prefix), Path(sys.base_prefix)])
if "libc" in {line!r} and not {{"landlock", "seccomp"}} <= set(held):
    print("no kernel layer"); sys.exit()
try:
    {line}
except OSError as error:
    print(type(error).__name__, error)
else:
    print("it worked")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CODE, capture_output=True, text=True, check=False
    )
    if done.stdout.startswith("no kernel layer"):
        pytest.skip("this kernel has neither Landlock nor seccomp")
    assert refused in done.stdout, done.stdout + done.stderr
    assert not (tmp_path / "new.txt").exists()


LONG_TEXTS = {
    "letters": "a" * 20_000,
    "emoji": "\U0001f642" * 10_000,
    "right to left": "هل أحتاج إلى فحص آخر؟ " * 900,
    "towers of accents": ("Z" + "\u0335\u0321\u0489\u031b" * 10) * 480,
    "overrides": "\u202e\u2066abc\u202d" * 3_000,
    "both directions": "\u0627a\u06281" * 5_000,
    "line breaks": "\n" * 10_000 + "a\n" * 5_000,
    "controls": "a\x00b\x01" * 5_000,
    "markup": "<b>" * 6_600,
    "no spaces in Thai": "ภาพ" * 6_000,
    "letters without a font": "\U0002a6d0" * 10_000,
    "hidden breaks": "a\u200b" * 10_000,
    "soft hyphens": "wo\u00adrd" * 4_000,
    "isolates": "\u2067\u0627\u2069" * 5_000,
    "marks first": "\u0301" * 20_000,
    "joined people": "\U0001f469\u200d" * 8_000,
    "ideographs": "\u753b" * 20_000,
    "brackets": "([{" * 6_600,
    "tabs": "a\t" * 10_000,
    "surrogates and holes": "\ud800\ufffe\ufdd0x" * 4_000,
}


@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS.keys())
def test_a_pathological_text_becomes_a_pdf_in_time(text: str) -> None:
    started = time.monotonic()
    data = render_pdf(drawn_report(turns=(ReportTurn(text, "Your doctor will explain."),)))
    assert data.startswith(b"%PDF-")
    assert "Yourdoctorwillexplain." in text_of(data)
    assert time.monotonic() - started < 20


def test_a_letter_without_a_font_shows_as_a_box_and_the_paper_says_so() -> None:
    said = "Someletterscannotbeprintedhere."
    strange = render_pdf(drawn_report(turns=(ReportTurn("a \U0002a6d0 b", "Your doctor."),)))
    assert said in text_of(strange)
    assert said not in text_of(render_pdf(drawn_report()))


def test_a_report_that_takes_too_long_is_refused() -> None:
    with pytest.raises(ReportError) as caught:
        render_pdf(drawn_report(), timeout_seconds=0.05)
    assert caught.value.key == "report_too_slow"


def test_a_report_with_too_many_pages_is_refused() -> None:
    turn = ReportTurn("\n".join("abc" for _ in range(190)), "a")
    with pytest.raises(ReportError) as caught:
        render_pdf(drawn_report(turns=(turn,) * 60), timeout_seconds=120)
    assert caught.value.key == "report_too_long"


def test_a_broken_picture_does_not_stop_the_report() -> None:
    scan = replace(drawn_scan(), image_png=b"no picture", structures=())
    data = render_pdf(drawn_report(scans=(scan,)))
    assert "tummyarea" in text_of(data)
