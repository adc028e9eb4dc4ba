"""Chains: which options are listed on an instrument, and the broker's Greeks, both kept a while."""

from __future__ import annotations

__all__ = ["Chains", "ListedChain", "SeenGreeks"]

import asyncio
from dataclasses import dataclass
from math import isfinite

from framework.brokers.ib.connection import Connection
from framework.brokers.ib.library import IbChain, IbGreeks
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.problems import LinkLostError, RequestError
from framework.brokers.ib.times import SECOND
from framework.brokers.ib.translate_contract import contract_of
from framework.calendar import day_of


@dataclass(frozen=True, slots=True)
class ListedChain:
    """The options of one class on one exchange.

    Attributes:
        underlying: symbol.
        root: name of the class.
        exchange: where they trade.
        multiplier: units of one contract.
        expiries: as days since 1970-01-01, rising.
        strikes: rising; not each is listed for each expiry.
    """

    underlying: str
    root: str
    exchange: str
    multiplier: float
    expiries: tuple[int, ...]
    strikes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SeenGreeks:
    """What the broker's model says of one option; None for what it does not.

    Attributes:
        volatility: a year.
        delta, gamma, vega, theta: of one unit, vega per 0.01, theta per day.
        price: of the model.
        underlying: price of what it is written on.
        time: nanoseconds UTC.
    """

    volatility: float | None
    delta: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    price: float | None
    underlying: float | None
    time: int


class Chains:
    """Asks for options.

    Args:
        connection: the session.
        pacer: the queue to the broker.
        book: contracts.
        chain_life: seconds a chain is kept.
        greeks_life: seconds Greeks are kept.
        timeout: seconds for one answer.
        patience: seconds a request may wait for its turn.
    """

    def __init__(
        self,
        connection: Connection,
        pacer: Pacer,
        book: Book,
        *,
        chain_life: float = 300.0,
        greeks_life: float = 60.0,
        timeout: float = 20.0,
        patience: float = 60.0,
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._book = book
        self._chain_life = int(chain_life * SECOND)
        self._greeks_life = int(greeks_life * SECOND)
        self._timeout = timeout
        self._patience = patience
        self._chains: dict[str, tuple[int, tuple[ListedChain, ...]]] = {}
        self._greeks: dict[str, SeenGreeks] = {}

    async def chain(self, underlying: str) -> tuple[ListedChain, ...]:
        """The options listed on an instrument, by exchange and class.

        Raises:
            RequestError, PacingError, LinkLostError, ContractError: as they say.
        """
        now = self._connection.clock.now()
        kept = self._chains.get(underlying)
        if kept is not None and now - kept[0] < self._chain_life:
            return kept[1]
        listed = self._book.by_key(underlying)
        await self._pacer.turn(self._patience)
        link = self._link()
        answer = await link.ask(
            f"the options on {underlying}",
            lambda: link.ib.reqSecDefOptParamsAsync(
                listed.symbol, "", listed.sec_type, listed.con_id
            ),
            self._timeout,
        )
        found = tuple(_chain(underlying, one) for one in answer)
        self._chains[underlying] = (now, found)
        return found

    async def greeks(self, symbol: str) -> SeenGreeks:
        """The broker's Greeks of a qualified option.

        Raises:
            RequestError: there are none in time.
            PacingError, LinkLostError, ContractError: as they say.
        """
        now = self._connection.clock.now()
        kept = self._greeks.get(symbol)
        if kept is not None and now - kept.time < self._greeks_life:
            return kept
        listed = self._book.by_key(symbol)
        await self._pacer.line_turn(f"{symbol} greeks", self._patience)
        link = self._link()
        contract = contract_of(link.lib, listed)
        ticker = link.follow(contract)
        try:
            async with asyncio.timeout(self._timeout):
                while ticker.modelGreeks is None:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise RequestError(
                0,
                f"The broker has told no Greeks of {symbol} within {self._timeout:g} seconds.",
                "Ask when the market is open, or subscribe to its options data.",
            ) from None
        finally:
            self._pacer.free_line(f"{symbol} greeks")
            if link.is_open:
                link.ib.cancelMktData(contract)
        found = _greeks(ticker.modelGreeks, now)
        self._greeks[symbol] = found
        return found

    def _link(self) -> Link:
        link = self._connection.link
        if link is None:
            raise LinkLostError("There is no connection to ask.", "Wait until it is back.")
        return link


def _chain(underlying: str, chain: IbChain) -> ListedChain:
    days = (f"{text[:4]}-{text[4:6]}-{text[6:8]}" for text in chain.expirations)
    return ListedChain(
        underlying,
        chain.tradingClass,
        chain.exchange,
        float(chain.multiplier or 1.0),
        tuple(sorted(day_of(day) for day in days)),
        tuple(sorted(float(strike) for strike in chain.strikes)),
    )


def _greeks(shown: IbGreeks, now: int) -> SeenGreeks:
    return SeenGreeks(
        _number(shown.impliedVol),
        _number(shown.delta),
        _number(shown.gamma),
        _number(shown.vega),
        _number(shown.theta),
        _number(shown.optPrice),
        _number(shown.undPrice),
        now,
    )


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
