"""What-if before the first order of a kind: held, asked for, let out or refused; exits pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from framework import Strategy
from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.what_if import WhatIf
from framework.cli.flags import RunFlags, overlay
from framework.cli.journal_lines import lines_of
from framework.config.request import request_of
from framework.config.runfile import validate
from framework.domain.events import CHANGE_REFUSED, OrderUpdate
from framework.domain.instruments import AssetType
from framework.domain.orders import Order, OrderStatus, Origin, Side
from framework.domain.references import References
from framework.emulator.build import live_gateway, live_house
from framework.emulator.faults.plan import plan_of
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import read_journal
from framework.engine.journal_errors import JournalError
from framework.engine.journal_facts import Facts
from framework.engine.journal_rows import Cleared, EventBatch, Row, Started, Submit
from framework.errors import ConfigError
from framework.session.gate import Gate
from tests.builders import order_of
from tests.journals import journal_in
from tests.unit.test_voyage import ACCOUNT, SPEED, START, Flip, Ship, served

# the gate alone -------------------------------------------------------------------------------


class Core:
    """The core as the gate sees it."""

    def __init__(self) -> None:
        self.doubted = ""
        self.opens: dict[str, float] = {}
        self.out: list[tuple[str, str]] = []
        self.is_full = False

    def opening(self, order_id: str) -> float:
        return self.opens.get(order_id, 10.0)

    def let_out(self, orders: Sequence[Order], words: str) -> None:
        if self.is_full:
            raise JournalError("The disk is full.", "Make room.")
        self.out += [(one.id, words) for one in orders]


def figures(initial: float = 5_000.0, equity: float = 9_000.0, warning: str = "") -> WhatIf:
    return WhatIf(initial, 0.0, 0.0, 0.0, equity, None, warning)


class Ground:
    """A gate, its core, and a broker whose answers are given one by one."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[WhatIf | RequestError] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.core = Core()
        self.gate = Gate(self._ask, self._type_of, lambda: 7)
        self.gate.owner = self.core

    async def _ask(self, order: Order) -> WhatIf:
        self.asked.append(order.id)
        await self.may_answer.wait()
        answer = self.answers.pop(0) if self.answers else figures()
        if isinstance(answer, RequestError):
            raise answer
        return answer

    @staticmethod
    def _type_of(symbol: str) -> AssetType:
        return AssetType.FUTURE if symbol == "ES" else AssetType.STOCK

    async def passed(self) -> list[str]:
        """Ids of what leaves within a moment."""
        found: list[str] = []
        for _ in range(20):
            found += [one.id for unit in self.gate.released() for one in unit]
            await asyncio.sleep(0)
        return found

    def said(self) -> list[tuple[str, str, str]]:
        news = [one for one in self.gate.news() if isinstance(one, OrderUpdate)]
        return [(one.order.id, one.status.value, one.reason) for one in news]

    def take(self, *orders: Order) -> bool:
        if not self.gate.holds(orders):
            return False
        self.gate.take(orders)
        return True


def played(scene: Callable[[Ground], object]) -> None:
    async def play() -> None:
        await scene(Ground())  # type: ignore[misc]

    asyncio.run(play())


def buy(number: int, kind: str = "market", **terms: object) -> Order:
    if kind == "limit":
        terms = {"limit": 50.0, **terms}
    return order_of(kind, id=f"S-{number}", **terms)  # type: ignore[arg-type]


def test_the_first_of_a_kind_is_asked_for_and_the_next_are_not() -> None:
    async def scene(on: Ground) -> None:
        assert on.take(buy(1))
        assert await on.passed() == ["S-1"]
        assert not on.take(buy(2)), "its kind is approved"
        others = [buy(3, side=Side.SELL), buy(4, "limit"), buy(5, symbol="ES")]
        for other in others:
            assert on.take(other)
        assert await on.passed() == ["S-3", "S-4", "S-5"]
        assert on.asked == ["S-1", "S-3", "S-4", "S-5"]
        assert on.core.out[0] == ("S-1", "initial margin 5,000.00, equity 9,000.00")
        assert on.said() == []
        assert on.gate.is_empty

    played(scene)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (figures(9_000.0), ""),
        (figures(9_000.01), "initial margin 9,000.01, equity 9,000.00: the account cannot carry"),
        (figures(float("nan")), "the account cannot carry it"),
        (RequestError(201, "The broker says 201: no permission"), "The broker says 201"),
        (RequestError(0, "The broker has not answered a what-if"), "has not answered"),
    ],
)
def test_what_the_broker_says_decides(answer: WhatIf | RequestError, reason: str) -> None:
    async def scene(on: Ground) -> None:
        on.answers = [answer]
        child = buy(2, "stop", side=Side.SELL, stop=40.0, parent="S-1", origin=Origin.STOP_LOSS)
        on.take(buy(1), child)
        passed = await on.passed()
        if not reason:
            assert passed == ["S-1", "S-2"]
            return
        assert passed == []
        (first, second) = on.said()
        assert first[:2] == ("S-1", "rejected")
        assert first[2].startswith("never sent: its what-if: ")
        assert reason in first[2]
        assert second[:2] == ("S-2", "rejected"), "children go with their entry"
        assert on.core.out == []
        assert on.take(buy(3)), "what was refused has approved nothing"

    played(scene)


def test_what_can_only_close_is_never_held() -> None:
    async def scene(on: Ground) -> None:
        on.may_answer.clear()
        assert on.take(buy(1, side=Side.SELL))
        await on.passed()
        for order in (
            buy(2, side=Side.SELL, reduce_only=True),
            buy(3, side=Side.SELL, origin=Origin.CLOSE),
            buy(4, side=Side.SELL, parent="S-1"),
        ):
            assert not on.gate.holds([order]), order
        on.core.opens["S-5"] = 0.0
        assert not on.gate.holds([buy(5, side=Side.SELL)]), "the door judged that it only reduces"

    played(scene)


def test_two_of_a_kind_wait_for_one_question() -> None:
    async def scene(on: Ground) -> None:
        on.may_answer.clear()
        on.take(buy(1))
        on.take(buy(2))
        assert await on.passed() == []
        on.may_answer.set()
        assert await on.passed() == ["S-1", "S-2"]
        assert on.asked == ["S-1"]
        assert on.core.out[1] == ("S-2", "one of its kind was let out before")

    played(scene)


def test_the_next_is_asked_for_where_the_first_was_refused() -> None:
    async def scene(on: Ground) -> None:
        on.answers = [RequestError(201, "no"), figures()]
        on.take(buy(1))
        on.take(buy(2))
        assert await on.passed() == ["S-2"]
        assert on.asked == ["S-1", "S-2"]

    played(scene)


def test_a_held_order_can_be_cancelled_and_not_changed() -> None:
    async def scene(on: Ground) -> None:
        on.may_answer.clear()
        child = buy(2, "stop", side=Side.SELL, stop=40.0, parent="S-1")
        on.take(buy(1), child)
        on.take(buy(3, "limit"))
        await on.passed()
        on.gate.refuse_change("S-2")
        ((name, status, reason),) = on.said()
        assert (name, status) == ("S-2", "held")
        assert reason.startswith(CHANGE_REFUSED)
        on.gate.withdraw("S-1")
        assert [(one[0], one[1]) for one in on.said()] == [
            ("S-1", "cancelled"),
            ("S-2", "cancelled"),
        ]
        assert not on.gate.has("S-2")
        on.may_answer.set()
        assert await on.passed() == ["S-3"]
        assert on.gate.is_empty

    played(scene)


def test_a_child_alone_can_be_withdrawn() -> None:
    async def scene(on: Ground) -> None:
        on.may_answer.clear()
        on.take(buy(1), buy(2, "stop", side=Side.SELL, stop=40.0, parent="S-1"))
        await on.passed()
        on.gate.withdraw("S-2")
        on.may_answer.set()
        assert await on.passed() == ["S-1"]

    played(scene)


def test_a_doubt_or_a_full_journal_keeps_a_cleared_order_in() -> None:
    async def scene(on: Ground) -> None:
        on.core.doubted = "unexplained: AAA"
        on.take(buy(1))
        assert await on.passed() == []
        assert on.said() == [("S-1", "rejected", "never sent: unexplained: AAA")]
        on.core.doubted, on.core.is_full = "", True
        on.take(buy(2, "limit"))
        assert await on.passed() == []
        assert "The disk is full" in on.said()[0][2]

    played(scene)


def test_what_is_held_at_the_end_is_never_sent() -> None:
    async def scene(on: Ground) -> None:
        on.may_answer.clear()
        on.take(buy(1))
        await on.passed()
        on.gate.close("the session has ended")
        assert on.said() == [("S-1", "rejected", "never sent: the session has ended")]
        on.may_answer.set()
        assert await on.passed() == []

    played(scene)


# facts ----------------------------------------------------------------------------------------


def test_what_is_held_counts_as_sent_once_it_is_cleared() -> None:
    facts, order = Facts(), buy(1)
    facts.fold(Submit(5, 100, (order,), held=True))
    assert (facts.held, facts.sent_at, facts.submitted) == ({"S-1": order}, {}, {})
    facts.fold(Cleared(9, 101, ("S-1",), "it may"))
    assert (facts.held, facts.sent_at, facts.sessions) == ({}, {"S-1": 9}, {"S-1": 101})
    facts.fold(Submit(10, 101, (buy(2),), held=True))
    rejected = OrderUpdate(buy(2), OrderStatus.REJECTED, 11, "never sent")
    facts.fold(EventBatch(11, 1, (rejected,)))
    assert (facts.held, list(facts.sent_at)) == ({}, ["S-1"])


# over the wire --------------------------------------------------------------------------------


class Sell(Strategy):
    """Buys once, then sells in parts, each with a plain order."""

    def on_bar(self) -> None:
        if self.orders:
            return
        if not self.position:
            self.buy(100)
        else:
            self.sell(50)


async def faulty(text: str, cash: float = 1_000_000.0) -> Gateway:
    settings = GatewaySettings(accounts=(ACCOUNT,), messages_per_second=0, paces_history=False)
    market = synthetic_market(START, points=12)
    house = live_house(market, cash)
    plan = plan_of(text) if text else None
    gateway = live_gateway(market, settings, house, speed=SPEED, plan=plan)
    await gateway.start()
    return gateway


def on(path: Path, faults: str, play: Callable[[Ship], object], cash: float = 1e6) -> None:
    async def sailed() -> None:
        gateway = await faulty(faults, cash)
        try:
            await play(Ship(gateway, path / "journal.sqlite"))  # type: ignore[misc]
        finally:
            await gateway.close()

    asyncio.run(sailed())


def rows_of(ship: Ship) -> list[Row]:
    with read_journal(ship.journal) as reader:
        return [entry.row for entry in reader.entries()]


def placed(ship: Ship) -> list[str | None]:
    """Our ids of what the broker was sent."""
    names = References(next(row.tag for row in rows_of(ship) if isinstance(row, Started)))
    return [names.inward(one.order.order_ref) for one in ship.gateway.hub.exchange.placed()]


def test_orders_leave_once_they_are_cleared(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        outcome = await ship.sail(Sell, lambda one: one.fills >= 4, what_if="first")
        assert outcome.exit_code == 0
        rows = rows_of(ship)
        held = [row.orders[0].id for row in rows if isinstance(row, Submit) and row.held]
        cleared = [row for row in rows if isinstance(row, Cleared)]
        assert held == ["Sell-1"], "one kind opens risk; what only sells is not held"
        assert [row.orders for row in cleared] == [("Sell-1",)]
        assert cleared[0].text.startswith("initial margin ")
        assert placed(ship)[:3] == ["Sell-1", "Sell-2", "Sell-3"]

    on(tmp_path, "", play)


REJECTED = """faults: [{name: a, when: {request: PlaceOrder}, do: [drop, {error: {code: 201,
  text: "Order rejected - reason:No trading permissions.", id: order}}]}]"""
SILENT = "faults: [{name: a, when: {answer: OpenOrder, where: {what_if: 1}}, do: drop}]"
LIMITS_SILENT = """faults: [{name: a, when: {answer: OpenOrder, where: {what_if: 1,
  order_type: LMT}}, do: drop, times: all}]"""
SENTINEL = """faults: [{name: a, when: {answer: OpenOrder, where: {what_if: 1}}, do: {mutate: {set:
  {init_margin_after: "1.7976931348623157E308"}}}}]"""


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (REJECTED, "No trading permissions"),
        (SILENT, "has not answered a what-if order within 0.3 seconds"),
        (SENTINEL, "as its initial margin"),
    ],
    ids=["rejected", "silent", "no figures"],
)
def test_what_is_not_cleared_is_rejected_and_the_next_asked_for(
    tmp_path: Path, faults: str, reason: str
) -> None:
    """Rows 20, 36 and 43 on the question: the order is not sent, and says why."""

    async def play(ship: Ship) -> None:
        await ship.sail(Flip, lambda one: one.fills >= 1, what_if="first", preview=0.3)
        first = ship.voyage.bridge.core.blotter.tickets["Flip-1"]
        assert first.status is OrderStatus.REJECTED
        assert first.reason.startswith("never sent: its what-if: ")
        assert reason in first.reason
        assert any(line.startswith("rejected: Flip-1: never sent") for line in ship.said)
        assert "Flip-1" not in placed(ship)
        assert placed(ship)[0] == "Flip-2"
        assert not any(line.startswith("UNEXPLAINED") for line in ship.said)

    on(tmp_path, faults, play)


def test_what_the_account_cannot_carry_is_rejected(tmp_path: Path) -> None:
    """The strategy's ledger has the money, and the account has not."""

    async def play(ship: Ship) -> None:
        def refused(one: Ship) -> bool:
            return any(
                ticket.status is OrderStatus.REJECTED
                for ticket in one.voyage.bridge.core.blotter.tickets.values()
            )

        await ship.sail(Flip, refused, what_if="first")
        reason = ship.voyage.bridge.core.blotter.tickets["Flip-1"].reason
        assert "the account cannot carry it" in reason
        assert placed(ship) == []

    on(tmp_path, "", play, cash=1_000.0)


async def killed(ship: Ship, when: Callable[[Ship], bool], **orders: object) -> None:
    """A session that ends without a word once something is so."""
    sailing = asyncio.get_running_loop().create_task(ship.sail(Flip, **orders))  # type: ignore[arg-type]
    while not hasattr(ship, "voyage") or ship.voyage.bridge.core is None or not when(ship):
        await asyncio.sleep(0.005)
    sailing.cancel()
    await asyncio.gather(sailing, return_exceptions=True)


def held_in(ship: Ship) -> bool:
    return any(isinstance(row, Submit) and row.held for row in rows_of(ship))


def test_a_kill_while_it_waits_leaves_it_never_sent(tmp_path: Path) -> None:
    """The journal proves it: the broker need not be asked, and nothing is unexplained."""

    async def play(ship: Ship) -> None:
        await killed(ship, held_in, what_if="first")
        assert not any(isinstance(row, Cleared) for row in rows_of(ship))
        assert placed(ship) == []
        await ship.sail(Flip, lambda one: one.fills >= 1, what_if="first")
        first = ship.voyage.bridge.core.blotter.tickets["Flip-1"]
        assert first.status is OrderStatus.REJECTED
        assert first.reason == "never sent: the session ended before it was cleared"
        assert "Flip-1" not in placed(ship)
        assert not any("never confirmed" in line for line in ship.said)
        assert not any(line.startswith("UNEXPLAINED") for line in ship.said)
        third = await ship.sail(Flip, lambda one: one.fills >= 3, what_if="first")
        assert third.exit_code == 0

    silent = SILENT.replace("do: drop", "do: drop, times: 1")
    on(tmp_path, silent, play)


def test_a_session_that_is_stopped_lets_go_of_what_it_holds(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        outcome = await ship.sail(Flip, held_in, what_if="first")
        assert outcome.working == 0
        assert ship.voyage.bridge.core.blotter.tickets["Flip-1"].status is OrderStatus.REJECTED
        assert any("the session has ended" in line for line in ship.said)
        assert placed(ship) == []

    on(tmp_path, SILENT, play)


class Leave(Strategy):
    """Buys; once it holds something, orders more of it far below, and sells."""

    def on_bar(self) -> None:
        if self.position and not self.orders:
            self.buy(10, limit=round(self.data.close[-1] / 2.0, 2), tif="GTC")
            self.sell(100)
        elif not self.position and not self.orders:
            self.buy(100)


def test_an_exit_passes_while_an_entry_waits(tmp_path: Path) -> None:
    """The broker answers no question about limit orders; the position is closed all the same."""

    async def play(ship: Ship) -> None:
        waiting: list[str] = []

        def sold(one: Ship) -> bool:
            fills = one.voyage.bridge.core.blotter.fills
            if len(fills) < 2:
                return False
            with read_journal(one.journal) as reader:
                facts = Facts()
                for entry in reader.entries():
                    facts.fold(entry.row)
            waiting.extend(facts.held)
            return True

        await ship.sail(Leave, sold, what_if="first")
        fills = ship.voyage.bridge.core.blotter.fills
        assert [fill.quantity for fill in fills[:2]] == [100.0, -100.0]
        assert waiting == ["Leave-2"], "still waiting when the exit had traded"
        assert "Leave-2" not in placed(ship)

    on(tmp_path, LIMITS_SILENT, play)


def test_without_it_nothing_is_held(tmp_path: Path) -> None:
    async def play() -> None:
        gateway = await served()
        ship = Ship(gateway, tmp_path / "journal.sqlite")
        try:
            await ship.sail(Flip, lambda one: one.fills >= 1)
            assert not held_in(ship)
        finally:
            await gateway.close()

    asyncio.run(play())


# asked for by flag or file -----------------------------------------------------------------------


def asked(content: dict[str, object], **flags: object) -> str | None:
    merged, places = overlay({"strategy": "sma_cross", **content}, RunFlags(**flags))  # type: ignore[arg-type]
    return request_of(validate(merged, "run file", places)).what_if


def test_a_flag_wins_over_the_run_file_and_neither_is_off() -> None:
    assert asked({}) is None
    assert asked({"what_if": "first"}) == "first"
    assert asked({"what_if": "first"}, what_if="never") == "never"
    with pytest.raises(ConfigError, match="--what-if"):
        asked({}, what_if="always")
    with pytest.raises(ConfigError, match="--what-if is of a session"):
        RunFlags(what_if="first").check_mode()
    RunFlags(what_if="first", paper=True).check_mode()


def test_the_journal_shows_what_was_held_and_why_it_left(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(Submit(5, 100, (buy(1),), held=True), Cleared(6, 100, ("S-1",), "it may"))
        first, second = (line for entry in journal.entries() for line in lines_of(entry))
    assert "held for its what-if" in first.text
    assert (second.kind, second.order, second.text) == ("cleared", "S-1", "sent: it may")
