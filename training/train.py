"""`python -m training train`: LoRA or QLoRA of any PaliGemma folder, on MedPix or a clinic's own
folder; resumable."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from model.compact_folder import shipped_model
from training.adapter_config import AdapterConfig, SettingsError, add_arguments, settings_of
from training.adapter_folder import FolderError
from training.adapter_rows import Taught
from training.lessons import Lessons, read_lessons, sources_of, tasks_of, taught_structures
from training.plots import write_curve
from training.run_cache import (
    REFUSED,
    Learnt,
    last_checkpoint,
    read_start,
    run_in_cache,
    write_result,
)
from training.whole_folder import full_disk_in_words, refuse_little_room

HELD_BATCH: Final = 16
ROOM_FOR: Final = 16
"""Copies of the LoRA weights to have room for: three checkpoints with two moments each, the best
weights and the folder, and as much again to spare."""


def main(arguments: Sequence[str]) -> int:
    """Run `train`; 0 when the adapter folder is written, 2 on bad input, before any training."""
    parser = argparse.ArgumentParser(prog="training train", description=__doc__)
    add_arguments(parser)
    try:
        settings = settings_of(parser.parse_args(arguments), AdapterConfig)
        with full_disk_in_words(settings.cache):
            train_adapter(settings)
    except REFUSED as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def train_adapter(settings: AdapterConfig) -> None:
    """Train with these settings and write the adapter folder.

    Raises:
        ConfigError, ModelError: before anything is trained.
    """
    base = settings.base or shipped_model()
    refuse_taken(settings)
    read_start(settings, base)
    lessons = read_lessons(settings)
    with run_in_cache(settings, base, list(lessons.names())):
        run_training(settings, base, lessons)
    if is_first_process():
        _write(settings, base, lessons)


def is_first_process() -> bool:
    """True in the one process of several that writes."""
    return int(os.environ.get("RANK", "0")) == 0


def processes() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


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
        ConfigError: the disk has no room.
    """
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    from training.adapter_callbacks import (
        AVERAGE_NAME,
        LOG_NAME,
        AverageWeights,
        CheckpointByTime,
        KeepBest,
        LogLines,
        Progress,
        read_log,
    )

    refuse_little_room(settings.cache, ROOM_FOR * 4 * parameters)
    warnings.filterwarnings("ignore", message=".*pin_memory.*")
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    if settings.average:
        trainer.add_callback(AverageWeights(trainer, settings.average))
    for callback in (
        LogLines(settings.cache, settings.clip),
        CheckpointByTime(settings.checkpoint_seconds),
        KeepBest(settings.cache, settings.patience),
        Progress(),
    ):
        trainer.add_callback(callback)
    resumed = last_checkpoint(settings.cache, *([AVERAGE_NAME] if settings.average else []))
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    if trainer.is_world_process_zero():
        write_curve(settings.cache, read_log(settings.cache / LOG_NAME))


def _stream(settings: AdapterConfig, lessons: Lessons, base: Path, side: int) -> Any:
    from training.adapter_data import Stream
    from training.replay import open_own, open_replay

    replay = None
    if settings.replay is not None and settings.replay_share > 0:
        replay = open_replay(settings.replay, base, side)
    return Stream(
        pictures=lessons.taught,
        shares=settings.shares,
        seed=settings.seed,
        length=settings.steps * settings.pictures * settings.accumulation * processes(),
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


def _write(settings: AdapterConfig, base: Path, lessons: Lessons) -> None:
    own, names = lessons.own, list(lessons.names())
    has_replay = bool(settings.replay and settings.replay_share)
    learnt = Learnt(
        subject="medpix2" if settings.medpix is not None else "own",
        names=names,
        data=sources_of(settings, own),
        tasks=tasks_of(settings, own),
        structures=taught_structures(own, base, has_replay=has_replay),
    )
    held = len(lessons.held) + len(lessons.own_held())
    counts = {"taught_pictures": len(names), "held_out_pictures": held}
    write_result(settings, base, learnt, counts)
