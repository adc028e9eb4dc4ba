"""Scalar form: a run's components as tables of numbers, or the reason why there is no such form."""

from __future__ import annotations

__all__ = ["Costs", "Unsuited", "account_form", "wanted_row"]

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import chain
from math import inf

import numpy as np

from framework.backtest.cast import Cast
from framework.backtest.clearance import never_refuses
from framework.backtest.layout import (
    ACCOUNT_COLUMNS,
    AT_PRICE,
    BREAKERS,
    BY_AMOUNT,
    BY_ORDER,
    BY_PERCENT,
    BY_SHARE,
    BY_UNIT,
    BY_VALUE,
    DAILY_LOSS,
    DAILY_MONEY,
    DAY,
    DRAWDOWN,
    FREE,
    GAP_SLIP,
    IN_RANGE,
    MONEY,
    MOST_PARTS,
    NO_SLIP,
    NOTHING,
    PERCENT,
    RISK,
    SAME_BAR,
    SIZER,
    SIZERS,
    SLIP,
    SLIP_A,
    SLIP_B,
    SLIP_FIXED,
    SLIP_PERCENT,
    SLIP_SPREAD,
    SPARE,
    START,
    TIMES,
    TRIPPER,
    UNITS,
    W_BARS,
    W_GIVEN,
    W_STOP,
    W_STOP_AT,
    W_STOP_PERIOD,
    W_TARGET,
    W_TARGET_AT,
    W_TARGET_PERIOD,
    W_TRAIL,
    W_TRAIL_AT,
    W_TRAIL_PERIOD,
    WANTED,
    WANTED_COLUMNS,
)
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import DailyLoss, DailyLossMoney, MaxDrawdown
from framework.components.commission import (
    IbkrFixed,
    NoCommission,
    PercentCommission,
    PerOrder,
    PerShare,
)
from framework.components.financing import NoFinancing
from framework.components.liquidity import Unlimited
from framework.components.margin import Leverage
from framework.components.sizing import (
    MoneyPerPosition,
    PercentOfEquity,
    RiskPerTrade,
    Shares,
    SmallestOf,
)
from framework.components.slippage import (
    FixedSlippage,
    HalfSpread,
    NoSlippage,
    PercentSlippage,
)
from framework.domain.bars import Bars, FloatArray
from framework.domain.instruments import AssetType
from framework.domain.orders import Offset, Protection
from framework.ports import Breaker, CommissionModel, Sizer, SlippageModel

_FREE_AXES = ("gap_slip", "quoted_spread", "participation", "limit_slip_cap", "stop_limit_gap")
"""Axes of the fill policy that a run of market orders and protection does not depend on, or that
have a scalar form; `intrabar` and `slip_cap` have one for two of their values."""


_PLAIN = FillPolicy()


class Unsuited(Exception):  # noqa: N818  # an answer, not an error: the engine runs it instead
    """Why a run has no scalar form."""


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """The account's components as tables, columns as in `layout`.

    Attributes:
        terms: by lane.
        account: the account's row before anything has happened.
        attached: what the exits add to every entry.
    """

    terms: FloatArray
    account: FloatArray
    attached: Protection


def account_form(cast: Cast) -> Costs:
    """The components of a run as tables.

    Raises:
        Unsuited: one of them has no scalar form.
    """
    settings, bars = cast.settings, cast.bars
    if settings.options is not None:
        raise Unsuited("the run has options")
    if settings.begin == "join":
        raise Unsuited("it takes up a side at its start")
    _check_policy(settings.policy)
    _check_account(cast)
    for one in bars:
        _check_bars(one, cast)
        for rule in settings.order_rules:
            if not never_refuses(rule, one):
                raise Unsuited(f"the order rule {rule.name} may refuse orders of {one.symbol}")
    attached = Protection()
    for exit_rule in settings.exits:
        attached = attached.or_else(exit_rule.protection())
    return Costs(_terms(settings.commission, bars), _account(cast), attached)


def wanted_row(protection: Protection, given: bool) -> FloatArray:
    """A protection as a row; ATR distances come from levels, and are amounts here.

    Args:
        protection: what comes with an entry.
        given: whether the verb itself brought some of it.
    """
    row = np.zeros(ACCOUNT_COLUMNS)
    for value, kind, at, period in (
        (protection.stop_loss, W_STOP, W_STOP_AT, W_STOP_PERIOD),
        (protection.trail, W_TRAIL, W_TRAIL_AT, W_TRAIL_PERIOD),
        (protection.take_profit, W_TARGET, W_TARGET_AT, W_TARGET_PERIOD),
    ):
        row[kind], row[at], row[period] = _given(value)
    row[W_BARS] = protection.max_bars or 0.0
    row[W_GIVEN] = float(given)
    return row[WANTED : WANTED + WANTED_COLUMNS]


def _given(value: float | Offset | None) -> tuple[float, float, float]:
    if value is None:
        return NOTHING, 0.0, 0.0
    if not isinstance(value, Offset):
        return AT_PRICE, float(value), 0.0
    if value.percent is not None:
        return BY_SHARE, value.percent, 0.0
    if value.amount is not None:
        return BY_AMOUNT, value.amount, 0.0
    return BY_AMOUNT, 0.0, float(value.atr_period)


# what has no scalar form ----------------------------------------------------------------------


def _check_policy(policy: FillPolicy) -> None:
    if policy.intrabar not in ("pessimistic", "next_bar"):
        raise Unsuited(f"the fill policy has intrabar={policy.intrabar}")
    if policy.slip_cap == "wait":
        raise Unsuited("the fill policy has slip_cap=wait")
    for axis in fields(FillPolicy):
        value = getattr(policy, axis.name)
        free = axis.name in (*_FREE_AXES, "intrabar", "slip_cap")
        if not free and value != getattr(_PLAIN, axis.name):
            raise Unsuited(f"the fill policy has {axis.name}={value}")


def _check_account(cast: Cast) -> None:
    settings = cast.settings
    if not isinstance(settings.margin, Leverage) or settings.margin.maintenance_percent:
        raise Unsuited(f"the account is {type(settings.margin).__name__}")
    if not isinstance(settings.financing, NoFinancing):
        raise Unsuited("holding costs interest or fees")
    if settings.actions:
        raise Unsuited("there are dividends or splits to book")
    if not isinstance(settings.liquidity, Unlimited | None):
        raise Unsuited("bars give a limited quantity (liquidity)")
    if settings.rules:
        raise Unsuited(f"the risk rule {type(settings.rules[0]).__name__} has no scalar form")
    if settings.signals:
        raise Unsuited("there are external signals")


def _check_bars(bars: Bars, cast: Cast) -> None:
    instrument = bars.instrument
    if instrument.expiry is not None:
        raise Unsuited(f"{bars.symbol} expires")
    if instrument.currency != cast.rates.base:
        raise Unsuited(f"{bars.symbol} is in another currency than the account")
    if bars.regular is not None:
        raise Unsuited(f"{bars.symbol} has bars outside regular hours")
    if len(bars) != len(cast.timeline.instants):
        raise Unsuited("the symbols do not have the same bar times")


# tables ---------------------------------------------------------------------------------------


def _account(cast: Cast) -> FloatArray:
    settings, policy = cast.settings, cast.settings.policy
    row = np.zeros(ACCOUNT_COLUMNS)
    row[DAY], row[SPARE] = np.nan, cast.spare_cash
    row[TIMES], row[START] = settings.times, cast.first
    row[[SLIP, SLIP_A, SLIP_B]] = _slippage(settings.slippage)
    row[GAP_SLIP] = policy.gap_slip
    row[IN_RANGE] = policy.slip_cap == "range"
    row[SAME_BAR] = policy.intrabar == "pessimistic"
    sizers = _sizers(settings.sizer)
    breakers = [_breaker(one) for one in settings.breakers]
    if max(len(sizers), len(breakers)) > MOST_PARTS:
        raise Unsuited(f"there are more than {MOST_PARTS} sizers or breakers")
    row[SIZERS], row[BREAKERS] = len(sizers), len(breakers)
    for place, parts in ((SIZER, sizers), (TRIPPER, breakers)):
        for number, part in enumerate(parts):
            row[place + 2 * number : place + 2 * number + 2] = part
    return row


def _slippage(model: SlippageModel) -> tuple[float, float, float]:
    if type(model) is NoSlippage:
        return NO_SLIP, 0.0, 0.0
    if type(model) is FixedSlippage:
        return SLIP_FIXED, model.amount, 0.0
    if type(model) is PercentSlippage:
        return SLIP_PERCENT, model.percent, 0.0
    if type(model) is HalfSpread:
        return SLIP_SPREAD, model.percent, model.ticks
    raise Unsuited(f"the slippage {type(model).__name__} has no scalar form")


def _sizers(sizer: Sizer) -> list[tuple[float, float]]:
    if type(sizer) is SmallestOf:
        return [row for one in sizer.sizers for row in _sizers(one)]
    if type(sizer) is Shares:
        return [(UNITS, sizer.count)]
    if type(sizer) is MoneyPerPosition:
        return [(MONEY, sizer.money)]
    if type(sizer) is PercentOfEquity:
        return [(PERCENT, sizer.percent)]
    if type(sizer) is RiskPerTrade:
        return [(RISK, sizer.percent)]
    raise Unsuited(f"the sizer {type(sizer).__name__} has no scalar form")


def _breaker(breaker: Breaker) -> tuple[float, float]:
    if type(breaker) is DailyLoss:
        return DAILY_LOSS, breaker.percent
    if type(breaker) is DailyLossMoney:
        return DAILY_MONEY, breaker.money
    if type(breaker) is MaxDrawdown:
        return DRAWDOWN, breaker.percent
    raise Unsuited(f"the breaker {type(breaker).__name__} has no scalar form")


def _fees(model: CommissionModel, bars: Bars) -> list[tuple[float, ...]]:
    """Rows (first day, kind, rate, fixed, least, cap)."""
    if type(model) is NoCommission:
        return [(-inf, FREE, 0.0, 0.0, 0.0, inf)]
    if type(model) is PerShare:
        least = model.minimum or 0.0
        cap = inf if model.maximum_percent is None else model.maximum_percent
        return [(-inf, BY_UNIT, model.rate, model.per_order, least, cap)]
    if type(model) is PercentCommission:
        return [(-inf, BY_PERCENT, model.percent, model.fixed, model.minimum, inf)]
    if type(model) is PerOrder:
        return [(-inf, BY_ORDER, model.amount, 0.0, 0.0, inf)]
    if type(model) is IbkrFixed and not model.pass_through:
        return _schedule(model, bars)
    raise Unsuited(f"the commission {type(model).__name__} has no scalar form")


def _schedule(model: IbkrFixed, bars: Bars) -> list[tuple[float, ...]]:
    """One row for each table of a dated schedule that prices some day of the bars."""
    if bars.instrument.type is AssetType.FOREX:
        raise Unsuited("the fees of currencies have no scalar form")
    rows: list[tuple[float, ...]] = []
    day, last = int(bars.session[0]), int(bars.session[-1])
    while True:
        table, until = model.table(bars.instrument, day)
        tiers = table.bands[0].tiers
        if len(table.bands) > 1 or len(tiers.ends) > 1:
            raise Unsuited(f"the fees of {bars.symbol} depend on prices or on the month's volume")
        kind = BY_VALUE if tiers.by_value else BY_UNIT
        start = float(day) if rows else -inf
        rows.append((start, kind, tiers.rates[0], 0.0, tiers.minimums[0], table.maximum_percent))
        if until > last:
            return rows
        day = int(until)


def _terms(model: CommissionModel, bars: Sequence[Bars]) -> FloatArray:
    """What each lane trades, and at what cost."""
    rows = []
    for one in bars:
        instrument = one.instrument
        bands = [(-inf, instrument.tick), *instrument.tick_bands]
        fees = _fees(model, one)
        row = [instrument.multiplier, instrument.lot, instrument.tick_at(0.0)]
        row += [float(len(bands)), float(len(fees))]
        rows.append([*row, *chain.from_iterable(bands), *chain.from_iterable(fees)])
    table = np.zeros((len(rows), max(len(row) for row in rows)))
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table
