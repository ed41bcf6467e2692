"""Montages of drawn scans with known panels: gutters of all tones and widths, or none at all."""

import numpy as np
from PIL import Image, ImageDraw

Frame = tuple[int, int, int, int]
"""(top, left, bottom, right) in pixels."""
LAYOUTS = ((1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (2, 3), (3, 2), (3, 3), (1, 4), (2, 4), (4, 4))


def drawn_scan(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """uint8[height, width]: a body with organs on black, or one that fills the picture."""
    picture = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(picture)
    reach = 0.6 if generator.random() < 0.4 else generator.uniform(0.36, 0.47)
    body = _frame((0.5, 0.5), (reach, reach * generator.uniform(0.7, 1.0)), height, width)
    draw.ellipse(body, fill=int(generator.integers(60, 130)))
    for _ in range(int(generator.integers(4, 9))):
        centre = generator.uniform(0.3, 0.7, 2)
        size = generator.uniform(0.03, 0.14, 2)
        frame = _frame((centre[0], centre[1]), (size[0], size[1]), height, width)
        draw.ellipse(frame, fill=int(generator.integers(20, 250)))
    noise = generator.normal(0, 4, (height, width))
    return np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)


def _frame(
    centre: tuple[float, float], reach: tuple[float, float], height: int, width: int
) -> list[float]:
    (x, y), (a, b) = centre, reach
    return [(x - a) * width, (y - b) * height, (x + a) * width, (y + b) * height]


def drawn_montage(generator: np.random.Generator) -> tuple[np.ndarray, list[Frame]]:
    """(uint8[H, W, 3], its panels in reading order)."""
    rows, columns = LAYOUTS[int(generator.integers(len(LAYOUTS)))]
    side = int(min(480 / rows, 480 / columns))
    high, wide = side, int(side * generator.uniform(0.85, 1.2))
    gap = int(generator.choice([0, 2, 4, 8, 12]))
    tone = int(generator.choice([0, 0, 128, 255, 255]))
    rim = gap if generator.random() < 0.5 else 0
    shape = (
        rows * high + (rows - 1) * gap + 2 * rim,
        columns * wide + (columns - 1) * gap + 2 * rim,
    )
    field = np.full(shape, tone, dtype=np.uint8)
    like = generator.random() < 0.5
    seed = int(generator.integers(1 << 30))
    frames = []
    for row in range(rows):
        for column in range(columns):
            top, left = rim + row * (high + gap), rim + column * (wide + gap)
            own = np.random.default_rng(seed) if like else generator
            tile = drawn_scan(own, high, wide)
            if like:
                tile = np.clip(tile.astype(int) + generator.normal(0, 4, tile.shape), 0, 255)
            field[top : top + high, left : left + wide] = tile
            frames.append((top, left, top + high, left + wide))
    return np.repeat(field[..., None], 3, axis=2), frames
