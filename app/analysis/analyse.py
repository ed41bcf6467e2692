"""One scan: what kind of picture it is, then which structures lie where, then what may be shown."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.analysis.outline import anchor_point, outline_paths
from app.analysis.plausibility import judge
from app.analysis.scan_or_not import is_scan, is_too_poor
from app.analysis.slice_picture import best_window, presets_for
from app.anatomy.catalogue import Catalogue
from app.storage.scans import Look, ScanFacts, StoredRegion
from model.agreement import find_in_views, forget_views, recognise_views, voted
from model.answering import Recognition
from model.manifest import Manifest
from model.opening import Engine
from model.prompts import PROMPTS_VERSION
from model.types import Image, Region

TOO_POOR: Final = "too_poor"
MIN_AGREEMENT: Final = 0.5
"""Mean overlap of each view's mask with the common one. On 43 val slices of the segmentation pack
149 structures are shown so: 97 % of them are there, 89 % with a Dice of at least 0.5."""

Through = Callable[[str], Image]
"""The slice that is looked at through another window, by its key in CT_PRESETS."""


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
    through: Through | None = None,
) -> tuple[Look, list[StoredRegion]]:
    """Look at a picture (uint8[H, W, 3] RGB); gives the words for it and its marked regions.

    `only` names the structures that a clinic wants looked for; empty for all that are learnt.
    What moves in the file's own window is looked for `through` the one in which it shows best: in
    one for soft parts a lung is as black as the air around the body.
    """
    started = time.perf_counter()
    learnt, mapped = engine.current().structures, engine.mapped_names()
    offered = [name for name in learnt if name in only] if only else learnt
    seen = recognise_views(
        engine.backend,
        image,
        facts.image_digest,
        structures_adapter=engine.structures_adapter(),
        lists_structures=not mapped.issuperset(offered),
    )
    words = choose_words(facts, voted(seen), image)
    listed = mapped.union(*(recognition.structures for recognition in seen))
    names = names_to_find(catalogue, words, listed, offered)
    unhelped = why_unhelped(engine.current(), words, image)
    is_asked = words.is_scan and bool(names) and not unhelped
    found, unstable = _regions(engine, image, facts.image_digest, names) if is_asked else ([], [])
    forget_views(engine.backend, facts.image_digest)
    if through is not None:
        again = [name for name in unstable if name in mapped]
        for preset in presets_for(facts, words.region):
            best = [name for name in again if best_window(catalogue.structure(name)) == preset]
            found += _regions(engine, through(preset), "", best)[0] if best else []
        unstable = [name for name in unstable if name not in {one.label for one in found}]
    judged = judge(found, words.region, words.plane, catalogue=catalogue)
    shown = [_stored(item.region) for item in judged if item.shown]
    reasons = {item.region.label: item.reason or "" for item in judged if not item.shown}
    reasons |= dict.fromkeys(unstable, "unstable")
    look = _look(engine, words, time.perf_counter() - started, reasons)
    look = replace(look, unhelped=unhelped, is_scan=look.is_scan and unhelped != TOO_POOR)
    return look, [region for region in shown if region.path]


def why_unhelped(manifest: Manifest, words: Words, image: Image) -> str:
    """Why no part can be named in a picture: too poor, or a kind or part that was never taught."""
    if is_too_poor(image):
        return TOO_POOR
    if not words.is_scan:
        return ""
    for name, word, taught in (
        ("modality", words.modality, manifest.modalities),
        ("region", words.region, manifest.regions),
    ):
        if taught and word not in taught:
            return name
    return ""


def _regions(
    engine: Engine, image: Image, image_digest: str, names: list[str]
) -> tuple[list[Region], list[str]]:
    """One region per structure that the views agree on, and the names of those that moved."""
    found = find_in_views(
        engine.backend,
        image,
        image_digest,
        names,
        engine.codec,
        adapter=engine.structures_adapter(),
        group_size=engine.names_per_prefix(len(names)),
    )
    stable = [region for region, agreement in found.regions if agreement >= MIN_AGREEMENT]
    moved = [region.label for region, agreement in found.regions if agreement < MIN_AGREEMENT]
    return stable, [*moved, *found.fleeting]


def choose_words(facts: ScanFacts, recognition: Recognition, image: Image) -> Words:
    """The DICOM tag where there is one, else the model's word; differences are named.

    Of what is taken for no scan no word is kept: neither page nor report may call it a chest.
    """
    pairs = {
        "modality": (facts.modality, recognition.modality),
        "region": (facts.region, recognition.region),
        "plane": (facts.plane, recognition.plane),
    }
    differs = (name for name, (tag, word) in pairs.items() if tag and word and tag != word)
    believed = is_scan(
        image, from_scanner=facts.source == "dicom", model_agrees=recognition.is_scan
    )
    chosen = {n: tag or (believed and word) or "other" for n, (tag, word) in pairs.items()}
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
