import io
from datetime import date

import numpy as np
import pytest
from PIL import Image

from app.references.drawings import DRAWINGS
from app.references.drawn import drawn_png
from app.references.library import check, is_near, likeness, read_csv
from app.references.retouch import Retouch, retouch
from tests.builders import drawn_slice, png_bytes

TODAY = date(2026, 11, 23)
KNOWN = {"liver", "spleen"}
GOOD = {"region": "abdomen", "modality": "CT", "plane": "axial", "licence": "CC0"}


def test_a_whole_record_is_taken_as_it_is_said() -> None:
    said = {**GOOD, "structures": "liver; spleen ;liver", "age_band": "40-64", "caption": " a  b "}
    checked = check(said, KNOWN, TODAY)
    assert checked.problems == ()
    assert checked.particulars is not None
    assert checked.particulars.structures == ("liver", "spleen")
    assert checked.particulars.caption == "a b"
    assert (checked.particulars.side, checked.particulars.sex) == ("none", "any")


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"region": ""}, "region", "missing"),
        ({"region": "tail"}, "region", "unknown"),
        ({"modality": "ultrasound"}, "modality", "unknown"),
        ({"plane": ""}, "plane", "missing"),
        ({"licence": ""}, "licence", "no_licence_or_consent"),
        ({"licence": "  "}, "licence", "no_licence_or_consent"),
        ({"structures": "liver;tumour"}, "structures", "unknown"),
        ({"sex": "yes"}, "sex", "unknown"),
        ({"age_band": "41"}, "age_band", "unknown"),
        ({"expires_on": "31.12.2027"}, "expires_on", "bad_date"),
        ({"expires_on": "2026-11-22"}, "expires_on", "expired"),
        ({"caption": "x" * 501}, "caption", "too_long"),
    ],
    ids=str,
)
def test_one_wrong_field_is_named(changed: dict[str, str], field: str, reason: str) -> None:
    checked = check({**GOOD, **changed}, KNOWN, TODAY)
    assert checked.particulars is None
    assert [(one.field, one.reason) for one in checked.problems] == [(field, reason)]


def test_consent_alone_is_enough_and_all_mistakes_are_said_at_once() -> None:
    consent = {**GOOD, "licence": "", "consent_ref": "folder 7", "expires_on": "2026-11-23"}
    assert check(consent, KNOWN, TODAY).problems == ()
    assert {one.field for one in check({}, KNOWN, TODAY).problems} == {
        "region",
        "modality",
        "plane",
        "licence",
    }


def test_a_csv_is_read_line_by_line() -> None:
    text = (
        "\ufefffile,region,modality,plane,licence,structures\r\n"
        "a.png,abdomen,CT,axial,CC0,liver\r\n"
        'b.png,abdomen,CT,axial,"CC0, own","liver;spleen"\r\n'
        "c.png,tail,CT,axial,CC0,\r\n"
        "a.png,abdomen,CT,axial,CC0,\r\n"
        ",abdomen,CT,axial,CC0,\r\n"
        "d.png,abdomen,CT,axial,CC0,liver,too,many\r\n"
    )
    rows, problems = read_csv(text, KNOWN, TODAY)
    assert problems == []
    assert [(row.line, row.file) for row in rows][:3] == [(2, "a.png"), (3, "b.png"), (4, "c.png")]
    found = [[(p.field, p.reason) for p in row.checked.problems] for row in rows]
    assert found == [
        [],
        [],
        [("region", "unknown")],
        [("file", "same_file_twice")],
        [("file", "missing")],
        [],
    ]
    assert rows[1].checked.particulars is not None
    assert rows[1].checked.particulars.licence == "CC0, own"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing_column"),
        ("file,region,modality\n", "missing_column"),
        ("file,region,modality,plane\n", "no_rows"),
        ("file,region,modality,plane,diagnosis\na,head,CT,axial,x\n", "unknown_column"),
        ("file,region,modality,plane\n" + "a,head,CT,axial\n" * 5001, "too_many_rows"),
    ],
)
def test_a_csv_that_is_wrong_as_a_whole_gives_no_rows(text: str, reason: str) -> None:
    rows, problems = read_csv(text, KNOWN, TODAY)
    assert rows == []
    assert problems[0].reason == reason


def test_likeness_survives_saving_anew_and_tells_bodies_apart() -> None:
    picture = drawn_slice()
    target = io.BytesIO()
    picture.convert("RGB").resize((300, 300)).save(target, "JPEG", quality=70)
    first = likeness(png_bytes(picture))
    assert is_near(first, likeness(target.getvalue()))
    kinds = [likeness(drawn_png(drawing)) for drawing in DRAWINGS[:1] + DRAWINGS[3:4]]
    assert not is_near(first, kinds[0])
    assert not is_near(kinds[0], kinds[1])


def test_drawings_are_the_same_every_time_and_fill_the_vocabulary() -> None:
    assert drawn_png(DRAWINGS[0], 1) == drawn_png(DRAWINGS[0], 1)
    assert drawn_png(DRAWINGS[0], 1) != drawn_png(DRAWINGS[0], 2)
    kinds = {(drawing.region, drawing.modality) for drawing in DRAWINGS}
    wanted = {(r, m) for r in ("head", "chest", "abdomen") for m in ("CT", "MR", "X-ray")}
    assert kinds == wanted


def grey(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def test_a_covered_area_is_black_and_nothing_else_changes() -> None:
    before = np.full((100, 200), 90, np.uint8)
    wish = Retouch.from_form(
        {"act": "cover", "left": "0", "top": "0", "right": "50", "bottom": "40"}
    )
    assert wish is not None
    after = grey(retouch(png_bytes(Image.fromarray(before)), wish))
    assert (after[:40, :100] == 0).all()
    assert (after[40:] == 90).all()
    assert (after[:, 100:] == 90).all()


def test_turning_and_cropping_keep_the_right_pixels() -> None:
    before = np.zeros((100, 200), np.uint8)
    before[:, 100:] = 200
    turned = grey(retouch(png_bytes(Image.fromarray(before)), Retouch("turn")))
    assert turned.shape == (200, 100)
    assert (turned[150:] == 200).all()
    cropped = grey(retouch(png_bytes(Image.fromarray(before)), Retouch("crop", (50, 0, 100, 100))))
    assert cropped.shape == (100, 100)
    assert (cropped == 200).all()
    tiny = grey(retouch(png_bytes(Image.fromarray(before)), Retouch("crop", (99, 99, 100, 100))))
    assert tiny.shape == (32, 32)


@pytest.mark.parametrize(
    "form",
    [
        {"act": "explode"},
        {"act": "crop"},
        {"act": "crop", "left": "50", "top": "0", "right": "50", "bottom": "9"},
        {"act": "cover", "left": "-1", "top": "0", "right": "50", "bottom": "9"},
        {"act": "cover", "left": "nan", "top": "0", "right": "50", "bottom": "9"},
        {"act": "cover", "left": "0", "top": "0", "right": "100", "bottom": "100"},
    ],
    ids=str,
)
def test_an_area_that_makes_no_sense_is_no_wish(form: dict[str, str]) -> None:
    assert Retouch.from_form(form) is None
