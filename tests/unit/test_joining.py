"""--begin join: the side a strategy would hold is taken at its first decision, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run, run_verified
from framework.backtest.settings import BacktestSettings
from framework.components.commission import NoCommission
from framework.components.exits import TimeStop
from framework.components.slippage import NoSlippage
from framework.config.plan import Request, plan_of
from framework.domain.bars import Bars
from framework.domain.orders import Origin, Side, pct, points
from framework.engine.journal_rows import Instant, Joined
from framework.engine.reconcile import reconcile
from framework.errors import ConfigError, StrategyError
from framework.feeds.sample import sample
from framework.indicators import sma
from framework.research.backtest import run_backtest
from framework.series import crosses_above, crosses_below
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows
from tests.live_runs import differences
from tests.parity.comparing import assert_equal, played_twice
from tests.unit.test_shadow_session import HISTORY, Ashore, bars
from tests.unit.test_voyage import Ship, on_a_gateway

RISE = [100, 99, 98, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 106, 105, 104, 103, 102]
"""The fast average crosses above the slow one at bar 5, and below it at bar 15."""


class Cross(Strategy):
    """Long while the average of two closes is above that of four."""

    def setup(self) -> None:
        fast, slow = self.indicator(sma, 2), self.indicator(sma, 4)
        self.when(crosses_above(fast, slow), self.go_long)
        self.when(crosses_below(fast, slow), self.close)


class Once(Strategy):
    """One long trade, decided at a bar of its history, with whatever protects it."""

    bar: int = 3
    stop: object = None
    target: object = None
    trail: object = None

    def on_bar(self) -> None:
        if len(self.data.close) == self.bar:
            self.go_long(stop_loss=self.stop, take_profit=self.target, trail=self.trail)  # type: ignore[arg-type]


def free_of_charge(**parts: object) -> BacktestSettings:
    """Orders from the first bar on."""
    wanted = {"commission": NoCommission(), "slippage": NoSlippage(), **parts}
    return BacktestSettings(**wanted)  # type: ignore[arg-type]


def joining(series: Sequence[Bars] | Bars, start: int, **parts: object) -> BacktestSettings:
    """Orders from a bar on, joining there unless said otherwise."""
    first = series if isinstance(series, Bars) else series[0]
    wanted: dict[str, object] = {"start": int(first.close_time[start]), "begin": "join", **parts}
    return free_of_charge(**wanted)


def closes(*values: float) -> Bars:
    return bars_of(flat_rows(values, spread=0.5))


# what is taken up ----------------------------------------------------------------------


def test_a_cross_that_is_long_already_is_joined_at_the_next_open() -> None:
    """Flat waits for a cross that never comes; join buys what 95 % of equity buy at the close."""
    series = closes(*RISE)
    flat = run(Cross, [series], joining(series, 9, begin="flat"))
    joined = run(Cross, [series], joining(series, 9))
    assert flat.fills == ()
    entry, leave = joined.fills
    assert (entry.time, entry.quantity) == (int(series.close_time[10]), 95_000 // 103)
    assert entry.price == series.open[10]
    assert entry.order.decision_price == 103.0
    assert leave.order.origin is Origin.CLOSE
    whole = run(Cross, [series], free_of_charge())
    assert leave.time == whole.fills[1].time


@pytest.mark.parametrize("start", range(1, len(RISE) - 1))
def test_whatever_the_start_it_leaves_when_it_would_have_left(start: int) -> None:
    """A position at the start, or one that the order of that bar opens, ends as in the run that
    began with the first bar."""
    series = closes(*RISE)
    whole = run(Cross, [series], free_of_charge())
    joined = run(Cross, [series], joining(series, start))
    first = int(series.close_time[start])
    expected = [max(whole.fills[0].time, int(series.close_time[start + 1]))]
    if whole.fills[1].order.time <= first:
        expected = []
    assert [fill.time for fill in joined.fills if fill.quantity > 0] == expected
    assert [fill.time for fill in joined.fills if fill.quantity < 0] == [
        fill.time for fill in whole.fills[1:] if fill.order.time > first
    ]
    assert len({fill.order.id for fill in joined.fills}) == len(joined.fills)


def test_what_the_strategy_orders_itself_at_that_instant_counts() -> None:
    """Flat as it is, it goes the other way from what it would hold."""

    class Bold(Cross):
        def on_bar(self) -> None:
            if len(self.data.close) == 10 and self.position.is_flat:
                self.go_short()

    series = closes(*RISE)
    record = run(Bold, [series], joining(series, 9))
    assert [fill.quantity for fill in record.fills][:1] == [-(95_000 // 103)]


def test_of_several_symbols_each_has_its_own_side() -> None:
    long, short = closes(*RISE), bars_of(flat_rows(RISE[::-1], spread=0.5), "BBB")

    class Both(Strategy):
        def setup(self) -> None:
            fast, slow = self.indicator(sma, 2), self.indicator(sma, 4)
            self.when(crosses_above(fast, slow), self.go_long)
            self.when(crosses_below(fast, slow), self.go_short)

    record = run(Both, [long, short], joining(long, 11))
    entries = {fill.symbol: fill for fill in record.fills[:2]}
    assert {one.time for one in entries.values()} == {int(long.close_time[12])}
    assert entries["AAA"].quantity == 47_500 // 105
    assert entries["BBB"].quantity == -(47_500 // RISE[::-1][11])


def test_a_symbol_that_has_no_bars_yet_is_left_alone() -> None:
    early = closes(*RISE)
    late = bars_of(flat_rows([50.0] * 5), "BBB", sessions=range(12, 17))
    record = run(Cross, [early, late], joining(early, 9))
    assert {fill.symbol for fill in record.fills} == {"AAA"}


# what protects it ----------------------------------------------------------------------

PEAK = [100, 100, 100, 101, 104, 110, 108, 107, 108, 108, 107, 106, 104, 101, 99, 97, 96, 96, 95]
"""Bought at bar 3, at 101; best close 110 at bar 5."""


@pytest.mark.parametrize(
    ("parameters", "parts", "leaves"),
    [
        ({"stop": 98.0}, {}, Origin.STOP_LOSS),
        ({"stop": pct(3)}, {}, Origin.STOP_LOSS),
        ({"trail": points(5.0)}, {}, Origin.TRAIL),
        ({"trail": pct(8)}, {}, Origin.TRAIL),
        ({"stop": 90.0, "trail": pct(8)}, {}, Origin.TRAIL),
        ({"target": 112.0}, {}, None),
        ({}, {"exits": (TimeStop(8),)}, Origin.TIME_STOP),
    ],
)
@pytest.mark.parametrize("start", [4, 7, 9])
def test_it_leaves_where_the_trade_it_joins_leaves(
    start: int, parameters: dict[str, object], parts: dict[str, object], leaves: Origin | None
) -> None:
    """Stop, target and time stop are those of that trade; a trailing stop stands where it stood."""
    series = closes(*PEAK)
    plain = free_of_charge(**parts)
    whole = run(Once, [series], plain, parameters)
    joined = run(Once, [series], joining(series, start, **parts), parameters)
    assert joined.fills[0].time == int(series.close_time[start + 1])
    ours, theirs = joined.fills[1:], whole.fills[1:]
    assert [(one.time, one.price) for one in ours] == [(one.time, one.price) for one in theirs]
    if leaves is None:
        (target,) = (one.order for one in joined.orders if one.order.parent is not None)
        assert (target.origin, target.limit) == (Origin.TAKE_PROFIT, 112.0)
    elif leaves is Origin.TRAIL and start > 5:  # the best close was before the join
        assert ours[0].order.origin is Origin.STOP_LOSS
    else:
        assert ours[0].order.origin is leaves


def test_a_trail_goes_on_beside_the_level_it_had() -> None:
    series = closes(*PEAK[:9], 112, 120, 119, 118, 116, 113, 112)
    whole = run(Once, [series], free_of_charge(), {"trail": points(5.0)})
    joined = run(Once, [series], joining(series, 7), {"trail": points(5.0)})
    assert joined.fills[1].order.origin is Origin.TRAIL
    assert (joined.fills[1].time, joined.fills[1].price) == (
        whole.fills[1].time,
        whole.fills[1].price,
    )


# what cannot be right ----------------------------------------------------------------------


class Counts(Strategy):
    def on_bar(self) -> None:
        if self.position.is_flat:
            self.buy(10)


def hidden(strategy: Strategy) -> None:
    strategy.buy(10)


class Hides(Strategy):
    def on_bar(self) -> None:
        if self.position.is_flat:
            hidden(self)


class Raises(Strategy):
    def on_bar(self) -> None:
        if len(self.data.close) == 4:
            raise ValueError("no")


class OwnTarget(Cross):
    """A parameter that is called like a verb is none."""

    target: float = 3.0

    def on_bar(self) -> None:
        assert self.target


@pytest.mark.parametrize(
    ("strategy", "start", "error", "says"),
    [
        (Cross, 0, ConfigError, "--start"),
        (Counts, 9, ConfigError, "decides quantities itself \\(buy\\)"),
        (Hides, 9, ConfigError, "AAA long .* no size"),
        (Raises, 9, StrategyError, "in the history"),
    ],
)
def test_what_cannot_join_is_refused_by_name(
    strategy: type[Strategy], start: int, error: type[Exception], says: str
) -> None:
    series = closes(*RISE)
    with pytest.raises(error, match=says) as caught:
        run(strategy, [series], joining(series, start))
    assert "--begin" in str(caught.value)
    assert run(OwnTarget, [series], joining(series, 9)).fills


@pytest.mark.parametrize("name", ["covered_call", "iron_condor", "wheel", "momentum_rotation"])
def test_shipped_strategies_that_are_more_than_a_side(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot join"):
        run_backtest(name, first="2016-06-01", last="2017-06-01", start="2017-01-03", begin="join")


def test_the_replay_check_joins_too() -> None:
    (series,) = sample("sp500").bars
    series = series.take(0, 600)
    record = run_verified(Cross, [series], joining(series, 250), {}, {})
    assert not record.error
    assert record.fills


def test_a_run_file_says_it_and_the_settings_show_it() -> None:
    one = {"first": "2008-01-01", "last": "2011-12-31", "start": "2010-01-04"}
    result = run_backtest("sma_cross", parameters={"slow": 50}, begin="join", **one)  # type: ignore[arg-type]
    assert ("Begins", "on the side it would hold") in result.settings
    assert result.record.fills[0].order.time == result.record.instants[result.record.start]
    assert plan_of(Request("sma_cross", begin="join", **one)).settings.begin == "join"  # type: ignore[arg-type]


# beside a session ----------------------------------------------------------------------


class Protected(Strategy):
    """Long or short by the calendar of its bars, with everything that protects."""

    def on_bar(self) -> None:
        count = len(self.data.close)
        if count % 11 == 3:
            self.go_long(stop_loss=pct(4), take_profit=pct(6))
        elif count % 11 == 6:
            self.go_short(trail=pct(3))


@pytest.mark.parametrize("start", [41, 44, 47, 50])
@pytest.mark.parametrize("strategy", [Cross, Protected])
def test_a_session_joins_as_a_backtest_does(strategy: type[Strategy], start: int) -> None:
    (series,) = sample("sp500").bars
    series = series.take(3_000, 3_120)
    settings = joining(series, start, exits=(TimeStop(9),))
    backtest, session = played_twice(strategy, [series], settings)
    assert backtest.fills
    assert_equal(backtest, session)


def sailed(folder: Path, strategy: type[Strategy] = Protected) -> tuple[RunRecord, list[object]]:
    ashore = Ashore(folder, [bars()], BacktestSettings(begin="join"), strategy)
    ashore.begin()
    record = ashore.go_on()
    rows: list[object] = [entry.row for entry in ashore.journal.entries()]
    ashore.close()
    return record, rows


def test_what_was_decided_is_in_the_journal_once_before_the_first_instant(tmp_path: Path) -> None:
    record, rows = sailed(tmp_path)
    series = bars()
    start = int(series.close_time[HISTORY])
    backtest = run(Protected, [series], BacktestSettings(begin="join", start=start))
    assert differences(backtest, record) == []
    (at,) = (n for n, row in enumerate(rows) if isinstance(row, Joined))
    following, joined = rows[at + 1], rows[at]
    assert isinstance(following, Instant)
    assert isinstance(joined, Joined)
    assert following.time == start
    (join,) = joined.joins
    assert (join.symbol, join.side) == (series.symbol, Side.SELL)
    assert join.stop_loss is not None
    assert join.trail == pct(3)
    assert record.fills[0].order.time == start


def test_killed_after_any_row_it_joins_once(tmp_path: Path) -> None:
    whole, rows = sailed(tmp_path / "whole")
    first = next(n for n, row in enumerate(rows) if isinstance(row, Joined))
    for end in range(first, first + 12):
        ashore = Ashore(tmp_path / str(end), [bars()], BacktestSettings(begin="join"), Protected)
        for row in rows[:end]:
            ashore.journal.append(row)  # type: ignore[arg-type]
        ashore.recover()
        record = ashore.go_on()
        assert differences(whole, record) == [], f"cut after row {end}"
        kinds = [type(entry.row) for entry in ashore.journal.entries()]
        assert kinds.count(Joined) == 1
        assert reconcile(ashore.bridge.core.ledgers, ashore.market.book()) == []
        ashore.close()


def test_a_session_under_way_is_not_joined_later(tmp_path: Path) -> None:
    """Begun flat, it waits; asked to join when it is started again, it still does."""
    series = bars()
    flat = Ashore(tmp_path, [series], BacktestSettings(), Once)
    flat.begin()
    flat.go_on(until=int(series.close_time[HISTORY + 5]))
    flat.close()
    again = Ashore(tmp_path, [series], BacktestSettings(begin="join"), Once)
    again.recover()
    assert again.go_on().fills == ()
    assert again.bridge.joined is None
    again.close()


def test_it_waits_for_a_decision_without_a_doubt(tmp_path: Path) -> None:
    series = bars()
    ashore = Ashore(tmp_path, [series], BacktestSettings(begin="join"), Once)
    ashore.begin()
    ashore.bridge.doubt("the bar came too late to act on")
    ashore.go_on(until=int(series.close_time[HISTORY + 2]))
    ashore.bridge.doubt("")
    record = ashore.go_on()
    assert record.refused == ()
    assert record.fills[0].order.time == int(series.close_time[HISTORY + 3])
    ashore.close()


def test_a_session_at_a_broker_joins_and_says_so(tmp_path: Path) -> None:
    class Early(Strategy):
        def on_bar(self) -> None:
            if len(self.data.close) == 5:
                self.go_long()

    async def play(ship: Ship) -> None:
        ship.settings = replace(ship.settings, begin="join")
        await ship.sail(Early, until=lambda one: one.fills == 1)
        assert any(line == "after warm-up: AAPL long; what is held at the first decision is joined"
                   for line in ship.said)  # fmt: skip
        assert "joins: AAPL long" in ship.said
        held = ship.gateway.book("DU1234567").positions["AAPL"].quantity
        assert held > 0
        before = len(ship.voyage.bridge.core.ground.times)
        await ship.sail(Early, until=lambda one: len(one.voyage.bridge.core.ground.times) > before)
        assert ship.gateway.book("DU1234567").positions["AAPL"].quantity == held
        assert ship.said.count("joins: AAPL long") == 1

    on_a_gateway(tmp_path, play)
