"""Training of our own mask codec in the published layout: masks to 16 codes of 128, and back."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor
from torch.nn import functional

from model.mask_codec import CODES, SIDE, CodecNetwork, MaskCodec, to_arrays
from training.config import BaseConfig, ConfigError, add_config_arguments, read_config
from training.device import device, half
from training.masks import anatomy_labels, box_of, present
from training.record_checks import read_checked
from training.records import TRAIN, VAL, PictureRecord
from training.seek_codes import ROUNDS, seek_codes

ENCODER_WIDTHS = (32, 64, 64, 64)
DECODER_WIDTHS = (64, 64, 48, 32, 16)
EMBEDDING_WIDTH = 64
MARGIN = 0.25
"""Crops keep this share of the box around it, so that shifted and padded boxes can be taught."""
CROP = 96
BATCH = 96
WARM_STEPS = 250
"""Steps without the codebook: one drawn at random before the encoder knows masks collapses."""

Crops = NDArray[np.uint8]
"""uint8[N, 96, 96], 0 or 255: masks with a margin around their boxes."""


def collect_crops(records: list[PictureRecord], labels: dict[int, str]) -> tuple[Crops, list[str]]:
    """Every object's mask around its box, and the structure's name."""
    crops, names = [], []
    for record in records:
        if record.mask is None:
            continue
        mask = np.asarray(PillowImage.open(record.mask))
        for index in present(mask):
            if index in labels:
                crops.append(_crop_with_margin(mask == index))
                names.append(labels[index])
    return np.stack(crops), names


def _crop_with_margin(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    height, width = mask.shape
    y_min, x_min, y_max, x_max = box_of(mask)
    tall, wide = (y_max - y_min) * height, (x_max - x_min) * width
    pad = int(max(tall, wide) * MARGIN) + 2
    padded = PillowImage.fromarray(np.pad(mask.astype(np.uint8) * 255, pad))
    left, top = x_min * width + pad - wide * MARGIN, y_min * height + pad - tall * MARGIN
    frame = (left, top, left + wide * (1 + 2 * MARGIN), top + tall * (1 + 2 * MARGIN))
    return np.array(padded.resize((CROP, CROP), PillowImage.Resampling.BILINEAR, box=frame))


def sample_boxes(crops: Tensor, generator: torch.Generator, spread: float) -> Tensor:
    """float32[N, 1, 64, 64] in [0, 1]: crops within shifted, padded and slightly turned boxes."""
    count = len(crops)

    def noise(scale: float) -> Tensor:
        return torch.randn(count, generator=generator) * scale

    inner = 1.0 / (1.0 + 2.0 * MARGIN)
    turn, shear = noise(spread * 1.5), noise(spread)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = inner * (1.0 + noise(spread))
    theta[:, 1, 1] = inner * (1.0 + noise(spread))
    theta[:, 0, 1], theta[:, 1, 0] = turn * inner, (shear - turn) * inner
    theta[:, :, 2] = torch.stack([noise(spread * 0.6), noise(spread * 0.6)], 1)
    if spread:
        flips = (torch.rand(count, 2, generator=generator) < 0.5).float() * 2.0 - 1.0
        theta[:, :, 0] *= flips[:, :1]
        theta[:, :, 1] *= flips[:, 1:]
    grid = functional.affine_grid(theta, [count, 1, SIDE, SIDE], align_corners=False)
    values = crops[:, None].float() / 255.0
    return functional.grid_sample(values, grid, align_corners=False)


def codec_loss(
    network: CodecNetwork, masks: Tensor, *, quantise: bool = True
) -> tuple[Tensor, Tensor]:
    """Reconstruction, soft Dice and commitment; also int64[N, 16], the codes that were used."""
    with half():
        features = network.features(masks * 2.0 - 1.0).float()
    codes = network.nearest(features.detach())
    rows = network.codebook[codes]
    quantised = features + (rows - features).detach() if quantise else features
    with half():
        picture = network.picture(quantised)
    logits = picture.float() * 4.0
    target = masks[:, 0]
    share = torch.sigmoid(logits)
    overlap = (share * target).flatten(1).sum(1)
    dice = 1.0 - (2.0 * overlap + 1.0) / ((share + target).flatten(1).sum(1) + 1.0)
    loss = functional.binary_cross_entropy_with_logits(logits, target) + dice.mean()
    if not quantise:
        return loss, codes
    pull = functional.mse_loss(rows, features.detach())
    commit = functional.mse_loss(features, rows.detach())
    return loss + pull + 0.25 * commit, codes


@torch.no_grad()
def restart_dead_codes(network: CodecNetwork, masks: Tensor, used: Tensor) -> int:
    """Move codes that were never used onto features of this batch; how many there were."""
    dead = torch.nonzero(used == 0)[:, 0]
    features = network.features(masks * 2.0 - 1.0).flatten(0, 1)
    chosen = features[torch.randperm(len(features))[: len(dead)]]
    network.codebook.data[dead[: len(chosen)]] = chosen
    return len(dead)


def measure_iou(codec: MaskCodec, masks: NDArray[np.bool_], rounds: int = 0) -> NDArray[np.float64]:
    """float64[N]: IoU of decode(encode(mask)) against the mask, within its box.

    With `rounds` the codes are sought as training.seek_codes does.
    """
    again = codec.decode(seek_codes(codec, masks, rounds)) > 0.0
    both = (again & masks).sum((1, 2))
    return np.asarray(both / np.maximum((again | masks).sum((1, 2)), 1))


def train_codec(config: BaseConfig, crops: Crops, report: Callable[[str], None]) -> CodecNetwork:
    """A codec trained for the configured minutes; progress goes to `report`."""
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    network = CodecNetwork(ENCODER_WIDTHS, DECODER_WIDTHS, EMBEDDING_WIDTH)
    # 1.2 ms a mask become 0.7.
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-4)
    data = torch.from_numpy(crops)
    used = torch.zeros(CODES, dtype=torch.int64, device=device())
    start, step, seconds = time.monotonic(), 0, config.codec_minutes * 60.0
    while (passed := time.monotonic() - start) < seconds:
        rate = 2e-3 * min(1.0, (step + 1) / 50) * max(1.0 - passed / seconds, 0.02)
        optimizer.param_groups[0]["lr"] = rate
        chosen = torch.randint(len(data), (BATCH,), generator=generator)
        masks = sample_boxes(data[chosen], generator, 0.12).to(device())
        loss, codes = codec_loss(network, masks, quantise=step >= WARM_STEPS)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        used += torch.bincount(codes.flatten(), minlength=CODES)
        step += 1
        if step == WARM_STEPS:
            restart_dead_codes(network, masks, torch.zeros(CODES))
            used.zero_()
        if step > WARM_STEPS and step % 100 == 0:
            dead = restart_dead_codes(network, masks, used) if passed < seconds * 0.7 else 0
            report(f"codec step {step} loss {float(loss.detach()):.3f} dead {dead} of {CODES}")
            used.zero_()
    return network.cpu()


def main(arguments: list[str]) -> int:
    """`training codec`: train the mask codec and print its IoU on val masks."""
    parser = argparse.ArgumentParser(prog="training codec", description=main.__doc__)
    add_config_arguments(parser)
    config = read_config(parser.parse_args(arguments))
    torch.set_num_threads(config.threads)
    try:
        records = read_checked(config.data, config.licences)
    except ConfigError as error:
        raise SystemExit(f"training: {error}") from error
    labels = anatomy_labels(config.data / "segmentation")
    train, _ = collect_crops([one for one in records if one.split == TRAIN], labels)
    val, names = collect_crops([one for one in records if one.split == VAL], labels)
    network = train_codec(config, train, _say)
    config.out.mkdir(parents=True, exist_ok=True)
    path = config.out / "mask_codec.npz"
    _write(path, network)
    exact = sample_boxes(torch.from_numpy(val), torch.Generator(), 0.0)[:, 0].numpy() > 0.5
    for codes, rounds in (("nearest", 0), ("sought", ROUNDS)):
        iou = measure_iou(MaskCodec.load(path), exact, rounds)
        worst = worst_structures(iou, names)
        mean = sum(worst.values()) / max(len(worst), 1)
        _say(
            f"{codes} codes: {len(iou)} val masks, mean IoU {iou.mean():.4f}, worst ten {mean:.4f}"
        )
        _say("worst: " + ", ".join(f"{name} {value:.2f}" for name, value in worst.items()))
    return 0


def worst_structures(iou: NDArray[np.float64], names: Sequence[str]) -> dict[str, float]:
    """The ten structures whose masks the codec draws worst, with their mean IoU, worst first."""
    means = {name: float(iou[[one == name for one in names]].mean()) for name in set(names)}
    return dict(sorted(means.items(), key=lambda pair: pair[1])[:10])


def _write(path: Path, network: CodecNetwork) -> None:
    arrays = {name: value.astype(np.float16) for name, value in to_arrays(network).items()}
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    temporary.rename(path)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - progress of a command


if __name__ == "__main__":
    raise SystemExit(main([]))
