"""Bars below a minute: sessions, gaps and downloads of them against the emulator's limits."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.feed import FeedSettings, IbFeed
from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.history import History
from framework.brokers.ib.problems import RequestError
from framework.cli.broker_options import BrokerFlags
from framework.cli.download_options import DownloadFlags
from framework.cli.downloading import download_command
from framework.cli.fetching import Patience
from framework.config.environment import NAMES
from framework.config.market import load_market
from framework.domain.bars import Bars
from framework.emulator.market.market import Market
from framework.emulator.market.markets import bars_market
from framework.emulator.server.settings import GatewaySettings
from framework.feeds.answers import FileAnswers
from tests.builders import bars_of, flat_rows
from tests.unit.ib_ground import START, Ground, ground
from tests.unit.served import serving
from tests.unit.test_download import FREE, QUICK, RELAXED
from tests.unit.test_voyage import ACCOUNT, Ship, served

SECOND, HOUR, DAY = 10**9, 3600 * 10**9, 86_400 * 10**9
FIVE = frame_of("5s")
SOON = Patience(pauses=(0.01,), back=5.0, answer=5.0, timings=QUICK, limits=FREE)
MINUTES_A_SESSION = 390


# sessions ------------------------------------------------------------------------------------


def test_a_session_trades_bars_of_five_seconds_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Its history is three requests; each bar is a second."""
    midnight = START // DAY * DAY

    async def played() -> None:
        gateway = await served(midnight + 2 * HOUR + HOUR // 2, speed=5.0)
        try:
            ship = Ship(gateway, tmp_path / "journal.sqlite")
            outcome = await ship.sail(until=lambda one: one.fills >= 3, frame="5s")
            assert outcome.exit_code == 0
            assert outcome.reason == "enough"
            first = bars_traded(ship)
            assert len(first) >= 30
            await ship.sail(until=lambda one: one.fills >= 5, frame="5s")
            assert any("recovered from" in line for line in ship.said)
            second = bars_traded(ship)
            assert second[: len(first)].tolist() == first.tolist()
            assert (np.diff(second) == FIVE.length).all(), "none is missing over the restart"
            truth, books = gateway.book(ACCOUNT), ship.voyage.bridge.core.ledgers[0]
            assert books.positions["AAPL"].quantity == truth.positions["AAPL"].quantity
        finally:
            await gateway.close()

    asyncio.run(played())


def bars_traded(ship: Ship) -> np.ndarray:
    return np.array(ship.voyage.bridge.core.ground.lines["AAPL"].bars.close_time)


# gaps ----------------------------------------------------------------------------------------


async def told(g: Ground, feed: IbFeed, last: int) -> list[BarSeen]:
    """Bars told until one that closes at `last` or later."""
    found: list[BarSeen] = []

    def enough() -> bool:
        found.extend(feed.closed())
        return bool(found) and found[-1].close_time >= last

    await g.until(enough, f"the bar of {last}, {[n.text for n in feed.notices()]}", 40.0)
    return found


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("hours", [0.25, 1.5])
def test_a_gap_is_bridged_however_long_it_is(hours: float, is_cut: bool) -> None:
    """A subscription brings an hour of bars of five seconds; the rest is asked for."""

    async def scene() -> None:
        fast = GatewaySettings(paces_history=False)
        async with ground(speed=5.0, settings=fast) as g:
            history = History(g.connection, g.broker.pacer, g.broker.contracts)
            settings = FeedSettings(grace=2.0, look=0.05, patience=2.0, retry=0.3)
            feed = IbFeed(g.connection, history, g.broker.contracts, settings)
            running = asyncio.create_task(feed.run())
            try:
                now = g.connection.clock.now()
                since = (now - int(hours * HOUR)) // FIVE.length * FIVE.length
                await feed.follow("AAPL", FIVE, since)
                found = await told(g, feed, now + 10 * SECOND)
                if is_cut:
                    for one in g.gateway.connections():
                        one.abort()
                    found += await told(g, feed, found[-1].close_time + 15 * SECOND)
                closes = np.array([one.close_time for one in found])
                assert closes[0] == since + FIVE.length
                assert (np.diff(closes) == FIVE.length).all(), "each once, in order"
                past = await history.bars("AAPL", FIVE, since, int(closes[-1]))
                assert past.close_time.tolist() == closes.tolist()
                assert past.close.tolist() == [one.close for one in found]
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

    asyncio.run(scene())


# downloads -----------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    Path(".env").touch(0o600)
    return tmp_path


def two_days() -> tuple[Bars, Market]:
    """Minutes of two sessions in New York, a night between them, and a market two days later."""
    count = 2 * MINUTES_A_SESSION
    bars = bars_of(
        flat_rows([100.0 + (i % 7) * 0.1 for i in range(count)], 0.2),
        "AAA",
        sessions=[i // MINUTES_A_SESSION for i in range(count)],
        minutes=[MINUTES_A_SESSION - 1 - i % MINUTES_A_SESSION for i in range(count)],
        frame="1m",
    )
    return bars, bars_market([bars], int(bars.close_time[-1]) + 1)


@pytest.mark.parametrize(("bar", "requests"), [("5s", 14), ("15s", 4), ("30s", 2)])
def test_a_download_of_bars_below_a_minute_over_a_night(
    bar: str, requests: int, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars, market = two_days()
    frame = frame_of(bar)
    first, last = (str(np.datetime64(int(day), "D")) for day in (bars.session[0], bars.session[-1]))
    with serving(settings=RELAXED, market=market) as server:
        flags = DownloadFlags(BrokerFlags(json=True, port=server.port), ("AAA",), bar, first, last)
        assert download_command(replace(flags, out=Path("bars")), SOON) == 0
        (told,) = json.loads(capsys.readouterr().out)
        assert told["requests"] == requests
        assert download_command(replace(flags, out=Path("bars")), SOON) == 0
        assert json.loads(capsys.readouterr().out)[0]["requests"] == 0
    (read,) = load_market("bars", FileAnswers(calendar="XNYS", prices="split")).bars
    assert read.frame == bar
    a_minute = 60 * SECOND // frame.length
    assert len(read) == told["bars"] == len(bars) * a_minute
    whole = np.arange(a_minute) * frame.length
    expected = (bars.close_time[:, None] - whole[None, ::-1]).ravel()
    np.testing.assert_array_equal(read.close_time, expected)
    np.testing.assert_array_equal(read.close[a_minute - 1 :: a_minute], bars.close)


def test_a_download_of_short_bars_that_failed_goes_on(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the days that are there one is looked at again: whether the broker still says the same."""
    _, market = two_days()
    refused = "[drop, {error: {code: 162, id: request, text: Something is wrong.}}]"
    fault = f"faults: [{{name: a, when: {{request: ReqHistoricalData, nth: 10}}, do: {refused}}}]"
    day = market.now // DAY
    first, last = (str(np.datetime64(int(one), "D")) for one in (day - 1, day))
    flags = DownloadFlags(BrokerFlags(json=True), ("AAA",), "5s", first, last, out=Path("bars"))
    with (
        serving(fault, RELAXED, market=market) as server,
        pytest.raises(RequestError, match="Something is wrong"),
    ):
        download_command(replace(flags, broker=BrokerFlags(json=True, port=server.port)), SOON)
    assert not Path("bars/AAA.csv").exists()
    parts = [path.read_text().count("Z,") for path in Path("bars").glob(".AAA.parts/*.csv")]
    assert sorted(parts) == [0, MINUTES_A_SESSION * 12], "after the close, and the second day"
    with serving(settings=RELAXED, market=two_days()[1]) as server:
        to = BrokerFlags(json=True, port=server.port)
        assert download_command(replace(flags, broker=to), SOON) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["bars"] == 2 * MINUTES_A_SESSION * 12
    assert told["requests"] == 7 + 7
