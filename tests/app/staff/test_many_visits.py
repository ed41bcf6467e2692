"""The page of 5,000 open visits over HTTP: fast at either end of the list."""

import time
from collections.abc import Callable

import pytest

from app.deps import House
from app.storage import visits
from tests.app.staff.cast import SignedIn

MANY = 5_000
MOST_SECONDS = 0.3


@pytest.fixture
def full(house: House) -> House:
    """A house with 5,000 open visits, each with a key and a code of its own."""
    with house.sessions() as session, session.begin():
        for _ in range(MANY):
            visits.open_visit(session, house.master)
    return house


@pytest.mark.usefixtures("full")
def test_any_page_of_five_thousand_visits_opens_in_300_ms(
    signed_in: SignedIn, record_property: Callable[[str, object], None]
) -> None:
    nurse = signed_in("nurse")
    for number in (1, 50, 100):
        took = []
        for _ in range(4):
            begun = time.perf_counter()
            answer = nurse.get(f"/staff/visits?page={number}")
            took.append(time.perf_counter() - begun)
            assert answer.status_code == 200
        assert answer.text.count('data-testid="visit-row"') == 50
        record_property(f"page {number} of {MANY} visits, ms", round(min(took) * 1000))
        assert min(took) < MOST_SECONDS, (number, took)
