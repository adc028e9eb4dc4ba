"""Small worlds for tests: bars written as rows, a market played order by order, scripted runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from framework.backtest.record import OrderRecord, RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Tape
from framework.components.commission import NoCommission
from framework.components.sizing import Shares
from framework.components.slippage import NoSlippage
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.orders import (
    Offset,
    Order,
    OrderType,
    Origin,
    Side,
    TimeInForce,
)
from framework.domain.terms import PLAIN, Terms
from framework.ports import CommissionModel, LiquidityModel, SlippageModel
from framework.strategy import Strategy

DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
FIRST = 18_316
"""2020-02-24, a Monday; New York keeps winter time and no holiday for ten sessions."""
CLOSE = 21 * 60
"""Minutes from midnight UTC to New York's close in winter."""

Row = tuple[float, float, float, float]
"""Open, high, low, close."""


def day_number(index: int) -> int:
    """The session `index` weekdays after the first."""
    return FIRST + index // 5 * 7 + index % 5


def bars_of(
    rows: Sequence[Row],
    symbol: str = "AAA",
    *,
    sessions: Sequence[int] | None = None,
    minutes: Sequence[int] | None = None,
    frame: str = "1d",
    tick: float = 0.01,
    lot: float = 1.0,
    multiplier: float = 1.0,
    volume: float = 1_000_000.0,
) -> Bars:
    """Bars from rows of open, high, low, close.

    Args:
        rows: the prices.
        symbol: name.
        sessions: index of each bar's session, 0, 1, 2, ... without it.
        minutes: minutes from each bar's close to its session's close, 0 without it.
        frame: bar length.
        tick, lot, multiplier: of the instrument.
        volume: of every bar.
    """
    prices = np.array(rows, dtype=float).reshape(-1, 4)
    count = len(prices)
    numbers = sessions if sessions is not None else range(count)
    session = np.array([day_number(i) for i in numbers], dtype=np.int64)
    closes = session * DAY + CLOSE * MINUTE
    before = np.array(minutes if minutes is not None else [0] * count, dtype=np.int64)
    return Bars(
        instrument=Instrument(symbol, tick=tick, lot=lot, multiplier=multiplier),
        frame=frame,
        close_time=closes - before * MINUTE,
        session=session,
        session_close=closes,
        open=prices[:, 0].copy(),
        high=prices[:, 1].copy(),
        low=prices[:, 2].copy(),
        close=prices[:, 3].copy(),
        volume=np.full(count, volume),
    )


def five_minutes(
    rows: Sequence[Row], per_session: int, symbol: str = "AAA", **named: float
) -> Bars:
    """5-minute bars, `per_session` of them ending at each session's close."""
    count = len(rows)
    return bars_of(
        rows,
        symbol,
        sessions=[i // per_session for i in range(count)],
        minutes=[5 * (per_session - 1 - i % per_session) for i in range(count)],
        frame="5m",
        **named,
    )


def flat_rows(closes: Sequence[float], spread: float = 0.0) -> list[Row]:
    """One row per close that opens there too and reaches `spread` to both sides."""
    return [(c, c + spread, c - spread, c) for c in closes]


def mirrored(rows: Sequence[Row], around: float = 200.0) -> list[Row]:
    """The rows upside down: each price p becomes `around` - p."""
    return [(around - o, around - low, around - high, around - c) for o, high, low, c in rows]


# orders ------------------------------------------------------------------------------------


def order_of(
    kind: OrderType | str,
    side: Side = Side.BUY,
    quantity: float = 10.0,
    *,
    id: str = "o1",
    symbol: str = "AAA",
    limit: float | None = None,
    stop: float | None = None,
    trail: Offset | None = None,
    offset: Offset | None = None,
    tif: TimeInForce = TimeInForce.GTC,
    parent: str | None = None,
    oca: str | None = None,
    origin: Origin = Origin.STRATEGY,
    fraction: float | None = None,
    reduce_only: bool = False,
    terms: Terms = PLAIN,
) -> Order:
    """An order decided at 100; `Market.submit` stamps the time and price of its decision."""
    return Order(
        id=id,
        symbol=symbol,
        side=side,
        quantity=quantity,
        type=OrderType(kind),
        time=0,
        decision_price=100.0,
        limit=limit,
        stop=stop,
        trail=trail,
        offset=offset,
        tif=tif,
        parent=parent,
        oca=oca,
        origin=origin,
        fraction=fraction,
        opens=0.0 if reduce_only else None,
        terms=terms,
    )


def bracket_of(
    entry: Order,
    stop_loss: float | Offset | None = None,
    take_profit: float | Offset | None = None,
    trail: Offset | None = None,
) -> list[Order]:
    """An entry and its protective orders `sl`, `tr`, `tp`."""
    side, quantity, oca = entry.side.opposite, entry.quantity, f"{entry.id}.exits"

    def child(kind: OrderType, name: str, price: float | Offset | None, origin: Origin) -> Order:
        fixed = None if isinstance(price, Offset) else price
        return order_of(
            kind,
            side,
            quantity,
            id=f"{entry.id}.{name}",
            symbol=entry.symbol,
            limit=fixed if kind is OrderType.LIMIT else None,
            stop=fixed if kind is OrderType.STOP else None,
            offset=price if isinstance(price, Offset) and kind is not OrderType.TRAIL else None,
            trail=trail if kind is OrderType.TRAIL else None,
            parent=entry.id,
            oca=oca,
            origin=origin,
            fraction=entry.fraction,
        )

    found = [entry]
    if stop_loss is not None:
        found.append(child(OrderType.STOP, "sl", stop_loss, Origin.STOP_LOSS))
    if trail is not None:
        found.append(child(OrderType.TRAIL, "tr", None, Origin.TRAIL))
    if take_profit is not None:
        found.append(child(OrderType.LIMIT, "tp", take_profit, Origin.TAKE_PROFIT))
    return found


# a market played by hand -------------------------------------------------------------------


class Market:
    """A simulated broker and its bars, moved one instant at a time.

    Args:
        bars: one per symbol, all with the same instants.
        policy, commission, slippage, cash, leverage, liquidity: of the broker; free by default.
        finer: by symbol, bars of a shorter frame.
    """

    def __init__(
        self,
        *bars: Bars,
        policy: FillPolicy | None = None,
        commission: CommissionModel | None = None,
        slippage: SlippageModel | None = None,
        cash: float = 1_000_000.0,
        leverage: float = 1.0,
        liquidity: LiquidityModel | None = None,
        finer: Mapping[str, Bars] | None = None,
    ) -> None:
        self.bars = bars
        self.broker = SimulatedBroker(
            [Tape(one, None, (finer or {}).get(one.symbol)) for one in bars],
            bars[0].close_time.data,
            cash,
            policy or FillPolicy(),
            Models(commission or NoCommission(), slippage or NoSlippage(), liquidity, leverage),
        )
        self.now = -1
        self.events: list[BrokerEvent] = []

    def step(self, count: int = 1) -> None:
        """Let `count` more bars close."""
        for _ in range(count):
            self.now += 1
            self.broker.advance(self.now)
            self.events += self.broker.poll()

    def submit(self, *orders: Order) -> None:
        """Submit one unit, decided at the present close."""
        self.broker.submit([self.stamped(order) for order in orders])
        self.events += self.broker.poll()

    def stamped(self, order: Order) -> Order:
        """The order, decided now."""
        one = next(one for one in self.bars if one.symbol == order.symbol)
        return replace(
            order,
            time=int(one.close_time[self.now]),
            decision_price=float(one.close[self.now]),
        )

    @property
    def fills(self) -> list[Fill]:
        """Every fill so far."""
        return [event for event in self.events if isinstance(event, Fill)]

    @property
    def fees(self) -> list[float]:
        """Every commission so far."""
        return [event.amount for event in self.events if isinstance(event, Commission)]

    def trades(self) -> list[tuple[str, int, float, float]]:
        """Order id, bar, signed quantity and price of every fill."""
        return [
            (fill.order.id, self.bar_of(fill), fill.quantity, round(fill.price, 9))
            for fill in self.fills
        ]

    def bar_of(self, fill: Fill) -> int:
        """Index of the bar a fill happened in."""
        one = next(one for one in self.bars if one.symbol == fill.symbol)
        return int(np.searchsorted(one.close_time, fill.time, side="left"))

    def last(self, order_id: str) -> OrderUpdate:
        """The last update of an order."""
        found = [e for e in self.events if isinstance(e, OrderUpdate) and e.order.id == order_id]
        return found[-1]

    def path(self, order_id: str) -> list[str]:
        """The states an order went through, repeats left out."""
        states = [
            str(e.status)
            for e in self.events
            if isinstance(e, OrderUpdate) and e.order.id == order_id
        ]
        return [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]]


# scripted runs -----------------------------------------------------------------------------

Act = Callable[[Strategy], object]


def scripted(
    script: Mapping[int, Act | Sequence[Act]] | Callable[[Strategy, int], object],
    *,
    universe: bool = False,
) -> type[Strategy]:
    """A strategy that does what the script says at the close of the bar of that number.

    What it was answered and what its hooks were told is in the class attributes `answers`
    and `told`.
    """
    every_symbol = universe

    class Scripted(Strategy):
        universe = every_symbol
        answers: list[object] = []  # noqa: RUF012
        told: list[tuple[int, object]] = []  # noqa: RUF012

        @property
        def bar(self) -> int:
            return len(self.data) - 1

        def on_bar(self) -> None:
            if callable(script):
                self.answers.append(script(self, self.bar))
                return
            act = script.get(self.bar, ())
            for each in [act] if callable(act) else act:
                self.answers.append(each(self))

        def on_fill(self, fill: Fill) -> None:
            self.told.append((self.bar, fill))

        def on_order(self, update: OrderUpdate) -> None:
            self.told.append((self.bar, update))

    Scripted.answers, Scripted.told = [], []
    return Scripted


def free(**changes: object) -> BacktestSettings:
    """Settings without costs: 100,000 of cash, and 10 shares whenever a side is reached."""
    plain: dict[str, object] = {
        "sizer": Shares(10.0),
        "commission": NoCommission(),
        "slippage": NoSlippage(),
    }
    return BacktestSettings(**(plain | changes))  # type: ignore[arg-type]


def played(
    script: Mapping[int, Act | Sequence[Act]] | Callable[[Strategy, int], object],
    bars: Bars | Sequence[Bars],
    settings: BacktestSettings | None = None,
    *,
    universe: bool = False,
) -> RunRecord:
    """The record of a scripted run; an error inside it is raised as a failure of the test."""
    several = [bars] if isinstance(bars, Bars) else list(bars)
    record = run(scripted(script, universe=universe), several, settings or free())
    if record.error:
        raise AssertionError(record.error)
    return record


def trades_of(record: RunRecord) -> list[tuple[int, float, float]]:
    """Instant, signed quantity and price of every fill of a run."""
    return [
        (int(np.searchsorted(record.instants, f.time)), f.quantity, round(f.price, 9))
        for f in record.fills
    ]


def statuses(record: RunRecord) -> list[tuple[str, str, float]]:
    """Origin, last status and filled quantity of every order of a run."""
    return [(str(o.order.origin), str(o.status), o.filled) for o in record.orders]


def resting(record: RunRecord) -> list[OrderRecord]:
    """Orders that were still working when the data ended."""
    return [o for o in record.orders if str(o.status) in ("held", "working", "partial")]
