"""An account traded by hand and its journal: what is replayed is what was, to the last order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework import MaxShares, PriceCollar, pct
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate, Refused
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderRequest, OrderStatus, Protection, Side
from framework.engine.journal import Journal, open_journal
from framework.engine.journal_codec import decoded, encoded
from framework.engine.journal_errors import JournalError, NotSentError
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Instant, News, Started, Submit
from framework.ports import RiskRule
from framework.session.hand_bridge import ORDER, HandBridge

DAY = 86_400 * 10**9
START = 20_000 * DAY + 15 * 3_600 * 10**9
AAPL = Instrument("AAPL", calendar="24/7")
MSFT = Instrument("MSFT", calendar="24/7")
CASH = 100_000.0


class Broker:
    """Takes everything; says what it is told to say."""

    def __init__(self) -> None:
        self.sent: list[Order] = []
        self.cancelled: list[str] = []
        self.news: list[BrokerEvent] = []

    def submit(self, orders: Sequence[Order]) -> None:
        self.sent += orders

    def replace(self, order: Order) -> None:
        raise AssertionError("nothing is changed by hand")

    def cancel(self, order_id: str) -> None:
        self.cancelled.append(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        news, self.news = tuple(self.news), []
        return news

    def book(self) -> Ledger:
        return Ledger(CASH, {})

    def fill(self, order: Order, price: float, time: int) -> None:
        name = f"{order.id}/{len(self.sent)}.{time}"
        quantity = order.side * order.quantity
        self.news += [
            Fill(name, order, time, quantity, price, price),
            Commission(name, order.symbol, 1.0, time),
            OrderUpdate(order, OrderStatus.FILLED, time),
        ]


class Hand:
    """A bridge on a journal, and its broker; time goes on a little with every look at it."""

    def __init__(self, path: Path, limits: Sequence[RiskRule] = (), time: int = START) -> None:
        self.time = time
        self.broker = Broker()
        self.journal: Journal = open_journal(path, Trader("DU1", 1), self.now, synced=False)
        self.bridge = HandBridge(limits, self.journal, self.broker, self.now)

    def now(self) -> int:
        self.time += 10**8
        return self.time

    def begin(self) -> Hand:
        self.bridge.begin(Started(self.now(), "paper", "DU1", 1, "Desk"), CASH)
        return self

    def recover(self) -> Hand:
        entries = list(self.journal.entries())
        started = Started(self.now(), "paper", "DU1", 1, "Desk")
        self.recovered = self.bridge.recover(started, entries)
        return self

    def trade(self, instrument: Instrument, price: float) -> None:
        if self.bridge.core.position(instrument.symbol) is None:
            self.bridge.admit(instrument)
        self.bridge.price(instrument, price)

    @property
    def books(self) -> object:
        core = self.bridge.core
        tickets = [
            (one.order, one.status, one.filled, one.commission, one.opening)
            for one in core.blotter.tickets.values()
        ]
        held = [sorted(ledger.positions.items()) for ledger in core.ledgers]
        cash = [ledger.cash for ledger in core.ledgers]
        return tickets, held, cash, core.instruments, core.last, self.bridge._doubt

    def close(self) -> None:
        self.journal.close()


def buy(symbol: str, quantity: float, **terms: object) -> OrderRequest:
    return replace(OrderRequest(symbol, Side.BUY, quantity), **terms)  # type: ignore[arg-type]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "bracket", "fill", "cancel", "doubt", "settle"]),
        st.sampled_from([AAPL, MSFT]),
        st.floats(50.0, 150.0).map(lambda price: round(price, 2)),
        st.integers(1, 400),
    ),
    max_size=12,
)


def played(hand: Hand, steps: Sequence[tuple[str, Instrument, float, int]]) -> None:
    for verb, instrument, price, count in steps:
        symbol, core = instrument.symbol, hand.bridge.core
        working = list(core.blotter.at_work.values())
        if verb in ("buy", "sell", "bracket"):
            hand.trade(instrument, price)
            request = buy(symbol, float(count), limit=price if count % 2 else None)
            if verb == "sell":
                request = replace(request, side=Side.SELL)
            if verb == "bracket":
                request = replace(request, protection=Protection(pct(5), price + 20.0))
            hand.bridge.order(request)
        elif verb == "fill" and working:
            hand.broker.fill(working[count % len(working)].order, price, hand.time)
        elif verb == "cancel" and working:
            hand.bridge.cancel(working[count % len(working)].order.id)
        elif verb == "doubt":
            hand.bridge.doubt("" if count % 2 else "the link is down")
        elif verb == "settle":
            hand.bridge.settle()


@settings(max_examples=30, deadline=None)
@given(STEPS, STEPS, st.booleans())
def test_a_replay_ends_where_the_process_did(
    steps: list[tuple[str, Instrument, float, int]],
    after: list[tuple[str, Instrument, float, int]],
    stricter: bool,
) -> None:
    """Whatever the limits are meanwhile; and it goes on as one that was never interrupted."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        first = Hand(path).begin()
        played(first, steps)
        books, time = first.books, first.time
        first.close()
        limits = (MaxShares(count=1), PriceCollar(percent=0.5)) if stricter else ()
        second = Hand(path, limits, time).recover()
        assert second.books == books
        assert second.recovered.pending == ()
        assert second.broker.sent == []
        before = set(second.bridge.core.blotter.tickets)
        played(second, after)
        new = [order.id for order in second.broker.sent]
        assert len(set(new)) == len(new)
        assert not before & set(new)
        books, time = second.books, second.time
        second.close()
        third = Hand(path, (), time).recover()
        assert third.books == books
        third.close()


def test_what_was_asked_for_and_did_not_leave_is_dropped(tmp_path: Path) -> None:
    """The process ended between the wish and the order: nobody was told that it left."""
    path = tmp_path / "journal.sqlite"
    first = Hand(path).begin()
    first.trade(AAPL, 100.0)
    first.journal.append(News(first.now(), ORDER, encoded(buy("AAPL", 10.0))))
    first.close()
    second = Hand(path, (), first.time).recover()
    [pending] = second.recovered.pending
    assert second.bridge.catch_up(second.recovered.pending) == [pending]
    second.bridge.settle()
    assert second.broker.sent == []
    [ticket] = second.bridge.core.blotter.tickets.values()
    assert ticket.status is OrderStatus.REJECTED
    assert "had not left" in ticket.reason
    again = second.bridge.order(buy("AAPL", 20.0))
    assert isinstance(again, Order)
    assert again.id.endswith("-2")
    books, time = second.books, second.time
    second.close()
    third = Hand(path, (), time).recover()
    assert third.books == books
    assert third.recovered.pending == ()


def test_an_exit_that_did_not_leave_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = Hand(path).begin()
    first.trade(AAPL, 100.0)
    order = first.bridge.order(buy("AAPL", 10.0, limit=90.0))
    assert isinstance(order, Order)
    first.journal.append(News(first.now(), "cancel", order.id))
    first.close()
    second = Hand(path, (), first.time).recover()
    assert second.bridge.catch_up(second.recovered.pending) == []
    assert second.broker.cancelled == [order.id]


def test_what_cannot_be_written_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    hand = Hand(path).begin()
    hand.trade(AAPL, 100.0)
    append = hand.journal.append

    def refuses(*rows: object) -> int:
        if any(isinstance(row, Submit) for row in rows):
            raise JournalError("The disk is full.", "Make room.")
        return append(*rows)  # type: ignore[arg-type]

    monkeypatch.setattr(hand.journal, "append", refuses)
    with pytest.raises(NotSentError):
        hand.bridge.order(buy("AAPL", 10.0))
    assert hand.broker.sent == []
    hand.bridge.settle()
    books = hand.books
    hand.close()
    again = Hand(path, (), hand.time).recover()
    assert again.books == books
    [ticket] = again.bridge.core.blotter.tickets.values()
    assert ticket.status is OrderStatus.REJECTED


def test_in_doubt_only_what_closes_leaves(tmp_path: Path) -> None:
    hand = Hand(tmp_path / "journal.sqlite").begin()
    hand.trade(AAPL, 100.0)
    bought = hand.bridge.order(buy("AAPL", 10.0))
    assert isinstance(bought, Order)
    hand.broker.fill(bought, 100.0, hand.time)
    hand.bridge.settle()
    hand.bridge.doubt("the link is down")
    refused = hand.bridge.order(buy("AAPL", 1.0))
    assert isinstance(refused, Refused)
    assert refused.rule == "halted"
    closing = hand.bridge.order(replace(buy("AAPL", 25.0), side=Side.SELL))
    assert isinstance(closing, Order)
    assert closing.quantity == 10.0
    assert len(hand.broker.sent) == 2
    hand.close()
    again = Hand(tmp_path / "journal.sqlite", (), hand.time).recover()
    still = again.bridge.order(buy("AAPL", 50.0))
    assert isinstance(still, Refused)
    assert still.rule == "halted"


def test_the_same_twice_and_after_a_restart_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    hand = Hand(path).begin()
    hand.trade(AAPL, 100.0)
    assert isinstance(hand.bridge.order(buy("AAPL", 10.0)), Order)
    hand.close()
    again = Hand(path, (), hand.time).recover()
    refused = again.bridge.order(buy("AAPL", 10.0))
    assert isinstance(refused, Refused)
    assert refused.rule == "duplicate"
    again.time += 5 * 10**9
    assert isinstance(again.bridge.order(buy("AAPL", 10.0)), Order)


def test_another_sessions_journal_is_refused(tmp_path: Path) -> None:
    hand = Hand(tmp_path / "journal.sqlite")
    hand.journal.append(Started(hand.now(), "paper", "DU1", 1, "SmaCross"))
    with pytest.raises(JournalError, match="traded by hand"):
        hand.recover()


@pytest.mark.parametrize(
    "request_",
    [
        buy("AAPL", 10.0),
        buy("AAPL", 10.0, protection=Protection(95.5, pct(3))),
        buy("AAPL", 10.0, protection=Protection(stop_loss=95), trailing=pct(1)),
    ],
)
def test_a_request_is_written_without_loss(request_: OrderRequest) -> None:
    assert decoded(OrderRequest, encoded(request_)) == request_


def test_prices_are_written_before_they_are_used(tmp_path: Path) -> None:
    hand = Hand(tmp_path / "journal.sqlite").begin()
    hand.trade(AAPL, 100.0)
    order = hand.bridge.order(buy("AAPL", 10.0))
    assert isinstance(order, Order)
    rows = [entry.row for entry in hand.journal.entries()]
    [instant] = [row for row in rows if isinstance(row, Instant)]
    assert order.decision_price == instant.bars[0][1].close == 100.0
    [sent] = [row for row in rows if isinstance(row, Submit)]
    assert rows.index(instant) < rows.index(sent)
