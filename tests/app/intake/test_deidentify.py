"""What a file says of a person stays behind: planted words are looked for in all that leaves."""

import dataclasses
import re
from typing import Any

import pytest
import yaml
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from app.intake.deidentify import (
    ALLOW_LIST,
    is_allowed,
    keep,
    kept_attributes,
    reasons_in,
    written_as,
)
from app.intake.envelope import IDENTIFIERS, Envelope, as_mapping, envelope_of
from app.intake.reasons import REASONS, Refused
from app.intake.receive import ReceivedScan, receive
from app.intake.wire import Decoded, Facts, pack_decoded, unpack_answer
from model import vocabulary
from tests.app.intake.made_files import ct_dataset, file_of, ramp

CANARY = "KANARI"
CANARY_DAY = "19570314"
CANARY_UID = "1.2.826.0.1.3680043.9.57.314.57314"
PLANTED_BY_VR = {
    "PN": f"{CANARY}^JANE",
    "LO": CANARY,
    "SH": CANARY,
    "ST": CANARY,
    "LT": CANARY,
    "UT": CANARY,
    "UC": CANARY,
    "CS": CANARY,
    "AE": CANARY,
    "UR": f"http://{CANARY}.example",
    "DA": CANARY_DAY,
    "DT": CANARY_DAY + "120000",
    "UI": CANARY_UID,
}
NEEDED_TO_OPEN = {
    "SOPClassUID",
    "Modality",
    "PhotometricInterpretation",
    "SpecificCharacterSet",
    # These two make the answer a refusal, which is tested elsewhere.
    "PatientSpeciesDescription",
    "PatientBreedDescription",
    "PatientSexNeutered",
}


def plant_everywhere(dataset: Dataset) -> int:
    """Put a canary into every attribute of the standard that takes text; the number planted."""
    planted = 0
    for tag, row in DicomDictionary.items():
        value, keyword = PLANTED_BY_VR.get(row[0]), keyword_for_tag(tag)
        if value is None or not keyword or keyword in NEEDED_TO_OPEN or tag >> 16 < 8:
            continue
        dataset.add_new(tag, row[0], value)
        planted += 1
    return planted


def planted_file() -> bytes:
    dataset = ct_dataset(ramp(), WindowCenter=0, WindowWidth=400)
    assert plant_everywhere(dataset) > 1500
    block = dataset.private_block(0x0011, f"{CANARY} Scanner", create=True)
    block.add_new(0x01, "LO", CANARY)
    block.add_new(0x02, "OB", CANARY.encode() * 3)
    inner, outer = Dataset(), Dataset()
    inner.PatientName, inner.PatientID = f"{CANARY}^JANE", CANARY
    outer.OtherPatientIDsSequence = Sequence([inner])
    dataset.RequestAttributesSequence = Sequence([outer])
    dataset.add_new(0x60003000, "OW", (CANARY * 100).encode())
    dataset.add_new(0x50003000, "OB", CANARY.encode())
    whole = file_of(dataset)
    return CANARY.encode().ljust(128, b"!") + whole[128:] + CANARY.encode()


def all_text_of(scan: ReceivedScan) -> str:
    values = dataclasses.asdict(scan)
    return repr(values) + scan.image_png.decode("latin-1")


def test_no_planted_word_leaves_a_tablet_upload() -> None:
    data = planted_file()
    assert data.count(CANARY.encode()) > 1000
    scan = receive(data)
    assert isinstance(scan, ReceivedScan), scan
    text = all_text_of(scan)
    for canary in (CANARY, CANARY_DAY, "1957", CANARY_UID, "57314"):
        assert canary not in text
    assert scan.envelope is None
    assert set(scan.kept) <= set(kept_attributes())


def test_a_delivered_scan_carries_the_enumerated_identifiers_and_no_more() -> None:
    scan = receive(planted_file(), delivered=True)
    assert isinstance(scan, ReceivedScan), scan
    assert scan.envelope is not None
    assert scan.envelope.patient_name == f"{CANARY}^JANE"
    assert scan.envelope.study_date == CANARY_DAY
    bare = dataclasses.replace(scan, envelope=None)
    assert CANARY not in all_text_of(bare)


def test_envelope_holds_what_the_design_enumerates() -> None:
    assert set(IDENTIFIERS) == {
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "AccessionNumber",
        "StudyDate",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "FrameOfReferenceUID",
    }
    assert {field.name for field in dataclasses.fields(Envelope)} == set(IDENTIFIERS.values())


def test_envelope_survives_the_process_border() -> None:
    uid = generate_uid()
    dataset = ct_dataset(
        ramp(), PatientName="Example^Jane", PatientID="12\x00 ", StudyInstanceUID=uid
    )
    envelope = envelope_of(dataset)
    assert (envelope.patient_name, envelope.patient_id) == ("Example^Jane", "12")
    assert envelope.accession_number == ""
    assert envelope_of(as_mapping(envelope)) == envelope


def test_allow_list_is_about_forty_with_a_reason_each() -> None:
    listed = kept_attributes()
    assert 30 <= len(listed) <= 45
    assert all(len(row.reason) > 15 for row in listed.values())
    assert set(yaml.safe_load(ALLOW_LIST.read_text())) == set(listed)


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr", "nl", "pl", "tr"])
def test_each_reason_is_told_in_each_language_in_its_own_words(language: str) -> None:
    own, english = reasons_in(language), reasons_in("en")
    assert list(english) == list(kept_attributes())
    assert set(own) == set(english)
    assert not set(own.values()) & set(english.values())
    # Two attributes share a sentence where they do so in English, and only there.
    assert len(set(own.values())) == len(set(english.values()))


def test_a_language_without_a_file_reads_the_reasons_in_english() -> None:
    assert reasons_in("xx") == reasons_in("en")


def test_allow_list_names_no_identifier_and_no_free_text() -> None:
    by_keyword = {row[4]: row[0] for row in DicomDictionary.values()}
    for keyword in kept_attributes():
        assert by_keyword[keyword] in ("CS", "DS", "IS", "US", "UI"), keyword
    assert not set(kept_attributes()) & set(IDENTIFIERS)


@pytest.mark.parametrize(
    ("keyword", "known"),
    [
        ("Modality", vocabulary.MODALITY_FROM_DICOM),
        ("BodyPartExamined", vocabulary.REGION_FROM_DICOM),
        ("ViewPosition", vocabulary.PLANE_FROM_VIEW_POSITION),
    ],
)
def test_words_kept_are_words_that_the_vocabulary_maps(keyword: str, known: dict[str, str]) -> None:
    assert kept_attributes()[keyword].words == set(known)


@pytest.mark.parametrize(
    ("keyword", "values", "kept"),
    [
        ("Modality", ["ct"], "CT"),
        ("Modality", ["JANE"], ""),
        ("ImageType", ["ORIGINAL", "JANE DOE", "AXIAL"], "ORIGINAL\\AXIAL"),
        ("PixelSpacing", [0.48828125, "0.5"], "0.488281\\0.5"),
        ("PixelSpacing", [0.5, "Jane"], ""),
        ("PixelSpacing", [0, 0], ""),
        ("Rows", [float("nan")], ""),
        ("Rows", ["512"], "512"),
        ("EchoTime", ["1957031412"], ""),
        ("SOPClassUID", ["1.2.840.10008.5.1.4.1.1.2"], "1.2.840.10008.5.1.4.1.1.2"),
        ("SOPClassUID", ["1.2.840.113619.2.55.3"], ""),
        ("ImageOrientationPatient", ["1"] * 17, ""),
    ],
)
def test_values_are_rebuilt_from_their_form(keyword: str, values: list[Any], kept: str) -> None:
    assert written_as(kept_attributes()[keyword], values) == kept
    assert is_allowed(keyword, kept) == bool(kept)


def test_keep_asks_for_listed_attributes_only() -> None:
    asked: list[str] = []

    def values_of(keyword: str) -> list[str]:
        asked.append(keyword)
        return []

    assert keep(values_of) == {}
    assert set(asked) == set(kept_attributes())


@pytest.mark.parametrize(
    "facts",
    [
        Facts(kept={"PatientName": "Jane"}),
        Facts(kept={"Modality": "Jane"}),
        Facts(kept={"Rows": "512 Jane"}),
        Facts(region="Jane"),
        Facts(age_band="66"),
        Facts(notes=("Jane",)),
        Facts(identifiers={"PatientName": "J" * 5000}),
    ],
)
def test_server_does_not_trust_the_words_of_its_child(facts: Facts) -> None:
    from app.intake.limits import DEFAULT_LIMITS

    picture = ramp(dtype="uint8").repeat(3).reshape(64, 64, 3)
    honest = unpack_answer(pack_decoded(Decoded(picture, Facts(region="head"))), DEFAULT_LIMITS)
    assert honest.facts.region == "head"
    with pytest.raises(Refused) as caught:
        unpack_answer(pack_decoded(Decoded(picture, facts)), DEFAULT_LIMITS)
    assert caught.value.reason == "broken"


def test_every_reason_is_described_for_those_who_write_the_words() -> None:
    from app.intake import reasons

    described = re.findall(r"^\* ``(\w+)``:", reasons.__doc__ or "", re.MULTILINE)
    assert described == [*REASONS, *reasons.NOTES]
