import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.analysis.pieces import piece_shares
from app.analysis.plausibility import SMALLEST_PIXELS, judge
from model.types import Mask, Region
from model.vocabulary import PLANE_FROM_SEGMENTATION, REGION_FROM_SEGMENTATION

SIZE = 256


def disc(x: float, y: float, radius: float) -> Mask:
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    return np.asarray((rows - y * SIZE) ** 2 + (columns - x * SIZE) ** 2 <= (radius * SIZE) ** 2)


def region(label: str, mask: Mask | None) -> Region:
    return Region(label, (0.0, 0.0, 1.0, 1.0), mask)


RIGHT_LUNG = region("right lung", disc(0.28, 0.45, 0.2))
LEFT_LUNG = region("left lung", disc(0.73, 0.45, 0.2))


def reasons(*regions: Region, part: str = "chest", plane: str = "frontal") -> list[str | None]:
    return [one.reason for one in judge(regions, part, plane)]


def test_two_lungs_in_their_places_are_shown() -> None:
    judged = judge([RIGHT_LUNG, LEFT_LUNG], "chest", "frontal")
    assert [(one.shown, one.reason) for one in judged] == [(True, None), (True, None)]
    assert judged[0].region is RIGHT_LUNG


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (region("right lung", None), "no_mask"),
        (region("unicorn horn", disc(0.3, 0.4, 0.2)), "unknown_structure"),
        (region("pancreas", disc(0.5, 0.5, 0.05)), "not_reliable"),
        (region("left cerebellum", disc(0.6, 0.7, 0.1)), "wrong_part"),
        (region("right lung", np.zeros((SIZE, SIZE), dtype=bool)), "too_small"),
        (region("right lung", disc(0.28, 0.45, 0.03)), "too_small"),
        (region("heart and mediastinum", disc(0.55, 0.55, 0.45)), "too_large"),
        (region("right lung", disc(0.73, 0.45, 0.2)), "out_of_place"),
    ],
)
def test_a_region_that_does_not_fit_its_name_is_not_shown(one: Region, reason: str) -> None:
    assert reasons(one) == [reason]


def test_a_mask_that_is_its_box_is_not_shown() -> None:
    block = np.zeros((SIZE, SIZE), dtype=bool)
    block[60:170, 40:110] = True
    assert reasons(region("right lung", block)) == ["fills_its_box"]


def test_a_mask_in_many_pieces_is_not_shown() -> None:
    shards = np.zeros((SIZE, SIZE), dtype=bool)
    for at in range(6):
        shards |= disc(0.22 + 0.14 * (at % 2), 0.25 + 0.2 * (at // 2), 0.06)
    assert reasons(region("right lung", shards)) == ["fragments"]


def test_one_name_twice_is_not_shown() -> None:
    assert reasons(RIGHT_LUNG, RIGHT_LUNG) == ["doubled", "doubled"]


def test_two_names_on_one_place_are_not_shown() -> None:
    middle = disc(0.55, 0.55, 0.17)
    found = reasons(region("heart and mediastinum", middle), LEFT_LUNG, RIGHT_LUNG)
    assert found == [None, None, None]
    small = region("airways", disc(0.5, 0.4, 0.08))
    big = region("heart and mediastinum", disc(0.5, 0.5, 0.2))
    assert reasons(small, big) == ["overlap", "overlap"]


@pytest.mark.parametrize("plane", ["axial", "coronal"])
def test_swapped_sides_are_not_shown(plane: str) -> None:
    for place, reason in ((0.03, None), (-0.03, "sides_swapped")):
        left = region("left lateral ventricle", disc(0.5 + place, 0.45, 0.025))
        right = region("right lateral ventricle", disc(0.5 - place, 0.45, 0.025))
        assert reasons(left, right, part="head", plane=plane) == [reason, reason]
        assert reasons(right, part="head", plane=plane) == [None]


def test_a_side_view_shows_one_of_two_sides() -> None:
    large = region("left lung", disc(0.6, 0.4, 0.2))
    small = region("right lung", disc(0.4, 0.4, 0.15))
    judged = reasons(large, small, plane="sagittal")
    assert judged[1] == "other_side"


def test_pieces_are_counted_with_touching_corners() -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[0:10, 0:10] = mask[10:20, 10:20] = True  # touch at a corner: one piece
    mask[30:40, 0:10] = True
    assert piece_shares(mask) == pytest.approx([2 / 3, 1 / 3])
    assert piece_shares(np.zeros((4, 4), dtype=bool)) == []


def test_a_ring_is_one_piece() -> None:
    assert piece_shares(disc(0.5, 0.5, 0.3) & ~disc(0.5, 0.5, 0.2)) == [1.0]


def test_true_masks_pass_and_mirrored_ones_do_not(data_folder: Path) -> None:
    """On the val split, whose masks took no part in the measures."""
    folder = data_folder / "segmentation"
    details = json.loads((folder / "labels_detail.json").read_text())
    names = {int(i): one["name"] for i, one in details.items() if one["kind"] == "anatomy"}
    true: Counter[bool] = Counter()
    mirrored: Counter[bool] = Counter()
    with (folder / "manifest.jsonl").open() as lines:
        rows = [row for row in map(json.loads, lines) if row["split"] == "val"]
    for row in rows[::3]:
        labels = np.asarray(Image.open(folder / row["mask"]))
        plane = PLANE_FROM_SEGMENTATION.get(row["plane"], "axial")
        part = REGION_FROM_SEGMENTATION[row["body_region"]]
        for picture, count in ((labels, true), (labels[:, ::-1], mirrored)):
            found = [
                region(names[i], picture == i)
                for i in np.unique(labels).tolist()
                if i in names and (picture == i).sum() >= SMALLEST_PIXELS
            ]
            for one in judge(found, part, plane):
                if one.reason == "not_reliable" or (count is mirrored and plane == "sagittal"):
                    continue
                if count is true or one.region.label.startswith(("left ", "right ")):
                    count[one.shown] += 1
    assert true[True] / true.total() > 0.97
    assert mirrored[False] / mirrored.total() > 0.9
