"""`--explain` and `slipway warm`: which way a run goes, and compiling ahead."""

from __future__ import annotations

import os
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import framework
from framework.backtest.cast import Cast
from framework.backtest.compiled_run import CompiledRun
from framework.backtest.paths import WORTH_COMPILING, WORTH_LOADING
from framework.backtest.scalar_form import Unsuited
from framework.cli import running, sweeping
from framework.cli.app import app
from framework.cli.compiling import CompileLine
from framework.cli.explaining import explained
from framework.compiled import compiled, entry, is_compiled, state
from framework.components.registry import describe
from framework.config.plan import plan_of
from framework.config.request import Request
from framework.domain.bars import FloatArray
from framework.research import warmup
from framework.research.backtest import run_backtest

PACKAGE = Path(framework.__file__).parent
OFF = "SLIPWAY_COMPILED"


@entry("void(f8[::1])")
def doubled(values: FloatArray) -> None:
    """What there is to compile here."""
    for row in range(len(values)):
        values[row] = 2.0 * values[row]


del state.entries[doubled]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(OFF, raising=False)
    monkeypatch.setattr(state, "ready", {})
    return tmp_path / "cache" / "slipway"


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """One small function is all there is to compile."""
    monkeypatch.setattr(state, "entries", {doubled: "void(f8[::1])"})


def run(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


# --explain ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("compiled", "Ran compiled."),
        ("event engine: 5 bars are too few", "Ran by the event engine: 5 bars are too few."),
        ("event engine: it is so.", "Ran by the event engine: it is so."),
        ("", "Ran on backtrader."),
    ],
)
def test_a_path_as_a_sentence(path: str, said: str) -> None:
    assert explained(path) == said


def test_the_last_line_says_which_way_a_run_went() -> None:
    result = run_backtest("sma_cross", first="2018-01-01")
    assert result.record.path.startswith("event engine: ")
    line = "run sma_cross --from 2018-01-01 --out out"
    assert run(f"{line} --explain").endswith(explained(result.record.path))
    assert "event engine" not in run(line)
    assert run(f"{line} --explain --quiet") == ""
    assert run(f"{line} --explain --engine backtrader").endswith("Ran on backtrader.")


def test_a_sweep_says_it_too() -> None:
    line = "sweep sma_cross --set fast=90,5 --set slow=50,60 --from 2016-01-01"
    shown = run(f"{line} --explain")
    assert " Ran by the event engine: " in shown
    assert "event engine" not in run(line)
    refused = run(
        f"{line} --set fast=90,91 --explain --out other".replace("fast=90,5 --set ", ""), 2
    )
    assert "Ran" not in refused


# slipway warm -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("little")
def test_what_can_be_compiled_is_compiled_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_compiled(doubled)
    cold = run("warm")
    assert cold.startswith("Compiled 1 functions. Kept in ")
    assert f"{cache}, " in cold
    size = sum(file.stat().st_size for file in cache.rglob("*"))
    assert size > 1000
    monkeypatch.setattr(state, "ready", {})
    assert run("warm").startswith("Nothing to do: all 1 functions are compiled. Kept in ")
    machine, values = compiled(doubled), np.array([1.0, 2.5])
    assert machine is not doubled
    machine(values)
    assert values.tolist() == [2.0, 5.0]


@pytest.mark.usefixtures("little")
def test_old_code_is_removed_and_the_other_kept(cache: Path) -> None:
    run("warm")
    before = {path.name for path in cache.iterdir()}
    old = cache / "0123456789" / "deeper"
    old.mkdir(parents=True)
    (old / "code.nbc").write_bytes(b"x" * 2_500_000)
    assert "Removed" not in run("warm")
    assert "Removed 2.5 MB of old machine code." in run("warm --clear")
    assert {path.name for path in cache.iterdir()} == before
    assert is_compiled(doubled)


@pytest.mark.usefixtures("little")
def test_one_process_compiles_at_a_time(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "compiling").write_text(str(os.getpid()), "utf-8")
    old = cache / "0123456789"
    old.mkdir()
    assert run("warm --clear").startswith("Another process is compiling; nothing was done.")
    assert not is_compiled(doubled)
    assert old.exists()


@pytest.mark.usefixtures("little")
def test_compiling_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv(OFF, "0")
    assert run("warm") == "Compiling is switched off by SLIPWAY_COMPILED=0; nothing was done."
    assert not cache.exists()


@pytest.mark.usefixtures("little")
def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("", "utf-8")
    monkeypatch.setenv("SLIPWAY_CACHE", "file")
    said = run("warm", 2)
    assert f"Machine code cannot be kept in {Path('file/slipway')}: Not a directory." in said
    assert "SLIPWAY_CACHE" in said


def test_every_module_with_something_to_compile_is_listed() -> None:
    marked = {path for path in PACKAGE.rglob("*.py") if "\n@entry(" in path.read_text("utf-8")}
    assert {Path(str(home.__file__)) for home in warmup.HOMES} == marked


# before long runs and sweeps ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("run sma_cross --from 2018-01-01 --out out", running),
        ("sweep sma_cross --set fast=5,6 --from 2018-01-01", sweeping),
    ],
)
def test_what_is_worth_it_is_compiled_before(
    command: str, module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def heard(bars: int, told: object) -> None:
        asked.append(bars)

    monkeypatch.setattr(module, "warm_for", heard)
    run(command)
    assert asked == [251 * (2 if "sweep" in command else 1)]


def test_it_is_worth_it_from_so_many_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(warmup, "warm", told.append)
    warmup.warm_for(WORTH_COMPILING - 1, None)
    assert told == []
    hook = CompileLine(Console(file=StringIO()))
    warmup.warm_for(WORTH_COMPILING, hook)
    assert told == [hook]


def test_the_line_is_drawn_in_a_terminal_only() -> None:
    terminal, file = StringIO(), StringIO()
    with CompileLine(Console(file=terminal, force_terminal=True, width=100)) as line:
        line("play", 3, 11)
    assert "3 of 11 functions play" in " ".join(terminal.getvalue().split())
    with CompileLine(Console(file=file)) as line:
        line("play", 3, 11)
    assert file.getvalue() == ""


@pytest.mark.usefixtures("little")
def test_warm_tells_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, int, int]] = []
    monkeypatch.setattr(CompileLine, "__call__", lambda self, *told: heard.append(told))
    run("warm")
    assert heard == [("doubled", 0, 1)]


# the page ---------------------------------------------------------------------------------------

PAGE = (PACKAGE.parent / "docs" / "speed.md").read_text("utf-8")
NEEDED = {
    "allowed_instruments": ":symbols=SP500",
    "fixed": ":1",
    "max_net_delta": ":500",
    "max_net_gamma": ":50",
    "max_net_vega": ":50000",
    "per_order": ":1",
    "per_share": ":0.01",
    "percent": ":1",
    "shares": ":5",
    "simple": ":3",
    "time_stop": ":5",
    "trailing_amount": ":5",
    "vega": ":100",
}
"""Values of parameters that have no default."""


def _listed() -> dict[str, set[str]]:
    """The components the page says have a scalar form, by kind."""
    table = PAGE[PAGE.index("| part | with a scalar form |") :].split("\n\n")[0]
    lines = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return {kind.strip(): set(re.findall(r"`(\w+)`", names)) for kind, names in lines}


PARTS = [(info.kind, info.name) for info in describe() if info.kind in _listed()]


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_the_page_says_what_has_a_scalar_form(kind: str, name: str) -> None:
    field = {"limit": "limits", "exit": "exits"}.get(kind, kind)
    spec = name + NEEDED.get(name, "")
    plan = plan_of(Request("sma_cross", first="2018-01-01", **{field: spec}))  # type: ignore[arg-type]
    cast = Cast(plan.found.cls, plan.market.bars, plan.settings, plan.parameters)
    try:
        CompiledRun.of(cast)
        has_one = True
    except Unsuited:
        has_one = False
    assert has_one == (name in _listed()[kind])


def test_the_page_knows_the_thresholds() -> None:
    assert f"from {WORTH_LOADING:,} bars on" in PAGE
    assert f"of {WORTH_COMPILING:,} bars and more compile first" in PAGE.replace("\n", " ")
