"""`training compact`: the compact model from the data folders, stage by stage, in one command."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from training.config import BaseConfig, ConfigError, add_config_arguments, read_config

ADAPTER_CONFIG: Final = Path(__file__).parent / "configs" / "medpix.yaml"
ADAPTER, EVALUATION, FOLDER = "adapter", "evaluation.json", "folder"


@dataclass(frozen=True)
class Stage:
    """One step: its name, whether its result is there, and the arguments that make it."""

    name: str
    is_done: Callable[[], bool]
    arguments: tuple[str, ...]
    processes: int = 1


@dataclass(frozen=True)
class Plan:
    """What all stages share; `adapter` names the adapter's YAML file."""

    config: BaseConfig
    shared: tuple[str, ...]
    adapter: Path
    processes: int

    def stages(self) -> Iterable[Stage]:
        """The stages in their order; each is asked only when those before it are done."""
        out, cache, data = self.config.out, self.config.cache, str(self.config.data)
        folder, adapter, measured = out / FOLDER, out / ADAPTER, out / EVALUATION
        yield self._one("codec", (out / "mask_codec.npz").is_file, "codec")
        yield self._one("tokenizer", (out / "tokenizer.json").is_file, "tokenizer")
        ready = [cache / split / "ready.json" for split in ("train", "val")]
        yield self._one("prepare", lambda: all(one.is_file() for one in ready), "prepare")
        if self.config.masked_minutes > 0:
            yield self._loop("masked", self.config.masked_minutes)
        for name, minutes in (
            ("dense", self.config.dense_minutes),
            ("joint", self.config.joint_minutes),
        ):
            yield self._loop(name, minutes)
        done = (folder / "manifest.json").is_file
        yield self._one("export", done, "base", "--stage", "export")
        if not (self.config.data / "medpix2").is_dir():
            return
        given: tuple[str, ...]
        given = ("--config", str(self.adapter), "--data", data, "--base", str(folder))
        given += ("--out", str(adapter), "--cache", str(out / "adapter-run"))
        done = (adapter / "manifest.json").is_file
        yield Stage("adapter", done, ("train", *given), self.processes)
        given = ("--model", str(folder), "--adapter", str(adapter), "--data", data)
        given += ("--split", "dev", "--json", str(measured))
        yield Stage("evaluate", measured.is_file, ("evaluate", *given))
        given = ("--adapter", str(adapter), "--base", str(folder), "--metrics", str(measured))
        yield Stage("card", lambda: _holds_figures(folder), ("card", *given))

    def _one(self, name: str, is_done: Callable[[], bool], *command: str) -> Stage:
        return Stage(name, is_done, (*command, *self.shared))

    def _loop(self, name: str, minutes: float) -> Stage:
        from training.loop_state import load_state

        def is_done() -> bool:
            state = load_state(self.config.out / f"{name}.pt")
            return state is not None and float(state["passed"]) >= minutes * 60.0

        stage = self._one(name, is_done, "base", "--stage", name)
        return replace(stage, processes=self.processes)


def run_plan(plan: Plan, say: Callable[[str], None]) -> int:
    """Run each stage whose result is missing; the status of the first that fails, else 0."""
    for stage in plan.stages():
        if stage.is_done():
            say(f"{stage.name}: is there already")
            continue
        say(f"{stage.name}: begins")
        started = time.monotonic()
        status = subprocess.run(command_of(stage), check=False).returncode
        if status:
            say(f"{stage.name}: failed; the same command goes on from here")
            return status
        say(f"{stage.name}: {(time.monotonic() - started) / 60.0:.1f} minutes")
    return 0


def command_of(stage: Stage) -> list[str]:
    """The command line of a stage: one process, or several under torch's launcher."""
    launcher: list[str] = []
    if stage.processes > 1:
        launcher = ["-m", "torch.distributed.run", "--standalone"]
        launcher += [f"--nproc-per-node={stage.processes}"]
    return [sys.executable, *launcher, "-m", "training", *stage.arguments]


def _holds_figures(folder: Path) -> bool:
    path = folder / "manifest.json"
    metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"] if path.is_file() else {}
    return any(name.endswith("mean_dice") for name in metrics)


def main(arguments: list[str]) -> int:
    """`training compact`: make the compact base and its adapter; what is there is kept."""
    parser = argparse.ArgumentParser(prog="training compact", description=main.__doc__)
    add_config_arguments(parser)
    parser.add_argument("--packed", type=Path, help="file of `training pack`, instead of --data")
    parser.add_argument("--adapter-config", type=Path, default=ADAPTER_CONFIG)
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        help="of the stages that loop and the adapter; two of one thread each suit two cores",
    )
    options = parser.parse_args(arguments)
    config = read_config(options)
    try:
        if options.packed:
            from training.pack import unpack

            options.data = str(unpack(options.packed, config.cache / "packs"))
            config = read_config(options)
    except ConfigError as error:
        raise SystemExit(f"training: {error}") from error
    processes = 1 if torch.cuda.is_available() else options.processes
    plan = Plan(config, _shared(options), options.adapter_config, processes)
    return run_plan(plan, _say)


def _shared(options: argparse.Namespace) -> tuple[str, ...]:
    given = [("--config", options.config), ("--data", options.data), ("--out", options.out)]
    given += [("--set", one) for one in options.set]
    return tuple(str(part) for name, value in given if value for part in (name, value))


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)  # noqa: T201 - progress of a command
