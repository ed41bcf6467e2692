"""`training look`: a page of examples as the model gets them: picture, prefix, suffix, masks."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from model.mask_codec import MaskCodec, paste
from model.overlay_picture import draw_overlay
from model.seg_tokens import ParsedObject, parse_suffix, write_suffix
from model.types import Image, Region
from training.config import ConfigError, add_config_arguments, read_config

COLUMNS: Final = 3
CELL: Final = (560, 400)
"""Width and height of one example on the page, in pixels."""
_PICTURE: Final = 230
_WRAP: Final = 64
_LINE: Final = 17


@dataclass(frozen=True)
class Shown:
    """One example: uint8[S, S, 3] as the processor gets it, prefix and suffix."""

    picture: Image
    prefix: str
    suffix: str


def base_examples(config: Any, count: int) -> Iterator[Shown]:
    """Examples of the joint stage, drawn as the loop draws them."""
    from training.examples import ExampleMaker
    from training.prepare import open_prepared
    from training.records import TRAIN

    prepared = open_prepared(config)
    maker = ExampleMaker(prepared, TRAIN, config.seed)
    for seen in maker.sampler.draw(count):
        example = maker.draw(seen, 1)[0]
        suffix = _written(example, prepared.names) if example.objects else example.text
        yield Shown(np.asarray(seen.pixels).astype(np.uint8), example.prefix, suffix)


def medpix_examples(medpix: Path, side: int, seed: int, count: int) -> Iterator[Shown]:
    """Examples of the adapter's MedPix rows, drawn as `train` draws them."""
    from training.adapter_config import AdapterConfig
    from training.adapter_data import AdapterData, Stream
    from training.adapter_pictures import PictureShelf
    from training.adapter_rows import taught_pictures
    from training.medpix_pictures import read_medpix

    taught = taught_pictures(read_medpix(medpix, "train"))
    stream = Stream(taught, AdapterConfig().shares, seed, count)
    data = AdapterData(stream, PictureShelf(side, has_marks=True))
    for index in range(count):
        picture, rows = data[index]
        yield Shown(picture, rows[0].prefix, rows[0].suffix)


def draw_page(examples: Sequence[Shown], codec: MaskCodec | None) -> PillowImage.Image:
    """The page: in each cell the picture with what its suffix draws, and the words below."""
    rows = -(-len(examples) // COLUMNS)
    page = PillowImage.new("RGB", (COLUMNS * CELL[0], max(rows, 1) * CELL[1]), (18, 21, 24))
    for place, one in enumerate(examples):
        left, top = place % COLUMNS * CELL[0], place // COLUMNS * CELL[1]
        page.paste(_cell(one, codec), (left, top))
    return page


def _cell(one: Shown, codec: MaskCodec | None) -> PillowImage.Image:
    cell = PillowImage.new("RGB", CELL, (18, 21, 24))
    small = (_PICTURE, _PICTURE)
    cell.paste(PillowImage.fromarray(one.picture).resize(small), (8, 8))
    regions = _decoded(one, codec)
    if regions:
        drawn = PillowImage.fromarray(draw_overlay(one.picture, regions))
        drawn.thumbnail((CELL[0] - _PICTURE - 24, _PICTURE))
        cell.paste(drawn, (_PICTURE + 16, 8))
    pen, font = ImageDraw.Draw(cell), ImageFont.load_default(size=13)
    words = [f"> {one.prefix.strip()}", f"< {one.suffix or '(nothing)'}"]
    lines = [line[i : i + _WRAP] for line in words for i in range(0, len(line), _WRAP)]
    for number, line in enumerate(lines[: (CELL[1] - _PICTURE - 24) // _LINE]):
        pen.text((8, _PICTURE + 18 + number * _LINE), line, fill=(235, 235, 230), font=font)
    return cell


def _decoded(one: Shown, codec: MaskCodec | None) -> list[Region]:
    if codec is None or not one.prefix.startswith("segment "):
        return []
    names = one.prefix.strip().removeprefix("segment ").split(" ; ")
    objects = parse_suffix(one.suffix, names, needs_mask=True).objects
    if not objects:
        return []
    masks = codec.decode(np.array([found.codes for found in objects], dtype=np.int64))
    height, width = one.picture.shape[:2]
    return [
        Region(found.label, found.box, paste(mask, found.box, height, width))
        for found, mask in zip(objects, masks, strict=True)
    ]


def _written(example: Any, names: Sequence[str]) -> str:
    return write_suffix(
        [
            ParsedObject(
                names[int(one["name"])],
                tuple(float(value) for value in one["box"]),  # type: ignore[arg-type]
                tuple(int(code) for code in one["codes"]) if example.task == "segment" else (),
            )
            for one in example.objects
        ]
    )


def main(arguments: list[str]) -> int:
    """`training look`: write a page of examples as a PNG, to be looked at before a long run."""
    parser = argparse.ArgumentParser(prog="training look", description=main.__doc__)
    add_config_arguments(parser)
    parser.add_argument("--page", type=Path, default=Path("look.png"), help="PNG file to write")
    parser.add_argument("--count", type=int, default=24, help="examples on the page")
    parser.add_argument(
        "--medpix", action="store_true", help="the adapter's MedPix rows instead of the base's"
    )
    options = parser.parse_args(arguments)
    config = read_config(options)
    codec = config.out / "mask_codec.npz"
    try:
        if options.medpix:
            pack = config.data / "medpix2"
            found = list(medpix_examples(pack, config.image_size, config.seed, options.count))
        else:
            found = list(base_examples(config, options.count))
    except (ConfigError, ValueError) as error:
        raise SystemExit(f"training: {error}") from error
    draw_page(found, MaskCodec.load(codec) if codec.is_file() else None).save(options.page)
    print(f"{options.page}: {len(found)} examples")  # noqa: T201 - what the command made
    return 0
