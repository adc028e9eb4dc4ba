"""Limits: rules that let a risk-increasing order out, make it smaller, or refuse it.

Each says whether it shrinks or refuses. Sizes count what is held, resting orders and the order.
"""

from __future__ import annotations

__all__ = [
    "AllowedInstruments",
    "MaxConcentration",
    "MaxGrossExposure",
    "MaxNetExposure",
    "MaxOrderNotional",
    "MaxOrders",
    "MaxPositionPercent",
    "MaxPositions",
    "MaxRiskPerTrade",
    "MaxShares",
    "PriceCollar",
]

from dataclasses import dataclass
from math import fsum

from framework.components import exposure
from framework.components.checks import check_number, check_whole
from framework.components.exposure import TOLERANCE, fit, refused, refused_unsized
from framework.domain.arithmetic import total
from framework.domain.events import Refused
from framework.domain.orders import Order, Side
from framework.errors import ConfigError
from framework.ports import AccountState


@dataclass(frozen=True, slots=True)
class MaxRiskPerTrade:
    """Refuse an order that would lose more than a percentage of equity at its stop.

    Attributes:
        percent: percent of equity, above 0 and at most 100.
    """

    percent: float = 2.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not; an order without a protective stop risks everything."""
        name = "max_risk_per_trade"
        unsized = refused_unsized(name, order, account)
        if unsized is not None:
            return unsized
        if account.stop is None:
            reason = "There is no protective stop; pass stop_loss= or add an exit with one."
            return refused(name, order, account, reason)
        price = exposure.order_price(order, account)
        distance = (price - account.stop) * order.side
        if not distance > 0.0:
            reason = (
                f"The protective stop {account.stop:g} is on the wrong side of the price {price:g}."
            )
            return refused(name, order, account, reason)
        risk = order.quantity * account.instrument.multiplier * distance
        limit = account.equity * self.percent / 100.0
        if risk <= limit * TOLERANCE:
            return order
        reason = (
            f"{order.quantity:g} x {distance:g} to the stop risks {risk:,.2f}; "
            f"the limit is {self.percent:g} % of {account.equity:,.2f} = {limit:,.2f}."
        )
        return refused(name, order, account, reason)


@dataclass(frozen=True, slots=True)
class MaxPositionPercent:
    """Shrink an order so that its instrument's position stays within a percentage of equity.

    Attributes:
        percent: percent of equity, > 0.
    """

    percent: float = 20.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        limit = account.equity * self.percent / 100.0
        used = _position_value(order, account)

        def reason() -> str:
            return (
                f"The position is {used:,.2f} already; "
                f"the limit is {self.percent:g} % of {account.equity:,.2f} = {limit:,.2f}."
            )

        units = exposure.units_for_money(limit - used, order, account)
        return fit("max_position_percent", order, account, units, reason)


@dataclass(frozen=True, slots=True)
class MaxGrossExposure:
    """Shrink an order so that all positions together, long plus short, stay within a limit.

    Attributes:
        percent: percent of equity, > 0.
        money: amount that must not be exceeded either, > 0; none without one.
    """

    percent: float = 100.0
    money: float | None = None

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)
        if self.money is not None:
            check_number(self, "money", above=0.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        limit = account.equity * self.percent / 100.0
        if self.money is not None:
            limit = min(limit, self.money)
        used = exposure.gross_exposure(order, account)

        def reason() -> str:
            return f"Gross exposure is {used:,.2f} already; the limit is {limit:,.2f}."

        units = exposure.units_for_money(limit - used, order, account)
        return fit("max_gross_exposure", order, account, units, reason)


@dataclass(frozen=True, slots=True)
class MaxNetExposure:
    """Shrink an order so that longs less shorts stay within a percentage of equity, either way.

    Resting orders count when they are on the order's side.

    Attributes:
        percent: percent of equity, > 0.
    """

    percent: float = 100.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        limit = account.equity * self.percent / 100.0
        resting = fsum(
            exposure.resting_value(symbol, one, account)
            for (symbol, side), one in exposure.resting_of(order, account).items()
            if side is order.side
        )
        used = order.side * total(account.values.values()) + resting

        def reason() -> str:
            return f"Net exposure is {used:,.2f} that way already; the limit is {limit:,.2f}."

        units = exposure.units_for_money(limit - used, order, account)
        return fit("max_net_exposure", order, account, units, reason)


@dataclass(frozen=True, slots=True)
class MaxOrderNotional:
    """Refuse an order worth more than an amount of money.

    Attributes:
        money: most one order may be worth, > 0.
    """

    money: float = 50_000.0

    def __post_init__(self) -> None:
        check_number(self, "money", above=0.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not."""
        name = "max_order_notional"
        unsized = refused_unsized(name, order, account)
        if unsized is not None:
            return unsized
        value = exposure.order_value(order, account)
        if value <= self.money * TOLERANCE:
            return order
        reason = f"The order is worth {value:,.2f}; the limit is {self.money:,.2f}."
        return refused(name, order, account, reason)


@dataclass(frozen=True, slots=True)
class MaxConcentration:
    """Refuse an order that makes one instrument too large a part of the book.

    The book is gross exposure once the order is filled, but never less than equity: a first
    position of a tenth of equity is a tenth of the book, not all of it.

    Attributes:
        percent: percent of the book, above 0 and at most 100.
    """

    percent: float = 20.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not."""
        name = "max_concentration"
        unsized = refused_unsized(name, order, account)
        if unsized is not None:
            return unsized
        value = exposure.order_value(order, account)
        position = _position_value(order, account) + value
        book = max(exposure.gross_exposure(order, account) + value, account.equity)
        limit = book * self.percent / 100.0
        if position <= limit * TOLERANCE:
            return order
        reason = (
            f"{order.symbol} would be {position:,.2f} of a book of {book:,.2f}; "
            f"the limit is {self.percent:g} % = {limit:,.2f}."
        )
        return refused(name, order, account, reason)


@dataclass(frozen=True, slots=True)
class MaxOrders:
    """Refuse orders beyond a number a session.

    Attributes:
        count: orders let out in one session, >= 1.
    """

    count: int = 100

    def __post_init__(self) -> None:
        check_whole(self, "count", 1)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not."""
        if account.orders_today < self.count:
            return order
        reason = f"{account.orders_today} orders left this session; the limit is {self.count}."
        return refused("max_orders", order, account, reason)


@dataclass(frozen=True, slots=True)
class MaxPositions:
    """Refuse an order that would open one position too many.

    Attributes:
        count: instruments held or about to be, >= 1.
    """

    count: int = 10

    def __post_init__(self) -> None:
        check_whole(self, "count", 1)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not; adding to a position that is counted already is allowed."""
        open_symbols = {symbol for symbol, units in account.quantities.items() if units != 0.0}
        open_symbols |= {symbol for symbol, _ in exposure.resting_of(order, account)}
        if order.symbol in open_symbols or len(open_symbols) < self.count:
            return order
        reason = (
            f"{len(open_symbols)} positions are open or being opened; the limit is {self.count}."
        )
        return refused("max_positions", order, account, reason)


@dataclass(frozen=True, slots=True)
class MaxShares:
    """Shrink an order so that its instrument's position stays within a number of units.

    Attributes:
        count: units, > 0.
    """

    count: float = 1_000.0

    def __post_init__(self) -> None:
        check_number(self, "count", above=0.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        used = exposure.held(order, account) + exposure.resting_alike(order, account).units

        def reason() -> str:
            return f"{used:g} units are held or being bought that way; the limit is {self.count:g}."

        return fit("max_shares", order, account, self.count - used, reason)


@dataclass(frozen=True, slots=True)
class PriceCollar:
    """Refuse an order whose limit or stop price is too far from the market.

    The market is the ask for a buy and the bid for a sale, where a session has a live quote; else
    the last close.

    Attributes:
        percent: percent of the market's price, > 0.
    """

    percent: float = 10.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not; an order without a price of its own passes."""
        market, what = account.price, "last close"
        if account.market is not None:
            market, what = account.market, "ask" if order.side is Side.BUY else "bid"
        limit = abs(market) * self.percent / 100.0
        for name, price in (("limit", order.limit), ("stop", order.stop)):
            if price is not None and not abs(price - market) <= limit * TOLERANCE:
                reason = (
                    f"The {name} price {price:g} is more than {self.percent:g} % from the {what} "
                    f"{market:g}."
                )
                return refused("price_collar", order, account, reason)
        return order


@dataclass(frozen=True, slots=True)
class AllowedInstruments:
    """Refuse orders in any instrument that is not listed.

    Attributes:
        symbols: the instruments that may be traded, at least one.
    """

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        listed = isinstance(self.symbols, tuple) and self.symbols
        if not listed or not all(isinstance(symbol, str) and symbol for symbol in self.symbols):
            raise ConfigError(
                f"AllowedInstruments: symbols is {self.symbols!r}.",
                "Give a tuple of at least one symbol.",
            )

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not."""
        if order.symbol in self.symbols:
            return order
        reason = f"{order.symbol} is not among {', '.join(self.symbols)}."
        return refused("allowed_instruments", order, account, reason)


def _position_value(order: Order, account: AccountState) -> float:
    """Value of the order's instrument, held and resting in the order's direction."""
    units = exposure.held(order, account)
    resting = exposure.resting_value(order.symbol, exposure.resting_alike(order, account), account)
    return units * account.instrument.multiplier * account.price + resting
