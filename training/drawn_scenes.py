"""Pictures that are no scans, with the statistics of photographs: leaves, relief, prints, machines.

Used to fit the scan-or-not facts; training.negatives draws the plainer kinds for the model itself.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFilter

from model.types import Image
from training.drawn_machines import draw_baggage, draw_ultrasound
from training.negatives import draw_negative, smooth_noise

_Field = NDArray[np.floating]
_SIZE: Final = 256


def draw_scene(generator: np.random.Generator) -> Image:
    """uint8[H, W, 3]: a drawn picture of a random kind, mostly grey, some dark at the rim."""
    if generator.random() < 0.25:
        return _degraded(generator, draw_negative(generator, _SIZE))
    plain = (_leaves, _leaves, _relief, _print, _bricks, _discs, _sky)
    machines = (draw_ultrasound, draw_ultrasound, draw_ultrasound, draw_baggage, draw_baggage)
    kinds = (*plain, *machines, _gradient, _spectrum, _wood, _things_on_black, _chart)
    field = kinds[int(generator.integers(len(kinds)))](generator)
    return _degraded(generator, _coloured(generator, field))


def _coloured(generator: np.random.Generator, field: _Field) -> Image:
    """Grey two times in three: in colour a scan is told apart at a glance."""
    if field.ndim == 2:
        field = np.repeat(field[..., None], 3, axis=2)
        if generator.random() < 0.3:
            tint = generator.uniform(0.5, 1.2, 3)
            field = field * tint
    elif generator.random() < 0.6:
        field = np.repeat(field.mean(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(np.clip(field, 0, 255), dtype=np.uint8)


def _degraded(generator: np.random.Generator, image: Image) -> Image:
    picture = PillowImage.fromarray(image)
    if generator.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(float(generator.uniform(0.5, 2))))
    field: _Field = np.asarray(picture, dtype=np.float32)
    if generator.random() < 0.3:
        field = field * _vignette(generator, field.shape[0], field.shape[1])[..., None]
    if generator.random() < 0.3:
        field = field + generator.normal(0, generator.uniform(2, 12), field.shape[:2])[..., None]
    if generator.random() < 0.3:
        field = 255 * (np.clip(field, 0, 255) / 255) ** generator.uniform(0.5, 2)
    whole = np.asarray(np.clip(field, 0, 255), dtype=np.uint8)
    share = generator.uniform(0.6, 1, 2)
    return whole[: int(whole.shape[0] * share[0]), : int(whole.shape[1] * share[1])]


def _vignette(generator: np.random.Generator, height: int, width: int) -> _Field:
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    fall = np.hypot(rows, columns) * generator.uniform(0.3, 1.2)
    return np.asarray(np.clip(1.2 - fall, 0, 1), dtype=np.float32)


def _leaves(generator: np.random.Generator) -> _Field:
    """Dead leaves: shapes of all sizes one over another, the statistics of photographs."""
    colours = generator.uniform(20, 255, (60, 3))
    picture = PillowImage.new("RGB", (_SIZE, _SIZE), tuple(colours[0].astype(int)))
    draw = ImageDraw.Draw(picture)
    smallest, largest = generator.uniform(2, 12), generator.uniform(30, 140)
    for _ in range(int(generator.integers(40, 900))):
        radius = smallest / (1 - generator.random() * (1 - smallest / largest))
        x, y = generator.uniform(-20, _SIZE + 20, 2)
        colour = colours[int(generator.integers(60))] + generator.normal(0, 12, 3)
        fill = tuple(np.clip(colour, 0, 255).astype(int))
        stretch = generator.uniform(0.4, 1)
        if generator.random() < 0.6:
            draw.ellipse(
                (x - radius, y - radius * stretch, x + radius, y + radius * stretch), fill=fill
            )
        else:
            angles = np.sort(generator.uniform(0, 2 * np.pi, int(generator.integers(3, 7))))
            points = [(x + radius * np.cos(a), y + radius * stretch * np.sin(a)) for a in angles]
            draw.polygon(points, fill=fill)
    shade = 0.6 + 0.6 * smooth_noise(generator, _SIZE, int(generator.integers(2, 12)))
    grain = generator.normal(0, generator.uniform(1, 14), (_SIZE, _SIZE, 1))
    return np.asarray(picture, dtype=np.float32) * shade[..., None] + grain


def _spectrum(generator: np.random.Generator) -> _Field:
    """Noise whose power falls with the frequency, from sand to clouds."""
    down = np.fft.fftfreq(_SIZE)[:, None]
    across = np.fft.rfftfreq(_SIZE)[None]
    radius = np.hypot(down, across * generator.uniform(0.4, 2.5)) + 1 / _SIZE
    phase = np.exp(2j * np.pi * generator.random(radius.shape))
    field = np.fft.irfft2(radius ** -generator.uniform(0, 2.4) * phase, s=(_SIZE, _SIZE))
    field = (field - field.mean()) / (field.std() + 1e-9)
    return np.asarray(generator.uniform(60, 190) + field * generator.uniform(10, 60), np.float32)


def _relief(generator: np.random.Generator) -> _Field:
    """Ground lit from one side, with craters, hills or folds."""
    height = sum(smooth_noise(generator, _SIZE, cells) / cells for cells in (3, 6, 12, 25, 50, 90))
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE]
    for _ in range(int(generator.integers(0, 40))):
        y, x = generator.uniform(0, _SIZE, 2)
        radius = 3 + generator.exponential(9)
        distance = np.hypot(rows - y, columns - x) / radius
        height = height + np.where(distance < 1, distance**2 - 1, 0) * radius * 0.002
    slope = np.gradient(np.asarray(height))
    angle = generator.uniform(0, 2 * np.pi)
    light = slope[0] * np.sin(angle) + slope[1] * np.cos(angle)
    light = light / (np.abs(light).max() + 1e-9)
    return np.asarray(generator.uniform(80, 170) + light * generator.uniform(60, 200), np.float32)


def _print(generator: np.random.Generator) -> _Field:
    """Lines of words photographed under uneven light, a little turned."""
    paper, ink = generator.uniform(150, 250), generator.uniform(0, 90)
    if generator.random() < 0.2:
        paper, ink = ink, paper
    picture = PillowImage.new("L", (_SIZE * 2, _SIZE * 2), int(paper))
    draw = ImageDraw.Draw(picture)
    step, top = int(generator.integers(12, 60)), 10
    letters = list("aeinorstlmudcpg   ,.AST")
    while top < 2 * _SIZE:
        line = "".join(generator.choice(letters, 60)) if generator.random() < 0.85 else ""
        draw.text((int(generator.integers(4, 40)), top), line, fill=int(ink), font_size=step * 0.7)
        top += step
    turned = picture.rotate(float(generator.normal(0, 4)), fillcolor=int(paper))
    left = int(generator.integers(0, _SIZE))
    field = np.asarray(turned.crop((left, 60, left + _SIZE, 60 + _SIZE)), dtype=np.float32)
    return field * (0.6 + 0.5 * smooth_noise(generator, _SIZE, 3))


def _bricks(generator: np.random.Generator) -> _Field:
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE].astype(np.float32)
    angle = generator.normal(0, 0.6)
    along, down = (
        columns * np.cos(angle) + rows * np.sin(angle),
        rows * np.cos(angle) - columns * np.sin(angle),
    )
    high, wide = generator.uniform(6, 50, 2)
    number = np.floor(down / high)
    shifted = along + (number % 2) * wide / 2
    joint = ((down % high) < generator.uniform(1, 5)) | ((shifted % wide) < generator.uniform(1, 5))
    tones = generator.normal(0, generator.uniform(0, 25), (97, 89))
    tone = tones[number.astype(int) % 97, np.floor(shifted / wide).astype(int) % 89]
    base, seam = generator.uniform(40, 220, 2)
    field = np.where(joint, seam, base + tone) + generator.normal(
        0, generator.uniform(2, 20), rows.shape
    )
    return np.asarray(field * (0.8 + 0.4 * smooth_noise(generator, _SIZE, 4)), np.float32)


def _discs(generator: np.random.Generator) -> _Field:
    """Round things with rims and relief on a plain ground: coins, plates, cells, fruit."""
    ground = generator.uniform(0, 255) + 60 * (smooth_noise(generator, _SIZE, 3) - 0.5)
    field = np.asarray(ground, np.float32)
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE]
    step = int(generator.integers(28, 90))
    tone = generator.uniform(40, 230)
    for y in range(step // 2, _SIZE, step):
        for x in range(step // 2, _SIZE, step):
            radius = step * generator.uniform(0.25, 0.48)
            distance = (
                np.hypot(rows - y - generator.normal(0, 3), columns - x - generator.normal(0, 3))
                / radius
            )
            face = tone + generator.normal(0, 15) + 120 * (smooth_noise(generator, _SIZE, 60) - 0.5)
            face = np.where(distance > 0.85, face + 40, face)
            field = np.where(distance < 1, face, field)
    return field + np.asarray(generator.normal(0, 5, field.shape), np.float32)


def _sky(generator: np.random.Generator) -> _Field:
    field = smooth_noise(generator, _SIZE, int(generator.integers(2, 7))) * generator.uniform(5, 60)
    count = int(generator.integers(10, 400))
    places = generator.integers(0, _SIZE, (count, 2))
    field = np.array(field)
    field[places[:, 0], places[:, 1]] += generator.uniform(60, 250, count)
    if generator.random() < 0.5:
        rows, columns = np.mgrid[0:_SIZE, 0:_SIZE]
        y, x, radius = *generator.uniform(30, _SIZE - 30, 2), generator.uniform(8, 50)
        field = np.where(
            np.hypot(rows - y, columns - x) < radius, generator.uniform(150, 250), field
        )
    return np.asarray(field, np.float32)


def _gradient(generator: np.random.Generator) -> _Field:
    rows, columns = np.mgrid[-1 : 1 : _SIZE * 1j, -1 : 1 : _SIZE * 1j]
    a, b, c = generator.normal(0, 1, 3)
    field = a * rows + b * columns + c * np.hypot(rows - a / 2, columns - b / 2)
    if generator.random() < 0.4:
        field = np.sin(field * generator.uniform(2, 30))
    field = (field - field.min()) / (np.ptp(field) + 1e-6)
    return np.asarray(generator.uniform(0, 120) + field * generator.uniform(20, 200), np.float32)


def _wood(generator: np.random.Generator) -> _Field:
    rows, columns = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    bend = smooth_noise(generator, _SIZE, 5) * generator.uniform(0.05, 0.6)
    rings = np.sin((columns + bend) * generator.uniform(15, 120))
    if generator.random() < 0.4:
        rings = np.sin(
            (np.hypot(rows - 0.5, columns - 0.5) + bend * 0.2) * generator.uniform(15, 90)
        )
    return np.asarray(generator.uniform(70, 180) + rings * generator.uniform(8, 60), np.float32)


def _things_on_black(generator: np.random.Generator) -> _Field:
    """Hard-edged things on a dark ground: tools, toys, crockery, luggage under X-rays."""
    picture = PillowImage.new("L", (_SIZE, _SIZE), int(generator.integers(0, 30)))
    for _ in range(int(generator.integers(1, 12))):
        layer = PillowImage.new("L", (_SIZE, _SIZE), 0)
        draw = ImageDraw.Draw(layer)
        x, y = generator.uniform(20, _SIZE - 20, 2)
        a, b = generator.uniform(6, 90, 2)
        kind, tone = int(generator.integers(4)), int(generator.integers(60, 250))
        frame = (x - a, y - b, x + a, y + b)
        if kind == 0:
            draw.rectangle(frame, fill=tone)
        elif kind == 1:
            draw.rectangle(frame, outline=tone, width=int(generator.integers(2, 14)))
        elif kind == 2:
            draw.line(
                (x, y, *generator.uniform(0, _SIZE, 2)),
                fill=tone,
                width=int(generator.integers(3, 24)),
            )
        else:
            draw.polygon([tuple(one) for one in generator.uniform(0, _SIZE, (3, 2))], fill=tone)
        layer = layer.rotate(float(generator.uniform(0, 360)))
        mixed = np.maximum(np.asarray(picture), np.asarray(layer))
        picture = PillowImage.fromarray(mixed)
    grain = generator.normal(0, generator.uniform(0, 8), (_SIZE, _SIZE))
    return np.asarray(np.asarray(picture, np.float32) + grain, np.float32)


def _chart(generator: np.random.Generator) -> _Field:
    shade = 255 if generator.random() < 0.7 else 20
    picture = PillowImage.new("RGB", (_SIZE, _SIZE), (shade, shade, shade))
    draw = ImageDraw.Draw(picture)
    ink = (40, 40, 40) if shade else (220, 220, 220)
    draw.line((30, 20, 30, _SIZE - 30, _SIZE - 20, _SIZE - 30), fill=ink, width=2)
    count = int(generator.integers(4, 24))
    heights = generator.uniform(20, _SIZE - 60, count)
    wide = (_SIZE - 60) / count
    colour = tuple(int(one) for one in generator.integers(0, 255, 3))
    if generator.random() < 0.5:
        for number, height in enumerate(heights):
            left = 34 + number * wide
            draw.rectangle((left, _SIZE - 30 - height, left + wide * 0.7, _SIZE - 31), fill=colour)
    else:
        points = [
            (34 + n * wide, _SIZE - 30 - h) for n, h in enumerate(np.cumsum(heights - 110) % 180)
        ]
        draw.line(points, fill=colour, width=3)
    return np.asarray(picture, np.float32)
