"""IB's own client in its thread, whichever of its releases is installed; all it is told is kept.

The releases differ in a few names, which are levelled here: the time of an error, the report of a
commission, what a cancel takes.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ibapi.client import EClient
from ibapi.contract import ComboLeg, Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper
from steps import Options, check, equal, near

try:
    from ibapi.order_cancel import OrderCancel
except ImportError:  # the older release cancels by the id alone
    OrderCancel = None

NEWER = OrderCancel is not None
VERSION = 178 if NEWER else 157
ORDERS = {"openOrder", "orderStatus", "execDetails", "commission", "error"}
NOTICES = {2104, 2106, 2107, 2108, 2158}


@dataclass(frozen=True)
class Told:
    """One call of the wrapper."""

    name: str
    values: tuple[Any, ...]
    place: int

    def __getitem__(self, place: int) -> Any:
        return self.values[place]


class Mishaps(logging.Handler):
    """What the library could not read, as it complains in its log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        cause = f" ({record.exc_info[1]!r})" if record.exc_info else ""
        self.lines.append(f"{record.name}: {record.getMessage()[:300]}{cause}")


class App(EWrapper, EClient):
    """The official client; every callback goes into `told`, in order."""

    def __init__(self, mishaps: Mishaps) -> None:
        EWrapper.__init__(self)
        EClient.__init__(self, self)
        self.told: list[Told] = []
        self.about: dict[tuple[Any, ...], list[Told]] = defaultdict(list)
        self.about_orders: list[Told] = []
        self.news = threading.Condition()
        self.mishaps = mishaps
        self.thread: threading.Thread | None = None
        self.sent: deque[float] = deque()

    def note(self, name: str, *values: Any) -> None:
        with self.news:
            told = Told(name, values, len(self.told))
            self.told.append(told)
            self.about[name,].append(told)
            if values and isinstance(values[0], (int, str)):
                self.about[name, values[0]].append(told)
            if name in ORDERS:
                self.about_orders.append(told)
            self.news.notify_all()

    def go(self, host: str, port: int, client_id: int) -> None:
        self.connect(host, port, client_id)
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def leave(self) -> None:
        """Disconnect; the socket is closed once nobody reads from it any more."""
        reader = self.reader
        self.disconnect()
        for thread in (reader, self.thread):
            if thread is not None:
                thread.join(3)
                check(not thread.is_alive(), f"{thread} goes on")

    def sendMsg(self, *message: Any) -> None:  # noqa: N802  # the library's name
        """Keep to 35 messages a second; the library leaves the limit of 50 to its user."""
        if len(self.sent) == 35:
            time.sleep(max(0.0, self.sent.popleft() + 1 - time.monotonic()))
        self.sent.append(time.monotonic())
        super().sendMsg(*message)

    def _loop(self) -> None:
        try:
            self.run()
        except Exception as error:  # whatever ends the library's loop is a mishap to report
            self.mishaps.lines.append(f"the message loop ended: {error!r}")
            self.note("loopEnded")


def _noting(name: str) -> Callable[..., None]:
    def method(self: App, *values: Any) -> None:
        self.note(name, *values)

    return method


def _error(self: App, req_id: int, *values: Any) -> None:
    code, text = values[1:3] if NEWER else values[:2]
    self.note("error", req_id, int(code), text)


def _commission(self: App, report: Any) -> None:
    amount = report.commissionAndFees if NEWER else report.commission
    self.note(
        "commission",
        SimpleNamespace(
            execId=report.execId,
            commission=amount,
            currency=report.currency,
            realizedPNL=report.realizedPNL,
        ),
    )


for _name, _ in inspect.getmembers(EWrapper, inspect.isfunction):
    if not _name.startswith(("_", "log")) and not _name.endswith("ProtoBuf"):
        setattr(App, _name, _noting(_name))
App.error = _error
App.commissionReport = App.commissionAndFeesReport = _commission


def contract(**parts: Any) -> Any:
    """A contract of the library."""
    made = Contract()
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def stock(symbol: str, **parts: Any) -> Any:
    return contract(symbol=symbol, secType="STK", exchange="SMART", currency="USD", **parts)


def order(action: str, quantity: float, kind: str, **parts: Any) -> Any:
    """An order of the library."""
    made = Order()
    made.action, made.totalQuantity, made.orderType = action, quantity, kind
    made.tif = "DAY"
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def leg(con_id: int, action: str) -> Any:
    made = ComboLeg()
    made.conId, made.ratio, made.action, made.exchange = con_id, 1, action, "SMART"
    return made


@dataclass
class Track:
    """An order on its way, as far as the callbacks tell."""

    app: App
    order_id: int
    order: Any
    contract: Any
    start: int = 0

    def told(self) -> list[Told]:
        """All that is about it, in order."""
        mine, ids = [], set()
        for told in list(self.app.about_orders):
            if told.place < self.start:
                continue
            if told.name == "execDetails":
                wanted = told[2].orderId == self.order_id and told[0] == -1
                ids |= {told[2].execId} if wanted else set()
            elif told.name == "commission":
                wanted = told[0].execId in ids
            else:
                wanted = told[0] == self.order_id
            if wanted:
                mine.append(told)
        return mine

    def story(self) -> list[str]:
        return [t.name + (f" {t[1]}" if t.name == "orderStatus" else "") for t in self.told()]

    def statuses(self) -> list[str]:
        return [t[1] for t in self.told() if t.name == "orderStatus"]

    @property
    def status(self) -> str:
        return (self.statuses() or [""])[-1]

    def fills(self) -> list[Any]:
        return [t[2] for t in self.told() if t.name == "execDetails"]

    def executed(self) -> list[tuple[Any, Any]]:
        """Contract and execution of each."""
        return [(t[1], t[2]) for t in self.told() if t.name == "execDetails"]

    def commissions(self) -> list[Any]:
        return [t[0] for t in self.told() if t.name == "commission"]

    def perm_ids(self) -> set[int]:
        found = {t[2].permId for t in self.told() if t.name in ("openOrder", "execDetails")}
        return found | {t[5] for t in self.told() if t.name == "orderStatus"}

    def last_status(self) -> Told:
        return [t for t in self.told() if t.name == "orderStatus"][-1]

    @property
    def average(self) -> float:
        return float(self.last_status()[4])


@dataclass
class Session:
    """One client of the gateway."""

    options: Options
    mishaps: Mishaps = field(default_factory=Mishaps)
    account: str = ""
    next_id: int = 0
    last_request: int = 5000
    contracts: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    expected: set[tuple[int, int]] = field(default_factory=set)
    seconds: float = 8.0

    def __post_init__(self) -> None:
        logging.getLogger("ibapi").addHandler(self.mishaps)
        logging.getLogger("ibapi").propagate = False
        self.app = App(self.mishaps)

    # waiting

    def until(self, happens: Callable[[], object], what: str, seconds: float | None = None) -> None:
        limit = self.seconds if seconds is None else seconds
        start = len(self.app.told)
        with self.app.news:
            if not self.app.news.wait_for(happens, limit):
                said = [t.values for t in self.app.told[start:] if t.name == "error"]
                check(False, f"{what}: not within {limit} s" + (f"; said: {said}" if said else ""))

    def found(self, name: str, *begins: Any, since: int = 0) -> list[Told]:
        """Callbacks of a name whose first values are these."""
        return [
            told
            for told in list(self.app.about.get((name, *begins[:1]), ()))
            if told.place >= since and told.values[: len(begins)] == begins
        ]

    def wait(self, name: str, *begins: Any, since: int = 0, seconds: float | None = None) -> Told:
        """Wait for a callback."""
        self.until(lambda: self.found(name, *begins, since=since), f"{name}{begins}", seconds)
        return self.found(name, *begins, since=since)[0]

    def ask(self, send: Callable[[int], object], name: str, end: str) -> list[Told]:
        """Send a request with a new id; the callbacks of the name until its end."""
        req_id = self.request()
        since = len(self.app.told)
        send(req_id)
        self.until(
            lambda: (
                self.found(end, req_id, since=since) or self.found("error", req_id, since=since)
            ),
            f"{end} of {name}",
        )
        return self.found(name, req_id, since=since)

    def request(self) -> int:
        self.last_request += 1
        return self.last_request

    @property
    def mark(self) -> int:
        return len(self.app.told)

    def refused(self, req_id: int, *codes: int, since: int = 0, seconds: float = 4.0) -> Told:
        """Wait for one of the codes on this id."""

        def found() -> list[Told]:
            errors = self.found("error", req_id, since=since)
            return [told for told in errors if told[1] in codes]

        self.until(found, f"code {codes} on id {req_id}", seconds)
        self.expected |= {(req_id, told[1]) for told in found()}
        return found()[0]

    @contextmanager
    def expecting(self, *codes: int) -> Iterator[None]:
        """Errors of these codes are wanted while this lasts."""
        since = self.mark
        yield
        self.expected |= {
            (told[0], told[1]) for told in self.found("error", since=since) if told[1] in codes
        }

    def unexpected(self) -> list[tuple[Any, ...]]:
        return [
            told.values
            for told in self.found("error")
            if told[1] not in NOTICES and (told[0], told[1]) not in self.expected
        ]

    # contracts and quotes

    def contract(self, name: str) -> Any:
        check(name in self.contracts, f"an earlier step did not find {name}")
        return self.contracts[name]

    def stream(self, name: str) -> int:
        """The request id of a contract's quotes, which have begun."""
        if name not in self.streams:
            req_id = self.streams[name] = self.request()
            self.app.reqMktData(req_id, self.contract(name), "", False, False, [])
        req_id = self.streams[name]
        for kind, what in ((1, "bid"), (2, "ask")):
            self.until(lambda kind=kind: self.price(req_id, kind) > 0, f"{what} of {name}")
        return req_id

    def price(self, req_id: int, kind: int) -> float:
        prices = [t[2] for t in self.found("tickPrice", req_id, kind)]
        return float(prices[-1]) if prices else 0.0

    def bid(self, name: str) -> float:
        return self.price(self.stream(name), 1)

    def ask_price(self, name: str) -> float:
        return self.price(self.stream(name), 2)

    # orders

    def order_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def place(self, contract: Any, order: Any, order_id: int = 0) -> Track:
        """Place a new order."""
        order.account = order.account or self.account
        order.orderRef = order.orderRef or f"official-{order.orderType}-{order.action}"
        track = Track(self.app, order_id or self.order_id(), order, contract, self.mark)
        self.app.placeOrder(track.order_id, contract, order)
        return track

    def modify(self, track: Track) -> None:
        self.app.placeOrder(track.order_id, track.contract, track.order)

    def cancel_id(self, order_id: int) -> None:
        if NEWER:
            self.app.cancelOrder(order_id, OrderCancel())
        else:
            self.app.cancelOrder(order_id)

    def global_cancel(self) -> None:
        if NEWER:
            self.app.reqGlobalCancel(OrderCancel())
        else:
            self.app.reqGlobalCancel()

    def cancel(self, track: Track) -> None:
        self.cancel_id(track.order_id)
        self.refused(track.order_id, 202, since=track.start)
        self.reaches(track, "Cancelled")

    def reaches(self, track: Track, status: str, seconds: float | None = None) -> None:
        try:
            self.until(lambda: status in track.statuses(), f"{status}", seconds)
        except AssertionError as error:
            check(False, f"order {track.order_id}, {track.story()}: {error}")

    def filled(self, track: Track, seconds: float | None = None) -> None:
        self.reaches(track, "Filled", seconds)

        def charged() -> bool:
            bag = track.contract.secType == "BAG"
            ids = {e.execId for c, e in track.executed() if not bag or c.secType != "BAG"}
            return bool(ids) and ids <= {report.execId for report in track.commissions()}

        self.until(charged, f"the commission of order {track.order_id}, {track.story()}")

    def stays(self, track: Track, status: str, seconds: float = 0.4) -> None:
        self.reaches(track, status)
        time.sleep(seconds)
        equal(track.status, status, f"status of order {track.order_id} a while later")
        equal(track.fills(), [], "executions")

    def check_fill(self, track: Track, quantity: float) -> None:
        """All that must be true of a filled order, and the order in which it was told."""
        status = track.last_status()
        fills = [e for c, e in track.executed() if c.secType == track.contract.secType]
        shares = sum(float(fill.shares) for fill in fills)
        equal((float(status[2]), float(status[3])), (quantity, 0.0), "filled and remaining")
        equal(shares, quantity, "sum of the executions")
        average = sum(float(fill.shares) * fill.price for fill in fills) / shares
        near(status[4], average, 1e-6, "avgFillPrice")
        equal(float(fills[-1].cumQty), quantity, "cumQty")
        near(fills[-1].avgPrice, average, 1e-6, "avgPrice")
        perm_ids = track.perm_ids()
        check(len(perm_ids) == 1 and 0 not in perm_ids, f"permIds {perm_ids}")
        for told in track.told():
            if told.name == "openOrder":
                equal(told[2].orderRef, track.order.orderRef, "orderRef of the openOrder")
                equal(told[2].clientId, self.options.client_id, "clientId of the openOrder")
            elif told.name == "orderStatus":
                equal(told[8], self.options.client_id, "clientId of the status")
        side = "BOT" if track.order.action == "BUY" else "SLD"
        for fill in fills:
            equal(fill.orderRef, track.order.orderRef, "orderRef of the execution")
            equal((fill.clientId, fill.acctNumber), (self.options.client_id, self.account), "owner")
            equal(fill.side, side, "side")
        story = track.story()
        equal(story[0], "openOrder", "the first word about the order")
        equal(story[-1], "commission", f"the last word about the order, of {story}")
        check("openOrder" in story[: story.index("execDetails")], f"no openOrder before: {story}")

    def fee(self, track: Track) -> float:
        total = 0.0
        for report in track.commissions():
            check(0 <= report.commission < 1e6, f"commission {report.commission}")
            equal(report.currency, "USD", "currency of the commission")
            total += report.commission
        return total

    # the account

    def values(self) -> dict[tuple[str, str], str]:
        """The account's values by tag and currency, asked for anew."""
        since = self.mark
        self.app.reqAccountUpdates(True, self.account)
        self.wait("accountDownloadEnd", self.account, since=since)
        found = self.found("updateAccountValue", since=since)
        self.app.reqAccountUpdates(False, self.account)
        return {(told[0], told[2]): told[1] for told in found if told[3] == self.account}

    def cash(self, currency: str = "USD") -> float:
        values = self.values()
        for tag in ("CashBalance", "TotalCashBalance"):
            if (tag, currency) in values:
                return float(values[tag, currency])
        check(False, f"no CashBalance in {currency}")
        return 0.0

    def cash_becomes(self, wanted: float, what: str, tolerance: float = 0.02) -> None:
        for _ in range(20):
            found = self.cash()
            if abs(found - wanted) <= tolerance:
                return
            time.sleep(0.1)
        near(found, wanted, tolerance, what)

    def positions(self) -> dict[int, Told]:
        """Rows of this account, asked for anew."""
        since = self.mark
        self.app.reqPositions()
        self.wait("positionEnd", since=since)
        self.app.cancelPositions()
        rows = self.found("position", self.account, since=since)
        return {told[1].conId: told for told in rows if float(told[2])}

    def holds(self, con_id: int) -> float:
        row = self.positions().get(con_id)
        return float(row[2]) if row is not None else 0.0
