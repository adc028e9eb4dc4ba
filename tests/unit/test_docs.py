"""The documentation keeps its promises: snippets run, links lead somewhere, tables match the code.

How a python block is tried: one under `<!-- setup -->` or `<!-- on_bar -->` as the body of that
hook; one that begins with `# name.py` as that file; one with a strategy by a backtest; any other
as a script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.main import get_command

from framework import BacktestSettings, FillPolicy, Strategy, run_backtest
from framework.backtest.run import run
from framework.cli.app import app
from framework.cli.reporting import INTERRUPTED
from framework.components.parameters import ParameterInfo
from framework.components.registry import build, describe, spec_of
from framework.components.schedule_files import read_schedule
from framework.components.slippage import PercentSlippage
from framework.config.parts import fill_axes, fill_policy_of, policy_names
from framework.config.plan import plan_of
from framework.config.request import request_of
from framework.config.runfile import validate
from framework.domain.events import Fill, OrderUpdate, Refused
from framework.domain.orders import DONE, Order, OrderStatus, OrderType, TimeInForce
from framework.emulator.faults.plan import plan_of as fault_plan_of
from framework.errors import InputError, SlipwayError
from framework.research.results import Result
from framework.research.summary import measures
from framework.research.tables import tables_of
from tests.builders import Act, Row, bars_of, five_minutes, free, played, trades_of

ROOT = Path(__file__).parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in (
        ROOT / "README.md",
        *sorted(ROOT.glob("docs/*.md")),
        *sorted(ROOT.glob("data/*.md")),
        *sorted(ROOT.glob("strategies/*.md")),
    )
}
COMPONENTS = PAGES["docs/components.md"]
LATER = {"--paper", "--live"}
"""Flags the pages announce without offering them."""


@dataclass(frozen=True)
class Block:
    """A fenced block, and the mark above it."""

    page: str
    number: int
    mark: str
    language: str
    text: str


def _blocks() -> Iterator[Block]:
    pattern = re.compile(r"(?:<!-- (\w+) -->\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    for page, text in PAGES.items():
        for number, found in enumerate(pattern.finditer(text), start=1):
            yield Block(page, number, found[1] or "", found[2], found[3])


BLOCKS = list(_blocks())


def blocks(language: str) -> pytest.MarkDecorator:
    chosen = [block for block in BLOCKS if block.language == language]
    ids = [f"{block.page}:{block.number}" for block in chosen]
    return pytest.mark.parametrize("block", chosen, ids=ids)


@pytest.fixture(scope="module")
def result() -> Result:
    return run_backtest("sma_cross", parameters={"fast": 5, "slow": 20}, first="2017-01-01")


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next of the same or a higher level."""
    level = re.match("#+", title)
    assert level is not None
    found = re.search(
        rf"^{re.escape(title)}$\n(.*?)(?=^#{{1,{len(level[0])}}} |\Z)",
        text,
        re.DOTALL | re.MULTILINE,
    )
    assert found is not None, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, headings and rules included."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines
    ]


def ticked(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


# snippets ----------------------------------------------------------------------------------


def _walk(count: int, seed: int) -> list[Row]:
    closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.002, count)))
    return [(c, c * 1.001, c * 0.999, c) for c in closes.tolist()]


def _try_fragment(block: Block) -> None:
    body = "\n".join(f"        {line}" for line in block.text.splitlines())
    source = (
        "from framework import *\n"
        "class Fragment(Strategy):\n"
        "    universe = True\n"
        f"    def {block.mark}(self):\n{body}\n"
    )
    names: dict[str, Any] = {"__name__": "fragment"}
    exec(compile(source, block.page, "exec", dont_inherit=True), names)
    bars = [five_minutes(_walk(78 * 9, 1), 78), five_minutes(_walk(78 * 9, 2), 78, "SPY")]
    record = run(names["Fragment"], bars, free())
    assert record.error == ""
    assert record.orders


@blocks("python")
def test_a_snippet_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named = re.match(r"# (\w+\.py)\n", block.text)
    if block.mark:
        _try_fragment(block)
    elif named is not None:
        exec(compile(block.text, named[1], "exec", dont_inherit=True), {"__name__": "snippet"})
    elif "(Strategy):" in block.text:
        Path("mine.py").write_text(block.text, "utf-8")
        found = run_backtest("mine.py", first="2008-01-01", last="2012-12-31")
        assert found.record.error == ""
        assert found.trades
    else:
        exec(compile(block.text, block.page, "exec", dont_inherit=True), {"__name__": "__main__"})


@blocks("yaml")
def test_a_run_file_is_one(block: Block, tmp_path: Path) -> None:
    if block.text.startswith("# fees.yaml"):
        (tmp_path / "fees.yaml").write_text(block.text, "utf-8")
        read_schedule(str(tmp_path / "fees.yaml"))
        return
    if block.text.startswith("# plan.yaml"):
        assert fault_plan_of(block.text).faults
        return
    plan_of(request_of(validate(yaml.safe_load(block.text))))


def _own_parts() -> str:
    return next(b.text for b in BLOCKS if b.text.startswith("# my_parts.py"))


def _own_fees() -> str:
    return next(b.text for b in BLOCKS if b.text.startswith("# fees.yaml"))


FLAGS = ("sizing", "limit", "exit", "commission", "slippage", "fill")
SPECS = sorted(
    {
        (found[1], found[2])
        for text in PAGES.values()
        for found in re.finditer(rf"--({'|'.join(FLAGS)}) ([a-z_.A-Z]+[:=][^\s`]+|[a-z_]+\b)", text)
        if "SPEC" not in found[2] and found[2] != "axis=value"
    }
)


@pytest.mark.parametrize(("kind", "spec"), SPECS)
def test_a_component_on_a_command_line_exists(
    kind: str, spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_parts.py").write_text(_own_parts(), "utf-8")
    Path("fees.yaml").write_text(_own_fees(), "utf-8")
    if kind == "fill":
        fill_policy_of(spec)
    else:
        build(kind, spec)


def test_components_of_ones_own_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_parts.py").write_text(_own_parts(), "utf-8")
    mine = {kind: spec for kind, spec in SPECS if spec.startswith("my_parts.py")}
    assert set(mine) == {"sizing", "commission", "limit"}
    found = run_backtest(
        "sma_cross", sizing=mine["sizing"], commission=mine["commission"], limits=mine["limit"],
        first="2008-01-01", last="2012-12-31", out="run",
    )  # fmt: skip
    assert {charged.amount for charged in found.record.commissions} == {3.0}
    rich = run_backtest(
        "sma_cross", limits="my_parts.py:NoPennyStocks:price=1e6", first="2008-01-01"
    )
    assert {refusal.rule for refusal in rich.record.refused} == {"no_penny_stocks"}


# links and flags ---------------------------------------------------------------------------


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


LINKS = [
    (page, found[1], found[2])
    for page, text in PAGES.items()
    for found in re.finditer(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text)
]


@pytest.mark.parametrize(("page", "path", "anchor"), LINKS)
def test_a_link_leads_somewhere(page: str, path: str, anchor: str) -> None:
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
        assert anchor in map(_slug, headings)


def test_every_page_is_linked_from_the_front_page() -> None:
    linked = {path for page, path, _ in LINKS if page == "README.md"}
    assert {page for page in PAGES if page != "README.md"} <= linked


def test_every_flag_and_command_exists() -> None:
    root: Any = get_command(app)
    commands = root.commands
    known = {
        option
        for command in (root, *commands.values())
        for parameter in command.params
        for option in parameter.opts
    } | {"--help"}
    for page, text in PAGES.items():
        others = ("-m pytest", "-m tests.benchmarks", "-m tests.kill9")
        ours = "\n".join(
            line for line in text.splitlines() if not any(other in line for other in others)
        )
        flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", ours))
        assert flags <= known | LATER, page
        called = set(re.findall(r"(?:`|^)slipway ([a-z-]+)", text, re.MULTILINE))
        assert called <= set(commands), page


def test_every_flag_of_a_run_is_explained_somewhere() -> None:
    root: Any = get_command(app)
    flags = {option for parameter in root.commands["run"].params for option in parameter.opts}
    text = "\n".join(PAGES.values())
    assert not {flag for flag in flags - {"strategy"} if not re.search(rf"{flag}\b", text)}


# tables ------------------------------------------------------------------------------------

TITLES = {
    "sizing": "## Sizing",
    "limit": "## Limits",
    "exit": "## Exits",
    "commission": "## Commission",
    "slippage": "## Slippage",
    "liquidity": "## Liquidity",
    "account": "## Account",
    "financing": "## Financing",
    "rule": "## Rules",
    "hedge": "## Hedging",
}


def _written(parameter: ParameterInfo) -> str:
    if parameter.required:
        return parameter.name
    value = parameter.default
    shown = f"{value:g}" if isinstance(value, float) else str(value).lower()
    return f"{parameter.name}={shown}"


@pytest.mark.parametrize("kind", TITLES)
def test_the_components_page_is_in_step_with_the_registry(kind: str) -> None:
    listed = {
        ticked(cells[0])[0]: ticked(cells[1])
        for cells in rows(section(COMPONENTS, TITLES[kind]))
        if cells[0].startswith("`")
    }
    known = {
        info.name: [_written(parameter) for parameter in info.parameters]
        for info in describe()
        if info.kind == kind
    }
    assert listed == known


def test_the_default_components_are_those_of_a_run() -> None:
    settings = BacktestSettings()
    parts = {
        "sizing": settings.sizer,
        "commission": settings.commission,
        "slippage": settings.slippage,
    }
    for kind, part in parts.items():
        named = re.search(r"Default: `([^`]+)`", section(COMPONENTS, TITLES[kind]))
        assert named is not None
        assert spec_of(build(kind, named[1])) == spec_of(part)


def test_the_axes_are_those_of_the_fill_policy() -> None:
    text = section(PAGES["docs/simulation.md"], "## FillPolicy")
    listed = {ticked(cells[0])[0]: ticked(cells[1]) for cells in rows(text) if "`" in cells[0]}
    assert {axis: set(values) for axis, values in listed.items()} == {
        axis: set(values) for axis, values in fill_axes().items()
    }
    assert {axis: values[0] for axis, values in listed.items()} == {
        axis: values[0] for axis, values in fill_axes().items()
    }
    presets = text[text.index("Presets:") :]
    assert set(policy_names()) <= set(ticked(presets))
    axes = next(words for words in ticked(" ".join(presets.split())) if words.count("=") > 1)
    assert fill_policy_of(axes.split()) == FillPolicy.backtesting_py()
    published = (FillPolicy.backtesting_py(), FillPolicy.backtrader())
    for name in {name for policy in published for name in policy.backtest_only}:
        assert f"`{name}`" in presets
    assert "`trade_on_close`" in presets


ENTRIES: tuple[Act, ...] = (
    lambda s: s.buy(10, stop_loss=95.0, take_profit=105.0),
    lambda s: s.buy(10, stop=102.0, stop_loss=99.0, take_profit=106.0),
    lambda s: s.buy(10, limit=98.0, stop_loss=95.0, take_profit=103.0),
)
BEFORE: Row = (100.0, 100.0, 100.0, 100.0)


def test_the_worked_examples_are_right() -> None:
    text = section(PAGES["docs/simulation.md"], '## Inside one bar: "pessimistic"')
    header, _, *lines = rows(text)
    bars: list[Row] = []
    for title in header[1:]:
        o, high, low, c = (float(word) for word in title.partition(":")[0].split())
        bars.append((o, high, low, c))
    assert len(bars) == len(ENTRIES)
    for name, *cells in lines:
        policy = fill_policy_of({ticked(header[0])[0]: ticked(name)[0]})
        for bar, entry, cell in zip(bars, ENTRIES, cells, strict=True):
            found = trades_of(played({0: entry}, bars_of([BEFORE, bar]), free(policy=policy)))
            assert found[0][1] == 10.0
            exits = [price for _, quantity, price in found[1:] if quantity < 0]
            assert exits == ([] if cell.startswith("none") else [float(cell)])


def test_the_worked_example_with_slippage_is_right() -> None:
    text = section(PAGES["docs/simulation.md"], '## Inside one bar: "pessimistic"')
    bar: Row = (100.0, 105.0, 94.0, 104.0)
    settings = free(slippage=PercentSlippage())
    record = played({0: ENTRIES[0]}, bars_of([BEFORE, bar]), settings)
    (_, _, paid), (_, _, got) = trades_of(record)
    for figure in (f"{paid:g}", f"{got:g}", f"{10 * (paid - got):.3f}"):
        assert figure in text


def test_every_figure_is_explained(result: Result) -> None:
    text = section(PAGES["docs/results.md"], "## Figures")
    labels = [
        measure.label.strip()
        for group in (result.summary.strategy, result.summary.activity)
        for measure in measures(group)
    ]
    listed = [cells[0] for cells in rows(text)]
    assert [name for name in listed if name != "figure" and name.strip("-")] == sorted(
        labels, key=listed.index
    )


def test_every_column_is_explained(result: Result) -> None:
    page = PAGES["docs/results.md"]
    tables = tables_of(result)
    for name in ("trades.csv", "orders.csv", "fills.csv"):
        cells = [cells[0] for cells in rows(section(page, f"### {name}"))]
        assert tuple(c for cell in cells for c in ticked(cell)) == tables[name].columns
    both = {
        ticked(name)[0]: ticked(columns)
        for name, columns in rows(section(page, "### refused.csv, flows.csv and equity.csv"))[2:]
    }
    assert tuple(both["refused.csv"]) == tables["refused.csv"].columns
    assert tuple(both["flows.csv"]) == tables["flows.csv"].columns
    assert tuple(both["equity.csv"])[:-1] == tables["equity.csv"].columns[:-1]
    assert tables["equity.csv"].columns[-1] == "quantity SP500"


def test_every_type_time_in_force_and_status_of_an_order_is_named() -> None:
    page = section(PAGES["docs/results.md"], "### orders.csv")
    cells = {tuple(ticked(row[0])): ticked(row[1]) for row in rows(page)}
    assert cells[("type",)] == [kind.value for kind in OrderType]
    assert cells[("tif",)] == [tif.value for tif in TimeInForce]
    given = section(PAGES["docs/strategy.md"], "## What hooks and verbs give")
    assert {status.value for status in DONE - {OrderStatus.ABSENT}} <= set(ticked(given))
    in_backtests = set(OrderStatus) - {OrderStatus.UNKNOWN, OrderStatus.ABSENT}
    assert {status.value for status in in_backtests} <= set(ticked(given))


@pytest.mark.parametrize("cls", [Fill, OrderUpdate, Order, Refused])
def test_the_fields_of_what_hooks_and_verbs_give_are_named(cls: type) -> None:
    given = section(PAGES["docs/strategy.md"], "## What hooks and verbs give")
    named = next(row[1] for row in rows(given) if row[0] == f"`{cls.__name__}`")
    known = set(cls.__dataclass_fields__) | set(vars(cls))
    rare = {"offset", "fraction", "opens"}
    assert set(ticked(named)) - {"modify"} <= known
    assert set(cls.__dataclass_fields__) - rare <= set(ticked(named))


def test_the_exit_codes_are_those_of_the_errors() -> None:
    codes = [cells[0] for cells in rows(section(PAGES["docs/results.md"], "## Exit codes"))[2:]]
    errors = [SlipwayError.exit_code, InputError.exit_code, INTERRUPTED]
    assert codes == [str(code) for code in (0, *errors)]


def test_the_cases_are_those_that_are_checked() -> None:
    text = section(PAGES["docs/validation.md"], "## The seven runs")
    listed = {ticked(cells[0])[0]: cells[-2:] for cells in rows(text)[2:]}
    folder = ROOT / "tests" / "validation" / "cases" / "A_backtesting"
    known = {}
    for case in folder.glob("*/spec.json"):
        figures = json.loads(case.read_text("utf-8"))["stats"]
        final = f"{figures['Equity Final [$]']:,.2f}"
        known[case.parent.name] = [final, str(figures["# Trades"])]
    assert listed == known


def test_every_public_name_of_a_strategy_is_explained() -> None:
    wiring = {"bind", "whens", "indicators"}
    public = {name for name in vars(Strategy) if not name.startswith("_")} - wiring
    text = PAGES["docs/strategy.md"]
    assert not {name for name in public if not re.search(rf"\b{name}\b", text)}
