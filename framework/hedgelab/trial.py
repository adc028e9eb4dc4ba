"""Trial: one path through the event engine, and what hedging the call along it cost.

The bars are a day each in a market that never closes, and open where the one before closed: an
order decided at a look fills at that look's price.
"""

from __future__ import annotations

__all__ = ["Hedged", "Trial"]

from copy import deepcopy
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.settings import BacktestSettings
from framework.components.commission import PercentCommission
from framework.components.hedge import Hedge
from framework.components.margin import Leverage
from framework.components.slippage import NoSlippage
from framework.domain.bars import Bars, FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right, Settlement, Style
from framework.domain.orders import OrderStatus
from framework.engine.blotter import Blotter
from framework.errors import SlipwayError
from framework.hedge_ports import Hedger
from framework.hedgelab.clock import in_true_time
from framework.hedgelab.experiment import Experiment
from framework.options.contracts import option_contract
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility
from framework.strategy import Strategy

_DAY = 86_400 * 10**9
_FIRST = 10_957
"""2000-01-01, the day of the first look; no day is different from another."""
_SYMBOL = "LAB"
_PLENTY = 1_000.0
"""Times its own cash the account may trade for: what is measured is the hedge, not the account."""


class ShortCall(Strategy):
    """Sells the call at the first bar and holds it."""

    strike: float = 50.0
    size: float = 1.0
    looks: int = 20

    def setup(self) -> None:
        """Nothing is sold yet."""
        self._sold = False

    def on_bar(self) -> None:
        """Sell it, once."""
        if not self._sold:
            self._sold = True
            self.options.sell(_call(self.strike, self.size, self.looks), 1)


@dataclass(frozen=True, slots=True)
class Hedged:
    """What was traded to hedge a call along one path.

    Attributes:
        prices: of the underlying at each look and at the expiry, shape (looks + 1,).
        traded: signed units bought at each, 0 at the expiry, shape (looks + 1,).
        fees: money paid for that, >= 0, shape (looks + 1,).
        premium: of one call, as it was sold.
    """

    prices: FloatArray
    traded: FloatArray
    fees: FloatArray
    premium: float

    @property
    def rebalances(self) -> int:
        """Hedges that traded."""
        return int(np.count_nonzero(self.traded))


class Trial:
    """A policy at work in an experiment.

    Args:
        experiment: the call and its market.
        hedger: the policy; every path begins with a copy of it.
    """

    def __init__(self, experiment: Experiment, hedger: Hedger) -> None:
        self._experiment = experiment
        self._hedger = hedger
        self._underlying = Instrument(_SYMBOL, calendar="24/7", tick=0.0, lot=experiment.lot)
        self._days = np.arange(_FIRST, _FIRST + experiment.looks + 1)
        self._closes = (self._days + 1) * _DAY
        self._parameters = {
            "strike": experiment.strike,
            "size": experiment.options,
            "looks": experiment.looks,
        }
        self._settings = _settings(experiment)

    def run(self, prices: FloatArray) -> Hedged:
        """Hedge the call along one path, shape (looks + 1,).

        Raises:
            SlipwayError: something went wrong in the run; what is said of it is the run's own.
        """
        hedge = Hedge(in_true_time(deepcopy(self._hedger), self._experiment.stretch))
        settings = replace(self._settings, hedge=hedge)
        cast = Cast(ShortCall, (self._bars(prices),), settings, self._parameters)
        machine = Machine(cast, {})
        error = machine.play(None)
        blotter = machine.blotter
        last = int(self._closes[-1])
        problem = error or _refusal(blotter, last)
        if problem:
            raise SlipwayError(
                f"Hedging a path failed: {problem.rstrip('.')}.",
                "A policy may only ask for what the market gives; correct it.",
            )
        return self._hedged(prices, blotter)

    def _bars(self, prices: FloatArray) -> Bars:
        opened = np.concatenate((prices[:1], prices[:-1]))
        return Bars(
            instrument=self._underlying,
            frame="1d",
            close_time=self._closes,
            session=self._days,
            session_close=self._closes,
            open=opened,
            high=np.maximum(opened, prices),
            low=np.minimum(opened, prices),
            close=prices,
            volume=np.zeros(len(prices)),
            synthetic=True,
        )

    def _hedged(self, prices: FloatArray, blotter: Blotter) -> Hedged:
        traded, fees = np.zeros(len(prices)), np.zeros(len(prices))
        premium = 0.0
        for fill in blotter.fills:
            if fill.symbol == _SYMBOL:
                traded[_look(fill.time)] += fill.quantity
            elif fill.quantity < 0.0:
                premium = fill.price
        for commission in blotter.commissions:
            if commission.symbol == _SYMBOL:
                fees[_look(commission.time)] += commission.amount
        return Hedged(prices, traded, fees, premium)


def _settings(experiment: Experiment) -> BacktestSettings:
    """The parts of every run, but for the hedge."""
    stretch = experiment.stretch
    return BacktestSettings(
        cash=_PLENTY * experiment.options * (experiment.spot + experiment.strike),
        commission=PercentCommission(100.0 * experiment.cost),
        slippage=NoSlippage(),
        account=Leverage(_PLENTY),
        options=OptionModel(
            ConstantVolatility(experiment.volatility * sqrt(stretch)),
            rate=experiment.rate * stretch,
            style=Style.EUROPEAN,
            settlement=Settlement.CASH,
        ),
    )


def _call(strike: float, size: float, looks: int) -> Instrument:
    """The call, which expires with the last bar."""
    underlying = Instrument(_SYMBOL, calendar="24/7", tick=0.0)
    return option_contract(
        underlying,
        _FIRST + looks,
        Right.CALL,
        strike,
        style=Style.EUROPEAN,
        settlement=Settlement.CASH,
        multiplier=size,
    )


def _look(time: int) -> int:
    """The look at which an order was decided that filled in the bar that closes at `time`."""
    return time // _DAY - _FIRST - 2


def _refusal(blotter: Blotter, last: int) -> str:
    """What the door or the market did not let through; empty if it was nothing.

    At the expiry there is no bar left for an order to fill in.
    """
    for refused in blotter.refused:
        return str(refused)
    for ticket in blotter.tickets.values():
        if ticket.status is not OrderStatus.FILLED and ticket.order.time < last:
            return f"{ticket.order} was {ticket.status}"
    return ""
