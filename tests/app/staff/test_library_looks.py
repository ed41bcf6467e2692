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


def drawn_face() -> bytes:
    """A face as a camera sees one: skin, eyes, a mouth."""
    picture = Image.new("RGB", (300, 300), (90, 110, 140))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((70, 30, 230, 270), fill=(224, 172, 142))
    for left in (110, 165):
        pen.ellipse((left, 110, left + 25, 125), fill=(60, 40, 30))
    pen.ellipse((120, 200, 180, 220), fill=(180, 70, 70))
    target = io.BytesIO()
    picture.save(target, "JPEG")
    return target.getvalue()


def test_a_photograph_of_a_face_is_never_taken(house: House, signed_in: SignedIn) -> None:
    librarian = signed_in("librarian")
    ticks = {"confirm_face": "yes", "confirm_text": "yes", "confirm_near": "yes"}
    for said in ({"region": "head", "plane": "frontal"}, {"region": "knee"}):
        status, page = add(librarian, drawn_face(), **said, **ticks)
        assert status == 422
        assert page.count("may be a photograph of a person") == 1
    assert kept(house) == []
    add(librarian)
    row = kept(house)[0]
    address = f"/staff/references/{row.reference_id}"
    edition = edition_on(librarian.get(address).text)
    said = {"edition": edition, **ticks}
    file = {"file": ("me.jpg", drawn_face())}
    answer = librarian.post(f"{address}/replace", data=said, files=file)
    assert answer.status_code == 422
    assert "may be a photograph of a person" in answer.text
    assert kept(house)[0].image_digest == row.image_digest


def test_of_a_head_is_said_that_many_slices_make_a_face(house: House, signed_in: SignedIn) -> None:
    librarian = signed_in("librarian")
    for seed, (region, is_said) in enumerate((("head", True), ("abdomen", False)), start=1):
        add(librarian, png_bytes(drawn_slice(seed=seed)), region=region)
        row = next(one for one in kept(house) if one.region == region)
        page = librarian.get(f"/staff/references/{row.reference_id}").text
        assert ("A face can be rebuilt" in page) is is_said


def test_nothing_comes_in_place_of_a_picture_whose_permission_has_ended(
    house: House, signed_in: SignedIn
) -> None:
    librarian = signed_in("librarian")
    add(librarian)
    with house.sessions() as session, session.begin():
        row = references.find(session, kept(house)[0].reference_id)
        assert row is not None
        row.expires_on = "2020-01-01"
    address = f"/staff/references/{kept(house)[0].reference_id}"
    before = kept(house)[0].image_digest
    edition = edition_on(librarian.get(address).text)
    file = {"file": ("x.png", png_bytes(drawn_slice(300, seed=4)))}
    answer = librarian.post(f"{address}/replace", data={"edition": edition}, files=file)
    assert answer.status_code == 422
    assert "run out already" in answer.text
    assert kept(house)[0].image_digest == before


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
