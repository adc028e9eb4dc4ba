"""Data of the broker: contracts, the past, closed bars, quotes and chains, with what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest

from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.chains import Chains
from framework.brokers.ib.connection import Connection, NoticeKind
from framework.brokers.ib.feed import FeedSettings, IbFeed
from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.history import History
from framework.brokers.ib.level_one import LevelOne
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.problems import ContractError, LinkLostError, PacingError, RequestError
from framework.brokers.ib.quotes import Quality
from framework.brokers.ib.settings import Settings
from framework.calendar import DAY
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.server.settings import GatewaySettings
from framework.options.contracts import option_contract
from tests.unit.ib_ground import AAPL, FAST, MSFT, SPX, START, Ground, ground, plan, rows

MINUTE = 60 * 10**9
ONE = frame_of("1m")
GRACE = 12.0
"""Seconds of the market, a fifth of one here: as long as the emulator may lag behind its clock."""
FAST_BARS = FeedSettings(grace=GRACE, look=0.05, stale=1.2, patience=12.0, retry=0.3)


def run(scene: object) -> None:
    asyncio.run(scene)  # type: ignore[arg-type]


@asynccontextmanager
async def feed_on(
    faults: FaultPlan | None = None,
    *,
    speed: float = 60.0,
    settings: FeedSettings = FAST_BARS,
) -> AsyncIterator[tuple[Ground, IbFeed]]:
    """A feed on a market that runs a minute a second."""
    fast = GatewaySettings(paces_history=False)  # fifteen seconds are a quarter of an hour here
    async with ground(faults, speed=speed, settings=fast) as g:
        history = History(g.connection, g.broker.pacer, g.broker.contracts, timeout=3.0)
        feed = IbFeed(g.connection, history, g.broker.contracts, settings)
        running = asyncio.create_task(feed.run())
        try:
            yield g, feed
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def bars(g: Ground, feed: IbFeed, count: int, seconds: float = 40.0) -> list[BarSeen]:
    """The next so many closed bars, none of them early."""
    found: list[BarSeen] = []

    def enough() -> bool:
        closed = feed.closed()
        now = g.connection.clock.now()
        assert all(now >= one.close_time + GRACE * 10**9 for one in closed), "never early"
        found.extend(closed)
        return len(found) >= count

    await g.until(enough, f"{count} bars, {[n.text for n in feed.notices()]}", seconds)
    return found


def is_whole(found: list[BarSeen]) -> bool:
    """Whether no minute is missing, double or out of order."""
    closes = np.array([one.close_time for one in found])
    return bool((np.diff(closes) == MINUTE).all())


async def truth(g: Ground, found: list[BarSeen]) -> None:
    """The bars told are those of the broker's own history."""
    await asyncio.sleep(0.1)
    history = History(g.connection, g.broker.pacer, g.broker.contracts)
    past = await history.bars("AAPL", ONE, found[0].close_time - 1)
    known = {int(t): float(c) for t, c in zip(past.close_time, past.close, strict=True)}
    for one in found:
        assert known[one.close_time] == pytest.approx(one.close), one


def test_contracts_are_found_in_batches_with_the_broker_s_ticks() -> None:
    async def scene() -> None:
        async with ground(instruments=()) as g:
            listed = await g.contracts.qualify([AAPL, MSFT, SPX])
            assert [one.key for one in listed] == ["AAPL", "MSFT", "SPX"]
            assert len({one.con_id for one in listed}) == 3
            assert listed[0].instrument.tick == 0.01
            with pytest.raises(ContractError, match="index"):
                g.broker.submit([g.order(symbol="SPX")])

    run(scene())


def test_row_60_several_contracts_or_none_are_named() -> None:
    async def scene() -> None:
        async with ground(plan(60), instruments=()) as g:
            with pytest.raises(ContractError, match="may be any of 2 contracts"):
                await g.contracts.qualify([AAPL])
            with pytest.raises(ContractError, match="It knows STK AAPL"):
                await g.contracts.qualify([AAPL])
            with pytest.raises(ContractError, match="knows no STK NOSUCH"):
                await g.contracts.qualify([Instrument("NOSUCH")])

    run(scene())


def test_the_past_comes_whole_and_ends_with_the_last_complete_bar() -> None:
    async def scene() -> None:
        async with ground() as g:
            history = History(g.connection, g.broker.pacer, g.broker.contracts)
            daily = await history.bars("AAPL", frame_of("1d"), START - 30 * DAY)
            assert 25 <= len(daily) <= 30
            assert int(daily.close_time[-1]) <= g.connection.clock.now()
            assert (np.diff(daily.session) > 0).all()
            minutes = await history.bars("AAPL", ONE, START - 3 * DAY, START - DAY)
            assert len(minutes) == 2 * 24 * 60
            assert int(minutes.close_time[0]) == START - 3 * DAY - (START % MINUTE) + MINUTE

    run(scene())


def test_the_past_goes_as_far_as_the_clock_whatever_the_market_has_not_done_yet() -> None:
    async def scene() -> None:
        async with ground() as g:
            history = History(g.connection, g.broker.pacer, g.broker.contracts)
            clock = g.gateway.hub.clock
            clock.skip_to(clock.now() + 7 * MINUTE)
            now = clock.now()
            found = await history.bars("AAPL", ONE, now - 5 * MINUTE)
            assert len(found) == 5

    run(scene())


def test_row_14_too_much_history_is_a_pacing_error_and_never_an_empty_answer() -> None:
    async def scene() -> None:
        async with ground(plan(14)) as g:
            history = History(g.connection, g.broker.pacer, g.broker.contracts)
            await history.bars("AAPL", frame_of("1d"), START - 9 * DAY)
            with pytest.raises(PacingError):
                await history.bars("AAPL", frame_of("1d"), START - 20 * DAY)

    run(scene())


def test_history_that_does_not_come_or_is_refused_is_an_error() -> None:
    async def scene() -> None:
        silent = rows(
            "faults:\n- name: silent\n  when: {request: ReqHistoricalData}\n  do: drop\n"
            "- name: broken\n  when: {request: ReqHistoricalData, nth: 2}\n"
            "  do: [drop, {error: {code: 162, text: 'HMDS connection broken', id: request}}]\n"
            "- name: gone\n  when: {request: ReqHistoricalData, nth: 3}\n  do: [drop, rst]\n"
        )
        async with ground(silent) as g:
            history = History(g.connection, g.broker.pacer, g.broker.contracts, timeout=0.3)
            day = frame_of("1d")
            with pytest.raises(RequestError, match="has not answered"):
                await history.bars("AAPL", day, START - 9 * DAY)
            with pytest.raises(RequestError, match="HMDS"):
                await history.bars("AAPL", day, START - 10 * DAY)
            with pytest.raises(LinkLostError):
                await history.bars("AAPL", day, START - 11 * DAY)
            await g.ready()
            assert len(await history.bars("AAPL", day, START - 12 * DAY)) >= 10

    run(scene())


@pytest.mark.parametrize("keeps_up", [True, False])
def test_closed_bars_come_each_once_in_order_and_as_the_history_has_them(keeps_up: bool) -> None:
    async def scene() -> None:
        settings = replace(FAST_BARS, stale=60.0, keeps_up=keeps_up)
        async with feed_on(settings=settings) as (g, feed):
            since = START - 5 * MINUTE
            warm = await feed.warm_up("AAPL", ONE, since)
            await feed.follow("AAPL", ONE, int(warm.close_time[-1]))
            assert feed.next_close is not None
            found = await bars(g, feed, 4)
            assert found[0].close_time == int(warm.close_time[-1]) + MINUTE
            assert is_whole(found)
            await truth(g, found)

    run(scene())


@pytest.mark.parametrize(
    ("settings", "helps"),
    [
        (replace(FAST_BARS, stale=600.0), "missing since"),
        (replace(FAST_BARS, patience=6000.0), "subscribed anew: silent"),
    ],
    ids=["missing", "silent"],
)
def test_row_58_late_bars_wait_for_the_truth_and_dead_ones_are_asked_for(
    settings: FeedSettings, helps: str
) -> None:
    """Either way alone brings every bar: the history that is missing, or a new subscription."""

    async def scene() -> None:
        faults = plan(58, a="hold: 10 -> hold: 1", b="seconds: 60 -> seconds: 600")
        async with feed_on(faults, settings=settings) as (g, feed):
            await feed.follow("AAPL", ONE, START - START % MINUTE)
            found = await bars(g, feed, 6)
            assert is_whole(found)
            await truth(g, found)
            assert any(helps in notice.text for notice in feed.notices())

    run(scene())


def test_row_58_bars_go_on_after_a_new_connection_without_a_gap() -> None:
    async def scene() -> None:
        async with feed_on() as (g, feed):
            await feed.follow("AAPL", ONE, START - START % MINUTE)
            found = await bars(g, feed, 2)
            for one in g.gateway.connections():
                one.abort()
            found += await bars(g, feed, 3)
            assert is_whole(found)
            assert any("the connection is new" in notice.text for notice in feed.notices())
            await truth(g, found)

    run(scene())


FORMING = "answer: HistoricalDataUpdate, nth: 15"
"""In the midst of the second bar that is pushed."""


def test_row_11_dead_data_is_noticed_and_asked_for_anew() -> None:
    async def scene() -> None:
        faults = plan(11, a=f"start: 5 -> {FORMING}", b="seconds: 3 -> seconds: 1")
        async with feed_on(faults) as (g, feed):
            await feed.follow("AAPL", ONE, START - START % MINUTE)
            found = await bars(g, feed, 5)
            assert is_whole(found)
            assert any("2103" in n.text or "2105" in n.text for n in feed.notices())

    run(scene())


def test_row_3_lost_data_is_asked_for_anew_at_once_and_what_was_missed_comes_too() -> None:
    """Nobody waits here until the silence is noticed."""
    faults = plan(3, a=f"start: 5 -> {FORMING}", b="seconds: 10 -> seconds: 0.5")

    async def scene() -> None:
        async with feed_on(faults, settings=replace(FAST_BARS, stale=600.0)) as (g, feed):
            await feed.follow("AAPL", ONE, START - START % MINUTE)
            link = g.connection.link
            session = g.gateway.hub.sessions[1]
            (lost,) = session.bars.values()
            await g.until(
                lambda: any(n.kind is NoticeKind.RESUBSCRIBE for n in g.notices), "1101", 40.0
            )
            await g.until(lambda: session.bars and lost not in session.bars.values(), "anew")
            assert g.connection.link is link, "over the connection there is"
            found = await bars(g, feed, 5)
            assert is_whole(found)
            await truth(g, found)
            assert any("subscribed anew" in n.text for n in feed.notices())

    run(scene())


def test_row_3_lost_quotes_are_stale_and_followed_anew_over_the_same_connection() -> None:
    first = "request: ReqMktData, nth: 1, seconds: 0.3"
    faults = plan(3, a=f"start: 5 -> {first}", b="seconds: 10 -> seconds: 0.3")

    async def scene() -> None:
        async with ground(faults) as g:
            quotes = level_one(g)
            await quotes.follow("AAPL")
            await g.until(lambda: quotes.quote("AAPL").is_good, "live")
            assert quotes.is_followed("AAPL")
            before, link = quotes.quote("AAPL").time, g.connection.link
            await g.until(lambda: not quotes.is_followed("AAPL"), "lost with the data")
            await g.ready()
            assert not g.gateway.hub.sessions[1].quotes, "nothing flows"
            assert quotes.quote("AAPL").quality is Quality.STALE
            await quotes.renew()
            assert quotes.is_followed("AAPL")
            await g.until(lambda: quotes.quote("AAPL").is_good, "live again")
            assert quotes.quote("AAPL").time > before
            assert g.connection.link is link

    run(scene())


def level_one(g: Ground, **options: object) -> LevelOne:
    return LevelOne(g.connection, g.broker.pacer, g.broker.contracts, **options)  # type: ignore[arg-type]


def test_quotes_are_live_and_stale_once_the_connection_is_gone() -> None:
    async def scene() -> None:
        async with ground() as g:
            quotes = level_one(g)
            await quotes.follow("AAPL")
            await g.until(lambda: quotes.quote("AAPL").is_good, "a live quote")
            seen = quotes.quote("AAPL")
            assert seen.quote is not None
            assert 0.0 < seen.quote.bid <= seen.quote.ask
            for one in g.gateway.connections():
                one.abort()
            await g.until(lambda: not quotes.quote("AAPL").is_good, "stale")
            assert quotes.quote("AAPL").quality is Quality.STALE
            await g.ready()
            await quotes.renew()
            await g.until(lambda: quotes.quote("AAPL").is_good, "live again")
            quotes.leave("AAPL")
            with pytest.raises(ContractError, match="not followed"):
                quotes.quote("AAPL")

    run(scene())


def test_row_57_bad_data_is_named_and_never_good() -> None:
    async def scene() -> None:
        async with ground(plan(57)) as g:
            quotes = level_one(g)
            for _ in range(2):
                await quotes.follow("AAPL")
                await g.until(lambda: quotes.refusal("AAPL") is not None, "refused")
                refusal = quotes.refusal("AAPL")
                assert refusal is not None
                assert "Subscribe to its exchange" in refusal.remedy
                assert quotes.quote("AAPL").quality is Quality.NOT_SUBSCRIBED

    run(scene())


def test_delayed_quotes_come_by_policy_and_are_not_good() -> None:
    from framework.brokers.ib.quotes import quote_from

    class Ticker:
        marketDataType = 3  # noqa: N815
        bid, ask, last, close = 1.0, 1.1, 1.05, 1.0
        bidSize = askSize = lastSize = 1.0  # noqa: N815
        halted = float("nan")

    def quality(time: int = 1, **changes: object) -> Quality:
        ticker = Ticker()
        for name, value in changes.items():
            setattr(ticker, name, value)
        return quote_from("A", ticker, time, False, False).quality  # type: ignore[arg-type]

    assert quality() is Quality.DELAYED
    assert quality(marketDataType=1) is Quality.LIVE
    assert quality(marketDataType=2) is Quality.FROZEN
    assert quality(0, marketDataType=1) is Quality.MISSING
    assert quality(marketDataType=1, bid=-1.0) is Quality.MISSING
    assert quality(marketDataType=1, ask=float("nan")) is Quality.MISSING
    assert quality(marketDataType=1, bid=2.0) is Quality.MISSING
    assert quality(marketDataType=1, halted=1.0) is Quality.HALTED


def test_row_10_a_competing_session_makes_quotes_stale() -> None:
    async def scene() -> None:
        async with ground(plan(10, a="seconds: 1 -> seconds: 0.3")) as g:
            quotes = level_one(g)
            await quotes.follow("AAPL")
            await g.until(lambda: quotes.quote("AAPL").is_good, "live")
            await g.until(lambda: quotes.quote("AAPL").quality is Quality.STALE, "stale")
            order = g.order()
            g.broker.submit([order])
            await g.until(lambda: g.fills(order.id), "orders still work")

    run(scene())


def test_chains_and_greeks_are_kept_a_while() -> None:
    async def scene() -> None:
        async with ground() as g:
            chains = Chains(g.connection, g.broker.pacer, g.broker.contracts)
            listed = await chains.chain("AAPL")
            assert {one.exchange for one in listed} >= {"SMART"}
            (smart,) = [one for one in listed if one.exchange == "SMART"]
            assert smart.multiplier == 100.0
            sent = g.broker.pacer.sent
            assert await chains.chain("AAPL") is listed
            assert g.broker.pacer.sent == sent
            strike = min(smart.strikes, key=lambda one: abs(one - g.price()))
            option = option_contract(AAPL, smart.expiries[1], Right.CALL, strike)
            (known,) = await g.contracts.qualify([option])
            greeks = await chains.greeks(known.key)
            assert greeks.delta is not None
            assert 0.2 < greeks.delta < 0.8
            assert await chains.greeks(known.key) is greeks

    run(scene())


def test_without_a_connection_nothing_is_asked() -> None:
    async def scene() -> None:
        class Fixed:
            def now(self) -> int:
                return START

        connection = Connection(Settings(), Fixed(), FAST)
        from framework.brokers.ib.pacing import Pacer

        book = Book([Listed(AAPL, 1, "AAPL", "STK", "SMART")])
        pacer = Pacer(Fixed())
        with pytest.raises(LinkLostError):
            await Chains(connection, pacer, book).chain("AAPL")

    run(scene())
