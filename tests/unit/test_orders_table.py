"""The order table, its copies in the pages and the scenarios of docs/orders.md, against code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner

import framework
from framework.brokers.simulated.blind_spots import blind_spots
from framework.brokers.simulated.fidelity import ENTRIES, Entry, Fidelity, markdown
from framework.cli.app import app
from framework.components.venue.sets import IB_RULES
from framework.config.parts import fill_axes, fill_policy_of
from framework.domain import conditions, terms
from framework.domain.bars import Bars
from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, OrderType, Protection, TimeInForce
from framework.errors import ConfigError
from framework.strategy import Strategy
from tests.builders import Row, bars_of, five_minutes, flat_rows, free, order_of, played, trades_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "orders.md").read_text("utf-8")
COVERED = [name for entry in ENTRIES for name in entry.covers]
NAMES = {name: getattr(framework, name) for name in framework.__all__} | {
    "time": datetime(2020, 2, 26, 21, tzinfo=UTC),
    "start": datetime(2020, 2, 25, 20, 30, tzinfo=UTC),
    "end": datetime(2020, 2, 27, 21, tzinfo=UTC),
}
NAMES |= {"a": conditions.PriceCondition("AAA", 103), "b": conditions.PriceCondition("AAA", 90)}
NAMES |= {"c": conditions.ExecutionCondition("AAA")}


def vocabulary() -> set[str]:
    """Everything an order can be made of."""
    enums = (OrderType, TimeInForce, terms.OcaType, terms.Peg, terms.Patience)
    found = {f"{enum.__name__}.{member.name}" for enum in enums for member in enum}
    found |= {cls.__name__ for cls in get_args(conditions.Condition)}
    found |= {cls.__name__ for cls in get_args(terms.Algo)}
    for cls in (terms.Terms, conditions.Conditions):
        found |= {f"{cls.__name__}.{field.name}" for field in fields(cls)}
    return found | {"Scale"}


def test_everything_an_order_can_be_is_in_the_table_once() -> None:
    besides = {"Protection", "Strategy.modify"}
    assert set(COVERED) == vocabulary() | besides
    assert max(Counter(COVERED).values()) == 1


def test_every_fidelity_is_used_and_modelled_rows_state_an_equation() -> None:
    assert {entry.fidelity for entry in ENTRIES} == set(Fidelity)
    for entry in ENTRIES:
        assert entry.rule
        if entry.fidelity is Fidelity.MODELLED and "OcaType" not in entry.covers[0]:
            assert re.search(r"[=/x%]", entry.rule), entry.name


def in_terms(written: str) -> str:
    """A condition, algo or term as part of an order."""
    if written.startswith(("buy(", "sell(", "modify(")):
        return written
    if written.startswith("Terms("):
        return f"buy(10, terms={written})"
    found = eval(written, NAMES)
    values = found if isinstance(found, tuple) else (found,)
    if isinstance(values[0], get_args(terms.Algo)):
        return f"buy(10, terms=Terms(algo={written}))"
    if isinstance(values[0], conditions.Conditions):
        return (
            f"buy(10, terms=Terms(conditions=({written},)[0]))" if len(values) == 1 else "buy(10)"
        )
    return f"buy(10, terms=Terms(conditions=all_of({written})))"


def sent(s: Strategy, written: str) -> list[object]:
    """What the verbs written answer; `order` is a limit order sent before."""
    names: dict[str, object] = NAMES | {"buy": s.buy, "sell": s.sell, "modify": s.modify}
    if "order" in written:
        names["order"] = s.buy(10, limit=90.0)
    found = eval(written, names)
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_the_table_says_a_strategy_writes_is_an_order(entry: object) -> None:
    written = in_terms(entry.write)  # type: ignore[attr-defined]
    answers: list[object] = []
    bars = [bars_of(flat_rows([100.0] * 3)), bars_of(flat_rows([100.0] * 3), "SPY")]
    played({0: lambda s: answers.extend(sent(s, written))}, bars, free(), universe=True)
    assert answers
    assert all(isinstance(answer, Order) for answer in answers), answers
    wanted = {name.partition(".")[2] for name in entry.covers if name.startswith("OrderType")}  # type: ignore[attr-defined]
    assert wanted <= {answer.type.name for answer in answers}  # type: ignore[attr-defined]


def answered(written: str, kind: AssetType) -> list[object]:
    """What the door answers under Interactive Brokers' rules, for an instrument of a kind."""
    answers: list[object] = []
    instruments = [Instrument(name, type=kind) for name in ("AAA", "SPY")]
    bars = [
        replace(bars_of(flat_rows([100.0] * 3), one.symbol), instrument=one) for one in instruments
    ]
    settings = free(order_rules=IB_RULES)
    played({0: lambda s: answers.extend(sent(s, written))}, bars, settings, universe=True)
    return answers


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_interactive_brokers_takes_what_the_table_writes(entry: Entry) -> None:
    only_options = "options only" in entry.ib
    stock = answered(in_terms(entry.write), AssetType.STOCK)
    assert all(isinstance(answer, Order) is not only_options for answer in stock), stock
    if only_options:
        option = answered(in_terms(entry.write), AssetType.OPTION)
        assert all(isinstance(answer, Order) for answer in option), option


# the copies --------------------------------------------------------------------------------


def test_the_readme_holds_the_table() -> None:
    """Out of step? `python run.py orders --write README.md` puts the table in."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- orders -->\n(.*?)<!-- /orders -->", text, re.DOTALL)
    assert found is not None
    assert found[1] == markdown()


def test_the_command_prints_the_table_and_writes_it(tmp_path: Path) -> None:
    runner = CliRunner()
    printed = runner.invoke(app, ["orders"])
    assert printed.exit_code == 0
    assert "\x1b" not in printed.stdout
    lines = printed.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    heads = len({entry.group for entry in ENTRIES})
    assert sum(line.split() == ["order", "in", "a", "backtest"] for line in lines) == heads
    assert sum(line.split() == ["at", "IB", "fidelity", "in", "a", "strategy"] for line in lines)
    for entry in ENTRIES:
        assert entry.name in printed.stdout
        assert entry.fidelity in printed.stdout
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- orders -->\nold\n<!-- /orders -->\nafter\n", "utf-8")
    assert runner.invoke(app, ["orders", "--write", str(page)]).exit_code == 0
    text = page.read_text("utf-8")
    assert text == f"before\n<!-- orders -->\n{markdown()}<!-- /orders -->\nafter\n"


@pytest.mark.parametrize(("text", "says"), [(None, "cannot be read"), ("no marks", "no place")])
def test_a_page_that_cannot_take_the_table_is_named(
    text: str | None, says: str, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    if text is not None:
        page.write_text(text, "utf-8")
    done = CliRunner().invoke(app, ["orders", "--write", str(page)])
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())
    assert text is None or page.read_text("utf-8") == text


def test_every_order_of_the_table_is_explained() -> None:
    plain = PAGE.lower()
    for entry in ENTRIES:
        for name in entry.covers:
            last = name.rpartition(".")[2]
            words = (last.lower(), last.lower().replace("_", "-"), last.lower().replace("_", " "))
            assert entry.name in plain or any(word in plain for word in words), name


# the scenarios of the page --------------------------------------------------------------------


def tables(first: str, second: str) -> list[list[str]]:
    """The rows of the page's tables that have these headings."""
    found = []
    wanted = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            wanted = False
        elif cells[:2] == [first, second]:
            wanted = True
        elif wanted and not cells[0].startswith("---"):
            found.append(cells)
    return found


def rows_of(cell: str) -> list[Row]:
    rows = [tuple(float(price) for price in bar.split()) for bar in cell.split(",")]
    assert all(len(row) == 4 and row[2] <= min(row) and row[1] >= max(row) for row in rows)
    return rows  # type: ignore[return-value]


SCENARIOS = tables("order", "bars")
WORKED = tables("algo", "volumes")


def test_the_page_has_scenarios_for_every_section() -> None:
    without = {"## Modify", "## Routing"}
    sections = re.split(r"^(?=## )", PAGE, flags=re.MULTILINE)[1:]
    for section in sections:
        title = section.partition("\n")[0]
        assert title in without or "| fills |" in section or "| parts |" in section, title


@pytest.mark.parametrize(
    ("orders", "bars", "fills"), SCENARIOS, ids=[f"{row[0]} {row[1]}" for row in SCENARIOS]
)
def test_scenario(orders: str, bars: str, fills: str) -> None:
    def act(s: Strategy) -> None:
        for written in re.findall(r"`([^`]+)`", orders):
            assert not any(isinstance(answer, Refused) for answer in sent(s, written))

    record = played({0: act}, bars_of([(100, 100, 100, 100), *rows_of(bars)]), free())
    expected = [
        (int(bar), float(units), float(price))
        for bar, units, price in re.findall(r"bar (\d+): (\S+) at ([\d.]+)", fills)
    ]
    assert bool(expected) is (fills != "none")
    assert trades_of(record) == expected


@pytest.mark.parametrize(("algo", "volumes", "parts"), WORKED, ids=[row[0] for row in WORKED])
def test_worked(algo: str, volumes: str, parts: str) -> None:
    bars = five_minutes([(100, 104, 96, 101)] * 7, 7)
    bars = replace(bars, volume=np.array([100.0, *map(float, volumes.split())]))
    written = f"buy(60, terms=Terms(algo={algo.strip('`')}))"
    record = played({0: lambda s: sent(s, written)}, bars, free())
    assert [units for _, units, _ in trades_of(record)] == [float(p) for p in parts.split()]


# blind spots -------------------------------------------------------------------------------


def hours(kind: str) -> Bars:
    bars = bars_of(flat_rows([100.0, 100.0]))
    if kind == "extended":
        return replace(bars, regular=np.array([True, False]))
    if kind == "always":
        return replace(bars, instrument=replace(bars.instrument, calendar="24/7"))
    return bars


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        (terms.Terms(), "regular", []),
        (terms.Terms(exchange="SMART", good_till=None), "regular", []),
        (terms.Terms(exchange="NYSE"), "regular", ["routed to NYSE"]),
        (terms.Terms(outside_hours=True), "regular", ["AAA were to work outside"]),
        (terms.Terms(outside_hours=True), "extended", []),
        (terms.Terms(outside_hours=True), "always", []),
        (terms.Terms(exchange="NYSE", outside_hours=True), "regular", ["NYSE", "AAA"]),
    ],
)
def test_what_a_run_ignored_is_said_once(given: terms.Terms, kind: str, says: list[str]) -> None:
    orders = [order_of("limit", limit=90, id=name, terms=given) for name in ("a", "b")]
    found = blind_spots(orders, [hours(kind)])
    assert len(found) == len(says)
    assert all(part in sentence for part, sentence in zip(says, found, strict=True))


def test_the_warning_reaches_the_record() -> None:
    act: Callable[[Strategy], object] = lambda s: [  # noqa: E731
        s.buy(1, terms=terms.Terms(exchange=name)) for name in ("NYSE", "ARCA", "NYSE")
    ]
    record = played({0: act}, bars_of(flat_rows([100.0] * 3)), free())
    assert [w for w in record.warnings if "routed" in w] == [
        "Orders were routed to ARCA, NYSE: a backtest has one market and ignores it."
    ]
    assert [units for _, units, _ in trades_of(record)] == [1, 1, 1]


def test_protection_is_in_the_table() -> None:
    assert Protection.__name__ in COVERED


# the policy axis pegged orders follow ---------------------------------------------------------


@pytest.mark.parametrize("given", ["quoted_spread=4", {"quoted_spread": "4"}, {"quoted_spread": 4}])
def test_the_quoted_spread_can_be_given_like_any_axis(given: str | dict[str, object]) -> None:
    assert fill_policy_of(given).quoted_spread == 4.0


@pytest.mark.parametrize("value", ["wide", "-1", "inf", "nan"])
def test_a_quoted_spread_is_a_number(value: str) -> None:
    with pytest.raises(ConfigError, match="quoted_spread"):
        fill_policy_of(f"quoted_spread={value}")


def test_the_axes_are_listed_with_their_numbers() -> None:
    assert fill_axes()["quoted_spread"] == ("2",)
    assert "2 (default), another number" in CliRunner().invoke(app, ["components"]).stdout
