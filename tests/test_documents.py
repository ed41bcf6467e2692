"""What the documents say, held against the code."""

import re
import tomllib
from pathlib import Path

from app.guardrail.check import Guard
from app.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_lists_every_setting_and_no_other() -> None:
    listed = set(re.findall(rf"^\| `({PREFIX}[A-Z_]+)`", README, flags=re.M))
    assert listed == {PREFIX + name.upper() for name in Settings.model_fields}


def test_readme_states_the_default_of_each_setting() -> None:
    for name, field in Settings.model_fields.items():
        row = next(
            line for line in README.splitlines() if line.startswith(f"| `{PREFIX}{name.upper()}`")
        )
        if isinstance(field.default, bool):
            assert f"| {int(field.default)} |" in row, name
        elif isinstance(field.default, int | float):
            assert f"| {field.default} |" in row, name


def test_version_is_the_first_heading_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = re.search(r"^## (\S+) - \d{4}-\d{2}-\d{2}$", changelog, flags=re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert heading is not None
    assert heading.group(1) == project["version"]


def test_every_dependency_has_its_line_in_the_decisions() -> None:
    decisions = (ROOT / "DECISIONS.md").read_text(encoding="utf-8").casefold()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for group in project["optional-dependencies"].values():
        wanted += group
    names = [re.split(r"[\[=<>]", line)[0].casefold() for line in wanted]
    assert [name for name in names if name not in decisions] == []


def test_readme_and_guard_speak_of_one_purpose() -> None:
    said = " ".join(README.replace("\n> ", " ").split())
    assert Guard.load().fixed("intended_purpose", "en") in said


def test_make_commands_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z]+)`", README)):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target
