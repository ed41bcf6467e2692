"""Pictures that are no scans, drawn by code: pages, scenes, textures, noise, coins, sectors."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFilter

from model.types import Image

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz      ABCDEF,.1234567890"


def draw_negative(generator: np.random.Generator, size: int) -> Image:
    """uint8[size, size, 3]: one drawn picture of a random kind; a third of them are grey."""
    kinds = (_page, _scene, _texture, _clouds, _coins, _sector, _screen)
    picture = kinds[int(generator.integers(len(kinds)))](generator, size * 2)
    if generator.random() < 0.35:
        picture = picture.convert("L").convert("RGB")
    if generator.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(float(generator.uniform(0.5, 2.0))))
    return np.array(picture.resize((size, size), PillowImage.Resampling.BILINEAR), dtype=np.uint8)


def smooth_noise(generator: np.random.Generator, size: int, cells: int) -> NDArray[np.float32]:
    """float32[size, size] in [0, 1]: random cells, smoothly enlarged."""
    coarse = PillowImage.fromarray(generator.random((cells, cells)).astype(np.float32))
    return np.array(coarse.resize((size, size), PillowImage.Resampling.BICUBIC), dtype=np.float32)


def _colour(generator: np.random.Generator, low: int = 0, high: int = 255) -> tuple[int, int, int]:
    red, green, blue = (int(one) for one in generator.integers(low, high + 1, 3))
    return red, green, blue


def _page(generator: np.random.Generator, size: int) -> PillowImage.Image:
    paper = int(generator.integers(190, 256))
    picture = PillowImage.new("RGB", (size, size), (paper, paper, int(paper * 0.97)))
    draw = ImageDraw.Draw(picture)
    step = int(generator.integers(10, 26))
    margin = int(size * generator.uniform(0.02, 0.15))
    for top in range(margin, size - margin, step):
        if generator.random() < 0.12:
            continue
        length = int(generator.integers(10, max(12, (size - 2 * margin) // 6)))
        line = "".join(generator.choice(list(_LETTERS), length))
        draw.text((margin, top), line, fill=_colour(generator, 0, 90), font_size=step * 0.7)
    if generator.random() < 0.4:
        corner = generator.integers(0, size // 2, 2)
        draw.rectangle((*corner, *(corner + size // 3)), fill=_colour(generator))
    return picture


def _scene(generator: np.random.Generator, size: int) -> PillowImage.Image:
    picture = PillowImage.fromarray(_gradient(generator, size))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(generator.integers(3, 25))):
        corner = generator.integers(-size // 6, size, 2)
        extent = generator.integers(size // 20, size // 2, 2)
        frame = (*map(int, corner), *map(int, corner + extent))
        shape = int(generator.integers(3))
        if shape == 0:
            draw.ellipse(frame, fill=_colour(generator))
        elif shape == 1:
            draw.rectangle(frame, fill=_colour(generator))
        else:
            points = [tuple(map(int, one)) for one in generator.integers(0, size, (4, 2))]
            draw.polygon(points, fill=_colour(generator))
    noise = generator.normal(0, generator.uniform(2, 25), (size, size, 3))
    return PillowImage.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _gradient(generator: np.random.Generator, size: int) -> NDArray[np.uint8]:
    share = np.linspace(0, 1, size)[:, None, None]
    first, last = np.array(_colour(generator)), np.array(_colour(generator))
    field = np.broadcast_to(first + (last - first) * share, (size, size, 3))
    field = field + 60 * (smooth_noise(generator, size, 9)[..., None] - 0.5)
    return np.asarray(np.clip(field, 0, 255), dtype=np.uint8)


def _texture(generator: np.random.Generator, size: int) -> PillowImage.Image:
    rows, columns = np.mgrid[0:size, 0:size]
    high, wide = generator.integers(8, 60, 2)
    shifted = columns + (rows // high % 2) * (wide // 2)
    mortar = ((rows % high) < 3) | ((shifted % wide) < 3)
    tint = np.array(_colour(generator, 60, 220))
    field = np.where(mortar[..., None], 200, tint) + generator.normal(0, 18, (size, size, 1))
    field = field * (0.7 + 0.6 * smooth_noise(generator, size, 12)[..., None])
    return PillowImage.fromarray(np.clip(field, 0, 255).astype(np.uint8))


def _clouds(generator: np.random.Generator, size: int) -> PillowImage.Image:
    channels = []
    shared = sum(smooth_noise(generator, size, cells) / cells**0.5 for cells in (3, 7, 17, 41))
    for _ in range(3):
        own = smooth_noise(generator, size, int(generator.integers(3, 50)))
        channels.append(shared * generator.uniform(60, 130) + own * generator.uniform(0, 90))
    if generator.random() < 0.3:
        channels = [one * generator.uniform(0.2, 1) for one in channels]
        channels[0] = channels[0] + generator.normal(0, 60, (size, size))
    return PillowImage.fromarray(np.clip(np.stack(channels, 2), 0, 255).astype(np.uint8))


def _coins(generator: np.random.Generator, size: int) -> PillowImage.Image:
    picture = PillowImage.fromarray(_gradient(generator, size))
    draw = ImageDraw.Draw(picture)
    radius = int(generator.integers(size // 20, size // 7))
    for top in range(radius, size, int(radius * 2.4)):
        for left in range(radius, size, int(radius * 2.4)):
            middle = np.array([left, top]) + generator.integers(-4, 5, 2)
            fill = _colour(generator, 90, 230)
            draw.ellipse((*map(int, middle - radius), *map(int, middle + radius)), fill=fill)
            inner = int(radius * 0.6)
            frame = (*map(int, middle - inner), *map(int, middle + inner))
            draw.ellipse(frame, outline=_colour(generator), width=2)
    return picture


def _sector(generator: np.random.Generator, size: int) -> PillowImage.Image:
    """A speckled fan on black, as ultrasound looks: no CT, MR or X-ray."""
    rows, columns = np.mgrid[0:size, 0:size] / size
    middle = generator.uniform(0.35, 0.65)
    distance = np.hypot(rows + 0.1, columns - middle)
    angle = np.abs(np.arctan2(columns - middle, rows + 0.1))
    inside = (distance < generator.uniform(0.8, 1.1)) & (angle < generator.uniform(0.4, 0.9))
    if generator.random() < 0.4:
        inside = np.ones_like(inside)
    speckle = generator.rayleigh(1.0, (size, size)) * (0.3 + smooth_noise(generator, size, 8))
    field = np.where(inside | (distance < 0.12), speckle * 70, 0)
    return PillowImage.fromarray(np.clip(field, 0, 255).astype(np.uint8)).convert("RGB")


def _screen(generator: np.random.Generator, size: int) -> PillowImage.Image:
    shade = int(generator.choice([20, 235, 250]))
    picture = PillowImage.new("RGB", (size, size), (shade, shade, shade))
    draw = ImageDraw.Draw(picture)
    top = 8
    while top < size:
        height = int(generator.integers(18, 60))
        left = int(generator.integers(4, size // 2))
        frame = (left, top, left + int(generator.integers(size // 5, size // 2)), top + height)
        draw.rounded_rectangle(frame, radius=9, fill=_colour(generator, 60, 250))
        words = "".join(generator.choice(list(_LETTERS), 24))
        draw.text((left + 6, top + 4), words, fill=_colour(generator, 0, 255), font_size=14)
        top += height + 8
    return picture
