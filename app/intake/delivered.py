"""What the header of one delivered file says, read where it arrives; no picture is decoded here.

Pure Python alone touches the bytes, over the first part of the file and over named attributes.
"""

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID

from app.intake import header_words
from app.intake.dicom_pixels import DECODERS
from app.intake.envelope import IDENTIFIERS, Envelope, envelope_of
from app.intake.frames import values_of, word_of
from app.intake.limits import Limits
from app.intake.part10 import read_dataset
from app.intake.reasons import Refused

HEAD_BYTES: Final = 256 * 1024
TRANSFER_SYNTAXES: Final = (*DECODERS, UID("1.2.840.10008.1.2.1.99"))
"""Every way to write a picture that can be read here; the last one packs the whole data set."""
_SIDES: Final = {"L": "left", "R": "right", "B": "both"}
_READ: Final = frozenset(
    {*IDENTIFIERS, *header_words.READ, "SOPClassUID", "Laterality", "ImageLaterality"}
)
_MAX_UID_CHARS: Final = 64


@dataclass(frozen=True)
class Delivered:
    """One file: its identifiers, and words of closed lists that staff may see.

    Attributes:
        envelope: the enumerated identifiers, to be sealed.
        sop_class_uid: what kind of object it is.
        transfer_syntax_uid: how it is written.
        facts: modality, region, age_band, sex and side, each a word of the vocabulary or empty.
    """

    envelope: Envelope
    sop_class_uid: str
    transfer_syntax_uid: str
    facts: dict[str, str]


def read_delivered(data: bytes, limits: Limits) -> Delivered:
    """The header of a file that a machine of the clinic sent.

    Raises:
        Refused: ``too_large``, ``unsupported_format`` for a transfer syntax that is not read here,
            ``broken`` for anything that is no DICOM file with its own UIDs.
    """
    if len(data) > limits.max_bytes:
        raise Refused("too_large")
    try:
        dataset, syntax = _header(data, limits)
        found = Delivered(
            envelope_of(_texts(dataset)), _uid(dataset, "SOPClassUID"), syntax, _facts(dataset)
        )
    except (Refused, MemoryError):
        raise
    except Exception:
        # Hostile bytes make a reader of headers raise anything.
        raise Refused("broken") from None
    if syntax not in TRANSFER_SYNTAXES:
        raise Refused("unsupported_format")
    uids = (found.envelope.sop_instance_uid, found.envelope.study_instance_uid)
    if not all(_is_uid(uid) for uid in (*uids, found.sop_class_uid)):
        raise Refused("broken")
    return found


def _header(data: bytes, limits: Limits) -> tuple[Dataset, str]:
    try:
        dataset, syntax = read_dataset(data[:HEAD_BYTES], limits, _READ, is_cut=True)
        if values_of(dataset, "StudyInstanceUID"):
            return dataset, syntax
    except Exception:
        # Packed as a whole, or with a header longer than its share: all of it decides.
        pass
    return read_dataset(data, limits, _READ)


def _texts(dataset: Dataset) -> dict[str, object]:
    return {keyword: (list(values_of(dataset, keyword)) or [""])[0] for keyword in IDENTIFIERS}


def _uid(dataset: Dataset, keyword: str) -> str:
    return str((list(values_of(dataset, keyword)) or [""])[0]).strip()


def _is_uid(text: str) -> bool:
    is_short = 0 < len(text) <= _MAX_UID_CHARS
    return is_short and all(part.isascii() and part.isdigit() for part in text.split("."))


def _facts(dataset: Dataset) -> dict[str, str]:
    try:
        modality = header_words.modality_of(dataset)
    except Refused:
        modality = ""
    side = word_of(dataset, "ImageLaterality") or word_of(dataset, "Laterality")
    return {
        "modality": modality,
        "region": header_words.region_of(dataset) or "",
        "age_band": header_words.age_band(dataset) or "",
        "sex": header_words.sex_of(dataset) or "",
        "side": _SIDES.get(side, ""),
    }
