"""The cache of copies: boxes, cells, partial masks, mirrors and codes of drawn pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from model.mask_codec import CodecNetwork, MaskCodec, crop
from training.cache import IGNORED, CacheRequest, build_copies, open_copies
from training.records import PictureRecord

pytestmark = pytest.mark.torch
NAMES = ["left lung", "right lung"]
LABELS = {1: "left lung", 2: "right lung"}


def record(folder: Path, **changes: Any) -> PictureRecord:
    mask = np.zeros((100, 80), dtype=np.uint8)
    mask[20:60, 8:32] = 2
    mask[20:60, 48:72] = 1
    mask[90:95, :] = 7
    PillowImage.fromarray(mask * 30).save(folder / "a.png")
    PillowImage.fromarray(mask).save(folder / "mask.png")
    fields: dict[str, Any] = {
        "key": "a",
        "pack": "segmentation",
        "image": folder / "a.png",
        "split": "train",
        "volume": "v",
        "modality": "CT",
        "region": "chest",
        "plane": "axial",
        "mask": folder / "mask.png",
    }
    return PictureRecord(**(fields | changes))


def built(folder: Path, one: PictureRecord, copies: int) -> tuple[Any, MaskCodec]:
    codec = MaskCodec(CodecNetwork((2, 2, 2, 2), (2, 2, 2, 2, 2), 3))
    request = CacheRequest([one], NAMES, LABELS, 64, 16, copies, seed=3)
    build_copies(request, codec, folder / "cache", lambda _: None)
    return open_copies(folder / "cache"), codec


def test_the_first_copy_is_the_plain_picture(tmp_path: Path) -> None:
    copies, codec = built(tmp_path, record(tmp_path), copies=1)
    assert copies.images.shape == (1, 64, 64)
    found = {NAMES[int(one["name"])]: one for one in copies.objects}
    assert set(found) == set(NAMES)
    assert found["right lung"]["box"] == pytest.approx([0.2, 0.1, 0.6, 0.4], abs=0.02)
    assert found["left lung"]["box"] == pytest.approx([0.2, 0.6, 0.6, 0.9], abs=0.02)
    assert found["left lung"]["share"] == pytest.approx(0.12, abs=0.01)
    mask = np.zeros((128, 128), dtype=bool)
    mask[26:77, 13:51] = True
    box = tuple(map(float, found["right lung"]["box"]))
    codes = codec.encode(crop(mask, box)[None] > 0.5)  # type: ignore[arg-type]
    assert found["right lung"]["codes"].tolist() == codes[0].tolist()


def test_cells_hold_names_and_unknown_labels_are_ignored(tmp_path: Path) -> None:
    copies, _ = built(tmp_path, record(tmp_path), copies=1)
    cells = copies.cells[0]
    assert cells.shape == (16, 16)
    assert cells[6, 3] == NAMES.index("right lung") + 1
    assert cells[6, 12] == NAMES.index("left lung") + 1
    assert cells[0, 0] == 0
    assert cells[14, 8] == IGNORED


def test_background_of_a_partial_mask_is_unknown(tmp_path: Path) -> None:
    copies, _ = built(tmp_path, record(tmp_path, partial=True), copies=1)
    assert copies.cells[0, 0, 0] == IGNORED
    assert copies.cells[0, 6, 3] != IGNORED


def test_sides_are_kept_where_mirrors_are_not_allowed(tmp_path: Path) -> None:
    copies, _ = built(tmp_path, record(tmp_path), copies=12)
    lefts = {int(one["copy"]): one["box"][1] for one in copies.objects if one["name"] == 0}
    rights = {int(one["copy"]): one["box"][1] for one in copies.objects if one["name"] == 1}
    both = lefts.keys() & rights.keys()
    assert len(both) > 6
    assert all(lefts[copy] > rights[copy] for copy in both)


def test_names_swap_with_the_mirror_so_the_patients_left_stays_right_in_the_picture(
    tmp_path: Path,
) -> None:
    copies, _ = built(tmp_path, record(tmp_path, mirrors=True), copies=12)
    lefts = {int(one["copy"]): one["box"][1] for one in copies.objects if one["name"] == 0}
    rights = {int(one["copy"]): one["box"][1] for one in copies.objects if one["name"] == 1}
    assert all(lefts[copy] > rights[copy] for copy in lefts.keys() & rights.keys())


def test_a_val_picture_has_one_copy(tmp_path: Path) -> None:
    copies, _ = built(tmp_path, record(tmp_path, split="val"), copies=5)
    assert len(copies.images) == 1
    assert copies.first.tolist() == [0, 2]
