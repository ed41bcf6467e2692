"""What leaves the server is the same to the byte, whatever the model wrote."""

import difflib
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.testclient import TestClient

from app.main import make_app
from app.storage import turns
from model.scripted import ScriptedBackend
from model.types import Request
from tests.app.patient.conftest import OpenHouse
from tests.app.patient.visitor import Visitor
from tests.scripted_model import said_of_picture, scripted_engine

WRITTEN = ("glioblastoma", "arachnoid scar", "normal study")
FREE = "Is it something bad?"
# What differs between any two visits: ids, tokens, codes, clock times.
_MASKS = (
    (re.compile(r"[A-Za-z0-9_-]{20,}"), "TOKEN"),
    (re.compile(r"\b[0-9a-f]{8,}\b"), "HEX"),
    (re.compile(r"\b[A-Z0-9]{4} [A-Z0-9]{4}\b"), "CODE"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?"), "TIME"),
    (re.compile(r"\b\d{1,2}:\d\d(:\d\d)?\b"), "CLOCK"),
)


@dataclass
class Wire:
    """Everything one patient's tablet received, in order."""

    answers: list[tuple[str, int, tuple[tuple[str, str], ...], bytes]] = field(default_factory=list)

    def note(self, answer: httpx.Response) -> None:
        answer.read()
        headers = tuple(sorted(answer.headers.multi_items()))
        self.answers.append((str(answer.url), answer.status_code, headers, answer.content))

    def lines(self) -> list[str]:
        """The conversation line by line, without what differs between any two visits."""
        found = []
        for url, status, headers, body in self.answers:
            kind = dict(headers).get("content-type", "")
            said = [f"{status} {url}", *(f"{name}: {value}" for name, value in headers)]
            if "text" in kind or "json" in kind:
                said += body.decode("utf-8").splitlines()
            found += [_mask(line) for line in said if not line.startswith("content-length")]
        return found

    def papers(self) -> list[bytes]:
        return [body for _, _, _, body in self.answers if body.startswith(b"%PDF-")]


def _mask(line: str) -> str:
    for pattern, name in _MASKS:
        line = pattern.sub(name, line)
    return line


def conversation(open_copy: OpenHouse, raw: str, number: int) -> tuple[Wire, Visitor]:
    """A patient asks all there is to ask of a model that writes `raw` for everything."""
    same = {"answer_floor_seconds": "0", "idle_seconds": "120", "retention_hours": "24"}
    visitor = Visitor.of(open_copy(**dict(list(same.items())[:number])))
    wire = Wire()
    visitor.client = TestClient(make_app(visitor.house), follow_redirects=True)
    visitor.client.event_hooks = {"response": [wire.note]}

    def script(request: Request) -> str:
        return said_of_picture(request, raw)

    engine = scripted_engine(ScriptedBackend(script))
    visitor.start().upload()
    visitor.work(engine)
    visitor.get(visitor.path)
    for kind in ("what", "healthy", "might", "question"):
        visitor.ask(kind, FREE if kind == "question" else "")
        visitor.get(f"{visitor.scan_path}/status")
        visitor.work(engine)
        visitor.get(f"{visitor.scan_path}/answers")
        visitor.let_time_pass()
        visitor.get(f"{visitor.scan_path}/status")
    for path in ("/questions", "/gallery", "/help", visitor.scan_path, "/report.pdf"):
        visitor.get(path)
    return wire, visitor


def _words_of(paper: bytes, folder: Path) -> str:
    (folder / "paper.pdf").write_bytes(paper)
    command = ["pdftotext", "-layout", str(folder / "paper.pdf"), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_nobody_can_tell_from_the_wire_what_the_model_wrote(
    open_copy: OpenHouse, tmp_path: Path
) -> None:
    spoken = [conversation(open_copy, raw, number) for number, raw in enumerate(WRITTEN, start=1)]
    first, *others = [wire for wire, _ in spoken]
    assert len(first.answers) > 30
    for other in others:
        different = list(difflib.unified_diff(first.lines(), other.lines(), lineterm="", n=0))
        assert not different, "\n".join(different)
    papers = [wire.papers()[0] for wire, _ in spoken]
    words = {_mask(" ".join(_words_of(paper, tmp_path).split())) for paper in papers}
    assert len(words) == 1
    assert max(map(len, papers)) - min(map(len, papers)) <= 512
    for raw, (wire, visitor) in zip(WRITTEN, spoken, strict=True):
        _holds_nothing(wire, raw, tmp_path)
        with visitor.house.sessions() as session:
            kept = turns.all_of_visit(session, visitor.opened.visit.visit_id)
        assert sum(turn.status == "answered" for turn in kept) >= 2


def _holds_nothing(wire: Wire, raw: str, folder: Path) -> None:
    for url, _, headers, body in wire.answers:
        sent = " ".join([url, *(value for _, value in headers)]).encode() + body
        if body.startswith(b"%PDF-"):
            sent += _words_of(body, folder).encode()
        assert raw.encode() not in sent.lower(), url
