"""Backup and restore: one folder with the database, the blobs and a list of digests.

The master key is not part of it: a stolen backup opens nothing. Keep the key apart, and safe.
"""

import hashlib
import json
import shutil
from pathlib import Path

from app.deps import House, open_house
from app.settings import Settings, SettingsError
from app.storage import audit, visits
from app.storage.database import copy_to
from app.storage.sealed import SealBroken

LIST_NAME = "backup.json"
FORMAT = 1


class BackupError(SettingsError):
    """A backup that cannot be made or used; the message says what to do."""


def make_backup(house: House, target: Path) -> int:
    """Copy database and blobs into a new folder; gives the number of files."""
    if target.exists():
        raise BackupError(f"{target} exists already; name a new folder")
    if not house.blobs.url.startswith("file://"):
        raise BackupError("pictures outside a folder are copied with the store's own tools")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        copy_to(house.engine, part / "anteroom.db")
    except ValueError as error:
        raise BackupError(str(error)) from None
    source = Path(house.blobs.url.removeprefix("file://"))
    if source.exists():
        shutil.copytree(source, part / "blobs", ignore=shutil.ignore_patterns("*.part"))
    digests = {name: _digest(part / name) for name in _names(part)}
    listed = {"format": FORMAT, "files": digests}
    (part / LIST_NAME).write_text(json.dumps(listed, indent=1), encoding="utf-8")
    part.rename(target)
    with house.sessions() as session, session.begin():
        audit.record(session, "console", "backup.make", "backup")
    return len(digests)


def restore_backup(settings: Settings, source: Path) -> int:
    """Fill an empty data folder from a backup, after every digest was checked."""
    files = _checked_list(source)
    if (settings.data_dir / "anteroom.db").exists():
        raise BackupError(f"{settings.data_dir} holds data already; name an empty folder")
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in files:
        path = settings.data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, path)
    try:
        _open_one_visit(open_house(settings))
    except SealBroken:
        for name in files:
            (settings.data_dir / name).unlink()
        raise BackupError("the master key is another than the one of this backup") from None
    return len(files)


def _checked_list(source: Path) -> dict[str, str]:
    try:
        listed = json.loads((source / LIST_NAME).read_text(encoding="utf-8"))
        files: dict[str, str] = listed["files"]
    except (OSError, ValueError, KeyError):
        raise BackupError(f"{source} is no whole backup: {LIST_NAME} is missing") from None
    if listed["format"] != FORMAT:
        raise BackupError(f"this backup has format {listed['format']}; this program reads {FORMAT}")
    for name, digest in files.items():
        path = source / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BackupError(f"the backup names a file outside itself: {name}")
        if not path.is_file() or _digest(path) != digest:
            raise BackupError(f"{name} in the backup is missing or changed")
    return files


def _open_one_visit(house: House) -> None:
    with house.sessions() as session:
        for visit_id in visits.all_ids(session)[:1]:
            visits.opened(session, house.master, visit_id)


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
