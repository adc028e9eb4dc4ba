"""RunRecord: everything a backtest leaves behind, as facts without interpretation."""

from __future__ import annotations

__all__ = [
    "COMPILED",
    "EMULATED",
    "INTERRUPTED",
    "Held",
    "Holdings",
    "OrderRecord",
    "RunRecord",
    "StrategyBook",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from framework.domain.actions import CorporateAction
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.events import CashFlow, Commission, Fill, Refused, Split, Trip
from framework.domain.ledger import Position
from framework.domain.orders import Order, OrderStatus
from framework.domain.owners import owner_of
from framework.engine.history import Timeline
from framework.engine.option_book import BookMark

if TYPE_CHECKING:
    from framework.backtest.run_tables import RunTables

COMPILED = "compiled"
"""The path of a run that the kernel did."""

EMULATED = "emulator"
"""The path of a run that was a session on the emulator."""

INTERRUPTED = "interrupted"
"""The error of a run that Ctrl-C cut short."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order and how it ended.

    Attributes:
        order: its last form (quantity and prices as last replaced).
        status: its last status; one that is not final means it was working when data ended.
        reason: why it ended, empty when it was filled.
        filled: unsigned units filled.
        average_price: average fill price, 0 unfilled.
        time: nanoseconds UTC of its last event.
        commission: fees charged for it.
        slippage: money lost to slippage, >= 0 is a cost.
        first_stop: its stop level when that was first known, before any was moved.
    """

    order: Order
    status: OrderStatus
    reason: str
    filled: float
    average_price: float
    time: int
    commission: float
    slippage: float
    first_stop: float | None = None


class Holdings(Protocol):
    """What the account held after each instant. Arrays have shape (K,)."""

    @property
    def cash(self) -> FloatArray:
        """Cash."""
        ...

    @property
    def quantities(self) -> Mapping[str, FloatArray]:
        """Signed units by symbol."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Holdings that are known already.

    Attributes:
        cash: cash.
        quantities: signed units by symbol.
    """

    cash: FloatArray
    quantities: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class StrategyBook:
    """What became of one of several strategies on an account.

    Attributes:
        name: of the strategy, with which its order ids begin.
        strategy: name of its class.
        symbols: what it trades.
        owners: names of its instances, by which `owner_of` tells their orders.
        opening_cash: its share of the account.
        equity: at the last instant, at the last closes.
        cash: at the last instant.
        commission: fees charged.
    """

    name: str
    strategy: str
    symbols: tuple[str, ...]
    owners: tuple[str, ...]
    opening_cash: float
    equity: float
    cash: float
    commission: float

    @property
    def profit(self) -> float:
        """Money made after all costs, open positions marked."""
        return self.equity - self.opening_cash


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """What happened. Arrays over instants have shape (K,).

    Attributes:
        bars: the bars subscribed to, one per symbol in subscription order.
        timeline: the instants at which some bar closed.
        start: index of the first instant at which orders were allowed.
        stop: number of instants processed; less than K only when the run was cut short.
        opening_cash: cash at the start.
        holdings: cash and units after each instant.
        equity: cash + sum of quantity x multiplier x close x rate after each instant.
        orders: every order that left the door, in order of leaving.
        fills: every execution, in order.
        commissions: every fee, in order; `fill_id` names its execution.
        refused: every order the door kept in.
        trips: every breaker that tripped.
        positions: what was still held at the end.
        warnings: what the user ought to know about this run, one sentence each.
        warmup: bars after which every indicator has settled.
        error: what cut the run short; empty when it ran to the end of the data.
        flows: money that moved without a trade, in order.
        splits: splits that were booked, in order.
        actions: dividends and splits that the bars' prices do not contain.
        currency: the account's; cash, equity, commissions and flows are in it.
        rates: by symbol of another currency, units of the account's for one of its own, at each
            instant.
        path: how it was run: "compiled", "emulator", or "event engine" and why.
        listed: the bars of options that were traded, in the order they were asked for.
        marks: the options held at the end of each instant, by underlying.
        strategies: the books of several strategies on the account; none for one alone.
        tables: of a compiled run, the tables its orders, fills and refusals are made from.
    """

    bars: tuple[Bars, ...]
    timeline: Timeline
    start: int
    stop: int
    opening_cash: float
    holdings: Holdings
    equity: FloatArray
    orders: Sequence[OrderRecord]
    fills: Sequence[Fill]
    commissions: Sequence[Commission]
    refused: Sequence[Refused]
    trips: Sequence[Trip]
    positions: tuple[Position, ...]
    warnings: tuple[str, ...] = ()
    warmup: int = 0
    error: str = ""
    flows: tuple[CashFlow, ...] = ()
    splits: tuple[Split, ...] = ()
    actions: tuple[CorporateAction, ...] = ()
    currency: str = "USD"
    rates: Mapping[str, FloatArray] = field(default_factory=dict)
    listed: tuple[Bars, ...] = ()
    marks: tuple[BookMark, ...] = ()
    strategies: tuple[StrategyBook, ...] = ()
    tables: RunTables | None = None
    path: str = ""

    def strategy_of(self, order_id: str) -> str:
        """The strategy whose order this is, of several on the account; empty for nobody's."""
        owner = owner_of(order_id)
        return next((one.name for one in self.strategies if owner in one.owners), "")

    @property
    def all_bars(self) -> tuple[Bars, ...]:
        """The bars of everything that could be traded, options last."""
        return (*self.bars, *self.listed)

    @property
    def instants(self) -> IntArray:
        """Nanoseconds UTC at which some bar closed, strictly increasing."""
        return self.timeline.instants

    @property
    def session(self) -> IntArray:
        """Trading day of each instant, days since 1970-01-01."""
        return self.timeline.session

    @property
    def rows(self) -> Mapping[str, IntArray]:
        """By symbol, the row of its last known bar at each instant, -1 before its first."""
        return self.timeline.rows

    @property
    def cash(self) -> FloatArray:
        """Cash after each instant."""
        return self.holdings.cash

    @property
    def quantities(self) -> Mapping[str, FloatArray]:
        """By symbol, signed units after each instant."""
        return self.holdings.quantities
