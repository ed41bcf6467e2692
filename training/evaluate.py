"""`python -m training evaluate`: every figure of a model and adapter, through the serving code."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from model.adapters import BASE_ALONE
from model.agreement import VIEWS, View
from model.opening import Engine, open_engine
from model.types import ModelError
from model.vocabulary import REGION_FROM_SEGMENTATION
from training.config import ConfigError, read_settings
from training.evaluate_asking import spread
from training.evaluate_medpix import evaluate_medpix
from training.evaluate_segmentation import Asker, evaluate_segmentation
from training.evaluate_shortcuts import mask_shortcuts, medpix_shortcuts, negation_consistency
from training.evaluate_slices import read_slices, splits_of
from training.evaluate_vqa import evaluate_vqa, read_questions, region_scores, seen_regions
from training.medpix_pictures import MedPixError
from training.metrics_bootstrap import mean_interval
from training.plots import write_confusions

SAME_SPLIT: Final = {"dev": "val", "val": "dev"}
"""MedPix calls dev what the other packs call val; test is test everywhere."""
PACKS: Final = ("slake", "vqa-rad")


@dataclass(frozen=True)
class Folders:
    """The packs to measure on; None leaves one out."""

    medpix: Path | None
    segmentation: Path | None
    vqa: tuple[Path, ...]


@dataclass(frozen=True)
class Limits:
    """At most so many pictures and questions of each pack, and slices to segment (0 is all), and
    through how many views words and masks are asked for; the product asks through all."""

    each: int = 0
    slices: int = 0
    views: int = len(VIEWS)


WHOLE: Final = Limits()


def main(arguments: Sequence[str]) -> int:
    """Run `evaluate`; 0 when the JSON is written, 2 on bad input."""
    try:
        options = _options(arguments)
        folders = _folders(options)
        engine = open_engine(options.model, options.adapter, threads=options.threads)
        slices = options.limit if options.slices is None else options.slices
        limits = Limits(options.limit, slices, options.views)
        found = evaluate(engine, folders, options.split, limits)
        _write(options.json, found)
        drawn = write_confusions(options.json, found.get("medpix", {}).get("confusion", {}))
        if drawn is not None:
            _say(f"{drawn}: what was said of what")
    except (ConfigError, ModelError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(_headline(found), indent=1) + "\n")
    return 0


def evaluate(
    engine: Engine, folders: Folders, split: str, limits: Limits = WHOLE
) -> dict[str, Any]:
    """The figures of all packs that are given.

    Args:
        split: a split's name; dev and val stand for each other where a pack has only one.
        limits: how much of each pack is measured.

    Raises:
        MedPixError: a pack has no such split, a file is missing, or there are not so many views.
    """
    if not 1 <= limits.views <= len(VIEWS):
        raise MedPixError(f"a picture has 1 to {len(VIEWS)} views, not {limits.views}")
    started, limit = time.monotonic(), limits.each
    info = engine.backend.info()
    found: dict[str, Any] = {"split": split, "limits": asdict(limits), "base": info.base}
    found |= {"base_sha256": info.base_sha256, "adapter": info.adapter, "splits": {}}
    found["views"] = limits.views
    has_adapter = info.adapter is not None
    shortcuts: dict[str, Any] = {}
    # As the product asks: the base alone, where the adapter was not taught structures.
    views = VIEWS[: limits.views]
    asker = Asker(engine, engine.structures_adapter(), views)
    if folders.medpix is not None:
        name = _medpix_split(folders.medpix, split)
        found["splits"]["medpix"] = name
        found["medpix"] = evaluate_medpix(
            engine.backend,
            folders.medpix,
            name,
            limit=limit,
            has_adapter=has_adapter,
            say=_say,
            views=views,
        )
        shortcuts |= medpix_shortcuts(engine.backend, folders.medpix, name, limit)
    if folders.segmentation is not None:
        name = _pick(splits_of(folders.segmentation), split, folders.segmentation)
        found["splits"]["segmentation"] = name
        found["segmentation"] = evaluate_segmentation(
            asker,
            folders.segmentation,
            name,
            limit=limits.slices,
            say=_say,
            other=_other(engine, views) if has_adapter else None,
        )
        found["segmentation"] |= _named(engine, found["segmentation"])
        shortcuts |= mask_shortcuts(asker, folders.segmentation, name, limits.slices)
    found |= _questions(engine, folders, split, limit, has_adapter, shortcuts, found["splits"])
    found |= _regions(engine, folders, split, limits, has_adapter)
    return {**found, "shortcuts": shortcuts, "seconds": time.monotonic() - started}


def _other(engine: Engine, views: Sequence[View]) -> Asker:
    """Who does not answer for structures in the product: the adapter or the base."""
    return Asker(engine, BASE_ALONE if engine.structures_adapter() is None else None, views)


def _named(engine: Engine, segmentation: dict[str, Any]) -> dict[str, Any]:
    """Who answered, and the other one's mean Dice under its own name."""
    other = segmentation.pop("other", None)
    is_base = engine.structures_adapter() == BASE_ALONE
    answered = "base" if is_base or other is None else "adapter"
    if other is None:
        return {"answered_by": answered}
    return {"answered_by": answered, "adapter_on" if is_base else "adapter_off": other}


def _questions(
    engine: Engine,
    folders: Folders,
    split: str,
    limit: int,
    has_adapter: bool,
    shortcuts: dict[str, Any],
    splits: dict[str, str],
) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    closed: list[tuple[Path, str, str]] = []
    for folder in folders.vqa:
        name = _vqa_split(folder, split)
        splits[folder.name] = name
        scores[folder.name] = evaluate_vqa(
            engine.backend,
            folder,
            name,
            limit=limit,
            has_adapter=has_adapter,
            say=_say,
            adapter=engine.questions_adapter(),
        )
        asked = read_questions(folder, name)
        closed += [(one.image, one.question, one.answer) for one in asked if one.is_closed]
    if closed:
        shortcuts |= negation_consistency(engine.backend, closed, limit)
    return {"vqa": scores} if scores else {}


def _regions(
    engine: Engine, folders: Folders, split: str, limits: Limits, has_adapter: bool
) -> dict[str, Any]:
    """`region_accuracy` on pictures whose region one can see, each picture once."""
    pictures: dict[Path, tuple[str, bool]] = {}
    if folders.segmentation is not None:
        name = _pick(splits_of(folders.segmentation), split, folders.segmentation)
        for one in read_slices(folders.segmentation, name):
            region = REGION_FROM_SEGMENTATION.get(one.kind[1])
            if region is not None:
                pictures[one.image.resolve()] = (region, False)
    for folder in folders.vqa:
        for path, region, marks in seen_regions(folder, _vqa_split(folder, split)):
            pictures.setdefault(path, (region, marks))
    if not pictures:
        return {}
    asked = spread([(path, *known) for path, known in pictures.items()], limits.each)
    views = VIEWS[: limits.views]
    right = region_scores(engine.backend, asked, None, views)
    names = [path.name for path, _, _ in asked]
    found: dict[str, Any] = {"region_accuracy": sum(right) / len(right), "region_n": len(right)}
    found["region_interval"] = mean_interval(right, names)
    if has_adapter:
        off = region_scores(engine.backend, asked, BASE_ALONE, views)
        found["region_accuracy_adapter_off"] = sum(off) / len(off)
    return found


def _medpix_split(folder: Path, split: str) -> str:
    names = {
        path.stem.removeprefix("descriptions_") for path in folder.glob("descriptions_*.jsonl")
    }
    return _pick(names, split, folder)


def _vqa_split(folder: Path, split: str) -> str:
    names = {path.stem.removeprefix("qa_") for path in folder.glob("qa_*.jsonl")}
    return _pick(names, split, folder)


def _pick(names: set[str], split: str, folder: Path) -> str:
    for name in (split, SAME_SPLIT.get(split, split)):
        if name in names:
            return name
    held = ", ".join(sorted(names)) or "none"
    raise MedPixError(f"{folder} has no split {split}; it holds: {held}")


def _folders(options: argparse.Namespace) -> Folders:
    data = options.data
    medpix, segmentation = options.medpix, options.segmentation
    vqa = list(options.vqa or [])
    if data is not None:
        medpix = medpix or _present(data / "medpix2")
        segmentation = segmentation or _present(data / "segmentation")
        vqa = vqa or [folder for name in PACKS if (folder := data / name).is_dir()]
    if medpix is None and segmentation is None and not vqa:
        raise MedPixError("name at least one pack: --data, --medpix, --segmentation or --vqa")
    return Folders(medpix, segmentation, tuple(vqa))


def _present(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None


def _headline(found: dict[str, Any]) -> dict[str, Any]:
    """The figures without the long tables, for the screen."""
    short = json.loads(json.dumps(found))
    short.get("medpix", {}).pop("by", None)
    short.get("medpix", {}).pop("confusion", None)
    short.get("segmentation", {}).pop("per_structure", None)
    return dict(short)


def _write(path: Path, found: dict[str, Any]) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    os.replace(fresh, path)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _parser()
    early, _ = parser.parse_known_args(arguments)
    if early.config is None:
        return parser.parse_args(arguments)
    given = read_settings(early.config)
    unknown = sorted(set(given.values) - set(vars(early)))
    if unknown:
        raise ConfigError(f"{given.place(unknown[0])}: unknown key {unknown[0]}")
    parser.set_defaults(**{key: parser_value(key, one) for key, one in given.values.items()})
    return parser.parse_args(arguments)


def parser_value(key: str, value: Any) -> Any:
    """A YAML value as the command line would have given it: folders as paths."""
    if key == "vqa":
        return [Path(str(one)) for one in value]
    return Path(str(value)) if key in ("data", "medpix", "segmentation", "json") else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training evaluate", description=__doc__)
    add = parser.add_argument
    add("--config", type=Path, help="YAML with the settings below; what is given here wins")
    add("--model", help="PaliGemma folder; default: the shipped model")
    add("--adapter", help="adapter folder; default: the shipped adapter")
    add("--data", type=Path, help="folder with the packs by name")
    add("--medpix", type=Path)
    add("--segmentation", type=Path)
    add("--vqa", type=Path, action="append", help="may be given several times")
    add("--split", default="dev")
    add("--json", type=Path, default=Path("evaluation.json"), help="file to write")
    add("--limit", type=int, default=0, help="at most so many of each pack")
    add("--slices", type=int, help="at most so many slices to segment; default: as --limit")
    add("--views", type=int, default=len(VIEWS), help="of each picture; default: as the product")
    add("--threads", type=int)
    return parser
