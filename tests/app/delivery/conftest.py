"""A house with a known scanner, and its door for DICOM on a free port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.delivery.listen import make_door
from app.deps import House
from app.storage import peers
from app.storage.peers import Said
from tests.app.staff.cast import copied_house
from tests.app.staff.conftest import anybody, prepared, signed_in  # noqa: F401, fixtures


@pytest.fixture
def house(prepared: House, tmp_path: Path) -> Iterator[House]:  # noqa: F811
    """A house whose scanner CT1 may deliver, and in which a second of quiet ends a delivery."""
    own = copied_house(prepared, tmp_path / "var", dicom_quiet_seconds="1")
    with own.sessions() as session, session.begin():
        peers.add(session, own.master, Said("CT 1", "CT1", delivers=True))
    yield own
    own.engine.dispose()


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """The door of the house, open in this process."""
    door = make_door(house)
    yield door.open("127.0.0.1", 0)
    door.close()
