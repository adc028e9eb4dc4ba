"""Contracts: finds the broker's contract of each instrument, exactly one, or says what there is."""

from __future__ import annotations

__all__ = ["Contracts"]

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from framework.brokers.ib.connection import Connection
from framework.brokers.ib.library import IbContract, IbDetails
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.problems import ContractError, LinkLostError, RequestError
from framework.brokers.ib.translate_contract import (
    bands_of,
    gone,
    listed_of,
    rule_number,
    wanted_contract,
)
from framework.calendar import DAY
from framework.domain.instruments import AssetType, Instrument

_BATCH = 50
_NOT_FOUND = 200
_SHOWN = 8
"""Candidates an error names."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the broker says of one contract, and the number of its market rule."""

    details: IbDetails
    rule: int | None


class Contracts:
    """Looks contracts up, and keeps what it finds in a book.

    Args:
        connection: the session.
        pacer: the queue to the broker.
        book: where qualified contracts are kept.
        timeout: seconds for one answer.
        patience: seconds a request may wait for its turn.
    """

    def __init__(
        self,
        connection: Connection,
        pacer: Pacer,
        book: Book,
        timeout: float = 20.0,
        patience: float = 120.0,
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._timeout = timeout
        self._patience = patience
        self._rules: dict[int, tuple[tuple[float, float], ...]] = {}
        self.book = book

    async def qualify(
        self, instruments: Sequence[Instrument], exchanges: Mapping[str, str] | None = None
    ) -> tuple[Listed, ...]:
        """The contracts of instruments, with the broker's ticks and lots; they are added to the
        book. Asked again on another day it notices what has expired.

        Args:
            instruments: any kinds.
            exchanges: by symbol, where one trades if the usual exchange is not meant.

        Raises:
            ContractError: there is none, or there are several: the candidates are named.
            RequestError: refused, or not answered in time.
            PacingError, LinkLostError: as they say.
        """
        where = exchanges or {}
        found: list[Listed] = []
        for start in range(0, len(instruments), _BATCH):
            batch = instruments[start : start + _BATCH]
            asked = [self._one(one, where.get(one.symbol, "")) for one in batch]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            for instrument, answer in zip(batch, answers, strict=True):
                if isinstance(answer, BaseException):
                    raise answer
                found.append(listed_of(instrument, answer.details, await self._rule(answer)))
        for one in found:
            self.book.add(one)
        return tuple(found)

    async def recall(self, instruments: Sequence[Instrument], now: int) -> None:
        """The same for what was traded before: what the broker does not know any more for it has
        expired is kept by its name, so that what came of it can be told.

        Args:
            instruments: any kinds.
            now: nanoseconds UTC.
        """
        over = [one for one in instruments if one.expiry is not None and one.expiry <= now // DAY]
        await self.qualify([one for one in instruments if one not in over])
        for one in over:
            try:
                await self.qualify([one])
            except ContractError:
                self.book.add(gone(one, wanted_contract(self._connection.lib, one)))

    async def search(self, pattern: str) -> tuple[str, ...]:
        """Contracts whose name begins with, or contains, a pattern, in words."""
        await self._pacer.turn(self._patience)
        link = self._link()
        found = await link.ask(
            f"a search for {pattern}",
            lambda: link.ib.reqMatchingSymbolsAsync(pattern),
            self._timeout,
        )
        return tuple(_words(one.contract) for one in found or ())

    # one ----------------------------------------------------------------------------------

    async def _one(self, instrument: Instrument, exchange: str) -> _Answer:
        wanted = wanted_contract(self._connection.lib, instrument, exchange)
        await self._pacer.turn(self._patience)
        link = self._link()
        try:
            details = await link.ask(
                f"the contract of {instrument.symbol}",
                lambda: link.ib.reqContractDetailsAsync(wanted),
                self._timeout,
            )
        except RequestError as error:
            if error.code != _NOT_FOUND:
                raise
            details = []
        one = await self._only(instrument, wanted, details)
        return _Answer(one, rule_number(one, wanted.exchange))

    async def _only(
        self, instrument: Instrument, wanted: IbContract, found: Sequence[IbDetails]
    ) -> IbDetails:
        fitting = _fitting(instrument, wanted, found)
        if len(fitting) == 1:
            one = fitting[0]
            if wanted.exchange == "SMART":
                one.contract.exchange = "SMART"
            return one
        if fitting:
            names = "; ".join(_words(one.contract) for one in fitting[:_SHOWN])
            raise ContractError(
                f"{instrument.symbol} may be any of {len(fitting)} contracts: {names}.",
                "Say more of it, such as its currency, exchange or expiry.",
            )
        raise ContractError(
            f"The broker knows no {_words(wanted)} for {instrument.symbol}.",
            await self._advice(instrument),
        )

    async def _advice(self, instrument: Instrument) -> str:
        try:
            near = await self.search(instrument.symbol)
        except (RequestError, LinkLostError):
            near = ()
        if not near:
            return "Check its symbol, kind, currency and expiry."
        return f"It knows {'; '.join(near[:_SHOWN])}."

    async def _rule(self, answer: _Answer) -> tuple[tuple[float, float], ...]:
        """The steps of prices of a market rule; () where the broker does not tell them.

        One after the other: the client library confuses two questions about one rule.
        """
        number = answer.rule
        if number is None:
            return ()
        if number not in self._rules:
            await self._pacer.turn(self._patience)
            link = self._link()
            told = await link.ask(
                f"market rule {number}", lambda: link.ib.reqMarketRuleAsync(number), self._timeout
            )
            if not told:
                return ()
            self._rules[number] = bands_of(told)
        return self._rules[number]

    def _link(self) -> Link:
        link = self._connection.link
        if link is None:
            raise LinkLostError("There is no connection to ask.", "Connect first.")
        return link


def _fitting(
    instrument: Instrument, wanted: IbContract, found: Sequence[IbDetails]
) -> list[IbDetails]:
    """The answers that are what was asked for, each contract once."""
    kept: dict[int, IbDetails] = {}
    for one in found:
        contract = one.contract
        same = contract.secType == wanted.secType and contract.currency == wanted.currency
        if wanted.tradingClass:
            same = same and contract.tradingClass == wanted.tradingClass
        if instrument.type is AssetType.FUTURE and wanted.lastTradeDateOrContractMonth:
            last = contract.lastTradeDateOrContractMonth.split()[0]
            same = same and last == wanted.lastTradeDateOrContractMonth
        if same:
            kept.setdefault(contract.conId, one)
    return list(kept.values())


def _words(contract: IbContract) -> str:
    parts = (
        contract.secType,
        contract.symbol,
        contract.lastTradeDateOrContractMonth,
        f"{contract.strike:g}" if contract.strike else "",
        contract.right.strip("?0"),
        contract.primaryExchange or contract.exchange,
        contract.currency,
        f"#{contract.conId}" if contract.conId else "",
    )
    return " ".join(part for part in parts if part)
