import re
from dataclasses import replace

from app.anatomy.catalogue import load
from app.report.compose import (
    breakable,
    for_edition,
    legend_rows,
    marked_structures,
    printable,
    rows_to_explain,
    shows_sides,
    structure_names,
    words_to_explain,
)
from app.report.page import build_page
from app.report.wire import from_wire, to_wire
from tests.app.report.drawn_content import drawn_region, drawn_report, drawn_scan


def test_structures_are_numbered_best_known_first_and_pairs_in_a_row() -> None:
    numbered = [(one.number, one.key) for one in drawn_scan().structures]
    assert numbered == [(1, "liver"), (2, "right kidney"), (3, "left kidney"), (4, "spleen")]


def test_a_pair_shares_one_row_of_the_legend() -> None:
    rows = [[one.number for one in row] for row in legend_rows(drawn_scan())]
    assert rows == [[1], [2, 3], [4]]


def test_a_part_is_explained_beside_the_first_picture_that_shows_it() -> None:
    scans = (drawn_scan(), drawn_scan())
    assert rows_to_explain(scans, 0) == legend_rows(scans[0])
    assert rows_to_explain(scans, 1) == ()


def test_a_structure_brings_its_words_colour_and_pattern() -> None:
    liver = drawn_scan().structures[0]
    entry = load().structure("liver")
    assert (liver.name, liver.does, liver.looks) == (
        entry.text("en").name,
        entry.text("en").does,
        entry.text("en").looks,
    )
    assert (liver.colour, liver.pattern) == (entry.colour, entry.pattern)


def test_a_region_that_is_no_structure_is_left_out() -> None:
    assert marked_structures([drawn_region("liver tumor", 0.5, 0.5, 0.1)], load(), "en") == ()
    assert structure_names(["colon", "liver tumor"], load(), "en") == ("large bowel",)


def test_the_wire_gives_the_content_back() -> None:
    content = drawn_report(edition="after", doctor_sentence="We talk on Monday.")
    assert from_wire(to_wire(content)) == content
    assert to_wire(content) == to_wire(drawn_report(**vars(content)))


def test_only_the_later_edition_holds_the_doctors_sentence() -> None:
    sentence = "We talk on Monday."
    assert for_edition(drawn_report(doctor_sentence=sentence)).doctor_sentence is None
    assert sentence not in build_page(drawn_report(doctor_sentence=sentence)).html
    assert sentence in build_page(drawn_report(edition="after", doctor_sentence=sentence)).html


def test_words_are_explained_once_and_only_known_ones() -> None:
    scan = drawn_scan()
    assert words_to_explain([scan, scan]) == ("CT", "axial")
    assert shows_sides(scan)


def test_printable_keeps_what_people_write() -> None:
    for text in ("Is it 3 cm?\nWhy?", "هل أحتاج؟", "Привіт 🙂👩‍⚕️", "Tiếng Việt ổ", "ภาพนี้"):
        assert printable(text) == text


def test_printable_drops_overrides_controls_and_towers() -> None:
    assert printable("a\u202eb\u2066c\x00d\x1be\ud800") == "abcde"
    assert printable("e" + "\u0335" * 50) == "e" + "\u0335" * 3
    assert printable("\n" * 5000 + "a\n\n\n\nb") == "a\n\nb"
    assert printable("a\nb" * 400).count("\n") == 0
    assert len(printable("a" * 30_000)) == 20_000


def test_breakable_only_adds_invisible_places_to_break() -> None:
    assert breakable("short words stay") == "short words stay"
    assert breakable("a" * 100).replace("\u200b", "") == "a" * 100
    assert max(map(len, breakable("a" * 100).split("\u200b"))) == 40


def test_every_address_of_the_page_is_an_asset_it_brings() -> None:
    page = build_page(drawn_report())
    styles = "".join(a.body.decode() for a in page.assets.values() if a.media_type == "text/css")
    named = set(re.findall(r"asset:([\w.-]+)", page.html + styles))
    assert named | {"screen.css"} == set(page.assets)
    assert "http" not in page.html.replace("http://127.0.0.1:8000/v/7QF2", "")


def test_html_in_every_text_is_shown_as_text() -> None:
    evil = '<img src="http://evil.example/x"><script>alert(1)</script>'
    page = build_page(
        drawn_report(
            clinic_name=evil,
            questions=(evil,),
            date=evil,
            ai_line=evil,
            companion_line=evil,
            intended_purpose=evil,
            edition="after",
            doctor_sentence=evil,
        )
    )
    assert "<script" not in page.html
    assert 'src="http' not in page.html


def test_a_part_drawn_by_a_doctor_is_named_and_the_computer_is_not() -> None:
    scan = drawn_scan()
    by_hand = tuple(replace(one, by_doctor=True) for one in scan.structures)
    mixed = (replace(scan.structures[0], by_doctor=True), *scan.structures[1:])
    for structures, computer, doctor in (
        (scan.structures, True, False),
        (mixed, True, True),
        (by_hand, False, True),
    ):
        page = build_page(drawn_report(scans=(replace(scan, structures=structures),))).html
        assert ("A computer drew the coloured parts." in page) == computer
        assert ("A doctor drew these by hand:" in page) == doctor
