"""`python -m training align`: a guarded adapter by preferences (DPO), resumable as `train`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from model.adapters import AdapterFolder
from model.compact_folder import shipped_model
from model.manifest import MANIFEST_NAME, sha256_of
from model.opening import QUESTION_TASK
from training.adapter_config import AdapterConfig, SettingsError, add_arguments, settings_of
from training.adapter_folder import Source
from training.adapter_rows import Taught, kind_rows
from training.evaluate_asking import spread
from training.lessons import Lessons, read_lessons, sources_of
from training.preferences import POLICY, Preferences, read_preferences, that_fit
from training.records import TRAIN
from training.run_cache import REFUSED, Learnt, read_start, run_in_cache, write_result
from training.train import is_first_process, processes, refuse_taken, run_loop
from training.whole_folder import full_disk_in_words

EXPORTED: Final = 40
"""Pictures whose raw answers are written for the guard, at most."""


@dataclass(frozen=True)
class AlignConfig(AdapterConfig):
    """The settings of `train`, and how strongly answers are preferred."""

    preferences: Path = POLICY
    """The policy file of questions, chosen and rejected answers."""
    beta: float = 0.1
    keep: float = 1.0
    """Weight of the anatomy rows, which must not get worse."""
    say: float = 1.0
    """Weight of the chosen answers' own likelihood; at 0 DPO may make both answers unlikely."""
    pairs: int = 2
    """Pairs asked of a picture in a step."""
    held_pictures: int = 64
    """Held-out pictures that choose the best step, at most."""
    steps: int = 100
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Compare:
    """Pictures with whether MedPix' marks are on them: to teach, and to choose and measure by."""

    taught: Sequence[tuple[Taught, bool]]
    held: Sequence[tuple[Taught, bool]]


def main(arguments: Sequence[str]) -> int:
    """Run `align`; 0 when the adapter folder is written, 2 on bad input, before any training."""
    parser = argparse.ArgumentParser(prog="training align", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--preferences", help="YAML policy; default: the shipped one")
    parser.add_argument("--beta", type=float, help="how far the adapter may leave the base")
    parser.add_argument("--export", type=Path, help="raw answers for `check-guardrail --cases`")
    try:
        options = parser.parse_args(arguments)
        settings = replace(settings_of(options, AlignConfig), replay=None)
        with full_disk_in_words(settings.cache):
            align(settings, options.export)
    except REFUSED as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def align(settings: AlignConfig, export: Path | None = None) -> None:
    """Train on preferences and write the adapter folder.

    Raises:
        ConfigError, ModelError: before anything is trained.
    """
    for name in ("beta", "pairs"):
        if getattr(settings, name) <= 0:
            raise SettingsError(f"{name} is {getattr(settings, name)!r}, which cannot be")
    base = settings.base or shipped_model()
    refuse_taken(settings)
    policy, start = read_preferences(settings.preferences), read_start(settings, base)
    lessons = read_lessons(settings)
    compare = _compare(policy, lessons)
    digest = sha256_of(settings.preferences)
    more = {"preferences_sha256": digest}
    with run_in_cache(settings, base, list(lessons.names()), more):
        before = _run(settings, base, policy, compare)
    if not is_first_process():
        return
    told = {"before": before, "preferences": {"version": policy.version, "sha256": digest}}
    told |= {"taught_pictures": len(compare.taught), "held_out_pictures": len(compare.held)}
    write_result(settings, base, _learnt(settings, lessons, start), told)
    if export is not None:
        _export(settings, base, policy, compare, export)


def _compare(policy: Preferences, lessons: Lessons) -> Compare:
    own = lessons.own.of(TRAIN) if lessons.own else []
    shown = [Taught(one.image, one.volume, tuple(kind_rows(one))) for one in own]

    def marked(medpix: Sequence[Taught], clinic: Sequence[Taught]) -> list[tuple[Taught, bool]]:
        fit = that_fit(policy, [*medpix, *clinic])
        ours = {one.image for one in clinic}
        return [(one, one.image not in ours) for one in fit]

    taught = marked(lessons.taught, shown)
    return Compare(taught, marked(lessons.held, lessons.own_held()) or taught)


def _run(settings: AlignConfig, base: Path, policy: Preferences, compare: Compare) -> Any:
    """Train; the held-out figures before the first step."""
    import torch

    from training.adapter_arguments import trainer_arguments
    from training.adapter_pictures import PictureShelf
    from training.align_trainer import (
        HELD_PAIRS,
        Draw,
        PreferenceCollate,
        PreferenceData,
        PreferenceTrainer,
        Weights,
    )
    from training.qlora import open_trainable

    torch.set_num_threads(settings.threads)
    opened = open_trainable(base, settings)
    shelves = {marks: PictureShelf(opened.side, has_marks=marks) for marks in (False, True)}
    length = settings.steps * settings.pictures * settings.accumulation * processes()
    draw = Draw(settings.seed, length, settings.pairs, settings.augment)
    few = spread(compare.held, settings.held_pictures)
    held_draw = Draw(settings.seed + 1, len(few), HELD_PAIRS, augment=False)
    seen = [[(one, shelves[marks]) for one, marks in part] for part in (compare.taught, few)]
    fixed = PreferenceData(policy, seen[1], held_draw)
    drawn = [fixed[index] for index in range(len(few))]
    trainer = PreferenceTrainer(
        model=opened.model,
        args=trainer_arguments(settings, has_held=True),
        train_dataset=PreferenceData(policy, seen[0], draw),
        eval_dataset=[0],
        data_collator=PreferenceCollate(opened.processor),
        held=[drawn[at : at + settings.pictures] for at in range(0, len(few), settings.pictures)],
        weights=Weights(settings.beta, settings.keep, settings.say),
    )
    before = trainer.figures()
    run_loop(trainer, settings, opened.trained_parameters)
    return before


def _learnt(settings: AlignConfig, lessons: Lessons, start: AdapterFolder | None) -> Learnt:
    """What was shown here, and what the adapter it started from had been shown."""
    data, manifest = sources_of(settings, lessons.own), start.manifest if start else None
    if settings.start is not None:
        path = settings.start / MANIFEST_NAME
        earlier = json.loads(path.read_text(encoding="utf-8")).get("data", [])
        data += [Source(**one) for one in earlier]
    tasks = [*(manifest.tasks if manifest else ("modality", "plane", "region")), QUESTION_TASK]
    return Learnt(
        subject="guarded",
        names=list(lessons.names()),
        data=list(dict.fromkeys(data)),
        tasks=tuple(dict.fromkeys(tasks)),
        structures=manifest.structures if manifest else (),
    )


def _export(
    settings: AlignConfig, base: Path, policy: Preferences, compare: Compare, file: Path
) -> None:
    from model.local import open_local
    from training.raw_answers import raw_cases, write_cases

    pictures = spread(compare.held, EXPORTED)
    cases: list[dict[str, Any]] = []
    for when, adapter in (("before", settings.start), ("after", settings.out)):
        backend = open_local(base, adapter=adapter, threads=settings.threads)
        cases += raw_cases(backend, policy, pictures, when)
        backend.close()
    write_cases(file, cases)
    sys.stdout.write(f"{file}: {len(cases)} cases of {len(pictures)} pictures\n")
