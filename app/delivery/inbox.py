"""One delivered file becomes a sealed blob of its study; the same for C-STORE and STOW-RS."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.delivery.right_patient import numbers_of
from app.deps import House
from app.intake.delivered import Delivered, read_delivered
from app.intake.envelope import as_mapping
from app.intake.limits import MIB, Limits
from app.intake.reasons import Refused
from app.storage import arrivals, envelopes, expected
from app.storage.arrivals import Particulars
from app.storage.tables import now

DISK_FLOOR: Final = 512 * MIB
"""Free space below which nothing is taken: alerts and answers must still be written."""
_TRIES: Final = 3


@dataclass(frozen=True)
class Kept:
    """What became of one file: `reason` is empty when it is safe, else a key of STATUSES."""

    reason: str = ""
    arrival_id: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_uid: str = ""


def keep(house: House, peer: str, data: bytes, *, study_uid: str = "") -> Kept:
    """Seal and store one file; returns when it would outlive a crash.

    Args:
        house: where it is kept.
        peer: AE title of the machine, or the name of its token.
        data: a Part 10 file.
        study_uid: the study it must belong to; any when empty.
    """
    if shutil.disk_usage(house.settings.data_dir).free < DISK_FLOOR:
        return Kept("no_space")
    try:
        delivered = read_delivered(data, Limits())
    except Refused as refused:
        return Kept(refused.reason if refused.reason != "too_slow" else "broken")
    except MemoryError:
        return Kept("too_large")
    said = delivered.envelope
    if study_uid and said.study_instance_uid != study_uid:
        reason, arrival_id = "mismatch", ""
    else:
        reason, arrival_id = _stored(house, peer, delivered, data)
    uids = (delivered.sop_class_uid, said.sop_instance_uid, said.study_instance_uid)
    return Kept(reason, arrival_id, *uids)


def finish(house: House, arrival_ids: Collection[str], *, in_order: bool) -> None:
    """A transfer ended: in order, and the quiet time begins; broken off, and more may come."""
    if in_order and arrival_ids:
        with house.sessions() as session, session.begin():
            arrivals.finish(session, arrival_ids, _due(house))


def _due(house: House) -> datetime:
    return now() + timedelta(seconds=house.settings.dicom_quiet_seconds)


def _stored(house: House, peer: str, delivered: Delivered, data: bytes) -> tuple[str, str]:
    said = _particulars(house, peer, delivered)
    instance = envelopes.instance_digest(house.master, delivered.envelope.sop_instance_uid)
    for _ in range(_TRIES):
        with house.sessions() as session:
            arrival = arrivals.gather(session, house.master, said, _due(house))
        vault = arrivals.vault_of(house.master, arrival)
        if vault is None:
            continue
        name = arrivals.blob_name(arrival.arrival_id, instance)
        is_new = not house.blobs.has(name)
        house.blobs.put_sealed(vault, name, data)
        with house.sessions() as session, session.begin():
            is_counted = arrivals.note_file(
                session,
                arrival.arrival_id,
                _due(house),
                is_new=is_new,
                is_other_patient=arrival.patient_id_digest != said.patient_id_digest,
            )
        if is_counted:
            return "", arrival.arrival_id
    return "not_kept", ""


def _particulars(house: House, peer: str, delivered: Delivered) -> Particulars:
    identifiers, master = as_mapping(delivered.envelope), house.master
    return Particulars(
        peer=peer,
        study_digest=envelopes.study_digest(master, identifiers["StudyInstanceUID"]),
        **expected.digests(master, numbers_of(delivered.envelope)),
        identifiers=identifiers,
        facts=delivered.facts,
    )
