"""One scan: what kind of picture it is, then which structures lie where, then what may be shown."""

from dataclasses import dataclass

from app.analysis.outline import anchor_point, outline_paths
from app.analysis.plausibility import judge
from app.anatomy.catalogue import Catalogue
from app.storage.scans import Look, ScanFacts, StoredRegion
from model.answering import Recognition, recognise
from model.opening import Engine
from model.prompts import PROMPTS_VERSION
from model.segmentation import find_regions
from model.types import Image, Region
from model.vocabulary import NOT_A_SCAN


@dataclass(frozen=True)
class Words:
    """Kind of picture, part of the body and plane, and where tag and model disagree."""

    modality: str
    region: str
    plane: str
    is_scan: bool
    disagrees: tuple[str, ...]


def analyse(
    engine: Engine, catalogue: Catalogue, facts: ScanFacts, image: Image
) -> tuple[Look, list[StoredRegion]]:
    """Look at a picture (uint8[H, W, 3] RGB); gives the words for it and its marked regions."""
    recognition = recognise(engine.backend, image, facts.image_digest)
    words = choose_words(facts, recognition)
    names = names_to_find(catalogue, words, recognition, engine.current().structures)
    if not words.is_scan or not names:
        return _look(engine, words, recognition.seconds), []
    found = find_regions(engine.backend, image, facts.image_digest, names, engine.codec)
    judged = judge(found.regions, words.region, words.plane, catalogue=catalogue)
    shown = [_stored(item.region) for item in judged if item.shown]
    reasons = {item.region.label: item.reason or "" for item in judged if not item.shown}
    look = _look(engine, words, recognition.seconds + found.seconds, reasons)
    return look, [region for region in shown if region.path]


def choose_words(facts: ScanFacts, recognition: Recognition) -> Words:
    """The DICOM tag where there is one, else the model's word; differences are named.

    A picture from a scanner is a scan whatever the model thinks of it.
    """
    pairs = {
        "modality": (facts.modality, recognition.modality),
        "region": (facts.region, recognition.region),
        "plane": (facts.plane, recognition.plane),
    }
    differs = (name for name, (tag, word) in pairs.items() if tag and word and tag != word)
    chosen = {name: tag or word or "other" for name, (tag, word) in pairs.items()}
    is_scan = recognition.is_scan or facts.source == "dicom"
    return Words(is_scan=is_scan, disagrees=tuple(differs), **chosen)


def names_to_find(
    catalogue: Catalogue, words: Words, recognition: Recognition, offered: tuple[str, ...]
) -> list[str]:
    """The structures to look for: those such a picture can show and the model has learnt."""
    expected = [s.key for s in catalogue.for_picture(words.region, words.modality, words.plane)]
    seen = [name for name in recognition.structures if name in expected]
    ordered = dict.fromkeys([*seen, *expected])
    return [name for name in ordered if name in offered and name != NOT_A_SCAN]


def _look(
    engine: Engine, words: Words, seconds: float, reasons: dict[str, str] | None = None
) -> Look:
    return Look(
        modality=words.modality,
        plane=words.plane,
        region=words.region,
        is_scan=words.is_scan,
        disagrees=words.disagrees,
        unsure=tuple(reasons or ()),
        reasons=reasons or {},
        prompts_version=PROMPTS_VERSION,
        model_sha256=engine.backend.info().base_sha256,
        seconds=round(seconds, 3),
    )


def _stored(region: Region) -> StoredRegion:
    assert region.mask is not None  # find_regions gives masks for every segmentation
    return StoredRegion(
        structure=region.label,
        box=region.box,
        path=outline_paths(region.mask),
        anchor=anchor_point(region.mask),
        area_share=round(float(region.mask.mean()), 5),
    )
