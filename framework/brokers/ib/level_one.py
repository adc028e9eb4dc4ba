"""LevelOne: quotes of instruments as they change, each with what it is worth."""

from __future__ import annotations

__all__ = ["LevelOne"]

import asyncio
from dataclasses import dataclass

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.codes import Action, code_of
from framework.brokers.ib.connection import Connection, Notice, NoticeKind, State
from framework.brokers.ib.diagnosis import no_market_data
from framework.brokers.ib.facts import ErrorSeen
from framework.brokers.ib.library import IbTicker
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.problems import ContractError, LinkLostError, RequestError
from framework.brokers.ib.quotes import SeenQuote, quote_from
from framework.brokers.ib.translate_contract import contract_of

_LIVE, _DELAYED = 1, 3
"""Kinds of market data: live only, or delayed where live is not subscribed to."""


@dataclass(slots=True, eq=False)
class _Line:
    """The quotes of one instrument."""

    listed: Listed
    link: Link
    ticker: IbTicker
    number: int
    heard: float
    clock: Clock
    time: int = 0
    refusal: RequestError | None = None

    def updated(self, *_: object) -> None:
        """The library has changed the ticker."""
        self.heard = asyncio.get_running_loop().time()
        self.time = self.clock.now()


class LevelOne:
    """Follows quotes.

    Args:
        connection: the session.
        pacer: the queue to the broker.
        book: contracts.
        allows_delayed: whether delayed quotes may come where live ones are not subscribed to; they
            are marked, and good for looking only.
        stale: seconds without a change after which a quote is not one of now.
        patience: seconds a subscription may wait for its turn.
    """

    def __init__(
        self,
        connection: Connection,
        pacer: Pacer,
        book: Book,
        *,
        allows_delayed: bool = False,
        stale: float = 60.0,
        patience: float = 30.0,
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._book = book
        self._kind = _DELAYED if allows_delayed else _LIVE
        self._stale = stale
        self._patience = patience
        self._lines: dict[str, _Line] = {}
        self._told: Link | None = None
        self._is_broken = False
        connection.watch(self._noticed)
        connection.listen(self._said)

    async def follow(self, symbol: str) -> None:
        """Follow the quotes of an instrument; again after a new connection.

        Raises:
            PacingError: all lines are in use, or the wait is too long.
            LinkLostError: there is no connection.
            ContractError: it is not qualified.
        """
        listed = self._book.by_key(symbol)
        link = self._connection.link
        if link is None:
            raise LinkLostError("There is no connection to ask.", "Wait until it is back.")
        await self._pacer.line_turn(symbol, self._patience)
        link = self._connection.link or link
        if link is not self._told:
            link.ib.reqMarketDataType(self._kind)
            self._told = link
        self._end(self._lines.get(symbol))
        ticker = link.follow(contract_of(link.lib, listed))
        number = link.ib.wrapper.ticker2ReqId["mktData"].get(ticker, 0)
        now = asyncio.get_running_loop().time()
        line = _Line(listed, link, ticker, number, now, self._connection.clock)
        ticker.updateEvent.connect(line.updated)
        self._lines[symbol] = line

    def leave(self, symbol: str) -> None:
        """Follow them no longer."""
        self._pacer.free_line(symbol)
        self._end(self._lines.pop(symbol, None))

    @staticmethod
    def _end(line: _Line | None) -> None:
        """End a subscription, where its connection is still there."""
        if line is not None and line.link.is_open:
            line.ticker.updateEvent.disconnect(line.updated)
            line.link.ib.cancelMktData(line.ticker.contract)

    @property
    def is_up(self) -> bool:
        """Whether there is a connection that may be asked."""
        return self._connection.state is State.READY

    def is_followed(self, symbol: str) -> bool:
        """Whether it is followed over the present connection and from the present data farm."""
        line = self._lines.get(symbol)
        return line is not None and line.link is self._connection.link and line.number >= 0

    async def renew(self) -> None:
        """Follow everything anew where the connection, or the data farm, is another one."""
        for symbol in tuple(self._lines):
            if not self.is_followed(symbol):
                await self.follow(symbol)

    def quote(self, symbol: str) -> SeenQuote:
        """The quote of a followed instrument as it is known now.

        Raises:
            ContractError: it is not followed.
        """
        line = self._lines.get(symbol)
        if line is None:
            raise ContractError(f"The quotes of {symbol} are not followed.", "Follow them first.")
        silent = asyncio.get_running_loop().time() - line.heard > self._stale
        gone = line.link is not self._connection.link or self._connection.state is State.DEGRADED
        stale = silent or gone or self._is_broken or line.number < 0
        return quote_from(symbol, line.ticker, line.time, stale, line.refusal is not None)

    def refusal(self, symbol: str) -> RequestError | None:
        """Why the broker gives no data of an instrument; None while it does."""
        line = self._lines.get(symbol)
        return None if line is None else line.refusal

    def _said(self, error: ErrorSeen) -> None:
        action = code_of(error.code, error.text).action
        for symbol, line in self._lines.items():
            if line.number == error.number and error.number > 0:
                if action in (Action.NO_DATA, Action.REJECT):
                    line.refusal = no_market_data(symbol, error.code, error.text)
                elif action is Action.DATA_STALE:
                    self._is_broken = True

    def _noticed(self, notice: Notice) -> None:
        if notice.kind is NoticeKind.DATA_STALE:
            self._is_broken = True
        elif notice.kind is NoticeKind.RESUBSCRIBE or (
            notice.kind is NoticeKind.DATA_OK and self._is_broken
        ):
            self._is_broken = False
            for line in self._lines.values():
                line.number = -1
