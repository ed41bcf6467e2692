"""The masked stage: what is hidden stays hidden, which pictures it sees, resuming after a kill."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.drawn_medpix import make_medpix
from tests.training.test_base_pipeline import draw_pack, run
from training.base_card import UNLABELLED, write_card
from training.base_folder import saw_medpix
from training.base_model import make_model, tower_of
from training.config import BaseConfig, ConfigError
from training.loop_state import load_state
from training.masked import (
    FLOOR,
    draw_order,
    make_decoder,
    masked_loss,
    patch_targets,
    visible_count,
    visible_states,
)
from training.masked_pictures import Bare, BareShelf, bare_pictures

pytestmark = pytest.mark.torch
CONFIG = BaseConfig(
    image_size=32, vision_width=24, vision_layers=2, text_width=24, text_layers=1, patch_size=8
)


def tiny() -> Any:
    """A model that sees 16 patches of 8 pixels."""
    return make_model(CONFIG, 1500)


def pictures(count: int) -> torch.Tensor:
    """float32[count, 3, 32, 32]: stripes, each picture with its own."""
    across = torch.linspace(-1.0, 1.0, 32).expand(32, 32)
    waves = [torch.sin(across * (3.0 + 2.0 * one) + one) for one in range(count)]
    return torch.stack(waves)[:, None].expand(-1, 3, -1, -1)


def test_what_is_hidden_never_reaches_the_tower() -> None:
    model, pixels = tiny(), pictures(1)
    order = draw_order(1, 16, torch.Generator().manual_seed(0))
    shown = order[:, :4]
    place = int(order[0, 9])
    row, column = place // 4 * 8, place % 4 * 8
    changed = pixels.clone()
    changed[..., row : row + 8, column : column + 8] = 1.0
    assert torch.equal(visible_states(model, pixels, shown), visible_states(model, changed, shown))
    seen = int(shown[0, 0])
    changed[..., seen // 4 * 8, seen % 4 * 8] += 1.0
    assert not torch.equal(
        visible_states(model, pixels, shown), visible_states(model, changed, shown)
    )


def test_all_patches_in_their_order_give_what_the_tower_gives() -> None:
    model, pixels = tiny().eval(), pictures(2)
    order = torch.arange(16).expand(2, -1)
    whole = tower_of(model)(pixels).last_hidden_state
    torch.testing.assert_close(visible_states(model, pixels, order), whole)


def test_targets_are_normalised_by_patch_and_an_even_one_is_zero() -> None:
    pixels = torch.zeros(1, 3, 16, 16)
    pixels[..., :8, 8:] = torch.linspace(-1.0, 1.0, 8)
    pixels[..., 8:, :8] = 0.01 * torch.tensor([1.0, -1.0] * 4)
    found = patch_targets(pixels, 8)
    assert found.shape == (1, 4, 64)
    assert found[0, 0].abs().max() == 0.0
    assert float(found[0, 1].mean()) == pytest.approx(0.0, abs=1e-6)
    assert float(found[0, 1].square().mean()) == pytest.approx(1.0, abs=0.02)
    assert float(found[0, 2].abs().max()) == pytest.approx(0.01 / (0.01**2 + FLOOR**2) ** 0.5)


@pytest.mark.parametrize(("ratio", "count"), [(0.75, 25), (0.5, 50), (0.001, 99), (0.999, 1)])
def test_the_ratio_says_how_many_patches_are_seen(ratio: float, count: int) -> None:
    assert visible_count(100, ratio) == count


def test_the_loss_falls_far_below_a_flat_grey() -> None:
    torch.manual_seed(0)
    model, decoder, pixels = tiny(), make_decoder(CONFIG), pictures(4)
    taught = [*tower_of(model).parameters(), *decoder.parameters()]
    solver = torch.optim.AdamW(taught, lr=3e-3)
    chance = torch.Generator().manual_seed(0)
    slower = torch.optim.lr_scheduler.LinearLR(solver, 1.0, 0.02, total_iters=200)
    losses = []
    for _ in range(200):
        loss = masked_loss(model, decoder, pixels, draw_order(4, 16, chance), 0.5)
        loss.backward()  # type: ignore[no-untyped-call]
        solver.step()
        slower.step()
        solver.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[0] > 0.9
    assert sum(losses[-20:]) / 20 < 0.3


def test_crops_repeat_by_seed_and_marks_are_blackened(tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    Image.fromarray(np.full((300, 400), 255, dtype=np.uint8)).save(path)
    first = BareShelf([Bare(path, has_marks=True)], 32, 5)
    again = BareShelf([Bare(path, has_marks=True)], 32, 5)
    drawn = first.draw(6)
    assert drawn.shape == (6, 3, 32, 32)
    assert torch.equal(drawn, again.draw(6))
    assert not torch.equal(drawn[0], drawn[1])
    whole = first.look(1)
    assert float(whole[0, 0, -1, 0]) < 0.0 < float(whole[0, 0, 16, 4])
    assert float(whole[0, 0, 0, -1]) == -1.0
    assert float(BareShelf([Bare(path, has_marks=False)], 32, 5).look(1).min()) == 1.0


def make_data(tmp_path: Path) -> Path:
    """The drawn packs, MedPix among them."""
    draw_pack(tmp_path / "data")
    make_medpix(tmp_path / "data" / "medpix2", train=12, dev=4)
    return tmp_path / "data"


def test_train_pictures_of_every_pack_are_seen_and_no_measured_one(tmp_path: Path) -> None:
    taught, measured = bare_pictures(BaseConfig(data=make_data(tmp_path)))
    of_medpix = [one for one in taught if one.has_marks]
    assert len(taught) == 6 + 12
    assert len(of_medpix) == 12
    assert all(int(one.image.stem.split("synpic")[1]) < 1000 for one in of_medpix)
    assert [one.image.stem for one in measured] == ["6", "7"]


def test_a_picture_of_dev_saved_again_among_train_is_refused(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    images = data / "medpix2" / "images"
    shutil.copyfile(images / "MPX1001_synpic1001.jpg", images / "MPX0003_synpic3.jpg")
    with pytest.raises(ConfigError, match=r"MPX1001_synpic1001\.jpg shows the same picture"):
        bare_pictures(BaseConfig(data=data))


@pytest.mark.timeout(600)
def test_the_stage_goes_on_from_its_checkpoint_and_the_dense_stage_from_it(tmp_path: Path) -> None:
    make_data(tmp_path)
    for command in (["codec"], ["tokenizer"], ["prepare"]):
        run(tmp_path, *command)
    with pytest.raises(SystemExit, match="run the masked stage first"):
        run(tmp_path, "base", "--stage", "dense", masked_minutes="0.02")
    run(tmp_path, "base", "--stage", "masked", masked_minutes="0.02", masked_batch="4")
    first = load_state(tmp_path / "out" / "masked.pt")
    assert first is not None
    more = str(first["passed"] / 60 + 0.03)  # a slow first step may have used any time up
    run(tmp_path, "base", "--stage", "masked", masked_minutes=more, masked_batch="4")
    second = load_state(tmp_path / "out" / "masked.pt")
    assert second is not None
    assert second["step"] > first["step"] > 0
    name = next(one for one in second["model"] if one.endswith("post_layernorm.bias"))
    assert second["model"][name].abs().max() > 0.0
    # At a rate of nothing the dense stage ends where it began: at the masked stage's tower.
    run(tmp_path, "base", "--stage", "dense", masked_minutes="0.02", dense_rate="0.0")
    dense = load_state(tmp_path / "out" / "dense.pt")
    assert dense is not None
    assert torch.equal(dense["model"][name], second["model"][name])


@pytest.mark.parametrize("before", [[], ["liver pack"], [UNLABELLED]])
def test_a_base_says_whether_it_ever_saw_medpix(tmp_path: Path, before: list[str]) -> None:
    data, start = make_data(tmp_path), tmp_path / "start"
    start.mkdir()
    sources = [{"name": name, "licence": "own"} for name in before]
    (start / "manifest.json").write_text(json.dumps({"data": sources}))
    found = {"parameters": 1, "image_size": 32, "metrics": {}, "structures": []}
    write_card(tmp_path / "card.md", found | {"not_yet_reliable": [], "data": sources})
    card = (tmp_path / "card.md").read_text()
    saw = UNLABELLED in before
    assert ("MedPix pictures and labels were not used" in card) != saw
    assert ("without labels." in card) == saw
    assert saw_medpix(BaseConfig(data=data, start_from=str(start))) == saw
    assert saw_medpix(BaseConfig(data=data, masked_minutes=1.0))
    assert not saw_medpix(BaseConfig(data=data))


def test_without_minutes_there_is_no_masked_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_data(tmp_path)
    run(tmp_path, "base", "--stage", "masked")
    assert "masked: left out" in capsys.readouterr().out
    assert not (tmp_path / "out" / "masked.pt").exists()


def test_a_ratio_that_hides_all_is_refused(tmp_path: Path) -> None:
    make_data(tmp_path)
    run(tmp_path, "tokenizer")
    with pytest.raises(SystemExit, match=r"masked_ratio is 1\.0, not between 0 and 1"):
        run(tmp_path, "base", "--stage", "masked", masked_minutes="0.02", masked_ratio="1.0")
