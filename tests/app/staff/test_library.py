"""The healthy library over HTTP: adding, doubts, approvals, changes by two, bringing in many."""

import io
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.storage import library_misses, references
from model.vocabulary import AGE_BANDS
from tests.app.staff.cast import CAST, PASSWORD, SignedIn, copied_house
from tests.app.staff.library_desk import GOOD, add, edition_on, kept, work_until_done
from tests.builders import drawn_slice, png_bytes


def test_without_approvers_a_picture_is_live_at_once(house: House, signed_in: SignedIn) -> None:
    librarian = signed_in("librarian")
    assert add(librarian, structures="liver; spleen", age_band="40-64")[0] == 303
    (row,) = kept(house)
    assert (row.status, row.structures, row.plane) == ("approved", ["liver", "spleen"], "axial")
    assert row.image_digest
    page = librarian.get("/staff/references").text
    assert page.count('data-testid="reference-row"') == 1
    assert "reference-approve" not in page
    picture = librarian.get(f"/staff/references/{row.reference_id}/picture.png?small=1")
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("said", "picture", "words"),
    [
        ({"licence": ""}, None, "with whose consent"),
        ({"structures": "tumour"}, None, "not a word of the list"),
        ({"region": ""}, None, "fill this in"),
        ({"expires_on": "2020-01-01"}, None, "run out already"),
        ({}, b"", "fill this in"),
        ({}, b"no picture", "not a picture"),
    ],
    ids=str,
)
def test_a_bad_reference_is_refused_in_words_and_nothing_is_kept(
    house: House, signed_in: SignedIn, said: dict[str, str], picture: bytes | None, words: str
) -> None:
    status, page = add(signed_in("librarian"), picture, caption="keep me", **said)
    assert status == 422
    assert words in page
    assert "keep me" in page
    assert kept(house) == []


def test_the_same_picture_is_refused_and_a_near_one_asked_about(
    house: House, signed_in: SignedIn
) -> None:
    librarian = signed_in("librarian")
    add(librarian)
    assert "in the library already" in add(librarian)[1]
    near = png_bytes(drawn_slice(seed=1))
    status, page = add(librarian, near)
    assert status == 422
    assert "very much like" in page
    assert kept(house)[0].reference_id in page
    assert add(librarian, near, confirm_near="yes")[0] == 303
    assert len(kept(house)) == 2
    assert add(librarian, png_bytes(drawn_slice(seed=2)), modality="MR")[0] == 303


def test_a_draft_waits_for_as_many_people_as_the_setting_says(
    prepared: House, tmp_path: Path
) -> None:

    house = copied_house(prepared, tmp_path / "var", reference_approvers="2")
    app = make_app(house)
    clients = [TestClient(app, follow_redirects=False) for _ in range(2)]
    for client, role in zip(clients, ("librarian", "admin"), strict=True):
        client.post("/staff/sign-in", data={"name": CAST[role], "password": PASSWORD})
    add(clients[0])
    (row,) = kept(house)
    address = f"/staff/references/{row.reference_id}"
    for client, expected in (
        (clients[0], "draft"),
        (clients[0], "draft"),
        (clients[1], "approved"),
    ):
        assert kept(house)[0].status == "draft"
        edition = edition_on(client.get(address).text)
        client.post(f"{address}/approve", data={"edition": edition})
        assert kept(house)[0].status == expected


def test_a_yes_to_something_else_does_not_count(prepared: House, tmp_path: Path) -> None:

    house = copied_house(prepared, tmp_path / "var", reference_approvers="1")
    client = TestClient(make_app(house), follow_redirects=False)
    client.post("/staff/sign-in", data={"name": CAST["librarian"], "password": PASSWORD})
    add(client)
    address = f"/staff/references/{kept(house)[0].reference_id}"
    old = edition_on(client.get(address).text)
    client.post(address, data={**GOOD, "edition": old, "caption": "changed"})
    answer = client.post(f"{address}/approve", data={"edition": old})
    assert answer.headers["location"].endswith("done=stale")
    assert kept(house)[0].status == "draft"


def test_of_two_who_edit_at_once_the_second_is_told(house: House, signed_in: SignedIn) -> None:
    one, two = signed_in("librarian"), signed_in("admin")
    add(one)
    address = f"/staff/references/{kept(house)[0].reference_id}"
    edition = edition_on(one.get(address).text)
    typed = {**GOOD, "edition": edition}
    assert one.post(address, data={**typed, "caption": "first"}).status_code == 303
    late = two.post(address, data={**typed, "caption": "second"})
    assert late.status_code == 409
    assert 'data-testid="conflict"' in late.text
    assert '<strong class="differs">second</strong>' in late.text
    assert '<strong class="differs">first</strong>' in late.text
    assert kept(house)[0].caption == "first"
    again = {**typed, "edition": edition_on(late.text), "caption": "second"}
    assert two.post(address, data=again).status_code == 303
    assert kept(house)[0].caption == "second"


def test_a_name_in_the_picture_can_be_covered_and_taken_back(
    house: House, signed_in: SignedIn
) -> None:
    librarian = signed_in("librarian")
    add(librarian)
    address = f"/staff/references/{kept(house)[0].reference_id}"
    before = librarian.get(f"{address}/picture.png").content
    box = {"act": "cover", "left": "0", "top": "0", "right": "60", "bottom": "60"}
    edition = edition_on(librarian.get(address).text)
    librarian.post(f"{address}/picture", data={**box, "edition": edition})
    assert librarian.get(f"{address}/picture.png").content != before
    assert kept(house)[0].status == "draft"
    edition = edition_on(librarian.get(address).text)
    librarian.post(f"{address}/picture", data={"act": "undo", "edition": edition})
    assert librarian.get(f"{address}/picture.png").content == before
    wrong = {"act": "crop", "left": "9", "right": "1", "top": "0", "bottom": "9"}
    edition = edition_on(librarian.get(address).text)
    answer = librarian.post(f"{address}/picture", data={**wrong, "edition": edition})
    assert answer.status_code == 422


def test_withdrawn_is_gone_from_what_patients_see(house: House, signed_in: SignedIn) -> None:
    librarian = signed_in("librarian")
    add(librarian)
    librarian.post(f"/staff/references/{kept(house)[0].reference_id}/withdraw")
    with house.sessions() as session:
        assert references.approved(session) == []
    assert librarian.get("/staff/references/" + "0" * 32).status_code == 404


def zipped(table: str, **pictures: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("list.csv", table)
        for name, data in pictures.items():
            archive.writestr(f"pictures/{name}.png", data)
    return target.getvalue()


def test_good_lines_are_taken_and_bad_ones_named(house: House, signed_in: SignedIn) -> None:
    table = (
        "file,region,modality,plane,licence\n"
        "a.png,abdomen,CT,axial,CC0\n"
        "b.png,abdomen,CT,axial,\n"
        "c.png,chest,MR,axial,CC0\n"
        "d.png,chest,CT,axial,CC0\n"
        "../a.png,head,CT,axial,CC0\n"
    )
    data = zipped(table, a=png_bytes(), b=png_bytes(drawn_slice(seed=3)), d=b"no picture")
    librarian = signed_in("librarian")
    for _ in range(2):  # the same zip again takes nothing twice
        answer = librarian.post("/staff/references/import", files={"file": data})
        assert answer.status_code == 303
        assert "0 of 5 lines" in librarian.get("/staff/references/import").text
        work_until_done(house)
    page = librarian.get("/staff/references/import")
    assert "5 of 5 lines, 1 taken" in page.text
    assert "5 of 5 lines, 0 taken" in page.text
    assert house.blobs.folders("imports") == []
    for words in (
        "with whose consent",
        "not in the zip",
        "not a picture",
        "in the library already",
    ):
        assert words in page.text
    assert [(row.region, row.modality) for row in kept(house)] == [("abdomen", "CT")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a zip"),
        (b"PK\x03\x04 broken", "not a zip"),
        (zipped("file,region,modality,plane,diagnosis\n"), "column that nobody knows"),
        (zipped("file,region,modality,plane\n"), "no line"),
    ],
    ids=["empty", "broken", "column", "rows"],
)
def test_a_bad_zip_is_refused_in_words(signed_in: SignedIn, data: bytes, words: str) -> None:
    page = signed_in("librarian").post("/staff/references/import", files={"file": ("x", data)})
    assert page.status_code == 422
    assert words in page.text


def test_the_page_of_gaps_counts_live_pictures(house: House, signed_in: SignedIn) -> None:
    librarian = signed_in("librarian")
    add(librarian)
    page = librarian.get("/staff/references/coverage").text
    assert page.count('class="few"') == len(AGE_BANDS)  # of no said age: it fits every age
    assert page.count('class="enough"') == 0
    with house.sessions() as session, session.begin():
        for _ in range(3):
            library_misses.count(session, ("knee", "MR", "sagittal", "40-64"))
    page = librarian.get("/staff/references/coverage?modality=MR").text
    assert "<td>3</td><td>knee</td>" in page
    form = librarian.get(
        "/staff/references?new=1&region=knee&modality=MR&plane=sagittal&age_band=40-64"
    ).text
    assert '<option value="knee" selected>' in form
    assert 'data-testid="reference-row"' in form
