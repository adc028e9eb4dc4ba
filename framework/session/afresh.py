"""Afresh: what a session that was killed had written down to send, and what of it never arrived.

A journal says what was to be sent; the broker's books say what came. Where the market waits for the
session nothing else can have happened in between, so what is written and did not come is sent now:
once it has been proven twice that it did not.
"""

from __future__ import annotations

__all__ = ["never_arrived", "send_afresh"]

from collections.abc import Collection, Iterable

from framework.brokers.ib.broker import IbBroker
from framework.brokers.ib.problems import RequestError
from framework.engine.journal_rows import Cancel, Entry, Replace, Submit
from framework.session.mailbox import Mailbox

_LOOKS = 2


async def never_arrived(broker: IbBroker, orders: Collection[str]) -> frozenset[str]:
    """Those of the orders the broker's books do not know, twice in a row.

    The connection they were sent over is dead, so nothing of it can still arrive.

    Raises:
        RequestError: the books cannot be read whole.
        LinkLostError: there is no connection, or it ended.
    """
    missing = frozenset(orders)
    for _ in range(_LOOKS if missing else 0):
        seen = await broker.snapshot()
        if not seen.knows_orders:
            raise RequestError(0, seen.unknown)
        parts = (seen.open_orders, seen.completed_orders, seen.executions)
        known = (one.reference for part in parts for one in part.items or ())
        missing -= {broker.references.inward(reference) for reference in known}
    return missing


async def send_afresh(
    entries: Iterable[Entry], missing: Collection[str], mailbox: Mailbox, broker: IbBroker
) -> None:
    """Send what was written down and did not arrive, in the order in which it was written.

    Args:
        entries: the journal's rows.
        missing: orders that never arrived; what was asked of them after them never did either.
        mailbox: on the way to the broker.
        broker: knows all other orders, and what was asked of them and not answered.
    """
    for entry in entries:
        match entry.row:
            case Submit(orders=orders):
                left = tuple(order for order in orders if order.id in missing)
                if left:
                    mailbox.submit(left)
            case Replace(order=order):
                if order.id in missing:
                    mailbox.replace(order)
                else:
                    broker.repeat(order)
            case Cancel(order=name):
                if name in missing or broker.is_leaving(name):
                    mailbox.cancel(name)
            case _:
                continue
        await mailbox.send()
