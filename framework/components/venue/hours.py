"""Until when orders for an auction are taken."""

from __future__ import annotations

__all__ = ["AuctionHours"]

from dataclasses import dataclass
from typing import ClassVar

from framework.calendar import utc_text
from framework.components.venue.products import form_of
from framework.components.venue.tables import Auction, venue_tables
from framework.domain.orders import Order, OrderType, TimeInForce
from framework.ports import OrderContext

_MINUTE = 60 * 10**9
_ON_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})
_NO_CUT_OFF = Auction(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class AuctionHours:
    """Refuses orders for the opening or closing auction that come too late for it.

    The session's own close counts, early or not. Before the open an order for the close waits;
    after the open an order for the opening auction waits for the next one. Any other order sent
    outside regular hours waits for the open. NYSE: market- and limit-on-close until 15:50; Nasdaq:
    on-open before 9:28, on-close until 15:55 (exchanges' fact sheets, read 2026-11-20).

    Attributes:
        table: YAML file of rules; Interactive Brokers' without one.
    """

    name: ClassVar[str] = "hours"
    table: str | None = None

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the order comes too late."""
        if context.session_close == 0:
            return ""
        auctions = venue_tables(self.table).auctions.get(context.instrument.calendar)
        cut_off = _NO_CUT_OFF if auctions is None else auctions.of(order.terms.exchange)
        if order.type in _ON_CLOSE:
            last = context.session_close - int(cut_off.before_close * _MINUTE)
            if context.time >= last:
                return f"a {form_of(order.type)} order is taken before {utc_text(last)}"
        if order.tif is TimeInForce.OPG and context.time < context.session_open:
            last = context.session_open - int(cut_off.before_open * _MINUTE)
            if context.time >= last:
                return f"an order for the opening auction is taken before {utc_text(last)}"
        return ""
