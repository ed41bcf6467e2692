"""A patient without a browser, on a house whose model answers from a script."""

import html
import re
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.storage import scans, turns, visits
from app.storage.visits import OpenedVisit
from app.worker import work_once
from model.opening import Engine
from model.scripted import ScriptedBackend
from model.types import Request
from tests.builders import png_bytes
from tests.scripted_model import STRUCTURES, said_of_picture, scripted_engine
from tests.tablet import PageReader

RAW = "Glioblastoma multiforme, grade four"


def script(request: Request) -> str:
    """What the scripted model writes: one liver, words for the picture, an illness for the rest."""
    return said_of_picture(request, RAW)


def engine(structures: tuple[str, ...] = STRUCTURES) -> Engine:
    """A scripted engine that knows these structures."""
    return scripted_engine(ScriptedBackend(script), structures)


@dataclass
class Visitor:
    """One patient with one tablet; keeps every body ever sent to it."""

    house: House
    client: TestClient
    bodies: list[str] = field(default_factory=list)
    html: str = ""
    path: str = "/"

    @classmethod
    def of(cls, house: House) -> "Visitor":
        return cls(house, TestClient(make_app(house), follow_redirects=True))

    @property
    def page(self) -> PageReader:
        reader = PageReader()
        reader.feed(self.html)
        return reader

    def get(self, path: str) -> int:
        return self._keep(self.client.get(path))

    def post(self, path: str, data: dict[str, str] | None = None, **more: object) -> int:
        return self._keep(self.client.post(path, data=data or {}, **more))  # type: ignore[arg-type]

    def _keep(self, answer: object) -> int:
        kind = answer.headers.get("content-type", "")  # type: ignore[attr-defined]
        self.path = answer.url.path  # type: ignore[attr-defined]
        if "text" in kind or "json" in kind:
            self.html = answer.text  # type: ignore[attr-defined]
            self.bodies.append(self.html)
        return int(answer.status_code)  # type: ignore[attr-defined]

    def sees(self, handle: str) -> bool:
        return handle in self.page.handles

    def text(self, handle: str) -> list[str]:
        """The words inside every element with this handle."""
        found = re.findall(rf'data-testid="{handle}"[^>]*>(.*?)</(?:div|li|p)>', self.html, re.S)
        return [html.unescape(re.sub(r"<[^>]+>|\s+", " ", one)).strip() for one in found]

    def start(self) -> "Visitor":
        """From the start to the page for uploading."""
        assert self.post("/start") == 200
        assert self.post("/consent", {"consent": "yes"}) == 200
        assert self.path == "/upload"
        return self

    def upload(self, data: bytes | None = None, name: str = "picture.png") -> int:
        files = {"picture": (name, png_bytes() if data is None else data)}
        return self.post("/upload", files=files)

    def looked(self) -> "Visitor":
        """A visit whose first picture was looked at."""
        self.start().upload()
        self.work()
        self.get(self.path)
        return self

    def work(self, with_engine: Engine | None = None) -> None:
        """Let the worker do all there is to do."""
        while work_once(self.house, with_engine or engine(), "worker-of-test"):
            pass

    def let_time_pass(self, seconds: float = 10) -> None:
        """Whatever was asked was asked so much earlier; then see the page of the scan."""
        with self.house.sessions() as session, session.begin():
            for turn in turns.all_of_visit(session, self.opened.visit.visit_id):
                turn.asked_at -= timedelta(seconds=seconds)
                if turn.answered_at is not None:
                    turn.answered_at -= timedelta(seconds=seconds)
        self.get(self.scan_path)

    def ask(self, kind: str, question: str = "") -> int:
        """Ask on the page of the scan, then see that page."""
        data = {"kind": kind, "question": question, "language": "en"}
        return self.post(f"{self.scan_path}/ask", data)

    @property
    def scan_path(self) -> str:
        return f"/scan/{self.scan_id}"

    @property
    def scan_id(self) -> str:
        with self.house.sessions() as session:
            return scans.all_of_visit(session, self.opened.visit.visit_id)[-1].scan_id

    @property
    def opened(self) -> OpenedVisit:
        """The newest visit: each visitor looks at it right after starting."""
        with self.house.sessions() as session:
            if not hasattr(self, "_visit_id"):
                self._visit_id = visits.all_open(session)[-1].visit_id
            found = visits.opened(session, self.house.master, self._visit_id)
        assert found is not None
        return found

    def set_level(self, level: str, *, paused: bool = False) -> None:
        """What staff do on their page."""
        with self.house.sessions() as session, session.begin():
            found = visits.opened(session, self.house.master, self.opened.visit.visit_id)
            assert found is not None
            found.visit.release_level, found.visit.paused = level, paused
