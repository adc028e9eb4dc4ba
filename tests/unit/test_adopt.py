"""Adoption: parameters, sizers, time, halts, errors and the loader's hook."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from typing import Any, ClassVar

import pytest

from framework.adopt.adopted import adopted
from framework.adopt.feed import ExchangeClock
from framework.adopt.hook import adopt
from framework.adopt.sizers import sizer_of
from framework.backtest.run import run, run_verified
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import MaxDrawdown
from framework.errors import ConfigError
from framework.modules import load_module
from framework.strategy import Strategy, parameters_of
from tests.builders import MINUTE, bars_of, five_minutes, flat_rows, free
from tests.unit.adopting import RISING, Act, Scripted, played, scripted

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import backtrader as bt

NAIVE: tzinfo | None = None
"""backtrader's times have no zone."""

# parameters and sizers ---------------------------------------------------------------------


class Fixed(bt.Sizer):
    params = (("units", 3),)

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> int:
        return self.p.units


class WithParameters(Scripted):
    params = (
        ("period", 5),
        ("factor", 1.5),
        ("loud", False),
        ("name", "x"),
        ("extra", None),
        ("average", bt.ind.SMA),
        ("orders", 2),
    )

    def __init__(self) -> None:
        self.seen.append(self.p)


def test_parameters_are_those_of_params() -> None:
    found = {item.name: item.default for item in parameters_of(adopted(WithParameters))}
    assert found == {
        "period": 5,
        "factor": 1.5,
        "loud": False,
        "name": "x",
        "extra": None,
        "orders_": 2,
        "sizer": "",
    }


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"period": "7"}, "period", 7),
        ({"period": "2.5"}, "period", 2.5),
        ({"factor": "2"}, "factor", 2.0),
        ({"loud": "true"}, "loud", True),
        ({"name": "5"}, "name", "5"),
        ({"extra": "5"}, "extra", 5),
        ({"extra": "five"}, "extra", "five"),
        ({"orders_": "4"}, "orders", 4),
        ({}, "average", bt.ind.SMA),
    ],
)
def test_a_parameter_reaches_the_strategy(given: dict[str, object], name: str, value: Any) -> None:
    WithParameters.seen = []
    record = run(adopted(WithParameters), [bars_of(RISING)], free(), given)
    assert record.error == ""
    reached = getattr(WithParameters.seen[0], name)
    assert (reached, type(reached)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"perod": 7}, "'perod'.*Did you mean 'period'"),
        ({"period": "many"}, "period='many'"),
        ({"sizer": "Fixd"}, "'Fixd'.*Did you mean 'Fixed'"),
        ({"sizer": "Fixed(unit=3)"}, "'unit'.*Did you mean 'units'"),
        ({"sizer": "Fixed(3)"}, r"Fixed\(3\)"),
        ({"sizer": "percent:95"}, "percent:95"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(
    given: dict[str, object], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        adopted(WithParameters)(given)


@pytest.mark.parametrize(
    ("text", "units"),
    [("", 1.0), ("FixedSize(stake=20)", 20.0), ("Fixed", 3.0), ("Fixed(units=4)", 4.0)],
)
def test_a_sizer_takes_the_place_of_addsizer(text: str, units: float) -> None:
    class Buyer(Scripted):
        script: ClassVar[dict[int, Act]] = {0: lambda s: s.buy()}

    record = run(adopted(Buyer), [bars_of(RISING)], free(), {"sizer": text})
    assert [item.order.quantity for item in record.orders] == [units]


def test_sizers_of_the_file_come_first() -> None:
    assert sizer_of("Fixed", __name__) == (Fixed, {})


def test_a_strategy_with_a_sizer_parameter_keeps_it() -> None:
    class Own(Scripted):
        params = (("sizer", 8),)

    assert [(p.name, p.default) for p in parameters_of(adopted(Own))] == [("sizer", 8)]


# time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "local"),
    [
        (datetime(2020, 2, 24, 21, tzinfo=UTC), datetime(2020, 2, 24, 16, tzinfo=NAIVE)),
        (datetime(2020, 7, 1, 13, 35, tzinfo=UTC), datetime(2020, 7, 1, 9, 35, tzinfo=NAIVE)),
    ],
)
def test_times_are_the_exchanges_own(moment: datetime, local: datetime) -> None:
    clock = ExchangeClock("America/New_York")
    ns = int(moment.timestamp()) * 10**9
    assert clock.local(ns) == local
    assert clock.moment(clock.number(ns)) == moment


def test_a_strategy_reads_the_exchanges_clock() -> None:
    cls = scripted({i: lambda s: (s.data.datetime.date(), s.data.datetime.time()) for i in (0, 3)})
    played(cls, five_minutes(flat_rows([10.0] * 6), 3))
    assert cls.seen == [
        (date(2020, 2, 24), time(15, 50)),
        (date(2020, 2, 25), time(15, 50)),
    ]


def test_timers_ring_at_the_exchanges_time_and_at_the_sessions_end() -> None:
    class Timed(Scripted):
        def __init__(self) -> None:
            self.early = self.add_timer(when=time(15, 55))
            self.late = self.add_timer(when=bt.timer.SESSION_END)

        def notify_timer(self, timer: Any, when: Any, *args: Any, **kwargs: Any) -> None:
            name = "early" if timer is self.early else "late"
            self.seen.append((name, self.data.datetime.datetime(0).day, len(self.data)))

    Timed.seen = []
    played(Timed, five_minutes(flat_rows([10.0] * 6), 3))
    assert Timed.seen == [("early", 24, 2), ("late", 24, 3), ("early", 25, 5), ("late", 25, 6)]


def test_feeds_of_different_lengths_wait_for_each_other() -> None:
    class Two(Scripted):
        def next(self) -> None:
            self.seen.append((len(self), len(self.data0), len(self.data1), self.data1.close[0]))

    Two.seen = []
    first = bars_of(flat_rows([10.0] * 6), "AAA")
    second = bars_of(flat_rows([20.0, 21.0, 22.0]), "BBB", sessions=[2, 3, 5])
    played(Two, [first, second])
    assert Two.seen == [(3, 3, 1, 20.0), (4, 4, 2, 21.0), (5, 5, 2, 21.0), (6, 6, 3, 22.0)]


# runs --------------------------------------------------------------------------------------


def test_a_halt_leaves_no_gap_in_what_the_strategy_sees() -> None:
    """A breaker trips at bar 4: `next` is left out there, the indicators are not."""

    class Steady(Scripted):
        def __init__(self) -> None:
            self.mean = bt.ind.SMA(self.data.close, period=3)

        def next(self) -> None:
            if len(self) == 3:
                self.buy(size=900)
            self.seen.append((len(self), self.mean[0], self.position.size))

        def notify_order(self, order: bt.Order) -> None:
            if order.status == bt.Order.Completed:
                self.told.append((len(self), order.info.get("origin", ""), ""))

        def notify_trade(self, trade: bt.Trade) -> None:
            self.told.append((len(self), "trade", str(trade.isclosed)))

    Steady.seen, Steady.told = [], []
    closes = [100.0, 100.0, 100.0, 100.0, 80.0, 79.0, 78.0, 77.0]
    record = played(Steady, bars_of(flat_rows(closes, 0.5)), breakers=(MaxDrawdown(5.0),))
    assert [trip.breaker for trip in record.trips] == ["max_drawdown"]
    assert [bar for bar, _, _ in Steady.seen] == [3, 4, 6, 7, 8]
    assert [mean for _, mean, _ in Steady.seen] == pytest.approx(
        [100.0, 100.0, (100.0 + 80.0 + 79.0) / 3, 79.0, 78.0]
    )
    assert [size for _, _, size in Steady.seen] == [0, 900, 0, 0, 0]
    assert Steady.told == [
        (4, "", ""),
        (4, "trade", "False"),
        (6, "breaker", ""),
        (6, "trade", "True"),
    ]


def test_bars_missed_in_a_halt_keep_their_own_times() -> None:
    """The halt's bar of BBB is handed on later, at an instant at which only AAA has a bar."""

    class Dated(Scripted):
        def next(self) -> None:
            if len(self.data0) == 3:
                self.buy(self.data0, size=900)
            self.seen.append((self.data0.datetime.date(), self.data1.datetime.date()))

    Dated.seen = []
    first = bars_of(flat_rows([100.0, 100.0, 100.0, 100.0, 80.0, 79.0], 0.5), "AAA")
    second = bars_of(flat_rows([20.0] * 5), "BBB", sessions=[0, 1, 2, 3, 4])
    played(Dated, [first, second], breakers=(MaxDrawdown(5.0),))
    friday, monday = date(2020, 2, 28), date(2020, 3, 2)
    assert Dated.seen[-1] == (monday, friday)
    assert len(Dated.seen) == 5


def test_checking_again_prints_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    class Talker(bt.Strategy):
        def __init__(self) -> None:
            print("made")

        def next(self) -> None:
            print(f"bar {len(self)}")
            if len(self) in (3, 6):
                self.buy(size=1)

        def stop(self) -> None:
            print("over")

    record = run_verified(adopted(Talker), [bars_of(RISING)], free(), {}, {})
    assert record.error == ""
    expected = ["made", *(f"bar {i}" for i in range(1, 13)), "over"]
    assert capsys.readouterr().out.splitlines() == expected


def test_runstop_ends_the_strategy_and_not_the_run() -> None:
    cls = scripted({2: lambda s: s.env.runstop(), 3: lambda s: s.buy(size=1)})
    record = played(cls)
    assert record.orders == ()
    assert record.stop == len(RISING)


def test_an_error_names_the_strategys_own_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text(
        "import backtrader as bt\n"
        "class Broken(bt.Strategy):\n"
        "    def next(self):\n"
        "        self.nothing.here()\n",
        "utf-8",
    )
    module = load_module(file, "adopted_", ConfigError)
    record = run(adopted(module.Broken), [bars_of(RISING)], free())
    assert record.error.startswith("broken.py, line 4, `self.nothing.here()`: AttributeError")


def test_before_the_start_orders_are_rejected() -> None:
    cls = scripted({0: lambda s: s.buy(size=1), 6: lambda s: s.buy(size=1)})
    bars = bars_of(RISING)
    record = played(cls, bars, start=int(bars.close_time[5]))
    assert [order.getstatusname() for order in cls.seen] == ["Rejected", "Completed"]
    assert len(record.fills) == 1


def test_the_signals_before_the_last_bar_only() -> None:
    """What is ordered at the close of the last bar is sent, and rests."""
    record = played(scripted({11: lambda s: s.buy(size=1)}))
    assert [str(item.status) for item in record.orders] == ["working"]


# the hook ----------------------------------------------------------------------------------


def test_the_hook_takes_strategies_of_backtrader_only() -> None:
    found = adopt(Scripted)
    assert found is not None
    assert issubclass(found, Strategy)
    assert (found.__name__, found.__module__) == ("Scripted", Scripted.__module__)
    assert adopt(bt.Sizer) is None
    assert adopt(Strategy) is None
    assert adopt(int) is None


def test_the_policy_is_the_users() -> None:
    """Our default lets a bracket's stop trade in the bar of its entry; backtrader's does not."""

    def act(s: Scripted) -> object:
        return s.buy_bracket(size=1, exectype=bt.Order.Market, stopprice=95.0, limitprice=200.0)

    rows = [(100.0, 101.0, 99.0, 100.0), (100.0, 101.0, 90.0, 100.0), (100.0, 101.0, 94.0, 100.0)]
    bars = bars_of([*rows, rows[0]])

    def bars_of_fills(policy: FillPolicy) -> list[int]:
        record = played(scripted({0: act}), bars, policy=policy)
        return [
            int((fill.time - bars.close_time[0]) // (24 * 60 * MINUTE)) for fill in record.fills
        ]

    assert bars_of_fills(FillPolicy()) == [1, 1]
    assert bars_of_fills(FillPolicy.backtrader()) == [1, 2]


@pytest.mark.parametrize(
    ("setter", "given", "flag"),
    [
        ("setcash", 5, "--cash"),
        ("setcommission", 0.01, "--commission"),
        ("set_slippage_perc", 0.01, "--slippage"),
        ("set_coc", True, "trade_on_close"),
    ],
)
def test_a_broker_set_up_inside_a_strategy_is_refused_with_the_flag(
    setter: str, given: object, flag: str
) -> None:
    class SetsUp(bt.Strategy):
        def next(self) -> None:
            getattr(self.broker, setter)(given)

    record = run(adopted(SetsUp), [bars_of(flat_rows([100.0] * 3))], free())
    assert flag in record.error
