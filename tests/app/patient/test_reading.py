"""Reading made easy: larger letters, fewer words, somebody who helps; and finding a part."""

import pytest

from app.anatomy.catalogue import Catalogue
from app.deps import House
from app.patient.finding import find_part
from app.patient.reading import Reading
from app.report.content import ReportStructure
from app.storage import visits
from tests.app.patient.visitor import Visitor


def part(number: int, name: str) -> ReportStructure:
    return ReportStructure(name, number, name, "", "", "#fff", "dots", "M0 0", (0.0, 0.0))


PARTS = (part(1, "liver"), part(2, "left kidney"), part(3, "right kidney"))


@pytest.mark.parametrize(
    ("typed", "state", "numbers"),
    [
        ("liver", "here", (1,)),
        ("Where is my LIVER?", "here", (1,)),
        ("kidney", "here", (2, 3)),
        ("my left kidney please", "here", (2,)),
        ("liv", "here", (1,)),
        ("spleen", "unsure", ()),
        ("stomach", "absent", ()),
        ("teapot", "unknown", ()),
        ("  ", None, None),
        ("a", "unknown", ()),
    ],
)
def test_a_part_is_found_by_its_name_or_by_a_question(
    prepared: House, typed: str, state: str | None, numbers: tuple[int, ...] | None
) -> None:
    found = find_part(typed, PARTS, ("spleen",), prepared.catalogue, "en")
    assert (found and found.state) == state
    assert (found.numbers if found else None) == numbers


def test_marks_on_letters_do_not_matter(prepared: House) -> None:
    catalogue: Catalogue = prepared.catalogue
    parts = (part(1, "Leber"), part(2, "Dünndarm"))
    found = find_part("dunndarm", parts, (), catalogue, "de")
    assert found is not None
    assert found.numbers == (2,)


def test_alice_is_shown_where_her_liver_is_and_no_address_keeps_her_words(alice: Visitor) -> None:
    assert alice.post(f"{alice.scan_path}/find", {"part": "where is my liver"}) == 200
    assert "about here." in alice.html
    assert 'class="shape is-lit"' in alice.html
    assert "liver" not in alice.path


def test_dan_does_not_find_parts_in_alices_picture(alice: Visitor, house: House) -> None:
    foreign = alice.scan_path
    dan = Visitor.of(house).start()
    assert dan.post(f"{foreign}/find", {"part": "liver"}) == 404


def test_choices_of_reading_hold_on_every_page_until_the_tablet_is_put_down(
    alice: Visitor,
) -> None:
    alice.post("/reading", {"size": "3", "back": "/questions"})
    assert alice.path == "/questions"
    alice.post("/reading", {"switch": "helper", "back": "/gallery?region=head"})
    alice.post("/reading", {"switch": "pictures", "back": "//evil.test"})
    assert alice.path == "/"
    for path in ("/", "/questions", alice.scan_path, "/gallery", "/nothing"):
        alice.get(path)
        assert 'data-size="3" data-pictures' in alice.html, path
    assert "For the person who helps" in alice.html or alice.get("/questions") == 200
    alice.post("/finish")
    alice.get("/")
    assert "data-size" not in alice.html


@pytest.mark.parametrize("nonsense", ["", "9", "x", "3zz", "<script>"])
def test_nonsense_changes_nothing(nonsense: str) -> None:
    assert Reading().changed(nonsense, nonsense).as_text() == ("1")


def test_another_language_keeps_the_slice_and_comes_back_from_a_refused_form(
    alice: Visitor,
) -> None:
    alice.get(f"{alice.scan_path}?slice=0&window=soft")
    assert f'name="back" value="{alice.scan_path}?slice=0&amp;window=soft"' in alice.html
    alice.post(f"{alice.scan_path}/ask", {"kind": "question", "question": " "})
    assert f'name="back" value="{alice.scan_path}"' in alice.html


def test_choices_come_back_with_the_code(alice: Visitor, house: House) -> None:
    alice.post("/reading", {"size": "2", "back": "/"})
    alice.post("/reading", {"switch": "pictures", "back": "/"})
    alice.post("/amount", {"amount": "names"})
    code = visits.code_of(alice.opened)
    alice.post("/finish")
    again = Visitor.of(house)
    again.post("/start", {"code": code})
    assert 'data-size="2" data-pictures' in again.html
    assert not again.sees("ask-might"), "names only, as chosen"


def test_what_is_chosen_on_this_tablet_counts_for_a_visit_that_comes_back(
    alice: Visitor, house: House
) -> None:
    alice.post("/reading", {"size": "2", "back": "/"})
    code = visits.code_of(alice.opened)
    again = Visitor.of(house)
    again.post("/reading", {"size": "3", "back": "/"})
    again.post("/start", {"code": code})
    assert 'data-size="3"' in again.html
    assert alice.opened.visit.reading == "3"
