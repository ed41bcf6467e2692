"""The stage before the dense one: the tower learns to paint hidden patches of bare pictures."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.base_model import tower_of
from training.config import BaseConfig, ConfigError
from training.device import device
from training.loop_state import Clock, load_state, rate_at, resume, save_state, state_of
from training.masked import PatchDecoder, draw_order, make_decoder, masked_loss
from training.masked_pictures import BareShelf, bare_pictures
from training.optimizers import make_optimizers
from training.parallel import join_team

MEASURE_SECONDS = 180.0
MEASURED = 128
"""Val pictures whose hidden patches are painted at each look."""


@dataclass(frozen=True)
class MaskedRun:
    """What a masked run works on: settings, model, and where its state lies."""

    config: BaseConfig
    model: Any
    path: Path
    report: Callable[[str], None]


def learn_to_paint(run: MaskedRun) -> PatchDecoder:
    """Train the tower under a decoder for the configured minutes; resumes from its state.

    Raises:
        ConfigError: as bare_pictures; the share of hidden patches is not between 0 and 1.
    """
    config, model = run.config, run.model
    if not 0.0 < config.masked_ratio < 1.0:
        raise ConfigError(f"masked_ratio is {config.masked_ratio}, not between 0 and 1")
    taught, measured = bare_pictures(config)
    torch.manual_seed(config.seed)
    decoder = make_decoder(config)
    named = [*tower_of(model).named_parameters(), *decoder.named_parameters()]
    optimizers = make_optimizers([(named, config.masked_rate)])
    kept = {"model": model, "decoder": decoder, "optimizers": optimizers}
    step, passed = resume(load_state(run.path), kept)
    team = join_team()
    seed = config.seed + step + 7919 * team.rank
    shelf = BareShelf(taught, config.image_size, seed)
    run.report(f"masked {len(taught)} train pictures, {config.masked_ratio:.0%} of each hidden")
    chance = torch.Generator().manual_seed(seed)
    clock = Clock(config.masked_minutes * 60.0, passed, config.checkpoint_seconds)
    look = _Look(run, decoder, BareShelf(measured, config.image_size, 0))
    last, began = clock.passed, (time.monotonic(), step)
    while (share := team.agree(clock.share)) < 1.0:
        optimizers.set_rate(rate_at(share, step))
        loss = _one_step(run, decoder, shelf, chance)
        team.average_gradients([one for _, one in named])
        torch.nn.utils.clip_grad_norm_([one for _, one in named], 1.0)
        optimizers.step()
        step += 1
        if not team.leads:
            continue
        if not math.isfinite(loss):
            raise FloatingPointError(f"the masked loss is not finite at step {step}")
        if step % 50 == 0:
            pace = (time.monotonic() - began[0]) / (step - began[1])
            run.report(f"masked {clock.passed:.0f}s step {step} loss {loss:.3f} {pace:.2f}s a step")
        if clock.is_due():
            save_state(run.path, state_of(kept, step, clock))
        if clock.passed - last > MEASURE_SECONDS:
            last = clock.passed
            look.report(step)
    if team.leads:
        save_state(run.path, state_of(kept, step, clock))
        look.report(step)
    return decoder


def start_from_masked(model: Any, folder: Path) -> None:
    """Put the masked stage's tower into a model.

    Raises:
        ConfigError: there is no masked.pt.
    """
    state = load_state(folder / "masked.pt")
    if state is None:
        raise ConfigError(f"{folder / 'masked.pt'}: run the masked stage first")
    model.load_state_dict(state["model"])


@dataclass(frozen=True)
class _Look:
    run: MaskedRun
    decoder: PatchDecoder
    shelf: BareShelf

    @torch.inference_mode()
    def report(self, step: int) -> None:
        """Say the loss on val pictures, always with the same patches hidden."""
        if not self.shelf.pictures:
            return
        pixels, config = self.shelf.look(MEASURED).to(device()), self.run.config
        places = (config.image_size // config.patch_size) ** 2
        order = draw_order(len(pixels), places, torch.Generator().manual_seed(0)).to(device())
        loss = masked_loss(self.run.model, self.decoder, pixels, order, config.masked_ratio)
        self.run.report(f"masked val step {step} loss {float(loss):.3f}")


def _one_step(
    run: MaskedRun, decoder: PatchDecoder, shelf: BareShelf, chance: torch.Generator
) -> float:
    config = run.config
    pixels = shelf.draw(config.masked_batch).to(device())
    places = (config.image_size // config.patch_size) ** 2
    order = draw_order(len(pixels), places, chance).to(device())
    loss = masked_loss(run.model, decoder, pixels, order, config.masked_ratio)
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())
