"""The walls of the house: imports point down, files stay small, nothing reads the clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "framework"
FILES = sorted(PACKAGE.rglob("*.py"))
STRATEGIES = sorted((ROOT / "strategies").glob("*.py"))

LEVELS: list[set[str]] = [
    {"compiled", "errors", "names"},
    {"domain"},
    {"hedge_ports", "ports"},
    {"calendar"},
    {"axis", "comparisons"},
    {"condition"},
    {"indicators", "options", "series", "views"},
    {"arguments", "modules", "parameters", "wired"},
    {"strategy", "components", "feeds", "engine", "brokers"},
    {"adopt"},
    {"backtest"},
    {"config"},
    {"research"},
    {"emulator", "hedgelab", "live", "referee", "sweeps"},
    {"operations"},
    {"session"},
    {"readiness"},
    {"cli"},
]
"""Rooms from the ground up. A room may import rooms of lower levels, and itself."""

WITHIN_A_LEVEL = {("series", "indicators"), ("views", "series"), ("views", "indicators")}
"""Arrows allowed inside one level; all other rooms of a level know nothing of each other."""


def room_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE).parts
    return inside[0].removesuffix(".py")


def level_of(room: str) -> int:
    for number, rooms in enumerate(LEVELS):
        if room in rooms:
            return number
    raise AssertionError(f"{room} has no place in the plan: give it a level")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            if node.module == "framework":
                for name in node.names:
                    yield node.lineno, f"framework.{name.name}"
            else:
                yield node.lineno, node.module or ""


def rooms_imported(path: Path) -> Iterator[tuple[int, str]]:
    for line, name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "framework" and len(parts) > 1:
            yield line, parts[1]


def allowed(room: str, other: str) -> bool:
    if room == other or (room, other) in WITHIN_A_LEVEL:
        return True
    return level_of(other) < level_of(room)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return
    room = room_of(path)
    wrong = [
        f"line {line}: {room} -> {other}"
        for line, other in rooms_imported(path)
        if (PACKAGE / other).exists() or (PACKAGE / f"{other}.py").exists()
        if not allowed(room, other)
    ]
    assert wrong == []


def test_every_room_has_its_place() -> None:
    rooms = {room_of(path) for path in FILES if path != PACKAGE / "__init__.py"} - {"__main__"}
    known = set().union(*LEVELS)
    assert rooms <= known, f"rooms without a level: {rooms - known}"


def test_the_law_would_notice() -> None:
    assert not allowed("errors", "domain")
    assert not allowed("engine", "brokers")
    assert not allowed("engine", "components")
    assert not allowed("brokers", "components")
    assert not allowed("components", "strategy")
    assert not allowed("indicators", "series")
    assert not allowed("series", "views")
    assert not allowed("backtest", "research")
    assert allowed("backtest", "brokers")
    assert allowed("engine", "series")


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda p: p.name)
def test_strategies_import_from_framework_only(path: Path) -> None:
    """And what Python and the array libraries give; never a room of the house by name."""
    allowed_modules = {"numpy", "pandas", "talib", "math", "datetime", "__future__", "typing"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "framework" or node.module in allowed_modules, node.module
        elif isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= allowed_modules


def called_names(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)


RUN_NAMES = {"research", "cli"}
"""Rooms that may ask for the wall clock, which appears only in folder names and progress."""


@pytest.mark.parametrize(
    "path", FILES + STRATEGIES, ids=lambda p: str(p.relative_to(ROOT)).replace("/", ".")
)
def test_nothing_reads_the_clock_or_rolls_dice(path: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for line, name in called_names(path)
        if name.split(".")[-1] in {"now", "utcnow", "today"} and "date" in name
    ]
    if path.is_relative_to(PACKAGE) and room_of(path) not in RUN_NAMES:
        wrong += [f"line {line}: {n}" for line, n in called_names(path) if n == "time.time"]
        assert wrong == []
    imported = {name.split(".")[0] for _, name in imports_of(path)}
    assert "random" not in imported
    assert wrong == [] or (path.is_relative_to(PACKAGE) and room_of(path) in RUN_NAMES)


@pytest.mark.parametrize(
    "path", FILES + STRATEGIES, ids=lambda p: str(p.relative_to(ROOT)).replace("/", ".")
)
def test_other_engines_and_brokers_stay_outside(path: Path) -> None:
    imported = {name.split(".")[0] for _, name in imports_of(path)}
    inside = path.relative_to(ROOT).parts
    if inside[:2] not in (("framework", "referee"), ("framework", "adopt")):
        assert "backtrader" not in imported
    if inside[:3] != ("framework", "brokers", "ib"):
        assert not imported & {"ib_insync", "ib_async", "ibapi"}
    if inside[:2] == ("framework", "emulator"):
        full = {name for _, name in imports_of(path)}
        assert not any(name.startswith("framework.brokers.ib") for name in full)
    assert not imported & {"backtesting", "empyrical", "zipline", "vectorbt"}


@pytest.mark.parametrize(
    "path", FILES + STRATEGIES, ids=lambda p: str(p.relative_to(ROOT)).replace("/", ".")
)
def test_a_file_is_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 500, "two ideas: find them"
    assert ast.get_docstring(tree), "the first line says what the idea is"
    if path in STRATEGIES or path.name == "__init__.py":
        return
    names = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    ]
    assert len(names) == 1, "__all__ says what is public"
    public = ast.literal_eval(names[0].value)
    constants_first = sorted(public, key=lambda name: (not name.isupper(), name))
    assert public in (sorted(public), constants_first)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_names_in_all_exist(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name == "__init__.py":
        return
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                parts = target.elts if isinstance(target, ast.Tuple) else [target]
                defined |= {part.id for part in parts if isinstance(part, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            defined |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            promised = set(ast.literal_eval(node.value))
    assert promised <= defined


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_swallowed_errors(path: Path) -> None:
    """No bare `except`, and `except Exception` only where the user's own code runs, or that of
    services nobody here has written; and where a thread must outlive what it works on."""
    broad_allowed = {
        "backtest/bar_run.py",
        "backtest/cast.py",
        "backtest/lookahead.py",
        "backtest/machine.py",
        "cli/reporting.py",
        "live/core.py",
        "modules.py",
        "operations/alert_channels.py",
        "operations/trade_records.py",
        "operations/worker.py",
    }
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: bare except"
            broad = isinstance(node.type, ast.Name) and node.type.id in (
                "Exception",
                "BaseException",
            )
            inside = path.relative_to(PACKAGE).as_posix()
            assert not broad or inside in broad_allowed, f"line {node.lineno}: broad except"
