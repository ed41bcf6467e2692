"""One scan: what kind of picture it is, then which structures lie where, then what may be shown."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from app.analysis.outline import anchor_point, outline_paths
from app.analysis.plausibility import judge
from app.analysis.scan_or_not import is_scan, is_too_poor
from app.analysis.stability import MIN_AGREEMENT, VIEWS, common, put_back, seen_through
from app.anatomy.catalogue import Catalogue
from app.storage.scans import Look, ScanFacts, StoredRegion
from model.answering import Recognition, recognise
from model.manifest import Manifest
from model.opening import Engine
from model.prompts import PROMPTS_VERSION
from model.segmentation import find_regions
from model.types import Image, Mask, Region

Word = TypeVar("Word")
TOO_POOR: Final = "too_poor"


@dataclass(frozen=True)
class Words:
    """Kind of picture, part of the body and plane, and where tag and model disagree."""

    modality: str
    region: str
    plane: str
    is_scan: bool
    disagrees: tuple[str, ...]


def analyse(
    engine: Engine,
    catalogue: Catalogue,
    facts: ScanFacts,
    image: Image,
    *,
    only: Collection[str] = (),
) -> tuple[Look, list[StoredRegion]]:
    """Look at a picture (uint8[H, W, 3] RGB); gives the words for it and its marked regions.

    `only` names the structures that a clinic wants looked for; empty for all that are learnt.
    """
    started = time.perf_counter()
    views = [seen_through(image, view) for view in VIEWS]
    seen = _recognise(engine, facts, views)
    words = choose_words(facts, voted(seen), image)
    listed = {name for recognition in seen for name in recognition.structures}
    learnt = engine.current().structures
    offered = [name for name in learnt if name in only] if only else learnt
    names = names_to_find(catalogue, words, listed, offered)
    unhelped = why_unhelped(engine.current(), words, image)
    is_asked = words.is_scan and bool(names) and not unhelped
    found, unstable = _regions(engine, facts, views, names) if is_asked else ([], [])
    _forget_views(engine, facts)
    judged = judge(found, words.region, words.plane, catalogue=catalogue)
    shown = [_stored(item.region) for item in judged if item.shown]
    reasons = {item.region.label: item.reason or "" for item in judged if not item.shown}
    reasons |= dict.fromkeys(unstable, "unstable")
    look = _look(engine, words, time.perf_counter() - started, reasons)
    look = replace(look, unhelped=unhelped, is_scan=look.is_scan and unhelped != TOO_POOR)
    return look, [region for region in shown if region.path]


def _recognise(engine: Engine, facts: ScanFacts, views: Sequence[Image]) -> list[Recognition]:
    """The model's words for the picture in each view; the first view is the picture itself."""
    return [
        recognise(
            engine.backend,
            shown,
            _digest(facts, number),
            structures_adapter=engine.structures_adapter(),
        )
        for number, shown in enumerate(views)
    ]


def voted(seen: Sequence[Recognition]) -> Recognition:
    """The words most views say; where two are said as often, the one said first."""

    def most(words: Sequence[Word]) -> Word:
        return max(words, key=words.count)

    return replace(
        seen[0],
        modality=most([one.modality for one in seen]),
        region=most([one.region for one in seen]),
        plane=most([one.plane for one in seen]),
        is_scan=most([one.is_scan for one in seen]),
    )


def why_unhelped(manifest: Manifest, words: Words, image: Image) -> str:
    """Why no part can be named in a picture: too poor, or a kind or part that was never taught."""
    if is_too_poor(image):
        return TOO_POOR
    for name, word, taught in (
        ("modality", words.modality, manifest.modalities),
        ("region", words.region, manifest.regions),
    ):
        if taught and word not in taught:
            return name
    return ""


def _regions(
    engine: Engine, facts: ScanFacts, views: Sequence[Image], names: list[str]
) -> tuple[list[Region], list[str]]:
    """One region per structure that most views agree on, and the names of those that moved."""
    masks: dict[str, list[Mask]] = {}
    height, width = views[0].shape[:2]  # the first view is the picture itself
    for number, (view, shown) in enumerate(zip(VIEWS, views, strict=True)):
        found = find_regions(
            engine.backend,
            shown,
            _digest(facts, number),
            names,
            engine.codec,
            adapter=engine.structures_adapter(),
            group_size=engine.names_per_prefix(len(names)),
        )
        for region in found.regions:
            if region.mask is not None:
                whole = put_back(region.mask, view, height, width)
                masks.setdefault(region.label, []).append(whole)
    agreed = {name: common(masks.get(name, [])) for name in names}
    stable = {n: c for n, c in agreed.items() if c and c.agreement >= MIN_AGREEMENT}
    moved = [name for name in masks if name not in stable]
    return [_region(name, one.mask) for name, one in stable.items()], moved


def _digest(facts: ScanFacts, view: int) -> str:
    """Under which name the backend may keep a view while the scan is looked at."""
    return f"{facts.image_digest}-{view}" if view else facts.image_digest


def _forget_views(engine: Engine, facts: ScanFacts) -> None:
    """Only the picture itself is asked about again; its other views are of no more use."""
    for view in range(1, len(VIEWS)):
        engine.backend.forget(_digest(facts, view))


def _region(name: str, mask: Mask) -> Region:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    box = (
        float(rows[0] / height),
        float(columns[0] / width),
        float((rows[-1] + 1) / height),
        float((columns[-1] + 1) / width),
    )
    return Region(name, box, mask)


def choose_words(facts: ScanFacts, recognition: Recognition, image: Image) -> Words:
    """The DICOM tag where there is one, else the model's word; differences are named."""
    pairs = {
        "modality": (facts.modality, recognition.modality),
        "region": (facts.region, recognition.region),
        "plane": (facts.plane, recognition.plane),
    }
    differs = (name for name, (tag, word) in pairs.items() if tag and word and tag != word)
    chosen = {name: tag or word or "other" for name, (tag, word) in pairs.items()}
    believed = is_scan(
        image, from_scanner=facts.source == "dicom", model_agrees=recognition.is_scan
    )
    return Words(is_scan=believed, disagrees=tuple(differs), **chosen)


def names_to_find(
    catalogue: Catalogue, words: Words, listed: Collection[str], offered: Sequence[str]
) -> list[str]:
    """The structures to look for: listed by the model, possible in such a picture, and learnt.

    Asked for a structure, a small model draws it whether it is there or not (73 % of the absent
    ones on val); asked first which parts can be seen, it draws 7 %.
    """
    expected = [s.key for s in catalogue.for_picture(words.region, words.modality, words.plane)]
    return [name for name in expected if name in listed and name in offered]


def _look(engine: Engine, words: Words, seconds: float, reasons: dict[str, str]) -> Look:
    return Look(
        modality=words.modality,
        plane=words.plane,
        region=words.region,
        is_scan=words.is_scan,
        disagrees=words.disagrees,
        unsure=tuple(reasons),
        reasons=reasons,
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
