"""What the steps over ib_insync and ib_async share: the connection, its errors, orders on the way.

The library is named once, at the start; the two differ in little a step can see.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from steps import Options, check, equal, near

NOTICES = {2104, 2106, 2107, 2108, 2158}
"""Codes that say a data farm is there."""


KNOWN = ("Peer closed connection", "API connection failed")
"""What the library complains of in a session that goes as it should."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of the server's about a request, an order or the connection."""

    req_id: int
    code: int
    text: str


class Mishaps(logging.Handler):
    """What the library could not read, find or match, as it complains in its log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        told_anyway = text.startswith(("Error ", "Warning ")) and ", reqId " in text
        known = any(part in text for part in KNOWN)
        if not known and (not told_anyway or record.exc_info):
            cause = f" ({record.exc_info[1]!r})" if record.exc_info else ""
            self.lines.append(f"{record.name}: {text[:300]}{cause}")


@dataclass
class Track:
    """An order on its way: what happened to it, in order."""

    trade: Any
    story: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    perm_ids: set[int] = field(default_factory=set)
    first_quote: int = 0
    """Where the quotes of the session stood when it was placed."""

    @property
    def order_id(self) -> int:
        return int(self.trade.order.orderId)

    @property
    def status(self) -> str:
        return str(self.trade.orderStatus.status)


class Session:
    """One client of the gateway."""

    def __init__(self, library: ModuleType, options: Options) -> None:
        self.lib = library
        self.options = options
        self.ib = library.IB()
        self.seen: list[Seen] = []
        self.expected: list[Seen] = []
        self.mishaps = Mishaps()
        logging.getLogger(library.__name__).addHandler(self.mishaps)
        logging.getLogger(library.__name__).propagate = False
        self.ib.errorEvent += self._note
        self.account = ""
        self.contracts: dict[str, Any] = {}
        self.details: dict[str, Any] = {}
        self.quotes: list[tuple[float, float]] = []
        self.tickers: dict[str, Any] = {}
        self.live: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}

    # errors

    def _note(self, req_id: int, code: int, text: str, *_: object) -> None:
        self.seen.append(Seen(req_id, code, text))

    @contextmanager
    def expecting(self, *codes: int) -> Iterator[list[Seen]]:
        """Errors of these codes are wanted while this lasts; they fill the list in the end."""
        start, wanted = len(self.seen), []
        yield wanted
        wanted += [seen for seen in self.seen[start:] if seen.code in codes]
        self.expected += wanted

    async def refused(self, req_id: int, *codes: int, seconds: float = 4.0) -> Seen:
        """Wait for one of the codes on this id."""
        start = len(self.seen)

        def found() -> list[Seen]:
            recent = self.seen[max(0, start - 20) :]
            return [seen for seen in recent if seen.req_id == req_id and seen.code in codes]

        await self.until(lambda: bool(found()), f"code {codes} on id {req_id}", seconds)
        self.expected += found()
        return found()[0]

    def unexpected(self) -> list[Seen]:
        return [
            seen for seen in self.seen if seen not in self.expected and seen.code not in NOTICES
        ]

    # waiting

    async def until(self, happens: Callable[[], object], what: str, seconds: float = 5.0) -> None:
        """Wait for a fact, and fail with what it was, and with what was said meanwhile."""
        start, end = len(self.seen), asyncio.get_running_loop().time() + seconds
        while not happens():
            if asyncio.get_running_loop().time() > end:
                said = [(seen.req_id, seen.code, seen.text) for seen in self.seen[start:]]
                check(
                    False, f"{what}: not within {seconds} s" + (f"; said: {said}" if said else "")
                )
            await asyncio.sleep(0.005)

    async def answer(self, awaited: Any, what: str, seconds: float = 8.0) -> Any:
        """The answer of a request."""
        try:
            return await asyncio.wait_for(awaited, seconds)
        except TimeoutError:
            check(False, f"{what}: no answer within {seconds} s")

    # contracts and quotes

    def contract(self, name: str) -> Any:
        check(name in self.contracts, f"an earlier step did not find {name}")
        return self.contracts[name]

    def tick_of(self, name: str) -> float:
        return float(self.details[name].minTick)

    async def quote(self, name: str) -> Any:
        """The streaming ticker of a contract, once it has a bid and an ask."""
        contract = self.contract(name)
        if name not in self.tickers:
            ticker = self.ib.reqMktData(contract, "", False, False)
            self.tickers[name] = ticker
            if name == "AAPL":
                ticker.updateEvent += lambda t: self.quotes.append((t.bid, t.ask))
        ticker = self.tickers[name]
        await self.until(ticker.hasBidAsk, f"bid and ask of {name}")
        return ticker

    # orders

    async def place(self, contract: Any, order: Any) -> Track:
        """Place a new order, and note what becomes of it."""
        order.orderRef = order.orderRef or f"session-{order.orderType}-{order.action}"
        order.account = order.account or self.account
        order.tif = order.tif or "DAY"
        return self.follow(self.ib.placeOrder(contract, order))

    def follow(self, trade: Any) -> Track:
        track = Track(trade, first_quote=max(0, len(self.quotes) - 1))

        def status(_: object) -> None:
            track.statuses.append(trade.orderStatus.status)
            track.story.append(trade.orderStatus.status)
            if trade.orderStatus.permId:
                track.perm_ids.add(trade.orderStatus.permId)

        def fill(_: object, fill: Any) -> None:
            track.story.append(f"execution {fill.execution.execId}")

        def commission(_: object, fill: Any, report: Any) -> None:
            track.story.append(f"commission {report.execId}")

        trade.statusEvent += status
        trade.fillEvent += fill
        trade.commissionReportEvent += commission
        return track

    async def reaches(self, track: Track, status: str, seconds: float = 5.0) -> None:
        """Wait for a status; one that was passed on the way counts."""
        await self.until(
            lambda: track.status == status or status in track.statuses,
            f"{status} of order {track.order_id}, which is {track.status} after {track.story}",
            seconds,
        )

    async def filled(self, track: Track, seconds: float = 8.0) -> None:
        """Wait for the last fill, and for a commission of each execution that bears one."""
        await self.reaches(track, "Filled", seconds)
        bag = track.trade.contract.secType == "BAG"

        def charged() -> bool:
            fills = [f for f in track.trade.fills if not bag or f.contract.secType != "BAG"]
            return bool(fills) and all(f.commissionReport.execId for f in fills)

        await self.until(charged, f"the commission of order {track.order_id}")

    async def cancel(self, track: Track) -> None:
        """Cancel an order, and see it confirmed both ways."""
        self.ib.cancelOrder(track.trade.order)
        await self.refused(track.order_id, 202)
        await self.reaches(track, "Cancelled")

    async def stays(self, track: Track, status: str, seconds: float = 0.5) -> None:
        await self.reaches(track, status)
        await asyncio.sleep(seconds)
        equal(track.status, status, f"status of order {track.order_id} a while later")
        equal(track.trade.filled(), 0, "quantity filled")

    def check_fill(self, track: Track, quantity: float) -> None:
        """All that must be true of a filled order, whatever its kind."""
        trade, order = track.trade, track.trade.order
        status = trade.orderStatus
        fills = [f for f in trade.fills if f.contract.conId == trade.contract.conId]
        check(fills, f"no execution of order {track.order_id}")
        shares = sum(f.execution.shares for f in fills)
        equal((status.filled, status.remaining), (quantity, 0), "filled and remaining")
        equal(shares, quantity, "sum of the executions")
        average = sum(f.execution.shares * f.execution.price for f in fills) / shares
        near(status.avgFillPrice, average, 1e-6, "avgFillPrice")
        last = fills[-1].execution
        equal(status.lastFillPrice, last.price, "lastFillPrice")
        equal(last.cumQty, quantity, "cumQty of the last execution")
        near(last.avgPrice, average, 1e-6, "avgPrice of the last execution")
        check(status.permId != 0, "permId is 0")
        equal(track.perm_ids, {status.permId}, "permId over the statuses")
        equal(order.permId, status.permId, "permId of the order")
        equal(status.clientId, self.options.client_id, "clientId of the status")
        side = "BOT" if order.action == "BUY" else "SLD"
        for fill in fills:
            execution = fill.execution
            equal(execution.permId, status.permId, "permId of the execution")
            equal(execution.orderId, track.order_id, "orderId of the execution")
            equal(execution.clientId, self.options.client_id, "clientId of the execution")
            equal(execution.orderRef, order.orderRef, "orderRef of the execution")
            equal(execution.acctNumber, self.account, "account of the execution")
            equal(execution.side, side, "side of the execution")
            check(execution.time.tzinfo is not None, "the execution's time has no zone")
        ids = [f.execution.execId for f in trade.fills]
        equal(len(set(ids)), len(ids), "different execIds")
        check(all(ids), "an execId is empty")

    def check_order_of_events(self, track: Track) -> None:
        """Execution, then its commission; both once."""
        for fill in track.trade.fills:
            if fill.commissionReport.execId:
                told = [line for line in track.story if line.endswith(fill.execution.execId)]
                wanted = [
                    f"execution {fill.execution.execId}",
                    f"commission {fill.execution.execId}",
                ]
                equal(told, wanted, "execution and commission")

    def commission_of(self, track: Track) -> float:
        total = 0.0
        for fill in track.trade.fills:
            if fill.commissionReport.execId:
                check(
                    math.isfinite(fill.commissionReport.commission)
                    and abs(fill.commissionReport.commission) < 1e300,
                    f"commission {fill.commissionReport.commission}",
                )
                equal(fill.commissionReport.currency, "USD", "currency of the commission")
                total += fill.commissionReport.commission
        return total

    # the account

    async def values(self) -> dict[tuple[str, str], str]:
        """The account's values by tag and currency, asked for anew."""
        await self.answer(self.ib.reqAccountUpdatesAsync(self.account), "account updates")
        return {
            (value.tag, value.currency): value.value
            for value in self.ib.accountValues(self.account)
            if not value.modelCode
        }

    async def cash(self, currency: str = "USD") -> float:
        values = await self.values()
        for tag in ("CashBalance", "TotalCashBalance"):
            if (tag, currency) in values:
                return float(values[tag, currency])
        check(False, f"no CashBalance in {currency} among {sorted(values)[:60]}")
        return math.nan

    async def cash_becomes(self, wanted: float, what: str, tolerance: float = 0.02) -> None:
        """Ask until the cash is as it must be; the last answer is the one that counts."""
        found = math.nan
        for _ in range(20):
            found = await self.cash()
            if abs(found - wanted) <= tolerance:
                return
            await asyncio.sleep(0.1)
        near(found, wanted, tolerance, what)

    async def position(self, con_id: int) -> Any:
        """The position in a contract asked for anew, None if there is none."""
        rows = await self.answer(self.ib.reqPositionsAsync(), "positions")
        held = {row.contract.conId: row for row in rows if row.account == self.account}
        row = held.get(con_id)
        return row if row is not None and row.position else None

    async def holds(self, con_id: int) -> float:
        row = await self.position(con_id)
        return row.position if row is not None else 0.0
