"""`training pack`: the data folders as one small file, from which `training compact` can start."""

import argparse
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from model.pixels import from_picture, without_medpix_marks
from training.config import ConfigError

PACKS: Final = ("segmentation", "slake", "vqa-rad", "medpix2")
MARKED: Final = ("vqa-rad", "medpix2")
LISTS: Final = (".jsonl", ".json")
PICTURES: Final = (".png", ".jpg", ".jpeg")
SIDE: Final = 240
"""The longer side of packed pictures: more than any compact model sees."""
QUALITY: Final = 82
MOST_BYTES: Final = 48 * 2**20
UNPACKED: Final = "unpacked"


def pack(data: Path, out: Path) -> int:
    """Write lists as they are, pictures smaller as grey JPEG, masks as PNG; the bytes written.

    Raises:
        ConfigError: there is no segmentation pack, or the file would be too large.
    """
    if not (data / "segmentation" / "manifest.jsonl").is_file():
        raise ConfigError(f"{data}: there is no segmentation/manifest.jsonl in this folder")
    masks = set(_masks(data / "segmentation"))
    fresh = out.with_name(out.name + ".new")
    with tarfile.open(fresh, "w") as archive:
        for path in _files(data):
            content = _packed(path, path.relative_to(data), path.resolve() in masks)
            entry = tarfile.TarInfo(path.relative_to(data).as_posix())
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    size = fresh.stat().st_size
    if size > MOST_BYTES:
        fresh.unlink()
        raise ConfigError(f"{out}: {size / 2**20:.0f} MiB are more than {MOST_BYTES // 2**20}")
    fresh.replace(out)
    return size


def unpack(packed: Path, folder: Path) -> Path:
    """The data folder inside a packed file, laid under `folder` once.

    Raises:
        ConfigError: the file is not there or is none of these.
    """
    done = folder / UNPACKED
    if done.is_file() and done.read_text(encoding="utf-8") == packed.name:
        return folder
    try:
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise ConfigError(f"{packed}: no file of `training pack`: {error}") from error
    done.write_text(packed.name, encoding="utf-8")
    return folder


def _files(data: Path) -> Iterator[Path]:
    for name in PACKS:
        for path in sorted((data / name).rglob("*")):
            if path.suffix.lower() in (*LISTS, *PICTURES) and path.is_file():
                yield path


def _masks(folder: Path) -> Iterator[Path]:
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield (folder / json.loads(line)["mask"]).resolve()


def _packed(path: Path, inside: Path, is_mask: bool) -> bytes:
    if path.suffix.lower() in LISTS:
        return path.read_bytes()
    held = io.BytesIO()
    with PillowImage.open(path) as opened:
        if is_mask:
            mask = PillowImage.fromarray(np.asarray(opened, dtype=np.uint8))
            _smaller(mask, PillowImage.Resampling.NEAREST).save(held, "PNG", optimize=True)
            return held.getvalue()
        whole = from_picture(opened)
    if inside.parts[0] in MARKED:
        whole = without_medpix_marks(whole)
    picture = PillowImage.fromarray(whole).convert("L")
    _smaller(picture, PillowImage.Resampling.BOX).save(held, "JPEG", quality=QUALITY)
    return held.getvalue()


def _smaller(picture: PillowImage.Image, resampling: PillowImage.Resampling) -> PillowImage.Image:
    share = min(1.0, SIDE / max(picture.size))
    width, height = (max(1, round(side * share)) for side in picture.size)
    return picture.resize((width, height), resampling)


def main(arguments: list[str]) -> int:
    """`training pack`: write the packs of --data as one file of at most 48 MiB."""
    parser = argparse.ArgumentParser(prog="training pack", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the packs by name")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    options = parser.parse_args(arguments)
    try:
        size = pack(options.data, options.out)
    except ConfigError as error:
        raise SystemExit(f"training: {error}") from error
    print(f"{options.out}: {size / 2**20:.1f} MiB")  # noqa: T201 - the command's answer
    return 0
