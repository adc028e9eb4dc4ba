"""What goes wrong in a session: one alert at a real server, seen in its status, and no new risk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framework import Strategy, pct
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.feed import FeedSettings
from framework.brokers.ib.settings import Timings
from framework.brokers.ib.snapshot import Snapshot
from framework.components.breakers import DailyLossMoney
from framework.engine.journal import read_journal
from framework.engine.journal_rows import Found
from tests.unit.test_voyage import ACCOUNT
from tests.unit.watched import Watched, so, watched

Patch = pytest.MonkeyPatch


class Eager(Strategy):
    """Holds ten with a stop; then buys one and sells one in turn, bar by bar."""

    def setup(self) -> None:
        self.turn = 0

    def on_bar(self) -> None:
        if not self.position:
            if not self.orders:
                self.buy(10, stop_loss=pct(50))
            return
        self.turn += 1
        if self.turn % 2:
            self.buy(1)
        else:
            self.sell(1)


async def no_new_risk(ship: Watched, exits: bool = True) -> None:
    """Bars go on: nothing is bought at the broker, and what reduces the position still leaves."""
    bought, sold = len(ship.sent("BUY")), len(ship.sent("SELL"))
    await ship.bars(3)
    assert len(ship.sent("BUY")) == bought
    if exits:
        assert len(ship.sent("SELL")) > sold


async def trades(ship: Watched) -> None:
    bought = len(ship.sent("BUY"))
    await so(lambda: len(ship.sent("BUY")) > bought, "an order")


# the connection ---------------------------------------------------------------------------------


def test_a_connection_that_is_gone_for_a_minute(tmp_path: Path, monkeypatch: Patch) -> None:
    plan = """
    faults:
    - {name: gone, when: {status: Filled, nth: 1, seconds: 1}, do: {restart: {down: 4}}}
    """

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager):
            await so(lambda: ship.held == 10.0, "a position")
            await ship.troubled(lambda one: one.connection != "ready")
            sent = len(ship.sent("BUY")) + len(ship.sent("SELL"))
            await so(lambda: ship.alerts["disconnect"], "the alert")
            assert (
                "disconnected" in ship.status.connection or "connecting" in ship.status.connection
            )
            assert len(ship.sent("BUY")) + len(ship.sent("SELL")) == sent
            await ship.well()
            await trades(ship)
        assert ship.alerts == {"disconnect": 1}

    watched(tmp_path, monkeypatch, play, plan)


def test_a_connection_that_is_back_soon_alerts_nobody(tmp_path: Path, monkeypatch: Patch) -> None:
    plan = "faults: [{name: gone, when: {status: Filled, nth: 1}, do: {rst: {}}}]"

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager):
            await so(lambda: any(one.startswith("disconnected") for one in ship.said), "the loss")
            await ship.well()
            await trades(ship)
        assert ship.alerts == {}

    watched(tmp_path, monkeypatch, play, plan)


def test_the_broker_is_gone_behind_tws(tmp_path: Path, monkeypatch: Patch) -> None:
    plan = (
        "faults: [{name: gone, when: {status: Filled, nth: 1, seconds: 0.5}, "
        "do: {outage: {seconds: 4, lost: false, repeat: 5, every: 0.5}}}]"
    )

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager):
            await ship.troubled(lambda one: one.connection == "degraded")
            await so(lambda: ship.alerts["disconnect"], "the alert")
            await ship.well()
            await trades(ship)
        assert ship.alerts == {"disconnect": 1}

    watched(tmp_path, monkeypatch, play, plan)


def test_a_login_is_needed(tmp_path: Path, monkeypatch: Patch) -> None:
    """TWS comes back and waits for its user: asked again and again, told once."""
    plan = """
    faults:
    - {name: gone, when: {status: Filled, nth: 1, seconds: 0.5}, do: {rst: {}}}
    - {name: dialog, when: {connect: null, since: gone}, do: {silent: {}}, times: 3}
    """

    async def play(ship: Watched) -> None:
        timings = Timings(first_wait=0.05, longest_wait=0.2, sync_wait=0.05, connect=1.0)
        async with ship.at_sea(Eager, timings=timings):
            await so(lambda: ship.alerts["login"], "the alert")
            await ship.troubled(lambda one: one.connection != "ready")
            await ship.well()
            await trades(ship)
        assert ship.alerts == {"login": 1, "disconnect": 1}

    watched(tmp_path, monkeypatch, play, plan)


# orders -----------------------------------------------------------------------------------------


def test_a_rejected_order(tmp_path: Path, monkeypatch: Patch) -> None:
    plan = """
    faults:
    - name: rejected
      when: {answer: OpenOrder, place: before, where: {action: BUY, total_quantity: "1"}}
      do:
      - {mutate: {set: {status: Inactive}}}
      - {error: {code: 201, text: "Order rejected - reason:No trading permissions.", id: order}}
      - {cancel: {tell: false}}
    """

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager):
            await so(lambda: ship.alerts["rejection"], "the alert")
            await so(lambda: any(one.kind == "rejected" for one in ship.status.events))
            await trades(ship)
        assert ship.alerts == {"rejection": 1}
        (post,) = (one for one in ship.heard.posts if one["name"] == "rejection")
        assert "No trading permissions" in post["text"]
        assert post["symbol"] == "AAPL"
        assert post["order"]

    watched(tmp_path, monkeypatch, play, plan)


# risk -------------------------------------------------------------------------------------------


def test_a_breaker_trips(tmp_path: Path, monkeypatch: Patch) -> None:
    """It closes what is held, and nothing new is bought."""

    async def play(ship: Watched) -> None:
        ship.settings = BacktestSettings(breakers=(DailyLossMoney(0.5),))
        async with ship.at_sea(Eager):
            await ship.troubled(lambda one: "halted" in one.blocked)
            await so(lambda: ship.held == 0.0, "flat")
            await no_new_risk(ship, exits=False)
            assert ship.held == 0.0
            await so(lambda: ship.alerts["breaker"], "the alert")
            assert not ship.is_healthy
            assert ship.status.day_limit == 0.5
        assert ship.alerts == {"breaker": 1}

    watched(tmp_path, monkeypatch, play)


def test_a_stop_that_is_gone(tmp_path: Path, monkeypatch: Patch) -> None:
    """Cancelled at the broker: noticed at once, long before the books are compared again."""
    plan = """
    faults:
    - name: gone
      when: {request: PlaceOrder, where: {order_type: STP}, nth: 1, seconds: 2}
      do: {cancel: {order: this}}
    """

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager, reconcile=1_000.0):
            await so(lambda: ship.alerts["unprotected"], "the alert")
            await ship.troubled(lambda one: one.unprotected)
            await no_new_risk(ship)
        assert ship.alerts == {"unprotected": 1}
        (post,) = (one for one in ship.heard.posts if one["name"] == "unprotected")
        assert post["symbol"] == "AAPL"

    watched(tmp_path, monkeypatch, play, plan)


@pytest.mark.parametrize("client", [0, 5])
def test_units_others_bought_explain_themselves(
    tmp_path: Path, monkeypatch: Patch, client: int
) -> None:
    """By hand in TWS, or by another program: nobody is woken, and trading goes on."""
    plan = f"""
    faults:
    - name: strange
      when: {{status: Filled, nth: 1, seconds: 0.5}}
      do: {{manual: {{symbol: AAPL, quantity: 7, fill: true, client_id: {client}}}}}
    """

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager):
            await so(lambda: ship.held >= 17.0, "their units")
            await ship.bars(3)
            await ship.well()
            await trades(ship)
        assert ship.alerts == {}

    watched(tmp_path, monkeypatch, play, plan)


@pytest.mark.parametrize("what", ["money", "units"])
def test_what_nobody_explains(tmp_path: Path, monkeypatch: Patch, what: str) -> None:
    """Once, whatever its figures become; until the books agree again."""

    async def play(ship: Watched) -> None:
        book = ship.gateway.book(ACCOUNT)

        def move(sign: float) -> None:
            if what == "money":
                book.cash -= sign * 500.0
            else:
                held = book.positions["AAPL"]
                book.positions["AAPL"] = replace(held, quantity=held.quantity + sign * 5.0)

        async with ship.at_sea(Eager):
            await so(lambda: ship.held >= 10.0, "a position")
            move(1.0)
            await so(lambda: ship.alerts["finding"], "the alert")
            await ship.troubled(lambda one: one.findings)
            await no_new_risk(ship)
            move(0.2)
            await so(lambda: any(one.startswith("by now") for one in ship.said), "other figures")
            move(-1.2)
            await ship.well()
            await trades(ship)
        assert ship.alerts == {"finding": 1}

    watched(tmp_path, monkeypatch, play)


# data -------------------------------------------------------------------------------------------


def test_data_that_do_not_come(tmp_path: Path, monkeypatch: Patch) -> None:
    plan = """
    faults:
    - name: silence
      when: {status: Filled, nth: 1, seconds: 0.5}
      do: {stop_data: {kind: all, seconds: 6}}
    """

    async def play(ship: Watched) -> None:
        feed = FeedSettings(grace=0.5, stale=1.5, patience=60.0, retry=60.0)
        async with ship.at_sea(Eager, feed=feed):
            await so(lambda: ship.alerts["stale"], "the alert")
            await ship.troubled(lambda one: any(line.is_stale for line in one.data))
            await ship.well()
            await trades(ship)
        assert ship.alerts == {"stale": 1}

    watched(tmp_path, monkeypatch, play, plan)


# what is only so for a moment --------------------------------------------------------------------


def test_books_that_were_told_a_moment_too_early(tmp_path: Path, monkeypatch: Patch) -> None:
    """An order trades while the broker tells its books: nobody is woken, nothing is held up, and
    nothing is written that would count against the session."""

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager, reconcile=1_000.0):
            await so(lambda: ship.held >= 10.0, "a position")
            broker = ship.voyage._rigging.broker
            real, early = broker.snapshot, await broker.snapshot()
            told: list[Snapshot] = [early]
            await trades(ship)
            assert early.positions.items
            before = early.positions.items[0].quantity
            await so(lambda: ship.held != before, "a fill")

            async def snapshot() -> Snapshot:
                return told.pop() if told else await real()

            monkeypatch.setattr(broker, "snapshot", snapshot)
            await ship.voyage._compare()
            assert told == []
            assert ship.voyage._findings == ()
            await trades(ship)
        assert ship.alerts == {}
        with read_journal(ship.journal) as journal:
            assert not [one for one in journal.entries() if isinstance(one.row, Found)]

    watched(tmp_path, monkeypatch, play)
