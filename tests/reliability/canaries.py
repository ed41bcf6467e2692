"""Two hundred words that must stay out of logs, metrics and process lists, crashes included."""

import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pydicom
from pydicom.data import get_testdata_file

from app.staff.login import add_staff
from app.storage import audit, tokens
from tests.builders import open_test_house, png_bytes
from tests.reliability.bar import Bar
from tests.running_server import RunningServer, children_of, running_server

WANTED = 200
PASSWORD = "a password for tests"
UGLY = "\r\n\x1b[31mERROR forged line\x1b[0m"
TAGS = ("PatientName", "PatientID", "PatientComments", "AccessionNumber", "InstitutionName")


def canaries_in_logs(folder: Path, is_full: bool) -> Bar:
    """Bar 24: the words of patients and staff, wrong passwords, tags, file names, addresses."""
    data, started = folder / "canaries", time.monotonic()
    house = open_test_house(data)
    add_staff(house, "Nina", ("nurse", "doctor", "librarian"), PASSWORD)
    with house.sessions() as session, session.begin():
        token = tokens.add(session, house.master, "monitor", "metrics")
    names = iter(f"canary{number:03d}zq" for number in range(WANTED))
    secrets: list[str] = [token]
    with running_server(data) as server:
        _patients(server, names, secrets)
        _staff(server, names, secrets)
        _strangers(server, names)
        _crashes(server)
        metrics = httpx.get(
            f"{server.address}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30
        ).text
        listed = _process_list(server)
    log = (folder / "canaries.log").read_bytes().decode("utf-8", "replace")
    places = f"{log}\n{metrics}\n{listed}".lower()
    left = list(names)
    words = {f"canary{number:03d}zq" for number in range(WANTED - len(left))} | set(secrets)
    found = sorted(word for word in words if word.lower() in places)
    forged = "\x1b" in log or "forged line" in log
    with house.sessions() as session:
        broken = audit.first_broken(session) is not None
    what = f"canaries in logs, metrics, process list{f' ({found[:3]})' if found else ''}"
    failures = len(found) + forged + broken
    return Bar(24, what, failures, len(words), WANTED, time.monotonic() - started)


def _patients(server: RunningServer, names: Iterator[str], secrets: list[str]) -> None:
    """Four patients who type, upload and call for help."""
    for _ in range(4):
        with httpx.Client(base_url=server.address, follow_redirects=True, timeout=60) as tablet:
            tablet.post("/start")
            tablet.post("/consent", data={"consent": "yes"})
            secrets.append(tablet.cookies["anteroom-visit"])
            for kind in (png_bytes(), _dicom(names), b"no picture"):
                file = {"picture": (f"{next(names)}{UGLY}.png", kind, "image/png")}
                scan = tablet.post("/upload", files=file).url.path
                if "/scan/" not in scan:
                    continue
                for words in ("Is there {} in it?", "I cannot breathe, says {}", "{}" + UGLY):
                    question = words.format(next(names))
                    tablet.post(f"{scan}/ask", data={"kind": "question", "question": question})
            for _ in range(5):
                tablet.post("/questions", data={"text": next(names)})
            tablet.post("/help", data={"back": f"/{next(names)}"})


def _dicom(names: Iterator[str]) -> bytes:
    scan = pydicom.dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    for tag in TAGS:
        setattr(scan, tag, next(names)[:16])
    target = io.BytesIO()
    scan.save_as(target)
    return target.getvalue()


def _staff(server: RunningServer, names: Iterator[str], secrets: list[str]) -> None:
    """A member who mistypes, writes notes, keeps pictures and searches."""
    with httpx.Client(base_url=server.address, follow_redirects=True, timeout=60) as desk:
        for _ in range(5):
            desk.post("/staff/sign-in", data={"name": next(names), "password": next(names)})
        desk.post("/staff/sign-in", data={"name": "Nina", "password": PASSWORD})
        secrets.append(desk.cookies["anteroom-staff"])
        page = desk.get("/staff/visits").text
        visit = page.split('class="code" href="')[1].split('"')[0]
        for _ in range(8):
            desk.post(f"{visit}/note", data={"words": next(names)})
            desk.get("/staff/visits", params={"q": next(names)})
            desk.post("/staff/handover", data={"note": next(names) + UGLY})
            said = {"region": "knee", "modality": "MR", "plane": "axial", "caption": next(names)}
            file = {"file": (f"{next(names)}.png", b"broken", "image/png")}
            desk.post("/staff/references", data={**said, "licence": next(names)}, files=file)


def _strangers(server: RunningServer, names: Iterator[str]) -> None:
    """Somebody who types codes and addresses that lead nowhere, until the words run out."""
    with httpx.Client(base_url=server.address, timeout=60) as stranger:
        for name in names:
            stranger.get(f"/scan/{name}", params={"slice": name})
            stranger.post("/start", data={"code": name, "language": name})


def _crashes(server: RunningServer) -> None:
    """The worker dies in the middle of its work, and bodies come that nobody can read."""
    for child in children_of(server.process.pid):
        os.kill(child, signal.SIGKILL)
    with httpx.Client(base_url=server.address, timeout=60) as broken:
        broken.post("/upload", content=b"--x\r\nbroken", headers={"Content-Type": "multipart/x"})
        broken.post("/staff/sign-in", content=b"\xff\xfe%00" * 99)
    time.sleep(2)


def _process_list(server: RunningServer) -> str:
    pids = [server.process.pid, *children_of(server.process.pid)]
    paths = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    return " ".join(path.read_text(errors="replace") for path in paths if path.exists())
