"""Quotes in a session: followed, written beside orders, told to limits, and replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from framework import PriceCollar, Strategy
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.problems import ContractError, PacingError
from framework.brokers.ib.quotes import Quality
from framework.brokers.ib.quotes import SeenQuote as Followed
from framework.components.venue.prices import PriceCap
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent, Refused
from framework.domain.growing import row_of
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderType, Side
from framework.engine.journal_errors import DivergenceError
from framework.engine.journal_rows import Entry, Instant, SeenQuote, Started, Submit
from framework.engine.slot import Slot
from framework.session.bridge import Bridge, Cargo
from framework.session.quoting import Quoting
from tests.builders import bars_of, flat_rows, free
from tests.journals import journal_in
from tests.unit.test_limits import EMPTY
from tests.unit.test_limits import LIMIT as LIMIT_ORDER
from tests.unit.test_venue_rules import HERE
from tests.unit.test_venue_rules import order as venue_order
from tests.unit.test_voyage import Ship, on_a_gateway

STARTED = Started(0, "paper", "DU*****67", 1, "Buyer")

# what is told of a quote ------------------------------------------------------------------------


class Told:
    """Quotes of which a test says what they are worth."""

    def __init__(self, lines: int = 100) -> None:
        self.followed: list[str] = []
        self.left: list[str] = []
        self.seen: dict[str, Followed] = {}
        self.lines = lines
        self.is_up = True
        self.refusals: dict[str, PacingError] = {}

    async def follow(self, symbol: str) -> None:
        if len(self.followed) >= self.lines:
            raise PacingError(f"All {self.lines} market data lines are in use.", "Follow fewer.")
        self.followed.append(symbol)

    def leave(self, symbol: str) -> None:
        self.left.append(symbol)
        if symbol in self.followed:
            self.followed.remove(symbol)

    def is_followed(self, symbol: str) -> bool:
        return symbol in self.followed

    def quote(self, symbol: str) -> Followed:
        if symbol not in self.followed:
            raise ContractError(f"The quotes of {symbol} are not followed.", "Follow them first.")
        return self.seen.get(symbol, seen(symbol))

    def refusal(self, symbol: str) -> PacingError | None:
        return self.refusals.get(symbol)


def seen(symbol: str = "AAA", quality: Quality = Quality.LIVE) -> Followed:
    return Followed(symbol, 99.0, 101.0, 100.0, 5.0, 6.0, 7, quality)


def quoting(told: Told, lines: int = 0) -> Quoting:
    return Quoting(told, lines)  # type: ignore[arg-type]


@pytest.mark.parametrize("quality", list(Quality))
def test_only_a_live_quote_has_prices_and_every_other_says_why_not(quality: Quality) -> None:
    told = Told()
    told.seen["AAA"] = seen(quality=quality)
    quotes = quoting(told)
    quotes.want(["AAA"])
    asyncio.run(quotes.look())
    found = quotes.quote("AAA")
    prices = (99.0, 101.0, 100.0) if quality is Quality.LIVE else (None, None, None)
    assert (found.bid, found.ask, found.last) == prices
    assert (found.time, found.quality) == (7, quality.value)
    assert (found.quote is None) == (quality is not Quality.LIVE)


def test_what_is_not_followed_says_so() -> None:
    assert quoting(Told()).quote("AAA") == SeenQuote("AAA", None, None, quality="not_followed")


def test_lines_that_are_taken_are_told_once_and_tried_again() -> None:
    told = Told(lines=1)
    quotes = quoting(told)
    quotes.want(["AAA", "BBB"])
    for _ in range(3):
        asyncio.run(quotes.look())
    assert told.followed == ["AAA"]
    assert [line for line in quotes.news() if line.startswith("BBB: no quotes: All 1")] != []
    assert quotes.news() == ()
    assert quotes.quote("BBB").quality == "not_followed"


def test_what_is_traded_in_passing_gives_its_line_to_the_next() -> None:
    told = Told()
    quotes = quoting(told, lines=3)
    quotes.want(["AAA"])
    for option in ("O1", "O2", "O3", "O1"):
        quotes.want([option], passing=True)
        asyncio.run(quotes.look())
        assert len(told.followed) <= 3
    assert sorted(told.followed) == ["AAA", "O1", "O3"]
    assert told.left == ["O1", "O2"]


def test_nothing_is_asked_for_while_there_is_no_connection() -> None:
    told = Told()
    told.is_up = False
    quotes = quoting(told)
    quotes.want(["AAA"])
    asyncio.run(quotes.look())
    assert told.followed == []
    told.is_up = True
    asyncio.run(quotes.look())
    assert told.followed == ["AAA"]


def test_a_refusal_and_delayed_quotes_are_told_once() -> None:
    told = Told()
    told.seen["BBB"] = seen("BBB", Quality.DELAYED)
    told.refusals["AAA"] = PacingError("No subscription.", "Subscribe.")
    quotes = quoting(told)
    quotes.want(["AAA", "BBB"])
    for _ in range(3):
        asyncio.run(quotes.look())
    first, second = quotes.news()
    assert first.startswith("AAA: no quotes: No subscription.")
    assert second.startswith("BBB: its quotes are delayed")


# over the wire ----------------------------------------------------------------------------------


def submits(path: Path) -> list[Submit]:
    with journal_in(path) as journal:
        return [one.row for one in journal.entries() if isinstance(one.row, Submit)]


def test_orders_of_a_session_carry_the_quote_they_left_at(tmp_path: Path) -> None:
    """Before a lost connection and after it."""

    async def play(ship: Ship) -> None:
        lost: list[int] = []

        def far(one: Ship) -> bool:
            if one.fills >= 2 and not lost:
                lost.append(one.fills)
                for connection in one.gateway.connections():
                    connection.abort()
            return bool(lost) and one.fills >= lost[0] + 2

        await ship.sail(until=far)
        entries = list(_entries(ship))
        sent = [one.row for one in entries if isinstance(one.row, Submit)]
        assert len(sent) >= 4
        for row in sent:
            (quote,) = row.quotes
            assert quote.symbol == "AAPL"
            assert quote.quality == "live", quote
            assert quote.bid is not None
            assert quote.ask is not None
            assert 0.0 < quote.bid <= quote.ask
            assert quote.last == pytest.approx(quote.bid, rel=0.01)
            assert quote.bid == pytest.approx(row.orders[0].decision_price, rel=0.05)
            assert 0 <= row.time - quote.time <= 120 * 10**9
            assert row.orders[0].decision_price > 0.0
        bars = [one.row for one in entries if isinstance(one.row, Instant)]
        assert any(one.symbol == "AAPL" for row in bars for one in row.quotes)

    on_a_gateway(tmp_path, play)


def test_without_market_data_nothing_is_followed(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills >= 1, market_data="none")
        rows = [one.row for one in _entries(ship)]
        assert all(row.quotes == () for row in rows if isinstance(row, Submit | Instant))

    on_a_gateway(tmp_path, play)


def _entries(ship: Ship) -> list[Entry]:
    from framework.engine.journal import read_journal

    with read_journal(ship.journal) as reader:
        return list(reader.entries())


# limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "market", "is_taken"),
    [
        (20.0, None, True),  # the limit is 40, the last close 50
        (19.0, None, False),
        (5.0, 41.0, True),
        (2.0, 41.0, False),
        (20.0, 60.0, False),
    ],
)
def test_the_collar_is_around_the_live_quote(
    percent: float, market: float | None, is_taken: bool
) -> None:
    verdict = PriceCollar(percent).check(LIMIT_ORDER, replace(EMPTY, market=market))
    assert isinstance(verdict, Order) == is_taken
    if isinstance(verdict, Refused) and market is not None:
        assert f"from the ask {market:g}" in verdict.reason


@pytest.mark.parametrize(
    ("side", "limit", "market", "words"),
    [
        (Side.BUY, 110.0, None, ""),
        (Side.BUY, 111.0, None, "last price 100"),
        (Side.BUY, 111.0, 101.0, ""),
        (Side.BUY, 108.0, 98.0, "ask 98"),
        (Side.SELL, 89.0, None, "last price 100"),
        (Side.SELL, 89.0, 98.0, ""),
        (Side.SELL, 92.0, 103.0, "bid 103"),
    ],
)
def test_the_brokers_cap_is_through_the_live_quote(
    side: Side, limit: float, market: float | None, words: str
) -> None:
    asked = venue_order(OrderType.LIMIT, side=side, limit=limit)
    reason = PriceCap().refusal(asked, replace(HERE, market=market))
    assert bool(reason) == bool(words)
    assert words in reason


# replay -----------------------------------------------------------------------------------------


class Taker:
    """A broker that takes everything and reports nothing."""

    def __init__(self) -> None:
        self.sent: list[Order] = []

    def submit(self, orders: Sequence[Order]) -> None:
        self.sent += orders

    def replace(self, order: Order) -> None:
        raise AssertionError(order)

    def cancel(self, order_id: str) -> None:
        raise AssertionError(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        return ()

    def book(self) -> Ledger:
        return Ledger(100_000.0, {})


class Buyer(Strategy):
    """A limit order every bar, at 100."""

    def on_bar(self) -> None:
        self.buy(1, limit=100.0)


HISTORY, PLAYED = 2, 6
BARS = bars_of(flat_rows([100.0] * PLAYED))
ASKS = {2: 100.0, 3: 130.0, 4: None, 5: 70.0}
"""By instant, the ask; None for no live quote. The collar is 5 %."""


class Clocked:
    """Time and the quote of an instant."""

    def __init__(self, bars: Bars) -> None:
        self.k = HISTORY
        self._bars = bars

    def now(self) -> int:
        return int(self._bars.close_time[self.k])

    def quote(self, symbol: str) -> SeenQuote:
        ask = ASKS[self.k]
        if ask is None:
            return SeenQuote(symbol, None, None, quality="stale")
        return SeenQuote(symbol, ask - 0.1, ask, self.now(), ask, "live")


def cargo() -> Cargo:
    settings: BacktestSettings = free(rules=(PriceCollar(5.0),))
    return Cargo(Buyer, {}, settings)


def verdicts(slots: Sequence[Slot], refused: Sequence[Refused]) -> tuple[int, list[str]]:
    return sum(slot.orders for slot in slots), [one.reason for one in refused]


def begun(path: Path) -> tuple[int, list[str]]:
    """A session that was told all instants; orders made and refusals."""
    clock = Clocked(BARS)
    with journal_in(path) as journal:
        bridge = Bridge(cargo(), journal, Taker(), clock.now, clock.quote)
        bridge.begin(STARTED, [BARS.take(0, HISTORY)])
        for clock.k in range(HISTORY, PLAYED):
            bridge.instant(clock.now(), {"AAA": row_of(BARS, clock.k)})
        core = bridge.core
        return verdicts(core.slots, core.blotter.refused)


def replayed(path: Path, change: Callable[[Instant], Instant]) -> tuple[int, list[str]]:
    """The same journal told to a session that knows no quotes of its own."""
    with journal_in(path) as journal:
        entries = [
            replace(one, row=change(one.row)) if isinstance(one.row, Instant) else one
            for one in journal.entries()
        ]
        broker = Taker()
        bridge = Bridge(cargo(), journal, broker, lambda: 0)
        recovered = bridge.recover(STARTED, entries)
        assert recovered.pending == ()
        assert broker.sent == []
        core = bridge.core
        return verdicts(core.slots, core.blotter.refused)


def test_a_replay_gives_the_verdicts_the_quotes_gave(tmp_path: Path) -> None:
    orders, refused = begun(tmp_path)
    assert orders == 2, "taken at an ask of 100, and at the last close where no quote was live"
    assert [reason.rpartition(" from ")[2] for reason in refused] == ["the ask 130.", "the ask 70."]
    assert replayed(tmp_path, lambda row: row) == (orders, refused)


def test_a_replay_without_the_quotes_would_differ_and_is_halted(tmp_path: Path) -> None:
    begun(tmp_path)
    with pytest.raises(DivergenceError):
        replayed(tmp_path, lambda row: replace(row, quotes=()))


def test_the_journal_has_the_quote_that_was_asked_and_why_there_was_none(tmp_path: Path) -> None:
    begun(tmp_path)
    first, second = submits(tmp_path)
    (live,), (stale,) = first.quotes, second.quotes
    assert (live.bid, live.ask, live.last, live.quality) == (99.9, 100.0, 100.0, "live")
    assert (stale.bid, stale.ask, stale.last, stale.quality) == (None, None, None, "stale")
    assert first.orders[0].decision_price == 100.0
