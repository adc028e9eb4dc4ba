"""Back: backtrader's broker, set up as a run of ours asks for."""

from __future__ import annotations

__all__ = ["CREDIT", "MeteredBroker", "back_broker"]

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import backtrader as bt

from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.referee.fees import FeeMeter, OrderFees
from framework.referee.translate import costs_of

CREDIT = 1e9
"""Money lent to a broker that is not to check cash, because our door does."""


class MeteredBroker(bt.brokers.BackBroker):  # type: ignore[misc]
    """backtrader's broker as it is, but that it tells of each execution at once, and that a bracket
    takes children that come late.

    Attributes:
        meter: hears of each execution before it happens.
        traded: hears of it afterwards: (order, signed units).
    """

    meter: FeeMeter
    traded: Callable[[Any, float], None]

    def _execute(self, order, ago=None, price=None, cash=None, position=None, dtcoc=None):  # type: ignore[no-untyped-def]
        self.meter.begin()
        before = self.positions[order.data].size
        left = super()._execute(order, ago, price, cash, position, dtcoc)
        units = self.positions[order.data].size - before
        if units:
            self.traded(order, units)
        return left

    def reopen(self, entry: Any) -> None:
        """Take children of `entry` from now on, although its bracket may be over."""
        self._pchildren.setdefault(entry.ref, deque())


def back_broker(
    bars: Sequence[Bars],
    settings: BacktestSettings,
    meter: FeeMeter,
    credit: float,
    tradable: Callable[[Any, float, int], float],
    traded: Callable[[Any, float], None],
) -> MeteredBroker:
    """backtrader's broker under our settings.

    Args:
        bars: what trades.
        settings: the parts of the run.
        meter: asks for fees.
        credit: money lent beside the opening cash.
        tradable: units an order may trade: (order, price, which bar).
        traded: told what an order has traded: (order, signed units).
    """
    policy, costs = settings.policy, costs_of(settings)
    back = MeteredBroker(
        cash=settings.cash + credit,
        checksubmit=policy.cash_check == "acceptance",
        shortcash=policy.short_proceeds == "free",
        slip_perc=costs.share,
        slip_fixed=costs.amount,
        slip_open=policy.gap_slip,
        slip_match=policy.slip_cap != "wait",
        slip_limit=policy.limit_slip_cap != "wait",
        slip_out="none" in (policy.slip_cap, policy.limit_slip_cap),
        coc=policy.trade_on_close,
        filler=tradable,
    )
    back.meter, back.traded = meter, traded
    for one in bars:
        scheme = OrderFees(meter=meter, instrument=one.instrument, mult=one.instrument.multiplier)
        back.addcommissioninfo(scheme, name=one.symbol)
    return back
