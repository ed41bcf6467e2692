"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONG = ("tests/browser/", "tests/model/test_serve", "tests/app/report/", "tests/training/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes go first: with two processes none is left alone with them."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


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
