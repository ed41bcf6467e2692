"""Drawn pictures of machines that make no CT, MR or X-ray of a person: ultrasound, bag scanners.

Used to fit the scan-or-not facts, as training.drawn_scenes is.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFilter

from training.negatives import smooth_noise

_Field = NDArray[np.floating]
_SIZE: Final = 256


def draw_ultrasound(generator: np.random.Generator) -> _Field:
    """float[H, W]: speckle in layers, as a fan or a block, often with the marks of the machine."""
    field = _tissue(generator) * _shadows(generator)
    shape = generator.random()
    if shape < 0.45:
        field = field * _fan(generator)
    elif shape < 0.7:
        left, right = (int(_SIZE * generator.uniform(0, 0.2)) for _ in range(2))
        top, foot = (int(_SIZE * generator.uniform(0, 0.15)) for _ in range(2))
        block = np.zeros_like(field)
        block[top : _SIZE - foot, left : _SIZE - right] = 1
        field = field * block
    field = field / (np.percentile(field[field > 0], 97) + 1e-6) * generator.uniform(110, 240)
    picture = PillowImage.fromarray(np.clip(field, 0, 255).astype(np.uint8))
    if generator.random() < 0.5:
        _mark(generator, ImageDraw.Draw(picture))
    if generator.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(float(generator.uniform(0.4, 1.2))))
    return np.asarray(picture, dtype=np.float32)


def _tissue(generator: np.random.Generator) -> _Field:
    """Speckle, wider than high, over layers, round dark hollows and bright lines."""
    wide, high = generator.uniform(1, 4), generator.uniform(0.6, 1.6)
    coarse = (max(8, int(_SIZE / wide)), max(8, int(_SIZE / high)))
    grain = generator.rayleigh(1.0, (coarse[1], coarse[0])).astype(np.float32)
    enlarged = PillowImage.fromarray(grain).resize((_SIZE, _SIZE), PillowImage.Resampling.BICUBIC)
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE]
    bend = (smooth_noise(generator, _SIZE, 4) - 0.5) * generator.uniform(0, 70)
    count = int(generator.integers(4, 20))
    tones = generator.uniform(0.15, 1.2, count)
    echo = np.interp((rows + bend).ravel(), np.linspace(0, _SIZE, count), tones)
    echo = echo.reshape(_SIZE, _SIZE) * (0.4 + smooth_noise(generator, _SIZE, 12))
    for _ in range(int(generator.integers(0, 5))):
        y, x = generator.uniform(30, _SIZE - 30, 2)
        a, b = generator.uniform(6, 50, 2)
        edge = 1 + 0.5 * (smooth_noise(generator, _SIZE, 10) - 0.5)
        hollow = ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < edge
        echo = np.where(hollow, echo * generator.uniform(0.02, 0.7), echo)
    for _ in range(int(generator.integers(0, 4))):
        line = generator.uniform(10, _SIZE) + bend + (columns - 128) * generator.normal(0, 0.15)
        echo = echo + np.exp(-(((rows - line) / generator.uniform(1, 3)) ** 2))
    falls = np.linspace(1, generator.uniform(0.05, 1), _SIZE)[:, None]
    return np.asarray(np.clip(np.asarray(enlarged), 0, None) * echo * falls, dtype=np.float32)


def _shadows(generator: np.random.Generator) -> _Field:
    """Dark or bright streaks downwards, behind what stops or passes the sound."""
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE]
    field: _Field = np.ones((_SIZE, _SIZE), dtype=np.float32)
    for _ in range(int(generator.integers(0, 4))):
        middle, half = generator.uniform(0, _SIZE), generator.uniform(5, 40)
        behind = (rows > generator.uniform(0, 180)) & (np.abs(columns - middle) < half)
        field = np.where(behind, field * generator.uniform(0.15, 1.6), field)
    return field


def _fan(generator: np.random.Generator) -> _Field:
    """0 or 1: a sector below a point, or below a bow as a bent probe makes it."""
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    above = generator.choice([0.0, generator.uniform(0.05, 0.5)])
    down, aside = rows + above, columns - generator.uniform(0.4, 0.6)
    distance, angle = np.hypot(down, aside), np.abs(np.arctan2(aside, down))
    reach = above + generator.uniform(0.75, 1.05)
    inside = (angle < generator.uniform(0.35, 0.85)) & (distance < reach) & (distance > above)
    return np.asarray(inside, dtype=np.float32)


def _mark(generator: np.random.Generator, draw: ImageDraw.ImageDraw) -> None:
    """Ticks of depth, a bar of greys, some letters."""
    x = int(generator.choice([6, _SIZE - 10]))
    for y in range(10, _SIZE - 10, int(generator.integers(10, 30))):
        draw.line((x, y, x + 5, y), fill=200)
    if generator.random() < 0.5:
        for y in range(90):
            draw.line((_SIZE - x - 8, 20 + y, _SIZE - x, 20 + y), fill=int(250 - y * 2.7))
    for _ in range(int(generator.integers(0, 4))):
        at = (int(generator.integers(4, 180)), int(generator.choice([4, 14, 228, 240])))
        draw.text(at, "".join(generator.choice(list("ABCDE 0123456789.:"), 9)), fill=210)


def draw_baggage(generator: np.random.Generator) -> _Field:
    """float[H, W]: things that let rays through, one over another, with edges as made by people."""
    light = np.full((_SIZE, _SIZE), generator.uniform(200, 255), dtype=np.float32)
    for _ in range(int(generator.integers(3, 28))):
        light = light * (1 - _thing(generator) * generator.uniform(0.15, 0.9))
    if generator.random() < 0.5:
        light = light.max() - light
    grain = generator.normal(0, generator.uniform(0, 7), light.shape)
    return np.asarray(light + grain, dtype=np.float32)


def _thing(generator: np.random.Generator) -> _Field:
    """float[H, W] in [0, 1]: how much one thing holds back."""
    layer = PillowImage.new("L", (_SIZE, _SIZE), 0)
    draw = ImageDraw.Draw(layer)
    x, y = generator.uniform(0, _SIZE, 2)
    a, b = generator.uniform(3, 80, 2)
    inner, rim = (int(one) for one in generator.integers(0, 256, 2))
    width = int(generator.integers(1, 8))
    kind = int(generator.integers(5))
    if kind == 0:
        draw.rectangle((x - a, y - b, x + a, y + b), fill=inner, outline=rim, width=width)
    elif kind == 1:
        draw.ellipse((x - a, y - b, x + a, y + b), fill=inner, outline=rim, width=width)
    elif kind == 2:
        draw.line((x, y, *generator.uniform(0, _SIZE, 2)), fill=max(60, rim), width=width + 2)
    elif kind == 3:
        draw.polygon([tuple(one) for one in generator.uniform(0, _SIZE, (4, 2))], fill=inner)
    else:
        draw.arc((x - a, y - a, x + a, y + a), 0, float(generator.uniform(90, 360)), rim, width + 1)
    turned = layer.rotate(float(generator.uniform(0, 180)))
    soft = turned.filter(ImageFilter.GaussianBlur(float(generator.uniform(0, 2.5))))
    return np.asarray(soft, dtype=np.float32) / 255
