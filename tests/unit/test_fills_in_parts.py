"""Orders filled over several bars: their trades, tables and warnings, and runs with a cap."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from framework.components.commission import PerShare
from framework.components.liquidity import FixedUnits, Unlimited, VolumeShare
from framework.components.slippage import PercentSlippage
from framework.config.doubts import doubts_of
from framework.domain.bars import Bars
from framework.domain.events import Fill
from framework.domain.orders import Origin, Side, TimeInForce, points
from framework.domain.terms import Terms, Twap
from framework.errors import ConfigError
from framework.feeds.sample import sp500
from framework.ports import LiquidityModel
from framework.research.backtest import run_backtest
from framework.research.files import Provenance, write_run
from framework.research.report import print_result
from framework.research.results import Result, result_of
from framework.research.trades import OPEN, Trade, trades_of
from framework.strategy import Strategy
from tests.builders import Act, five_minutes, flat_rows, free, played
from tests.unit.records import bars_of, fill_of, record_of

BARS = bars_of([100, 102, 104, 110, 108, 90, 95, 96])
B, S = Side.BUY, Side.SELL


def brief(trade: Trade) -> tuple[Side, float, float, float, str]:
    prices = (round(trade.entry_price, 9), round(trade.exit_price, 9))
    return (trade.side, trade.quantity, *prices, trade.exit_order)


def fill(row: int, quantity: float, order: str, parent: str | None = None) -> Fill:
    origin = Origin.STRATEGY if parent is None else Origin.STOP_LOSS
    return fill_of(BARS, row, quantity, order=order, parent=parent, origin=origin)


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        pytest.param(
            [(1, 10, "in"), (2, 20, "in"), (3, -30, "out")],
            [(B, 30, (1000 + 2040) / 30, 104, "out")], id="an entry in two parts is one lot",
        ),
        pytest.param(
            [(1, 30, "in"), (2, -10, "out"), (3, -20, "out")],
            [(B, 30, 100, (1020 + 2080) / 30, "out")], id="an exit in two parts is one trade",
        ),
        pytest.param(
            [(1, -10, "in"), (2, -10, "in"), (3, 5, "out"), (4, 15, "out")],
            [(S, 20, 101, (520 + 1650) / 20, "out")], id="both, short",
        ),
        pytest.param(
            [(1, 10, "in"), (2, 10, "in"), (3, -5, "a"), (4, -15, "b")],
            [(B, 5, 101, 104, "a"), (B, 15, 101, 110, "b")],
            id="two exits pay the same average",
        ),
        pytest.param(
            [(1, 10, "in"), (2, 10, "second"), (3, 10, "in"), (4, -20, "out")],
            [(B, 20, 102, 110, "out"), (B, 10, 102, 96, "")],
            id="what comes later to an older lot leaves first",
        ),
        pytest.param(
            [(1, 10, "in"), (2, -4, "a"), (3, 10, "in"), (4, -16, "b")],
            [(B, 4, 100, 102, "a"), (B, 16, (600 + 1040) / 16, 110, "b")],
            id="an exit before the entry was done",
        ),
        pytest.param(
            [(1, 10, "in"), (2, -10, "a"), (3, 10, "in")],
            [(B, 10, 100, 102, "a"), (B, 10, 104, 96, "")],
            id="an entry that goes on when its first part is gone",
        ),
        pytest.param(
            [(1, 10, "in"), (2, -6, "turn"), (3, -14, "turn"), (4, 10, "out")],
            [(B, 10, 100, (612 + 416) / 10, "turn"), (S, 10, 104, 110, "out")],
            id="a reversal in parts",
        ),
        pytest.param(
            [(1, 10, "a"), (2, 10, "b"), (3, -15, "out"), (4, -5, "out")],
            [(B, 10, 100, 104, "out"), (B, 10, 102, (520 + 550) / 10, "out")],
            id="one exit of two lots",
        ),
    ],
)  # fmt: skip
def test_lots_are_those_of_orders(fills, expected) -> None:  # type: ignore[no-untyped-def]
    trades = trades_of(record_of(BARS, [fill(*one) for one in fills]))
    assert [brief(trade) for trade in trades] == [
        (side, quantity, round(entry, 9), round(leave, 9), order)
        for side, quantity, entry, leave, order in expected
    ]


def test_a_child_closes_its_own_parent_s_lot_in_parts() -> None:
    fills = [fill(1, 10, "a"), fill(2, 10, "b"), fill(3, -4, "stop", "b"), fill(4, -6, "stop", "b")]
    first, held = trades_of(record_of(BARS, fills))
    assert (first.entry_order, first.quantity, first.exit_reason) == ("b", 10, "stop_loss")
    assert (held.entry_order, held.exit_reason) == ("a", OPEN)


def test_times_and_costs_are_those_of_all_parts() -> None:
    fills = [
        fill_of(BARS, 1, 10, order="in", slip=0.5),
        fill_of(BARS, 2, 30, order="in", slip=0.1),
        fill_of(BARS, 4, -10, order="out"),
        fill_of(BARS, 5, -30, order="out", slip=0.2),
    ]
    (trade,) = trades_of(record_of(BARS, fills, fee=2.0))
    assert (trade.entry_time, trade.exit_time) == (BARS.close_time[1], BARS.close_time[5])
    assert trade.bars == 4
    assert trade.commission == pytest.approx(8.0)
    assert trade.slippage == pytest.approx(5 + 3 + 6)
    assert trade.profit == pytest.approx(
        10 * 110 + 30 * (108 - 0.2) - 10 * 100.5 - 30 * 102.1 - 8.0
    )
    assert trade.best_excursion == pytest.approx(40 * 111 - 10 * 100.5 - 30 * 102.1)


def test_trades_closed_in_parts_stand_where_their_last_part_closed() -> None:
    fills = [fill(1, 10, "a"), fill(2, 10, "b"), fill(3, -5, "x"), fill(4, -10, "y", "b")]
    trades = trades_of(record_of(BARS, [*fills, fill(5, -5, "x")]))
    assert [(trade.id, trade.exit_order) for trade in trades] == [(1, "y"), (2, "x")]


@given(
    st.lists(
        st.tuples(st.integers(-9, 9).filter(bool), st.sampled_from("abc")), min_size=1, max_size=7
    )
)
def test_profits_add_up_however_orders_are_filled(parts: list[tuple[int, str]]) -> None:
    """Buy and sell orders are told apart by their ids, as they are in a run."""
    fills = [
        fill_of(BARS, row, quantity, slip=0.1, order=name + ("+" if quantity > 0 else "-"))
        for row, (quantity, name) in enumerate(parts, 1)
    ]
    record = record_of(BARS, fills, fee=1.5)
    trades = trades_of(record)
    gained = record.equity[-1] - record.opening_cash
    assert sum(t.profit for t in trades) == pytest.approx(gained, abs=1e-6)
    assert sum(t.commission for t in trades) == pytest.approx(1.5 * len(fills))
    held = sum(t.side * t.quantity for t in trades if t.is_open)
    assert held == pytest.approx(sum(quantity for quantity, _ in parts))
    assert all(t.worst_excursion <= 1e-9 and t.best_excursion >= -1e-9 for t in trades)


# runs -----------------------------------------------------------------------------------------


def market(volumes: list[float], per_session: int = 20) -> Bars:
    """5-minute bars at 100, 101, 102 ... with these volumes."""
    rows = flat_rows([100.0 + i for i in range(len(volumes))], 0.25)
    return replace(five_minutes(rows, per_session), volume=np.array(volumes, dtype=float))


def result(act: Act, bars: Bars, liquidity: LiquidityModel | None, **named: object) -> Result:
    record = played({0: act}, bars, free(liquidity=liquidity, **named))
    return result_of(record, strategy="Test")


def orders_csv(found: Result, folder: Path) -> list[dict[str, str]]:
    write_run(found, folder, "", Provenance())
    return rows_of(folder, "orders.csv")


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / name).read_text().splitlines()))


COLUMNS = ("quantity", "filled", "remaining", "status")


@pytest.mark.parametrize(
    ("act", "row", "average"),
    [
        pytest.param(
            lambda s: s.buy(50, tif="GTC"), ("50.0", "50.0", "0.0", "filled"),
            (10 * 101 + 30 * 102 + 10 * 103) / 50, id="over three bars",
        ),
        pytest.param(
            lambda s: s.buy(200, tif="GTC"), ("200.0", "90.0", "110.0", "partial"),
            (10 * 101 + 30 * 102 + 20 * 103 + 30 * 104) / 90, id="still working at the end",
        ),
        pytest.param(
            lambda s: s.buy(200, tif="IOC"), ("200.0", "10.0", "190.0", "cancelled"), 101.0,
            id="IOC",
        ),
        pytest.param(lambda s: s.buy(200, tif="FOK"), ("200.0", "0.0", "200.0", "cancelled"), None,
            id="FOK",
        ),
    ],
)  # fmt: skip
def test_orders_csv_shows_what_was_filled_and_what_is_left(
    act: Act, row: tuple[str, ...], average: float | None, tmp_path: Path
) -> None:
    found = result(act, market([100, 100, 300, 200, 300]), VolumeShare(10.0))
    (order,) = orders_csv(found, tmp_path / "run")
    assert tuple(order[name] for name in COLUMNS) == row
    assert (order["average_price"] == "") == (average is None)
    if average is not None:
        assert float(order["average_price"]) == pytest.approx(average)
        (trade,) = found.trades
        assert trade.entry_price == pytest.approx(average)
        assert trade.quantity == float(order["filled"])


def test_fills_csv_has_a_row_for_every_part_and_they_add_up_to_the_order(tmp_path: Path) -> None:
    costs = {"slippage": PercentSlippage(), "commission": PerShare(0.01)}
    bars = market([100, 100, 300, 200, 300])
    found = result(lambda s: s.buy(50, tif="GTC"), bars, VolumeShare(10.0), **costs)
    (order,) = orders_csv(found, tmp_path / "run")
    rows = rows_of(tmp_path / "run", "fills.csv")
    assert [float(row["quantity"]) for row in rows] == [10, 30, 10]
    assert {row["order"] for row in rows} == {order["id"]}
    assert len({row["id"] for row in rows}) == len({row["time"] for row in rows}) == 3
    for name in ("slippage", "commission"):
        assert sum(float(row[name]) for row in rows) == pytest.approx(float(order[name])) != 0.0
    for row, base in zip(rows, (101, 102, 103), strict=True):
        assert (float(row["before_slippage"]), row["rate"]) == (base, "")
        assert float(row["price"]) == pytest.approx(base * 1.0005)


def test_a_round_trip_in_parts_is_one_trade_and_adds_up() -> None:
    bars = market([100] * 16)
    record = played(
        {0: lambda s: s.buy(25, tif="GTC"), 6: lambda s: s.close()},
        bars,
        free(
            liquidity=VolumeShare(10.0),
            commission=PerShare(0.01),
            slippage=PercentSlippage(0.1),
        ),
    )
    (trade,) = trades_of(record)
    assert len(record.fills) == 6
    assert (trade.quantity, trade.bars) == (25, 8)
    assert trade.profit == pytest.approx(record.equity[-1] - record.opening_cash)


def test_a_partial_order_is_listed_with_what_is_left_of_it() -> None:
    found = result(lambda s: s.buy(200, tif="GTC"), market([100, 100, 100]), VolumeShare(10.0))
    out = StringIO()
    print_result(found, Console(file=out, width=80))
    text = " ".join(out.getvalue().split())
    assert "Still working when the data ended: market buy 180 of 200 AAA" in text
    assert found.summary.activity.working_orders == 1


@pytest.mark.parametrize(
    ("act", "warning"),
    [
        pytest.param(lambda s: s.buy(10, tif="GTC"), None, id="small enough"),
        pytest.param(
            lambda s: s.buy(30, tif="GTC"), "1 order had to wait for volume (--liquidity).",
            id="in parts",
        ),
        pytest.param(
            lambda s: s.buy(900, tif="GTC"),
            "1 order had to wait for volume (--liquidity); 1 was never filled whole: see "
            "`remaining` in orders.csv.", id="never whole",
        ),
        pytest.param(
            lambda s: s.buy(10, terms=Terms(algo=Twap())), None, id="an algo trades in parts anyway"
        ),
        pytest.param(lambda s: s.buy(10, limit=50.0), None, id="one that waits for a price"),
    ],
)  # fmt: skip
def test_a_run_in_which_orders_waited_for_volume_says_so(act: Act, warning: str | None) -> None:
    found = result(act, market([100] * 8), VolumeShare(10.0))
    said = [text for text in found.record.warnings if "volume" in text]
    assert said == ([] if warning is None else [warning])


@pytest.mark.parametrize(
    ("without_volume", "bars", "filled", "waited"),
    [
        ("fill", [(1, 10)], 10, False),
        ("refuse", [(4, 10)], 10, True),
    ],
)
def test_bars_without_volume(
    without_volume: str, bars: list[tuple[int, float]], filled: float, waited: bool
) -> None:
    played_on = market([0, 0, 0, 0, 1000, 1000])
    found = result(lambda s: s.buy(10), played_on, VolumeShare(10.0, without_volume))
    fills = [
        (int(np.searchsorted(found.record.instants, f.time)), f.quantity)
        for f in found.record.fills
    ]
    assert fills == bars
    assert any("had to wait for volume" in text for text in found.record.warnings) == waited


def test_a_market_order_that_no_bar_could_fill_waited_too() -> None:
    bars = market([0] * 6, per_session=3)
    for tif, status in ((TimeInForce.DAY, "expired"), (TimeInForce.GTC, "working")):
        found = result(lambda s, tif=tif: s.buy(10, tif=tif), bars, VolumeShare(10.0, "refuse"))
        assert found.record.orders[0].status == status
        assert any("1 order had to wait for volume" in text for text in found.record.warnings)


@pytest.mark.parametrize("liquidity", [None, Unlimited()])
def test_without_a_cap_nothing_waits(liquidity: LiquidityModel | None) -> None:
    found = result(lambda s: s.buy(900), market([100] * 4), liquidity)
    assert [f.quantity for f in found.record.fills] == [900]
    assert not any("volume" in text for text in found.record.warnings)


def test_protection_follows_what_was_filled() -> None:
    """Bought in three parts, stopped out in five: one trade, nothing left over."""
    rows = [*flat_rows([100.0] * 6), *flat_rows([90.0] * 10)]
    bars = replace(five_minutes(rows, 20), volume=np.full(16, 100.0))
    record = played(
        {0: lambda s: s.buy(25, tif="GTC", stop_loss=points(5))},
        bars,
        free(liquidity=VolumeShare(10.0)),
    )
    (trade,) = trades_of(record)
    assert (trade.quantity, trade.exit_reason, trade.exit_price) == (25, "stop_loss", 90.0)
    assert [f.quantity for f in record.fills] == [10, 10, 5, -10, -10, -5]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (VolumeShare(5.0), "AAA: 50 % of the bars have no volume: volume_share fills orders of any "
            "size there (without_volume=fill)."),
        (VolumeShare(5.0, "refuse"), "AAA: 50 % of the bars have no volume: volume_share fills "
            "nothing there (without_volume=refuse)."),
        (FixedUnits(5.0), "AAA: 50 % of the bars have no volume: fixed fills up to its count there "
            "(without_volume=fill)."),
        (None, None),
    ],
)  # fmt: skip
def test_bars_without_volume_are_counted_before_the_run(
    model: LiquidityModel | None, said: str | None
) -> None:
    warnings = doubts_of([market([0, 100, 0, 100])], free(liquidity=model))
    assert list(warnings) == ([] if said is None else [said])


# by name --------------------------------------------------------------------------------------


class Hold(Strategy):
    """Buys whenever it is flat."""

    def on_bar(self) -> None:
        if self.position.is_flat:
            self.go_long()


def test_run_backtest_takes_a_name_or_an_object() -> None:
    settings = []
    for liquidity in ("fixed:3", FixedUnits(3.0), {"name": "fixed", "count": 3}):
        found = run_backtest(Hold, data=sp500(), last="1999-01-15", liquidity=liquidity)
        assert {f.quantity for f in found.record.fills} == {3.0}
        settings.append(dict(found.settings)["Liquidity"])
    assert settings == ["fixed(count=3, without_volume=fill)"] * 3
    plain = run_backtest(Hold, data=sp500(), last="1999-01-15")
    assert dict(plain.settings)["Liquidity"] == "no limit"


def test_a_misspelt_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"liquidity component 'volum_share'.*'volume_share'"):
        run_backtest(Hold, data=sp500(), liquidity="volum_share:5")
