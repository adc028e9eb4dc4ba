"""A client of the socket protocol written from its description alone: frames, fields, orders.

It shares nothing with the gateway. A message is the list of its fields, as text.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Message = list[str]


def words(text: str) -> list[str]:
    """Names in a row."""
    return text.split()


CONTRACT = words(
    "conId symbol secType expiry strike right multiplier exchange primaryExchange currency"
    " localSymbol tradingClass"
)
"""A contract in requests, in order."""

_NUMBERS = {"conId": "0", "strike": "0.0"}


def frame(*fields: object) -> bytes:
    """A message as it goes over the wire."""
    payload = "".join(f"{text_of(part)}\0" for part in fields).encode()
    return struct.pack(">I", len(payload)) + payload


def text_of(value: object) -> str:
    """A field: true is 1, nothing is empty."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def contract_fields(contract: dict[str, object]) -> list[object]:
    """The twelve fields that name a contract."""
    unknown = contract.keys() - {*CONTRACT}
    assert not unknown, f"no field of a contract: {unknown}"
    return [contract.get(name, _NUMBERS.get(name, "")) for name in CONTRACT]


def hello(lowest: int, highest: int, options: str = "") -> bytes:
    """What a client says first."""
    text = f"v{lowest}..{highest}" + (f" {options}" if options else "")
    return b"API\0" + struct.pack(">I", len(text)) + text.encode()


_PLACED = words(
    "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin"
    " orderRef transmit parentId blockOrder sweepToFill displaySize triggerMethod outsideRth"
    " hidden"
)
_MIDDLE = words(
    "shares discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage faProfile"
    " modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm"
    " allOrNone minQty percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy"
    " startingPrice stockRefPrice delta stockRangeLower stockRangeUpper"
    " overridePercentageConstraints volatility volatilityType deltaNeutralOrderType"
    " deltaNeutralAuxPrice continuousUpdate referencePriceType trailStopPrice trailingPercent"
    " scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement scaleTable activeStartTime"
    " activeStopTime hedgeType optOutSmartRouting clearingAccount clearingIntent notHeld"
    " deltaNeutralContract algoStrategy algoId whatIf orderMiscOptions solicited randomizeSize"
    " randomizePrice conditions adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice"
    " adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit extOperator tierName"
    " tierValue cashQty mifid1 mifid2 mifid3 mifid4 dontUseAutoPriceForHedge isOmsContainer"
    " discretionaryUpToLimitPrice usePriceMgmtAlgo"
)
_TAIL = (
    ("duration", 158),
    ("postToAts", 160),
    ("autoCancelParent", 162),
    ("advancedErrorOverride", 166),
    ("manualOrderTime", 169),
)
_ZEROES = words(
    "origin parentId blockOrder sweepToFill displaySize triggerMethod outsideRth hidden"
    " discretionaryAmt shortSaleSlot ocaType allOrNone eTradeOnly firmQuoteOnly auctionStrategy"
    " overridePercentageConstraints continuousUpdate optOutSmartRouting notHeld"
    " deltaNeutralContract whatIf solicited randomizeSize randomizePrice conditions"
    " adjustableTrailingUnit dontUseAutoPriceForHedge isOmsContainer"
    " discretionaryUpToLimitPrice autoCancelParent"
)
_DEFAULTS: dict[str, object] = dict.fromkeys(_ZEROES, 0) | {"transmit": 1, "exemptCode": -1}


def place_order(
    version: int,
    order_id: int,
    contract: dict[str, object],
    order: dict[str, object],
    legs: list[tuple[int, int, str]] | None = None,
) -> list[object]:
    """A placeOrder as a client of this version writes it; `legs` are conId, ratio, action."""
    values = _DEFAULTS | order
    known = {*_PLACED, *_MIDDLE, *(name for name, _ in _TAIL)}
    assert order.keys() <= known, f"no field of an order: {order.keys() - known}"
    fields: list[object] = [3, order_id, *contract_fields(contract), "", ""]
    fields += [values.get(name, "") for name in _PLACED]
    if contract.get("secType") == "BAG":
        fields.append(len(legs or []))
        for con_id, ratio, action in legs or []:
            fields += [con_id, ratio, action, "SMART", 0, 0, "", -1]
        fields += [0, 0]
    for name in _MIDDLE:
        if name != "faProfile" or version < 177:
            fields.append(values.get(name, ""))
    fields += [values.get(name, "") for name, since in _TAIL if version >= since]
    return fields


def cancel_order(version: int, order_id: int) -> list[object]:
    return [4, 1, order_id, *([""] if version >= 169 else [])]


class ClosedError(ConnectionError):
    """The other side has closed."""


@dataclass
class Wire:
    """One connection; reads what comes as whole messages, in order."""

    host: str
    port: int
    seconds: float = 8.0
    socket: socket.socket = field(init=False)
    version: int = 0
    rate: int = 0
    """Messages a second it keeps to; 0 for as many as it likes."""
    log: list[Message] = field(default_factory=list)
    _data: bytearray = field(default_factory=bytearray)
    _pending: list[Message] = field(default_factory=list)
    _watch: Callable[[Message], None] | None = None
    _sent: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.socket = socket.create_connection((self.host, self.port), timeout=self.seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def watch(self, reader: Callable[[Message], None]) -> None:
        """Show every message that comes to `reader`, which may find fault with it."""
        self._watch = reader

    # sending

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, *fields: object) -> None:
        if self.rate:
            if len(self._sent) == self.rate:
                time.sleep(max(0.0, self._sent.popleft() + 1 - time.monotonic()))
            self._sent.append(time.monotonic())
        self.write(frame(*fields))

    def greet(self, highest: int, *, lowest: int = 157, options: str = "", parts: int = 1) -> int:
        """Shake hands, in as many writes as asked; answers the version agreed on."""
        said = hello(lowest, highest, options)
        size = -(-len(said) // parts)
        for start in range(0, len(said), size):
            self.write(said[start : start + size])
            if parts > 1:
                time.sleep(0.02)
        answer = self.next()
        assert len(answer) == 2, f"version and time, not {answer}"
        self.version = int(answer[0])
        return self.version

    def start(self, client_id: int, capabilities: str = "") -> tuple[str, int]:
        """Start the API; answers the accounts and the next id."""
        self.send(71, 2, client_id, capabilities)
        accounts = self.message(15)
        next_id = self.message(9)
        return accounts[2], int(next_id[2])

    def connect(self, client_id: int, highest: int = 178) -> tuple[str, int]:
        """Both in one."""
        self.greet(highest)
        return self.start(client_id)

    # receiving

    def ready(self, seconds: float = 0.0) -> bool:
        """Whether a whole message is here."""
        end = time.monotonic() + seconds
        while not self._pending:
            left = max(0.0, end - time.monotonic())
            readable, _, _ = select.select([self.socket], [], [], left)
            if not readable:
                return False
            data = self.socket.recv(1 << 16)
            if not data:
                raise ClosedError("closed by the gateway")
            self._data += data
            self._split()
        return True

    def _split(self) -> None:
        start, data = 0, self._data
        while len(data) - start >= 4:
            (length,) = struct.unpack_from(">I", data, start)
            end = start + 4 + length
            if len(data) < end:
                break
            payload = bytes(data[start + 4 : end]).decode()
            assert payload.endswith("\0"), f"a message without its last NUL: {payload!r}"
            message = payload[:-1].split("\0")
            self._pending.append(message)
            start = end
        del data[:start]

    def next(self, seconds: float | None = None) -> Message:
        """The next message."""
        wait = self.seconds if seconds is None else seconds
        if not self.ready(wait):
            raise TimeoutError(f"no message within {wait} s")
        message = self._pending.pop(0)
        self.log.append(message)
        if self._watch is not None and self.version:
            self._watch(message)
        return message

    def until(
        self, wanted: Callable[[Message], bool], what: str, seconds: float | None = None
    ) -> Message:
        """Read until a message is the wanted one."""
        start = len(self.log)
        end = time.monotonic() + (self.seconds if seconds is None else seconds)
        while time.monotonic() < end:
            if self.ready(max(0.0, end - time.monotonic())):
                message = self.next()
                if wanted(message):
                    return message
        came = [message[:6] for message in self.log[start:]][-12:]
        raise TimeoutError(f"{what} did not come; last came {came}")

    def message(self, kind: int, *begins: object, seconds: float | None = None) -> Message:
        """Read until a message of this kind whose next fields are these."""
        wanted = [str(kind), *(text_of(part) for part in begins)]
        return self.until(
            lambda m: m[: len(wanted)] == wanted, f"message {'|'.join(wanted)}", seconds
        )

    def quiet(self, seconds: float) -> None:
        """Nothing may come for a while."""
        assert not self.ready(seconds), f"unasked for: {self._pending[:3]}"

    def drain(self, seconds: float) -> list[Message]:
        """Everything that comes within a time."""
        start, end = len(self.log), time.monotonic() + seconds
        while self.ready(max(0.0, end - time.monotonic())):
            self.next()
            if time.monotonic() > end:
                break
        return self.log[start:]

    def closes(self, seconds: float | None = None) -> bool:
        """Whether the gateway closes the connection."""
        end = time.monotonic() + (self.seconds if seconds is None else seconds)
        try:
            while time.monotonic() < end:
                if self.ready(max(0.0, end - time.monotonic())):
                    self.next()
        except (ClosedError, ConnectionError):
            return True
        return False
