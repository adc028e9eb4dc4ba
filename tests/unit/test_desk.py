"""A desk on an emulator of its own: what it shows, orders, refuses and cancels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from framework import MaxDrawdown, MaxShares, Order, OrderStatus, Refused, atr, connect, pct
from framework.cli.app import app
from framework.engine.journal import read_journal
from framework.engine.journal_rows import Stopped, Submit
from framework.errors import ConfigError, OrderError, SlipwayError
from framework.session.ashore import Ashore
from framework.session.desk import Desk

WAIT = 20.0


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with connect("paper", gateway="emulator") as found:
        yield found


def low(desk: Desk, symbol: str, percent: float) -> float:
    """A price so far below the market."""
    mark = desk.price(symbol).mark
    assert mark is not None
    return round(mark * (1.0 - percent / 100.0), 2)


def test_it_says_that_it_is_an_emulator(capsys: pytest.CaptureFixture[str]) -> None:
    with connect("paper", gateway="emulator") as desk:
        assert "EMULATOR" in capsys.readouterr().out
        for shown in (desk, desk.balance(), desk.positions(), desk.orders(), desk.fills()):
            assert "EMULATOR" in repr(shown)
    assert "closed" in repr(desk)


def test_money_prices_and_the_past(desk: Desk) -> None:
    balance = desk.balance()
    assert balance.currency == "USD"
    assert balance.net_liquidation is not None
    assert balance.net_liquidation > 900_000.0
    price = desk.price("SPY")
    assert price.bid is not None
    assert price.ask is not None
    assert 0.0 < price.bid < price.ask
    assert price.is_live
    bars = desk.history("SPY", bar="1h", days=3)
    assert list(bars.columns) == ["open", "high", "low", "close", "volume"]
    assert isinstance(bars.index, pd.DatetimeIndex)
    assert len(bars) >= 48
    assert bars.index.is_monotonic_increasing
    assert (np.diff(bars.index.asi8) == 3_600 * 10**9).all()
    short = desk.history("SPY", bar="30s", days=1)
    assert len(short) >= 24 * 120 - 1
    assert (np.diff(short.index.asi8) == 30 * 10**9).all()


def test_a_purchase_fills_and_is_shown_everywhere(desk: Desk) -> None:
    order = desk.buy("MSFT", 7)
    assert isinstance(order, Order)
    done = desk.wait(order, WAIT)
    assert done.status is OrderStatus.FILLED
    assert done.filled == 7.0
    held = {one.symbol: one for one in desk.positions()}["MSFT"]
    assert (held.quantity, held.own) == (7.0, 7.0)
    assert held.average == pytest.approx(done.average, abs=0.5)
    assert [one.quantity for one in desk.fills() if one.order == order.id] == [7.0]
    back = desk.sell("MSFT", 7)
    assert desk.wait(back, WAIT).status is OrderStatus.FILLED
    assert "MSFT" not in {one.symbol for one in desk.positions()}


def test_a_bracket_guards_what_it_buys_and_is_cancelled_by_name(desk: Desk) -> None:
    entry = desk.bracket("buy", "AAPL", 3, stop_loss=pct(5), take_profit=pct(5))
    assert desk.wait(entry, WAIT).status is OrderStatus.FILLED
    stop, target = guards = [one for one in desk.orders() if one.id != desk_id(entry)][-2:]
    assert (stop.type, target.type) == ("stop", "limit")
    for guard in guards:
        until(partial(works, desk, guard.id))
    desk.cancel_all()
    assert {one.id for one in guards} <= {one.id for one in desk.working()}
    desk.cancel(stop)
    assert desk.wait(stop, WAIT).status is OrderStatus.CANCELLED
    assert status(desk, target.id) is OrderStatus.WORKING
    desk.cancel(target)
    assert desk.wait(target, WAIT).status is OrderStatus.CANCELLED
    assert desk.wait(desk.sell("AAPL", 3), WAIT).status is OrderStatus.FILLED


def test_a_limit_works_until_it_is_cancelled(desk: Desk) -> None:
    order = desk.buy("AAPL", 4, limit=low(desk, "AAPL", 8), tif="GTC")
    assert isinstance(order, Order)
    until(lambda: status(desk, order.id) is OrderStatus.WORKING)
    assert not desk.wait(order, 0.1).is_done
    desk.cancel_all("MSFT")
    assert status(desk, order.id) is OrderStatus.WORKING
    desk.cancel_all("AAPL")
    assert desk.wait(order.id, WAIT).status is OrderStatus.CANCELLED
    desk.cancel(order)
    assert status(desk, order.id) is OrderStatus.CANCELLED


def desk_id(order: Order | Refused) -> str:
    assert isinstance(order, Order)
    return order.id


def works(desk: Desk, name: str) -> bool:
    return status(desk, name) is OrderStatus.WORKING


def status(desk: Desk, name: str) -> OrderStatus:
    return next(one.status for one in desk.orders() if one.id == name)


def until(holds: Callable[[], bool], seconds: float = WAIT) -> None:
    """Wait for something of the broker's."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.02)


def test_what_no_broker_could_take_is_an_error_of_the_call(desk: Desk) -> None:
    before = len(desk.orders())
    with pytest.raises(OrderError, match="quantity"):
        desk.buy("AAPL", -1)
    with pytest.raises(OrderError, match="average true ranges"):
        desk.buy("AAPL", 1, stop_loss=atr(2))
    with pytest.raises(SlipwayError, match="NOPE"):
        desk.buy("NOPE", 1)
    with pytest.raises(ConfigError, match="index"):
        desk.buy("SPX", 1)
    with pytest.raises(ConfigError, match="'7m'"):
        desk.history("AAPL", bar="7m")
    with pytest.raises(ConfigError, match=r"take 6,000 requests.*fewer days or longer bars"):
        desk.history("AAPL", bar="5s")
    with pytest.raises(OrderError, match="no order 'Desk-99'"):
        desk.cancel("Desk-99")
    refused = desk.buy("AAPL", 1, limit=0.5)
    assert isinstance(refused, Refused)
    with pytest.raises(OrderError, match="price_collar"):
        desk.wait(refused)
    assert len(desk.orders()) == before


def test_it_opens_where_a_loop_already_runs() -> None:
    """As in a notebook."""

    async def cell() -> str:
        with connect("paper", gateway="emulator") as desk:
            return desk.balance().currency

    assert asyncio.run(cell()) == "USD"


def test_limits_are_those_given_and_breakers_are_refused() -> None:
    with pytest.raises(ConfigError, match="MaxDrawdown"):
        connect("paper", gateway="emulator", limits=[MaxDrawdown()])
    with pytest.raises(ConfigError, match="max_share"):
        connect("paper", gateway="emulator", limits="max_share:count=5")
    with connect("paper", gateway="emulator", limits=[MaxShares(count=5)]) as desk:
        order = desk.buy("AAPL", 8)
        assert isinstance(order, Order)
        assert order.quantity == 5.0
        far = desk.buy("AAPL", 1, limit=1.0)
        assert isinstance(far, Refused)
        assert far.rule == "max_shares"


def test_money_there_is_not_buys_nothing_at_any_speed() -> None:
    ashore = Ashore(cash=50_000.0, speed=20.0)
    with connect("paper", gateway=ashore, limits="max_shares:count=10000") as desk:
        assert desk.balance().cash == 50_000.0
        refused = desk.buy("SPY", 500)
        assert isinstance(refused, Refused)
        assert refused.rule == "buying_power"
        assert desk.wait(desk.buy("SPY", 5), WAIT).status is OrderStatus.FILLED
        first = desk.price("SPY")
        until(lambda: desk.price("SPY").time != first.time)


def test_the_end_closes_the_journal_and_lists_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "journal.sqlite"
    with connect("paper", gateway="emulator", journal=path) as desk:
        order = desk.buy("AAPL", 1, limit=low(desk, "AAPL", 5), tif="GTC")
        until(lambda: status(desk, desk_id(order)) is OrderStatus.WORKING)
    left = desk.close()
    assert [one.id for one in left] == [desk_id(order)]
    with pytest.raises(SlipwayError, match="closed"):
        desk.balance()
    assert path.stat().st_mode & 0o777 == 0o600
    with read_journal(path) as journal:
        rows = [entry.row for entry in journal.entries()]
    assert isinstance(rows[-1], Stopped)
    shown = " ".join(CliRunner().invoke(app, ["journal", str(path)]).output.split())
    assert "order: buy 1 AAPL limit" in shown
    [sent] = [row for row in rows if isinstance(row, Submit)]
    assert sent.quotes
    quote = sent.quotes[0].quote
    assert quote is not None
    assert quote.bid < sent.orders[0].decision_price < quote.ask


def test_a_live_emulator_there_is_none() -> None:
    with pytest.raises(ConfigError, match="paper only"):
        connect("live", gateway="emulator", account="U1234567")
