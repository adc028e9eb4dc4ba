"""What may be sent at all: tradable instruments, order types, times in force, whole units."""

from __future__ import annotations

__all__ = ["FORMS", "OrderTypes", "TimesInForce", "Tradable", "WholeUnits", "form_of"]

from dataclasses import dataclass
from typing import ClassVar

from framework.calendar import day_text
from framework.components.venue.tables import Product, venue_tables
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, OrderType, TimeInForce
from framework.ports import OrderContext

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG})
_WHOLE = 1e-9

FORMS = {
    OrderType.MARKET_ON_CLOSE: "market-on-close",
    OrderType.LIMIT_ON_CLOSE: "limit-on-close",
    OrderType.STOP_LIMIT: "stop-limit",
    OrderType.TRAIL: "trailing stop",
    OrderType.TRAIL_LIMIT: "trailing stop-limit",
    OrderType.MARKET_IF_TOUCHED: "market-if-touched",
    OrderType.LIMIT_IF_TOUCHED: "limit-if-touched",
    OrderType.PEG_MID: "pegged-to-midpoint",
    OrderType.PEG_BEST: "pegged-to-best",
}
"""Order types whose name differs from what traders call them."""


def form_of(kind: OrderType) -> str:
    """What traders call an order type."""
    return FORMS.get(kind, str(kind))


def _product(table: str | None, instrument: Instrument) -> Product:
    return venue_tables(table).products.get(instrument.type) or Product(frozenset(), {})


@dataclass(frozen=True, slots=True)
class Tradable:
    """Refuses what cannot be traded: an index, a contract that has expired.

    Attributes:
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "not_tradable"
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why nothing can be sent for this instrument."""
        instrument = context.instrument
        if instrument.expiry is not None and context.session > instrument.expiry:
            return f"{order.symbol} expired on {day_text(instrument.expiry)}"
        if _product(self.table, instrument).order_types:
            return ""
        if instrument.type is AssetType.INDEX:
            return (
                f"{order.symbol} is an index: trade a fund or a future on it, "
                "or give it type: stock as a test series"
            )
        return f"no order of a {instrument.type} is taken"


@dataclass(frozen=True, slots=True)
class OrderTypes:
    """Refuses order types, algos, scales and routes that are not offered for the product.

    Attributes:
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "order_type"
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why this form of order is not taken."""
        kind = context.instrument.type
        product = _product(self.table, context.instrument)
        if order.type not in product.order_types:
            return f"no {form_of(order.type)} order of a {kind} is taken"
        terms = order.terms
        if terms.algo is not None and type(terms.algo).__name__ not in product.algos:
            return f"the algo {type(terms.algo).__name__} does not work orders of a {kind}"
        if terms.scale is not None and not product.scale:
            return f"no scale order of a {kind} is taken"
        return _wrong_route(order, product)


def _wrong_route(order: Order, product: Product) -> str:
    wanted = product.routes.get(order.type)
    exchange = order.terms.exchange
    if wanted is None or exchange in wanted or (wanted == "directed" and exchange != "SMART"):
        return ""
    example = "an exchange's name, such as IBKRATS" if wanted == "directed" else " or ".join(wanted)
    return (
        f"a {form_of(order.type)} order is not taken on the route {exchange}: "
        f"give exchange={example}"
    )


@dataclass(frozen=True, slots=True)
class TimesInForce:
    """Refuses times in force that do not go with the order, and ends that are past.

    Attributes:
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "time_in_force"
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the order may not work that long."""
        product = _product(self.table, context.instrument)
        terms = order.terms
        if order.type not in product.times_in_force.get(order.tif, ()):
            form = form_of(order.type)
            return f"{order.tif} does not go with a {form} order of a {context.instrument.type}"
        if order.tif in _AT_ONCE and (terms.algo is not None or terms.scale is not None):
            work = "an algo" if terms.algo is not None else "a scale order"
            return f"{work} works over time and cannot be {order.tif}"
        if terms.good_till is not None and terms.good_till.timestamp() * 1e9 <= context.time:
            return f"good_till {terms.good_till.isoformat()} is past"
        return self._outside(order, product)

    @staticmethod
    def _outside(order: Order, product: Product) -> str:
        if not order.terms.outside_hours:
            return ""
        if order.tif in _AT_ONCE:
            return f"an {order.tif} order works in regular hours only: leave outside_hours out"
        if order.type not in product.outside_hours:
            form = form_of(order.type)
            return f"a {form} order works in regular hours only: leave outside_hours out"
        return ""


@dataclass(frozen=True, slots=True)
class WholeUnits:
    """Refuses fractions of a share or a contract.

    Interactive Brokers trades fractions of many stocks, but not through its API (TWS API "Order
    Types", Notes; knowledge base "Fractional Share Trading", both read 2026-11-20).

    Attributes:
        fractional: whether fractions of stocks are taken all the same.
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "lot"
    fractional: bool = False
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the quantity is not taken."""
        kind = context.instrument.type
        if abs(order.quantity - round(order.quantity)) <= _WHOLE * max(1.0, order.quantity):
            return ""
        if not _product(self.table, context.instrument).whole_units:
            return ""
        if self.fractional and kind is AssetType.STOCK:
            return ""
        units = "shares" if kind is AssetType.STOCK else "contracts"
        return f"{order.quantity:g} {units}: the API takes whole {units} only"
