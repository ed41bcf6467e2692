"""`python -m training scan-or-not`: fits the trees that tell scans from other pictures by facts."""

import argparse
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.picture_facts import FACTS, FACTS_VERSION, measure_facts
from model.picture_score import scorer_of
from model.pixels import from_picture, without_medpix_marks
from model.types import Image
from training.boosting import Tree, boost
from training.drawn_scenes import draw_scene
from training.json_lines import read_lines
from training.records import TRAIN, read_records

_NO_SCAN_WORDS: Final = ("photo", "gross", "histo", "micro", "drawing", "path", "ultraso", "endosc")
_MAX_COLOUR: Final = 0.05
"""Pictures of a train pack with more clear colour than this are charts, photos and fusions."""
_VIEWS: Final = 3
"""Of each scan: its own, and others as files and photos show it."""
_FOLDS: Final = 5
_TREES: Final = 160
_DEPTH: Final = 4
_RATE: Final = 0.12


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit on the train pictures under --data against drawn ones; write the table to --out."""
    parser = argparse.ArgumentParser(prog="python -m training scan-or-not", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data packs")
    parser.add_argument("--out", type=Path, required=True, help="where scan_or_not.json goes")
    parser.add_argument("--drawn", type=int, default=5000, help="how many pictures to draw")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th scan")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    seen, drawing, folding = (np.random.default_rng(options.seed + step) for step in range(3))
    scans = np.stack(list(_facts_of_scans(options.data, options.every, seen)))
    drawn = np.stack([measure_facts(draw_scene(drawing)) for _ in range(options.drawn)])
    facts = np.concatenate((scans, drawn)).astype(np.float64)
    truth = np.repeat((1.0, 0.0), (len(scans), len(drawn)))
    weights = np.where(truth == 1, len(drawn) / len(scans), 1.0)
    measured = _cross_validated(facts, truth, weights, folding)
    trees = boost(facts, truth, weights, trees=_TREES, depth=_DEPTH, rate=_RATE)
    made: dict[str, Any] = {  # Any: a table as JSON takes it
        "facts_version": FACTS_VERSION,
        "facts": list(FACTS),
        "made_from": {
            "scan_views": len(scans),
            "every": options.every,
            "drawn": len(drawn),
            "seed": options.seed,
        },
        "cross_validated": measured,
        "trees": [_rounded(tree) for tree in trees],
    }
    options.out.write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")
    print(json.dumps({**made["made_from"], **measured}))  # noqa: T201, the command's own result
    return 0


def _facts_of_scans(
    data: Path, every: int, generator: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """Of every scan its own facts, and those of further views as files and photos show it."""
    for path in itertools.islice(_scan_files(data), 0, None, every):
        with PillowImage.open(path) as opened:
            image = from_picture(opened)
        if path.parent.parent.name == "medpix2" and generator.random() < 0.5:
            image = without_medpix_marks(image)
        spread = image.max(axis=2).astype(np.int16) - image.min(axis=2)
        if float((spread > 40).mean()) > _MAX_COLOUR:
            continue
        yield measure_facts(image)
        for _ in range(_VIEWS - 1):
            yield measure_facts(_seen(generator, image))


def _scan_files(data: Path) -> Iterator[Path]:
    yield from (record.image for record in read_records(data) if record.split == TRAIN)
    folder = data / "medpix2"
    for line in read_lines(folder / "descriptions_train.jsonl"):
        described = line["Description"]
        plane = str(described.get("Plane") or "").lower()
        words = f"{plane} {described.get('Modality') or ''}".lower()
        if plane and not any(word in words for word in _NO_SCAN_WORDS):
            yield folder / "images" / f"{line['image']}.jpg"


def _seen(generator: np.random.Generator, image: Image) -> Image:
    """A view: cropped or framed, turned a little, brighter or darker, tinted, noisy."""
    height, width = image.shape[:2]
    field: NDArray[np.floating] = image.astype(np.float32)
    if generator.random() < 0.5:
        top, left = (int(side * generator.uniform(0, 0.15)) for side in (height, width))
        below, beside = (int(side * generator.uniform(0.85, 1)) for side in (height, width))
        field = field[top:below, left:beside]
    else:
        edges = [int(max(height, width) * generator.uniform(0, 0.15)) for _ in range(4)]
        tone = float(generator.choice([0, 0, generator.uniform(0, 220)]))
        field = np.pad(field, (edges[:2], edges[2:], (0, 0)), constant_values=tone)
    field = 255 * (field / 255) ** generator.uniform(0.7, 1.5) * generator.uniform(0.7, 1.1)
    if generator.random() < 0.4:
        field = field * generator.uniform(0.88, 1.0, 3) + generator.uniform(0, 25)
    if generator.random() < 0.4:
        field = field + generator.normal(0, generator.uniform(1, 8), field.shape)
    picture = PillowImage.fromarray(np.clip(field, 0, 255).astype(np.uint8))
    if generator.random() < 0.4:
        picture = picture.rotate(float(generator.normal(0, 5)))
    return np.asarray(picture, dtype=np.uint8)


def _cross_validated(
    facts: NDArray[np.float64],
    truth: NDArray[np.float64],
    weights: NDArray[np.float64],
    generator: np.random.Generator,
) -> dict[str, float]:
    """Shares judged wrongly at even odds; a scan's views stay in one fold."""
    views = np.arange(len(truth)) // _VIEWS
    fold = generator.integers(0, _FOLDS, int(views.max()) + 1)[views]
    scores = np.zeros(len(truth))
    for number in range(_FOLDS):
        taught, held = fold != number, fold == number
        trees = boost(
            facts[taught], truth[taught], weights[taught], trees=_TREES, depth=_DEPTH, rate=_RATE
        )
        scorer = scorer_of([asdict(tree) for tree in trees])
        scores[held] = [scorer.score(one.astype(np.float32)) for one in facts[held]]
    return {
        **{
            f"scans_below_{cut}": round(float((scores[truth == 1] < cut).mean()), 4)
            for cut in (-2, -1, 0, 1, 2)
        },
        **{
            f"drawn_above_{cut}": round(float((scores[truth == 0] >= cut).mean()), 4)
            for cut in (-2, -1, 0, 1, 2)
        },
    }


def _rounded(tree: Tree) -> dict[str, Any]:
    """A tree as JSON takes it; a node without a question has no bound."""
    bounds = [None if np.isinf(one) else float(f"{one:.5g}") for one in tree.thresholds]
    leaves = [round(one, 4) for one in tree.leaves]
    return {"features": list(tree.features), "thresholds": bounds, "leaves": leaves}
