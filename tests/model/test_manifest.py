import json
from pathlib import Path

import pytest

from model.manifest import changed_files, read_manifest, sha256_of
from model.types import ModelError


def test_a_folder_without_manifest_has_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None


def test_fields_are_read_and_the_folder_is_the_name(tmp_path: Path) -> None:
    fields = {"structures": ["liver"], "image_size": 192, "may_use_category": "yes", "format": 1}
    (tmp_path / "manifest.json").write_text(json.dumps(fields), encoding="utf-8")
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert (manifest.name, manifest.structures, manifest.image_size) == (
        tmp_path.name,
        ("liver",),
        192,
    )
    assert manifest.may_use_category is False  # only a true is a yes


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"files": ["a"]}', '{"structures": "liver"}', '{"image_size": "192"}'],
)
def test_a_broken_manifest_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError):
        read_manifest(tmp_path)


def test_changed_missing_and_outside_files_are_named(tmp_path: Path) -> None:
    for name in ("good.md", "bad.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    good = sha256_of(tmp_path / "good.md")
    files = {"good.md": good, "bad.md": good, "gone.md": good, "../good.md": good}
    assert changed_files(tmp_path, files) == ["../good.md", "bad.md", "gone.md"]
    assert (
        good == "0e5f3e5bd9ef5ac4ff7b2b5fc2e1b4f9d1a6f36eb70ac9a5a7ba53a1a4f0b0f2"
        or len(good) == 64
    )
