"""Hedge: how a run hedges, and how many units of the hedge instrument one hedge trades."""

from __future__ import annotations

__all__ = ["GreeksFrom", "Hedge", "affordable_units", "hedge_units"]

from dataclasses import dataclass
from math import copysign, inf, isfinite
from numbers import Real
from typing import Literal, get_args

from framework.components.checks import check_number
from framework.domain.arithmetic import round_down_to_lot
from framework.errors import ConfigError, DataError
from framework.hedge_ports import Hedger, HedgeState

GreeksFrom = Literal["model", "broker"]
"""Who reckons the Greeks: the pricing model here, or the broker."""


@dataclass(frozen=True, slots=True)
class Hedge:
    """How the delta of the book on one underlying is hedged.

    Attributes:
        hedger: the policy: when, and to which delta.
        target: delta wanted, units of the underlying.
        instrument: symbol to hedge with, such as a future; None for the underlying itself.
        min_trade: units below which nothing is traded, >= 0.
        max_trade: most units of one hedge order, > 0.
        max_hedge: most units the hedge may hold, long or short, > 0.
        budget: money of commission and slippage that hedging may cost in one session, >= 0; beyond
            it only what closes the hedge is traded (`affordable_units`).
        greeks: from the model, or the broker's.
        stale_after: seconds after which the broker's Greeks are too old to hedge by, > 0; those of
            a backtest may be as old as its volatility or its quotes (`most_days`, `stale_days`).

    Raises:
        ConfigError: a setting that cannot be used.
    """

    hedger: Hedger
    target: float = 0.0
    instrument: str | None = None
    min_trade: float = 0.0
    max_trade: float = inf
    max_hedge: float = inf
    budget: float = inf
    greeks: GreeksFrom = "model"
    stale_after: float = 60.0

    def __post_init__(self) -> None:
        if not callable(getattr(self.hedger, "net_delta", None)):
            raise ConfigError(
                f"Hedge: hedger is {self.hedger!r}.",
                "Give a policy, or its name as `slipway components` lists it.",
            )
        if self.instrument is not None and not (
            isinstance(self.instrument, str) and self.instrument
        ):
            raise ConfigError(
                f"Hedge: instrument is {self.instrument!r}.",
                "Give a symbol, or None for the underlying itself.",
            )
        if self.greeks not in get_args(GreeksFrom):
            raise ConfigError(f"Hedge: greeks is {self.greeks!r}.", "Give 'model' or 'broker'.")
        check_number(self, "target")
        check_number(self, "min_trade", low=0.0)
        check_number(self, "stale_after", above=0.0)
        for name, zero in (("max_trade", False), ("max_hedge", False), ("budget", True)):
            _check_cap(self, name, zero)
        for name in ("max_trade", "max_hedge"):
            if self.min_trade > getattr(self, name):
                raise ConfigError(
                    f"Hedge: min_trade is {self.min_trade:g} and {name} {getattr(self, name):g}.",
                    "Nothing could ever be traded; give a smaller min_trade.",
                )

    def units(
        self, state: HedgeState, net_delta: float, per_unit: float, held: float, lot: float
    ) -> float:
        """`hedge_units` under these settings."""
        return hedge_units(self, state, net_delta, per_unit, held, lot)

    def affordable(self, units: float, held: float, spent: float, cost: float) -> float:
        """`affordable_units` under these settings."""
        return affordable_units(self, units, held, spent, cost)


def hedge_units(
    settings: Hedge, state: HedgeState, net_delta: float, per_unit: float, held: float, lot: float
) -> float:
    """Signed units of the hedge instrument to trade now; 0.0 for nothing.

    As many as bring the book's delta to `net_delta`, no more than the caps leave, rounded toward
    zero to the lot. A size below `min_trade`, whatever made it so small, is 0.

    Args:
        settings: the caps.
        state: the book as it is, the hedge included.
        net_delta: the delta to trade to, units of the underlying.
        per_unit: delta of one unit of the hedge instrument; the multiplier of a future.
        held: signed units of it the hedge holds, those on their way included.
        lot: its smallest quantity step.

    Raises:
        DataError: a figure is not known: nothing is hedged by a guess.
    """
    figures = (
        ("delta of the book", state.book.delta),
        ("delta to trade to", net_delta),
        ("delta of a unit of the hedge", per_unit),
        ("size of the hedge", held),
    )
    for name, value in figures:
        if not isfinite(value):
            raise DataError(
                f"{state.underlying}: the {name} is {value}.",
                "Nothing can be hedged whose Greeks are not known; price every option in the book.",
            )
    if per_unit == 0.0:
        raise DataError(
            f"{state.underlying}: a unit of the hedge instrument has no delta.",
            "Hedge with the underlying or a future on it.",
        )
    wanted = (net_delta - state.book.delta) / per_unit
    side = copysign(1.0, wanted)
    room = max(0.0, settings.max_hedge - side * held)
    units = round_down_to_lot(min(abs(wanted), settings.max_trade, room), lot)
    return 0.0 if units == 0.0 or units < settings.min_trade else side * units


def affordable_units(
    settings: Hedge, units: float, held: float, spent: float, cost: float
) -> float:
    """Signed units of a hedge order the session's budget leaves.

    All of it while what was spent and what it would cost stay within the budget; beyond that only
    the part that closes the hedge, as with every limit. The rest of the delta stays unhedged until
    the next session, so what is cut has to be shown as refused.

    Args:
        settings: the budget.
        units: signed units the order would trade.
        held: signed units the hedge holds.
        spent: money hedging has cost in this session.
        cost: estimated money the order would cost.

    Raises:
        DataError: a cost is not known.
    """
    if not isfinite(spent + cost):
        raise DataError(
            f"The hedge has cost {spent} and would cost {cost}.",
            "Give a commission and a slippage model that know the hedge instrument.",
        )
    if spent + cost <= settings.budget:
        return units
    closable = min(abs(units), abs(held)) if units * held < 0.0 else 0.0
    return copysign(closable, units) if closable > 0.0 else 0.0


def _check_cap(settings: Hedge, name: str, zero: bool) -> None:
    """Require a number above 0 (or 0 too), which may be inf for no cap."""
    value = getattr(settings, name)
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and (value > 0.0 or (zero and value == 0.0))):
        raise ConfigError(
            f"Hedge: {name} is {value!r}.",
            f"Give a number {'of at least' if zero else 'above'} 0, or inf for no cap.",
        )
