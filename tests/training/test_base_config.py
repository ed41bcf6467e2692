"""Settings of the base: files, overrides, refusals."""

from pathlib import Path

import pytest

from training.config import BaseConfig, ConfigError, as_plain, load_config

CONFIGS = Path(__file__).parents[2] / "training" / "configs"


@pytest.mark.parametrize("name", ["compact.yaml", "compact-smoke.yaml"])
def test_shipped_configurations_load(name: str) -> None:
    config = load_config(CONFIGS / name, {})
    assert config.image_size % config.patch_size == 0
    assert config.text_width % config.heads == 0


def test_overrides_win_over_the_file() -> None:
    config = load_config(CONFIGS / "compact.yaml", {"copies": "2", "data": "packs"})
    assert config.copies == 2
    assert config.data == Path("packs")


def test_an_unknown_key_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 2\ncopys: 3\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:2: unknown key 'copys'"):
        load_config(path, {})


def test_a_value_of_the_wrong_type_is_named() -> None:
    with pytest.raises(ConfigError, match="heads is 'three', not int"):
        load_config(None, {"heads": "three"})


def test_a_file_without_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n")
    with pytest.raises(ConfigError, match="no mapping"):
        load_config(path, {})


def test_settings_are_written_as_plain_values() -> None:
    plain = as_plain(BaseConfig())
    assert plain["out"] == "model/compact"
    assert set(map(type, plain.values())) <= {str, int, float, tuple}
