"""`python -m training train`: LoRA or QLoRA of any PaliGemma folder, on MedPix or a clinic's own
folder; resumable."""

import argparse
import json
import os
import shutil
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from model.adapters import WEIGHTS_NAME
from model.compact_folder import shipped_model
from model.manifest import sha256_of
from model.types import ModelError
from training.adapter_config import (
    AdapterConfig,
    SettingsError,
    add_arguments,
    as_plain,
    settings_of,
)
from training.adapter_folder import (
    AdapterFacts,
    FolderError,
    adapter_name,
    base_identity,
    digest_of_names,
    write_adapter,
)
from training.adapter_rows import Taught
from training.config import ConfigError
from training.lessons import Lessons, read_lessons, sources_of, tasks_of, taught_structures
from training.medpix_pictures import MedPixError
from training.own_folder import OwnFolderError
from training.plots import write_curve
from training.targets import TargetError

RUN_NAME: Final = "run.yaml"
DONE: Final = ("scheduler.pt", "optimizer.pt", "trainer_state.json", "adapter_model.safetensors")
HELD_BATCH: Final = 16
ROOM_FOR: Final = 16
"""Copies of the LoRA weights to have room for: three checkpoints with two moments each, the best
weights and the folder, and as much again to spare."""
REFUSED: Final = (
    SettingsError,
    MedPixError,
    OwnFolderError,
    FolderError,
    TargetError,
    ConfigError,
    ModelError,
)


def main(arguments: Sequence[str]) -> int:
    """Run `train`; 0 when the adapter folder is written, 2 on bad input, before any training."""
    parser = argparse.ArgumentParser(prog="training train", description=__doc__)
    add_arguments(parser)
    try:
        settings = settings_of(parser.parse_args(arguments), AdapterConfig)
        train_adapter(settings)
    except REFUSED as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def train_adapter(settings: AdapterConfig) -> None:
    """Train with these settings and write the adapter folder.

    Raises:
        SettingsError, MedPixError, FolderError, TargetError: before anything is trained.
    """
    base = settings.base or shipped_model()
    refuse_taken(settings)
    lessons = read_lessons(settings)
    prepare_run(settings, base, lessons)
    run_training(settings, base, lessons)
    if int(os.environ.get("RANK", "0")) == 0:
        _write(settings, base, lessons)


def refuse_taken(settings: AdapterConfig) -> Path:
    """The folder to write, which does not exist yet.

    Raises:
        SettingsError, FolderError: none is named, or it exists.
    """
    if settings.out is None:
        raise SettingsError("name the folder to write (--out)")
    if settings.out.exists():
        raise FolderError(f"{settings.out} exists already; name another folder")
    return settings.out


def prepare_run(
    settings: AdapterConfig, base: Path, lessons: Lessons, more: Mapping[str, str] | None = None
) -> None:
    """Write down what this run is, with `more` facts; refuse a cache that holds another one.

    Raises:
        SettingsError: the cache belongs to other settings, another base or other pictures.
    """
    _, digest = base_identity(base)
    names = digest_of_names(lessons.names())
    described = {**as_plain(settings), "base_sha256": digest, "taught_sha256": names}
    described |= more or {}
    if settings.start is not None:
        described["start_sha256"] = sha256_of(settings.start / WEIGHTS_NAME)
    path = settings.cache / RUN_NAME
    if path.is_file() and yaml.safe_load(path.read_text(encoding="utf-8")) != described:
        raise SettingsError(f"{settings.cache} holds another run; name another --cache or empty it")
    settings.cache.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(described), encoding="utf-8")


def last_checkpoint(cache: Path) -> Path | None:
    """The newest whole checkpoint; one cut off by a kill is removed."""
    found = sorted(
        cache.glob("checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]), reverse=True
    )
    for folder in found:
        if _is_whole(folder):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    return None


def run_training(settings: AdapterConfig, base: Path, lessons: Lessons) -> Any:
    """The loop itself, from the last checkpoint if there is one; the Trainer it ran in."""
    import torch

    from training.adapter_arguments import trainer_arguments
    from training.adapter_data import AdapterData, Collate
    from training.adapter_pictures import PictureShelf
    from training.adapter_trainer import AdapterTrainer
    from training.qlora import open_trainable

    torch.set_num_threads(settings.threads)
    opened = open_trainable(base, settings)
    shelf = PictureShelf(opened.side, has_marks=True)
    held = _held_batches(lessons.held, shelf)
    held += _held_batches(lessons.own_held(), PictureShelf(opened.side, has_marks=False))
    trainer = AdapterTrainer(
        model=opened.model,
        args=trainer_arguments(settings, has_held=bool(held)),
        train_dataset=AdapterData(_stream(settings, lessons, base, opened.side), shelf),
        eval_dataset=[0],
        data_collator=Collate(opened.processor),
        held=held,
    )
    run_loop(trainer, settings, opened.trained_parameters)
    if not held:
        trainer.evaluate()
    return trainer


def run_loop(trainer: Any, settings: AdapterConfig, parameters: int) -> None:
    """Train with log, checkpoints and the best weights, from the last checkpoint if there is one.

    Raises:
        FolderError: the disk has no room.
    """
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    from training.adapter_callbacks import (
        LOG_NAME,
        CheckpointByTime,
        KeepBest,
        LogLines,
        Progress,
        read_log,
    )

    refuse_little_room(settings.cache, parameters)
    warnings.filterwarnings("ignore", message=".*pin_memory.*")
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    for callback in (
        LogLines(settings.cache, settings.clip),
        CheckpointByTime(settings.checkpoint_seconds),
        KeepBest(settings.cache, settings.patience),
        Progress(),
    ):
        trainer.add_callback(callback)
    resumed = last_checkpoint(settings.cache)
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    if trainer.is_world_process_zero():
        write_curve(settings.cache, read_log(settings.cache / LOG_NAME))


def _stream(settings: AdapterConfig, lessons: Lessons, base: Path, side: int) -> Any:
    from training.adapter_data import Stream
    from training.replay import open_own, open_replay

    world = int(os.environ.get("WORLD_SIZE", "1"))
    replay = None
    if settings.replay is not None and settings.replay_share > 0:
        replay = open_replay(settings.replay, base, side)
    return Stream(
        pictures=lessons.taught,
        shares=settings.shares,
        seed=settings.seed,
        length=settings.steps * settings.pictures * settings.accumulation * world,
        augment=settings.augment,
        replay=replay,
        replay_share=settings.replay_share if replay else 0.0,
        balance=settings.balance,
        own=open_own(lessons.own, base, side) if lessons.own else None,
        own_share=settings.own_share if lessons.taught else 1.0,
    )


def _held_batches(held: Sequence[Taught], shelf: Any) -> list[Any]:
    from training.adapter_trainer import CHOOSING

    drawn = [
        (shelf.plain(one.image), [row for row in one.rows if row.task in CHOOSING]) for one in held
    ]
    kept = [one for one in drawn if one[1]]
    return [kept[start : start + HELD_BATCH] for start in range(0, len(kept), HELD_BATCH)]


def refuse_little_room(folder: Path, parameters: int) -> None:
    """Stop before training when the disk cannot hold what the run writes.

    Raises:
        FolderError: naming the folder, what is needed and what is free.
    """
    needed, free = ROOM_FOR * 4 * parameters, shutil.disk_usage(folder).free
    if free < needed:
        said = f"{needed / 2**20:.1f} MiB are needed, {free / 2**20:.1f} MiB are free"
        raise FolderError(f"{folder}: the disk is full: {said}")


def _is_whole(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in DONE):
        return False
    try:
        json.loads((folder / DONE[2]).read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _write(settings: AdapterConfig, base: Path, lessons: Lessons) -> None:
    from training.adapter_trainer import BEST_NAME, read_score

    assert settings.out is not None
    weights, own = settings.cache / BEST_NAME, lessons.own
    base_name, digest = base_identity(base)
    described = json.loads((base / "config.json").read_text(encoding="utf-8"))
    sources = sources_of(settings, own)
    subject = "medpix2" if settings.medpix is not None else "own"
    facts = AdapterFacts(
        name=adapter_name(subject, base_name, weights),
        base=base_name,
        base_sha256=digest,
        image_size=int(described["vision_config"]["image_size"]),
        data=sources,
        split_sha256=digest_of_names(lessons.names()),
        structures=taught_structures(
            own, base, has_replay=bool(settings.replay and settings.replay_share)
        ),
        tasks=tasks_of(settings, own),
    )
    held = len(lessons.held) + len(lessons.own_held())
    counts = {"taught_pictures": len(list(lessons.names())), "held_out_pictures": held}
    metrics = {"held_out": read_score(settings.cache), **counts}
    write_adapter(settings.out, weights, facts, as_plain(settings), metrics)
    sys.stdout.write(f"{settings.out} holds {facts.name}: {sources[0].name}\n")
