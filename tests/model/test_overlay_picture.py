import numpy as np

from model.overlay_picture import draw_overlay
from model.types import Region


def test_regions_are_tinted_and_named_beside_the_picture() -> None:
    image = np.full((512, 512, 3), 100, np.uint8)
    mask = np.zeros((512, 512), bool)
    mask[100:200, 100:200] = True
    drawn = draw_overlay(image, [Region("liver", (0.2, 0.2, 0.4, 0.4), mask)])
    assert drawn.shape[0] == 512
    assert drawn.shape[1] > 512
    assert drawn[300, 300].tolist() == [100, 100, 100]
    assert len(set(drawn[150, 150].tolist())) == 3  # tinted inside
    assert drawn[100, 150].tolist() != drawn[150, 150].tolist()  # a brighter border
    assert (drawn[:, 520:] > 200).any()  # the name


def test_a_small_picture_without_regions_is_only_enlarged() -> None:
    drawn = draw_overlay(np.full((64, 128, 3), 7, np.uint8), [])
    assert drawn.shape == (256, 512, 3)
    assert (drawn == 7).all()
