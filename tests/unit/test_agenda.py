"""The next instant at which something can happen: what wakes a strategy, the breakers, an order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Tape
from framework.components.breakers import DailyLoss
from framework.components.commission import NoCommission
from framework.components.financing import IbkrFinancing
from framework.components.liquidity import FixedUnits
from framework.components.margin import RegT
from framework.components.sizing import Shares
from framework.components.slippage import NoSlippage
from framework.domain.bars import Bars
from framework.domain.conditions import PriceCondition, any_of
from framework.domain.events import Signal, SignalAction
from framework.domain.ledger import Position
from framework.domain.orders import Order, OrderType, Side, TimeInForce, pct, points
from framework.domain.terms import Peg, Terms, Twap
from framework.engine.agenda import Agenda
from framework.engine.blotter import Blotter
from framework.engine.rolling import Roll
from framework.engine.station import Station
from framework.strategy import Strategy
from tests.builders import Market, Row, bars_of, bracket_of, five_minutes, flat_rows, order_of

QUIET: Row = (100.0, 100.5, 99.5, 100.0)
WIDE: Row = (100.0, 105.0, 95.0, 100.0)
LIMIT, STOP = OrderType.LIMIT, OrderType.STOP


# orders ----------------------------------------------------------------------------------------


def market(rows: list[Row], *orders: Order, **named: Any) -> Market:
    """Sessions of four bars; the orders were sent at the first and have met the second."""
    played = Market(five_minutes(rows, 4), **named)
    played.step()
    played.submit(*orders)
    played.step()
    return played


ROWS = [*[QUIET] * 6, WIDE, *[QUIET] * 5]
DAYS = Terms(good_till=datetime.fromtimestamp(five_minutes(ROWS, 4).close_time[8] / 1e9, UTC))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (order_of(LIMIT, limit=97.0), 6),
        (order_of(LIMIT, Side.SELL, limit=103.0), 6),
        (order_of(LIMIT, limit=90.0), 12),
        (order_of(STOP, stop=103.0), 6),
        (order_of(STOP, Side.SELL, stop=97.0), 6),
        (order_of(STOP, stop=110.0), 12),
        (order_of(OrderType.STOP_LIMIT, stop=103.0, limit=104.0), 6),
        (order_of(OrderType.MARKET_IF_TOUCHED, stop=97.0), 6),
        (order_of(OrderType.LIMIT_IF_TOUCHED, Side.SELL, stop=103.0, limit=102.0), 6),
        (order_of(OrderType.TRAIL, Side.SELL, trail=pct(2)), 6),
        (order_of(OrderType.TRAIL, trail=points(9.0)), 12),
        (order_of(LIMIT, limit=90.0, tif=TimeInForce.DAY), 3),
        (order_of(LIMIT, limit=90.0, tif=TimeInForce.GTD, terms=DAYS), 9),
        (order_of(OrderType.MARKET_ON_CLOSE), 2),
        (order_of(OrderType.LIMIT_ON_CLOSE, limit=90.0), 2),
        (order_of(OrderType.PEG_MID, terms=Terms(peg=Peg.MID, peg_offset=9.0)), 2),
        (order_of(OrderType.MARKET, terms=Terms(algo=Twap())), 2),
        (order_of(LIMIT, limit=90.0, terms=Terms(algo=Twap())), 2),
        (order_of(LIMIT, limit=90.0, tif=TimeInForce.OPG), 2),
        (
            order_of(
                LIMIT, limit=90.0, terms=Terms(conditions=any_of(PriceCondition("AAA", 200.0)))
            ),
            2,
        ),
    ],
    ids=str,
)
def test_an_order_is_looked_at_when_a_bar_may_touch_it(order: Order, expected: int) -> None:
    assert market(ROWS, order).broker.quiet_until(2, 12) == expected


def test_children_wait_for_their_entry() -> None:
    entry = order_of(LIMIT, limit=97.0)
    played = market(ROWS, *bracket_of(entry, stop_loss=90.0, take_profit=100.4))
    assert played.broker.quiet_until(2, 12) == 6
    played.step(5)
    assert played.broker.quiet_until(7, 12) == 7


def test_a_day_order_is_over_in_the_next_session_also_where_the_last_bar_is_missing() -> None:
    bars = five_minutes([QUIET] * 12, 4)
    kept = np.array([0, 1, 2, 5, 6, 7, 8, 9])
    columns = ("close_time", "session", "session_close", "open", "high", "low", "close", "volume")
    short = replace(bars, **{name: getattr(bars, name)[kept] for name in columns})
    played = Market(short)
    played.step()
    played.submit(order_of(LIMIT, limit=90.0, tif=TimeInForce.DAY))
    played.step()
    assert played.broker.quiet_until(2, 8) == 3


def test_a_day_order_that_has_met_no_bar_yet_is_looked_at_in_the_next() -> None:
    played = Market(five_minutes(ROWS, 4))
    played.step()
    played.submit(order_of(LIMIT, limit=90.0, tif=TimeInForce.DAY))
    assert played.broker.quiet_until(1, 12) == 1


@pytest.mark.parametrize(("side", "close"), [(Side.SELL, 101.0), (Side.BUY, 99.0)])
def test_a_trailing_stop_is_looked_at_when_it_moves(side: Side, close: float) -> None:
    rows = [*[QUIET] * 4, (100.0, 101.0, 99.0, close), *[QUIET] * 3]
    for trail in (points(5.0), pct(5)):
        played = market(rows, order_of(OrderType.TRAIL, side, trail=trail))
        assert played.broker.quiet_until(2, 8) == 4
        played.step(3)
        assert played.broker.quiet_until(5, 8) == 8


def test_a_triggered_stop_limit_waits_for_its_limit() -> None:
    below = (97.0, 97.5, 96.5, 97.0)
    rows = [*[QUIET] * 3, (100.0, 104.0, 99.5, 100.0), *[QUIET] * 3, below]
    order = order_of(OrderType.STOP_LIMIT, stop=103.0, limit=98.0)
    played = market(rows, order)
    played.step(2)
    assert played.broker.quiet_until(4, 8) == 7


def test_the_rest_of_a_stop_trades_on() -> None:
    played = market(ROWS, order_of(STOP, stop=103.0), liquidity=FixedUnits(3.0))
    played.step(5)
    assert len(played.fills) == 1
    assert played.broker.quiet_until(7, 12) == 7


def test_an_open_beyond_the_rest_of_its_bar_counts() -> None:
    rows = [*[QUIET] * 4, (96.0, 100.5, 99.5, 100.0), (104.0, 100.5, 99.5, 100.0), *[QUIET] * 2]
    assert market(rows, order_of(LIMIT, limit=97.0)).broker.quiet_until(2, 8) == 4
    assert market(rows, order_of(STOP, stop=103.0)).broker.quiet_until(2, 8) == 5


def test_finer_bars_may_reach_further_than_the_bar_they_make_up() -> None:
    bars = bars_of([QUIET] * 6)
    order = order_of(LIMIT, limit=97.0)
    played = Market(bars, policy=FillPolicy(intrabar="finer"), finer={"AAA": bars})
    played.step()
    played.submit(order)
    played.step()
    assert played.broker.quiet_until(2, 6) == 2


def test_a_broker_that_looks_after_the_account_is_asked_at_every_bar() -> None:
    bars = bars_of([QUIET] * 6)
    models = Models(NoCommission(), NoSlippage(), margin=RegT())
    broker = SimulatedBroker([Tape(bars, None)], bars.close_time.data, 1e6, FillPolicy(), models)
    broker.submit([order_of(LIMIT, limit=90.0)])
    broker.advance(0)
    assert broker.quiet_until(1, 6) == 1


# strategies ------------------------------------------------------------------------------------


def station(own: list[int], **named: Any) -> Station:
    """A station with bars at these of ten instants, flat, without conditions."""
    instants = np.arange(10, dtype=np.int64) * 10
    given: dict[str, Any] = {"wants_bars": False, "time_stops": [], "rolls": {}, "signals": []}
    given |= {"timers": [], "quantity": 0.0, "whens": ()} | named
    moves: list[int] = []
    world = SimpleNamespace(
        timeline=SimpleNamespace(instants=instants[own]),
        data=SimpleNamespace(symbol="AAA"),
        symbols=("AAA",),
        move=moves.append,
        moves=moves,
    )
    positions = {"AAA": Position("AAA", given["quantity"])}
    slot: Any = SimpleNamespace(world=world, ledger=SimpleNamespace(positions=positions), **given)
    desk: Any = SimpleNamespace(timers=given["timers"])
    return Station.of(slot, desk, instants, given["signals"])


EVERY, SOME = list(range(10)), [2, 5, 6, 8]


def when(mask_flat: list[int], mask_long: list[int], length: int) -> Any:
    """A condition that holds at these of the slot's own instants."""
    flat, long, none = np.zeros(length, bool), np.zeros(length, bool), np.zeros(length, bool)
    flat[mask_flat], long[mask_long] = True, True
    condition = SimpleNamespace(
        when_flat=flat, when_long=long, when_short=none, needs_position=True
    )
    return SimpleNamespace(condition=condition)


@pytest.mark.parametrize(
    ("own", "named", "expected"),
    [
        (EVERY, {}, 9),
        (SOME, {}, 9),
        (EVERY, {"wants_bars": True}, 3),
        (SOME, {"wants_bars": True}, 5),
        (SOME, {"time_stops": ["one"]}, 5),
        (EVERY, {"whens": (when([1, 3, 6], [4], 10),)}, 3),
        (EVERY, {"whens": (when([1, 3, 6], [4], 10),), "quantity": 5.0}, 4),
        (EVERY, {"whens": (when([1, 3, 6], [4], 10),), "quantity": -5.0}, 9),
        (EVERY, {"whens": (when([7], [], 10), when([5], [], 10))}, 5),
        (SOME, {"whens": (when([0, 3], [], 4),)}, 8),
        (EVERY, {"rolls": {6: (Roll("AAA", "BBB"),)}}, 6),
        (SOME, {"rolls": {2: (Roll("AAA", "BBB"),)}}, 6),
        (EVERY, {"timers": [(40, 1, "t", None)]}, 4),
        (EVERY, {"timers": [(41, 1, "t", None)]}, 5),
        (EVERY, {"timers": [(10, 1, "late", None)]}, 3),
        (SOME, {"timers": [(30, 1, "t", None)]}, 5),
        (SOME, {"timers": [(81, 1, "t", None)]}, 9),
        (EVERY, {"signals": [Signal(40, "AAA", SignalAction.BUY)]}, 4),
        (SOME, {"signals": [Signal(70, "AAA", SignalAction.BUY)]}, 8),
        (EVERY, {"signals": [Signal(40, "BBB", SignalAction.BUY)]}, 9),
    ],
)
def test_a_strategy_is_woken_for_what_it_waits_for(
    own: list[int], named: dict[str, Any], expected: int
) -> None:
    assert station(own, **named).next_wake(3, 9) == expected


def test_a_strategy_sees_the_last_of_its_own_bars() -> None:
    one = station(SOME)
    for k in (0, 1, 7):
        one.see(k)
        assert not one.awake
    one.see(8)
    assert one.awake
    assert one.slot.world.moves == [2, 3]  # type: ignore[attr-defined]  # before any bar: nothing


# the agenda ------------------------------------------------------------------------------------


def agenda(
    looks: list[tuple[int, int]],
    due: int,
    *,
    first: int = 0,
    length: int = 10_000,
    alert: Callable[[], bool] = lambda: False,
    works: bool = False,
) -> Agenda:
    """An agenda of one strategy that is woken at one instant, and of orders nothing happens to."""

    def next_wake(start: int, stop: int) -> int:
        return due if start <= due < stop else stop

    def outlook(start: int, stop: int) -> int:
        looks.append((start, stop))
        return stop

    blotter = Blotter()
    if works:
        blotter.at_work["one"] = SimpleNamespace()  # type: ignore[assignment]
    stations: Any = [SimpleNamespace(next_wake=next_wake)]
    return Agenda(stations, blotter, outlook, alert, first, length)


@pytest.mark.parametrize(
    ("k", "due", "named", "expected"),
    [
        (0, 5_000, {}, 5_000),
        (0, 1, {}, 1),
        (5_000, 5_000, {}, 9_999),
        (9_998, 0, {}, 9_999),
        (9_999, 0, {}, 10_000),
        (3, 0, {"alert": lambda: True}, 4),
        (3, 0, {"alert": lambda: True, "first": 50}, 50),
        (3, 0, {"first": 50}, 50),
        (3, 20, {"first": 50}, 20),
        (50, 0, {"first": 50}, 9_999),
        (0, 0, {"length": 1}, 1),
        (0, 0, {"length": 2}, 1),
    ],
)
def test_the_agenda_goes_to_whatever_comes_first(
    k: int, due: int, named: dict[str, Any], expected: int
) -> None:
    assert agenda([], due, **named).after(k) == expected


def test_blocks_double_and_end_at_what_is_known_already() -> None:
    looks: list[tuple[int, int]] = []
    assert agenda(looks, 1_000, works=True).after(0) == 1_000
    assert looks == [(1, 257), (257, 769), (769, 1_000)]


# whole runs ------------------------------------------------------------------------------------


def played(
    strategy: type[Strategy], bars: Bars, settings: BacktestSettings, steps: bool = False
) -> RunRecord:
    machine = Machine(Cast(strategy, (bars,), settings, {}), {})

    def every(total: int, instant: Callable[[int], None]) -> None:
        deque(map(instant, range(total)), maxlen=0)

    return machine.record(machine.play(None, every if steps else None))


def plain(**named: Any) -> BacktestSettings:
    return BacktestSettings(commission=NoCommission(), slippage=NoSlippage(), **named)


def test_a_breaker_sees_every_session_once_the_account_is_worth_nothing() -> None:
    class Once(Strategy):
        def setup(self) -> None:
            self.when(self.data.close > 105.0, self.go_long)

    rows = flat_rows([100.0, 110.0, 110.0, 50.0, 50.0, 50.0, 50.0, 50.0])
    settings = plain(
        cash=10_000.0, leverage=20.0, sizer=Shares(1_000.0), breakers=(DailyLoss(3.0),)
    )
    stepping = played(Once, bars_of(rows), settings, steps=True)
    assert len(stepping.trips) > 3
    assert played(Once, bars_of(rows), settings).trips == stepping.trips


class Counting(Strategy):
    """Looks now and then, and has its run interrupted once it has looked often enough."""

    limit: int = 1_000

    def setup(self) -> None:
        self.seen: list[float] = []
        self.when(self.data.close > 100.0, self.look)

    def look(self) -> None:
        self.seen.append(self.data.close[-1])
        if len(self.seen) == self.limit:
            raise KeyboardInterrupt


class Called(Counting):
    """The same, called at every bar."""

    def on_bar(self) -> None:
        pass


@pytest.mark.parametrize(
    ("strategy", "settings", "market", "leaps"),
    [
        (Counting, plain(), None, True),
        (Counting, plain(breakers=(DailyLoss(3.0),)), None, True),
        (Counting, plain(account=RegT()), None, False),
        (Counting, plain(financing=IbkrFinancing(4.0)), None, False),
        (Counting, plain(), lambda simulated: simulated, False),
        (Called, plain(), None, False),
    ],
)
def test_what_looks_at_every_instant(
    strategy: type[Strategy], settings: BacktestSettings, market: Any, leaps: bool
) -> None:
    bars = bars_of(flat_rows([100.0] * 500))
    machine = Machine(Cast(strategy, (bars,), settings, {}), {}, market=market)
    visited: list[int] = []
    instant = machine._engine.instant

    def noted(k: int) -> None:
        visited.append(k)
        instant(k)

    machine._engine.instant = noted  # type: ignore[method-assign]
    assert machine.play(None) == ""
    assert visited == ([0, 499] if leaps else list(range(500)))


def test_ctrl_c_ends_a_run_where_it_was() -> None:
    bars = bars_of(flat_rows([101.0 if k % 50 == 10 else 100.0 for k in range(1_000)]))
    machine = Machine(Cast(Counting, (bars,), plain(), {"limit": 3}), {})
    error = machine.play(None)
    assert error == INTERRUPTED
    assert machine.record(error).stop == 111


def test_progress_is_told_to_the_end() -> None:
    bars = bars_of(flat_rows([101.0 if k % 2 else 100.0 for k in range(6_000)]))
    told: list[tuple[int, int]] = []
    machine = Machine(Cast(Counting, (bars,), plain(), {"limit": 9_999}), {})
    assert machine.play(lambda done, total: told.append((done, total))) == ""
    assert told[-1] == (6_000, 6_000)
    assert len(told) >= 3
    assert told == sorted(told)


def test_a_timer_of_a_quiet_strategy_fires_on_time() -> None:
    class Timed(Strategy):
        def setup(self) -> None:
            self.at: list[datetime] = []
            self.timer("often", every=timedelta(days=7))

        def on_timer(self, name: str) -> None:
            self.at.append(self.now)
            if len(self.at) == 3:
                self.buy(1.0)

    bars = bars_of(flat_rows([100.0] * 40))
    fills = played(Timed, bars, plain()).fills
    assert [fill.time for fill in fills] == [
        fill.time for fill in played(Timed, bars, plain(), steps=True).fills
    ]
    assert len(fills) == 1
