"""Changes to a training picture that respect anatomy: geometry with its mask, then grey values."""

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from training.masks import IndexMask
from training.negatives import smooth_noise

Grey = NDArray[np.uint8]
"""uint8[H, W]."""
Affine = tuple[float, float, float, float, float, float]
"""PIL's output-to-input map in shares of the side: x = a X + b Y + c, y = d X + e Y + f."""
IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Strength:
    """How far geometry may go; the published recipe's figures are the defaults."""

    degrees: float = 12.0
    least_scale: float = 0.75
    most_scale: float = 1.3
    shift: float = 0.10
    stretch: float = 0.12


def draw_affine(generator: np.random.Generator, strength: Strength, mirrors: bool) -> Affine:
    """A random turn, scale, stretch and shift about the middle; a mirror where it is allowed."""
    turn = math.radians(float(generator.uniform(-strength.degrees, strength.degrees)))
    low, high = math.log(strength.least_scale), math.log(strength.most_scale)
    scale = math.exp(float(generator.uniform(low, high)))
    stretch = math.exp(float(generator.uniform(-strength.stretch, strength.stretch)))
    wide, tall = 1.0 / (scale * stretch), stretch / scale
    if mirrors:
        wide = -wide
    a, b = wide * math.cos(turn), wide * math.sin(turn)
    d, e = -tall * math.sin(turn), tall * math.cos(turn)
    shift_x, shift_y = generator.uniform(-strength.shift, strength.shift, 2)
    return (
        a,
        b,
        0.5 - 0.5 * (a + b) + float(shift_x),
        d,
        e,
        0.5 - 0.5 * (d + e) + float(shift_y),
    )


def warp_picture(picture: PillowImage.Image, affine: Affine, size: int) -> Grey:
    """uint8[size, size]: the picture under the map, made at twice the size and then halved."""
    large = picture.resize((size * 2, size * 2), PillowImage.Resampling.BILINEAR)
    warped = large.transform(large.size, PillowImage.Transform.AFFINE, _pixels(affine, size * 2), 2)
    return np.array(warped.resize((size, size), PillowImage.Resampling.BOX), dtype=np.uint8)


def warp_mask(mask: PillowImage.Image, affine: Affine, size: int) -> IndexMask:
    """uint8[size, size]: the index mask under the same map, nearest pixel."""
    plain = PillowImage.fromarray(np.asarray(mask, dtype=np.uint8))
    large = plain.resize((size, size), PillowImage.Resampling.NEAREST)
    warped = large.transform(large.size, PillowImage.Transform.AFFINE, _pixels(affine, size), 0)
    return np.array(warped, dtype=np.uint8)


def _pixels(affine: Affine, size: int) -> Affine:
    a, b, c, d, e, f = affine
    return (a, b, c * size, d, e, f * size)


def change_greys(grey: Grey, generator: np.random.Generator) -> Grey:
    """Gamma, contrast, brightness, uneven field, blur, noise and JPEG, each at random."""
    values = grey.astype(np.float32) / 255.0
    if generator.random() < 0.8:
        values = values ** float(math.exp(generator.uniform(-0.45, 0.45)))
    if generator.random() < 0.7:
        values = (values - 0.4) * float(generator.uniform(0.7, 1.4)) + 0.4
        values = values + float(generator.uniform(-0.08, 0.08))
    if generator.random() < 0.3:
        field = smooth_noise(generator, values.shape[0], 3)
        values = values * (0.75 + 0.5 * field)
    if generator.random() < 0.4:
        values = values + generator.normal(0, generator.uniform(0.005, 0.05), values.shape)
    changed = np.clip(values * 255.0, 0, 255).astype(np.uint8)
    picture = PillowImage.fromarray(changed)
    if generator.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(float(generator.uniform(0.3, 1.2))))
    if generator.random() < 0.2:
        held = io.BytesIO()
        picture.save(held, "JPEG", quality=int(generator.integers(30, 90)))
        picture = PillowImage.open(held)
    return np.array(picture.convert("L"), dtype=np.uint8)


def mirrored_name(name: str) -> str:
    """The name of the other side; names without a side stay."""
    if name.startswith("left "):
        return "right " + name[5:]
    return "left " + name[6:] if name.startswith("right ") else name
