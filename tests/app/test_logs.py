"""The log keeps an allow-list of keys and the place of an error, never its message."""

import pytest

from app.logs import ALLOWED_KEYS, keep_allowed, place_of

CANARY = "Alice Canary asked about a lump"


@pytest.mark.parametrize("key", ["question", "raw", "file_name", "name", "exception", "text"])
def test_a_key_that_is_not_listed_is_dropped(key: str) -> None:
    assert key not in ALLOWED_KEYS
    assert keep_allowed(None, "info", {"event": "row_done", key: CANARY}) == {"event": "row_done"}


def test_the_place_of_an_error_does_not_hold_its_message() -> None:
    with pytest.raises(ValueError, match=CANARY) as caught:
        raise ValueError(CANARY)
    assert place_of(caught.value).startswith("test_logs.py:")
