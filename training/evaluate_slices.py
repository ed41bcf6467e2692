"""Slices of a segmentation folder for measuring: what is in them and what is surely not."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from model.types import Mask
from model.vocabulary import REGION_FROM_SEGMENTATION
from training.json_lines import numbered_lines, read_lines
from training.masks import anatomy_labels, present
from training.medpix_pictures import MedPixError
from training.metrics_masks import Atlas, Key
from training.records import TRAIN


@dataclass(frozen=True)
class Slice:
    """One line of the manifest; `kind` is (modality, region, plane) as published."""

    name: str
    image: Path
    mask: Path
    volume: str
    kind: tuple[str, str, str]
    region: str | None
    is_partial: bool
    listed: frozenset[str]


@dataclass(frozen=True)
class Knowledge:
    """What the train slices teach about names: atlas, regions and volumes of each."""

    atlas: Atlas
    regions: Mapping[str, frozenset[str]]
    volumes: Mapping[str, int]


def read_slices(folder: Path, split: str) -> list[Slice]:
    """The slices of one split that have a mask.

    Raises:
        MedPixError: there is no manifest, or a file it names is missing.
    """
    path = folder / "manifest.jsonl"
    if not path.is_file():
        raise MedPixError(f"there is no {path}")
    return [
        _slice(folder, line, place)
        for place, line in numbered_lines(path)
        if line["split"] == split and line.get("mask")
    ]


def splits_of(folder: Path) -> set[str]:
    """The split names the manifest holds."""
    return {str(line["split"]) for line in read_lines(folder / "manifest.jsonl")}


def masks_of(one: Slice, labels: Mapping[int, str], least_share: float) -> dict[str, Mask]:
    """Name to bool[H, W] of every structure that covers at least this share of the slice."""
    with PillowImage.open(one.mask) as opened:
        indices = np.asarray(opened, dtype=np.uint8)
    return {labels[i]: indices == i for i in present(indices, least_share) if i in labels}


def learn(folder: Path, least_share: float) -> Knowledge:
    """Atlas, regions and volume counts from the train slices."""
    labels, atlas = anatomy_labels(folder), Atlas()
    regions: defaultdict[str, set[str]] = defaultdict(set)
    volumes: defaultdict[str, set[str]] = defaultdict(set)
    for one in read_slices(folder, TRAIN):
        for name, mask in masks_of(one, labels, least_share).items():
            for key in atlas_keys(name, one):
                atlas.add(key, mask)
            volumes[name].add(one.volume)
            if one.region:
                regions[name].add(one.region)
    return Knowledge(
        atlas,
        {name: frozenset(found) for name, found in regions.items()},
        {name: len(found) for name, found in volumes.items()},
    )


def atlas_keys(name: str, one: Slice) -> list[Key]:
    """From the closest kin (same modality, region, plane) to any picture of the structure."""
    modality, region, plane = one.kind
    return [(name, modality, region, plane), (name, modality, region), (name, region), (name,)]


def easy_absent(one: Slice, knowledge: Knowledge, count: int, seed: int) -> list[str]:
    """Names of structures that train slices show in other regions only."""
    if one.region is None:
        return []
    names = sorted(
        name
        for name, regions in knowledge.regions.items()
        if one.region not in regions and name not in one.listed
    )
    return _some(names, count, seed)


def hard_absent(
    one: Slice, of_volume: Sequence[Slice], present_names: Sequence[str], count: int, seed: int
) -> list[str]:
    """Names that other slices of the same volume show and this one does not; none if partial."""
    if one.is_partial:
        return []
    seen = frozenset[str]().union(*(other.listed for other in of_volume))
    return _some(sorted(seen - one.listed - set(present_names)), count, seed)


def _some(names: list[str], count: int, seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(names))[:count]
    return [names[place] for place in order]


def _slice(folder: Path, line: Mapping[str, Any], place: str) -> Slice:
    image, mask = folder / line["image"], folder / line["mask"]
    for file in (image, mask):
        if not file.is_file():
            raise MedPixError(f"{place}: there is no {file}")
    return Slice(
        name=str(line["id"]),
        image=image,
        mask=mask,
        volume=str(line["patient"]),
        kind=(str(line["modality"]), str(line["body_region"]), str(line["plane"])),
        region=REGION_FROM_SEGMENTATION.get(str(line["body_region"])),
        is_partial=bool(line.get("partial_labels")),
        listed=frozenset(line["labels"]),
    )
