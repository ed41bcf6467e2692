"""A picture that is taught and measured under two names is found, whatever was done to it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from training.config import ConfigError
from training.near_duplicates import near_duplicates, print_of, refuse_near_duplicates


def textured(folder: Path, name: str, seed: int) -> Path:
    """A picture of soft blobs, another one for each seed."""
    small = np.random.default_rng(seed).integers(0, 255, (9, 9), dtype=np.uint8)
    path = folder / f"{name}.png"
    PillowImage.fromarray(small).resize((180, 160), PillowImage.Resampling.BICUBIC).save(path)
    return path


def saved_again(path: Path, change: str) -> Path:
    other = path.with_name(f"{change}.jpg")
    with PillowImage.open(path) as opened:
        changes = {
            "smaller": lambda: opened.resize((120, 106), PillowImage.Resampling.LANCZOS),
            "coarser": lambda: opened,
            "brighter": lambda: opened.point(lambda value: min(255, value * 0.8 + 30)),
        }
        changes[change]().save(other, quality=70)
    return other


@pytest.mark.parametrize("change", ["smaller", "coarser", "brighter"])
def test_a_picture_saved_again_is_found(tmp_path: Path, change: str) -> None:
    one = textured(tmp_path, "one", 1)
    other = saved_again(one, change)
    found = near_duplicates([print_of(one)], [print_of(other)])
    assert [(pair[0].path, pair[1].path) for pair in found] == [(one, other)]


def test_other_pictures_are_let_be(tmp_path: Path) -> None:
    prints = [print_of(textured(tmp_path, str(seed), seed)) for seed in range(12)]
    assert near_duplicates(prints[:6], prints[6:]) == []


def test_two_even_pictures_are_not_called_the_same(tmp_path: Path) -> None:
    paths = [tmp_path / "dark.png", tmp_path / "bright.png"]
    for path, grey in zip(paths, (20, 220), strict=True):
        PillowImage.new("L", (64, 64), grey).save(path)
    assert near_duplicates([print_of(paths[0])], [print_of(paths[1])]) == []


def test_the_refusal_names_both_files(tmp_path: Path) -> None:
    one = textured(tmp_path, "one", 3)
    other = saved_again(one, "coarser")
    with pytest.raises(ConfigError, match=r"coarser\.jpg shows the same picture as .*one\.png"):
        refuse_near_duplicates([print_of(one)], [print_of(other)])
