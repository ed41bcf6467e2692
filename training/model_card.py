"""`python -m training card`: the README of an adapter folder, from its manifest and its numbers."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from model.manifest import MANIFEST_NAME

PURPOSE: Final = (
    "Explains in plain language which part of the body a picture shows and how a healthy example "
    "looks, and helps people prepare questions for their doctor. Not intended to detect, rule out, "
    "monitor or predict disease or to support treatment decisions. Demonstration and research "
    "use; not a medical device and not for clinical use without conformity assessment by the "
    "operator."
)
_MEDPIX_ROWS: Final = ("modality_accuracy", "body_part_accuracy", "plane_accuracy")
_MASK_ROWS: Final = (
    "mean_dice",
    "atlas_dice",
    "macro_dice",
    "mean_iou",
    "malformed_share",
    "absent_false_easy",
    "absent_false_hard",
)


def card_text(
    manifest: Mapping[str, Any], settings: Mapping[str, Any], metrics: Mapping[str, Any]
) -> str:
    """The card as Markdown; numbers that were not measured are left out, never invented."""
    blocks = [
        f"# {manifest['name']}",
        f"A LoRA adapter for `{manifest['base']}` (SHA-256 {manifest['base_sha256']}).",
        f"**Intended purpose.** {PURPOSE}",
        _trained(manifest, settings),
        _measured(metrics),
        _limits(),
        _sources(manifest),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Run `card`: take numbers over, write the card and the digests again; 2 on bad input."""
    from training.adapter_folder import METRICS_NAME, FolderError, refresh

    options = _parser().parse_args(arguments)
    if options.adapter is None:
        return _base_alone(options)
    try:
        path = options.adapter / METRICS_NAME
        metrics = json.loads(path.read_text(encoding="utf-8"))
        for name, file in (("evaluation", options.metrics), ("validation", options.validation)):
            if file:
                metrics[name] = json.loads(file.read_text(encoding="utf-8"))
        path.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
        refresh(options.adapter)
        if options.base and "evaluation" in metrics:
            show_on_base(options.base, metrics["evaluation"])
    except (OSError, ValueError, KeyError, FolderError) as error:
        sys.stderr.write(f"{options.adapter} is no adapter folder with {MANIFEST_NAME}: {error}\n")
        return 2
    sys.stdout.write(f"{options.adapter / 'README.md'} is written.\n")
    return 0


def _base_alone(options: argparse.Namespace) -> int:
    """The card of a base that has no adapter yet, or takes figures of its own."""
    if options.base is None or options.metrics is None:
        sys.stderr.write("name an adapter folder, or a base folder and its evaluation\n")
        return 2
    try:
        show_on_base(options.base, json.loads(options.metrics.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{options.base} is no base folder with {MANIFEST_NAME}: {error}\n")
        return 2
    sys.stdout.write(f"{options.base / 'README.md'} is written.\n")
    return 0


def show_on_base(folder: Path, evaluation: Mapping[str, Any]) -> None:
    """Put the adapter's figures, off and on, into the base's manifest and card.

    They take the place of all that an evaluation before gave of the same splits.
    """
    from model.manifest import sha256_of
    from training.base_card import write_card

    path = folder / MANIFEST_NAME
    manifest = json.loads(path.read_text(encoding="utf-8"))
    measured = {evaluation.get("split"), *evaluation.get("splits", {}).values()}
    kept = {
        name: value
        for name, value in manifest["metrics"].items()
        if name.partition("_")[0] not in measured
    }
    manifest["metrics"] = kept | figures_for_base(evaluation)
    write_card(folder / "README.md", manifest)
    manifest["files"]["README.md"] = sha256_of(folder / "README.md")
    fresh = folder / f".{MANIFEST_NAME}.new"
    fresh.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    os.replace(fresh, path)


def figures_for_base(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """The figures that the base's card shows: structures, then words with the adapter off and on.

    What one run of `training evaluate` did not measure is left out.
    """
    split = evaluation.get("split")
    pairs = {
        **{row: evaluation.get("medpix", {}).get(row) for row in _MEDPIX_ROWS},
        "region_accuracy": evaluation.get("region_accuracy"),
    }
    off = {
        **evaluation.get("medpix", {}).get("adapter_off", {}),
        "region_accuracy": evaluation.get("region_accuracy_adapter_off"),
    }
    for name, one in evaluation.get("vqa", {}).items():
        key, answered = f"{name}_closed_accuracy", one.get("closed_accuracy")
        by_base = "adapter_on" in one
        pairs[key] = one["adapter_on"]["closed_accuracy"] if by_base else answered
        off[key] = answered if by_base else one.get("adapter_off", {}).get("closed_accuracy")
    shown = _mask_figures(evaluation)
    for name, one in evaluation.get("vqa", {}).items():
        if one.get("closed_accuracy_blank") is not None:
            shown[f"{split}_{name}_closed_accuracy_blank"] = round(one["closed_accuracy_blank"], 4)
    if evaluation.get("adapter") is None:
        pairs, off = {}, pairs
    for ending, found in (("off", off), ("on", pairs)):
        for name, value in found.items():
            if value is not None and "accuracy" in name:
                shown[f"{split}_{name}_adapter_{ending}"] = round(float(value), 4)
    return shown


def _mask_figures(evaluation: Mapping[str, Any]) -> dict[str, float]:
    split = evaluation.get("splits", {}).get("segmentation", evaluation.get("split"))
    found = {name: evaluation.get("segmentation", {}).get(name) for name in ("n", *_MASK_ROWS)}
    drawn = evaluation.get("segmentation", {}).get("mask_tokens", {})
    found |= {f"{name}_mask_tokens": drawn.get(name) for name in ("mean_dice", "absent_false_hard")}
    shortcuts = evaluation.get("shortcuts", {})
    found |= {name: shortcuts.get(name) for name in ("blank_mask_share", "shuffled_mask_share")}
    return {
        f"{split}_{name}": round(float(value), 4)
        for name, value in found.items()
        if value is not None
    }


def _trained(manifest: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    names = ("rank", "alpha", "targets", "quantize", "steps", "learning_rate", "seed")
    chosen = ", ".join(f"{name} {settings[name]}" for name in names if name in settings)
    picture = f"{manifest['image_size']} px, pixels {manifest['pixels_version']}"
    return f"**Training.** {chosen}; {picture}, prefixes {manifest['prompts_version']}."


def _measured(metrics: Mapping[str, Any]) -> str:
    lines = [_chosen(metrics)]
    for name in ("evaluation", "validation"):
        if name in metrics:
            lines += ["", *_evaluation(metrics[name])]
    return "## Numbers\n\n" + "\n".join(line for line in lines if line is not None)


def _chosen(metrics: Mapping[str, Any]) -> str | None:
    held = metrics.get("held_out")
    if not held:
        return None
    words = ", ".join(
        f"{key.removeprefix('eval_')} {value:.3f}"
        for key, value in held["metrics"].items()
        if key.startswith("eval_")
    )
    return f"Chosen at step {held['step']} on train cases that were not taught: {words}."


def _evaluation(said: Mapping[str, Any]) -> list[str]:
    views = said.get("views")
    through = f", {views} views of each picture" if views else ""
    lines = [f"Measured through the serving code on split `{said.get('split')}`{through}:", ""]
    medpix = said.get("medpix")
    if medpix:
        lines += _medpix(medpix)
    segmentation = said.get("segmentation")
    if segmentation:
        lines += _segmentation(segmentation)
    for name, one in said.get("vqa", {}).items():
        words = ", ".join(
            f"{key} {value:.3f}" for key, value in one.items() if isinstance(value, float)
        )
        if "adapter_on" in one:
            other = one["adapter_on"]["closed_accuracy"]
            words += f" by the base, which answers; closed_accuracy {other:.3f} with the adapter on"
        lines.append(f"* {name}: {words}")
    return lines


def _medpix(said: Mapping[str, Any]) -> list[str]:
    off, gains = said.get("adapter_off") or {}, said.get("gain") or {}
    lines = [f"MedPix 2.0, {said['n']} pictures:", ""]
    lines += ["| | adapter off | adapter on | gain, 95 % interval |", "| --- | --- | --- | --- |"]
    for row in _MEDPIX_ROWS:
        low, high = gains.get(row, (float("nan"), float("nan")))
        before = f"{off[row]:.3f}" if row in off else "not measured"
        lines.append(f"| {row} | {before} | {said[row]:.3f} | {low:+.3f} to {high:+.3f} |")
    for name in ("caption", "diagnosis"):
        words = ", ".join(
            f"{key} {value:.3f}"
            for key, value in said.get(name, {}).items()
            if isinstance(value, float)
        )
        lines.append(f"\n{name}: {words}." if words else "")
    return [*lines, *_alone("From one view", said.get("one_view", {})), ""]


def _segmentation(said: Mapping[str, Any]) -> list[str]:
    shown = [f"{name} {said[name]:.3f}" for name in _MASK_ROWS if isinstance(said.get(name), float)]
    who = said.get("answered_by", "adapter")
    lines = [f"Segmentation by the {who}, {said['n']} objects: {', '.join(shown)}.", ""]
    if "adapter_on" in said:
        other = said["adapter_on"]["mean_dice"]
        lines[0] += f" With the adapter on it would be {other:.3f}: it was not taught structures."
    return [*lines, *_alone("By mask tokens alone", said.get("mask_tokens", {}))]


def _alone(how: str, figures: Mapping[str, float | None]) -> list[str]:
    """What is reached without the vote of several views, or without the cell head."""
    found = {name: value for name, value in figures.items() if value is not None}
    words = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    return [f"{how}: {words}.", ""] if words else []


def _limits() -> str:
    return (
        "## Limits\n\nTeaching pictures of rare and marked disease: the adapter has hardly seen a "
        "healthy picture and expects something wrong. It names no illness to a patient: its raw "
        "words pass a guard, and people stay in the path. Masks are coarse and not for measuring."
    )


def _sources(manifest: Mapping[str, Any]) -> str:
    lines = ["## Sources and licences", "", "| data | licence | SHA-256 of its lists |"]
    lines.append("| --- | --- | --- |")
    for one in manifest["data"]:
        lines.append(f"| {one['name']} | {one['licence']} | `{one['sha256'][:16]}` |")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training card", description=__doc__)
    parser.add_argument("--adapter", type=Path, help="adapter folder")
    parser.add_argument("--metrics", type=Path, help="JSON of `training evaluate` to take over")
    parser.add_argument("--base", type=Path, help="base folder whose card shows the figures too")
    parser.add_argument("--validation", type=Path, help="a second such JSON, of another split")
    return parser
