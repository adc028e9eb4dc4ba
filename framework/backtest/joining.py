"""Joining: the sides a strategy would hold by the start, had it traded through the history.

The history up to and with the first instant is played as a backtest of its own: the same class,
parameters and parts, orders allowed from its first bar. Whoever knows the bars up to there comes to
the same: a backtest that starts later, and a session.
"""

from __future__ import annotations

__all__ = ["check_joinable", "joins_of", "sides_held"]

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from framework.backtest.cast import Cast
from framework.backtest.looked_up import names_in
from framework.backtest.machine import Machine
from framework.backtest.record import INTERRUPTED
from framework.backtest.roles import Fleet, Strategies, title_of
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.joins import Join
from framework.domain.orders import Offset, Origin, Side
from framework.engine.slot import Slot
from framework.engine.standing import effective, entries, protective
from framework.errors import ConfigError, StrategyError
from framework.ports import Sizer, SizingRequest
from framework.strategy import Strategy

_QUANTITIES = frozenset({"bracket", "buy", "sell", "target", "target_percent", "target_weights"})
"""Verbs that say a quantity of their own."""
_REMEDY = "Leave --begin at flat: it then waits for its next signal."


def check_joinable(strategy: Strategies, settings: BacktestSettings) -> None:
    """Whether a strategy can take up a side at its start, where that is asked for.

    Raises:
        ConfigError: what it holds is more than a side its sizer gives a size: options, or
            quantities of its own; or it is one of several.
    """
    if settings.begin == "flat":
        return
    if isinstance(strategy, Fleet):
        raise ConfigError(
            f"{title_of(strategy)} share an account, and sides are taken up for one strategy only.",
            _REMEDY,
        )
    if settings.options is not None:
        raise ConfigError(
            f"{strategy.__name__} cannot join: a book of options is no side to be taken up.",
            _REMEDY,
        )
    own = sorted(
        name
        for name in _QUANTITIES & set(names_in(strategy))
        if getattr(strategy, name, None) is getattr(Strategy, name)
    )
    if own:
        raise ConfigError(
            f"{strategy.__name__} cannot join: it decides quantities itself ({', '.join(own)}), "
            "and a side is taken up with what its sizer gives.",
            f"{_REMEDY} One that uses go_long, go_short and close alone can join.",
        )


def joins_of(cast: Cast, finer: Mapping[str, Bars] | None = None) -> tuple[Join, ...]:
    """The sides that a run takes up at its first instant; none unless that is asked for.

    Args:
        cast: the run.
        finer: by symbol, bars of a shorter frame for the fill policy's intrabar="finer".

    Raises:
        ConfigError: it cannot, or there is no history.
        StrategyError: the strategy raised in the history.
    """
    if cast.settings.begin == "flat":
        return ()
    check_joinable(cast.strategies, cast.settings)
    if cast.first == 0:
        raise ConfigError(
            "There is no history to join from: orders are allowed from the first bar.",
            "Name a later day with --start, or leave --begin at flat.",
        )
    end = int(cast.timeline.instants[cast.first])
    seen = [
        one.take(0, int(np.searchsorted(one.close_time, end, side="right"))) for one in cast.bars
    ]
    return sides_held(cast.strategies, seen, cast.settings, cast.parameters, finer)


def sides_held(
    strategy: Strategies,
    bars: Sequence[Bars],
    settings: BacktestSettings,
    parameters: Mapping[str, object],
    finer: Mapping[str, Bars] | None = None,
) -> tuple[Join, ...]:
    """The sides a strategy holds at the end of some bars, market orders on their way counted as
    done, if it could trade from the first of them.

    Args:
        strategy: the class, or several of them.
        bars: one per symbol, in subscription order; maybe none yet of some.
        settings: the parts; their start is left aside.
        parameters: of the strategy, by name.
        finer: as of `joins_of`.

    Raises:
        ConfigError: it holds something its sizer gave no size.
        StrategyError: it raised.
    """
    asked = _Asked(settings.sizer)
    parts = replace(settings, start=None, begin="flat", sizer=asked)
    machine = Machine(Cast(strategy, tuple(bars), parts, parameters), finer or {}, rehearsal=True)
    error = machine.play(None)
    if error == INTERRUPTED:
        raise KeyboardInterrupt
    if error:
        raise StrategyError(
            f"{error.rstrip('.')}, in the history that is played to see which side it holds.",
            _REMEDY,
        )
    found = tuple(
        _join(machine, slot, symbol, held)
        for slot in machine.blotter.slots
        for symbol in slot.world.symbols
        if (held := effective(machine.door, slot, symbol))
    )
    for join in found:
        if (join.symbol, join.side) not in asked.sides:
            raise ConfigError(
                f"{title_of(strategy)} cannot join: the {join} it would hold has no size of its "
                "sizer's.",
                _REMEDY,
            )
    return found


class _Asked:
    """A sizer that notes which sides it was asked for."""

    def __init__(self, sizer: Sizer) -> None:
        self._sizer = sizer
        self.sides: set[tuple[str, Side]] = set()

    def quantity(self, request: SizingRequest) -> float:
        self.sides.add((request.instrument.symbol, request.side))
        return self._sizer.quantity(request)


def _join(machine: Machine, slot: Slot, symbol: str, held: float) -> Join:
    """A side with what protects it. A trailing stop goes on from where it stands: its level is a
    stop loss, beside which the trail begins anew."""
    side = Side.BUY if held > 0.0 else Side.SELL
    prices: dict[Origin, float] = {}
    distances: dict[Origin, Offset] = {}
    for ticket in protective(machine.door, slot, symbol):
        resting = machine.simulated.resting(ticket.order.id)
        order = ticket.order if resting is None else resting.order
        if order.side is side:
            continue
        price = order.limit if order.origin is Origin.TAKE_PROFIT else order.stop
        distance = order.trail if order.origin is Origin.TRAIL else order.offset
        if price is not None:
            prices.setdefault(order.origin, price)
        if distance is not None:
            distances.setdefault(order.origin, distance)
    levels = [prices[one] for one in (Origin.STOP_LOSS, Origin.TRAIL) if one in prices]
    return Join(
        symbol,
        side,
        stop_loss=max(levels, key=lambda level: side * level) if levels else None,
        take_profit=prices.get(Origin.TAKE_PROFIT),
        stop_distance=distances.get(Origin.STOP_LOSS),
        target_distance=distances.get(Origin.TAKE_PROFIT),
        trail=distances.get(Origin.TRAIL),
        max_bars=min(_bars_left(machine, slot, symbol, side), default=None),
    )


def _bars_left(machine: Machine, slot: Slot, symbol: str, side: Side) -> Iterator[int]:
    """The bars that time stops leave, counted from the next one, at which the join fills."""
    row = len(slot.world.markets[symbol]) - 1
    for stop in slot.time_stops:
        if stop.symbol == symbol and slot.ledger.positions[symbol].quantity * side > 0.0:
            yield max(1, stop.row - row - 1)
    for ticket in entries(machine.door, slot, symbol):
        if ticket.order.side is side and ticket.max_bars is not None:
            yield ticket.max_bars
