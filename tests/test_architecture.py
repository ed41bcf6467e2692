"""The law of the house: which way arrows point, how long files and functions may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "model", "training")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
FORBIDDEN = {
    "app": {"training", "torch", "transformers", "peft", "bitsandbytes", "accelerate"},
    "model": {"app", "training", "fastapi", "sqlalchemy", "pydantic_settings"},
    "training": {"app", "fastapi", "sqlalchemy"},
}
PURE = ("app/intake", "app/anatomy", "app/guardrail", "app/report", "app/references")
PURE_FILES = ("app/analysis/overlay.py", "app/analysis/plausibility.py")
GENERIC = {"utils", "helpers", "common", "misc", "service", "manager", "views", "models"}
SQL_WORDS = {"select", "insert", "update", "delete", "text"}


def files_of(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports_of(path: Path) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} uses a relative import"
            yield node.module or "", node.lineno, tuple(alias.name for alias in node.names)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_point_one_way(package: str) -> None:
    against = [
        f"{short(path)}:{line} imports {name}"
        for path in files_of(package)
        for name, line, _ in imports_of(path)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert against == []


def test_pure_features_know_neither_web_nor_database() -> None:
    paths = files_of(*PURE) + [ROOT / name for name in PURE_FILES]
    against = [
        f"{short(path)}:{line} imports {name}"
        for path in paths
        for name, line, _ in imports_of(path)
        if name.split(".")[0] in ("fastapi", "sqlalchemy", "starlette")
        or name.startswith(("app.storage", "app.web", "app.deps"))
    ]
    assert against == []


def test_sql_stands_under_storage_only() -> None:
    against = [
        f"{short(path)}:{line}"
        for path in files_of("app")
        if "storage" not in path.parts
        for name, line, names in imports_of(path)
        if name == "sqlalchemy" and SQL_WORDS & set(names)
    ]
    assert against == []


def test_files_stay_short_and_have_honest_names() -> None:
    paths = [*files_of(*PACKAGES), *files_of("tests")]
    too_long = [
        short(path)
        for path in paths
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_FILE_LINES
    ]
    generic = [short(path) for path in paths if path.stem in GENERIC]
    assert too_long == []
    assert generic == []


def test_functions_fit_a_screen() -> None:
    too_long = [
        f"{short(path)}:{node.lineno} {node.name}"
        for path in files_of(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert too_long == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        short(path)
        for path in files_of(*PACKAGES)
        if "versions" not in path.parts
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_a_broken_arrow_would_be_caught(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from torch import nn\n    return nn\n")
    assert [name for name, _, _ in imports_of(bad)] == ["torch"]
