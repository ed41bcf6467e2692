"""python -m tests.reliability.stub_worker FOLDER SECONDS: a worker whose model takes that long."""

import os
import sys
import threading
from collections import deque
from pathlib import Path

from app.row_work import Desk
from app.storage import work
from app.watchdog import Watchdog
from app.worker import _beat, _work_on
from model.scripted import ScriptedBackend
from tests.builders import open_test_house
from tests.scripted_model import said_of_picture, scripted_engine


def main(folder: Path, seconds: float) -> None:
    """Work on the rows of this data folder until killed."""
    house = open_test_house(folder, workers="0")
    backend = ScriptedBackend(
        lambda request: said_of_picture(request, "the liver"), delay_seconds=seconds
    )
    backend.requests = deque(maxlen=1)  # hours of pictures would fill the memory
    desk = Desk(
        house,
        scripted_engine(backend),
        f"stub-{os.getpid()}",
        {},
        Watchdog(work.LEASE.total_seconds()),
    )
    stopping = threading.Event()
    threading.Thread(target=_beat, args=(desk, stopping), daemon=True).start()
    _work_on(desk, stopping)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
