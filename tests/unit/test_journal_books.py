"""What a journal alone says of its account is what the session that wrote it thinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from framework.domain.bars import Bars
from framework.domain.events import Fill, OrderUpdate, Split
from framework.domain.instruments import Instrument
from framework.domain.orders import OrderStatus, Origin, Side
from framework.engine.blotter import Blotter
from framework.engine.journal import Journal
from framework.engine.journal_books import JournalBooks
from framework.engine.journal_rows import Cancel, Cleared, EventBatch, History, Started, Submit
from framework.engine.reconcile_books import books_of
from tests.builders import bars_of, order_of
from tests.journals import Script, journal_in, record
from tests.unit.test_journal_replay import BARS, ROWS, SETTINGS, act

OPENING = 100_000.0
FUTURE = [bars_of(ROWS, "ESM", multiplier=50.0)]
PAIR = [bars_of(ROWS), bars_of([(2 * o, 2 * h, 2 * lo, 2 * c) for o, h, lo, c in ROWS], "BBB")]


def pyramid(strategy, bar: int) -> object:  # type: ignore[no-untyped-def]
    """Two entries behind one position, some of it sold, then all."""
    verbs = {
        0: lambda: strategy.buy(10),
        1: lambda: strategy.buy(5),
        2: lambda: strategy.sell(7),
        3: lambda: strategy.sell(20),
        4: strategy.close,
    }
    return verbs.get(bar, lambda: None)()


SCRIPTS: dict[str, tuple[Script, Sequence[Bars]]] = {
    "bracket, change, cancel, reversal": (act, BARS),
    "several entries": (pyramid, BARS),
    "a multiplier": (pyramid, FUTURE),
    "two instances": (act, PAIR),
}


def folded(journal: Journal, bars: Sequence[Bars]) -> JournalBooks:
    found = JournalBooks()
    found.fold([Started(0, "paper", "DU*****67", 1, "x", cash=OPENING)])
    found.fold([History(0, one.take(0, 0)) for one in bars])
    found.fold(replace(one.row, cash=OPENING) if isinstance(one.row, Started) else one.row
               for one in journal.entries())  # fmt: skip
    return found


def compare(found: JournalBooks, blotter: Blotter, journal: Journal) -> None:
    ours, theirs = found.books("USD"), books_of(blotter, journal.facts, 1, "USD", 0)
    assert ours.orders == theirs.orders
    assert ours.fills == theirs.fills
    assert ours.cash == pytest.approx(theirs.cash, abs=1e-6)
    assert {s: q for s, q in ours.quantities.items() if q} == {
        s: q for s, q in theirs.quantities.items() if q
    }
    assert {s: ids for s, ids in ours.entries.items() if ids} == {
        s: ids for s, ids in theirs.entries.items() if ids
    }
    for name in ("client_id", "perm_ids", "executions", "uncharged", "baseline"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_the_books_of_a_journal_are_those_of_its_session(tmp_path: Path, name: str) -> None:
    """After every bar, not only at the end."""
    script, bars = SCRIPTS[name]
    for stop in range(1, len(ROWS) + 1):
        with journal_in(tmp_path / f"{stop}") as journal:
            blotter = record(journal, script, bars, SETTINGS, stop=stop)
            compare(folded(journal, bars), blotter, journal)
    assert len(blotter.fills) >= 3


def test_an_order_that_was_never_sent_is_none_of_the_books() -> None:
    found = JournalBooks()
    order = order_of("market", id="S-1")
    rejected = OrderUpdate(order, OrderStatus.REJECTED, 5, "never sent: it is late")
    found.fold([EventBatch(5, 1, (rejected,))])
    assert found.books("USD").orders == {}
    assert found.filled("S-1") is None


def test_an_order_that_is_let_go_is_being_cancelled_and_a_held_one_is_none() -> None:
    order = order_of("limit", id="S-1", limit=50.0)
    found = JournalBooks()
    found.fold([Submit(1, 0, (order,)), Cancel(2, 0, "S-1")])
    assert found.books("USD").orders["S-1"].status is OrderStatus.CANCELLING
    found.fold([Submit(3, 0, (order_of("market", id="S-2"),), held=True)])
    assert list(found.books("USD").orders) == ["S-1"]
    found.fold([Cleared(4, 0, ("S-2",), "it may")])
    assert list(found.books("USD").orders) == ["S-1", "S-2"]


def test_what_the_broker_made_itself_belongs_to_who_holds_it() -> None:
    """A liquidation closes a position of a strategy's, and a split multiplies it."""
    bought = order_of("market", id="S-1", quantity=10.0)
    sold = order_of(
        "market", Side.SELL, id="liquidation-1", quantity=20.0, origin=Origin.LIQUIDATION
    )
    found = JournalBooks()
    found.fold(
        [
            Started(0, "paper", "DU*****67", 1, "S", cash=1_000.0),
            History(0, BARS[0].take(0, 0)),
            Submit(1, 0, (bought,)),
            EventBatch(2, 1, (Fill("S-1/a.1", bought, 2, 10.0, 50.0, 50.0),)),
        ]
    )
    assert (found.books("USD").quantities, found.books("USD").cash) == ({"AAA": 10.0}, 500.0)
    assert found.books("USD").entries == {"AAA": ["S-1"]}
    found.fold([EventBatch(3, 2, (Split("AAA", 2.0, 20.0, 3),))])
    assert found.books("USD").quantities == {"AAA": 20.0}
    update = OrderUpdate(sold, OrderStatus.WORKING, 4)
    fill = Fill("liquidation-1/1", sold, 4, -20.0, 30.0, 30.0)
    found.fold([EventBatch(4, 3, (update, fill))])
    books = found.books("USD")
    assert (books.quantities, books.cash) == ({"AAA": 0.0}, 1_100.0)
    assert books.entries == {"AAA": []}
    assert books.uncharged == 2


def test_several_strategies_hold_one_instrument_each_its_part() -> None:
    first, second = (order_of("market", id=f"{who}-1", quantity=units)
                     for who, units in (("A", 10.0), ("B", 5.0)))  # fmt: skip
    found = JournalBooks()
    found.fold([History(0, BARS[0].take(0, 0)), Submit(1, 0, (first,)), Submit(1, 0, (second,))])
    fills = (Fill("A-1/a", first, 2, 10.0, 50.0, 50.0), Fill("B-1/b", second, 2, 5.0, 50.0, 50.0))
    found.fold([EventBatch(2, 1, fills)])
    assert found.books("USD").shared == {"AAA": {"A": 10.0, "B": 5.0}}
    found.fold([EventBatch(3, 2, (Split("AAA", 3.0, 45.0, 3),))])
    assert found.books("USD").shared == {"AAA": {"A": 30.0, "B": 15.0}}
    assert found.books("USD").quantities == {"AAA": 45.0}


def test_what_has_no_bars_is_worth_what_one_is_told() -> None:
    option = order_of("market", id="S-1", symbol="AAA 240315C450", quantity=2.0)
    found = JournalBooks(lambda symbol: {"AAA 240315C450": 100.0}[symbol])
    found.fold([Submit(1, 0, (option,))])
    found.fold([EventBatch(2, 1, (Fill("S-1/a.1", option, 2, 2.0, 3.0, 3.0),))])
    assert found.books("USD").cash == -600.0
    assert found.opening is None


def test_the_instruments_are_those_with_bars() -> None:
    found = JournalBooks()
    found.fold([History(0, FUTURE[0].take(0, 0))])
    assert found.instruments == {"ESM": FUTURE[0].instrument}
    assert isinstance(found.instruments["ESM"], Instrument)
