"""Rigging: everything of a session that hangs on the connection to the broker."""

from __future__ import annotations

__all__ = ["Rigging", "rows_of"]

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence

from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.broker import IbBroker
from framework.brokers.ib.clock import Clock
from framework.brokers.ib.connection import Connection
from framework.brokers.ib.contracts import Contracts
from framework.brokers.ib.feed import FeedSettings, IbFeed
from framework.brokers.ib.history import History
from framework.brokers.ib.level_one import LevelOne
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.problems import LinkLostError
from framework.brokers.ib.restored import KnownOrder
from framework.brokers.ib.settings import RestartWindow, Settings, Timings
from framework.brokers.ib.what_if import WhatIf
from framework.domain.growing import BarRow
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import DONE, Order, OrderStatus
from framework.domain.references import References
from framework.engine.blotter import Blotter
from framework.engine.journal_facts import Facts
from framework.engine.ticket import Ticket
from framework.session.gate import Gate, Releases
from framework.session.mailbox import Mailbox
from framework.session.quoting import MarketData
from framework.session.servicing import Servicing
from framework.session.watch import Watch

Lookup = Callable[[str], Instrument]
"""The instrument a symbol stands for."""


class Rigging:
    """Connection, queue, contracts, orders and bars of one session.

    Args:
        settings: where TWS is.
        clock: the session's.
        lookup: instruments that come to be traded while the session is under way.
        limits: what we allow ourselves.
        feed: how closed bars are waited for.
        timings: every wait.
        window: when TWS restarts; None for never.
        id_floor: first order number that is certainly free.
        keep_ids: writes down a number below which all may have been used.
        rth: whether only bars in regular hours are wanted.
        rates: asked first for units of the account's currency for one of another.
        market_data: which quotes are followed.
        what_if: of which orders the broker is asked what they would do, before they are sent.
        references: what orders are called at the broker; their ids if left out.

    Attributes:
        gate: holds those orders; None where none are held.
        connection, listed, broker, contracts, history, feed, watch, servicing, mailbox: the parts.
    """

    market = None
    """None of its own: the broker's moves by itself."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        lookup: Lookup,
        *,
        limits: Limits | None = None,
        feed: FeedSettings | None = None,
        timings: Timings | None = None,
        window: RestartWindow | None = None,
        id_floor: int = 1,
        keep_ids: Callable[[int], None] | None = None,
        rth: bool = True,
        rates: Callable[[str], float | None] | None = None,
        market_data: MarketData = "none",
        what_if: Releases = "never",
        references: References | None = None,
    ) -> None:
        self.connection = Connection(settings, clock, timings, window=window)
        self.listed = Book()
        pacer = Pacer(clock, limits)
        self.broker = IbBroker(
            self.connection,
            self.listed,
            pacer=pacer,
            id_floor=id_floor,
            keep_ids=keep_ids,
            rates=rates,
            references=references,
        )
        self.contracts = Contracts(self.connection, pacer, self.listed)
        self.history = History(self.connection, pacer, self.listed, rth=rth)
        self.feed = IbFeed(self.connection, self.history, self.listed, feed)
        quotes = LevelOne(
            self.connection, pacer, self.listed, allows_delayed=market_data == "delayed"
        )
        self.watch = Watch(self.feed, quotes, market_data, (limits or Limits()).lines)
        self.servicing = Servicing(self.broker, clock.now)
        self._lookup = lookup
        self.gate = None if what_if == "never" else Gate(self._preview, self._type_of, clock.now)
        self.mailbox = Mailbox(
            self.broker, self._is_known, self._look_up, self.servicing.events, self.gate
        )

    def _type_of(self, symbol: str) -> AssetType:
        return self._lookup(symbol).type

    async def _preview(self, order: Order) -> WhatIf:
        """What the broker says an order would do."""
        if not self._is_known(order.symbol):
            await self._look_up([order.symbol])
        return await self.broker.preview(order, self.connection.timings.preview)

    def _is_known(self, symbol: str) -> bool:
        return symbol in self.listed

    async def _look_up(self, symbols: Sequence[str]) -> None:
        await self.contracts.qualify([self._lookup(symbol) for symbol in symbols])
        self.watch.pass_by(symbols)

    def restore(
        self,
        blotter: Blotter,
        facts: Facts,
        without: Collection[str] = (),
        settles: bool = True,
    ) -> None:
        """Let the broker know what the journal knows of its orders, before its first poll.

        Args:
            blotter, facts: what the core and the journal know.
            without: orders that never arrived, and are sent again.
            settles: whether a look at the broker's books says what has become of changes that were
                on their way; if not, they are sent again.
        """
        orders = [
            _known(ticket, facts)
            for name, ticket in blotter.tickets.items()
            if name in facts.sent_at and name not in without
        ]
        self.broker.restore(orders, blotter.fills, blotter.commissions, facts.floor, settles)
        made = [
            ticket.order for name, ticket in blotter.tickets.items() if name not in facts.sent_at
        ]
        self.servicing.restore(made, blotter.fills, blotter.commissions)
        self.watch.pass_by(_at_stake(blotter))

    async def quiet(self) -> None:
        """Wait until nothing is on its way in either direction.

        TCP keeps order: once the broker has answered a request sent after everything else, all
        consequences of everything else have arrived.

        Raises:
            LinkLostError: the connection has ended.
        """
        while True:
            await self.mailbox.send()
            self.mailbox.collect()
            if not (self.mailbox.is_empty and self.broker.is_quiet):
                await asyncio.sleep(0)
                if self.connection.link is None:
                    raise LinkLostError("The connection has ended.", "Start the session again.")
                continue
            await self._fence()
            if not self.mailbox.collect() and self.broker.is_quiet:
                return

    async def _fence(self) -> None:
        link = self.connection.link
        if link is None:
            raise LinkLostError("The connection has ended.", "Start the session again.")
        await link.queries.time(self.connection.timings.answer)


def _known(ticket: Ticket, facts: Facts) -> KnownOrder:
    """An order as the broker side left it: what it has reported, not what was asked of it since."""
    name = ticket.order.id
    submitted, report = facts.submitted[name], facts.reported.get(name)
    changes = facts.changes.get(name)
    return KnownOrder(
        submitted if report is None else report.order,
        OrderStatus.SENT if report is None else report.status,
        submitted,
        facts.perm_ids.get(name, ()),
        facts.sent_at[name],
        name in facts.acknowledged,
        changes[0] if changes else None,
        ticket.status is OrderStatus.CANCELLING and name in facts.let_go,
    )


def _at_stake(blotter: Blotter) -> list[str]:
    """Symbols that are held or have orders at work."""
    working = [one.order.symbol for one in blotter.tickets.values() if one.status not in DONE]
    held = [
        symbol
        for slot in blotter.slots
        for symbol, position in slot.ledger.positions.items()
        if position.quantity
    ]
    return list(dict.fromkeys((*working, *held)))


def rows_of(seen: Iterable[BarSeen]) -> dict[str, BarRow]:
    """Bars by symbol, as the core takes them."""
    return {
        one.symbol: BarRow(
            one.session,
            one.session_close,
            one.open,
            one.high,
            one.low,
            one.close,
            one.volume,
            one.regular,
        )
        for one in seen
    }
