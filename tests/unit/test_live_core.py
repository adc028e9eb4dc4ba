"""A session bar by bar: what is history, who may order, news between bars, what stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from framework.backtest.run import run
from framework.domain.bars import Bars
from framework.domain.events import (
    BrokerEvent,
    CashFlow,
    CashFlowKind,
    Commission,
    Fill,
    OrderUpdate,
    Refused,
    Signal,
    SignalAction,
)
from framework.domain.growing import BarRow
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderStatus, Origin
from framework.errors import ConfigError, DataError, LookaheadError, StrategyError
from framework.indicators import sma
from framework.live.core import LiveCore
from framework.live.ground import Ground
from framework.series import Series, always, crosses_above
from framework.strategy import Strategy
from tests.builders import Act, bars_of, five_minutes, flat_rows, free, scripted
from tests.live_runs import differences, fed, history_of, rows_at, session

BARS = bars_of(flat_rows([100, 101, 102, 103, 104, 105, 106, 107], spread=0.5))
LAST = len(BARS) - 1


class Wire:
    """A broker somewhere else: it reports when the test says so."""

    def __init__(self) -> None:
        self.sent: list[Order] = []
        self.cancelled: list[str] = []
        self.polls = 0
        self._news: list[BrokerEvent] = []

    def submit(self, orders: Sequence[Order]) -> None:
        self.sent += orders

    def replace(self, order: Order) -> None:
        raise AssertionError(order)

    def cancel(self, order_id: str) -> None:
        self.cancelled.append(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        self.polls += 1
        news, self._news = self._news, []
        return news

    def book(self) -> Ledger:
        raise AssertionError

    def pay(self, amount: float) -> None:
        self._news.append(CashFlow("AAA", CashFlowKind.DIVIDEND, amount, 0))

    def report(self, order: Order, status: OrderStatus, *, time: int = 0) -> None:
        self._news.append(OrderUpdate(order, status, time))

    def fill(self, order: Order, price: float, *, time: int = 0) -> None:
        units = order.side * order.quantity
        fill = Fill(f"{order.id}/1", order, time, units, price, price)
        done = OrderUpdate(order, OrderStatus.FILLED, time)
        self._news += [fill, Commission(fill.id, order.symbol, 1.0, time), done]


def wired(
    script: dict[int, Act], history: int = 0, bars: Bars = BARS
) -> tuple[LiveCore, Wire, type[Strategy]]:
    """A session of a script with a broker somewhere else, fed with nothing yet."""
    broker, strategy = Wire(), scripted(script)
    core = LiveCore(strategy, {}, free(), Ground(history_of([bars], history)), broker)
    return core, broker, strategy


def feed(core: LiveCore, first: int, stop: int, bars: Sequence[Bars] = (BARS,)) -> None:
    for k, (time, rows) in enumerate(rows_at(bars, 0)):
        if first <= k < stop:
            core.instant(time, rows)


# history and the start -----------------------------------------------------------------------


def test_history_is_seen_bar_by_bar_and_nothing_is_ordered() -> None:
    core, broker, strategy = wired({k: lambda s: s.buy(5) for k in range(4)}, history=3)
    answers = strategy.answers  # type: ignore[attr-defined]
    assert [(type(one), one.rule) for one in answers] == [(Refused, "start")] * 3
    assert (broker.sent, broker.polls, core.blotter.refused) == ([], 0, [])
    assert not core.is_trading
    feed(core, 3, 4)
    assert core.is_trading
    assert [order.quantity for order in broker.sent] == [5.0]
    assert core.record().start == 3


def test_bars_before_the_start_are_history_however_they_come() -> None:
    ground = Ground(history_of([BARS], 2))
    strategy, broker = scripted({k: lambda s: s.buy(1) for k in range(6)}), Wire()
    start = int(BARS.close_time[4]) - 1
    core = LiveCore(strategy, {}, free(), ground, broker, start=start)
    feed(core, 2, 4)
    assert broker.sent == []
    feed(core, 4, 6)
    assert [order.time for order in broker.sent] == BARS.close_time[4:6].tolist()
    assert core.record().start == 4


def test_the_start_is_after_the_history() -> None:
    with pytest.raises(ConfigError, match=r"history ends at 2020-02-26"):
        session(scripted({}), history_of([BARS], 3), free(), start=int(BARS.close_time[2]))


def test_no_history_at_all() -> None:
    class Crossing(Strategy):
        def setup(self) -> None:
            self.when(crosses_above(self.data.close, self.indicator(sma, 3)), self.go_long)

    rows = [BarRow(*(0, 0, *[x] * 4, 1.0)) for x in (5.0, 4.0, 3.0, 9.0, 9.0)]
    bars = bars_of([row[2:6] for row in rows])
    core = fed(Crossing, [bars], free())
    assert [fill.time for fill in core.blotter.fills] == [bars.close_time[4]]


def test_setup_runs_once_for_an_instance_and_is_checked_on_the_history() -> None:
    count = 0

    def peeking(values: np.ndarray) -> np.ndarray:
        return np.append(values[1:], values[-1:])

    class Peeks(Strategy):
        def setup(self) -> None:
            nonlocal count
            count += 1
            self.indicator(peeking)

    with pytest.raises(LookaheadError, match="peeking"):
        session(Peeks, history_of([BARS], 6), free())

    class Honest(Strategy):
        def setup(self) -> None:
            nonlocal count
            count += 1

    count = 0
    core = session(Honest, [BARS.take(0, 0), replaced(BARS, "BBB").take(0, 0)], free())
    assert count == 2
    for time, rows in rows_at([BARS, replaced(BARS, "BBB")], 0):
        core.instant(time, rows)
    assert count == 2


def replaced(bars: Bars, symbol: str) -> Bars:
    return replace(bars, instrument=replace(bars.instrument, symbol=symbol))


# what a strategy holds -----------------------------------------------------------------------


class Holds(Strategy):
    """Keeps series in every place one can: attributes, containers, closures, arguments."""

    def setup(self) -> None:
        self.mean = self.indicator(sma, 2)
        self.kept = {"gap": self.data.close - self.mean}
        older = self.data.close.shift(2)
        self.read = lambda: (self.mean[-1], self.kept["gap"][-1], older[-1], older.last(2).tolist())
        self.seen: list[object] = []
        self.late: list[Series] = []
        self.when(always, self.note, level=self.data.close * 2.0)

    def note(self, level: float) -> None:
        self.seen.append((level, repr(self.read())))

    def on_bar(self) -> None:
        double = self.data.close + self.mean
        self.seen.append((repr(double[-1]), self.data.session[-1], self.data.minutes_to_close[-1]))
        if len(self.data) == 3:
            self.late.append(abs(self.data.close - 104.0))
        self.seen += [one[-1] for one in self.late]


@pytest.mark.parametrize("history", [0, 1, 5])
def test_every_reference_a_strategy_holds_stays_valid(history: int) -> None:
    seen = []

    class Watched(Holds):
        def on_stop(self) -> None:
            seen.append(self.seen)

    settings = free(start=int(BARS.close_time[history]))
    run(Watched, [BARS], settings)
    fed(Watched, [BARS], settings, history=history)
    assert seen[-1] == seen[0]
    assert len(seen[0]) == 3 * len(BARS) - 2


def test_what_nobody_holds_is_forgotten() -> None:
    core = fed(Holds, [BARS], free())
    recorder = core.slots[0].world.axis.recorder
    assert recorder is not None
    recorder.renew()
    kept = len(("mean", "gap", "older", "the argument", "what came late", "what that is made of"))
    assert len(recorder._made) == kept


# what comes in -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "symbol", "message"),
    [
        (2, "AAA", "Bars come in order"),
        (1, "AAA", "Bars come in order"),
        (3, "AAB", r"Did you mean 'AAA'"),
        (3, "", "No bar closes"),
    ],
)
def test_a_bar_that_cannot_be_taken_in_changes_nothing(k: int, symbol: str, message: str) -> None:
    core = fed(scripted({}), [BARS.take(0, 3)], free())
    time, row = int(BARS.close_time[k]), BarRow(1, 1, 1, 1, 1, 1, 1)
    with pytest.raises(DataError, match=message):
        core.instant(time, {symbol: row} if symbol else {})
    feed(core, 3, len(BARS))
    assert core.record().instants.tolist() == BARS.close_time.tolist()
    assert not core.error


def test_symbols_that_do_not_always_trade() -> None:
    """One universe strategy, and one instance each; longer frames and freshness too."""
    slow = replaced(BARS, "BBB").where(np.array([0, 0, 1, 0, 1, 1, 0, 0], dtype=bool))
    seen: list[object] = []

    class Looks(Strategy):
        def setup(self) -> None:
            self.week = [self.data[symbol].every("1w") for symbol in self.symbols]

        def on_bar(self) -> None:
            every = [self.data[symbol] for symbol in self.symbols]
            fresh = [(len(one), one.is_fresh, len(one) and one.close[-1]) for one in every]
            seen.append((self.now, self.symbols, fresh, [len(week) for week in self.week]))
            self.buy(1, symbol=self.symbols[-1])

    class Together(Looks):
        universe = True

    for strategy in (Looks, Together):
        whole = run(strategy, [BARS, slow], free())
        expected, seen[:] = list(seen), []
        core = fed(strategy, [BARS, slow], free())
        assert differences(whole, core.record()) == []
        assert seen == expected
        seen.clear()


def test_timers_and_signals() -> None:
    told: list[object] = []

    class Listens(Strategy):
        def setup(self) -> None:
            self.timer("often", every=timedelta(hours=48))

        def on_timer(self, name: str) -> None:
            told.append((len(self.data), name))

        def on_signal(self, signal: Signal) -> None:
            told.append((len(self.data), signal.action))

    run(Listens, [BARS], free())
    expected, told[:] = list(told), []
    core = session(Listens, history_of([BARS], 0), free())
    feed(core, 0, 4)
    for symbol, after in (("AAA", 1), ("BBB", 0), ("AAA", 0)):
        core.signal(Signal(int(BARS.close_time[4]) + after, symbol, SignalAction.BUY))
    feed(core, 4, len(BARS))
    assert [one for one in told if isinstance(one[1], str) and one[1] == "often"] == expected
    signals = [one for one in told if one[1] != "often"]
    assert signals == [(5, SignalAction.BUY), (6, SignalAction.BUY)]


# news between bars ---------------------------------------------------------------------------


def test_news_between_bars_is_folded_and_told() -> None:
    core, broker, strategy = wired({0: lambda s: s.buy(5)})
    feed(core, 0, 2)
    broker.report(broker.sent[0], OrderStatus.WORKING)
    broker.fill(broker.sent[0], 101.5)
    assert core.ledgers[0].positions["AAA"].quantity == 0.0
    core.settle()
    assert core.ledgers[0].positions["AAA"].quantity == 5.0
    assert core.ledgers[0].commission == 1.0
    assert core.equity == 100_000.0 - 5 * 101.5 - 1.0 + 5 * 101.0
    told = strategy.told  # type: ignore[attr-defined]
    assert [(bar, type(one).__name__) for bar, one in told] == [
        (1, "OrderUpdate"),
        (1, "Fill"),
        (1, "OrderUpdate"),
    ]
    assert core.blotter.at_work == {}
    before = len(strategy.answers)  # type: ignore[attr-defined]
    core.settle()
    assert len(strategy.answers) == before  # type: ignore[attr-defined]


def test_news_between_bars_counts_for_the_instant_to_come() -> None:
    core, broker, _ = wired({0: lambda s: s.buy(5)})
    feed(core, 0, 2)
    broker.fill(broker.sent[0], 101.5)
    core.settle()
    assert core.record().quantities["AAA"].tolist() == [0.0, 0.0]
    feed(core, 2, 3)
    record = core.record()
    assert record.quantities["AAA"].tolist() == [0.0, 0.0, 5.0]
    assert record.equity.tolist() == [100_000.0, 100_000.0, 100_000.0 - 5 * 101.5 - 1 + 5 * 102]


def test_what_is_ordered_upon_a_fill_leaves_between_bars() -> None:
    class Protects(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 1:
                self.buy(5)

        def on_fill(self, fill: Fill) -> None:
            self.sell(fill.quantity, stop=90.0)

    broker = Wire()
    core = LiveCore(Protects, {}, free(), Ground(history_of([BARS], 0)), broker)
    feed(core, 0, 1)
    broker.fill(broker.sent[0], 101.0)
    core.settle()
    assert [(order.side, order.stop) for order in broker.sent[1:]] == [(-1, 90.0)]


def test_the_proof_of_a_cancel_between_bars_lets_what_waits_for_it_go_on() -> None:
    def resting(s: Strategy) -> object:
        return s.buy(5, limit=90.0, tif="GTC")

    core, broker, _ = wired({0: resting, 1: lambda s: s.buy(3), 2: lambda s: s.close()})
    feed(core, 0, 2)
    broker.fill(broker.sent[1], 101.0)
    feed(core, 2, 3)
    assert broker.cancelled == [broker.sent[0].id]
    assert len(broker.sent) == 2
    broker.report(broker.sent[0], OrderStatus.CANCELLED)
    core.settle()
    assert [(one.quantity, one.origin) for one in broker.sent[2:]] == [(3.0, Origin.CLOSE)]


def test_money_comes_in_although_no_order_works() -> None:
    core, broker, _ = wired({}, history=1)
    feed(core, 1, 2)
    broker.pay(7.0)
    feed(core, 2, 3)
    assert core.ledgers[0].cash == 100_007.0


def test_another_broker_takes_over() -> None:
    core, first, _ = wired({k: lambda s: s.buy(1) for k in range(4)})
    feed(core, 0, 2)
    second = Wire()
    core.use(second)
    feed(core, 2, 4)
    assert [order.id for order in first.sent] == ["Scripted-1", "Scripted-2"]
    assert [order.id for order in second.sent] == ["Scripted-3", "Scripted-4"]


def test_in_doubt_nothing_increases_risk_and_exits_leave() -> None:
    script: dict[int, Act] = {
        0: lambda s: s.buy(5),
        2: lambda s: s.buy(5),
        3: lambda s: s.close(),
        4: lambda s: s.buy(5),
    }
    strategy = scripted(script)
    core = session(strategy, history_of([BARS], 0), free())
    feed(core, 0, 2)
    core.doubt("an order is unknown")
    feed(core, 2, 4)
    (refused,) = core.blotter.refused
    assert (refused.rule, refused.reason) == ("halted", "an order is unknown")
    assert [ticket.order.origin for ticket in core.blotter.tickets.values()][1] is Origin.CLOSE
    core.doubt("")
    feed(core, 4, 5)
    assert len(core.blotter.tickets) == 3


# what stops it -------------------------------------------------------------------------------


def raising(error: type[BaseException], at: int) -> type[Strategy]:
    def act(s: Strategy, bar: int) -> None:
        s.buy(1)
        if bar == at:
            raise error("no more")

    return scripted(act)


def test_a_strategy_that_raises_is_not_called_any_more() -> None:
    core = session(raising(KeyError, 2), history_of([BARS], 0), free())
    feed(core, 0, 2)
    with pytest.raises(StrategyError, match=r"line \d+, `.*`: KeyError: 'no more'"):
        feed(core, 2, 3)
    assert "KeyError" in core.error
    calls = len(core.slots[0].hooks.told)  # type: ignore[attr-defined]
    with pytest.raises(StrategyError, match="has stopped"):
        feed(core, 3, 4)
    core.settle()
    core.stop()
    assert len(core.slots[0].hooks.told) == calls  # type: ignore[attr-defined]
    backtest = run(raising(KeyError, 2), [BARS], free())
    assert core.record().stop == backtest.stop == 3
    assert core.record().fills == backtest.fills


def test_news_is_folded_after_the_strategy_has_stopped() -> None:
    broker = Wire()
    strategy = raising(ValueError, 1)
    core = LiveCore(strategy, {}, free(), Ground(history_of([BARS], 0)), broker)
    feed(core, 0, 1)
    with pytest.raises(StrategyError):
        feed(core, 1, 2)
    broker.fill(broker.sent[0], 100.0)
    core.settle()
    assert core.ledgers[0].positions["AAA"].quantity == 1.0


def test_an_error_in_the_history_stops_it_before_it_begins() -> None:
    with pytest.raises(StrategyError, match="KeyError"):
        session(raising(KeyError, 1), history_of([BARS], 3), free())


def test_an_indicator_that_raises_on_what_has_come_in_stops_it() -> None:
    def fragile(values: np.ndarray) -> np.ndarray:
        if len(values) > 4:
            raise ArithmeticError("too many")
        return values * 1.0

    class Fragile(Strategy):
        def setup(self) -> None:
            self.mine = self.indicator(fragile)

    core = session(Fragile, history_of([BARS], 2), free())
    feed(core, 2, 4)
    with pytest.raises(StrategyError, match="too many"):
        feed(core, 4, 5)


def test_an_interrupt_comes_through_and_stops_it() -> None:
    core = session(raising(KeyboardInterrupt, 1), history_of([BARS], 0), free())
    feed(core, 0, 1)
    with pytest.raises(KeyboardInterrupt):
        feed(core, 1, 2)
    assert core.error == "interrupted"


def test_stopping_tells_the_strategies_and_flattens_nothing() -> None:
    stopped: list[str] = []

    class Stops(Strategy):
        def on_bar(self) -> None:
            self.go_long()

        def on_stop(self) -> None:
            stopped.append(self.data.symbol)

    core = fed(Stops, [BARS, replaced(BARS, "BBB")], free())
    assert stopped == ["AAA", "BBB"]
    assert [position.quantity for position in core.record().positions] == [10.0, 10.0]


@pytest.mark.parametrize(
    ("changes", "bars", "message"),
    [
        ({"weights": {"AAB": 1.0}}, [BARS], "Weights name AAB"),
        ({}, [], "The symbols are none"),
        ({}, [BARS, BARS], "Give every symbol once"),
    ],
)
def test_what_cannot_be_run_is_refused(
    changes: dict[str, object], bars: list[Bars], message: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        session(scripted({}), bars, free(**changes))


def test_intraday_sessions_end_where_they_do() -> None:
    """Orders for the day expire with the session, and the breakers' day begins with it."""
    bars = five_minutes(flat_rows([100.0 + k % 3 for k in range(16)], 0.5), 4)
    script: dict[int, Act] = {k: lambda s: s.buy(1, limit=50.0) for k in range(0, 16, 3)}
    whole = run(scripted(script), [bars], free())
    core = fed(scripted(script), [bars], free())
    assert differences(whole, core.record()) == []
    assert {str(one.status) for one in whole.orders} == {"expired", "working"}
