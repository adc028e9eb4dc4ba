"""What prices an order may have: on the exchange's grid, and not far through the market."""

from __future__ import annotations

__all__ = ["MinimumTick", "PriceCap", "on_venue_grid"]

from dataclasses import dataclass, replace
from typing import ClassVar

from framework.components.venue.tables import venue_tables
from framework.domain.arithmetic import round_to_tick
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, OrderType, Side
from framework.ports import OrderContext

_LIVE_LIMITS = frozenset({OrderType.LIMIT, OrderType.LIMIT_ON_CLOSE})
_SNAP = 1e-9


def on_venue_grid(instrument: Instrument, day: int, table: str | None = None) -> Instrument:
    """A US stock with the default tick of one cent, given the finer steps below one dollar.

    Any other instrument, and one with a tick of its own, as it is.
    """
    default = Instrument(instrument.symbol)
    untouched = instrument.tick == default.tick and not instrument.tick_bands
    if instrument.type is not AssetType.STOCK or not untouched:
        return instrument
    tables = [t for t in venue_tables(table).ticks if t.currency == instrument.currency]
    begun = [t for t in tables if t.first_day <= day] or tables[:1]
    if not begun:
        return instrument
    bands = max(begun, key=lambda t: t.first_day).bands
    return replace(
        instrument, tick_bands=tuple((at, s if at < 1.0 else default.tick) for at, s in bands)
    )


@dataclass(frozen=True, slots=True)
class MinimumTick:
    """Refuses prices between the steps of the instrument, or finer than the law allows.

    US stocks: Regulation NMS rule 612, 17 CFR 242.612. The order door rounds prices to the
    instrument's tick, so that only a tick that is finer than allowed is refused in practice.

    Attributes:
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "tick"
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why a price of the order is not taken."""
        instrument = context.instrument
        tables = venue_tables(self.table)
        for label, price in (("limit", order.limit), ("stop", order.stop)):
            if price is None:
                continue
            finest = tables.finest_tick(
                instrument.type, instrument.currency, price, context.session
            )
            step = max(finest, instrument.tick_at(price))
            if abs(round_to_tick(price, step, up=False) - price) > _SNAP * max(1.0, price):
                return f"the {label} price {price:.10g} is no multiple of {step:g}"
        return ""


@dataclass(frozen=True, slots=True)
class PriceCap:
    """Refuses limits too far through the market: a buy far above it, a sale far below.

    Interactive Brokers rejects limits of stocks more than 10 %, of options more than 20 % through
    the best quote, with error 202 (knowledge base, "Order price relative to the market", read
    2026-11-20). Bars have no quotes: the last close stands for them, unless a session knows a live
    one. Limits away from the market rest, however far.

    Attributes:
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "price_collar"
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the limit price is not taken."""
        if order.type not in _LIVE_LIMITS or order.limit is None:
            return ""
        product = venue_tables(self.table).products.get(context.instrument.type)
        if product is None or product.cap_percent is None:
            return ""
        market, what = context.price, "last price"
        if context.market is not None:
            market, what = context.market, "ask" if order.side is Side.BUY else "bid"
        through = (order.limit - market) * order.side
        if through <= abs(market) * product.cap_percent / 100.0 * (1.0 + _SNAP):
            return ""
        return (
            f"the limit price {order.limit:g} is more than {product.cap_percent:g} % through the "
            f"{what} {market:g}"
        )
