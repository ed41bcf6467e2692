"""Stage two of the base: PaliGemma as a whole on examples, starting from the dense knowledge."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.mask_codec import MaskCodec
from training.average import WeightAverage
from training.base_model import set_code_rows, tower_of
from training.config import BaseConfig, ConfigError
from training.dense import DenseHeads, dense_losses, make_dense_batch
from training.dense_stage import make_heads, vision_parameters
from training.device import device, half
from training.examples import ExampleMaker
from training.joint import (
    Targets,
    code_table,
    image_features,
    place_table,
    point_names_at_patches,
    row_states,
    token_losses,
)
from training.loop_state import Clock, load_state, rate_at, resume, save_state, state_of
from training.measure_base import Measured, measure_regions
from training.optimizers import Optimizers, make_optimizers
from training.parallel import join_team
from training.prepare import Prepared
from training.records import TRAIN
from training.rows import Rows, Vocabulary, make_rows

SIGMAS = (6.0, 3.0)
"""Spread of the soft places in bins, at the start and at the end."""
DENSE_SHARE = 1.0
ROW_PARTS = 3
EMBED_RATE_SHARE = 0.3
MEASURE_SECONDS = 600.0
NAME_GAIN = 0.7


@dataclass(frozen=True)
class JointRun:
    """What a joint run works on; its state lies in `folder` as joint.pt."""

    config: BaseConfig
    prepared: Prepared
    model: Any
    vocabulary: Vocabulary
    folder: Path
    report: Callable[[str], None]


def train_joint(run: JointRun) -> None:
    """Train for the configured minutes; starts from dense.pt, resumes from joint.pt."""
    config = run.config
    torch.manual_seed(config.seed)
    heads = make_heads(config, run.prepared)
    path = run.folder / "mask_codec.npz"
    codec = MaskCodec.load(path).network.requires_grad_(False).to(device())
    codebook = codec.codebook.detach()
    state = load_state(run.folder / "joint.pt")
    if state is None:
        start_from_dense(run, heads, codebook)
    # The first convolution's gradient is a tenth of a step on a CPU; the dense stage has taught it.
    if device().type == "cpu":
        _patches(run.model).requires_grad_(False)
    optimizers = _optimizers(run, heads)
    average = WeightAverage(run.model)
    kept = {"model": run.model, "average": average, "heads": heads, "optimizers": optimizers}
    step, passed = resume(state, kept)
    team = join_team()
    maker = ExampleMaker(run.prepared, TRAIN, config.seed + step + 7919 * team.rank)
    measured = Measured(run.model, run.vocabulary, run.prepared, MaskCodec.load(path))
    clock = Clock(config.joint_minutes * 60.0, passed, config.checkpoint_seconds)
    last_measured = clock.passed
    taught = [*run.model.parameters(), *heads.parameters()]
    while (share := team.agree(clock.share)) < 1.0:
        optimizers.set_rate(rate_at(share, step))
        sigma = SIGMAS[0] + (SIGMAS[1] - SIGMAS[0]) * share
        targets = Targets(place_table(sigma).to(device()), code_table(codebook), codec)
        losses = _one_step(run, heads, maker, targets)
        team.average_gradients(taught)
        norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), 2.0)
        optimizers.step()
        step += 1
        if not team.leads:
            continue
        average.update(step)
        if step % 20 == 0:
            parts = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
            run.report(f"joint {clock.passed:.0f}s step {step} {parts} norm {float(norm):.2f}")
        if not all(map(math.isfinite, losses.values())):
            raise FloatingPointError(f"the joint loss is not finite at step {step}")
        if clock.is_due():
            save_state(run.folder / "joint.pt", state_of(kept, step, clock))
        if clock.passed - last_measured > MEASURE_SECONDS:
            last_measured = clock.passed
            with average.in_place():
                _report_figures(run, measured, f"{clock.passed:.0f}s step {step}")
    if team.leads:
        save_state(run.folder / "joint.pt", state_of(kept, step, clock))


def start_from_dense(run: JointRun, heads: DenseHeads, codebook: Tensor) -> None:
    """Load the dense stage's tower and heads; a fresh language side begins with its vectors.

    Raises:
        ConfigError: there is no dense.pt.
    """
    state = load_state(run.folder / "dense.pt")
    if state is None:
        raise ConfigError(f"{run.folder / 'dense.pt'}: run the dense stage first")
    run.model.load_state_dict(state["model"])
    heads.load_state_dict(state["heads"])
    if run.config.start_from:
        return
    name_ids = [run.vocabulary.name_ids[name] for name in run.prepared.names]
    point_names_at_patches(run.model, heads.vectors.detach(), name_ids, NAME_GAIN)
    set_code_rows(run.model, run.vocabulary.first_seg, codebook)


def _patches(model: Any) -> torch.nn.Module:
    patches: torch.nn.Module = tower_of(model).embeddings.patch_embedding
    return patches


def _optimizers(run: JointRun, heads: DenseHeads) -> Optimizers:
    rate = run.config.joint_rate
    named = [*vision_parameters(run.model), *heads.named_parameters()]
    tower = [pair for pair in named if pair[1].requires_grad]
    named = list(run.model.model.language_model.named_parameters())
    embeddings = [pair for pair in named if "embed" in pair[0]]
    layers = [pair for pair in named if "embed" not in pair[0]]
    return make_optimizers(
        [
            (tower, rate * run.config.tower_rate_share),
            (layers, rate),
            (embeddings, rate * EMBED_RATE_SHARE),
        ]
    )


def _one_step(
    run: JointRun, heads: DenseHeads, maker: ExampleMaker, targets: Targets
) -> dict[str, float]:
    config = run.config
    drawn = maker.sampler.draw(config.joint_batch)
    examples = [
        (picture, one)
        for picture, seen in enumerate(drawn)
        for one in maker.draw(seen, config.rows_per_picture)
    ]
    parts = make_rows(run.vocabulary, examples, ROW_PARTS)
    batch = make_dense_batch(drawn)
    with half():
        features = image_features(run.model, batch.pixels)
    losses = _language_losses(run, parts, features, targets)
    with half():
        dense = torch.stack(list(dense_losses(heads, features, batch).values())).sum()
    losses["dense"] = DENSE_SHARE * dense
    total = torch.stack(list(losses.values())).sum()
    total.backward()  # type: ignore[no-untyped-call]
    return {name: float(value.detach()) for name, value in losses.items()}


def _language_losses(
    run: JointRun, parts: list[Rows], features: Tensor, targets: Targets
) -> dict[str, Tensor]:
    sums: dict[str, Tensor] = {}
    tokens = 0
    for rows in parts:
        with half():
            states, labels = row_states(run.model, rows, features)
            found = token_losses(run.model, run.vocabulary, states, labels, targets)
        tokens += len(labels)
        for name, value in found.items():
            sums[name] = sums[name] + value if name in sums else value
    return {name: value / tokens for name, value in sums.items()}


def _report_figures(run: JointRun, measured: Measured, when: str) -> None:
    run.model.eval()
    figures = measure_regions(measured, run.config.measure_objects)
    run.model.train()
    parts = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
    run.report(f"joint val {when} {parts}")
