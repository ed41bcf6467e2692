"""What an adapter is taught: MedPix pictures, a clinic's own folder, or both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.compact_folder import shipped_model
from model.manifest import read_manifest
from model.opening import CODEC_NAMES
from training.adapter_config import TASKS, AdapterConfig, SettingsError
from training.adapter_folder import Source, source_of
from training.adapter_rows import Taught, hold_out, kind_rows, taught_pictures
from training.medpix_pictures import MEDPIX_LICENCE, MedPixPicture, read_medpix, refuse_shared_cases
from training.near_duplicates import prints_of, refuse_near_duplicates
from training.own_folder import OwnFolder, read_own_folder
from training.record_checks import prints_of_records, read_checked
from training.records import TRAIN, VAL

OWN_LICENCE: Final = "the clinic's own; it stays in its house"


@dataclass(frozen=True)
class Lessons:
    """The pictures to teach and the held-out ones of MedPix, and the clinic's own folder."""

    taught: Sequence[Taught] = ()
    held: Sequence[Taught] = ()
    own: OwnFolder | None = None

    def names(self) -> Iterator[str]:
        """The file names of all pictures that are taught."""
        yield from (one.image.name for one in self.taught)
        yield from (one.image.name for one in self.own.of(TRAIN)) if self.own else ()

    def own_held(self) -> list[Taught]:
        """The val pictures of the clinic's folder with what is known of their kind."""
        records = self.own.of(VAL) if self.own else []
        held = [Taught(one.image, one.volume, tuple(kind_rows(one))) for one in records]
        return [one for one in held if one.rows]


def read_lessons(settings: AdapterConfig) -> Lessons:
    """Read and check everything that is to be taught.

    Raises:
        SettingsError: neither folder is named.
        ConfigError: a folder has a mistake, or a case or a picture is taught and measured, under
            whatever names; file and line are named.
    """
    own = read_own_folder(settings.segmentation) if settings.segmentation else None
    base = settings.base or shipped_model()
    # Without a codec of our own the base's tasks are not replayed, and the packs need not be there.
    has_replay = settings.replay_share > 0 and (base / CODEC_NAMES[0]).is_file()
    if settings.replay is not None and has_replay:
        read_checked(settings.replay)
    if settings.medpix is None:
        if own is None:
            raise SettingsError("name what to teach: --medpix, or --segmentation for your own")
        _refuse_doubles(own, [], [])
        return Lessons(own=own)
    pictures = read_medpix(settings.medpix, "train")
    measured: list[MedPixPicture] = []
    for split in ("dev", "test"):
        if (settings.medpix / f"descriptions_{split}.jsonl").is_file():
            measured += read_medpix(settings.medpix, split)
    refuse_shared_cases(pictures, measured)
    if settings.limit:
        pictures = pictures[:: max(len(pictures) // settings.limit, 1)][: settings.limit]
    _refuse_doubles(own, pictures, measured)
    taught, held = hold_out(taught_pictures(pictures), settings.holdout_share, settings.seed)
    return Lessons(taught, held, own)


def _refuse_doubles(
    own: OwnFolder | None, taught: list[MedPixPicture], measured: list[MedPixPicture]
) -> None:
    """One picture under two names must not be taught and measured, in a folder or across both."""
    ours = own.records if own else ()
    shown = prints_of_records([one for one in ours if one.split == TRAIN])
    asked = prints_of_records([one for one in ours if one.split != TRAIN])
    shown += prints_of(taught, has_marks=True)
    asked += prints_of(measured, has_marks=True)
    refuse_near_duplicates(shown, asked)


def sources_of(settings: AdapterConfig, own: OwnFolder | None) -> list[Source]:
    """Every source with its licence and the digest of its lists."""
    sources = []
    if settings.medpix is not None:
        lists: Iterator[Path] = settings.medpix.glob("*_train.jsonl")
        sources.append(source_of("MedPix 2.0", MEDPIX_LICENCE, lists))
    if own is not None:
        sources.append(source_of("own folder", OWN_LICENCE, own.folder.glob("*.json*")))
    if settings.replay is not None and settings.replay_share > 0:
        lists = settings.replay.glob("*/*.jsonl")
        sources.append(source_of("replay of the base's data", "see the base's card", lists))
    return sources


def tasks_of(settings: AdapterConfig, own: OwnFolder | None) -> list[str]:
    """What the adapter is taught, in the words of its manifest."""
    kinds = ("modality", "plane", "region")
    tasks = [
        task
        for task in TASKS
        if (settings.medpix is not None and settings.shares.get(task, 0.0) > 0.0)
        or (own is not None and task in kinds)
    ]
    if own is not None and any(one.mask for one in own.records):
        tasks.append("segment")
    if own is not None and any(one.questions for one in own.records):
        tasks.append("question")
    return tasks


def taught_structures(own: OwnFolder | None, base: Path, *, has_replay: bool) -> tuple[str, ...]:
    """The structures the adapter may be asked for: its own, and the base's where they were
    replayed; none where it was not taught any, so that the base alone answers."""
    if own is None or not own.structures:
        return ()
    manifest = read_manifest(base)
    kept = manifest.structures if has_replay and manifest is not None else ()
    return tuple(dict.fromkeys([*kept, *own.structures]))
