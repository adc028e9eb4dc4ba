"""The hedging lab: paths, true time, costs, many paths and policies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, sqrt
from pathlib import Path

import numpy as np
import pytest

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.run import run as backtest
from framework.components.hedge import Hedge
from framework.components.hedging import AllOf, Interval, Leland, WhalleyWilmott
from framework.domain.options import BookGreeks
from framework.errors import ConfigError, SlipwayError
from framework.hedge_ports import HedgeState, VolatilityRule
from framework.hedgelab import trial as trials
from framework.hedgelab.clock import in_true_time
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.lab import hedge_lab
from framework.hedgelab.outcome import Outcome, costs_of
from framework.hedgelab.policies import Policy, default_policies, policy_of
from framework.hedgelab.stop_loss import StopLoss
from framework.hedgelab.trial import Hedged, Trial

WEEKLY = Experiment(cost=0.0, step=1.0)
SHORT = Experiment(weeks=4.0, step=1.0)


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# the experiment ---------------------------------------------------------------------------------


def test_a_path_is_its_own_and_has_the_moments_of_its_market() -> None:
    experiment = Experiment(step=2.5)
    paths = np.array([experiment.path(3, number) for number in range(4_000)])
    assert np.array_equal(paths[7], experiment.path(3, 7))
    assert not np.array_equal(paths[7], experiment.path(4, 7))
    assert (paths[:, 0] == 49.0).all()
    moves = np.log(paths[:, -1] / 49.0)
    years = 20.0 / 52.0
    assert abs(moves.mean() - (0.13 - 0.02) * years) < 4.0 * 0.2 * sqrt(years / 4_000)
    assert abs(moves.std() / (0.2 * sqrt(years)) - 1.0) < 4.0 / sqrt(8_000)


EXPERIMENTS = [
    ({"spot": -1.0}, "spot is -1.0"),
    ({"strike": 50.0001}, "multiple of 0.001"),
    ({"volatility": 20.0}, "volatility is 20.0"),
    ({"rate": float("nan")}, "rate is nan"),
    ({"cost": 1.0}, "cost is 1.0"),
    ({"lot": 0.0}, "lot is 0.0"),
    ({"step": 3.0}, "does not divide 20 weeks. Give one that does, such as 2.5."),
    ({"step": 40.0}, "such as 20."),
    ({"step": 0.0001}, "200,000 times"),
    ({"step": 5.0, "rate": 0.5}, "too long for a rate of 0.5"),
]


@pytest.mark.parametrize(("given", "said"), EXPERIMENTS)
def test_an_experiment_that_cannot_be(given: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        Experiment(**given)
    assert said in str(error.value)


# one path ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Half:
    """Half of one unit at the first look, all of it at the second."""

    def net_delta(self, state: HedgeState) -> float | None:
        if state.bars is None:
            return state.book.delta + 0.5
        return state.book.delta + 0.5 if state.bars == 1 and state.years > 2.5 / 52.0 else None


def test_costs_by_hand() -> None:
    experiment = replace(SHORT, cost=0.01)
    prices = np.array([49.0, 51.0, 48.0, 52.0, 53.0])
    hedged = Trial(experiment, Half()).run(prices)
    assert hedged.traded.tolist() == [0.5, 0.5, 0.0, 0.0, 0.0]
    assert hedged.fees == pytest.approx([0.245, 0.255, 0.0, 0.0, 0.0])
    week, four = exp(-0.05 / 52.0), exp(-0.05 * 4.0 / 52.0)
    fees = 0.245 + 0.255 * week
    cost = 24.5 + 25.5 * week + fees + (3.0 - 53.0) * four
    assert costs_of(hedged, experiment) == pytest.approx((cost, fees, 2))
    assert hedged.premium == pytest.approx(experiment.price, rel=1e-12)


def test_a_call_that_expires_worthless_leaves_what_is_held_at_the_last_price() -> None:
    hedged = Hedged(np.array([49.0, 40.0]), np.array([0.5, 0.0]), np.zeros(2), 1.0)
    one = Experiment(weeks=1.0, step=1.0, cost=0.0)
    assert costs_of(hedged, one).cost == pytest.approx(24.5 - 20.0 * exp(-0.05 / 52.0))


def test_a_trial_is_a_backtest() -> None:
    """The same fills as the run with all its records, whose books agree."""
    trial = Trial(SHORT, Interval(bars=1))
    prices = SHORT.path(0, 0)
    settings = replace(trial._settings, hedge=Hedge(in_true_time(Interval(bars=1), SHORT.stretch)))
    record = backtest(
        trials.ShortCall, [trial._bars(prices)], settings, {"strike": 50.0, "looks": 4}
    )
    assert record.error == ""
    mine = [fill.quantity for fill in record.fills if fill.symbol == "LAB"]
    assert trial.run(prices).traded[:4].tolist() == mine
    fees = [one.amount for one in record.commissions if one.symbol == "LAB"]
    assert trial.run(prices).fees[:4].tolist() == fees


def test_the_first_hedge_is_the_delta_of_the_call() -> None:
    hedged = Trial(WEEKLY, Interval()).run(WEEKLY.path(0, 0))
    assert round(float(hedged.traded[0]), 3) == 0.522
    many = replace(WEEKLY, options=100.0, lot=1.0)
    whole = Trial(many, Interval()).run(WEEKLY.path(0, 0)).traded
    assert whole[0] == 52.0
    assert (whole == np.round(whole)).all()
    assert np.abs(np.cumsum(whole) - 100.0 * np.cumsum(hedged.traded)).max() < 1.0 + 1e-9


@dataclass(frozen=True, slots=True)
class Raises:
    def net_delta(self, state: HedgeState) -> float | None:
        raise ZeroDivisionError("nothing to divide by")


@dataclass(frozen=True, slots=True)
class Greedy:
    def net_delta(self, state: HedgeState) -> float | None:
        return 1e12


@dataclass(frozen=True, slots=True)
class Lost:
    def net_delta(self, state: HedgeState) -> float | None:
        return float("nan")


@pytest.mark.parametrize(
    ("hedger", "said"),
    [
        (Raises(), "nothing to divide by"),
        (Greedy(), "refused by buying_power"),
        (Lost(), "the delta to trade to is nan"),
    ],
)
def test_a_run_that_goes_wrong_is_no_result(hedger: Raises | Greedy | Lost, said: str) -> None:
    with pytest.raises(SlipwayError, match="Hedging a path failed") as error:
        hedge_lab([hedger], SHORT, paths=2)
    assert said in str(error.value)


def test_an_order_that_never_filled_is_no_result() -> None:
    trial = Trial(SHORT, Interval())
    settings = replace(trial._settings, hedge=Hedge(in_true_time(Interval(), SHORT.stretch)))
    bars = trial._bars(SHORT.path(0, 0))
    machine = Machine(Cast(trials.ShortCall, (bars,), settings, trial._parameters), {})
    machine._instant(0)
    last = int(bars.close_time[-1])
    assert "market DAY was working" in trials._refusal(machine.blotter, last)
    assert trials._refusal(machine.blotter, int(bars.close_time[0])) == ""


class Counts:
    """Hedges once in its life, which is bad manners."""

    def __init__(self) -> None:
        self.hedged = False

    def net_delta(self, state: HedgeState) -> float | None:
        before, self.hedged = self.hedged, True
        return None if before else 0.0


def test_every_path_begins_with_a_fresh_policy() -> None:
    assert hedge_lab([Counts()], SHORT, paths=5).outcomes[0].rebalances.tolist() == [1.0] * 5


# true time --------------------------------------------------------------------------------------


SEEN: list[HedgeState] = []


@dataclass(frozen=True, slots=True)
class Watches:
    def net_delta(self, state: HedgeState) -> float | None:
        SEEN.append(state)
        return 0.0


def test_a_policy_is_shown_the_years_of_the_experiment() -> None:
    SEEN.clear()
    Trial(WEEKLY, Watches()).run(WEEKLY.path(0, 0))
    first, second = SEEN[:2]
    assert first.years == pytest.approx(20.0 / 52.0)
    assert second.years == pytest.approx(19.0 / 52.0)
    assert (first.rate, first.volatility) == pytest.approx((0.05, 0.2))
    assert (first.bars, first.elapsed) == (None, None)
    assert second.bars == 1
    assert second.elapsed == pytest.approx(1_638.0 / 52.0 * 3_600e9, abs=1.0)
    assert (-first.book.delta, -first.book.gamma) == pytest.approx((0.5216, 0.0655), abs=1e-4)
    assert -first.book.vega == pytest.approx(12.1055, abs=1e-3)
    assert -first.book.theta == pytest.approx(-4.3053, abs=1e-3)


def test_a_policy_with_its_own_volatility_has_it_in_true_time_too() -> None:
    """Leland's example: 20 % a year, 1 % round trip, weekly: 0.226952 short and 0.168798 long."""
    root = sqrt(WEEKLY.stretch)
    rule = in_true_time(Leland(cost=0.01, bars=1, bars_per_year=52.0), WEEKLY.stretch)
    assert isinstance(rule, VolatilityRule)
    assert rule.volatility(0.2 * root, is_short=True) / root == pytest.approx(0.226952, abs=1e-6)
    assert rule.volatility(0.2 * root, is_short=False) / root == pytest.approx(0.168798, abs=1e-6)
    assert not isinstance(in_true_time(Interval(), 7.0), VolatilityRule)


def test_finer_steps_do_not_change_what_an_interval_does() -> None:
    """Every second look of half a week is every look of a week, on the same prices."""
    half = replace(WEEKLY, step=0.5)
    prices = half.path(0, 0)
    fine = Trial(half, Interval(bars=2)).run(prices).traded
    coarse = Trial(WEEKLY, Interval(bars=1)).run(prices[::2].copy()).traded
    assert fine[::2] == pytest.approx(coarse, abs=1e-8)
    assert not fine[1::2].any()


# many paths -------------------------------------------------------------------------------------


def test_the_result_does_not_depend_on_the_jobs() -> None:
    given = ["interval", "band:0.1"]
    one, two = (hedge_lab(given, SHORT, paths=120, jobs=jobs) for jobs in (1, 2))
    for mine, other in zip(one.outcomes, two.outcomes, strict=True):
        for name in ("cost", "fees", "rebalances"):
            assert np.array_equal(getattr(mine, name), getattr(other, name))
    fewer = hedge_lab(given, SHORT, paths=70).outcomes[0]
    assert np.array_equal(fewer.cost, one.outcomes[0].cost[:70])


def test_the_error_falls_with_the_root_of_the_hedges() -> None:
    outcomes = hedge_lab(["interval:1", "interval:4"], WEEKLY, paths=400).outcomes
    slope = np.log(outcomes[1].error / outcomes[0].error) / np.log(4.0)
    assert slope == pytest.approx(0.5, abs=0.1)
    for weeks, one in zip((1.0, 4.0), outcomes, strict=True):
        assert one.error == pytest.approx(WEEKLY.rule_of_thumb(weeks), rel=0.15)


def test_a_book_of_many_is_hedged_as_one_is() -> None:
    """Widths and risk aversions of the defaults are scaled with the options sold."""
    many = replace(SHORT, options=1_000.0)
    one = hedge_lab((), SHORT, paths=10)
    thousand = hedge_lab((), many, paths=10)
    for mine, other in zip(one.outcomes, thousand.outcomes, strict=True):
        assert mine.cost == pytest.approx(other.cost, abs=1e-6)
        assert mine.fees == pytest.approx(other.fees, abs=1e-6)


def test_costs_make_hedging_dearer_by_what_is_paid() -> None:
    free, dear = (
        hedge_lab(["interval"], replace(SHORT, cost=cost), paths=20).outcomes[0]
        for cost in (0.0, 0.01)
    )
    assert not free.fees.any()
    assert dear.mean_fees > 0.2
    assert dear.cost - dear.fees == pytest.approx(free.cost)


def test_figures_of_an_outcome() -> None:
    cost = np.random.default_rng(1).standard_normal(20_000)
    policy = Policy("interval", Interval())
    one = Outcome(policy, cost, np.ones(20_000), np.full(20_000, 4.0), 2.0, 20.0)
    assert one.error == pytest.approx(0.5, abs=0.01)
    assert one.standard_error == pytest.approx(one.error / sqrt(40_000), rel=0.03)
    assert (one.mean_fees, one.mean_rebalances, one.mean_interval) == (1.0, 4.0, 5.0)
    idle = replace(one, cost=np.ones(3), rebalances=np.zeros(3))
    assert (idle.standard_error, idle.mean_interval) == (0.0, float("inf"))


def test_progress_and_numbers_that_cannot_be() -> None:
    told: list[tuple[int, int]] = []
    hedge_lab(
        ["interval"], SHORT, paths=60, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(50, 60), (60, 60)]
    for given in ({"paths": 1}, {"seed": -1}, {"jobs": 0}):
        with pytest.raises(ConfigError, match=next(iter(given))):
            hedge_lab(["interval"], SHORT, **given)


# policies ---------------------------------------------------------------------------------------


def state(delta: float, price: float, years: float = 4.0 / 52.0) -> HedgeState:
    return HedgeState(0, "LAB", price, BookGreeks(delta), 0.0, None, None, years, 0.05, 0.2)


@pytest.mark.parametrize(
    ("delta", "price", "wanted"),
    [
        (-0.6, 51.0, 0.4),  # naked above the strike: buys one
        (0.4, 51.0, None),
        (0.6, 49.0, -0.4),  # covered below it: sells it
        (-0.4, 49.0, None),
        (0.6, 50.0, -0.4),  # at the strike nothing is owed
        (-0.5, 50.0, None),
        (-1e-9, 90.0, None),  # far in the money and covered, but for a sum's last digits
        (1e-9, 10.0, None),  # far out of it and naked
    ],
)
def test_stop_loss(delta: float, price: float, wanted: float | None) -> None:
    policy = StopLoss(strike=50.0, options=1.0, looks=4, years=4.0 / 52.0)
    assert policy.net_delta(state(delta, price)) == wanted
    assert replace(policy, bars=2).net_delta(state(-0.6, 51.0, 3.0 / 52.0)) is None
    assert replace(policy, bars=2).net_delta(state(-0.6, 51.0, 2.0 / 52.0)) == 0.4


def test_stop_loss_covers_above_the_strike_and_only_there() -> None:
    experiment = replace(WEEKLY, options=7.0)
    hedger = policy_of("stop_loss", experiment).hedger
    for number in range(20):
        prices = experiment.path(0, number)
        held = np.cumsum(Trial(experiment, hedger).run(prices).traded)[:-1]
        assert held == pytest.approx(7.0 * (prices[:-1] > 50.0), abs=1e-6)


def test_policies_by_name_by_object_and_combined() -> None:
    assert policy_of("interval:2", SHORT) == Policy("interval:2", Interval(bars=2))
    assert policy_of(Interval(bars=2), SHORT).label == "interval:bars=2"
    both = policy_of("interval:2  band:0.1", SHORT)
    assert (both.label, both.family) == ("interval:2 band:0.1", "interval:2")
    assert isinstance(both.hedger, AllOf)
    first = policy_of("first_of interval:2 whalley_wilmott:0.01,1", SHORT)
    assert first.family == "first_of"
    assert policy_of(first.hedger, SHORT).label == (
        "first_of interval:bars=2 whalley_wilmott:cost=0.01,risk_aversion=1.0"
    )
    assert policy_of(Half(), SHORT).label == "Half"


def test_defaults_are_all_of_them_and_those_that_weigh_costs_only_with_costs() -> None:
    names = {policy_of(text, WEEKLY).family for text in default_policies(Experiment(step=1.0))}
    assert names == {"interval", "band", "whalley_wilmott", "leland", "stop_loss"}
    free = {policy_of(text, WEEKLY).family for text in default_policies(WEEKLY)}
    assert free == {"interval", "band", "stop_loss"}
    assert default_policies(replace(SHORT, weeks=1.0))[0] == "interval:bars=1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Leland(cost=0.002, bars=1), "252 bars a year"),
        (AllOf((Interval(), Leland(cost=0.002))), "Write leland:...,bars_per_year=52."),
        ("", "A policy is empty"),
        ("stop_loss interval", "'stop_loss'"),
    ],
)
def test_policies_that_cannot_be(given: str | Leland | AllOf, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        policy_of(given, SHORT)
    assert said in str(error.value)


def test_leland_by_the_hour_and_whalley_wilmott_need_no_more() -> None:
    hedge_lab([Leland(cost=0.002, hours=31.0), WhalleyWilmott(0.001, 1.0)], SHORT, paths=3)
