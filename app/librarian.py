"""Taking a picture into the library: what speaks against it, and keeping it."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from app.analysis.scan_or_not import is_colourful
from app.deps import House
from app.intake.burned_in import Area, cover, find_writing
from app.intake.extent import width_mm
from app.intake.receive import ReceivedScan
from app.references.library import Particulars, Problem, is_near, likeness
from app.storage import audit, library_jobs, references
from app.storage.tables import Reference
from model.types import Image as ImageArray

FACE_PLANES: Final = ("sagittal", "lateral", "coronal", "frontal", "oblique", "other")
"""Ways of cutting a head that can leave nose, eyes and mouth in the picture."""


@dataclass(frozen=True)
class Keeper:
    """The staff member who takes a picture in."""

    staff_id: str
    name: str


def may_show_face(said: Particulars) -> bool:
    """Whether a face could be seen: a person is known by it though no name is there."""
    return said.region == "head" and said.plane in FACE_PLANES


def doubts(
    session: Session, received: ReceivedScan, said: Particulars, confirmed: Mapping[str, str]
) -> list[Problem]:
    """Why a picture that could be read should still not go in without a second look.

    The same picture twice is never taken, nor is one in colour: CT, MR and X-ray are grey, so that
    is a photograph, perhaps of a face, or a surface that a computer drew. A near duplicate, a
    picture with text that may be a name, and one in which a face could be seen are taken once staff
    confirm them (`confirm_near`, `confirm_text` or `cover_text`, `confirm_face`).
    """
    if references.same_picture(session, received.image_digest):
        return [Problem("file", "duplicate")]
    if is_colourful(_pixels(received.image_png)):
        return [Problem("file", "in_colour")]
    found: list[Problem] = []
    is_settled = confirmed.get("confirm_text") or confirmed.get("cover_text")
    if not is_settled and has_writing(received):
        found.append(Problem("file", "burned_in_text"))
    if may_show_face(said) and not confirmed.get("confirm_face"):
        found.append(Problem("file", "face"))
    if confirmed.get("confirm_near"):
        return found
    mine = likeness(received.image_png)
    for reference_id, other in references.likenesses(session, said.region, said.modality):
        if is_near(mine, other):
            return [*found, Problem("file", "near_duplicate", reference_id)]
    return found


def has_writing(received: ReceivedScan) -> bool:
    """Whether the header says so, or something looks like a line of writing (9 % false alarms)."""
    return "burned_in_annotation" in received.notes or bool(_writing(received.image_png)[1])


def covered(received: ReceivedScan) -> ReceivedScan:
    """The picture with every line of writing in it under a black box."""
    png = cover_writing(received.image_png)
    return replace(received, image_png=png, image_digest=digest_of(png)[0])


def cover_writing(image_png: bytes) -> bytes:
    """A PNG with every line of writing that is found in it under a black box."""
    target = io.BytesIO()
    Image.fromarray(cover(*_writing(image_png))).save(target, "PNG")
    return target.getvalue()


def _writing(image_png: bytes) -> tuple[ImageArray, list[Area]]:
    """The pixels, uint8[H, W, 3] RGB, and the areas of writing in them."""
    with Image.open(io.BytesIO(image_png)) as picture:
        grey = np.asarray(picture.convert("L"), dtype=np.uint8)
    return _pixels(image_png), find_writing(grey)


def _pixels(image_png: bytes) -> ImageArray:
    """uint8[H, W, 3] RGB."""
    with Image.open(io.BytesIO(image_png)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def digest_of(image_png: bytes) -> tuple[str, tuple[int, int]]:
    """SHA-256 of the RGB pixels in hex, and (width, height)."""
    with Image.open(io.BytesIO(image_png)) as picture:
        return hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest(), picture.size


def keep(
    house: House, session: Session, keeper: Keeper, received: ReceivedScan, said: Particulars
) -> Reference:
    """Store a reference; it is live at once where the clinic asks for no approval."""
    row = references.add(
        session,
        house.blobs,
        said,
        received.image_png,
        (received.width, received.height),
        received.image_digest,
        keeper.staff_id,
        likeness=likeness(received.image_png),
        width_mm=width_mm(received.kept),
    )
    if house.settings.reference_approvers == 0:
        references.approve(session, row, keeper.staff_id, 0)
    library_jobs.ask_look(session, row.reference_id, keeper.staff_id)
    audit.record(session, keeper.name, "reference.add", row.reference_id)
    return row
