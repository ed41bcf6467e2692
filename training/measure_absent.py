"""How often a base draws what is not there: names of other regions, and of neighbouring slices."""

from collections import defaultdict

import numpy as np

from model.prompts import segment_prefix
from model.seg_tokens import parse_suffix
from training.examples import names_by_region
from training.measure_base import Measured, complete_greedy
from training.records import VAL


def measure_absent(measured: Measured, seed: int = 0) -> dict[str, float]:
    """Share of absent structures that get a mask, one name asked of each val picture.

    `absent_false_easy`: a name that no training picture of that region shows.
    `absent_false_hard`: a name that other slices of the same volume show; partial masks left out.
    """
    easy, hard = absent_pairs(measured, np.random.default_rng(seed))
    figures = {}
    for name, pairs in (("easy", easy), ("hard", hard)):
        if pairs:
            figures[f"absent_false_{name}"] = _drawn_share(measured, pairs)
    return figures


def absent_pairs(
    measured: Measured, generator: np.random.Generator
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """(val copy, absent name) pairs, easy and hard."""
    prepared = measured.prepared
    copies, records = prepared.copies[VAL], prepared.records[VAL]
    offered, by_region = set(prepared.offered), names_by_region(prepared)
    shown = [
        {prepared.names[int(one["name"])] for one in copies.objects[first:last]}
        for first, last in zip(copies.first, copies.first[1:], strict=False)
    ]
    by_volume: defaultdict[str, set[str]] = defaultdict(set)
    for names, owner in zip(shown, copies.records, strict=True):
        by_volume[records[int(owner)].volume] |= names & offered
    easy: list[tuple[int, str]] = []
    hard: list[tuple[int, str]] = []
    for copy, (names, owner) in enumerate(zip(shown, copies.records, strict=True)):
        record = records[int(owner)]
        if record.mask is None:
            continue
        others = sorted(offered - by_region.get(record.region or "", set()) - names)
        near = sorted(by_volume[record.volume] - names)
        if others:
            easy.append((copy, str(generator.choice(others))))
        if near and not record.partial:
            hard.append((copy, str(generator.choice(near))))
    return easy, hard


def _drawn_share(measured: Measured, pairs: list[tuple[int, str]]) -> float:
    prefixes = [segment_prefix([name]) for _, name in pairs]
    suffixes = complete_greedy(measured, np.array([copy for copy, _ in pairs]), prefixes, 28)
    drawn = [
        bool(parse_suffix(suffix, [name], needs_mask=True).objects)
        for suffix, (_, name) in zip(suffixes, pairs, strict=True)
    ]
    return float(np.mean(drawn))
