"""Options and hedges in run files and flags: read, laid over, made into parts, written again."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from framework.calendar import TradingCalendar
from framework.cli.flags import RunFlags, overlay
from framework.components.hedge import Hedge
from framework.components.hedging import AllOf, DeltaBand, FirstOf, Interval, WhalleyWilmott
from framework.components.slippage import FixedSlippage, HalfSpread
from framework.config.plan import Plan, plan_of, run_file_of
from framework.config.request import Request, request_of
from framework.config.runfile import dump, read, validate
from framework.domain.options import Settlement, Style
from framework.errors import ConfigError, DataError, InputError, SlipwayError
from framework.feeds.volatility import load_volatility, vix
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility, VolatilitySeries
from framework.research.backtest import run_backtest
from framework.strategy import Strategy

DATA = "data: {sample: sp500-vix, from: 2015-01-01, to: 2015-03-31}\n"
STRADDLE = "strategy: short_straddle_hedged\n" + DATA
PLAIN = "strategy: sma_cross\n" + DATA


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def planned(text: str, **flags: object) -> Plan:
    Path("run.yaml").write_text(text)
    content, given = overlay(read(Path("run.yaml")), RunFlags(**flags))  # type: ignore[arg-type]
    return plan_of(request_of(validate(content, "run.yaml", given)))


def model(plan: Plan) -> OptionModel:
    assert plan.settings.options is not None
    return plan.settings.options


def hedge(plan: Plan) -> Hedge:
    assert isinstance(plan.settings.hedge, Hedge)
    return plan.settings.hedge


def wrote(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


# what a run file says -----------------------------------------------------------------------


def test_without_a_section_the_strategys_own_counts() -> None:
    plan = planned(STRADDLE)
    assert isinstance(model(plan).volatility, VolatilitySeries)
    assert (model(plan).rate, model(plan).multiplier) == (0.01, 10.0)
    assert (model(plan).style, model(plan).settlement) == (Style.EUROPEAN, Settlement.CASH)
    assert hedge(plan) == Hedge(DeltaBand(1.0))
    assert plan.settings.option_spread == HalfSpread(percent=2.0, ticks=1.0)


def test_a_strategy_without_options_has_none() -> None:
    plan = planned(PLAIN)
    assert plan.settings.options is None
    assert plan.settings.hedge is None


def test_every_key_arrives() -> None:
    plan = planned(
        PLAIN + "options: {volatility: 0.25, rate: 0.02, dividend_yield: 0.01, style: american, "
        "settlement: physical, multiplier: 50, horizon: 200, width: 0.4, step: 20, weeklies: true, "
        "spread: 'fixed:0.5'}\n"
        "hedge: {policy: [first_of, 'band:20', 'interval:5'], target: 7, min_trade: 2, "
        "max_trade: 300, max_hedge: 900, budget: 40, stale_after: 30}\n"
    )
    found = model(plan)
    assert found.volatility == ConstantVolatility(0.25)
    assert (found.rate, found.dividend_yield, found.multiplier) == (0.02, 0.01, 50.0)
    assert (found.style, found.settlement) == (Style.AMERICAN, Settlement.PHYSICAL)
    rule = found.listing
    assert (rule.horizon, rule.width, rule.step, rule.weeklies) == (200, 0.4, 20.0, True)
    assert plan.settings.option_spread == FixedSlippage(0.5)
    assert hedge(plan) == Hedge(
        FirstOf((DeltaBand(20.0), Interval(5))),
        target=7.0,
        min_trade=2.0,
        max_trade=300.0,
        max_hedge=900.0,
        budget=40.0,
        stale_after=30.0,
    )


@pytest.mark.parametrize("given", ["0.3", "{volatility: 0.3}", "'0.3'"])
def test_a_volatility_alone_will_do(given: str) -> None:
    plan = planned(STRADDLE + f"options: {given}\n")
    assert model(plan).volatility == ConstantVolatility(0.3)
    assert model(plan).multiplier == 10.0, "the rest is the strategy's"


def test_keys_left_out_are_the_strategys() -> None:
    found = model(planned(STRADDLE + "options: {rate: 0.03}\n"))
    assert isinstance(found.volatility, VolatilitySeries)
    assert (found.rate, found.dividend_yield) == (0.03, 0.02)


def test_a_key_can_be_taken_back_to_its_default() -> None:
    found = model(planned(STRADDLE + "options: {multiplier: null}\n"))
    assert found.multiplier is None


POLICIES = {
    "band:20": DeltaBand(20.0),
    "['band:20', 'interval:2']": AllOf((DeltaBand(20.0), Interval(2))),
    "[first_of, 'band:20', 'interval:2']": FirstOf((DeltaBand(20.0), Interval(2))),
    "{name: band, width: 20, to: edge}": DeltaBand(20.0, "edge"),
    "{policy: {name: whalley_wilmott, cost: 0.001, risk_aversion: 1}}": WhalleyWilmott(0.001, 1.0),
    "{policy: 'interval:3'}": Interval(3),
    "[{name: band, width: 20}, [first_of, 'interval:2', 'band:9']]": AllOf(
        (DeltaBand(20.0), FirstOf((Interval(2), DeltaBand(9.0))))
    ),
}


@pytest.mark.parametrize("given", POLICIES)
def test_a_policy_alone_will_do(given: str) -> None:
    assert hedge(planned(STRADDLE + f"hedge: {given}\n")) == Hedge(POLICIES[given])


def test_a_hedge_without_a_policy_has_the_strategys() -> None:
    assert hedge(planned(STRADDLE + "hedge: {target: 3}\n")) == Hedge(DeltaBand(1.0), target=3.0)


@pytest.mark.parametrize("given", ["none", "[none]", "{policy: none}", "{policy: [none]}"])
def test_none_is_no_hedge(given: str) -> None:
    assert planned(STRADDLE + f"hedge: {given}\n").settings.hedge is None


# flags over the file ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before", ["", "options: vix\n", "options: 0.5\n", "options: {volatility: vix, rate: 0.01}\n"]
)
def test_volatility_of_the_flag_replaces_the_files(before: str) -> None:
    found = model(planned(STRADDLE + before, volatility="0.35"))
    assert found.volatility == ConstantVolatility(0.35)
    assert (found.rate, found.multiplier) == (0.01, 10.0)


def test_the_flag_makes_options_for_a_strategy_without() -> None:
    assert model(planned(PLAIN, volatility="vix")).multiplier is None


def test_hedge_of_the_flag_replaces_the_policy_and_keeps_the_bounds() -> None:
    text = STRADDLE + "hedge: {policy: 'interval:2', max_trade: 50, target: 4}\n"
    assert hedge(planned(text, hedge=["band:9"])) == Hedge(
        DeltaBand(9.0), target=4.0, max_trade=50.0
    )
    several = hedge(planned(STRADDLE + "hedge: 'interval:2'\n", hedge=["band:9", "interval:3"]))
    assert several.hedger == AllOf((DeltaBand(9.0), Interval(3)))
    by_name = planned(STRADDLE + "hedge: {name: band, width: 2}\n", hedge=["band:9"])
    assert hedge(by_name) == Hedge(DeltaBand(9.0))


def test_the_flag_none_ends_the_strategys_hedge() -> None:
    assert planned(STRADDLE, hedge=["none"]).settings.hedge is None


# files of volatilities ----------------------------------------------------------------------

DATES = "time,volatility\n2014-12-31,0.2\n2015-02-02,0.25\n2015-03-02,0.3\n"


def test_a_file_of_dates_is_known_at_the_closes() -> None:
    series, digest = load_volatility(Path(wrote("v.csv", DATES)), "XNYS")
    assert digest == sha256(DATES.encode()).hexdigest()
    days = np.array(["2014-12-31", "2015-02-02", "2015-03-02"], "M8[D]").astype(np.int64)
    assert (series.times == TradingCalendar("XNYS").session_close_of(days)).all()
    assert series.values.tolist() == [0.2, 0.25, 0.3]


def test_a_file_of_times_is_known_then_and_points_are_hundredths() -> None:
    text = "time,points\n2015-01-02T15:00-05:00,20\n2015-01-02T21:00Z,22.5\n"
    series, _ = load_volatility(Path(wrote("v.csv", text)), "XNYS")
    start = np.datetime64("2015-01-02T20:00", "ns").astype(np.int64)
    assert (series.times - start).tolist() == [0, 3600 * 10**9]
    assert series.values.tolist() == [0.2, 0.225]


BROKEN = {
    "when,volatility\n2015-01-02,0.2\n": "columns when, volatility",
    "time,volatility,points\n2015-01-02,0.2,20\n": "columns time, volatility, points",
    "time,volatility\n2015-01-02,much\n": "nan on 2015-01-02",
    "time,volatility\n2015-01-02,-0.2\n": "-0.2 on 2015-01-02",
    "time,volatility\n2015-01-05,0.2\n2015-01-02,0.2\n": "do not rise",
    "time,volatility\n2015-01-02 16:00,0.2\n": "without an offset",
    "time,volatility\nyesterday,0.2\n": "yesterday",
    "time,volatility\n": "v.csv",
    "": "v.csv",
    "time,volatility\n2015-01-03,0.2\n": "2015-01-03",
    "time,volatility\n2015-01-02,0.2\n2015-01-05 16:00,0.3\n": "v.csv",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_named(text: str) -> None:
    with pytest.raises(DataError) as caught:
        load_volatility(Path(wrote("v.csv", text)), "XNYS")
    assert BROKEN[text] in str(caught.value)
    assert caught.value.remedy


def test_a_file_is_known_by_its_hash() -> None:
    every_week = "time,volatility\n" + "".join(
        f"{np.datetime64('2014-12-29') + 7 * n},0.2\n" for n in range(3)
    )
    wrote("v.csv", every_week)
    plan = planned(STRADDLE, volatility="v.csv")
    written = dump(run_file_of(plan))
    assert sha256(every_week.encode()).hexdigest() in written
    assert planned(written).options == plan.options
    wrote("v.csv", every_week.replace("0.2", "0.3"))
    with pytest.raises(DataError, match=r"v\.csv is not that the run file was written with"):
        planned(written)
    assert planned(written, volatility="v.csv").options != plan.options, "a flag takes any"


def test_the_vix_is_known_at_the_close_as_a_fraction() -> None:
    series = vix()
    assert series.name == "vix"
    assert (series.values > 0.08).all()
    assert (series.values < 0.6).all()
    assert (np.diff(series.times) > 0).all()


# written again ------------------------------------------------------------------------------

TEXTS = [
    STRADDLE,
    STRADDLE + "hedge: none\n",
    STRADDLE + "options: 0.2\n",
    STRADDLE + "options: {volatility: 0.2, spread: null, weeklies: true}\n",
    STRADDLE + "hedge: {policy: 'interval:2', target: 3, max_hedge: 10}\n",
    PLAIN,
    *(STRADDLE + f"hedge: {given}\n" for given in POLICIES),
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_written_run_file_makes_the_same_plan(text: str) -> None:
    plan = planned(text)
    written = dump(run_file_of(plan))
    again = planned(written)
    assert again.options == plan.options
    assert again.settings.hedge == plan.settings.hedge
    assert again.settings.option_spread == plan.settings.option_spread
    assert dump(run_file_of(again)) == written
    if plan.settings.options is not None:
        ours, theirs = model(plan), model(again)
        assert (ours.rate, ours.listing, ours.style) == (theirs.rate, theirs.listing, theirs.style)


def test_a_model_that_is_in_no_file_cannot_be_written() -> None:
    request = Request("sma_cross", data="sp500-vix", options=OptionModel(ConstantVolatility(0.2)))
    with pytest.raises(ConfigError, match="option model is in no file"):
        run_file_of(plan_of(request))


# what is wrong ------------------------------------------------------------------------------

WRONG = {
    "options: {volatilty: 0.2}": ("no key 'volatilty' in options", "Did you mean 'volatility'?"),
    "options: true": ("options is True", "mapping"),
    "options: {volatility: true}": ("options.volatility is True", "0.2"),
    "options: {volatility: 0}": ("volatility is 0.0", "above 0"),
    "options: {volatility: -0.2}": ("volatility is -0.2", "above 0"),
    "options: {volatility: .nan}": ("volatility is nan", "above 0"),
    "options: {volatility: .inf}": ("volatility is inf", "above 0"),
    "options: vxi": ("no volatility 'vxi'", "Did you mean 'vix'?"),
    "options: missing.csv": ("missing.csv cannot be read", "path"),
    "options: {volatility: 0.2, rate: much}": ("options.rate is 'much'", "number"),
    "options: {volatility: 0.2, rate: 5}": ("rate is 5", "0.02 for 2 %"),
    "options: {volatility: 0.2, style: europeen}": ("style is 'europeen'", "'european'"),
    "options: {volatility: 0.2, settlement: shares}": ("settlement is 'shares'", "physical"),
    "options: {volatility: 0.2, multiplier: 0}": ("multiplier is 0", "100"),
    "options: {volatility: 0.2, horizon: 0}": ("horizon is 0", "1 or more"),
    "options: {volatility: 0.2, horizon: true}": ("options.horizon is True", "number"),
    "options: {volatility: 0.2, width: 2}": ("width is 2", "0.25"),
    "options: {volatility: 0.2, step: -5}": ("step is -5", "above 0"),
    "options: {volatility: 0.2, spread: half_spred}": ("'half_spred'", "Did you mean"),
    "hedge: {polcy: band:2}": ("no key 'polcy' in hedge", "Did you mean 'policy'?"),
    "hedge: bnd:20": ("'bnd'", "Did you mean 'band'?"),
    "hedge: 'band:-3'": ("width is -3", "above 0"),
    "hedge: {policy: 'interval:2', target: x}": ("hedge.target is 'x'", "number"),
    "hedge: {policy: 'interval:2', max_trade: 0}": ("max_trade is 0", "above 0"),
    "hedge: {policy: 'interval:2', min_trade: 9, max_trade: 3}": ("min_trade is 9", "smaller"),
    "hedge: {policy: 'interval:2', budget: -1}": ("budget is -1", "at least 0"),
    "hedge: {policy: 'interval:2', greeks: broker}": ("greeks is 'broker'", "'model'"),
    "hedge: {policy: 'interval:2', greeks: modle}": ("greeks is 'modle'", "'model'"),
    "hedge: {policy: 'interval:2', stale_after: 0}": ("stale_after is 0", "above 0"),
    "hedge: 5": ("hedge is 5", "mapping"),
    "hedge: [first_of]": ("hedgers is ()", "at least one"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_named_with_its_remedy(text: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        planned(STRADDLE + text + "\n")
    problem, remedy = WRONG[text]
    assert problem in str(caught.value)
    assert remedy in f"{caught.value.remedy} {caught.value}"


def test_a_hedge_without_options_is_named() -> None:
    with pytest.raises(ConfigError, match="a hedge and no options"):
        planned(PLAIN + "hedge: 'band:3'\n")


def test_options_without_a_volatility_are_named() -> None:
    with pytest.raises(ConfigError, match="The options have no volatility"):
        planned(PLAIN + "options: {rate: 0.02}\n")


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"volatility": "vxi"}, "no volatility 'vxi'"),
        ({"volatility": "-1"}, "volatility is -1"),
        ({"volatility": "gone.csv"}, "gone.csv cannot be read"),
        ({"hedge": ["bnd"]}, "'bnd'"),
    ],
)
def test_a_wrong_flag_is_named(flags: Mapping[str, object], named: str) -> None:
    with pytest.raises(InputError) as caught:
        planned(STRADDLE, **flags)
    assert named in str(caught.value)


class Misspelt(Strategy):
    """Its option model has a key there is none of."""

    option_model = {"volatilty": 0.2}  # noqa: RUF012


def test_a_strategys_own_misspelt_key_is_a_named_error() -> None:
    with pytest.raises(SlipwayError, match="volatilty") as caught:
        plan_of(Request(Misspelt, data="sp500-vix"))
    assert caught.value.remedy


def test_a_misspelt_key_given_in_python_is_a_named_error() -> None:
    with pytest.raises(SlipwayError, match="volatilty") as caught:
        run_backtest("sma_cross", data="sp500-vix", options={"volatilty": 0.2})
    assert caught.value.remedy


def test_a_policy_that_is_none_in_python() -> None:
    result = run_backtest(
        "short_straddle_hedged",
        data="sp500-vix",
        first="2015-01-01",
        last="2015-02-28",
        options=0.2,
        hedge="none",
    )
    assert not [f for f in result.record.fills if f.symbol == "SP500"]
