"""Replay: the same strategy over the same journal decides the same; anything else is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.commission import PerOrder
from framework.domain.events import OrderUpdate
from framework.domain.orders import OrderStatus, TimeInForce, pct
from framework.engine.blotter import Blotter
from framework.engine.journal import Journal
from framework.engine.journal_differences import told
from framework.engine.journal_errors import DivergenceError, NotSentError
from framework.engine.journal_rows import (
    Cancel,
    Entry,
    EventBatch,
    Instant,
    Intent,
    Replace,
    Started,
    Submit,
    Unsent,
)
from framework.engine.journalled import JournalledBroker, ReplayBroker
from framework.strategy import Strategy
from tests.builders import Market, bars_of, flat_rows, free, order_of
from tests.journals import STARTED, journal_in, record, replayed

ROWS = [
    (100, 101, 99, 100),
    (100, 102, 99, 101),
    (101, 103, 100, 102),
    (102, 104, 95, 96),
    (96, 97, 94, 95),
    (95, 99, 94, 98),
    (98, 99, 97, 98),
]
BARS = [bars_of(ROWS)]
SETTINGS = free(commission=PerOrder(1.5))


def act(strategy: Strategy, bar: int) -> object:
    """A bracket, a resting limit that is moved and then cancelled, a reversal."""
    if bar == 0:
        return strategy.go_long(stop_loss=pct(4), take_profit=pct(20))
    if bar == 1:
        return strategy.buy(3, limit=90.0, tif=TimeInForce.GTC)
    if bar == 2:
        (order,) = [o for o in strategy.orders if o.limit == 90.0]
        return strategy.modify(order, limit=91.0)
    if bar == 4:
        strategy.cancel_all()
        return strategy.go_short(stop_loss=pct(10))
    return None


def state(blotter: Blotter) -> object:
    ledger = blotter.slots[0].ledger
    return (
        ledger.cash,
        ledger.commission,
        ledger.positions,
        [(t.order, t.status, t.reason, t.filled, t.commission) for t in blotter.tickets.values()],
        blotter.fills,
        blotter.commissions,
        blotter.refused,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return journal_in(tmp_path)


@pytest.fixture
def recorded(journal: Journal) -> Blotter:
    return record(journal, act, BARS, SETTINGS)


def intents(entries: list[Entry]) -> list[Intent]:
    return [entry.row for entry in entries if isinstance(entry.row, Submit | Replace | Cancel)]


def test_a_replay_ends_with_the_same_orders_fills_and_ledgers(
    journal: Journal, recorded: Blotter
) -> None:
    blotter, recovered = replayed(list(journal.entries()), act, BARS, SETTINGS)
    assert state(blotter) == state(recorded)
    assert len(blotter.fills) >= 3
    assert recovered.pending == recovered.fresh == ()
    assert recovered.unconfirmed == ()


def test_a_shadow_broker_is_brought_up_to_date_beside_it(
    journal: Journal, recorded: Blotter
) -> None:
    blotter, _ = replayed(list(journal.entries()), act, BARS, SETTINGS, shadow=True)
    assert state(blotter) == state(recorded)


def test_every_intent_is_there_with_its_quotes_and_before_its_reports(
    journal: Journal, recorded: Blotter
) -> None:
    entries = list(journal.entries())
    sent = [o.id for row in intents(entries) if isinstance(row, Submit) for o in row.orders]
    assert sent == list(recorded.tickets)
    seen: set[str] = set()
    for entry in entries:
        if isinstance(entry.row, Submit):
            (quote,) = entry.row.quotes
            first = entry.row.orders[0]
            assert quote.bid < first.decision_price < quote.ask
            seen.update(order.id for order in entry.row.orders)
        elif isinstance(entry.row, EventBatch):
            for event in entry.row.events:
                if isinstance(event, OrderUpdate):
                    assert event.order.id in seen


def test_the_journal_can_end_at_any_row(journal: Journal, recorded: Blotter) -> None:
    """And what is decided beyond it is pending, until it is noted as decided."""
    entries = list(journal.entries())
    for end in range(2, len(entries)):
        _, recovered = replayed(entries[:end], act, BARS, SETTINGS)
        left = intents(entries[end:])
        for mine, then in zip(recovered.pending, left, strict=False):
            assert told(mine) == told(then)
        assert [row.intent for row in recovered.fresh] == list(recovered.pending)


def test_a_shadow_session_goes_on_where_it_was_cut_off(tmp_path: Path, recorded: Blotter) -> None:
    """Cut after any row, replayed, written on and played to its end: as if never interrupted."""
    whole = journal_in(tmp_path / "whole")
    record(whole, act, BARS, SETTINGS)
    entries = list(whole.entries())
    for end in range(2, len(entries)):
        _, recovered = replayed(entries[:end], act, BARS, SETTINGS, shadow=True)
        tail = [e.row for e in entries[end:]]
        k = next((i for i, row in enumerate(tail) if isinstance(row, Instant)), len(tail))
        assert len(recovered.fresh) == k
        for mine, then in zip(recovered.fresh, tail[:k], strict=True):
            if isinstance(then, EventBatch):
                assert isinstance(mine, EventBatch)
                assert (mine.poll, mine.events) == (then.poll, then.events)
            elif isinstance(then, Submit):
                assert isinstance(mine, Submit)
                assert mine.orders == then.orders


# what differs is named ------------------------------------------------------------------------


def changed(bar: int, other: object) -> object:
    def script(strategy: Strategy, now: int) -> object:
        return other(strategy) if now == bar else act(strategy, now)  # type: ignore[operator]

    return script


DIFFERENCES = {
    "a price": (0, lambda s: s.go_long(stop_loss=pct(5), take_profit=pct(20)), r"orders\[1\]\.off"),
    "a quantity": (
        1,
        lambda s: s.buy(4, limit=90.0, tif=TimeInForce.GTC),
        r"orders\[0\]\.quantity is 4.0 and was 3.0",
    ),
    "a side": (1, lambda s: s.sell(3, limit=110.0), r"orders\[0\]\.side"),
    "another kind": (2, lambda s: s.cancel_all(), "something else is decided: cancel Scripted-4"),
    "fewer": (1, lambda s: None, "submit Scripted-4 buy 3 AAA limit 90 GTC; it does not happen"),
    "fewer at the end": (4, lambda s: s.cancel_all(), "row"),
    "more": (
        3,
        lambda s: s.buy(1, limit=50.0, tif=TimeInForce.GTC),
        "decided something that was never decided",
    ),
    "fewer children": (0, lambda s: s.go_long(stop_loss=pct(4)), "there are 2 orders and were 3"),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_changed_intent_is_named(name: str, journal: Journal, recorded: Blotter) -> None:
    bar, other, message = DIFFERENCES[name]
    with pytest.raises(DivergenceError, match=message):
        replayed(list(journal.entries()), changed(bar, other), BARS, SETTINGS)  # type: ignore[arg-type]


def test_a_divergence_says_what_to_do_and_which_row(journal: Journal, recorded: Blotter) -> None:
    bar, other, _ = DIFFERENCES["a quantity"]
    with pytest.raises(DivergenceError, match=r"row \d+ of the journal.*put back what ran"):
        replayed(list(journal.entries()), changed(bar, other), BARS, SETTINGS)  # type: ignore[arg-type]


def test_other_settings_are_noticed(journal: Journal, recorded: Blotter) -> None:
    from framework.components.sizing import Shares

    other: BacktestSettings = replace(SETTINGS, sizer=Shares(11.0))
    with pytest.raises(DivergenceError, match=r"orders\[0\]\.quantity is 11.0 and was 10.0"):
        replayed(list(journal.entries()), act, BARS, other)


def test_another_fill_of_the_broker_beside_it_is_noticed(
    journal: Journal, recorded: Blotter
) -> None:
    other = replace(SETTINGS, commission=PerOrder(2.0))
    with pytest.raises(DivergenceError, match=r"reports\[1\]\.amount is 2.0 and was 1.5"):
        replayed(list(journal.entries()), act, BARS, other, shadow=True)


def test_missing_reports_are_noticed(journal: Journal, recorded: Blotter) -> None:
    entries = list(journal.entries())
    numbers = [i for i, e in enumerate(entries) if isinstance(e.row, EventBatch)]
    broken = [*entries]
    batch = broken[numbers[0]]
    assert isinstance(batch.row, EventBatch)
    broken[numbers[0]] = replace(batch, row=replace(batch.row, poll=batch.row.poll + 50))
    with pytest.raises(DivergenceError, match="poll"):
        replayed(broken, act, BARS, SETTINGS)


# pending intents ------------------------------------------------------------------------------


class Desk:
    """A door's worth of calls on one broker: what a core does at an instant."""

    def __init__(self, broker: object) -> None:
        self.broker = broker

    def decide(self) -> None:
        self.broker.submit([order_of("market", id="a")])  # type: ignore[attr-defined]
        self.broker.poll()  # type: ignore[attr-defined]
        self.broker.submit([order_of("limit", limit=90.0, id="b")])  # type: ignore[attr-defined]
        self.broker.poll()  # type: ignore[attr-defined]


INSTANT = Instant(10, 1, ())


def _journalled(journal: Journal) -> tuple[JournalledBroker, Market]:
    market = Market(bars_of(flat_rows([100.0, 101.0, 102.0])))
    market.step()
    return JournalledBroker(market.broker, journal, lambda: 11, lambda: 1), market


def _cut(journal: Journal) -> list[Entry]:
    """A session killed after its first intent."""
    journal.append(STARTED, INSTANT)
    broker, _ = _journalled(journal)
    broker.submit([order_of("market", id="a")])
    return list(journal.entries())


def _replay(entries: list[Entry]) -> ReplayBroker:
    replay = ReplayBroker(entries)
    for row in replay.inputs():
        if row == INSTANT:
            Desk(replay).decide()
    return replay


def test_a_pending_intent_is_noted_sent_late_and_replayed_in_its_place(journal: Journal) -> None:
    recovered = _replay(_cut(journal)).finish()
    assert [row.orders[0].id for row in recovered.pending if isinstance(row, Submit)] == ["b"]
    assert recovered.unconfirmed == ("a",)
    journal.append(STARTED)
    broker, _ = _journalled(journal)
    broker.resume(recovered)
    assert broker.polls == 2
    again = _replay(list(journal.entries())).finish()
    assert again.pending == recovered.pending
    assert again.fresh == ()
    broker.inject([OrderUpdate(order_of("market", id="a"), OrderStatus.UNKNOWN, 11)])
    assert len(broker.poll()) == 1
    (pending,) = recovered.pending
    broker.perform(pending)
    entries = list(journal.entries())
    replay = _replay(entries)
    assert len(replay.poll()) == 1
    last = replay.finish()
    assert last.pending == last.fresh == ()
    assert last.unconfirmed == ("b",)


def test_a_pending_intent_can_be_dropped(journal: Journal) -> None:
    recovered = _replay(_cut(journal)).finish()
    broker, market = _journalled(journal)
    broker.resume(recovered)
    broker.drop(recovered.pending[0], "its price is an hour old")
    (update,) = broker.poll()
    assert isinstance(update, OrderUpdate)
    assert (update.order.id, update.status) == ("b", OrderStatus.REJECTED)
    assert "an hour old" in update.reason
    assert list(market.broker.poll()) == []
    replay = _replay(list(journal.entries()))
    assert len(replay.poll()) == 1
    assert replay.finish().pending == ()


def test_what_was_not_sent_raises_in_the_replay_too(journal: Journal) -> None:
    order = order_of("market", id="a")
    journal.append(STARTED, INSTANT, Unsent(11, Submit(11, 1, (order,)), "the disk was full"))
    replay = ReplayBroker(list(journal.entries()))
    for row in replay.inputs():
        if row == INSTANT:
            with pytest.raises(NotSentError, match="disk was full"):
                replay.submit([order])
    assert replay.finish().unconfirmed == ()


def test_marks_are_given_out_between_the_inputs(journal: Journal) -> None:
    journal.append(STARTED, INSTANT)
    replay = ReplayBroker(list(journal.entries()))
    assert [type(row) for row in replay.inputs()] == [Started, Instant]


def test_the_book_of_a_replay_is_what_was_reported(journal: Journal, recorded: Blotter) -> None:
    replay = ReplayBroker(list(journal.entries()), 100_000.0, {"AAA": 1.0})
    for entry in journal.entries():
        if isinstance(entry.row, EventBatch):
            for event in entry.row.events:
                replay._note(event)
    ledger = recorded.slots[0].ledger
    assert replay.book().differences(ledger) == []
