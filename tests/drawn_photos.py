"""Photos of films, prints and screens made by code, with corners that are known."""

import numpy as np
from PIL import Image, ImageFilter

from tests.drawn_montages import drawn_scan

KINDS = ("film", "print", "screen")
Corners = np.ndarray
"""float[4, 2]: x and y in pixels, from the top left corner on."""


def drawn_photo(generator: np.random.Generator, kind: str) -> tuple[Image.Image, Corners, Corners]:
    """A photo, the corners of the picture in it, and those of the sheet or screen around it."""
    high, wide = (int(side) for side in generator.integers(420, 760, 2))
    scan = drawn_scan(generator, high, wide).astype(np.float32)
    size = np.array([1000, 1300] if generator.random() < 0.5 else [1300, 1000])
    rim = 0 if kind == "film" else int(generator.uniform(0.03, 0.07) * max(high, wide))
    tone = {"film": 0.0, "print": generator.uniform(215, 245), "screen": generator.uniform(28, 60)}
    sheet = np.pad(scan * generator.uniform(0.8, 1.0), rim, constant_values=float(tone[kind]))
    table = _table(generator, kind, size)
    outer = _placed(generator, sheet.shape, size)
    photo = _laid(sheet, table, outer)
    inner = _inside(outer, sheet.shape, rim)
    light = np.outer(
        np.linspace(*generator.uniform(0.8, 1.05, 2), size[1]),
        np.linspace(*generator.uniform(0.85, 1.05, 2), size[0]),
    )
    photo = photo * light + generator.normal(0, generator.uniform(1, 4), photo.shape)
    tint = generator.uniform(0.93, 1.0, 3)
    colour = np.clip(photo[..., None] * tint, 0, 255).astype(np.uint8)
    picture = Image.fromarray(colour).filter(ImageFilter.GaussianBlur(generator.uniform(0.4, 1.2)))
    return picture, inner, outer


def with_glare(generator: np.random.Generator, photo: Image.Image, corners: Corners) -> Image.Image:
    """The same photo with a lamp mirrored somewhere in the middle of the sheet."""
    x, y = corners.mean(axis=0) + generator.uniform(-60, 60, 2)
    rows, columns = np.mgrid[0 : photo.height, 0 : photo.width]
    reach = generator.uniform(70, 140)
    halo = 420 * np.exp(-(((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach**2)))
    return Image.fromarray(np.clip(np.asarray(photo) + halo[..., None], 0, 255).astype(np.uint8))


def _table(generator: np.random.Generator, kind: str, size: np.ndarray) -> np.ndarray:
    tone = {"film": (150, 215), "print": (90, 165), "screen": (4, 14)}[kind]
    cells = generator.normal(0, 2 if kind == "screen" else 8, (24, 24)).astype(np.float32)
    grain = Image.fromarray(cells).resize(tuple(size), Image.Resampling.BICUBIC)
    return np.asarray(generator.uniform(*tone) + np.asarray(grain))


def _placed(generator: np.random.Generator, shape: tuple[int, ...], size: np.ndarray) -> Corners:
    """Corners of the sheet: in the middle, as large as fits, turned and tilted a little."""
    box = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.array([shape[1], shape[0]]) / 2
    turn = np.radians(generator.choice([-1, 1]) * generator.uniform(1.5, 11))
    turned = box @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    tilt = 1 + (turned / np.abs(turned).max()) @ generator.uniform(-0.09, 0.09, 2)
    tilted = turned / tilt[:, None]
    scale = generator.uniform(0.72, 0.94) * (size / 2 / np.abs(tilted).max(axis=0)).min()
    return tilted * scale + size / 2


def _inside(outer: Corners, shape: tuple[int, ...], rim: int) -> Corners:
    height, width = shape
    box = np.array(
        [(rim, rim), (width - rim, rim), (width - rim, height - rim), (rim, height - rim)]
    )
    whole = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    a = _map(whole, outer)
    points = np.c_[box, np.ones(4)] @ a.T
    return points[:, :2] / points[:, 2:]


def _map(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows, float), np.array(values, float)), 1).reshape(
        3, 3
    )


def _laid(sheet: np.ndarray, table: np.ndarray, outer: Corners) -> np.ndarray:
    height, width = sheet.shape
    whole = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=float)
    back = _map(outer, whole).ravel()[:8].tolist()
    size = (table.shape[1], table.shape[0])
    kind, way = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    laid = np.asarray(Image.fromarray(sheet).transform(size, kind, back, way))
    there = Image.fromarray(np.full(sheet.shape, 255, dtype=np.uint8)).transform(
        size, kind, back, way
    )
    share = np.asarray(there, dtype=np.float32) / 255
    return laid * share + table * (1 - share)
