"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of data packs that ANTEROOM_TEST_DATA names; a skip without it."""
    folder = Path(os.environ.get("ANTEROOM_TEST_DATA", "/nowhere"))
    if not folder.is_dir():
        pytest.skip("no data packs here; name their folder in ANTEROOM_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def compact_model() -> Path:
    """The folder of the shipped compact model; a skip when this copy came without it."""
    folder = ROOT / "model" / "compact"
    if not (folder / "config.json").is_file():
        pytest.skip("the compact model is not part of this copy")
    return folder
