import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.references.library import Particulars
from app.storage import references, staff
from app.storage.blobs import BlobMissing, Blobs
from app.storage.database import Sessions
from app.storage.references import Filter
from app.storage.tables import Reference, now


def added(session: Session, blobs: Blobs, name: str = "one", **said: str) -> Reference:
    record = Particulars(**{"region": "chest", "modality": "CT", "plane": "axial", **said})
    return references.add(
        session, blobs, record, name.encode(), (8, 8), name.ljust(64, "0"), None, likeness="0" * 16
    )


def test_approvals_count_people_not_presses(sessions: Sessions, blobs: Blobs) -> None:
    with sessions() as session, session.begin():
        bob, carol = (staff.add(session, n, "hash", ("librarian",)) for n in ("Bob", "Carol"))
        row = added(session, blobs)
        references.approve(session, row, bob.staff_id, 2)
        references.approve(session, row, bob.staff_id, 2)
        session.flush()
        assert row.status == "draft"
        assert references.approved(session) == []
        references.approve(session, row, carol.staff_id, 2)
        session.flush()
        assert references.approved(session) == [row]
        given = references.approvals_of(session, [row.reference_id])
        assert given == {row.reference_id: {bob.staff_id, carol.staff_id}}


def test_changed_words_need_a_new_yes(sessions: Sessions, blobs: Blobs) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("librarian",))
        row = added(session, blobs)
        references.approve(session, row, bob.staff_id, 1)
        references.change(session, row, Particulars("head", "MR", "axial"))
        session.flush()
        assert (row.status, row.region, row.modality) == ("draft", "head", "MR")
        assert references.approvals_of(session, [row.reference_id])[row.reference_id] == set()


def test_withdrawn_and_expired_are_not_shown(sessions: Sessions, blobs: Blobs) -> None:
    yesterday = (now() - timedelta(days=1)).date().isoformat()
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("librarian",))
        good, gone, old = (
            added(session, blobs, name, expires_on=ends)
            for name, ends in (("a", ""), ("b", ""), ("c", yesterday))
        )
        for row in (good, gone, old):
            references.approve(session, row, bob.staff_id, 0)
        references.withdraw(gone)
        session.flush()
        assert references.approved(session) == [good]
        assert references.approved_of(session, "chest", "CT") == [good]
        assert references.approved_of(session, "chest", "MR") == []
        assert references.same_picture(session, good.image_digest)
        assert not references.same_picture(session, gone.image_digest)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(), ["a", "b", "c"]),
        (Filter(region="head"), ["b"]),
        (Filter(modality="CT", plane="axial"), ["a"]),
        (Filter(words="KIDNEY"), ["c"]),
        (Filter(words="kidney right"), ["c"]),
        (Filter(words="kidney left"), []),
        (Filter(words="100%"), ["a"]),
        (Filter(words="_"), []),
        (Filter(status="approved"), []),
    ],
)
def test_filters_narrow_the_list(
    sessions: Sessions, blobs: Blobs, chosen: Filter, expected: list[str]
) -> None:
    with sessions() as session, session.begin():
        added(session, blobs, "a", caption="all 100% drawn")
        added(session, blobs, "b", region="head", modality="MR")
        row = added(session, blobs, "c", region="abdomen", modality="MR")
        row.structures = ["right kidney"]
        session.flush()
        rows, total = references.page_of(session, chosen, 0, 10)
        assert sorted(row.image_digest[0] for row in rows) == expected
        assert total == len(expected)


def test_a_changed_picture_can_go_back_until_somebody_said_yes(
    sessions: Sessions, blobs: Blobs
) -> None:
    with sessions() as session, session.begin():
        row = added(session, blobs, "first")
        for data in (b"second", b"third"):
            references.change_picture(session, blobs, row, data, (4, 4), "d" * 64, "f" * 16)
        assert references.picture_of(blobs, row) == b"third"
        assert references.first_picture_of(blobs, row) == b"first"
        assert row.status == "draft"
        references.forget_first_picture(blobs, row)
        assert references.first_picture_of(blobs, row) == b"third"
        with pytest.raises(BlobMissing):
            blobs.get(f"references/{row.reference_id}/first.png")


def test_counts_say_where_the_library_is_empty(sessions: Sessions, blobs: Blobs) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("librarian",))
        for name in ("a", "b"):
            references.approve(session, added(session, blobs, name), bob.staff_id, 0)
        added(session, blobs, "draft", region="head")
        session.flush()
        assert references.counts_by_kind(session) == {("chest", "CT", "axial", ""): 2}


def test_any_page_of_five_thousand_references_takes_less_than_300_ms(sessions: Sessions) -> None:
    said = {"region": "knee", "modality": "MR", "plane": "axial", "width": 9, "height": 9}
    rows = [
        {
            **said,
            "image_digest": f"{number:064x}",
            "caption": f"number {number}",
            "status": "approved" if number % 3 else "draft",
            "structures": [],
            "look": {},
            "regions": [],
        }
        for number in range(5_000)
    ]
    with sessions() as session, session.begin():
        session.execute(insert(Reference), rows)
        session.execute(text("ANALYZE"))
    for chosen, total in ((Filter(), 5_000), (Filter(words="number 4999"), 1)):
        for start in (0, 2_500, 4_950):
            took = []
            for _ in range(3):
                with sessions() as session:
                    begun = time.perf_counter()
                    found, count = references.page_of(session, chosen, start, 50)
                    took.append(time.perf_counter() - begun)
                assert count == total
                assert len(found) == (50 if total > 50 else max(0, total - start))
            assert min(took) < 0.3, (chosen, start, took)
