"""Outcome: what a policy's hedges cost over many paths, and how far that varies."""

from __future__ import annotations

__all__ = ["LabResult", "Outcome", "costs_of"]

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import pandas as pd

from framework.domain.bars import FloatArray
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.policies import Policy
from framework.hedgelab.trial import Hedged


class PathCosts(NamedTuple):
    """Of one path, for one option; money is worth what it is when the call is sold."""

    cost: float
    fees: float
    rebalances: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One policy over all paths; money for one option, at its value when the call is sold.

    Attributes:
        policy: which one.
        cost: of hedging and of what the call pays, fees included, on each path, shape (paths,).
        fees: of them the transaction costs, shape (paths,).
        rebalances: hedges that traded, shape (paths,).
        price: of the call.
        weeks: the call lives.
    """

    policy: Policy
    cost: FloatArray
    fees: FloatArray
    rebalances: FloatArray
    price: float
    weeks: float

    @property
    def mean_cost(self) -> float:
        """Without transaction costs and with hedges that never end it is the call's price."""
        return float(self.cost.mean())

    @property
    def mean_fees(self) -> float:
        """Transaction costs on average."""
        return float(self.fees.mean())

    @property
    def mean_rebalances(self) -> float:
        """Hedges on average."""
        return float(self.rebalances.mean())

    @property
    def mean_interval(self) -> float:
        """Weeks from one hedge to the next on average; inf if there is none."""
        return self.weeks / self.mean_rebalances if self.mean_rebalances else float("inf")

    @property
    def error(self) -> float:
        """The hedging error: standard deviation of the cost over the call's price (Hull)."""
        return float(self.cost.std()) / self.price

    @property
    def standard_error(self) -> float:
        """Of the hedging error: that of a standard deviation, by the fourth central moment.

        sqrt((m4 - m2^2) / (4 m2 paths)) over the call's price (Kenney and Keeping, Mathematics of
        Statistics, 1951).
        """
        off = self.cost - self.cost.mean()
        second, fourth = float((off**2).mean()), float((off**4).mean())
        if second == 0.0:
            return 0.0
        spread = max(fourth - second * second, 0.0)
        return sqrt(spread / (4.0 * second * len(off))) / self.price


@dataclass(frozen=True, slots=True, eq=False)
class LabResult:
    """Policies compared on the same paths.

    Attributes:
        experiment: the call and its market.
        seed: of the paths.
        paths: how many.
        outcomes: one for each policy, in the order given.
    """

    experiment: Experiment
    seed: int
    paths: int
    outcomes: Sequence[Outcome]

    def frame(self) -> pd.DataFrame:
        """One row for each policy."""
        return pd.DataFrame(
            [
                {
                    "policy": one.policy.label,
                    "rebalances": one.mean_rebalances,
                    "mean_cost": one.mean_cost,
                    "hedging_error": one.error,
                    "standard_error": one.standard_error,
                    "transaction_costs": one.mean_fees,
                }
                for one in self.outcomes
            ]
        )


def costs_of(hedged: Hedged, experiment: Experiment) -> PathCosts:
    """What hedging one path cost.

    The cost is what was paid for the underlying, and in fees, plus what the call pays, less what
    is left of the underlying at the expiry: each discounted from when it was paid. What is left is
    valued at the last price, without a fee.
    """
    worth = experiment.discount()
    last = float(hedged.prices[-1])
    held = float(hedged.traded.sum())
    owed = experiment.options * max(last - experiment.strike, 0.0) - held * last
    fees = float(hedged.fees @ worth)
    paid = float((hedged.traded * hedged.prices) @ worth)
    total = paid + fees + owed * float(worth[-1])
    each = experiment.options
    return PathCosts(total / each, fees / each, hedged.rebalances)
