"""The settings of one training run: a YAML file, then overrides; unknown keys are refused."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml


class ConfigError(ValueError):
    """Settings, pictures or folders that cannot be used; one sentence says where and why."""


@dataclass(frozen=True)
class SettingsFile:
    """Settings by key, and the line of each that a file holds."""

    name: str = "settings"
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Where a setting stands: `file:line`, or the file where the line is not known."""
        return f"{self.name}:{self.lines[key]}" if key in self.lines else self.name

    def under(self, overrides: Mapping[str, Any]) -> "SettingsFile":
        """These settings with others on top, which have no line."""
        kept = {key: line for key, line in self.lines.items() if key not in overrides}
        return SettingsFile(self.name, {**self.values, **overrides}, kept)


def read_settings(path: Path | None) -> SettingsFile:
    """The mapping of a YAML file; without a file no settings at all.

    Raises:
        ConfigError: the file cannot be read or is no mapping.
    """
    if path is None:
        return SettingsFile()
    try:
        text = path.read_text(encoding="utf-8")
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        loaded = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path}: there is no mapping of settings in this file")
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    return SettingsFile(str(path), {str(key): one for key, one in loaded.items()}, lines)


@dataclass(frozen=True)
class BaseConfig:
    """What the stages tokenizer, codec and base need; sizes are the compact model's."""

    data: Path = Path("data")
    """Folder that holds the packs by name: segmentation/, slake/, vqa-rad/, medpix2/."""
    cache: Path = Path(".cache/training")
    out: Path = Path("model/compact")
    seed: int = 1
    threads: int = 2
    image_size: int = 160
    patch_size: int = 16
    vision_width: int = 192
    vision_layers: int = 8
    text_width: int = 192
    text_layers: int = 5
    heads: int = 3
    copies: int = 6
    """Augmented copies of each segmentation picture in the cache."""
    limit: int = 0
    """Only so many pictures of each pack; 0 takes all (smoke runs, overfitting)."""
    start_from: str = ""
    """An exported folder whose weights the first stage goes on from; empty starts afresh."""
    codec_minutes: float = 8.0
    masked_minutes: float = 0.0
    """Of painting hidden patches of unlabelled train pictures, before the dense stage; 0 leaves
    that stage out."""
    masked_batch: int = 64
    masked_ratio: float = 0.75
    """Share of the patches that is hidden."""
    masked_rate: float = 1.0e-3
    dense_minutes: float = 15.0
    dense_batch: int = 32
    dense_rate: float = 1.5e-3
    joint_minutes: float = 30.0
    joint_batch: int = 16
    rows_per_picture: int = 3
    joint_rate: float = 2.0e-3
    tower_rate_share: float = 0.2
    checkpoint_seconds: float = 240.0
    measure_objects: int = 160
    """Val structures that are asked for at each look at the joint stage."""
    licences: tuple[str, ...] = ()
    """Keep only manifest lines whose licence contains one of these words; empty keeps all."""


def load_config(path: Path | None, overrides: dict[str, str]) -> BaseConfig:
    """The configuration of a YAML file with `key=value` overrides on top.

    Raises:
        ConfigError: the file is no mapping, a key is unknown, or a value has the wrong type.
    """
    read = {key: yaml.safe_load(value) for key, value in overrides.items()}
    given = read_settings(path).under(read)
    known = {one.name for one in fields(BaseConfig)}
    for key in given.values:
        if key not in known:
            said = f"unknown key {key!r}; known: {', '.join(sorted(known))}"
            raise ConfigError(f"{given.place(key)}: {said}")
    values = given.values.items()
    return BaseConfig(**{key: _convert(given.place(key), key, value) for key, value in values})


def _convert(place: str, key: str, value: object) -> Any:
    default = getattr(BaseConfig(), key)
    try:
        if isinstance(default, tuple):
            return tuple(str(one) for one in (value if isinstance(value, list) else [value]))
        if isinstance(default, Path):
            return Path(str(value)).expanduser()
        return type(default)(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{place}: {key} is {value!r}, not {type(default).__name__}") from error


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`, `--data DIR`, `--out DIR` and `--set KEY=VALUE`."""
    parser.add_argument("--config", type=Path, help="YAML file with settings")
    parser.add_argument("--data", help="folder that holds the packs by their names")
    parser.add_argument("--out", help="folder to write to")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting"
    )


def read_config(options: argparse.Namespace) -> BaseConfig:
    """The configuration of parsed arguments; stops the command with a sentence if it is wrong."""
    try:
        overrides = dict(one.split("=", 1) for one in options.set)
        for key in ("data", "out"):
            if getattr(options, key):
                overrides[key] = getattr(options, key)
        return load_config(options.config, overrides)
    except ValueError as error:
        raise SystemExit(f"training: {error}") from error


def as_plain(config: BaseConfig) -> dict[str, Any]:
    """The settings as YAML and JSON can hold them, to be written beside a result."""
    return {
        key: str(value) if isinstance(value, Path) else value
        for key, value in asdict(config).items()
    }
