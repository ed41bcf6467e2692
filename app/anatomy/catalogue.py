"""The anatomy catalogue: every structure with its words, its one colour and where it appears."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from app.anatomy.reading import DataError, Mistake, Reader
from model.vocabulary import MODALITIES, PLANES, REGIONS

FOLDER: Final = Path(__file__).with_name("catalogue")
SOURCE_LANGUAGE: Final = "en"
MIN_RELIABLE_VOLUMES: Final = 3
MAX_FOR_PICTURE: Final = 16
PATTERNS: Final = (
    "dots",
    "rings",
    "stripes",
    "backstripes",
    "lines",
    "bars",
    "grid",
    "crosshatch",
    "zigzag",
    "waves",
    "dashes",
    "bricks",
)
OPPOSITE: Final = {"left": "right", "right": "left"}

_WORDS: Final = frozenset({"name", "does", "looks"})
_DRAWING: Final = frozenset({"colour", "pattern", "rank", "regions", "modalities", "planes"})
_TRUST: Final = frozenset({"reliable", "train_volumes"})
_OPTIONAL: Final = frozenset({"typical_share", "snomed"})


@dataclass(frozen=True)
class StructureText:
    """What a patient reads about a structure in one language; each sentence ends in a stop."""

    name: str
    does: str
    looks: str


@dataclass(frozen=True)
class Structure:
    """One part of the body; `typical_share` is its median share of a training picture."""

    key: str
    group: str
    colour: str
    pattern: str
    rank: int
    regions: tuple[str, ...]
    modalities: tuple[str, ...]
    planes: tuple[str, ...]
    reliable: bool
    train_volumes: int
    typical_share: float
    snomed: str | None
    texts: Mapping[str, StructureText]

    def text(self, language: str) -> StructureText:
        """The words in a language; English where that language has none yet."""
        return self.texts.get(language, self.texts[SOURCE_LANGUAGE])

    @property
    def side(self) -> str | None:
        """The patient's side ("left", "right"), or None for what has no pair."""
        first = self.key.split(" ", 1)[0]
        return first if first in OPPOSITE else None

    @property
    def pair_key(self) -> str | None:
        """The key of the same part on the other side; it need not be in the catalogue."""
        first, _, rest = self.key.partition(" ")
        return f"{OPPOSITE[first]} {rest}" if first in OPPOSITE else None


@dataclass(frozen=True)
class Catalogue:
    """All structures; `version` is a digest of the files they were read from."""

    version: str
    structures: Mapping[str, Structure]

    def structure(self, key: str) -> Structure:
        """The structure with this key; KeyError when there is none."""
        return self.structures[key]

    def for_picture(self, region: str, modality: str, plane: str) -> tuple[Structure, ...]:
        """What to look for in such a picture, best known and biggest first, at most 16.

        Structures that are not yet reliable are left out. A plane nobody trained ("other") does
        not narrow; a half of a pair is left out rather than offered without its other half.
        """
        fitting = [
            one
            for one in self.structures.values()
            if one.reliable
            and region in (*one.regions, "whole body")
            and modality in one.modalities
            and (plane == "other" or plane in one.planes)
        ]
        fitting.sort(key=lambda one: (one.rank, -self._pair_share(one), one.pair_key or one.key))
        return tuple(_whole_pairs(fitting))

    def _pair_share(self, one: Structure) -> float:
        other = self.structures.get(one.pair_key or "")
        return max(one.typical_share, other.typical_share if other else 0.0)


def load(folder: Path = FOLDER) -> Catalogue:
    """The catalogue read from a folder: `*.yaml` in English, `LL/*.yaml` translations.

    Raises:
        DataError: with every mistake in all files, each with file and line.
    """
    mistakes: list[Mistake] = []
    digest = hashlib.sha256()
    structures: dict[str, Structure] = {}
    for path in sorted(folder.glob("*.yaml")):
        digest.update(path.read_bytes())
        _read_source(Reader(path.name, mistakes), path, structures)
    for path in sorted(folder.glob("*/*.yaml")):
        digest.update(path.read_bytes())
        _read_translation(Reader(f"{path.parent.name}/{path.name}", mistakes), path, structures)
    if not structures and not mistakes:
        mistakes.append(Mistake(str(folder.name), 1, "holds no structure"))
    if mistakes:
        raise DataError(mistakes)
    return Catalogue(version=digest.hexdigest()[:12], structures=structures)


def _whole_pairs(fitting: list[Structure]) -> list[Structure]:
    keys = {one.key for one in fitting}
    chosen: list[Structure] = []
    for one in fitting:
        starts_pair = one.pair_key in keys and one.pair_key not in {c.key for c in chosen}
        room = MAX_FOR_PICTURE - len(chosen)
        if room >= (2 if starts_pair else 1):
            chosen.append(one)
    return chosen


def _read_source(reader: Reader, path: Path, structures: dict[str, Structure]) -> None:
    root = reader.root(path)
    if root is None:
        return
    top = reader.fields(root, frozenset({"group", "language", "structures"}))
    reader.one_of(top.get("language"), (SOURCE_LANGUAGE,))
    group = reader.text(top.get("group"))
    if "structures" not in top:
        return
    for key, node, line in reader.items(top["structures"]):
        if key in structures:
            reader.mistakes.append(Mistake(reader.file, line, f"{key!r} is in two files"))
        structures[key] = _structure(reader, key, group, node)


def _structure(reader: Reader, key: str, group: str, node: yaml.Node) -> Structure:
    found = reader.fields(node, _WORDS | _DRAWING | _TRUST, _OPTIONAL)
    volumes = int(reader.number(found.get("train_volumes"), 0, 1_000_000))
    reliable = reader.one_of(found.get("reliable"), ("yes", "not yet")) == "yes"
    if reliable != (volumes >= MIN_RELIABLE_VOLUMES):
        reader.at(node, f"reliable must follow train_volumes ({MIN_RELIABLE_VOLUMES} or more: yes)")
    return Structure(
        key=key,
        group=group,
        colour=_colour(reader, found.get("colour")),
        pattern=reader.one_of(found.get("pattern"), PATTERNS),
        rank=int(reader.number(found.get("rank"), 1, 3)),
        regions=reader.many_of(found.get("regions"), REGIONS),
        modalities=reader.many_of(found.get("modalities"), MODALITIES),
        planes=reader.many_of(found.get("planes"), PLANES),
        reliable=reliable,
        train_volumes=volumes,
        typical_share=reader.number(found.get("typical_share"), 0, 1),
        snomed=_snomed(reader, found.get("snomed")),
        texts={SOURCE_LANGUAGE: _words(reader, found)},
    )


def _read_translation(reader: Reader, path: Path, structures: dict[str, Structure]) -> None:
    root = reader.root(path)
    if root is None:
        return
    top = reader.fields(root, frozenset({"language", "reviewed", "structures"}))
    language = reader.text(top.get("language"))
    if language != path.parent.name:
        reader.at(top.get("language"), f"language must be {path.parent.name!r}, as its folder")
    reader.one_of(top.get("reviewed"), ("no", "yes"))
    if "structures" not in top:
        return
    for key, node, line in reader.items(top["structures"]):
        words = _words(reader, reader.fields(node, _WORDS))
        if key not in structures:
            reader.mistakes.append(Mistake(reader.file, line, f"{key!r} is no structure"))
            continue
        texts = {**structures[key].texts, language: words}
        structures[key] = replace(structures[key], texts=texts)


def _words(reader: Reader, found: dict[str, yaml.Node]) -> StructureText:
    for field in ("does", "looks"):
        if field in found and not reader.text(found[field]).endswith((".", "。", "؟")):
            reader.at(found[field], f"{field!r} must be a sentence that ends in a full stop")
    return StructureText(*(reader.text(found.get(field)) for field in ("name", "does", "looks")))


def _colour(reader: Reader, node: yaml.Node | None) -> str:
    value = reader.text(node) if node is not None else "#000000"
    digits = value[1:]
    if len(value) == 7 and value[0] == "#" and all(d in "0123456789ABCDEF" for d in digits):
        return value
    reader.at(node, f"{value!r} is no colour like #1A2B3C in capitals")
    return "#000000"


def _snomed(reader: Reader, node: yaml.Node | None) -> str | None:
    if node is None:
        return None
    value = reader.text(node)
    if not value.isdigit():
        reader.at(node, "a SNOMED CT code is digits only")
    return value
