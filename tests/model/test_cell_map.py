"""Structures drawn from a cell map: views over each other, edges, agreement, the head's file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.agreement import VIEWS, find_in_views
from model.backend import MapsCells
from model.batching import BatchingBackend
from model.cell_map import BlendedMap
from model.manifest import Manifest
from model.opening import Engine
from model.scripted import ScriptedBackend
from model.types import BackendUnavailable, CellMap, Image
from tests.model.tiny import make_tiny

WHOLE = (0.0, 0.0, 1.0, 1.0)
NAMES = ("liver", "spleen")
SIDE = 40
PICTURE = 200


def cells(liver: NDArray[Any]) -> CellMap:
    """A map in which the liver has these chances and the spleen a thousandth everywhere."""
    spleen = np.full_like(liver, 0.001)
    chances = np.stack([1.0 - liver - spleen, liver, spleen]).astype(np.float32)
    return CellMap(NAMES, np.log(np.maximum(chances, 1e-6)))


def block(top: float, left: float, bottom: float, right: float, chance: float = 0.9) -> Any:
    """float[40, 40]: this chance within a box in [0, 1], a hundredth around it."""
    middles = (np.arange(SIDE) + 0.5) / SIDE
    rows = (middles >= top) & (middles <= bottom)
    columns = (middles >= left) & (middles <= right)
    return np.where(rows[:, None] & columns[None], chance, 0.01)


class Painter(ScriptedBackend):
    """Sees the brightness of a picture as the liver; asked for tokens it writes nothing."""

    def __init__(self) -> None:
        super().__init__({".*": ""})
        self.mapped: list[str] = []

    def mapped_names(self) -> tuple[str, ...]:
        return NAMES

    def map_cells(
        self, images: Sequence[Image], image_digests: Sequence[str], adapter: str | None = None
    ) -> list[CellMap]:
        self.mapped.extend(image_digests)
        return [] if adapter is not None else [self._map(image) for image in images]

    def _map(self, image: Image) -> CellMap:
        height, width = image.shape[:2]
        rows = ((np.arange(SIDE) + 0.5) / SIDE * height).astype(int)
        columns = ((np.arange(SIDE) + 0.5) / SIDE * width).astype(int)
        return cells(np.where(image[rows][:, columns, 0] > 100, 0.9, 0.01))


class NoCodec:
    def decode(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        raise AssertionError("no mask token was written")


def picture(top: int, left: int, bottom: int, right: int) -> Image:
    drawn = np.zeros((PICTURE, PICTURE, 3), dtype=np.uint8)
    drawn[top:bottom, left:right] = 200
    return drawn


def test_a_structure_is_drawn_where_its_cells_are() -> None:
    drawn = BlendedMap([cells(block(0.25, 0.5, 0.5, 0.75))], [WHOLE]).draw("liver", 200, 400)
    assert drawn is not None
    rows, columns = np.flatnonzero(drawn.mask.any(1)), np.flatnonzero(drawn.mask.any(0))
    assert (rows[0], rows[-1] + 1) == pytest.approx((50, 100), abs=2)
    assert (columns[0], columns[-1] + 1) == pytest.approx((200, 300), abs=4)
    assert drawn.agreement > 0.99


def test_what_no_cell_shows_is_not_there() -> None:
    blended = BlendedMap([cells(block(0.25, 0.5, 0.5, 0.75, chance=0.08))], [WHOLE])
    assert blended.draw("liver", 50, 50) is None
    assert blended.draw("spleen", 50, 50) is None


def test_a_faint_small_structure_ends_where_its_chance_halves() -> None:
    faint = block(0.5, 0.5, 0.55, 0.55, chance=0.4)
    drawn = BlendedMap([cells(faint)], [WHOLE]).draw("liver", 200, 200)
    assert drawn is not None
    assert 0.3 * 0.0025 < drawn.mask.mean() < 3 * 0.0025


def test_views_that_see_it_in_other_places_do_not_agree() -> None:
    here, there = cells(block(0.1, 0.1, 0.4, 0.4)), cells(block(0.3, 0.3, 0.6, 0.6))
    apart = BlendedMap([here, there], [WHOLE, WHOLE]).draw("liver", 100, 100)
    together = BlendedMap([here, here], [WHOLE, WHOLE]).draw("liver", 100, 100)
    assert together is not None
    assert together.agreement > 0.99
    assert apart is None or apart.agreement < 0.5


def test_what_one_view_alone_shows_is_fleeting() -> None:
    once, never = cells(block(0.1, 0.1, 0.4, 0.4)), cells(np.full((SIDE, SIDE), 0.0001))
    blended = BlendedMap([never, once, never, never, never], [WHOLE] * 5)
    assert blended.draw("liver", 50, 50) is None
    assert blended.is_fleeting("liver")
    assert not blended.is_fleeting("spleen")


def test_five_views_of_a_moved_crop_find_one_place() -> None:
    painter = Painter()
    found = find_in_views(painter, picture(60, 80, 120, 160), "d", ["liver", "spleen"], NoCodec())
    ((region, agreement),) = found.regions
    assert region.label == "liver"
    assert region.box == pytest.approx((0.3, 0.4, 0.6, 0.8), abs=0.02)
    assert agreement > 0.85
    assert found.fleeting == ()
    assert painter.mapped == ["d", *(f"d-{number}" for number in range(1, len(VIEWS)))]
    assert painter.requests == []


def test_a_name_that_the_head_was_not_taught_is_asked_in_tokens() -> None:
    painter = Painter()
    find_in_views(painter, picture(60, 80, 120, 160), "", ["liver", "heart"], NoCodec())
    assert {request.prefix for request in painter.requests} == {"segment heart\n"}


def test_where_an_adapter_answers_its_tokens_draw() -> None:
    painter = Painter()
    image = picture(60, 80, 120, 160)
    assert find_in_views(painter, image, "", ["liver"], NoCodec(), adapter="clinic").regions == ()
    assert {request.prefix for request in painter.requests} == {"segment liver\n"}


def test_structures_of_the_head_need_not_be_listed_unless_an_adapter_was_taught_others() -> None:
    base, own = Manifest("base", structures=("liver",)), Manifest("own", structures=("heart",))
    assert Engine(Painter(), NoCodec(), base).mapped_names() == frozenset(NAMES)
    assert Engine(Painter(), NoCodec(), base, lambda: own).mapped_names() == frozenset()
    assert Engine(ScriptedBackend({}), NoCodec(), base).mapped_names() == frozenset()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base with an untrained cell head for two names."""
    import torch

    from model.cell_head import FILE_NAME, CellHead, save_cell_head

    made = make_tiny(tmp_path_factory.mktemp("tiny") / "base")
    torch.manual_seed(0)
    save_cell_head(CellHead(64, 2), NAMES, made / FILE_NAME)
    return made


def test_a_folder_with_a_head_maps_cells_and_one_without_does_not(folder: Path) -> None:
    from model.local import open_local

    backend = BatchingBackend(open_local(folder, device="cpu"))
    try:
        assert isinstance(backend, MapsCells)
        assert backend.mapped_names() == NAMES
        (found,) = backend.map_cells([picture(60, 80, 120, 160)], ["digest"])
        assert found.scores.shape == (3, 16, 16)
        assert np.exp(found.scores).sum(0) == pytest.approx(1.0, abs=1e-4)
        (again,) = backend.map_cells([picture(0, 0, 1, 1)], ["digest"])  # seen already
        assert (again.scores == found.scores).all()
    finally:
        backend.close()


def test_cells_lie_in_the_picture_as_they_lie_in_their_patches() -> None:
    import torch

    from model.cell_head import _as_grid

    patches = torch.arange(4 * 16).view(4, 16, 1)
    grid = _as_grid(patches)[0]
    assert grid.shape == (8, 8)
    assert grid[0, :5].tolist() == [0, 1, 2, 3, 16]
    assert grid[4, 0] == 32
    assert grid[1, 0] == 4


@pytest.mark.parametrize("content", [b"no file of numpy", b"PK\x03\x04 cut off", b""])
def test_a_head_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    from model.cell_head import FILE_NAME, load_cell_head

    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(BackendUnavailable, match=r"cell_head\.npz of the model folder"):
        load_cell_head(tmp_path, 64, "cpu")


def test_a_head_of_other_features_is_refused(folder: Path) -> None:
    from model.cell_head import load_cell_head

    with pytest.raises(BackendUnavailable, match="belongs to another model"):
        load_cell_head(folder, 32, "cpu")


def test_a_speck_far_from_a_structure_is_left_out_and_a_second_part_is_not() -> None:
    whole = block(0.1, 0.1, 0.5, 0.5)
    speck = np.maximum(whole, block(0.8, 0.8, 0.86, 0.86))
    part = np.maximum(whole, block(0.7, 0.7, 0.95, 0.95))
    for chances, share in ((whole, 0.16), (speck, 0.16), (part, 0.16 + 0.0625)):
        drawn = BlendedMap([cells(chances)], [WHOLE]).draw("liver", 160, 160)
        assert drawn is not None
        assert drawn.mask.mean() == pytest.approx(share, rel=0.1)
