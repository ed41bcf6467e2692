"""Segmentation through the serving code: overlap by structure, broken suffixes, false masks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from model.agreement import VIEWS, View, find_in_views, forget_views
from model.opening import Engine
from model.segmentation import Segmentation, find_regions, group_names
from model.types import Mask, Region
from training.evaluate_asking import Say, Shown, show, spread
from training.evaluate_slices import (
    Knowledge,
    Slice,
    atlas_keys,
    easy_absent,
    hard_absent,
    learn,
    masks_of,
    read_slices,
)
from training.masks import LEAST_SHARE, LEAST_VOLUMES, anatomy_labels
from training.metrics_bootstrap import gain_interval, mean_interval
from training.metrics_masks import dice
from training.metrics_masks import intersection_over_union as overlap

LEAST_OBJECTS: Final = 5
"""Objects below which a structure is left out of the macro mean."""
ABSENT_NAMES: Final = 4
BY_TOKENS: Final = ("mean_dice", "macro_dice", "mean_iou", "absent_false_easy", "absent_false_hard")
"""Figures that are also given for mask tokens alone, the picture seen once."""
FREE_NAMES: Final = 4
"""Names of a picture that are asked with the grammar off, in the product's own groups."""


@dataclass(frozen=True)
class Scored:
    """One reference object: its structure, its volume, and what was reached."""

    structure: str
    volume: str
    dice: float
    iou: float
    atlas_dice: float


@dataclass
class Tally:
    """What the slices seen so far add up to."""

    scored: list[Scored] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    malformed: list[bool] = field(default_factory=list)
    easy: list[bool] = field(default_factory=list)
    hard: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class Asker:
    """Asks one engine for structures through these views; `adapter` as in Request."""

    engine: Engine
    adapter: str | None
    views: Sequence[View] = VIEWS

    def find(self, view: Shown, names: Sequence[str]) -> dict[str, Mask]:
        """Name to bool[H, W] of what the views agree on; nothing is asked for no names."""
        engine = self.engine
        found = find_in_views(
            engine.backend,
            view.image,
            view.digest,
            names,
            engine.codec,
            adapter=self.adapter,
            views=self.views,
        )
        forget_views(engine.backend, view.digest)
        return _masks(region for region, _ in found.regions)

    def draw(self, view: Shown, names: Sequence[str]) -> dict[str, Mask]:
        """The same by the mask tokens of one suffix a name, the picture seen once."""
        return _masks(self._said(view, names, grammar=True).regions)

    def is_malformed(self, view: Shown, names: Sequence[str]) -> bool:
        """Whether a suffix written without the grammar holds an object that cannot be read."""
        return bool(self._said(view, names, grammar=False).rejected)

    def _said(self, view: Shown, names: Sequence[str], *, grammar: bool) -> Segmentation:
        engine = self.engine
        return find_regions(
            engine.backend,
            view.image,
            view.digest,
            names,
            engine.codec,
            adapter=self.adapter,
            grammar=grammar,
        )


def evaluate_segmentation(
    asker: Asker, folder: Path, split: str, *, limit: int, say: Say, other: Asker | None = None
) -> dict[str, Any]:
    """Every segmentation figure of one split, and the mean Dice another asker would reach."""
    knowledge, labels = learn(folder, LEAST_SHARE), anatomy_labels(folder)
    all_slices = read_slices(folder, split)
    kin: defaultdict[str, list[Slice]] = defaultdict(list)
    for one in all_slices:
        kin[one.volume].append(one)
    slices, tally, drawn = spread(all_slices, limit), Tally(), Tally()
    for number, one in enumerate(slices):
        wanted = masks_of(one, labels, LEAST_SHARE)
        view = show(one.image)
        easy = easy_absent(one, knowledge, ABSENT_NAMES, number)
        hard = hard_absent(one, kin[one.volume], list(wanted), ABSENT_NAMES, number)
        names = [*wanted, *easy, *hard]
        for counted, masks in ((tally, asker.find(view, names)), (drawn, asker.draw(view, names))):
            _score_present(counted, masks, one, wanted, knowledge)
            counted.easy += false_masks(masks, easy)
            counted.hard += false_masks(masks, hard)
        for group in group_names(list(wanted)[:FREE_NAMES]):
            tally.malformed.append(asker.is_malformed(view, group))
        if other is not None:
            tally.others += _dices(other, view, wanted)
        if number % 20 == 19 or number + 1 == len(slices):
            say(f"segmentation {number + 1} of {len(slices)} slices")
    tokens = _summary(drawn, knowledge)
    found = {"slices": len(slices), **_summary(tally, knowledge)}
    return {**found, "mask_tokens": {name: tokens[name] for name in BY_TOKENS}}


def false_masks(found: Mapping[str, Mask], names: Sequence[str]) -> list[bool]:
    """For each name, whether something was coloured for it."""
    return [name in found for name in names]


def _dices(asker: Asker, view: Shown, wanted: Mapping[str, Mask]) -> list[float]:
    regions = asker.find(view, list(wanted))
    drawn = [(regions.get(name), mask) for name, mask in wanted.items()]
    return [0.0 if found is None else dice(found, mask) for found, mask in drawn]


def _masks(regions: Iterable[Region]) -> dict[str, Mask]:
    return {region.label: region.mask for region in regions if region.mask is not None}


def _score_present(
    tally: Tally,
    regions: Mapping[str, Mask],
    one: Slice,
    wanted: Mapping[str, Mask],
    knowledge: Knowledge,
) -> None:
    for name, mask in wanted.items():
        drawn = regions.get(name)
        atlas = knowledge.atlas.draw(atlas_keys(name, one), *mask.shape)
        scores = (0.0, 0.0) if drawn is None else (dice(drawn, mask), overlap(drawn, mask))
        guessed = 0.0 if atlas is None else dice(atlas, mask)
        tally.scored.append(Scored(name, one.volume, *scores, guessed))


def _summary(tally: Tally, knowledge: Knowledge) -> dict[str, Any]:
    scored, malformed, easy, hard = tally.scored, tally.malformed, tally.easy, tally.hard
    structures = _per_structure(scored, knowledge)
    steady = [
        one
        for one in structures.values()
        if one["n"] >= LEAST_OBJECTS and one["train_volumes"] >= LEAST_VOLUMES
    ]
    volumes = [one.volume for one in scored]
    found: dict[str, Any] = {
        "n": len(scored),
        "mean_dice": _mean([one.dice for one in scored]),
        "atlas_dice": _mean([one.atlas_dice for one in scored]),
        "macro_dice": _mean([one["dice"] for one in steady]),
        "macro_structures": len(steady),
        "mean_iou": _mean([one.iou for one in scored]),
        "malformed_share": _mean(malformed),
        "malformed_n": len(malformed),
        "absent_false_easy": _mean(easy),
        "absent_easy_n": len(easy),
        "absent_false_hard": _mean(hard),
        "absent_hard_n": len(hard),
        "interval": {"mean_dice": mean_interval([one.dice for one in scored], volumes)},
        "per_structure": structures,
    }
    if tally.others:
        dices = [one.dice for one in scored]
        found["other"] = {"mean_dice": _mean(tally.others)}
        found["over_other"] = {"mean_dice": gain_interval(dices, tally.others, volumes)}
    return found


def _per_structure(
    scored: Sequence[Scored], knowledge: Knowledge
) -> dict[str, dict[str, float | int]]:
    grouped: defaultdict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        grouped[one.structure].append(one)
    return {
        name: {
            "n": len(ones),
            "dice": sum(one.dice for one in ones) / len(ones),
            "iou": sum(one.iou for one in ones) / len(ones),
            "atlas_dice": sum(one.atlas_dice for one in ones) / len(ones),
            "train_volumes": knowledge.volumes.get(name, 0),
        }
        for name, ones in sorted(grouped.items())
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
