"""Run files: read, validated, resolved and written; strategies and parts found by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from framework.brokers.simulated.policy import FillPolicy
from framework.calendar import utc_text
from framework.cli.flags import RunFlags, overlay
from framework.components.commission import PerShare
from framework.components.sizing import RiskPerTrade, Shares, SmallestOf
from framework.config.doubts import strategy_doubts
from framework.config.market import load_market
from framework.config.parts import (
    breakers_of,
    fill_axes,
    fill_policy_of,
    limits_of,
    rules_of,
    sizer_of,
)
from framework.config.plan import Plan, plan_of, run_file_of
from framework.config.request import Request, request_of
from framework.config.runfile import dump, read, validate
from framework.config.strategies import available, find_strategy
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError, DataError, SlipwayError, StrategyError
from framework.feeds.answers import FileAnswers
from framework.feeds.sample import sp500
from framework.strategy import Strategy
from tests.unit.records import bars_of


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _plan(text: str) -> Plan:
    Path("run.yaml").write_text(text)
    return plan_of(request_of(validate(read(Path("run.yaml")), "run.yaml")))


WRONG = {
    "stratgy: x": ("no key 'stratgy'", "Did you mean 'strategy'?"),
    "data: {smaple: sp500}": ("no key 'smaple' in data", "Did you mean 'sample'?"),
    "signals: {pth: x}": ("no key 'pth' in signals", "Did you mean 'path'?"),
    "cash: much": ("run.yaml: cash is 'much'", "Give a number"),
    "cash: true": ("run.yaml: cash is True", "Give a number"),
    "data: {stamp: opne}": ("data.stamp is 'opne'", "Did you mean 'open'?"),
    "data: {symbols: [ON, 7]}": ("data.symbols.0 is True", "quote it"),
    "data: {from: 12}": ("data.from is 12", "2024-01-31"),
    "data: {sample: sp500, path: x.csv}": ("a sample and a path", "Remove one"),
    "parameters: [1]": ("parameters is [1]", "mapping"),
    "weights: {A: lots}": ("weights.A is 'lots'", "number"),
    "weights: {A: .nan}": ("weights.A is nan", "number"),
    "sizing: [3]": ("sizing is [3]", "name:value"),
    "commission: 3": ("commission is 3", "name:value"),
    "fill: 3": ("fill is 3", "axis"),
    "- 1": ("no run file", "strategy: sma_cross"),
    "": ("no run file", "strategy: sma_cross"),
    "1: x": ("no run file", "strategy: sma_cross"),
    "cash: 1\n  x: [": ("run.yaml, line 2, is not valid YAML", "Correct"),
    "strategy: !!python/object:os.system x": ("line 1, is not valid YAML", "Correct"),
    "cash: 5": ("No strategy is named", "slipway strategies"),
    "strategy: sma_cross\nparameters: {fast: x}": ("fast='x'", "int"),
    "strategy: sma_cross\nlimits: max_drwdown:3": ("'max_drwdown'", "Did you mean"),
    "strategy: sma_cross\nfill: {intrabr: path}": ("'intrabr'", "Did you mean 'intrabar'?"),
    "strategy: sma_cross\nstart: 2040-01-01": ("--start 2040-01-01 is after", "earlier"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_run_file_names_key_value_and_remedy(text: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        _plan(text)
    assert caught.value.exit_code == 2
    for words in WRONG[text]:
        assert words in str(caught.value)


FULL = """\
strategy: sma_cross
parameters: {fast: 5}
data: {sample: synthetic-universe, symbols: [SYN_B, SYN_A], from: 2017-01-01, to: '2018-12-31'}
start: 2017-06-01
cash: 5e4
leverage: 2
weights: {SYN_A: 0.25, SYN_B: 0.5}
sizing: [risk:1, {name: shares, count: 500}]
commission: per_share:0.01
slippage: none
limits: [max_drawdown:30, max_positions:2]
exits: stop_percent:5
fill: {intrabar: next_bar, name: backtesting_py, sizing: decision}
"""


def test_every_key_reaches_the_run() -> None:
    plan = _plan(FULL)
    assert dict(plan.parameters) == {"fast": 5, "slow": 100}
    assert [series.symbol for series in plan.market.bars] == ["SYN_B", "SYN_A"]
    days = plan.market.bars[0].session.astype("M8[D]").astype(str)
    assert (days[0], days[-1]) == ("2017-01-03", "2018-12-31")
    settings = plan.settings
    assert (settings.cash, settings.leverage) == (50_000.0, 2.0)
    assert settings.weights == {"SYN_B": 0.5, "SYN_A": 0.25}
    assert settings.sizer == SmallestOf((RiskPerTrade(1.0), Shares(500.0)))
    assert settings.commission == PerShare(0.01)
    assert len(settings.rules) == len(settings.breakers) == len(settings.exits) == 1
    assert settings.policy.intrabar == "next_bar"
    assert (settings.policy.sizing, settings.policy.fee_per) == ("decision", "lot")
    midnight_in_new_york = 1_496_289_600_000_000_000
    assert settings.start == midnight_in_new_york


def test_a_resolved_run_file_spells_everything_out_and_resolves_to_itself() -> None:
    text = dump(run_file_of(_plan(FULL)))
    content = yaml.safe_load(text)
    assert content["parameters"] == {"fast": 5, "slow": 100}
    assert content["sizing"] == [{"name": "risk", "percent": 1.0}, {"name": "shares", "count": 500}]
    assert set(content["fill"]) == set(fill_axes())
    data = content["data"]
    assert len(data["sha256"]) == 64
    assert (data["stamp"], data["tz"], data["calendar"], data["prices"]) == (
        "close", "America/New_York", "XNYS", "split",
    )  # fmt: skip
    assert (data["from"], data["bar"]) == ("2017-01-01", "1d")
    assert dump(run_file_of(_plan(text))) == text


def test_other_bars_than_the_run_file_s_are_refused() -> None:
    text = dump(run_file_of(_plan("strategy: sma_cross")))
    changed = text.replace("sha256: ", "sha256: 0")
    with pytest.raises(DataError, match=r"not those the run file.*Remove the line sha256"):
        _plan(changed)


def test_the_hash_is_of_the_bars_in_the_range() -> None:
    whole = load_market("sp500", FileAnswers())
    part = load_market("sp500", FileAnswers(), last="2010-12-31")
    again = load_market(sp500(), FileAnswers(), last="2010-12-31")
    assert whole.sha256 != part.sha256 == again.sha256


def test_resampled_bars_come_with_those_they_are_made_of() -> None:
    market = load_market("synthetic-5m", FileAnswers(), None, "1h", "2023-11-01", "2023-11-30")
    coarse, fine = market.bars[0], market.finer["SYNTH5M"]
    assert coarse.frame == "1h"
    assert fine.frame == "5m"
    assert fine.close_time[-1] == coarse.close_time[-1]
    assert fine.session[0] == coarse.session[0]
    assert fine.open[0] == coarse.open[0]
    assert fine.volume.sum() == coarse.volume.sum()
    plain = load_market("synthetic-5m", FileAnswers(), None, "5m")
    assert not plain.finer


def test_instruments_of_the_working_directory_count() -> None:
    Path("data").mkdir()
    Path("data/instruments.yaml").write_text("X: {multiplier: 50, calendar: XNYS}\n")
    Path("X.csv").write_text("Date,Open,High,Low,Close\n2024-01-02,1,1,1,1\n2024-01-03,1,1,1,1\n")
    market = load_market(Path("X.csv"), FileAnswers())
    assert market.bars[0].instrument.multiplier == 50


def test_flags_win_over_the_run_file() -> None:
    content: dict[str, object] = {
        "strategy": "sma_cross",
        "parameters": {"fast": 5, "slow": 50},
        "cash": 1.0,
        "limits": ["max_positions:2"],
        "fill": {"intrabar": "path", "gap_slip": False},
        "data": {"sample": "sp500", "prices": "split", "sha256": "0" * 64},
    }
    flags = RunFlags(
        parameters=("fast=7",), cash=2.0, limits=("max_orders:1",), fill=("intrabar=next_bar",)
    )
    merged, places = overlay(content, flags)
    found = validate(merged, "run.yaml", places)
    assert found.parameters == {"fast": "7", "slow": 50}
    assert (found.cash, found.limits) == (2.0, ("max_orders:1",))
    policy = plan_of(request_of(validate({**merged, "data": "sp500"}))).settings.policy
    assert policy == FillPolicy(intrabar="next_bar", gap_slip=False)
    assert found.data.sha256 == "0" * 64
    assert content["parameters"] == {"fast": 5, "slow": 50}


def test_another_strategy_and_other_data_leave_nothing_behind() -> None:
    content: dict[str, object] = {
        "strategy": "sma_cross",
        "parameters": {"fast": 5},
        "data": {"path": "a.csv", "prices": "total", "symbols": ["A"], "sha256": "1"},
    }
    merged, _ = overlay(content, RunFlags(strategy="turtle", data="b.csv", bar="1w"))
    assert "parameters" not in merged
    assert merged["data"] == {"path": "b.csv", "bar": "1w"}
    merged, _ = overlay(content, RunFlags(last="2010-01-01"))
    assert merged["data"] == {
        "path": "a.csv", "prices": "total", "symbols": ["A"], "to": "2010-01-01",
    }  # fmt: skip
    assert merged["parameters"] == {"fast": 5}


def test_errors_of_flags_name_the_flag() -> None:
    merged, places = overlay({}, RunFlags(strategy="sma_cross", stamp="opne"))
    with pytest.raises(ConfigError, match=r"^--stamp is 'opne'"):
        validate(merged, "the command line", places)


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ("default", FillPolicy()),
        ("backtesting_py", FillPolicy.backtesting_py()),
        ("limit_fill=through", FillPolicy(limit_fill="through")),
        (["gap_slip=False", "intrabar=path"], FillPolicy(gap_slip=False, intrabar="path")),
        ({"trade_on_close": True}, FillPolicy(trade_on_close=True)),
        ({"name": "default", "slip_cap": "range"}, FillPolicy(slip_cap="range")),
        (FillPolicy(queue="submission"), FillPolicy(queue="submission")),
    ],
)
def test_fill_policies(given: object, policy: FillPolicy) -> None:
    assert fill_policy_of(given) == policy  # type: ignore[arg-type]


def test_a_strategy_names_the_sizers_it_is_meant_for() -> None:
    own = "strategy: turtle"
    assert _plan(own).settings.sizer == sizer_of(["atr:percent=1,period=20", "percent:95"])
    assert _plan(f"{own}\nsizing: shares:7").settings.sizer == Shares(7)


def test_parts_are_objects_or_names_or_both() -> None:
    assert sizer_of("shares:5") == sizer_of(Shares(5)) == sizer_of([{"name": "shares", "count": 5}])
    assert sizer_of(["risk:2", Shares(5)]) == SmallestOf((RiskPerTrade(2), Shares(5)))
    limits = limits_of(["max_drawdown:5", "max_orders:3"])
    assert len(rules_of(limits)) == len(breakers_of(limits)) == 1
    with pytest.raises(ConfigError, match=r"3 is no sizing component.*slipway components"):
        sizer_of(3)  # type: ignore[arg-type]


def test_strategies_of_the_working_directory_come_first() -> None:
    assert "sma_cross" in available()
    Path("strategies").mkdir()
    code = "from framework import Strategy\nclass Mine(Strategy):\n    '''Mine.'''\n"
    Path("strategies/sma_cross.py").write_text(code)
    Path("strategies/_helper.py").write_text("1/0")
    assert find_strategy("sma_cross").cls.__name__ == "Mine"
    assert "_helper" not in available()
    assert find_strategy("strategies/sma_cross.py:Mine").cls is find_strategy("sma_cross").cls


def test_a_changed_file_is_loaded_anew() -> None:
    Path("x.py").write_text("from framework import Strategy\nclass A(Strategy):\n    n: int = 1\n")
    before = find_strategy("x.py")
    Path("x.py").write_text("from framework import Strategy\nclass A(Strategy):\n    n: int = 2\n")
    after = find_strategy("x.py")
    assert (before.cls.n, after.cls.n) == (1, 2)  # type: ignore[attr-defined]
    assert before.code != after.code


def test_what_is_in_no_file_cannot_be_written() -> None:
    class Local(Strategy):
        pass

    plan = plan_of(Request(strategy=Local))
    with pytest.raises(ConfigError, match="Local is in no file"):
        run_file_of(plan)
    with pytest.raises(ConfigError, match=r"bars are in no file"):
        run_file_of(plan_of(Request(strategy="sma_cross", data=sp500())))
    with pytest.raises(ConfigError, match="data are dict"):
        plan_of(Request(strategy="sma_cross", data={}))  # type: ignore[arg-type]
    with pytest.raises(StrategyError, match="is no strategy"):
        plan_of(Request(strategy=int))  # type: ignore[arg-type]


def _warned(*instruments: Instrument, frame: str = "1d", **parts: object) -> tuple[str, ...]:
    bars = [
        replace(bars_of([1.25] * 3, one.symbol), instrument=one, frame=frame) for one in instruments
    ]
    return plan_of(Request(strategy="sma_cross", data=bars, **parts)).warnings  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("calendar", "commission", "fee"),
    [
        ("24/5", None, "ibkr_fixed charges 400.00 for 100,000.00 of X"),
        ("24/7", "ibkr_fixed", "ibkr_fixed charges 400.00"),
        ("CMES", "ibkr_tiered", "ibkr_tiered charges 280.00"),
        ("CME", None, "whose calendar CME is no stock exchange's"),
        ("us_futures", None, "us_futures"),
        ("CFE", None, "CFE"),
    ],
)
def test_stock_fees_on_what_is_hardly_a_stock_are_told_with_figures(
    calendar: str, commission: str | None, fee: str
) -> None:
    (warning,) = _warned(Instrument("X", calendar=calendar), commission=commission)
    assert warning.startswith("X is treated as a stock in USD: ")
    assert fee in warning
    assert "give it a type in data/instruments.yaml, or another --commission." in warning


def test_many_symbols_with_stock_fees_are_one_sentence() -> None:
    names = [f"P{number}" for number in range(7)]
    (warning,) = _warned(*(Instrument(name, calendar="24/5") for name in names))
    assert warning.startswith("P0, P1, P2, P3, P4 and 2 more are treated as stocks in USD: ")


def test_stock_fees_are_no_doubt_where_they_fit_or_are_not_charged() -> None:
    odd = Instrument("X", calendar="24/5")
    assert not _warned(Instrument("A"), Instrument("B", calendar="XETR"))
    assert not _warned(odd, commission="percent:0.002")
    assert not _warned(replace(odd, type=AssetType.FOREX), commission="per_order:2")
    assert not _warned(replace(odd, type=AssetType.INDEX))


def test_a_commission_without_fees_for_the_instrument_is_refused_before_the_run() -> None:
    with pytest.raises(ConfigError, match=r"X, which is crypto in XAU\. Choose another commission"):
        _warned(Instrument("X", type=AssetType.CRYPTO, currency="XAU", calendar="24/7"))


@pytest.mark.parametrize("breaker", ["daily_loss", "daily_loss_money"])
@pytest.mark.parametrize(("frame", "warns"), [("1d", True), ("1w", True), ("4h", False)])
def test_a_halt_for_the_session_is_short_on_daily_bars(
    breaker: str, frame: str, warns: bool
) -> None:
    found = _warned(Instrument("X"), frame=frame, limits=[breaker, breaker, "max_drawdown"])
    assert len(found) == warns
    assert all(f"{breaker} halts only until the next bar" in warning for warning in found)


def test_signals_for_a_strategy_that_ignores_them_are_refused() -> None:
    class Deaf(Strategy):
        pass

    class Hears(Strategy):
        def on_signal(self, signal: object) -> None:
            pass

    class Inherits(Hears):
        pass

    with pytest.raises(ConfigError, match=r"Deaf has no on_signal.*leave --signals out"):
        plan_of(Request(strategy=Deaf, data=sp500(), signals=[]))
    plan_of(Request(strategy=Inherits, data=sp500(), signals=[]))


class Listens(Strategy):
    """Hears signals and does nothing."""

    def on_signal(self, signal: object) -> None:
        pass


SPAN = {"first": "2010-01-04", "last": "2010-01-08"}
OLD, NOW, LATE = "1990-01-02 10:00", "2010-01-04 00:00", "2019-06-03 10:00"


@pytest.mark.parametrize(
    ("times", "heard", "warning"),
    [
        ([NOW, "2010-01-04 12:00"], [NOW, "2010-01-04 12:00"], None),
        ([OLD, NOW], [NOW], "1 of 2 signals is older than the first bar and was dropped."),
        (
            [OLD, "2010-01-03 23:59", NOW],
            [NOW],
            "2 of 3 signals are older than the first bar and were dropped.",
        ),
        ([NOW, LATE], [NOW, LATE], "1 of 2 signals is later than the last bar."),
        (
            [OLD, NOW, LATE],
            [NOW, LATE],
            "1 of 3 signals is older than the first bar and was dropped; "
            "1 is later than the last bar.",
        ),
    ],
)
def test_signals_outside_the_bars_are_counted_and_old_ones_dropped(
    times: list[str], heard: list[str], warning: str | None
) -> None:
    rows = "".join(f"{time},SP500,BUY\n" for time in times)
    Path("my.csv").write_text(f"time,symbol,action\n{rows}")
    plan = plan_of(Request(strategy=Listens, signals="my.csv", signals_tz="UTC", **SPAN))  # type: ignore[arg-type]
    found = [utc_text(signal.time).removesuffix(" UTC") for signal in plan.settings.signals]
    assert found == heard
    told = [line for line in plan.warnings if line.startswith("my.csv: ")]
    assert told == ([] if warning is None else [f"my.csv: {warning}"])


def test_signals_of_the_first_week_are_heard_by_bars_of_a_week() -> None:
    Path("my.csv").write_text("time,symbol,action\n2010-01-05 10:00,SP500,BUY\n")
    plan = plan_of(
        Request(strategy=Listens, signals="my.csv", signals_tz="UTC", bar="1w", first="2010-01-04")
    )
    assert len(plan.settings.signals) == 1


def _opens(share: float, count: int = 200, per_session: int = 1) -> Bars:
    """Bars of which this share opens at the close before, the first of them first."""
    bars = bars_of([10.0 + number % 7 for number in range(count)], "ABC", per_session)
    opened = bars.open.copy()
    opened[1 + round(share * (count - 1)) :] += 0.25
    return replace(bars, open=opened)


@pytest.mark.parametrize(
    ("bars", "told"),
    [
        (_opens(1.0), "ABC: 100 % of the opens are the previous close: market orders fill there"),
        (_opens(0.4), "ABC: 40 % of the opens are the previous close: "),
        (_opens(0.29), None),
        (_opens(1.0, count=99), None),
        (_opens(0.4, count=1000, per_session=2), "ABC: 40 % of the opens"),
        (
            _opens(0.6, count=1000),
            "ABC: 60 % of the opens are the previous close (100 % before 2021",
        ),
    ],
)
def test_opens_that_repeat_the_close_are_told(bars: Bars, told: str | None) -> None:
    found = [line for line in plan_of(Request("sma_cross", data=bars)).warnings if "opens" in line]
    assert len(found) == (told is not None)
    assert all(line.startswith(told or "") for line in found)


def test_opens_inside_a_session_may_repeat_the_close() -> None:
    bars = bars_of([10.0 + number % 7 for number in range(600)], "ABC", 5)
    first = np.diff(bars.session, prepend=0) > 0
    bars = replace(bars, open=np.where(first, bars.open + 0.25, bars.open))
    assert not any("opens" in line for line in plan_of(Request("sma_cross", data=bars)).warnings)


def test_the_share_of_repeated_opens_of_the_sample() -> None:
    (warning,) = plan_of(Request("sma_cross", data="sp500")).warnings
    assert warning == (
        "SP500: 40 % of the opens are the previous close (96 % before 2006): market orders fill "
        "there at the price they were decided on and stops never gap."
    )


def test_a_method_named_like_a_hook_is_pointed_out() -> None:
    class Misspelt(Strategy):
        def on_bars(self) -> None:
            pass

    class Wired(Strategy):
        on_top: bool = True

        def setup(self) -> None:
            self.when(self.data.close > 1.0, self.on_breakout)

        def on_breakout(self) -> None:
            pass

    class Child(Misspelt):
        pass

    for strategy in (Misspelt, Child):
        (warning,) = strategy_doubts(strategy, has_signals=False)
        assert f"{strategy.__name__}.on_bars is no hook and is never called. " in warning
        assert "Did you mean 'on_bar'?" in warning
    assert strategy_doubts(Wired, has_signals=False) == ()
    assert any("on_bars" in line for line in plan_of(Request(Misspelt)).warnings)


def test_a_strategy_that_listens_without_signals_is_pointed_out() -> None:
    assert strategy_doubts(Listens, has_signals=True) == ()
    (warning,) = strategy_doubts(Listens, has_signals=False)
    assert "Listens.on_signal is never called" in warning
    assert "--signals" in warning
