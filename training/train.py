"""`python -m training train`: LoRA or QLoRA of any PaliGemma folder on MedPix, resumable."""

import argparse
import json
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml

from model.adapters import WEIGHTS_NAME
from model.compact_folder import shipped_model
from model.manifest import sha256_of
from model.types import ModelError
from training.adapter_config import (
    TASKS,
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
    source_of,
    write_adapter,
)
from training.adapter_rows import Taught, hold_out, taught_pictures
from training.config import ConfigError
from training.medpix_pictures import MedPixError, read_medpix, refuse_shared_cases
from training.targets import TargetError

RUN_NAME: Final = "run.yaml"
DONE: Final = ("scheduler.pt", "optimizer.pt", "trainer_state.json", "adapter_model.safetensors")
HELD_BATCH: Final = 16
MEDPIX_LICENCE: Final = "not stated; MedPix image terms (US National Library of Medicine) apply"
_REFUSED: Final = (SettingsError, MedPixError, FolderError, TargetError, ConfigError, ModelError)


def main(arguments: Sequence[str]) -> int:
    """Run `train`; 0 when the adapter folder is written, 2 on bad input, before any training."""
    parser = argparse.ArgumentParser(prog="training train", description=__doc__)
    add_arguments(parser)
    try:
        settings = settings_of(parser.parse_args(arguments))
        train_adapter(settings)
    except _REFUSED as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def train_adapter(settings: AdapterConfig) -> None:
    """Train with these settings and write the adapter folder.

    Raises:
        SettingsError, MedPixError, FolderError, TargetError: before anything is trained.
    """
    base = settings.base or shipped_model()
    if settings.out is None or settings.medpix is None:
        raise SettingsError("name the MedPix folder (--medpix) and the folder to write (--out)")
    if settings.out.exists():
        raise FolderError(f"{settings.out} exists already; name another folder")
    taught, held = read_taught(settings)
    prepare_run(settings, base, taught)
    run_training(settings, base, taught, held)
    if int(os.environ.get("RANK", "0")) == 0:
        _write(settings, base, taught, held)


def read_taught(settings: AdapterConfig) -> tuple[list[Taught], list[Taught]]:
    """The pictures to teach and the held-out ones; other splits' cases are refused.

    Raises:
        MedPixError: the folder is not as published, or a case is in two splits.
    """
    assert settings.medpix is not None
    pictures = read_medpix(settings.medpix, "train")
    for split in ("dev", "test"):
        if (settings.medpix / f"descriptions_{split}.jsonl").is_file():
            refuse_shared_cases(pictures, read_medpix(settings.medpix, split))
    if settings.limit:
        pictures = pictures[:: max(len(pictures) // settings.limit, 1)][: settings.limit]
    return hold_out(taught_pictures(pictures), settings.holdout_share, settings.seed)


def prepare_run(settings: AdapterConfig, base: Path, taught: Sequence[Taught]) -> None:
    """Write down what this run is; refuse a cache that holds another one.

    Raises:
        SettingsError: the cache belongs to other settings, another base or other pictures.
    """
    _, digest = base_identity(base)
    names = digest_of_names(one.image.name for one in taught)
    described = {**as_plain(settings), "base_sha256": digest, "taught_sha256": names}
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


def run_training(
    settings: AdapterConfig, base: Path, taught: Sequence[Taught], held: Sequence[Taught]
) -> Any:
    """The loop itself, from the last checkpoint if there is one; the Trainer it ran in."""
    import torch
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    from training.adapter_callbacks import CheckpointByTime, KeepBest, LogLines, Progress
    from training.adapter_data import AdapterData, Collate
    from training.adapter_pictures import PictureShelf
    from training.adapter_trainer import AdapterTrainer
    from training.qlora import open_trainable

    torch.set_num_threads(settings.threads)
    warnings.filterwarnings("ignore", message=".*pin_memory.*")
    opened = open_trainable(base, settings)
    shelf = PictureShelf(opened.side, has_marks=True)
    trainer = AdapterTrainer(
        model=opened.model,
        args=_arguments(settings, has_held=bool(held)),
        train_dataset=AdapterData(_stream(settings, taught, base, opened.side), shelf),
        eval_dataset=[0],
        data_collator=Collate(opened.processor),
        held=_held_batches(held, shelf),
    )
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
    if not held:
        trainer.evaluate()
    return trainer


def _stream(settings: AdapterConfig, taught: Sequence[Taught], base: Path, side: int) -> Any:
    from training.adapter_data import Stream
    from training.replay import open_replay

    world = int(os.environ.get("WORLD_SIZE", "1"))
    replay = None
    if settings.replay is not None and settings.replay_share > 0:
        replay = open_replay(settings.replay, base, side)
    return Stream(
        pictures=taught,
        shares=settings.shares,
        seed=settings.seed,
        length=settings.steps * settings.pictures * settings.accumulation * world,
        augment=settings.augment,
        replay=replay,
        replay_share=settings.replay_share if replay else 0.0,
        balance=settings.balance,
    )


def _held_batches(held: Sequence[Taught], shelf: Any) -> list[Any]:
    from training.adapter_trainer import CHOOSING

    drawn = [
        (shelf.plain(one.image), [row for row in one.rows if row.task in CHOOSING]) for one in held
    ]
    kept = [one for one in drawn if one[1]]
    return [kept[start : start + HELD_BATCH] for start in range(0, len(kept), HELD_BATCH)]


def _arguments(settings: AdapterConfig, *, has_held: bool) -> Any:
    import torch
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(settings.cache),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.pictures,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(settings.steps * settings.warmup_share)),
        max_grad_norm=settings.clip,
        optim="adamw_torch",
        bf16=settings.precision == "bf16" or torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="sequential",
        seed=settings.seed,
        logging_steps=1,
        save_strategy="no",
        save_total_limit=2,
        eval_strategy="steps" if has_held else "no",
        eval_steps=settings.evaluate_every,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=False,
        # Ranks run different numbers of row groups, and nothing in the buffers ever changes.
        ddp_broadcast_buffers=False,
        disable_tqdm=True,
        report_to=[],
    )


def _is_whole(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in DONE):
        return False
    try:
        json.loads((folder / DONE[2]).read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _write(
    settings: AdapterConfig, base: Path, taught: Sequence[Taught], held: Sequence[Taught]
) -> None:
    from training.adapter_trainer import BEST_NAME, read_score

    assert settings.out is not None
    assert settings.medpix is not None
    weights = settings.cache / BEST_NAME
    base_name, digest = base_identity(base)
    described = json.loads((base / "config.json").read_text(encoding="utf-8"))
    sources = [source_of("MedPix 2.0", MEDPIX_LICENCE, settings.medpix.glob("*_train.jsonl"))]
    if settings.replay is not None and settings.replay_share > 0:
        lists = settings.replay.glob("*/*.jsonl")
        sources.append(source_of("replay of the base's data", "see the base's card", lists))
    facts = AdapterFacts(
        name=adapter_name("medpix2", base_name, weights),
        base=base_name,
        base_sha256=digest,
        image_size=int(described["vision_config"]["image_size"]),
        data=sources,
        split_sha256=digest_of_names(one.image.name for one in taught),
        tasks=[task for task in TASKS if settings.shares.get(task, 0.0) > 0.0],
    )
    counts = {"taught_pictures": len(taught), "held_out_pictures": len(held)}
    metrics = {"held_out": read_score(settings.cache), **counts}
    write_adapter(settings.out, weights, facts, as_plain(settings), metrics)
    sys.stdout.write(f"{settings.out} holds {facts.name}: {asdict(sources[0])['name']}\n")
