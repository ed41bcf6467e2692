"""Backup and restore on a real folder."""

from pathlib import Path

import pytest

from app.backup import BackupError, make_backup, restore_backup
from app.deps import House
from app.settings import load_settings
from app.storage import scans, visits
from tests.builders import open_test_house, stored_scan

KEY = "k" * 40


@pytest.fixture
def house(tmp_path: Path) -> House:
    return open_test_house(tmp_path / "data", secret_key=KEY)


def one_scan(house: House) -> str:
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
    return stored_scan(house, opened).scan_id


def test_a_restored_backup_opens_the_same_picture(house: House, tmp_path: Path) -> None:
    scan_id = one_scan(house)
    assert make_backup(house, tmp_path / "copy") == 2
    fresh = load_settings({"ANTEROOM_DATA_DIR": str(tmp_path / "new"), "ANTEROOM_SECRET_KEY": KEY})
    assert restore_backup(fresh, tmp_path / "copy") == 2
    restored = open_test_house(tmp_path / "new", secret_key=KEY)
    with restored.sessions() as session:
        scan = session.get(scans.Scan, scan_id)
        assert scan is not None
        opened = visits.opened(session, restored.master, scan.visit_id)
        assert opened is not None
        assert scans.picture_of(restored.blobs, opened, scan).startswith(b"\x89PNG")


def test_a_changed_file_is_refused(house: House, tmp_path: Path) -> None:
    one_scan(house)
    make_backup(house, tmp_path / "copy")
    (tmp_path / "copy" / "anteroom.db").write_bytes(b"cut")
    fresh = load_settings({"ANTEROOM_DATA_DIR": str(tmp_path / "new"), "ANTEROOM_SECRET_KEY": KEY})
    with pytest.raises(BackupError, match=r"anteroom\.db"):
        restore_backup(fresh, tmp_path / "copy")
    assert not (tmp_path / "new" / "anteroom.db").exists()


def test_another_master_key_is_refused_and_leaves_nothing(house: House, tmp_path: Path) -> None:
    one_scan(house)
    make_backup(house, tmp_path / "copy")
    other = {"ANTEROOM_DATA_DIR": str(tmp_path / "new"), "ANTEROOM_SECRET_KEY": "o" * 40}
    with pytest.raises(BackupError, match="master key"):
        restore_backup(load_settings(other), tmp_path / "copy")
    assert not (tmp_path / "new" / "anteroom.db").exists()


def test_a_folder_with_data_is_not_overwritten(house: House, tmp_path: Path) -> None:
    one_scan(house)
    make_backup(house, tmp_path / "copy")
    with pytest.raises(BackupError, match="holds data"):
        restore_backup(house.settings, tmp_path / "copy")


def test_the_backup_does_not_hold_the_key(tmp_path: Path) -> None:
    house = open_test_house(tmp_path / "data")
    one_scan(house)
    make_backup(house, tmp_path / "copy")
    assert not [p for p in (tmp_path / "copy").rglob("*") if "key" in p.name]
