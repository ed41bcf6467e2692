"""Pictures that are no scans, drawn by code of their own: nothing here was used to fit anything."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 320
Draw = Callable[[np.random.Generator], Image.Image]


def drawn_negatives(count: int, seed: int = 7) -> list[tuple[str, Image.Image]]:
    """(kind, picture) in turn over all kinds; every other one is grey, some are JPEG-worn."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        picture = KINDS[kind](generator)
        if (number // len(KINDS)) % 2:
            picture = picture.convert("L").convert("RGB")
        if generator.random() < 0.3:
            picture = worn(picture, int(generator.integers(20, 60)))
        found.append((kind, picture))
    return found


def worn(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def colour(generator: np.random.Generator, low: int = 0, high: int = 255) -> tuple[int, int, int]:
    red, green, blue = generator.integers(low, high + 1, 3).tolist()
    return red, green, blue


def picture_of(field: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(field, 0, 255).astype(np.uint8)).convert("RGB")


def plasma(generator: np.random.Generator) -> Image.Image:
    channels = []
    for _ in range(3):
        field, amount = np.zeros((SIDE, SIDE)), 130.0
        for cells in (2, 4, 8, 16, 32, 64, 128):
            coarse = Image.fromarray(generator.normal(0, 1, (cells, cells)).astype(np.float32))
            field += amount * np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
            amount *= 0.55
        channels.append(field + 128)
    return picture_of(np.stack(channels, 2))


def gradient(generator: np.random.Generator) -> Image.Image:
    share = np.linspace(0, 1, SIDE)
    field = np.outer(share, np.array(colour(generator)))[:, None] + np.outer(
        1 - share, np.array(colour(generator))
    )[None, :, :].repeat(SIDE, 0)
    return picture_of(field * 0.7 + generator.normal(0, 3, field.shape))


def landscape(generator: np.random.Generator) -> Image.Image:
    picture = picture_of(
        np.linspace(220, 140, SIDE)[:, None, None]
        * np.array([0.7, 0.85, 1.0])
        * np.ones((1, SIDE, 1))
    )
    draw = ImageDraw.Draw(picture)
    for depth in range(4):
        base = SIDE * (0.4 + 0.14 * depth)
        heights = base + np.cumsum(generator.normal(0, 4, SIDE // 4))
        points = [(4 * at, float(height)) for at, height in enumerate(heights)]
        shade = 150 - 30 * depth
        fill = (int(shade * 0.6), shade, int(shade * 0.5))
        draw.polygon([(0, SIDE), *points, (SIDE, SIDE)], fill=fill)
    for _ in range(int(generator.integers(5, 60))):
        x, y = generator.uniform(0, SIDE), generator.uniform(SIDE * 0.6, SIDE)
        tall = generator.uniform(10, 50)
        draw.line((x, y, x, y - tall), fill=(70, 50, 30), width=3)
        draw.ellipse(
            (x - 12, y - tall - 14, x + 12, y - tall + 10), fill=colour(generator, 30, 130)
        )
    grain = generator.normal(0, 12, (SIDE, SIDE, 3))
    return picture_of(np.asarray(picture) + grain)


def face(generator: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, SIDE), colour(generator, 60, 220))
    draw = ImageDraw.Draw(picture)
    skin = (int(generator.integers(120, 240)), 150, 120)
    wide, tall = generator.uniform(60, 100), generator.uniform(85, 125)
    draw.ellipse((160 - wide * 1.15, 20, 160 + wide * 1.15, 230), fill=colour(generator, 20, 120))
    draw.rectangle((60, 265, 260, SIDE), fill=colour(generator))
    draw.ellipse((160 - wide, 160 - tall, 160 + wide, 160 + tall), fill=skin)
    for side in (-1, 1):
        x = 160 + side * wide * 0.42
        draw.ellipse((x - 14, 128, x + 14, 144), fill=(245, 245, 245))
        draw.ellipse((x - 6, 129, x + 6, 143), fill=(30, 40, 60))
    draw.polygon([(160, 145), (148, 190), (172, 190)], fill=tuple(int(one * 0.85) for one in skin))
    draw.ellipse((130, 208, 190, 226), fill=(180, 70, 80))
    soft = picture.filter(ImageFilter.GaussianBlur(float(generator.uniform(1, 4))))
    light = np.linspace(*generator.uniform(0.6, 1.2, 2), SIDE)[None, :, None]
    return picture_of(np.asarray(soft) * light + generator.normal(0, 4, (SIDE, SIDE, 1)))


def words(generator: np.random.Generator, count: int) -> str:
    lengths = generator.integers(2, 10, count)
    return " ".join("".join(generator.choice(list("abcdefghilmnoprstuv"), n)) for n in lengths)


def document(generator: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, int(SIDE * 1.35)), (250, 249, 244))
    draw = ImageDraw.Draw(picture)
    draw.text((30, 20), words(generator, 3).title(), fill=(20, 20, 20), font_size=20)
    for top in range(60, picture.height - 30, int(generator.integers(11, 17))):
        draw.text((30, top), words(generator, 7), fill=(40, 40, 40), font_size=9)
    return picture


def screenshot(generator: np.random.Generator) -> Image.Image:
    dark = generator.random() < 0.5
    picture = Image.new("RGB", (int(SIDE * 0.6), SIDE), (24, 26, 30) if dark else (245, 245, 248))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, picture.width, 34), fill=colour(generator))
    draw.text((10, 9), words(generator, 2), fill=(255, 255, 255), font_size=13)
    for top in range(44, SIDE - 40, int(generator.integers(34, 60))):
        draw.ellipse((8, top, 32, top + 24), fill=colour(generator))
        ink = (225, 225, 225) if dark else (30, 30, 30)
        draw.text((40, top + 4), words(generator, 3), fill=ink, font_size=11)
    return picture


def chart(generator: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, 220), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    if generator.random() < 0.5:
        start = 0.0
        for share in generator.dirichlet(np.ones(6)) * 360:
            draw.pieslice((60, 20, 240, 200), start, start + share, fill=colour(generator))
            start += share
    else:
        for line in range(4):
            heights = 110 + np.cumsum(generator.normal(0, 9, 40))
            points = [(20 + 7 * at, float(height)) for at, height in enumerate(heights)]
            draw.line(points, fill=colour(generator), width=1 + line % 3)
        draw.line((20, 10, 20, 210, 310, 210), fill=(0, 0, 0), width=2)
    draw.text((8, 2), words(generator, 4), fill=(0, 0, 0), font_size=11)
    return picture


def cloth(generator: np.random.Generator) -> Image.Image:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    first, second = generator.uniform(0.1, 1.2, 2)
    angle = generator.uniform(0, 1.5)
    weave = np.sin(first * (columns * np.cos(angle) + rows * np.sin(angle))) * np.sin(second * rows)
    tint = np.array(colour(generator, 60, 220))
    return picture_of(tint + 45 * weave[..., None] + generator.normal(0, 8, (SIDE, SIDE, 1)))


def checks(generator: np.random.Generator) -> Image.Image:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    size = int(generator.integers(8, 50))
    board = ((rows // size + columns // size) % 2)[..., None]
    return picture_of(np.where(board, np.array(colour(generator)), np.array(colour(generator))))


def noise(generator: np.random.Generator) -> Image.Image:
    field = generator.normal(128, generator.uniform(10, 90), (SIDE, SIDE, 3))
    return picture_of(field).filter(ImageFilter.GaussianBlur(float(generator.uniform(0, 3))))


def handwriting(generator: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, SIDE), (248, 244, 230))
    draw = ImageDraw.Draw(picture)
    for top in range(30, SIDE - 10, 30):
        draw.line((0, top + 8, SIDE, top + 8), fill=(190, 205, 225))
        steps = np.arange(20, generator.uniform(150, 300), 1.5)
        wave = 8 * np.sin(steps / 2.3 + np.cumsum(generator.normal(0, 0.35, len(steps))))
        wave *= np.clip(np.sin(steps / generator.uniform(8, 14)), -1, 0.9)
        points = list(zip(steps.tolist(), (top + wave).tolist(), strict=True))
        draw.line(points, fill=(30, 40, 110), width=2)
    return picture


def flag(generator: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, 200), colour(generator))
    draw = ImageDraw.Draw(picture)
    for part in range(3):
        if generator.random() < 0.5:
            draw.rectangle((0, part * 67, SIDE, part * 67 + 66), fill=colour(generator))
        else:
            draw.rectangle((part * 107, 0, part * 107 + 106, 200), fill=colour(generator))
    if generator.random() < 0.5:
        draw.ellipse((120, 60, 200, 140), fill=colour(generator))
    return picture


def night_sky(generator: np.random.Generator) -> Image.Image:
    field = np.linspace(10, generator.uniform(10, 50), SIDE)[:, None].repeat(SIDE, 1)
    for _ in range(int(generator.integers(30, 300))):
        y, x = generator.integers(1, SIDE - 1, 2)
        field[y - 1 : y + 1, x : x + 1] = generator.uniform(80, 255)
    picture = picture_of(field)
    if generator.random() < 0.5:
        draw = ImageDraw.Draw(picture)
        x, radius = int(generator.integers(50, 270)), int(generator.integers(10, 40))
        draw.ellipse((x - radius, 60 - radius, x + radius, 60 + radius), fill=(235, 232, 215))
    return picture


def luggage(generator: np.random.Generator) -> Image.Image:
    """As X-rays show a bag: soft overlapping outlines of things, no body."""
    field = np.full((SIDE, SIDE), 235.0)
    for _ in range(int(generator.integers(6, 20))):
        layer = Image.new("L", (SIDE, SIDE), 0)
        draw = ImageDraw.Draw(layer)
        x, y = generator.uniform(40, 280, 2)
        a, b = generator.uniform(8, 70, 2)
        if generator.random() < 0.6:
            draw.rounded_rectangle(
                (x - a, y - b, x + a, y + b), radius=6, fill=90, outline=170, width=3
            )
        else:
            draw.line(
                (x, y, *generator.uniform(30, 290, 2)),
                fill=200,
                width=int(generator.integers(2, 9)),
            )
        layer = layer.rotate(float(generator.uniform(0, 180))).filter(ImageFilter.GaussianBlur(1))
        field *= 1 - np.asarray(layer) / 255 * 0.7
    return picture_of(field if generator.random() < 0.5 else 255 - field)


def shelf(generator: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, SIDE), colour(generator, 20, 90))
    draw = ImageDraw.Draw(picture)
    for top in (10, 112, 214):
        left = 4
        while left < SIDE - 12:
            wide, tall = int(generator.integers(8, 34)), int(generator.integers(55, 96))
            frame = (left, top + 96 - tall, left + wide, top + 96)
            draw.rectangle(frame, fill=colour(generator), outline=(20, 20, 20))
            left += wide + 1
    light = np.linspace(*generator.uniform(0.5, 1.2, 2), SIDE)[:, None, None]
    return picture_of(np.asarray(picture) * light + generator.normal(0, 6, (SIDE, SIDE, 3)))


KINDS: dict[str, Draw] = {
    "plasma": plasma,
    "gradient": gradient,
    "landscape": landscape,
    "face": face,
    "document": document,
    "screenshot": screenshot,
    "chart": chart,
    "cloth": cloth,
    "checks": checks,
    "noise": noise,
    "handwriting": handwriting,
    "flag": flag,
    "night sky": night_sky,
    "luggage": luggage,
    "shelf": shelf,
}
