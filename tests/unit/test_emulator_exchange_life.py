"""Lives of orders: what clients are told, in which order, and when an order trades or ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.commission import NoCommission
from framework.components.liquidity import FixedUnits
from framework.components.slippage import NoSlippage
from framework.domain.bars import Bars
from framework.emulator.clock import RunningClock
from framework.emulator.exchange.account import Account
from framework.emulator.market.markets import bars_market
from framework.emulator.protocol.answers import (
    CommissionReport,
    Error,
    ExecDetails,
    OpenOrder,
    OrderStatus,
)
from framework.emulator.protocol.contract import WireContract
from tests.builders import Row, five_minutes
from tests.unit.emulated import (
    ACCOUNT,
    Bench,
    flat_bars,
    limit,
    order,
    played,
    running,
    stepped,
    stock,
    stop,
)

FREE = BacktestSettings(commission=NoCommission(), slippage=NoSlippage())


def told(made: Bench) -> list[str]:
    """What was told since the last call, in short."""
    words = []
    for one in made.fresh():
        match one:
            case OpenOrder(state=state):
                paid = " paid" if state.commission is not None else ""
                words.append(f"5 {state.status}{paid}")
            case OrderStatus(status=status):
                words.append(f"3 {status}")
            case ExecDetails():
                words.append("11")
            case CommissionReport():
                words.append("59")
            case Error(code=code):
                words.append(f"4 {code}")
    return words


MARKET = ["5 PreSubmitted", "3 PreSubmitted", "11", "5 Filled paid", "3 Filled"]
LIVE = [*MARKET, "5 Filled paid", "59"]


@pytest.mark.parametrize("kind", ["running", "stepped"])
def test_a_market_order_as_tws_tells_it(kind: str) -> None:
    """5 PreSubmitted, 3, 11, 5 Filled, 3 Filled, 5 Filled with its commission, 59."""
    made = Bench(running([flat_bars()]) if kind == "running" else stepped([flat_bars()], FREE))
    if kind == "stepped":
        made.step(2)
    made.place(1, order())
    if kind == "stepped":
        assert told(made) == LIVE[:2], "nothing fills inside a request"
        made.step()
        assert told(made) == LIVE[2:]
    else:
        assert told(made) == LIVE


def test_a_limit_order_that_rests_and_fills() -> None:
    made = Bench(stepped([flat_bars((100.0,) * 3 + (94.0,) * 9)], FREE))
    made.step(2)
    made.place(1, limit(95.0))
    assert told(made) == ["5 Submitted", "3 Submitted"]
    made.step()
    assert told(made) == []
    made.step()
    assert told(made) == ["11", "5 Filled paid", "3 Filled", "5 Filled paid", "59"]


def test_a_stop_is_held_until_it_is_triggered() -> None:
    """A stop-limit whose limit is not reached works on as a limit order."""
    rows: list[Row] = [(100, 100, 100, 100)] * 3 + [(100, 100, 96, 96)] + [(90, 90, 90, 90)] * 8
    made = Bench(stepped([five_minutes(rows, 6)], FREE))
    made.step(2)
    made.place(1, order("STP LMT", "SELL", aux_price=97.0, lmt_price=98.0))
    assert told(made) == ["5 PreSubmitted", "3 PreSubmitted"]
    made.step(2)
    assert told(made) == ["5 Submitted", "3 Submitted"]


def test_parts_are_told_one_by_one() -> None:
    house = replace(FREE, liquidity=FixedUnits(4.0))
    made = Bench(stepped([flat_bars()], house))
    made.step(2)
    placed = made.place(1, order())
    made.step(3)
    statuses = made.answers(OrderStatus, 1)
    assert [(one.status, one.filled, one.remaining) for one in statuses] == [
        ("PreSubmitted", 0.0, 10.0),
        ("Submitted", 4.0, 6.0),
        ("Submitted", 8.0, 2.0),
        ("Filled", 10.0, 0.0),
    ]
    executions = [one.execution for one in made.answers(ExecDetails, 1)]
    assert [(one.shares, one.cum_qty) for one in executions] == [(4, 4), (4, 8), (2, 10)]
    assert len({one.exec_id for one in executions}) == 3
    assert placed is not None and placed.average == pytest.approx(100.0)
    assert told(made).count("59") == 3


def test_the_commission_of_the_last_message_is_that_of_the_whole_order() -> None:
    house = BacktestSettings(slippage=NoSlippage(), liquidity=FixedUnits(200.0))
    made = Bench(stepped([flat_bars()], house))
    made.step(2)
    made.place(1, order(quantity=600.0))
    made.step(3)
    reports = [one.commission for one in made.answers(CommissionReport)]
    assert sum(reports) == pytest.approx(3.0)
    assert made.answers(OpenOrder, 1)[-1].state.commission == pytest.approx(3.0)


# times in force -----------------------------------------------------------------------------


@pytest.mark.parametrize("tif", ["DAY", ""])
def test_a_day_order_ends_with_the_session(tif: str) -> None:
    made = Bench(stepped([flat_bars()], FREE))
    made.step(2)
    placed = made.place(1, limit(90.0, tif=tif))
    assert placed is not None
    made.step(3)
    assert placed.status == "Submitted"
    told(made)
    made.step()
    assert told(made) == ["3 Cancelled", "4 202"]
    assert placed.reason


def test_a_day_order_placed_at_the_close_is_for_the_next_day() -> None:
    made = Bench(stepped([flat_bars()], FREE))
    made.step(6)
    placed = made.place(1, limit(90.0, tif="DAY"))
    made.step(5)
    assert placed is not None and placed.status == "Submitted"
    made.step()
    assert placed.status == "Cancelled"


def test_what_must_trade_at_once_does_or_ends() -> None:
    made = Bench(running([flat_bars()]))
    made.place(1, limit(90.0, tif="IOC"))
    made.place(2, limit(101.0, tif="IOC"))
    made.place(3, limit(90.0, tif="FOK"))
    states = [one.status for one in made.exchange.placed()]
    assert states == ["Cancelled", "Filled", "Cancelled"]


def test_a_day_order_ends_at_the_sessions_end_of_a_running_market() -> None:
    """By a clock that runs, over closed hours that nobody waits for."""
    bars = flat_bars()
    ticking = [0]
    market = bars_market([bars], int(bars.close_time[3]), points=4)
    gateway = running(market)
    gateway.hub.clock = RunningClock(market.now, 60.0, lambda: ticking[0])
    made = Bench(gateway)
    placed = made.place(1, limit(90.0, tif="DAY"))
    later = made.place(2, limit(90.0))
    assert placed is not None and later is not None

    async def story() -> None:
        runner = asyncio.get_running_loop().create_task(gateway._run(gateway.hub.clock))
        while gateway.hub.market.now < int(bars.close_time[6]):
            ticking[0] += 10**8
            await asyncio.sleep(0.001)
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)

    played(story)
    assert ticking[0] < 60 * 10**9, "nobody waited for the night to pass"
    assert (placed.status, later.status) == ("Cancelled", "Submitted")
    assert placed.ended == int(bars.session_close[5]), "at the close, not the next morning"


# within a bar -------------------------------------------------------------------------------


def swing() -> list[Bars]:
    """A bar that opens at 100, falls to 96, rises to 110 and closes at 108."""
    rows: list[Row] = (
        [(100, 100, 100, 100)] * 2 + [(100, 110, 96, 108)] + [(108, 108, 108, 108)] * 3
    )
    return [five_minutes(rows, 6)]


def test_an_order_that_comes_within_a_bar_meets_the_rest_of_its_path() -> None:
    made = Bench(running(swing()))
    market = made.gateway.hub.market
    while market.close_of("AAA") != 96.0:
        made.step()
    late = made.place(1, limit(96.5, "BUY"))
    assert late is not None and late.status == "Filled" and late.average <= 96.5
    while market.close_of("AAA") < 104.0:
        made.step()
    too_late = made.place(2, limit(97.0, "BUY"))
    target = made.place(3, limit(109.0, "SELL"))
    while market.close_of("AAA") != 108.0:
        made.step()
    assert too_late is not None and too_late.status == "Submitted", "96 was before it came"
    assert target is not None and target.status == "Filled", "110 was after it came"


@pytest.mark.parametrize(
    ("wire", "price"),
    [
        (order(), 100.01),
        (order("MKT", "SELL"), 99.99),
        (limit(101.0), 100.01),
        (limit(99.0, "SELL"), 99.99),
        (stop(100.0, "SELL"), 99.99),
        (order("MIT", "BUY", aux_price=101.0), 100.01),
    ],
)
def test_what_can_trade_trades_at_once_at_the_quote(wire: Any, price: float) -> None:
    made = Bench(running([flat_bars()]))
    placed = made.place(1, wire)
    assert placed is not None and placed.status == "Filled"
    assert placed.average == pytest.approx(price)


@pytest.mark.parametrize(
    "wire", [limit(100.0), limit(99.99), stop(99.0), order("MOC"), limit(100.0, "SELL")]
)
def test_what_cannot_trade_yet_waits(wire: Any) -> None:
    made = Bench(running([flat_bars()]))
    placed = made.place(1, wire)
    assert placed is not None and not placed.is_done


def test_a_change_to_a_price_that_can_trade_trades_at_once() -> None:
    made = Bench(running([flat_bars()]))
    placed = made.place(1, limit(90.0))
    made.place(1, limit(101.0))
    assert placed is not None and placed.status == "Filled"


def test_nothing_trades_while_the_market_is_closed() -> None:
    bars = flat_bars()
    made = Bench(running(bars and [bars], after=5))
    placed = made.place(1, order())
    assert placed is not None and placed.status == "PreSubmitted"
    made.step()
    assert placed.status == "Filled"
    execution = made.exchange.accounts[ACCOUNT].executions.all[0]
    assert execution.time > int(bars.session_close[5])


def test_an_order_at_the_close_trades_at_the_close() -> None:
    made = Bench(running([flat_bars((100.0,) * 5 + (103.0,) * 7)], after=3))
    placed = made.place(1, order("MOC", tif="DAY"))
    for _ in range(8):
        made.step()
    assert placed is not None and placed.status == "Filled"
    assert placed.average == pytest.approx(103.0, abs=0.011)


def test_without_a_price_there_is_no_order() -> None:
    """Before the first bar; nor a what-if, whose figures nobody could know."""
    made = Bench(stepped([flat_bars()], FREE))
    for number, wire in enumerate((order(), order("TRAIL", aux_price=1.0), limit(90.0)), 1):
        made.place(number, wire)
        assert made.answers(Error, number)[0].code == 201
    made.step()
    made.place(9, order())
    made.step()
    assert made.exchange.placed()[-1].status == "Filled"


# options ------------------------------------------------------------------------------------


def option(made: Bench, expiry: int = 2, strike: float = 100.0, right: str = "C") -> WireContract:
    listed = made.gateway.hub.market.directory
    chain = listed.chains(listed.by_key("AAA").con_id)[0]
    return WireContract(
        symbol="AAA",
        sec_type="OPT",
        last_trade_date=chain.expirations[expiry],
        strike=min(chain.strikes, key=lambda one: abs(one - strike)),
        right=right,
        exchange="SMART",
        currency="USD",
        multiplier="100",
    )


def test_an_option_trades_without_anybody_following_its_quotes() -> None:
    """Its price moves on with its underlying from the first order on."""
    made = Bench(running([flat_bars((100.0,) * 3 + (96.0,) * 21)]))
    contract = option(made)
    listing = made.gateway.hub.market.directory.one(contract)
    bid = made.gateway.hub.market.quote(listing.key).bid
    placed = made.place(1, limit(round(bid - 0.5, 2), quantity=1.0), contract)
    assert placed is not None and placed.status == "Submitted"
    for _ in range(12):
        made.step()
    assert placed.status == "Filled"
    account = made.exchange.accounts[ACCOUNT]
    assert account.close(listing.key) == made.gateway.hub.market.close_of(listing.key)


def test_an_option_trades_at_its_quote_within_a_bar() -> None:
    """Its first order comes when the underlying has moved since its last closed bar."""
    made = Bench(running(swing()))
    market = made.gateway.hub.market
    contract = option(made)
    while market.close_of("AAA") != 110.0:
        made.step()
    quote = market.quote(market.directory.one(contract).key)
    placed = made.place(1, order(quantity=1.0), contract)
    assert placed is not None and placed.average == quote.ask


SESSIONS = 20
"""To the third Friday of March 2020, on which the first options expire."""


def expiring(last: float) -> tuple[Bench, WireContract, Account]:
    """A running market until an option expires, and two sessions beyond."""
    bars = flat_bars((100.0,) * (2 * SESSIONS - 4) + (last,) * 8, per_session=2)
    made = Bench(running([bars], after=2))
    return made, option(made, expiry=0), made.exchange.accounts[ACCOUNT]


@pytest.mark.parametrize(("last", "shares"), [(104.0, 100.0), (96.0, 0.0)])
def test_an_option_that_expires_is_settled_and_gone(last: float, shares: float) -> None:
    made, contract, account = expiring(last)
    listing = made.gateway.hub.market.directory.one(contract)
    made.place(1, order(quantity=1.0), contract)
    working = made.place(2, limit(90.0, "SELL", 1.0), contract)
    assert account.book.positions[listing.key].quantity == 1.0
    while made.gateway.hub.market.next_time() is not None:
        made.step()
    assert account.book.positions[listing.key].is_flat
    assert account.book.positions["AAA"].quantity == shares
    assert working is not None and working.status == "Cancelled"
    made_by_broker = [one for one in made.exchange.placed() if one.client_id == 0]
    assert [one.status for one in made_by_broker] == ["Filled"] * len(made_by_broker)
    assert made_by_broker, "the settlement is an order of the broker's own"
    if shares:
        assert account.book.positions["AAA"].average_price == pytest.approx(contract.strike)


def test_two_markets_show_the_same_book_whoever_follows_them() -> None:
    """Orders trade alike whether or not a second instrument is traded beside."""
    alone = Bench(running([flat_bars((100.0,) * 8 + (97.0,) * 16)]))
    beside = Bench(running([flat_bars((100.0,) * 8 + (97.0,) * 16), flat_bars(symbol="BBB")]))
    for made in (alone, beside):
        made.place(1, limit(98.0))
        made.place(2, order("TRAIL", "SELL", aux_price=1.0))
    beside.place(3, order(), stock("BBB"))
    for made in (alone, beside):
        while made.gateway.hub.market.next_time() is not None:
            made.step()
    ours, theirs = alone.book.positions["AAA"], beside.book.positions["AAA"]
    assert (ours.quantity, ours.average_price) == (theirs.quantity, theirs.average_price)
