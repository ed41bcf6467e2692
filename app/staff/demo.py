"""A demonstration clinic: drawn healthy pictures, a staff account and a visit to try."""

import hashlib
import io
import secrets
from dataclasses import dataclass

from PIL import Image
from sqlalchemy.orm import Session

from app.deps import House
from app.references.drawings import DRAWINGS
from app.references.drawn import Drawing, drawn_png
from app.references.library import Particulars, likeness
from app.staff.login import new_account
from app.storage import audit, references, scans, staff, visits
from app.storage.scans import ScanFacts
from model.pixels import PIXELS_VERSION

ACCOUNT = "demo"
ACTOR = "demonstration"
LICENCE = "CC0, drawn by code"
VARIANTS = (("", "any"), ("18-39", "female"), ("40-64", "male"))
"""Age band and sex written on each variant of a drawing."""


@dataclass(frozen=True)
class Drawn:
    """A drawn PNG with its size and the digest of its pixels."""

    png: bytes
    size: tuple[int, int]
    digest: str


def add_demonstration(house: House) -> list[str]:
    """Fill the house for a demonstration, twice is as good as once; gives lines for the console."""
    added = 0
    for drawing in DRAWINGS:
        for variant, (age_band, sex) in enumerate(VARIANTS):
            drawn = _drawn(drawing, variant)
            with house.sessions() as session, session.begin():
                added += _add_reference(house, session, drawing, drawn, age_band, sex)
    with house.sessions() as session, session.begin():
        return [
            f"{added} drawn pictures added to the healthy library, marked as drawn",
            _add_account(session),
            _add_visit(house, session),
        ]


def _drawn(drawing: Drawing, variant: int) -> Drawn:
    png = drawn_png(drawing, variant)
    with Image.open(io.BytesIO(png)) as picture:
        digest = hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()
        return Drawn(png, picture.size, digest)


def _add_reference(
    house: House, session: Session, drawing: Drawing, drawn: Drawn, age_band: str, sex: str
) -> int:
    if references.same_picture(session, drawn.digest):
        return 0
    known = house.catalogue.structures
    record = Particulars(
        region=drawing.region,
        modality=drawing.modality,
        plane=drawing.plane,
        structures=tuple(name for name in drawing.structures if name in known),
        age_band=age_band,
        sex=sex,
        source="Anteroom",
        licence=LICENCE,
        caption=drawing.caption,
        is_drawn=True,
    )
    likely = likeness(drawn.png)
    row = references.add(
        session, house.blobs, record, drawn.png, drawn.size, drawn.digest, None, likeness=likely
    )
    row.status = "approved"  # drawn by this program: there is nothing for a clinic to approve
    audit.record(session, ACTOR, "reference.add", row.reference_id)
    return 1


def _add_account(session: Session) -> str:
    if staff.by_name(session, ACCOUNT) is not None:
        return f"Staff: {ACCOUNT}, with the password printed when it was made"
    password = secrets.token_urlsafe(12)
    member = new_account(session, ACCOUNT, staff.ROLES, password)
    audit.record(session, ACTOR, "staff.add", member.staff_id)
    return f"Staff: sign in at /staff as {ACCOUNT} with the password {password}"


def _add_visit(house: House, session: Session) -> str:
    """An open visit with a drawn slice, so that the pages have something to show."""
    waiting = visits.all_open(session)
    if waiting:
        return "A visit is open already: see /staff/visits"
    opened = visits.open_visit(session, house.master)
    drawing = next(d for d in DRAWINGS if (d.region, d.modality) == ("abdomen", "CT"))
    drawn = _drawn(drawing, len(VARIANTS))
    facts = ScanFacts(
        image_digest=drawn.digest,
        width=drawn.size[0],
        height=drawn.size[1],
        source="picture",
        pixels_version=PIXELS_VERSION,
    )
    scans.add_scan(session, house.blobs, opened, facts, drawn.png)
    audit.record(session, ACTOR, "visit.open", opened.visit.visit_id)
    return f"Patient: start at / with the code {visits.code_of(opened)} (a drawn picture waits)"
