"""Settings: names, files, refusals."""

from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings


def env(folder: Path, **values: str) -> dict[str, str]:
    return {"ANTEROOM_DATA_DIR": str(folder), **values}


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = load_settings(env(tmp_path)).master_key
    assert load_settings(env(tmp_path)).master_key == first
    assert len(first) >= 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("f" * 40 + "\n")
    settings = load_settings(env(tmp_path, ANTEROOM_SECRET_KEY_FILE=str(tmp_path / "key")))
    assert settings.master_key == b"f" * 40


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("ANTEROOM_SECRET_KEY", "short", "32 characters"),
        ("ANTEROOM_COLOUR", "blue", "not a setting"),
        ("ANTEROOM_WORKERS", "seven", "ANTEROOM_WORKERS"),
        ("ANTEROOM_QUANTIZE", "int3", "ANTEROOM_QUANTIZE"),
        ("ANTEROOM_HOST", "0.0.0.0", "ANTEROOM_PUBLIC_URL"),
        ("ANTEROOM_BACKEND_URL", "http://127.0.0.1:9", "ANTEROOM_BACKEND_TOKEN"),
        ("ANTEROOM_BACKEND_URL", "http://model.example:8100", "https"),
        ("ANTEROOM_BACKEND_URL", "ftp://model.example", "http"),
        ("ANTEROOM_SECRET_KEY_FILE", "/nowhere/key", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load_settings(env(tmp_path, **{name: value}))


def test_an_outside_address_needs_https(tmp_path: Path) -> None:
    values = {"ANTEROOM_HOST": "0.0.0.0", "ANTEROOM_PUBLIC_URL": "https://clinic.example"}
    assert load_settings(env(tmp_path, **values)).host == "0.0.0.0"
