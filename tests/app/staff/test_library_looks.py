"""What the model says of a reference, ticks for faces and writing, another picture in its place."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from app.deps import House
from app.storage import references
from tests.app.staff.cast import SignedIn
from tests.app.staff.library_desk import add, edition_on, kept, work_until_done
from tests.builders import drawn_slice, png_bytes


def test_the_model_proposes_and_its_parts_are_shown_like_a_patients(
    house: House, signed_in: SignedIn, anybody: Callable[[], TestClient]
) -> None:
    librarian = signed_in("librarian")
    add(librarian, region="chest")
    address = f"/staff/references/{kept(house)[0].reference_id}"
    assert "has not looked at it yet" in librarian.get(address).text
    work_until_done(house)
    page = librarian.get(address).text
    assert 'data-testid="reference-proposal"' in page
    assert 'data-propose="region" data-word="abdomen"' in page
    assert 'data-word="liver; spleen"' in page
    assert kept(house)[0].region == "chest"  # never applied by itself
    add(librarian, png_bytes(drawn_slice(seed=9).rotate(90)))
    work_until_done(house)
    row = next(one for one in kept(house) if one.region == "abdomen")
    overlay = anybody().get(f"/reference/{row.reference_id}.svg")
    assert house.catalogue.structure("liver").colour in overlay.text
    assert "<image" not in overlay.text
    librarian.post(f"/staff/references/{row.reference_id}/withdraw")
    assert anybody().get(f"/reference/{row.reference_id}.svg").status_code == 404


def test_a_face_needs_a_tick_and_writing_can_be_covered(house: House, signed_in: SignedIn) -> None:
    librarian = signed_in("librarian")
    status, page = add(librarian, region="head", plane="sagittal")
    assert status == 422
    assert 'name="confirm_face"' in page
    assert kept(house) == []
    assert add(librarian, region="head", plane="sagittal", confirm_face="yes")[0] == 303
    named = drawn_slice(512, seed=5)
    ImageDraw.Draw(named).text((20, 20), "MILLER ANNA 1960", fill=255, font_size=24)
    status, page = add(librarian, png_bytes(named))
    assert status == 422
    assert 'name="cover_text"' in page
    assert add(librarian, png_bytes(named), cover_text="yes", confirm_near="yes")[0] == 303
    row = next(one for one in kept(house) if one.region == "abdomen")
    with house.sessions() as session:
        found = references.find(session, row.reference_id)
        assert found is not None
        png = references.picture_of(house.blobs, found)
    with Image.open(io.BytesIO(png)) as picture:
        assert max(picture.convert("L").crop((20, 20, 200, 45)).getdata()) < 60


def test_a_replaced_picture_keeps_its_words_and_waits_for_a_yes(
    house: House, signed_in: SignedIn
) -> None:
    librarian = signed_in("librarian")
    add(librarian, caption="a good one")
    before = kept(house)[0]
    address = f"/staff/references/{before.reference_id}"
    other = png_bytes(drawn_slice(300, seed=4).rotate(180))
    edition = edition_on(librarian.get(address).text)
    for said, status in ((edition, 303), ("stale", 409)):
        answer = librarian.post(
            f"{address}/replace", data={"edition": said}, files={"file": ("x.png", other)}
        )
        assert answer.status_code == status
    after = kept(house)[0]
    assert (after.caption, after.status, after.width) == ("a good one", "draft", 300)
    assert after.image_digest != before.image_digest
