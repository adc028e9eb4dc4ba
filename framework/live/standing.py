"""Standing guards of an account traded by hand: the same order twice, and too many in a minute."""

from __future__ import annotations

__all__ = ["Standing"]

from itertools import takewhile

from framework.components.exposure import refused
from framework.domain.events import Refused
from framework.domain.orders import CLOSING, Order
from framework.engine.blotter import Blotter
from framework.ports import AccountState

_SECOND = 1_000_000_000


class Standing:
    """Refuses what a slip of the hand sends: a cell run twice, a loop that does not end.

    It looks at the orders themselves, so it knows after a restart what left before it.

    Args:
        blotter: every order of the account.
        repeat: seconds in which the same order does not leave twice.
        rate: orders that may leave in a minute.
    """

    def __init__(self, blotter: Blotter, repeat: float = 5.0, rate: int = 60) -> None:
        self._blotter = blotter
        self._repeat = repeat
        self._rate = rate

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, or why not."""
        now = account.time
        minute = self._since(now - 60 * _SECOND)
        if len(minute) >= self._rate:
            reason = f"{len(minute)} orders left in the last minute; the limit is {self._rate}."
            return refused("order_rate", order, account, reason)
        for other in minute:
            ago = (now - other.time) / _SECOND
            if ago < self._repeat and _asks(other) == _asks(order):
                reason = (
                    f"The same order left {ago:.1f} s ago as {other.id}. If it is meant twice, "
                    f"send it {self._repeat:g} s after the first."
                )
                return refused("duplicate", order, account, reason)
        return order

    def _since(self, time: int) -> list[Order]:
        """Orders made by hand after an instant, the newest first."""
        newest = (ticket.order for ticket in reversed(self._blotter.tickets.values()))
        fresh = takewhile(lambda order: order.time > time, newest)
        return [one for one in fresh if one.parent is None and one.origin not in CLOSING]


def _asks(order: Order) -> tuple[object, ...]:
    """What makes two orders the same."""
    prices = (order.limit, order.stop, order.trail)
    return (order.symbol, order.side, order.quantity, order.type, prices, order.tif, order.terms)
