"""What the raw steps share: one connection at one version, whose every message is checked."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from raw import Message, Wire, cancel_order, contract_fields, place_order
from raw_layouts import ArityError, check_message, execution, open_order
from steps import Options, check, equal

AAPL: dict[str, object] = {
    "symbol": "AAPL",
    "secType": "STK",
    "exchange": "SMART",
    "currency": "USD",
}
NOTICES = {"2104", "2106", "2107", "2108", "2158"}


@dataclass
class RawSession:
    """One client at one version."""

    options: Options
    version: int
    wire: Wire = field(init=False)
    account: str = ""
    next_id: int = 0
    con_ids: dict[str, int] = field(default_factory=dict)
    kept: dict[str, object] = field(default_factory=dict)
    misread: list[str] = field(default_factory=list)
    codes: list[Message] = field(default_factory=list)
    expected: set[tuple[str, str]] = field(default_factory=set)
    requests: itertools.count[int] = field(default_factory=lambda: itertools.count(9000))
    bid: float = 0.0
    ask: float = 0.0

    def watch(self, message: Message) -> None:
        """Check each message that comes, and note errors and AAPL's quote."""
        try:
            check_message(message, self.version)
        except ArityError as error:
            self.misread.append(str(error)[:400])
        if message[0] == "4":
            self.codes.append(message)
        elif message[0] == "1" and message[2] == str(self.kept.get("quotes")):
            if message[3] == "1":
                self.bid = float(message[4])
            elif message[3] == "2":
                self.ask = float(message[4])

    def expect(self, req_id: int, *codes: int, seconds: float | None = None) -> Message:
        """Wait for an error with one of the codes on this id."""
        wanted = {str(code) for code in codes}
        found = self.wire.until(
            lambda m: m[0] == "4" and m[2] == str(req_id) and m[3] in wanted,
            f"code {codes} on {req_id}",
            seconds,
        )
        self.expected.add((str(req_id), found[3]))
        return found

    def order_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def contract(self, name: str = "AAPL") -> dict[str, object]:
        check(name in self.con_ids, f"an earlier step did not find {name}")
        if name == "AAPL":
            return AAPL | {"conId": self.con_ids[name]}
        return {"conId": self.con_ids[name], "exchange": "SMART"}

    def ask_for(self, kind: int, req_id: int, contract: dict[str, object], *rest: object) -> None:
        self.wire.send(kind, req_id, *contract_fields(contract), *rest)

    def ask_versioned(
        self, kind: int, number: int, req_id: int, contract: dict[str, object], *rest: object
    ) -> None:
        self.wire.send(kind, number, req_id, *contract_fields(contract), *rest)

    def place(
        self,
        order: dict[str, object],
        contract: dict[str, object] | None = None,
        order_id: int = 0,
        legs: list[tuple[int, int, str]] | None = None,
    ) -> int:
        """Place or modify an order; answers its id."""
        given = order_id or self.order_id()
        whole = {"tif": "DAY", "account": self.account, "orderRef": "raw", **order}
        fields = place_order(self.version, given, contract or self.contract(), whole, legs)
        self.wire.send(*fields)
        return given

    def cancel(self, order_id: int) -> None:
        self.wire.send(*cancel_order(self.version, order_id))

    def status(self, order_id: int, wanted: str, seconds: float | None = None) -> Message:
        return self.wire.until(
            lambda m: m[:3] == ["3", str(order_id), wanted],
            f"status {wanted} of order {order_id}",
            seconds,
        )

    def settled(self, order_id: int, seconds: float = 10.0) -> list[Message]:
        """All that is said of an order until its last commission; its messages in order."""
        start = len(self.wire.log)
        missing: set[str] | None = None

        def about(message: Message) -> bool:
            nonlocal missing
            if message[0] == "11" and message[2] == str(order_id):
                row = execution(message, self.version)
                missing = (missing or set()) | (
                    {row["execId"]} if row["secType"] != "BAG" else set()
                )
            elif message[0] == "59" and missing:
                missing.discard(message[2])
            filled = any(m[:3] == ["3", str(order_id), "Filled"] for m in self.wire.log[start:])
            return filled and missing is not None and not missing

        self.wire.until(about, f"fill and commission of order {order_id}", seconds)
        self.wire.drain(0.2)
        ids = {m[14] for m in self.wire.log[start:] if m[0] == "11" and m[2] == str(order_id)}
        return [
            m
            for m in self.wire.log[start:]
            if (m[0] in ("3", "5") and m[1] == str(order_id))
            or (m[0] == "11" and m[2] == str(order_id))
            or (m[0] == "59" and m[2] in ids)
        ]

    def opened(self, message: Message) -> dict[str, str]:
        return open_order(message, self.version)

    def check_time(self, text: str, what: str) -> None:
        """A time as this version writes it: with its zone from 174 on."""
        pattern = r"\d{8} \d\d:\d\d:\d\d [A-Za-z_/+\-]+\d*" if self.version >= 174 else None
        check(
            re.fullmatch(pattern or r"\d{8}  \d\d:\d\d:\d\d", text),
            f"{what} at version {self.version}: {text!r}",
        )


def kinds(messages: list[Message]) -> list[str]:
    """Kinds in order, with the status of orders."""
    return [m[0] + (f" {m[2]}" if m[0] == "3" else "") for m in messages]


def check_story(s: RawSession, order_id: int, told: list[Message]) -> dict[str, str]:
    """openOrder, orderStatus, execution, Filled, and the commission last of all."""
    story = kinds(told)
    check(story[0] == "5", f"first is not the openOrder: {story}")
    first = story.index("11")
    check(any(kind.startswith("3 ") for kind in story[:first]), f"no status before 11: {story}")
    check(story[-1] == "59", f"the commission is not last: {story}")
    filled = story.index("3 Filled")
    check(filled > first, f"Filled before its execution: {story}")
    final = execution([m for m in told if m[0] == "11"][-1], s.version)
    equal(final["reqId"], "-1", "reqId of a live execution")
    perm_ids = {s.opened(m)["permId"] for m in told if m[0] == "5"}
    perm_ids |= {m[6] for m in told if m[0] == "3"} | {final["permId"]}
    check(len(perm_ids) == 1 and perm_ids != {"0"}, f"permIds {perm_ids}")
    clients = {s.opened(m)["clientId"] for m in told if m[0] == "5"}
    clients |= {m[9] for m in told if m[0] == "3"} | {final["clientId"]}
    equal(clients, {str(s.options.client_id)}, "clientIds")
    equal(final["orderId"], str(order_id), "orderId of the execution")
    return final
