"""Cancelling: a dead session's orders cancelled by what its journal says alone, where its strategy
cannot be played again: it was changed, or is gone.

Nothing is written into the journal, so that the session may still be taken up with the strategy
that wrote it. Positions are not closed: no order leaves except through the door of a session.
"""

from __future__ import annotations

__all__ = ["Canceller"]

import asyncio

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.restored import KnownOrder
from framework.brokers.ib.settings import Settings
from framework.domain.events import OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.orders import DONE, OrderStatus
from framework.engine.reconcile_books import OurOrder
from framework.errors import ConfigError
from framework.session.holding import Shelf
from framework.session.rigging import Rigging
from framework.session.salvage import HASTE, TRIES
from framework.session.striking import Aftermath
from framework.session.voyage import Check

_LOOK = 0.05


class Canceller:
    """Comes in a dead session's place, only to cancel.

    Args:
        shelf: the session's journal, read.
        settings: where TWS is, with the session's client id.
        clock: the machine's.
        check: given the account and those the broker reports, raises if they are not what is meant.
    """

    def __init__(self, shelf: Shelf, settings: Settings, clock: Clock, check: Check) -> None:
        self._shelf = shelf
        self._check = check
        facts = shelf.books.facts
        self._rigging = Rigging(
            settings,
            clock,
            self._instrument,
            timings=HASTE,
            id_floor=max(1, facts.floor),
            references=facts.references,
        )
        self._seen: dict[str, OrderStatus] = {}

    async def cancel(self, patience: float) -> Aftermath:
        """Cancel every order that may still trade, and wait until that is proven.

        Args:
            patience: seconds to wait at most.

        Raises:
            SlipwayError: the broker cannot be asked, or is another account's.
        """
        rigging, facts = self._rigging, self._shelf.books.facts
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await rigging.connection.open(attempts=TRIES)
        try:
            link = rigging.connection.link
            self._check(rigging.connection.account, () if link is None else tuple(link.accounts))
            books = self._shelf.books.books(rigging.broker.account.currency)
            open_orders = {n: one for n, one in books.orders.items() if one.status not in DONE}
            symbols = {one.order.symbol for one in open_orders.values()}
            await rigging.contracts.qualify([self._instrument(one) for one in sorted(symbols)])
            rigging.broker.restore(
                [self._known(name, one) for name, one in open_orders.items()],
                id_floor=facts.floor,
            )
            await rigging.broker.snapshot()
            self._take_in()
            for name in open_orders:
                rigging.broker.cancel(name)
            while self._left(open_orders) and loop.time() - begun < patience:
                await asyncio.sleep(_LOOK)
                self._take_in()
            left = self._left(open_orders)
            held = {symbol: units for symbol, units in books.quantities.items() if units}
            return Aftermath(
                len(open_orders) - len(left),
                left,
                (),
                tuple(f"{units:.10g} {symbol}" for symbol, units in held.items()),
                not left,
                loop.time() - begun,
            )
        finally:
            await rigging.connection.close()

    def _take_in(self) -> None:
        self._rigging.mailbox.collect()
        for event in self._rigging.mailbox.poll():
            if isinstance(event, OrderUpdate):
                self._seen[event.order.id] = event.status

    def _left(self, orders: dict[str, OurOrder]) -> tuple[str, ...]:
        return tuple(name for name in orders if self._seen.get(name) not in DONE)

    def _known(self, name: str, one: OurOrder) -> KnownOrder:
        """An order as the broker side left it."""
        facts = self._shelf.books.facts
        changes = facts.changes.get(name)
        return KnownOrder(
            one.order,
            one.status,
            facts.submitted[name],
            facts.perm_ids.get(name, ()),
            facts.sent_at[name],
            name in facts.acknowledged,
            changes[0] if changes else None,
            name in facts.let_go,
        )

    def _instrument(self, symbol: str) -> Instrument:
        for one in self._shelf.instruments:
            if one.symbol == symbol:
                return one
        raise ConfigError(f"The journal does not describe {symbol}.", "Cancel its orders in TWS.")
