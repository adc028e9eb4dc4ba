"""The public names: each resolves, the lists agree, and importing them costs nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import framework

HEAVY = ("numpy", "pandas", "matplotlib", "talib", "arch", "exchange_calendars", "pydantic")
ROOT = Path(framework.__file__).parents[1]


@pytest.mark.parametrize("name", framework.__all__)
def test_every_name_resolves_to_what_its_module_exports(name: str) -> None:
    home = sys.modules[framework.HOME[name]] if getattr(framework, name) is not None else None
    assert home is not None
    assert getattr(framework, name) is getattr(home, name)
    assert name in home.__all__


def test_the_list_is_sorted_and_equals_the_table() -> None:
    assert framework.__all__ == sorted(framework.HOME)
    assert list(framework.HOME) == sorted(framework.HOME)
    assert dir(framework) == framework.__all__


def test_the_names_type_checkers_see_are_the_same() -> None:
    import ast

    tree = ast.parse(Path(framework.__file__).read_text("utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in blocks[0].body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert seen == framework.HOME


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'SmaCros'"):
        framework.SmaCros  # type: ignore[attr-defined]


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert framework.__version__ == project["version"]


@pytest.mark.parametrize(
    "code",
    ["import framework", "from framework.cli import main\ntry: main(['run', '--help'])\nexcept "
     "SystemExit: pass"],
)  # fmt: skip
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    heavy = HEAVY if code == "import framework" else HEAVY[:-1]
    check = f"{code}\nimport sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
