"""How long a call takes to an open staff page while twenty tablets are busy."""

import json
import statistics
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from app.deps import House
from app.staff.login import add_staff
from app.storage import alerts
from tests.builders import open_test_house, png_bytes
from tests.running_server import running_server

TABLETS = 20
PAUSE_SECONDS = 1.0
PASSWORD = "a password for tests"


def measure_calls(folder: Path, seconds: float) -> dict[str, float]:
    """Seconds from the stored call to the event on the stream (p50, p99), and how many calls."""
    data = folder / "calls"
    house = open_test_house(data)
    add_staff(house, "Nina", ("nurse",), PASSWORD)
    heard: dict[str, datetime] = {}
    with running_server(data) as server:
        end = time.monotonic() + seconds
        crowd = [
            threading.Thread(target=_be_busy, args=(server.address, end)) for _ in range(TABLETS)
        ]
        for tablet in crowd:
            tablet.start()
        _listen(server.address, end, heard)
        for tablet in crowd:
            tablet.join()
    waits = sorted(_waits(house, heard))
    return {
        "call_seconds_p50": statistics.median(waits),
        "call_seconds_p99": waits[min(len(waits) - 1, int(0.99 * len(waits)))],
        "calls": float(len(waits)),
    }


def _be_busy(address: str, end: float) -> None:
    """A tablet that looks at its picture and at pages, and calls again and again."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as tablet:
        tablet.post("/start")
        tablet.post("/consent", data={"consent": "yes"})
        file = {"picture": ("mine.png", png_bytes(), "image/png")}
        scan = tablet.post("/upload", files=file).url.path
        while time.monotonic() < end:
            tablet.get(scan)
            tablet.post("/help")
            time.sleep(PAUSE_SECONDS)


def _listen(address: str, end: float, heard: dict[str, datetime]) -> None:
    """An open staff page: notes when it hears of each call, and confirms it at once."""
    with httpx.Client(base_url=address, timeout=60) as nurse:
        nurse.post("/staff/sign-in", data={"name": "Nina", "password": PASSWORD})
        seconds = min(600.0, end - time.monotonic())
        going: list[threading.Thread] = []
        with nurse.stream("GET", "/staff/alerts/stream", params={"seconds": seconds}) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data: "):
                    continue
                for call in json.loads(line.removeprefix("data: "))["waiting"]:
                    if call["id"] not in heard:
                        heard[call["id"]] = datetime.now(UTC)
                        going.append(threading.Thread(target=_confirm, args=(nurse, call["id"])))
                        going[-1].start()
        for one in going:
            one.join()


def _confirm(nurse: httpx.Client, alert_id: str) -> None:
    nurse.post(f"/staff/alerts/{alert_id}/seen")


def _waits(house: House, heard: dict[str, datetime]) -> list[float]:
    with house.sessions() as session:
        found = [(alerts.find(session, alert_id), at) for alert_id, at in heard.items()]
    return [(at - alert.raised_at).total_seconds() for alert, at in found if alert is not None]
