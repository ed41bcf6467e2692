"""`training probe`: how much of MedPix a linear reader finds in a tower, by cases seen."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from model.compact_folder import shipped_model
from training.config import ConfigError
from training.evaluate_medpix import section
from training.linear_reader import read_linearly
from training.medpix_pictures import MedPixPicture, read_medpix
from training.metrics_bootstrap import mean_interval
from training.records import TRAIN

MEASURES: Final = ("modality", "plane", "body_part")
Words = NDArray[np.str_]


@dataclass(frozen=True)
class Sample:
    """Pictures as the reader gets them: features float32[N, D], words of each measure, cases."""

    features: NDArray[np.float32]
    words: Mapping[str, Words]
    cases: Words


def sample_of(features: NDArray[np.float32], pictures: Sequence[MedPixPicture]) -> Sample:
    """The sample of these pictures, in their order."""
    words = {
        "modality": np.array([one.modality for one in pictures]),
        "plane": np.array([section(one.plane) for one in pictures]),
        "body_part": np.array([one.category for one in pictures]),
    }
    return Sample(features, words, np.array([one.case for one in pictures]))


def divide_cases(cases: Words, folds: int, seed: int) -> NDArray[np.int64]:
    """int64[N]: the fold of each picture; a case lies in one fold whole."""
    names = np.unique(cases)
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = dict(zip(names[order], np.arange(len(names)) % folds, strict=True))
    return np.array([fold_of[case] for case in cases])


def read_in_folds(sample: Sample, *, folds: int, share: float, seed: int) -> dict[str, Words]:
    """What a reader that never saw the picture's case says of each, by measure.

    Args:
        share: of the other folds' cases, drawn at random, that the reader learns from.
    """
    fold = divide_cases(sample.cases, folds, seed)
    said = {measure: np.empty_like(sample.words[measure]) for measure in MEASURES}
    for number in range(folds):
        asked = np.flatnonzero(fold == number)
        shown = _some_cases(sample.cases, np.flatnonzero(fold != number), share, seed)
        for measure in MEASURES:
            words = sample.words[measure][shown]
            said[measure][asked] = read_linearly(
                sample.features[shown], words, sample.cases[shown], sample.features[asked]
            )
    return said


def learning_curve(
    sample: Sample, *, shares: Sequence[float], folds: int, repeats: int
) -> dict[str, Any]:
    """Accuracies by share of the cases with their spread over repeats, and where the last errs."""
    cases = len(np.unique(sample.cases))
    points = []
    said: dict[str, Words] = {}
    for share in shares:
        runs = []
        for seed in range(repeats):
            said = read_in_folds(sample, folds=folds, share=share, seed=seed)
            runs.append(accuracies(sample, said))
        point: dict[str, Any] = {"share": share, "cases": round(cases * share * (1 - 1 / folds))}
        for measure in MEASURES:
            values = [one[measure] for one in runs]
            point[measure] = {"mean": float(np.mean(values)), "spread": float(np.std(values))}
        points.append(point)
    found = {"pictures": len(sample.cases), "cases": cases, "folds": folds, "repeats": repeats}
    return {**found, "points": points, **_last_look(sample, said)}


def accuracies(sample: Sample, said: Mapping[str, Words]) -> dict[str, float]:
    """The share of right words, by measure."""
    return {one: float((said[one] == sample.words[one]).mean()) for one in MEASURES}


def _last_look(sample: Sample, said: Mapping[str, Words]) -> dict[str, Any]:
    intervals, confusion = {}, {}
    for measure in MEASURES:
        true = sample.words[measure]
        right = [float(one) for one in said[measure] == true]
        intervals[measure] = mean_interval(right, sample.cases.tolist())
        table: dict[str, dict[str, int]] = {}
        for wanted, word in zip(true.tolist(), said[measure].tolist(), strict=True):
            row = table.setdefault(wanted, {})
            row[word] = row.get(word, 0) + 1
        confusion[measure] = table
    return {"interval": intervals, "confusion": confusion}


def _some_cases(
    cases: Words, places: NDArray[np.int64], share: float, seed: int
) -> NDArray[np.int64]:
    """The places of a share of their cases; the smaller share lies within the larger one."""
    names = np.unique(cases[places])
    order = np.random.default_rng([seed, 1]).permutation(len(names))
    kept = names[order[: max(round(share * len(names)), 1)]]
    return places[np.isin(cases[places], kept)]


def main(arguments: list[str]) -> int:
    """`training probe`: five-fold figures of a linear reader on MedPix train cases; no dev."""
    parser = argparse.ArgumentParser(prog="training probe", description=main.__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder that holds medpix2/")
    add("--base", type=Path, help="a PaliGemma folder; default: the shipped model")
    add("--state", type=Path, help="masked.pt, dense.pt or joint.pt, to be read in its place")
    add("--folds", type=int, default=5)
    add("--shares", type=float, nargs="+", default=[1.0], help="of the cases, in rising order")
    add("--repeats", type=int, default=1, help="other folds each time")
    add("--threads", type=int, default=1)
    add("--json", type=Path, help="file for the figures")
    add("--curve", type=Path, help="PNG of accuracy against cases")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        found = _measure(options)
    except ConfigError as error:
        raise SystemExit(f"training: {error}") from error
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.curve:
        from training.probe_curve import draw_growth

        draw_growth(found).save(options.curve)
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    from training.probe_features import open_tower, read_states

    if options.folds < 2 or any(not 0.0 < share <= 1.0 for share in options.shares):
        raise ConfigError("--folds is at least 2, each of --shares above 0 and at most 1")
    pictures = [one for one in read_medpix(options.data / "medpix2", TRAIN) if one.is_scan]
    model = open_tower(options.base or shipped_model(), options.state)
    sample = sample_of(read_states(model, [one.image for one in pictures]), pictures)
    settings = {"shares": options.shares, "folds": options.folds, "repeats": options.repeats}
    found = learning_curve(sample, **settings)
    for point in found["points"]:
        figures = ", ".join(
            f"{one} {point[one]['mean']:.3f} ± {point[one]['spread']:.3f}" for one in MEASURES
        )
        print(f"{point['cases']} cases: {figures}", flush=True)  # noqa: T201 - the answer
    return found
