"""Which path a run takes, and that the machine code is never waited for unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework import compiled
from framework.backtest import paths
from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.paths import fastest, hindrance
from framework.backtest.record import COMPILED
from framework.backtest.rows import Rows
from framework.backtest.run import run
from framework.domain.orders import atr
from framework.series import always, flat
from framework.strategy import Strategy
from tests.builders import bars_of, free

BARS = bars_of([(100.0, 101.0, 99.0, 100.0)] * 12)


class Buys(Strategy):
    def setup(self) -> None:
        self.when(flat, self.buy, quantity=1.0)


class Counts(Strategy):
    """Buys at the third bar it is asked about, and at the eighth does what the kernel cannot."""

    def setup(self) -> None:
        self.asked = 0

    def on_bar(self) -> None:
        self.asked += 1
        if self.asked == 3:
            self.buy(1.0)
        if self.asked == 8:
            getattr(self, "cancel" + "_all")()


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_COMPILED", "0")
    monkeypatch.setattr(compiled.state, "ready", {})


def test_nothing_in_the_way_is_compiled() -> None:
    record = fastest(Cast(Buys, (BARS,), free(), {}), {}, "", None)
    assert (record.path, len(record.fills)) == (COMPILED, 1)


def test_a_hindrance_is_told() -> None:
    record = fastest(Cast(Buys, (BARS,), free(), {}), {}, "it rains", None)
    assert (record.path, len(record.fills)) == ("event engine: it rains", 1)


def test_what_gave_up_is_run_again_by_a_fresh_instance() -> None:
    record = fastest(Cast(Counts, (BARS,), free(), {}), {}, "", None)
    assert record.path == "event engine: orders was read"
    assert [fill.time for fill in record.fills] == [BARS.close_time[3]]


@pytest.mark.parametrize("strategy", [Buys, Counts])
def test_progress_is_told_to_the_end_on_each_path(strategy: type[Strategy]) -> None:
    told: list[tuple[int, int]] = []
    fastest(Cast(strategy, (BARS,), free(), {}), {}, "", lambda *now: told.append(now))
    assert told[-1] == (12, 12)
    assert all(done <= total for done, total in told)


def test_the_warm_up_measured_before_survives_giving_up() -> None:
    cast = Cast(Counts, (BARS,), free(), {})
    cast.warmup = 5
    assert fastest(cast, {}, "", None).warmup == 5


def test_switched_off_the_engine_runs() -> None:
    record = run(Buys, [BARS], free())
    assert record.path == "event engine: machine code is switched off (SLIPWAY_COMPILED=0)"
    assert len(record.fills) == 1


# hindrances --------------------------------------------------------------------------------------

NOT_YET = "the kernel is not compiled on this machine yet"
BUSY = "another process is compiling the kernel"


@pytest.mark.parametrize(
    ("bars", "on_disk", "compiles", "loaded", "expected"),
    [
        (10, False, True, False, NOT_YET),
        (paths.WORTH_COMPILING - 1, False, True, True, NOT_YET),
        (paths.WORTH_COMPILING, False, True, False, ""),
        (paths.WORTH_COMPILING, False, False, False, BUSY),
        (10, True, True, False, "10 bars are done before the compiled code is loaded"),
        (paths.WORTH_LOADING - 1, True, True, False, f"{paths.WORTH_LOADING - 1:,} bars are done"),
        (paths.WORTH_LOADING, True, True, False, ""),
        (10, True, True, True, ""),
    ],
)
def test_hindrance(
    bars: int,
    on_disk: bool,
    compiles: bool,
    loaded: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads: list[bool] = []
    answers: dict[str, Callable[..., Any]] = {
        "is_compiled": lambda function: on_disk,
        "compile_entries": lambda: compiles,
        "is_loaded": lambda: loaded,
        "load": lambda: loads.append(True),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(paths, "is_allowed", lambda: True)
        monkeypatch.setattr(paths, name, answer)
    found = hindrance(bars)
    assert found.startswith(expected) and bool(found) == bool(expected)
    assert bool(loads) == (not expected)


def test_a_first_run_compiles_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SLIPWAY_COMPILED")
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    record = run(Buys, [BARS], free())
    assert record.path.startswith(f"event engine: {NOT_YET}")
    assert list(tmp_path.iterdir()) == []


# rows --------------------------------------------------------------------------------------------

SAME: list[tuple[str, Callable[[Any], object]]] = [
    ("length", len),
    ("first", lambda rows: rows[0]),
    ("last", lambda rows: rows[-1]),
    ("beginning", lambda rows: rows[-5]),
    ("slice", lambda rows: rows[1:3]),
    ("backwards", lambda rows: rows[::-1]),
    ("empty slice", lambda rows: rows[7:]),
    ("list", list),
    ("reversed", lambda rows: list(reversed(rows))),
    ("contains", lambda rows: (30 in rows, 31 in rows)),
    ("index", lambda rows: rows.index(20)),
    ("count", lambda rows: (rows.count(10), rows.count(11))),
    ("text", repr),
    ("truth", bool),
    ("equal", lambda rows: rows == (0, 10, 20, 30, 40)),
    ("unequal", lambda rows: rows == (0, 10, 20, 30)),
    ("no sequence", lambda rows: rows == 5),
]


@pytest.mark.parametrize("looked_through", [False, True])
@pytest.mark.parametrize(("name", "act"), SAME, ids=[name for name, _ in SAME])
def test_rows_are_like_a_tuple(
    name: str, act: Callable[[Any], object], looked_through: bool
) -> None:
    rows: Rows[int] = Rows(5, lambda row: 10 * row)
    if looked_through:
        list(rows)
    assert act(rows) == act((0, 10, 20, 30, 40))


@pytest.mark.parametrize("looked_through", [False, True])
@pytest.mark.parametrize("index", [5, -6, 100])
def test_rows_end_where_they_end(index: int, looked_through: bool) -> None:
    rows: Rows[int] = Rows(5, lambda row: 10 * row)
    if looked_through:
        list(rows)
    with pytest.raises(IndexError):
        rows[index]


def test_rows_are_made_when_they_are_looked_at_and_once() -> None:
    made: list[int] = []
    rows: Rows[int] = Rows(3, lambda row: made.append(row) or row)  # type: ignore[func-returns-value]
    assert (len(rows), bool(rows), made) == (3, True, [])
    assert (rows[1], made) == (1, [1])
    assert (list(rows), list(rows), rows[2], made) == ([0, 1, 2], [0, 1, 2], 2, [1, 0, 1, 2])


def test_two_rows_of_equal_objects_are_equal() -> None:
    assert Rows(2, lambda row: row) == Rows(2, lambda row: row)
    assert Rows(2, lambda row: row) != Rows(2, lambda row: row + 1)
    assert Rows(0, lambda row: row) == ()


def test_cash_is_the_sum_of_the_sleeves_once_an_order_was_sent() -> None:
    """Sums of parts of an odd amount differ from it in the last bit."""

    class Retracts(Strategy):
        def setup(self) -> None:
            self.when(self.data.close > 100.5, self.buy, quantity=1.0)
            self.when(self.data.close > 100.5, self.close)

    rows = [(100.0, 102.0, 99.0, 100.0), (100.0, 102.0, 99.0, 101.0)] * 3
    bars = tuple(bars_of(rows, symbol) for symbol in ("AAA", "BBB", "CCC"))
    weights = {"AAA": 0.077, "BBB": 0.202, "CCC": 0.077}
    settings = free(cash=3333.3333333333335, weights=weights)
    machine = Machine(Cast(Retracts, bars, settings, {}), {})
    engine = machine.record(machine.play(None))
    record = fastest(Cast(Retracts, bars, settings, {}), {}, "", None)
    assert record.path == COMPILED
    assert engine.cash[0] != engine.cash[1]
    assert record.cash.tobytes() == engine.cash.tobytes()


def test_always_is_a_condition_of_one_bit() -> None:
    class Always(Strategy):
        def setup(self) -> None:
            self.when(always, self.go_long)

    record = fastest(Cast(Always, (BARS,), free(), {}), {}, "", None)
    assert (record.path, len(record.fills)) == (COMPILED, 1)


# what random bars rarely do -----------------------------------------------------------------------

FLAT = (100.0, 101.0, 99.0, 100.0)


@pytest.mark.parametrize("quiet", [0, 1, 5])
@pytest.mark.parametrize(
    ("verb", "touch", "price"),
    [
        ("buy", (100.0, 101.0, 98.0, 100.0), 98.0),
        ("buy", (100.0, 104.0, 99.0, 100.0), 104.0),
        ("sell", (100.0, 102.0, 99.0, 100.0), 102.0),
        ("sell", (100.0, 101.0, 96.0, 100.0), 96.0),
    ],
    ids=["long stop", "long target", "short stop", "short target"],
)
def test_a_price_only_just_reached_after_quiet_bars(
    verb: str, touch: tuple[float, float, float, float], price: float, quiet: int
) -> None:
    class Waits(Strategy):
        def setup(self) -> None:
            stop, target = (98.0, 104.0) if verb == "buy" else (102.0, 96.0)
            send = getattr(self, verb)
            self.when(flat, send, quantity=1.0, stop_loss=stop, take_profit=target)

    bars = bars_of([FLAT, FLAT, *[FLAT] * quiet, touch, FLAT])
    record = fastest(Cast(Waits, (bars,), free(), {}), {}, "", None)
    assert record.path == COMPILED
    exits = [(fill.time, fill.price) for fill in record.fills if fill.order.parent]
    assert exits == [(bars.close_time[2 + quiet], price)]


def test_a_range_of_zero_is_not_known_on_any_path() -> None:
    class Ranges(Strategy):
        def setup(self) -> None:
            self.when(flat, self.go_long, stop_loss=atr(2, 3))

    bars = bars_of([(100.0, 100.0, 100.0, 100.0)] * 8)
    machine = Machine(Cast(Ranges, (bars,), free(), {}), {})
    engine = machine.record(machine.play(None))
    record = fastest(Cast(Ranges, (bars,), free(), {}), {}, "", None)
    assert (record.path, len(record.refused)) == (COMPILED, 8)
    assert record.refused == engine.refused
