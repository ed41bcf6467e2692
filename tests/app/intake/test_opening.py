"""An upload that nobody waits for any more is not opened any further."""

import threading
import time
from typing import Any

from app.intake.opening import Opening, Openings
from app.intake.receive import Refusal
from app.intake.series import receive_files
from tests.app.intake.made_series import drawn_series
from tests.builders import png_bytes


def test_what_was_stopped_before_it_began_is_refused() -> None:
    for files in (drawn_series(3), [png_bytes(), png_bytes()]):
        opening = Opening()
        opening.stop()
        assert receive_files(files, opening=opening) == Refusal("stopped")


def test_stopping_ends_the_process_that_decodes() -> None:
    opening, answers = Opening(), list[Any]()
    files = drawn_series(40) * 20
    work = threading.Thread(target=lambda: answers.append(receive_files(files, opening=opening)))
    work.start()
    while opening._end is None:
        time.sleep(0.01)
    opening.stop()
    work.join(10)
    assert answers == [Refusal("stopped")]


def test_an_opening_is_known_to_its_owner_while_it_lasts() -> None:
    openings = Openings()
    with openings.begun("alice") as first, openings.begun("alice") as second:
        assert openings.of("alice") == [first, second]
        assert openings.of("dan") == []
    assert openings.of("alice") == []
