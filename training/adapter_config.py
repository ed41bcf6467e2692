"""The settings of adapter training: a YAML file with overrides; unknown keys are mistakes."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints, overload

from training.config import ConfigError, SettingsFile, read_settings
from training.targets import CHOICES

TASKS: Final = ("modality", "plane", "region", "caption", "condition")
QUANTIZED: Final = ("none", "nf4")
PRECISIONS: Final = ("fp32", "bf16")
FOLDERS: Final = ("base", "medpix", "segmentation", "replay", "out", "cache", "start")


class SettingsError(ConfigError):
    """A setting that is unknown or impossible; the sentence names file and key."""


@dataclass(frozen=True)
class AdapterConfig:
    """Everything `training train` needs; the defaults suit the compact model on two cores."""

    made_for: str = ""
    """The published base that a recipe's settings were planned for."""
    card: str = ""
    """Memory of the card that they were planned for, such as 16GiB; `plan --recipe` reads both."""
    base: Path | None = None
    """A PaliGemma folder; without one the shipped model."""
    medpix: Path | None = None
    segmentation: Path | None = None
    """A clinic's own folder: manifest.jsonl, images, masks, labels.json and qa.jsonl."""
    own_share: float = 0.5
    """How often a picture of that folder comes where MedPix is taught as well."""
    replay: Path | None = None
    """Folder with the packs the base was trained on, so that it does not forget them."""
    start: Path | None = None
    """An adapter folder of the same base to go on from; without one LoRA begins at zero."""
    out: Path | None = None
    """The adapter folder to write; it must not exist yet."""
    cache: Path = Path(".cache/adapter")
    """Checkpoints and log of the run; a second start with the same settings resumes from here."""
    seed: int = 1
    threads: int = 2
    quantize: str = "none"
    targets: str = "language"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    steps: int = 1000
    pictures: int = 8
    """Pictures a step looks at before the gradient is summed."""
    accumulation: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.05
    clip: float = 1.0
    average: float = 0.0
    """Share of a running average of the weights that stays at each step; the average is what is
    judged and written. 0 judges and writes the weights themselves."""
    precision: str = "fp32"
    """Of the arithmetic: bf16 halves the time of a step on processors with AVX512-BF16."""
    checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, a third more time."""
    checkpoint_seconds: float = 300.0
    evaluate_every: int = 200
    patience: int = 0
    """Stop after so many evaluations without gain; 0 never stops early."""
    holdout_share: float = 0.1
    """Share of train cases that choose the best checkpoint and are not taught."""
    replay_share: float = 0.05
    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "modality": 0.5,
            "plane": 1.0,
            "region": 1.0,
            "caption": 0.3,
            "condition": 0.2,
        }
    )
    """How often a picture is asked for each task when its turn comes."""
    balance: float = 0.0
    """Pictures of rare regions and planes come oftener: 0 all alike, 1 every region and plane."""
    limit: int = 0
    """Only so many pictures; 0 takes all."""
    augment: bool = True


Config = TypeVar("Config", bound=AdapterConfig)


@overload
def load_settings(path: Path | None, overrides: Mapping[str, Any]) -> AdapterConfig: ...
@overload
def load_settings(
    path: Path | None, overrides: Mapping[str, Any], kind: type[Config]
) -> Config: ...
def load_settings(
    path: Path | None,
    overrides: Mapping[str, Any],
    kind: type[AdapterConfig] = AdapterConfig,
) -> AdapterConfig:
    """The settings of a YAML file with overrides on top; None in an override means "not given".

    Raises:
        SettingsError: the file is no mapping, a key is unknown or a value impossible.
    """
    told = {key: value for key, value in overrides.items() if value is not None}
    given = read_settings(path).under(told)
    known = {one.name for one in fields(kind)}
    unknown = sorted(set(given.values) - known)
    if unknown:
        said = f"unknown key {unknown[0]}; known: {', '.join(sorted(known))}"
        raise SettingsError(f"{given.place(unknown[0])}: {said}")
    values = given.values.items()
    settings = kind(**{key: _converted(given.place(key), kind, key, one) for key, one in values})
    _check(given, settings)
    return settings


def as_plain(settings: AdapterConfig) -> dict[str, Any]:
    """The settings as YAML can hold them, without the folders of this machine."""
    plain = asdict(settings)
    for name, value in asdict(settings).items():
        if name in FOLDERS or isinstance(value, Path):
            plain.pop(name)
    return {key: dict(value) if isinstance(value, dict) else value for key, value in plain.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that override the YAML file."""
    add = parser.add_argument
    add("--config", type=Path, help="YAML file with settings")
    add("--base", help="PaliGemma folder; default: the shipped model")
    add("--medpix", help="folder of MedPix 2.0 as published")
    add("--segmentation", help="a clinic's own folder: manifest.jsonl, masks, qa.jsonl")
    add("--data", dest="data", help="folder with the packs by name: medpix2, segmentation, slake …")
    add("--go-on-from", dest="start", help="adapter folder of the same base to go on from")
    add("--out", help="adapter folder to write")
    add("--cache", help="folder of checkpoints and log")
    add("--quantize", choices=QUANTIZED)
    add("--targets", choices=CHOICES)
    for name, kind in (("rank", int), ("steps", int), ("pictures", int), ("accumulation", int)):
        add(f"--{name}", type=kind)
    add("--learning-rate", type=float)
    add("--seed", type=int)
    add("--threads", type=int)
    add("--limit", type=int, help="only so many pictures")


def settings_of(options: argparse.Namespace, kind: type[Config]) -> Config:
    """The settings of parsed arguments.

    Raises:
        SettingsError: as load_settings.
    """
    names = {one.name for one in fields(kind)}
    overrides = {name: value for name, value in vars(options).items() if name in names}
    if options.data:
        overrides.setdefault("medpix", None)
        medpix = Path(options.data) / "medpix2"
        if medpix.is_dir() or not options.segmentation:
            overrides["medpix"] = overrides["medpix"] or str(medpix)
        overrides["replay"] = options.data
    return load_settings(options.config, overrides, kind)


def _converted(place: str, config: type[AdapterConfig], key: str, value: Any) -> Any:
    kind = get_type_hints(config)[key]
    try:
        if key == "shares":
            return {str(task): float(share) for task, share in dict(value).items()}
        if "Path" in str(kind):
            return Path(str(value)).expanduser() if value is not None else None
        if kind is bool and not isinstance(value, bool):
            raise TypeError("not true or false")
        return kind(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{place}: {key} is {value!r}: {error}") from error


def _check(given: SettingsFile, settings: AdapterConfig) -> None:
    wrong = {
        "quantize": settings.quantize not in QUANTIZED,
        "targets": settings.targets not in CHOICES,
        "precision": settings.precision not in PRECISIONS,
        "shares": bool(set(settings.shares) - set(TASKS)) or not any(settings.shares.values()),
        "own_share": not 0 <= settings.own_share <= 1,
        "balance": not 0 <= settings.balance <= 1,
        "average": not 0 <= settings.average < 1,
        "holdout_share": not 0 <= settings.holdout_share < 1,
        "replay_share": not 0 <= settings.replay_share < 1,
    }
    wrong |= {name: getattr(settings, name) < 1 for name in ("rank", "steps", "pictures")}
    for key, is_wrong in wrong.items():
        if is_wrong:
            said = f"{key} is {getattr(settings, key)!r}, which cannot be"
            raise SettingsError(f"{given.place(key)}: {said}")
