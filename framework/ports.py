"""The verbs: every Protocol of the house on one page, with the values passed through them.

A component is any object with the one method; a plain value class will do. None may keep state
between calls that the journal could not replay.
"""

from __future__ import annotations

__all__ = [
    "AccountState",
    "Breaker",
    "BreakerState",
    "Broker",
    "CommissionModel",
    "Desk",
    "ExitRule",
    "FinancingModel",
    "History",
    "Hooks",
    "IndicatorFunction",
    "LiquidityModel",
    "MarginModel",
    "OrderContext",
    "OrderRule",
    "Preview",
    "Progress",
    "RiskRule",
    "Sizer",
    "SizingRequest",
    "SlippageModel",
]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from framework.domain.bars import FloatArray
from framework.domain.events import BrokerEvent, Fill, OrderUpdate, Refused, Signal, Trip
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger, Position
from framework.domain.options import BookGreeks
from framework.domain.orders import Order, OrderRequest, Protection, Side

IndicatorFunction = Callable[..., FloatArray]
"""Causal function of arrays: equal-length columns, then scalar arguments, to one array."""


class History(Protocol):
    """What is known of one instrument at this instant."""

    def last(self, count: int, column: str = "close") -> FloatArray:
        """The last `count` values of open, high, low, close or volume, oldest first, or fewer."""
        ...

    def value(self, function: IndicatorFunction, *args: float, on: Sequence[str]) -> float:
        """Present value of `function(*columns, *args)`; computed once a run; NaN in warm-up."""
        ...


@dataclass(frozen=True, slots=True)
class SizingRequest:
    """What a sizer is told when a side is about to be entered.

    Attributes:
        instrument: what is to be traded.
        side: direction.
        price: close of the decision bar.
        stop: price of the protective stop, None without one.
        equity: equity of this strategy's own ledger at the decision.
        cash: its cash.
        share: part of the account this instrument may use, 0..1 (1/number of symbols by default).
        history: the instrument's past.
        max_loss: most that one unit of an option or combo can lose; None: not known; inf: no bound.
        vega: money one unit makes per 1.00 of volatility, signed; None where not known.
    """

    instrument: Instrument
    side: Side
    price: float
    stop: float | None
    equity: float
    cash: float
    share: float
    history: History
    max_loss: float | None = None
    vega: float | None = None


class Sizer(Protocol):
    """How much to trade."""

    def quantity(self, request: SizingRequest) -> float:
        """Units wanted, >= 0 and unrounded; the door rounds down to the lot."""
        ...


@dataclass(frozen=True, slots=True)
class AccountState:
    """What a rule is told about the strategy's account when an order asks to leave.

    Attributes:
        time: nanoseconds UTC of the decision.
        cash: cash of the ledger.
        equity: cash plus positions at the decision closes.
        instrument: the order's instrument.
        price: decision close of the order's instrument.
        stop: price of the order's protective stop, None without one.
        quantities: signed units held by symbol, once the order's exit part is done; never 0.
        values: signed market values of those, by symbol.
        working: resting orders that would increase risk, with the quantity still open.
        orders_today: orders let out this session so far.
        multipliers: money per price point by symbol; 1 for symbols not named.
        underlying: symbol the order's instrument is an option on, or its own.
        greeks: of everything held, by underlying; empty for an account without options.
        unit: of one unit of the order's instrument; None where they cannot be known.
        working_units: by symbol of a working order, its underlying and the Greeks of one unit.
        market: the ask for a buy, the bid for a sale; None where no live quote is known.
    """

    time: int
    cash: float
    equity: float
    instrument: Instrument
    price: float
    stop: float | None
    quantities: Mapping[str, float]
    values: Mapping[str, float]
    working: Sequence[Order]
    orders_today: int
    multipliers: Mapping[str, float] = field(default_factory=dict)
    underlying: str = ""
    greeks: Mapping[str, BookGreeks] = field(default_factory=dict)
    unit: BookGreeks | None = None
    working_units: Mapping[str, tuple[str, BookGreeks]] = field(default_factory=dict)
    market: float | None = None


class RiskRule(Protocol):
    """Judges the risk-increasing part of an order. Orders that only reduce are never asked."""

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, the order made smaller, or why not."""
        ...


@dataclass(slots=True)
class BreakerState:
    """What a breaker is told at every mark; one object, updated in place.

    Attributes:
        time: nanoseconds UTC.
        equity: equity at the closes of this instant, fees included.
        day_open_equity: equity when the session opened (the previous session's last mark).
        peak_equity: highest mark so far.
        orders: orders let out or refused so far.
        errors: those refused by the door or rejected by the broker so far.
    """

    time: int
    equity: float
    day_open_equity: float
    peak_equity: float
    orders: int = 0
    errors: int = 0


class Breaker(Protocol):
    """Watches the account; once tripped, open risk is closed and new risk refused."""

    def check(self, state: BreakerState) -> Trip | None:
        """The trip, or None while all is well."""
        ...


class ExitRule(Protocol):
    """An exit attachable to any strategy without touching its code."""

    def protection(self) -> Protection:
        """What it adds to an entry that leaves this kind of exit open."""
        ...


class CommissionModel(Protocol):
    """The fee schedule."""

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of one order's executions so far, in the instrument's currency.

        Args:
            instrument: what was traded.
            quantity: cumulative signed units of the order (> 0 bought).
            notional: cumulative |units x multiplier x price| of the order.
            month_quantity: units of this kind of instrument (`instrument.type`) the account traded
                this calendar month before this order.
            day: the trading day, as days since 1970-01-01: schedules change.
        """
        ...


class SlippageModel(Protocol):
    """What an aggressive order pays beyond the price it aimed at."""

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price paid.

        Args:
            instrument: what is traded.
            side: direction; a buy pays `price` or more, a sell `price` or less.
            price: the price before slippage.
            quantity: units, > 0.
            volume: units traded by the whole market in the bar, 0 if unknown.
        """
        ...


class LiquidityModel(Protocol):
    """How much of the market one bar can give."""

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        """Units that may trade in a bar, >= 0 and unrounded; inf without a limit.

        Args:
            instrument: what is traded.
            price: the price before slippage.
            high, low: the bar's.
            volume: units traded by the whole market in the bar, 0 if unknown.
        """
        ...


class MarginModel(Protocol):
    """The money an account must hold for its positions."""

    def initial(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Money needed to open `quantity` signed units at `price`, in the currency of `price`."""
        ...

    def maintenance(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Money needed to keep them; below it the broker liquidates."""
        ...


class FinancingModel(Protocol):
    """What holding costs or earns between sessions."""

    def interest(self, balance: float, days: int, day: int) -> float:
        """Money received (paid if < 0) for a cash balance held `days` calendar days until `day`
        (days since 1970-01-01)."""
        ...

    def borrow_fee(
        self, instrument: Instrument, quantity: float, price: float, days: int, day: int
    ) -> float:
        """Money paid, >= 0, for `quantity` units borrowed (> 0) at `price` for `days` days."""
        ...

    def shortable(self, instrument: Instrument, day: int) -> float:
        """Units that can be borrowed in all, >= 0; inf without a limit."""
        ...


@dataclass(frozen=True, slots=True)
class OrderContext:
    """What an order rule is told besides the order.

    Attributes:
        time: nanoseconds UTC of the decision.
        session: trading day of the decision, as days since 1970-01-01.
        instrument: the order's instrument.
        price: its last known close.
        position: signed units held of it.
        equity: of the account.
        opened_today: units of it opened in the present session and not yet closed, unsigned.
        day_trades: day trades of the account in this session and the four before it.
        window_start: the first of those five sessions, as days since 1970-01-01.
        opening: units of the order that open risk; 0 for one that only closes.
        on_margin: whether the account may borrow money and securities.
        borrows: whether it would, with the order filled.
        previous_equity: of the account at the close of the session before; None in the first.
        maintenance: maintenance margin of the account with the order filled.
        borrowable: units of the instrument that can still be borrowed; inf without a limit.
        session_open, session_close: nanoseconds UTC of the session the order is for: the one that
            is on, else the next; 0 where not known.
        market: the ask for a buy, the bid for a sale; None where no live quote is known.
    """

    time: int
    session: int
    instrument: Instrument
    price: float
    position: float
    equity: float
    opened_today: float = 0.0
    day_trades: int = 0
    window_start: int = 0
    opening: float = 0.0
    on_margin: bool = False
    borrows: bool = False
    previous_equity: float | None = None
    maintenance: float = 0.0
    borrowable: float = inf
    session_open: int = 0
    session_close: int = 0
    market: float | None = None


class OrderRule(Protocol):
    """A rule of the broker or the exchange. Every order is asked about, exits too."""

    @property
    def name(self) -> str:
        """What a refusal shows as its rule, such as "time_in_force"."""
        ...

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the order would not be taken, one sentence with the figures; empty if it would."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do to the account, before it is sent.

    Attributes:
        passed: whether it would be let out.
        initial: initial margin of the account with the order filled.
        maintenance: maintenance margin with the order filled.
        commission: estimated fee.
        buying_power_used: money of buying power the order uses up.
        by_type: initial margin by kind of instrument, the order included.
        warnings: what the sender ought to know.
        refused: why it would not be let out, None if it would.
    """

    passed: bool
    initial: float
    maintenance: float
    commission: float
    buying_power_used: float
    by_type: Mapping[AssetType, float]
    warnings: tuple[str, ...] = ()
    refused: Refused | None = None


class Broker(Protocol):
    """Takes orders and reports what became of them. Nothing fills inside these calls."""

    def submit(self, orders: Sequence[Order]) -> None:
        """Accept an entry and its children as one unit; reports come from `poll`."""
        ...

    def replace(self, order: Order) -> None:
        """Change quantity, prices or time in force of the working order with the same id."""
        ...

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; its proof is an OrderUpdate from `poll`."""
        ...

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        ...

    def book(self) -> Ledger:
        """The broker's own account of cash and positions, for reconciliation."""
        ...


class Hooks(Protocol):
    """What the engine calls on a strategy.

    Attributes:
        position: what it holds of its first instrument, kept up to date by the engine.
    """

    position: Position

    def on_bar(self) -> None:
        """A subscribed bar closed."""
        ...

    def on_fill(self, fill: Fill) -> None:
        """One of its orders traded."""
        ...

    def on_order(self, update: OrderUpdate) -> None:
        """The state of one of its orders changed."""
        ...

    def on_timer(self, name: str) -> None:
        """A timer it set is due."""
        ...

    def on_signal(self, signal: Signal) -> None:
        """An external prediction became known."""
        ...

    def on_stop(self) -> None:
        """The run is over."""
        ...


class Desk(Protocol):
    """What a strategy's verbs call: the way to the one order door, and to its own account."""

    def reach(self, symbol: str, side: Side | None, protection: Protection) -> None:
        """Hold `side` (None is flat), sized by the sizer."""
        ...

    def target(self, symbol: str, quantity: float, protection: Protection) -> None:
        """Hold `quantity` signed units."""
        ...

    def target_share(self, symbol: str, share: float, tolerance: float) -> None:
        """Hold `share` of equity, signed, unless within `tolerance` (share of equity) of it."""
        ...

    def market(self, symbol: str, side: Side, quantity: float) -> Order | Refused:
        """Send exactly this market order, for the day and without protection."""
        ...

    def admit(self, contract: Instrument) -> None:
        """Make an option tradable from here on; nothing happens if it is already."""
        ...

    def units(
        self,
        instrument: Instrument,
        underlying: str,
        price: float,
        max_loss: float | None,
        vega: float,
    ) -> float:
        """How many of an option or a combo the sizer would buy, whole ones.

        Args:
            instrument: what is sized.
            underlying: symbol of what it is written on.
            price: of one, unsigned.
            max_loss: money one can lose at most; None where not known.
            vega: money one makes per 1.00 of volatility.
        """
        ...

    def place(self, request: OrderRequest) -> Order | Refused:
        """Send exactly this order."""
        ...

    def preview(self, request: OrderRequest) -> Preview:
        """What this order would do to the account; nothing is sent."""
        ...

    def modify(self, order: Order) -> Order | Refused:
        """Change quantity, prices or time in force of the working order with the same id."""
        ...

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; nothing happens if the order is done."""
        ...

    def working(self, symbol: str | None) -> tuple[Order, ...]:
        """Orders not done yet, of one symbol or of all, oldest first."""
        ...

    def position(self, symbol: str) -> Position:
        """What the strategy's own ledger holds."""
        ...

    def account(self) -> tuple[float, float, float, float]:
        """Cash, equity, buying power and commission of the strategy's own ledger."""
        ...

    def now(self) -> int:
        """Nanoseconds UTC of this instant."""
        ...

    def timer(self, name: str, first: int, every: int | None) -> None:
        """Call `on_timer(name)` at the first instant at or after `first`, then again each `every`
        nanoseconds."""
        ...


class Progress(Protocol):
    """Told how far a long run has come."""

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` instants are behind us."""
        ...
