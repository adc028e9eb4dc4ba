"""Several strategies on one account: sleeves, names, a symbol they share, and whose money it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.roles import Fleet, Role
from framework.backtest.run import run, run_verified
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import MaxDrawdown
from framework.components.commission import PerShare
from framework.components.financing import IbkrFinancing
from framework.components.margin import RegT
from framework.components.sizing import PercentOfEquity, Shares
from framework.domain.actions import Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.events import CashFlowKind
from framework.domain.orders import Origin, pct
from framework.domain.owners import allotted, owner_of, shares_of
from framework.errors import ConfigError
from framework.research.trades import trades_of
from framework.strategy import Strategy
from tests.builders import Row, bars_of, day_number, flat_rows, free, scripted
from tests.live_runs import differences, fed

Script = Mapping[int, object]


def still(symbol: str, count: int = 8, price: float = 100.0) -> Bars:
    return bars_of(flat_rows([price] * count), symbol)


def raw(bars: Bars) -> Bars:
    return replace(bars, prices=PriceBasis.RAW)


def fleet(*roles: Role) -> Fleet:
    return Fleet(roles)


def role(
    script: Script, symbols: tuple[str, ...] = (), weight: float = 0.5, **named: object
) -> Role:
    return Role(scripted(script), {}, symbols, weight, **named)  # type: ignore[arg-type]


def played(ships: Fleet, bars: list[Bars], settings: BacktestSettings | None = None) -> RunRecord:
    record = run(ships, bars, settings or free())
    assert record.error == ""
    return record


def fills(record: RunRecord) -> list[tuple[str, str, float]]:
    return [(record.strategy_of(f.order.id), f.symbol, f.quantity) for f in record.fills]


BUY = {0: lambda s: s.buy(100)}
ROUND = {0: lambda s: s.buy(100), 3: lambda s: s.close()}


# sleeves and names ------------------------------------------------------------------------------


def test_each_strategy_trades_its_own_part_of_the_account() -> None:
    """60,000 over one symbol; 30,000 over two, 15,000 each; 10,000 are nobody's."""
    enter = {0: lambda s: s.go_long()}
    ships = fleet(
        role(enter, ("AAA",), 0.6, name="one"), role(enter, ("BBB", "CCC"), 0.3, name="two")
    )
    bars = [still("AAA"), still("BBB"), still("CCC", price=50.0)]
    record = played(ships, bars, free(sizer=PercentOfEquity(100.0)))
    assert fills(record) == [("one", "AAA", 600.0), ("two", "BBB", 150.0), ("two", "CCC", 300.0)]
    assert [book.opening_cash for book in record.strategies] == [60_000.0, 30_000.0]
    assert record.cash[-1] == 10_000.0


def test_a_strategy_may_have_a_sizer_of_its_own() -> None:
    enter = {0: lambda s: s.go_long()}
    ships = fleet(role(enter, name="one"), role(enter, name="two", sizer=Shares(7.0)))
    assert fills(played(ships, [still("AAA")])) == [("one", "AAA", 10.0), ("two", "AAA", 7.0)]


def test_a_class_that_is_there_twice_has_two_names() -> None:
    twice = scripted(BUY)
    record = played(fleet(Role(twice, weight=0.5), Role(twice, weight=0.5)), [still("AAA")])
    assert [one.order.id for one in record.orders] == ["Scripted-1", "Scripted2-1"]
    assert [owner_of(one.order.id) for one in record.orders] == ["Scripted", "Scripted2"]


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ((), "no strategies"),
        ((role(BUY, weight=0.7), role(BUY, weight=0.4)), "together 1.1"),
        ((role(BUY, weight=0.0),), "above 0"),
        ((role(BUY, name="a"), role(BUY, name="a")), "Two strategies are called a"),
        ((role(BUY, name="my one"),), "letters and digits"),
        ((role(BUY, name="x" * 21),), "at most 20"),
    ],
)
def test_what_cannot_share_an_account(roles: tuple[Role, ...], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Fleet(roles)
    assert says in f"{refused.value}"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (free(account=RegT()), "margin calls"),
        (free(policy=FillPolicy(cash_check="fill")), "cash_check=fill"),
        (free(weights={"AAA": 1.0}), "weights by symbol"),
    ],
)
def test_what_a_shared_symbol_does_not_go_with(settings: BacktestSettings, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        run(fleet(role(BUY), role(BUY)), [still("AAA")], settings)


def test_a_symbol_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="trades XYZ"):
        run(fleet(role(BUY, ("XYZ",))), [still("AAA")], free())


def test_an_error_names_the_strategy_it_came_from() -> None:
    def fail(strategy: Strategy) -> None:
        raise ValueError("on purpose")

    record = run(fleet(role(BUY), role({2: fail})), [still("AAA")], free())
    assert "on purpose" in record.error
    assert "builders.py, line" in record.error


# a symbol they share ----------------------------------------------------------------------------


def test_two_strategies_hold_the_same_symbol_each_for_itself() -> None:
    """One is long 100, the other short 40: the account has 60; each closes its own."""
    ships = fleet(
        role({0: lambda s: s.buy(100), 4: lambda s: s.close()}, name="long"),
        role({1: lambda s: s.sell(40), 3: lambda s: s.close()}, name="short"),
    )
    rows = flat_rows([100.0, 100.0, 100.0, 90.0, 90.0, 95.0, 95.0])
    record = played(ships, [bars_of(rows)])
    assert list(record.quantities["AAA"]) == [0.0, 100.0, 60.0, 60.0, 100.0, 0.0, 0.0]
    assert fills(record) == [
        ("long", "AAA", 100.0), ("short", "AAA", -40.0),
        ("short", "AAA", 40.0), ("long", "AAA", -100.0),
    ]  # fmt: skip
    assert [(book.name, book.profit) for book in record.strategies] == [
        ("long", -500.0),
        ("short", 400.0),
    ]
    assert record.equity[-1] == 99_900.0
    assert [(t.side, t.quantity, t.profit) for t in trades_of(record)] == [
        (-1, 40.0, 400.0),
        (1, 100.0, -500.0),
    ]


def test_protection_covers_its_own_strategys_units_whatever_the_other_does() -> None:
    """The other sells more than the first holds: the account is short, and the stop still stands,
    whole, and sells when it is reached."""
    ships = fleet(
        role({0: lambda s: s.go_long(stop_loss=pct(10))}, name="guarded"),
        role({2: lambda s: s.sell(25)}, name="seller"),
    )
    rows: list[Row] = [(100, 100, 100, 100)] * 5 + [(95, 95, 85, 88), (88, 88, 88, 88)]
    record = played(ships, [bars_of(rows)])
    stop = next(one for one in record.orders if one.order.origin is Origin.STOP_LOSS)
    assert (stop.filled, stop.average_price) == (10.0, 90.0)
    assert list(record.quantities["AAA"]) == [0.0, 10.0, 10.0, -15.0, -15.0, -25.0, -25.0]


def test_a_close_sells_what_its_strategy_holds_although_the_account_is_flat() -> None:
    ships = fleet(
        role({0: lambda s: s.buy(30), 4: lambda s: s.close()}, name="long"),
        role({0: lambda s: s.sell(30)}, name="short"),
    )
    record = played(ships, [still("AAA")])
    assert list(record.quantities["AAA"]) == [0.0] * 5 + [-30.0] * 3
    assert fills(record)[-1] == ("long", "AAA", -30.0)


def test_a_breaker_closes_what_each_holds() -> None:
    ships = fleet(
        role({0: lambda s: s.buy(500)}, name="long"), role({0: lambda s: s.sell(100)}, name="short")
    )
    rows = flat_rows([100.0, 100.0, 60.0, 60.0, 60.0])
    record = played(ships, [bars_of(rows)], free(breakers=(MaxDrawdown(10.0),)))
    closing = [(record.strategy_of(f.order.id), f.quantity) for f in record.fills
               if f.order.origin is Origin.BREAKER]  # fmt: skip
    assert closing == [("long", -500.0), ("short", 100.0)]
    assert record.quantities["AAA"][-1] == 0.0


def test_dividends_are_shared_in_proportion() -> None:
    """1.5 a unit on 60 units net: the 100 receive 150, the 40 sold short pay 60."""
    ships = fleet(
        role({0: lambda s: s.buy(100)}, name="long"), role({0: lambda s: s.sell(40)}, name="short")
    )
    settings = free(actions=(Dividend("AAA", day_number(4), 1.5),))
    record = played(ships, [raw(still("AAA"))], settings)
    assert [(f.kind, f.amount) for f in record.flows] == [(CashFlowKind.DIVIDEND, 90.0)]
    assert [book.profit for book in record.strategies] == [150.0, -60.0]


def test_a_split_leaves_each_whole_units() -> None:
    """Three for two of 51 and 30: 76.5 and 45, of 121 whole ones together."""
    ships = fleet(
        role({0: lambda s: s.buy(51)}, name="a"), role({0: lambda s: s.buy(30)}, name="b")
    )
    closes = [150.0] * 4 + [100.0] * 4
    settings = free(actions=(StockSplit("AAA", day_number(4), 1.5),))
    record = played(ships, [raw(bars_of(flat_rows(closes)))], settings)
    held = {p.quantity for p in record.positions}
    assert held == {76.0, 45.0}
    assert record.equity[-1] == pytest.approx(100_000.0)
    assert sum(book.profit for book in record.strategies) == pytest.approx(0.0)
    assert sorted(t.quantity for t in trades_of(record)) == [45.0, 76.0]


def test_interest_on_the_account_is_no_strategys() -> None:
    ships = fleet(role(BUY, ("AAA",)), role(BUY, ("BBB",)))
    settings = free(financing=IbkrFinancing(benchmark=4.0))
    record = played(ships, [still("AAA"), still("BBB")], settings)
    assert record.flows
    assert [book.profit for book in record.strategies] == [0.0, 0.0]
    assert record.equity[-1] == pytest.approx(100_000.0 + sum(f.amount for f in record.flows))


def whim(seed: int) -> object:
    """Sides, protection and targets by the number of the bar."""

    def act(strategy: Strategy, bar: int) -> None:
        if bar % 5 == seed % 5:
            strategy.go_long(stop_loss=pct(1.5), take_profit=pct(2))
        elif bar % 5 == (seed + 2) % 5:
            strategy.go_short(trail=pct(2))
        elif bar % 11 == 0:
            strategy.target(float(bar * seed * 7 % 61 - 30))

    return act


def wild() -> list[Bars]:
    rng = np.random.Generator(np.random.PCG64(5))
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (120, 2)), axis=0))
    bars = []
    for number, symbol in enumerate(("AAA", "BBB")):
        close = prices[:, number]
        before = np.concatenate(([100.0], close[:-1]))
        both = zip(before.tolist(), close.tolist(), strict=True)
        rows = [(o, max(o, c) * 1.004, min(o, c) * 0.996, c) for o, c in both]
        bars.append(bars_of(rows, symbol))
    return bars


def three() -> Fleet:
    return fleet(
        Role(scripted(whim(1)), {}, ("AAA",), 0.3, "a"),  # type: ignore[arg-type]
        Role(scripted(whim(2)), {}, (), 0.3, "b"),  # type: ignore[arg-type]
        Role(scripted(whim(3), universe=True), {}, (), 0.4, "c"),  # type: ignore[arg-type]
    )


COSTLY = free(commission=PerShare(0.01), sizer=PercentOfEquity(90.0))


def test_the_books_of_the_strategies_are_the_account() -> None:
    """Costs, a shared symbol, all kinds of orders: sums agree with the account at the end."""
    record = played(three(), wild(), COSTLY)
    assert len(record.fills) > 100
    books = record.strategies
    assert sum(book.equity for book in books) == pytest.approx(record.equity[-1], abs=1e-6)
    assert sum(book.cash for book in books) == pytest.approx(record.cash[-1], abs=1e-6)
    trades = trades_of(record)
    for book in books:
        mine = [t for t in trades if record.strategy_of(t.entry_order) == book.name]
        assert sum(t.profit for t in mine) == pytest.approx(book.profit, abs=1e-6)


@pytest.mark.parametrize("history", [0, 40])
def test_a_session_in_shadow_is_the_backtest_to_the_last_byte(history: int) -> None:
    bars = wild()
    start = int(bars[0].close_time[history])
    settings = replace(COSTLY, start=start, owned=True)
    backtest = run(three(), bars, settings)
    core = fed(three(), bars, settings, history=history)
    assert backtest.fills
    assert differences(backtest, core.record()) == []
    assert core.strategies == backtest.strategies


def test_a_fleet_is_verified_as_one_strategy_is() -> None:
    ships = fleet(role(ROUND, name="a"), role(ROUND, name="b"))
    record = run_verified(ships, [still("AAA")], free(), {}, {})
    assert record.path == "event engine: several strategies share the account"
    assert len(record.orders) == 4


# arithmetic -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "wanted", "lot", "parts"),
    [
        (121.0, [76.5, 45.0], 1.0, [76.0, 45.0]),
        (3.0, [1.5, 1.5], 1.0, [2.0, 1.0]),
        (1.0, [1.5, -0.5], 1.0, [1.0, 0.0]),
        (0.0, [1.5, -1.5], 1.0, [1.0, -1.0]),
        (10.5, [7.0, 3.5], 0.0, [7.0, 3.5]),
        (600.0, [450.0, 150.0], 100.0, [500.0, 100.0]),
    ],
)
def test_whole_lots_for_each(
    total: float, wanted: list[float], lot: float, parts: list[float]
) -> None:
    assert allotted(total, wanted, lot) == parts


def test_shares_add_up() -> None:
    parts = shares_of(0.1, [100.0, -40.0, 7.0])
    assert sum(parts) == pytest.approx(0.1)
    assert parts[1] < 0.0 < parts[0]


def test_several_strategies_take_up_no_sides() -> None:
    settings = free(begin="join", start=int(still("AAA").close_time[3]))
    with pytest.raises(ConfigError, match="sides are taken up for one strategy only"):
        run(fleet(role(BUY, name="a"), role(BUY, name="b")), [still("AAA")], settings)
