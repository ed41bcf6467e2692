"""Blobs in a folder and in an object store: whole or not at all, sealed, erased, listed."""

import pytest

from app.storage.blobs import BlobMissing, Blobs
from app.storage.sealed import MasterKey, SealBroken


def test_what_was_put_is_got(blobs: Blobs) -> None:
    blobs.put("visits/a/picture.png", b"pixels")
    assert blobs.get("visits/a/picture.png") == b"pixels"
    blobs.put("visits/a/picture.png", b"others")
    assert blobs.get("visits/a/picture.png") == b"others"


def test_nothing_half_written_is_left(blobs: Blobs) -> None:
    for number in range(3):
        blobs.put(f"visits/a/{number}.png", b"x" * 1000)
    with pytest.raises(BlobMissing):
        blobs.get("visits/a/0.png.part")


def test_an_erased_folder_is_gone_and_others_stay(blobs: Blobs) -> None:
    for visit in ("a", "b"):
        blobs.put(f"visits/{visit}/picture.png", visit.encode())
    assert blobs.folders("visits") == ["a", "b"]
    blobs.delete_under("visits/a")
    blobs.delete_under("visits/a")
    with pytest.raises(BlobMissing):
        blobs.get("visits/a/picture.png")
    assert blobs.folders("visits") == ["b"]
    assert blobs.get("visits/b/picture.png") == b"b"


def test_what_another_process_wrote_is_seen_at_once(blobs: Blobs) -> None:
    assert blobs.folders("visits") == []
    other = Blobs(blobs.url)
    other.put("visits/new/picture.png", b"new")
    assert blobs.folders("visits") == ["new"]
    other.delete_under("visits/new")
    assert blobs.folders("visits") == []


def test_a_sealed_blob_opens_under_its_own_name_only(blobs: Blobs, master: MasterKey) -> None:
    vault = master.vault(master.new_wrapped_key("visit"), "visit")
    blobs.put_sealed(vault, "visits/a/one.png", b"pixels")
    assert blobs.get("visits/a/one.png") != b"pixels"
    assert blobs.get_sealed(vault, "visits/a/one.png") == b"pixels"
    blobs.put("visits/a/two.png", blobs.get("visits/a/one.png"))
    with pytest.raises(SealBroken):
        blobs.get_sealed(vault, "visits/a/two.png")
