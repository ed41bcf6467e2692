"""Stage one of the base: the vision tower learns where structures are, through dense heads."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from model.cell_head import load_cell_head
from training.config import BaseConfig
from training.dense import DenseHeads, class_weights, dense_losses, make_dense_batch, measure_dense
from training.device import device, half
from training.loop_state import Clock, load_state, rate_at, resume, save_state, state_of
from training.masked_stage import start_from_masked
from training.optimizers import make_optimizers
from training.parallel import join_team
from training.prepare import Prepared
from training.records import TRAIN, VAL
from training.rows import Vocabulary
from training.sampling import PictureSampler

MEASURE_SECONDS = 180.0


@dataclass(frozen=True)
class DenseRun:
    """What a dense run works on: settings, data, model, and where its state lies."""

    config: BaseConfig
    prepared: Prepared
    model: Any
    vocabulary: Vocabulary
    path: Path
    report: Callable[[str], None]


def vision_parameters(model: Any) -> list[tuple[str, torch.nn.Parameter]]:
    """Names and parameters of vision tower and projector."""
    modules = (model.model.vision_tower, model.model.multi_modal_projector)
    return [pair for module in modules for pair in module.named_parameters()]


def make_heads(config: BaseConfig, prepared: Prepared) -> DenseHeads:
    """Fresh dense heads with class weights of the train copies."""
    weights = class_weights(prepared.copies[TRAIN].cells, len(prepared.names))
    return DenseHeads(config.text_width, len(prepared.names), weights).to(device())


def warm_up(run: DenseRun) -> DenseHeads:
    """Train tower, projector and heads for the configured minutes; resumes from its state."""
    config, model = run.config, run.model
    torch.manual_seed(config.seed)
    heads = make_heads(config, run.prepared)
    if config.masked_minutes > 0:
        start_from_masked(model, run.path.parent)
    if config.start_from:
        start_heads(heads, run)
    named = [*vision_parameters(model), *heads.named_parameters()]
    optimizers = make_optimizers([(named, config.dense_rate)])
    kept = {"model": model, "heads": heads, "optimizers": optimizers}
    step, passed = resume(load_state(run.path), kept)
    team = join_team()
    sampler = PictureSampler(run.prepared, TRAIN, config.seed + step + 7919 * team.rank)
    clock = Clock(config.dense_minutes * 60.0, passed, config.checkpoint_seconds)
    measured = clock.passed
    while (share := team.agree(clock.share)) < 1.0:
        optimizers.set_rate(rate_at(share, step))
        losses = _one_step(model, heads, sampler, config.dense_batch)
        team.average_gradients([one for _, one in named])
        torch.nn.utils.clip_grad_norm_([one for _, one in named], 1.0)
        optimizers.step()
        step += 1
        if not team.leads:
            continue
        if step % 25 == 0:
            parts = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
            run.report(f"dense {clock.passed:.0f}s step {step} {parts}")
        if not all(map(math.isfinite, losses.values())):
            raise FloatingPointError(f"the dense loss is not finite at step {step}")
        if clock.is_due():
            save_state(run.path, state_of(kept, step, clock))
        if clock.passed - measured > MEASURE_SECONDS:
            measured = clock.passed
            _report_figures(run, heads, f"{clock.passed:.0f}s step {step}")
    if team.leads:
        save_state(run.path, state_of(kept, step, clock))
        _report_figures(run, heads, f"at the end, step {step}")
    return heads


def start_heads(heads: DenseHeads, run: DenseRun) -> None:
    """Begin with the cell head of the folder to start from, or with its name embeddings."""
    known = load_cell_head(Path(run.config.start_from), run.config.text_width, "cpu")
    if known is not None and known.names == tuple(run.prepared.names):
        heads.load_state_dict(known.head.state_dict(), strict=False)
    else:
        point_classes_at_names(heads, run)


@torch.no_grad()
def point_classes_at_names(heads: DenseHeads, run: DenseRun) -> None:
    """Start the class vectors from name embeddings, which began as class vectors themselves."""
    names = [run.vocabulary.name_ids[name] for name in run.prepared.names]
    rows = run.model.get_input_embeddings().weight[names]
    classes = rows - rows.mean(0)
    scale = heads.vectors.std() / classes.std(1, keepdim=True).clamp_min(1e-6)
    heads.vectors[1:] = classes * scale


def _report_figures(run: DenseRun, heads: DenseHeads, when: str) -> None:
    figures = measure_dense(run.model, heads, PictureSampler(run.prepared, VAL, 0))
    parts = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
    run.report(f"dense val {when} {parts}")


def _one_step(
    model: Any, heads: DenseHeads, sampler: PictureSampler, size: int
) -> dict[str, float]:
    batch = make_dense_batch(sampler.draw(size))
    with half():
        features = model.model.get_image_features(batch.pixels).pooler_output
        losses = dense_losses(heads, features, batch)
    total = torch.stack(list(losses.values())).sum()
    total.backward()  # type: ignore[no-untyped-call]
    return {name: float(value.detach()) for name, value in losses.items()}
