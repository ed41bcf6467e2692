"""`training prepare`: the packs become memory-mapped copies of train and val pictures."""

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.types import ModelError
from training.config import BaseConfig, ConfigError, add_config_arguments, read_config
from training.masks import LEAST_VOLUMES, anatomy_labels, anatomy_names
from training.record_checks import prints_of_records, read_checked
from training.records import TRAIN, VAL, PictureRecord, read_records
from training.whole_folder import full_disk_in_words, refuse_little_room, whole_folder

NEGATIVES = 700


@dataclass(frozen=True)
class Prepared:
    """What a training stage reads: records by split, their copies, negatives and names."""

    records: dict[str, list[PictureRecord]]
    copies: dict[str, Any]
    negatives: dict[str, NDArray[np.uint8]]
    names: list[str]
    offered: list[str]


def split_records(config: BaseConfig) -> dict[str, list[PictureRecord]]:
    """Train and val records of the configured folder, cut to `limit` when that is set."""
    records = read_records(config.data, config.licences)
    found = {split: [one for one in records if one.split == split] for split in (TRAIN, VAL)}
    if config.limit:
        step = {split: max(len(ones) // config.limit, 1) for split, ones in found.items()}
        found = {split: ones[:: step[split]][: config.limit] for split, ones in found.items()}
    return found


def offered_names(records: list[PictureRecord], copies: Any, names: list[str]) -> list[str]:
    """The names that at least three training volumes show, in the order of `names`."""
    owners = copies.records[copies.objects["copy"]]
    volumes: dict[int, set[str]] = {}
    for name, owner in zip(copies.objects["name"], owners, strict=True):
        volumes.setdefault(int(name), set()).add(records[int(owner)].volume)
    return [
        name for index, name in enumerate(names) if len(volumes.get(index, ())) >= LEAST_VOLUMES
    ]


def refuse_leaks_to_the_eye(config: BaseConfig) -> None:
    """Stop when a picture is taught and measured under two names, within a pack or across packs.

    What the base learns from must not come again in the collection that adapters are measured on.

    Raises:
        ConfigError: naming the two files.
    """
    from training.medpix_pictures import read_medpix
    from training.near_duplicates import prints_of, refuse_near_duplicates

    found = split_records(config)
    prints = {split: prints_of_records(records) for split, records in found.items()}
    refuse_near_duplicates(prints[TRAIN], prints[VAL])
    medpix = config.data / "medpix2"
    names = [one.stem.removeprefix("descriptions_") for one in medpix.glob("descriptions_*.jsonl")]
    shown = {name: prints_of(read_medpix(medpix, name), has_marks=True) for name in sorted(names)}
    measured = [one for split, ones in shown.items() if split != TRAIN for one in ones]
    refuse_near_duplicates(shown.get(TRAIN, []), measured)
    refuse_near_duplicates([*prints[TRAIN], *prints[VAL]], [*shown.get(TRAIN, []), *measured])


def prepare(config: BaseConfig, codec_path: Path) -> None:
    """Build the copies of both splits under `config.cache`; splits already there are kept.

    Raises:
        ConfigError: a picture or mask is missing, broken, unnamed or in two splits, or the disk has
            no room; nothing is left that is half written.
    """
    from model.mask_codec import MaskCodec
    from training.cache import CacheRequest, build_copies, build_negatives, bytes_of_copies

    codec = MaskCodec.load(codec_path)
    read_checked(config.data, config.licences)
    refuse_leaks_to_the_eye(config)
    labels = anatomy_labels(config.data / "segmentation")
    names = anatomy_names(config.data / "segmentation")
    sizes = (config.image_size, config.patch_size, config.copies)
    requests = {
        split: CacheRequest(records, names, labels, *sizes, config.seed + turn)
        for turn, (split, records) in enumerate(split_records(config).items())
        if not (config.cache / split / "ready.json").is_file()
    }
    drawn = NEGATIVES * 3 * config.image_size**2 * len(requests)
    refuse_little_room(config.cache, sum(map(bytes_of_copies, requests.values())) + drawn)
    for split, request in requests.items():
        shutil.rmtree(config.cache / split, ignore_errors=True)  # it was not ready
        with whole_folder(config.cache / split) as fresh:
            count = NEGATIVES if split == TRAIN else NEGATIVES // 10
            build_negatives(fresh, count, config.image_size, request.seed)
            build_copies(request, codec, fresh, _say)
    config.cache.mkdir(parents=True, exist_ok=True)
    (config.cache / "names.json").write_text(json.dumps(names))


def open_prepared(config: BaseConfig) -> Prepared:
    """The prepared data of a configuration.

    Raises:
        ConfigError: `training prepare` has not been run for this cache, or for other pictures.
    """
    from training.cache import open_copies

    records = split_records(config)
    copies = {}
    for split in (TRAIN, VAL):
        if not (config.cache / split / "ready.json").is_file():
            raise ConfigError(f"{config.cache / split}: run `training prepare` first")
        copies[split] = open_copies(config.cache / split)
        if copies[split].records[-1] + 1 != len(records[split]):
            raise ConfigError(f"{config.cache / split}: prepared from other pictures; remove it")
    negatives = {
        split: np.load(config.cache / split / "negatives.npy", mmap_mode="r")
        for split in (TRAIN, VAL)
    }
    names = json.loads((config.cache / "names.json").read_text())
    offered = offered_names(records[TRAIN], copies[TRAIN], names)
    return Prepared(records, copies, negatives, names, offered)


def main(arguments: list[str]) -> int:
    """`training prepare`: read the packs, refuse leaks, write augmented copies with codes."""
    parser = argparse.ArgumentParser(prog="training prepare", description=main.__doc__)
    add_config_arguments(parser)
    parser.add_argument("--codec", type=Path, help="mask_codec.npz (default: the one in --out)")
    for name, what in (
        ("--export-qa", "write the questions and answers made from MedPix to this folder"),
        ("--panels", "write MedPix with its montages cut into panels to this folder"),
    ):
        parser.add_argument(name, type=Path, metavar="DIR", help=f"{what}, and nothing else")
    options = parser.parse_args(arguments)
    config = read_config(options)
    try:
        if options.export_qa or options.panels:
            return _from_medpix(config.data / "medpix2", options.export_qa, options.panels)
        with full_disk_in_words(config.cache):
            prepare(config, options.codec or config.out / "mask_codec.npz")
        found = open_prepared(config)
    except (ConfigError, ModelError) as error:
        raise SystemExit(f"training: {error}") from error
    for split in (TRAIN, VAL):
        copies = found.copies[split]
        _say(f"{split}: {len(copies.images)} copies, {len(copies.objects)} objects")
    _say(f"{len(found.offered)} of {len(found.names)} structures offered")
    return 0


def _from_medpix(medpix: Path, questions: Path | None, panels: Path | None) -> int:
    from training.export_qa import export_qa
    from training.split_panels import split_panels

    if questions is not None:
        counts = export_qa(medpix, questions)
        lines = [f"{split} {count} lines" for split, count in counts.items()]
        _say(f"{questions}: " + ", ".join(lines))
    if panels is not None:
        with full_disk_in_words(panels):
            cut = split_panels(medpix, panels)
        told = [f"{split} {one.montages} of {one.pictures}" for split, one in cut.items()]
        _say(f"{panels}: montages cut: {', '.join(told)}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - progress of a command
