"""A house with staff of every role, and a browserless client for each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.staff.login import add_staff
from app.storage import work
from tests.app.staff.adapter_folders import BASE
from tests.app.staff.cast import CAST, PASSWORD, SignedIn, copied_house
from tests.builders import open_test_house


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with one account of each role; every test works in a copy: hashing is slow."""
    house = open_test_house(tmp_path_factory.mktemp("prepared") / "var")
    for role, name in CAST.items():
        add_staff(house, name, (role,), PASSWORD)
    return house


@pytest.fixture
def house(prepared: House, tmp_path: Path) -> Iterator[House]:
    own = copied_house(prepared, tmp_path / "var")
    yield own
    own.engine.dispose()


@pytest.fixture
def ready(house: House) -> House:
    """A house whose worker has said which base it holds."""
    with house.sessions() as session, session.begin():
        work.say(session, "worker-1", "ready", {"base_sha256": BASE, "adapter": None})
    return house


@pytest.fixture
def anybody(house: House) -> Callable[[], TestClient]:
    """Makes clients nobody is signed in with."""
    app = make_app(house)
    return lambda: TestClient(app, follow_redirects=False)


@pytest.fixture
def signed_in(house: House, anybody: Callable[[], TestClient]) -> SignedIn:
    """Makes a client on which the member with this role is signed in."""

    def sign_in(role: str) -> TestClient:
        client = anybody()
        answer = client.post("/staff/sign-in", data={"name": CAST[role], "password": PASSWORD})
        assert answer.status_code == 303
        return client

    return sign_in
