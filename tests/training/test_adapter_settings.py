"""Settings, packs and rows of adapter training: mistakes stop a run before it begins."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.drawn_medpix import make_medpix
from training.adapter_config import AdapterConfig, as_plain, load_settings
from training.adapter_rows import Row, Taught, draw_rows, hold_out, rows_of, taught_pictures
from training.config import ConfigError
from training.medpix_pictures import MedPixError, read_medpix, refuse_shared_cases

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["medpix", "medpix-rare"])
def test_the_recipes_are_valid(name: str) -> None:
    settings = load_settings(ROOT / "training" / "configs" / f"{name}.yaml", {"seed": "7"})
    assert settings.seed == 7
    assert settings.targets == "language+vision"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ranks: 8", "ranks"),
        ("rank: none", "rank"),
        ("quantize: nf5", "quantize"),
        ("targets: q_proj", "targets"),
        ("shares: {history: 1.0}", "shares"),
        ("- rank", "no mapping"),
    ],
)
def test_a_mistake_in_the_settings_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=named) as caught:
        load_settings(path, {})
    assert str(path) in str(caught.value)


def test_settings_are_written_down_without_folders_of_this_machine(tmp_path: Path) -> None:
    plain = json.dumps(as_plain(AdapterConfig(base=tmp_path, medpix=tmp_path, out=tmp_path)))
    assert str(tmp_path) not in plain


def test_rows_say_what_the_picture_shows_and_nothing_of_the_person(tmp_path: Path) -> None:
    pictures = read_medpix(make_medpix(tmp_path / "medpix2", train=8), "train")
    rows = {row.task: row.suffix for row in rows_of(pictures[0])}
    assert rows == {
        "modality": "CT",
        "plane": "axial",
        "region": "head",
        "caption": "Axial picture of a bright spot.",
        "condition": "bright spot",
    }
    assert all("41" not in row.suffix and "man" not in row.suffix for row in rows_of(pictures[1]))


def test_a_case_in_two_splits_is_refused(tmp_path: Path) -> None:
    folder = make_medpix(tmp_path / "medpix2", train=8)
    taught = read_medpix(folder, "train")
    refuse_shared_cases(taught, read_medpix(folder, "dev"))
    with pytest.raises(MedPixError, match="both splits"):
        refuse_shared_cases(taught, taught[:1])


def test_a_missing_picture_is_named_with_file_and_line(tmp_path: Path) -> None:
    folder = make_medpix(tmp_path / "medpix2", train=8)
    (folder / "images" / "MPX0002_synpic2.jpg").unlink()
    with pytest.raises(MedPixError, match=r"descriptions_train\.jsonl:3: .*MPX0002"):
        read_medpix(folder, "train")


def test_a_picture_that_comes_twice_is_refused(tmp_path: Path) -> None:
    folder = make_medpix(tmp_path / "medpix2", train=2)
    path = folder / "descriptions_train.jsonl"
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(MedPixError, match="comes twice"):
        read_medpix(folder, "train")


def test_holding_out_divides_cases_and_not_pictures() -> None:
    pictures = [
        Taught(Path(f"{n}.jpg"), f"case{n // 4}", (Row("plane", "p", "s"),)) for n in range(40)
    ]
    taught, held = hold_out(pictures, 0.2, seed=1)
    assert len(held) == 8
    assert not {one.case for one in taught} & {one.case for one in held}
    assert hold_out(pictures, 0.2, seed=1) == (taught, held)


def test_each_task_is_asked_with_its_chance_and_one_always(tmp_path: Path) -> None:
    pictures = taught_pictures(read_medpix(make_medpix(tmp_path / "medpix2", train=2), "train"))
    generator = np.random.default_rng(0)
    shares = {"modality": 0.5, "plane": 1.0, "region": 0.0, "caption": 0.0, "condition": 0.0}
    drawn = [draw_rows(pictures[0].rows, shares, generator) for _ in range(400)]
    counts = {task: sum(row.task == task for rows in drawn for row in rows) for task in shares}
    assert counts["plane"] == 400
    assert 160 < counts["modality"] < 240
    assert counts["region"] == counts["caption"] == 0
    nothing = dict.fromkeys(shares, 0.0)
    assert len(draw_rows(pictures[0].rows, nothing, generator)) == 1
