"""A photo on the tablet: straightened, taken as it is after all, or split and asked about."""

import io

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from app.intake.deidentify import kept_attributes, reasons_in
from app.patient.access import LANGUAGE_COOKIE
from app.storage import scans
from tests.app.intake.made_files import pixels_of
from tests.app.patient.visitor import Visitor
from tests.builders import drawn_slice, png_bytes
from tests.drawn_photos import drawn_photo, with_glare


def photo_bytes(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=92)
    return target.getvalue()


def montage() -> bytes:
    """Two bodies side by side on white paper."""
    sheet = Image.new("L", (640, 340), 255)
    sheet.paste(drawn_slice(300, seed=1), (10, 20))
    sheet.paste(drawn_slice(300, seed=2).transpose(Image.Transpose.FLIP_TOP_BOTTOM), (330, 20))
    return png_bytes(sheet)


@pytest.fixture
def newcomer(alice: Visitor) -> Visitor:
    """Alice once more, with an empty visit."""
    return Visitor.of(alice.house).start()


def test_a_photo_is_straightened_and_used_as_it_is_when_asked_for(newcomer: Visitor) -> None:
    photo, _, _ = drawn_photo(np.random.default_rng(2), "film")
    assert newcomer.upload(photo_bytes(photo), "photo.jpg") == 200
    newcomer.work()
    newcomer.get(newcomer.scan_path)
    assert newcomer.sees("view-whole")
    straight = pixels_of(newcomer.client.get(f"{newcomer.scan_path}/picture.png").content)
    newcomer.post(f"{newcomer.scan_path}/view", {"view": "whole"})
    newcomer.work()
    newcomer.get(newcomer.scan_path)
    assert newcomer.sees("view-straight")
    whole = pixels_of(newcomer.client.get(f"{newcomer.scan_path}/picture.png").content)
    assert max(whole.shape) == 1024
    assert straight.size < whole.size
    # The table around the film is light; of the straightened film none of it is left.
    assert whole[:20].mean() > 100 > straight[:3].mean()


def test_glare_gets_advice_for_a_better_photo(newcomer: Visitor) -> None:
    generator = np.random.default_rng(2)
    photo, _, outer = drawn_photo(generator, "film")
    newcomer.upload(photo_bytes(with_glare(generator, photo, outer)), "photo.jpg")
    newcomer.work()
    newcomer.get(newcomer.scan_path)
    assert newcomer.sees("better-photo")


def test_of_a_montage_the_patient_is_asked_which_panel(newcomer: Visitor) -> None:
    assert newcomer.upload(montage()) == 200
    assert newcomer.path.endswith("/choose")
    assert len(newcomer.page.handles["panel"]) == 2
    newcomer.work()  # nobody looks before the patient has chosen
    with newcomer.house.sessions() as session:
        (scan,) = scans.all_of_visit(session, newcomer.opened.visit.visit_id)
    assert scan.status == "choosing"
    newcomer.post(f"{newcomer.scan_path}/view", {"view": "panel-2"})
    newcomer.work()
    newcomer.get(newcomer.scan_path)
    assert newcomer.sees("scan-image")
    assert newcomer.sees("choose-again")
    shown = pixels_of(newcomer.client.get(f"{newcomer.scan_path}/picture.png").content)
    assert abs(shown.shape[0] - 300) <= 6
    assert abs(shown.shape[1] - 300) <= 6


def test_the_whole_montage_can_be_taken_and_no_made_up_view(newcomer: Visitor) -> None:
    newcomer.upload(montage())
    for view in ("panel-3", "panel-0", "straight", "../x"):
        assert newcomer.post(f"{newcomer.scan_path}/view", {"view": view}) == 404
    newcomer.post(f"{newcomer.scan_path}/view", {"view": "whole"})
    newcomer.work()
    assert newcomer.get(newcomer.scan_path) == 200
    assert newcomer.sees("scan-image")


def test_a_stranger_sees_no_view_of_it(newcomer: Visitor) -> None:
    newcomer.upload(montage())
    address = newcomer.scan_path
    dan = Visitor.of(newcomer.house).start()
    for page in ("choose", "views/panel-1.png"):
        assert dan.get(f"{address}/{page}") == 404
    assert dan.post(f"{address}/view", {"view": "whole"}) == 404


def test_a_picture_without_panels_has_nothing_to_choose(alice: Visitor) -> None:
    assert alice.get(f"{alice.scan_path}/choose") == 404


def test_the_privacy_page_lists_what_is_kept_and_nothing_else(alice: Visitor) -> None:
    assert alice.get("/privacy") == 200
    assert len(alice.page.handles["kept"]) == len(kept_attributes())
    assert all(f">{one.keyword}</dt>" in alice.html for one in kept_attributes().values())
    assert all(one.reason.strip() for one in kept_attributes().values())
    assert Visitor.of(alice.house).get("/privacy") == 200
    alice.client.cookies.clear()
    alice.client.cookies.set(LANGUAGE_COOKIE, "de")
    assert alice.get("/privacy") == 200
    assert all(escape(reason) in alice.html for reason in reasons_in("de").values())
