"""Lookout: an open account as seen from a script or a notebook."""

from __future__ import annotations

__all__ = ["PATIENCE", "Lookout", "Work"]

import atexit
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from framework.brokers.ib.problems import RequestError
from framework.engine.blotter import Blotter
from framework.engine.reconcile_nouns import Finding
from framework.engine.ticket import Ticket
from framework.errors import SlipwayError
from framework.session.deck import Deck
from framework.session.desk_nouns import (
    Balance,
    Column,
    FillLine,
    HoldingLine,
    OrderLine,
    Table,
    order_line,
)
from framework.session.helm import Helm
from framework.session.marks import Price
from framework.session.masking import masked, masked_text
from framework.session.questions import bars_of, money_of, positions_of

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds a verb waits for its answer."""
_LINES = 1000
Work = Callable[[Callable[[Helm], None]], Coroutine[object, None, tuple[Ticket, ...]]]


class Lookout:
    """An open account, to be looked at. End it with `close`, or have it ended by `with`; orders
    that work then go on working.

    Args:
        title: what it is, shown above every table; {account} stands for the account.
        work: the session.
        lines: where the session says what happens.
    """

    def __init__(self, title: str, work: Work, lines: deque[str]) -> None:
        self._lines = lines
        self._deck: Deck[Helm, tuple[Ticket, ...]] = Deck(work)
        self._helm = self._deck.start()
        self._title = title.format(account=masked(self._helm.rigging.connection.account))
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            with suppress(SlipwayError):  # what went wrong first is what is to be told
                self.close()

    def __repr__(self) -> str:
        if self._deck.is_over:
            return f"{self._title}, closed"
        doubt = self._helm.trust.doubt
        return self._title + (f", in doubt: {doubt}; only exits may leave" if doubt else "")

    def close(self) -> Table[OrderLine]:
        """End the session: the journal is closed and the account free for another.

        Returns:
            The orders left working at the broker.
        """
        atexit.unregister(self.close)
        return self._table(self._deck.end(self._helm.stop), "left working")

    # the account -----------------------------------------------------------------------------

    def balance(self) -> Balance:
        """The account's money, asked from the broker now."""
        return self._do(lambda: money_of(self._helm, self._title))

    def positions(self) -> Table[HoldingLine]:
        """Everything the account holds, asked from the broker now."""
        columns: tuple[Column[HoldingLine], ...] = (
            ("symbol", lambda one: one.symbol),
            ("+quantity", lambda one: one.quantity),
            ("+average", lambda one: one.average),
            ("+this desk's", lambda one: one.own),
        )
        rows = self._do(lambda: positions_of(self._helm))
        return Table(f"{self._title}: positions", columns, rows, "none")

    def orders(self) -> Table[OrderLine]:
        """Every order of this desk's journal, oldest first."""

        async def found() -> tuple[Ticket, ...]:
            return tuple(self._books.tickets.values())

        return self._table(self._do(found), "orders")

    def working(self) -> Table[OrderLine]:
        """Its orders that may still trade."""

        async def found() -> tuple[Ticket, ...]:
            return tuple(self._books.at_work.values())

        return self._table(self._do(found), "working orders")

    def fills(self) -> Table[FillLine]:
        """Its trades, oldest first."""
        columns: tuple[Column[FillLine], ...] = (
            ("time, UTC", lambda one: one.time),
            ("order", lambda one: one.order),
            ("symbol", lambda one: one.symbol),
            ("+quantity", lambda one: one.quantity),
            ("+price", lambda one: one.price),
            ("+commission", lambda one: one.commission),
        )

        async def found() -> tuple[FillLine, ...]:
            blotter = self._books
            paid = {one.fill_id: one.amount for one in blotter.commissions}
            return tuple(
                FillLine(_moment(one.time), one.order.id, one.symbol, one.quantity, one.price,
                         paid.get(one.id))
                for one in blotter.fills
            )  # fmt: skip

        return Table(f"{self._title}: fills", columns, self._do(found), "none")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the books and the broker's did not agree about when they were last compared."""
        return self._helm.trust.findings

    @property
    def log(self) -> tuple[str, ...]:
        """What has happened, one sentence each, oldest first; account ids masked."""
        return tuple(self._lines)

    # prices ----------------------------------------------------------------------------------

    def price(self, symbol: str) -> Price:
        """What an instrument trades at; delayed and old prices say so."""
        return self._do(lambda: self._helm.price(symbol))

    def history(self, symbol: str, bar: str = "1d", days: int = 250) -> pd.DataFrame:
        """Complete bars up to now.

        Args:
            symbol: the instrument.
            bar: one of the broker's lengths, such as "1d", "1h" or "5m".
            days: calendar days back.

        Returns:
            Columns open, high, low, close, volume; the index is each bar's close, UTC.
        """
        return self._do(lambda: bars_of(self._helm, symbol, bar, days), 10 * PATIENCE)

    # parts -----------------------------------------------------------------------------------

    @property
    def _books(self) -> Blotter:
        """The session's orders; to be read on its own loop only."""
        return self._helm.bridge.core.blotter

    def _table(self, tickets: tuple[Ticket, ...], what: str) -> Table[OrderLine]:
        columns: tuple[Column[OrderLine], ...] = (
            ("order", lambda one: one.id),
            ("side", lambda one: one.side),
            ("+quantity", lambda one: one.quantity),
            ("symbol", lambda one: one.symbol),
            ("type", lambda one: one.type),
            ("+limit", lambda one: one.limit),
            ("+stop", lambda one: one.stop),
            ("status", lambda one: one.status),
            ("+filled", lambda one: one.filled),
            ("+at", lambda one: one.average),
            ("why", lambda one: one.reason),
        )
        lines = tuple(order_line(ticket) for ticket in tickets)
        return Table(f"{self._title}: {what}", columns, lines, "none")

    def _do(self, work: Callable[[], Coroutine[object, None, T]], patience: float = PATIENCE) -> T:
        try:
            return self._deck.do(work, patience)
        except RequestError as error:  # in the broker's words
            words = (masked_text(error.problem), masked_text(error.remedy))
            raise RequestError(error.code, *words) from None


def _moment(time: int) -> datetime:
    return datetime.fromtimestamp(time / 1e9, UTC)
