"""Random whole runs as a session can play them: their bars lie on the exchange's calendar, and
nothing in them is what no wire carries."""

from __future__ import annotations

__all__ = ["as_listed", "is_playable", "wire_program"]

from dataclasses import replace

import numpy as np

from framework.backtest.record import RunRecord
from framework.backtest.settings import BacktestSettings
from framework.calendar import TradingCalendar
from framework.components.financing import NoFinancing
from framework.domain.bars import Bars
from tests.property.whole_runs import KINDS, Program, program

_PEERS = KINDS.index("peers")


def wire_program(seed: int) -> Program:
    """The program of a seed; what played another engine's fill policy plays futures instead."""
    number = seed if seed % len(KINDS) != _PEERS else seed + KINDS.index("futures") - _PEERS
    found = program(number)
    bars = tuple(as_listed(one) for one in found.bars)
    return replace(found, bars=bars, settings=_as_told(found.settings))


def is_playable(played: Program, backtest: RunRecord) -> bool:
    """Whether the run keeps clear of two things in which a session must differ.

    A contract rolls at its last bar up to a day that is known beforehand; where it has no bar on
    that day, a backtest knows so at the bar before, and a session does not. And an order that is
    worked over time is worked otherwise once the broker was told that it may trade less.
    """
    for bars in played.bars:
        sessions = len(np.unique(bars.session))
        known = TradingCalendar(bars.instrument.calendar)
        days = known.sessions_between(int(bars.session[0]), int(bars.session[-1]))
        if bars.instrument.next_contract is not None and sessions != len(days):
            return False
    return not any(
        one.order.terms.algo is not None
        and one.order.opens is not None
        and 0.0 < one.filled < one.order.quantity
        for one in backtest.orders
    )


def as_listed(bars: Bars) -> Bars:
    """Whole units, closes of the exchange's calendar, all regular; a contract's bars end with its
    last day."""
    closes = TradingCalendar(bars.instrument.calendar).session_close_of(bars.session)
    found = replace(
        bars,
        instrument=replace(bars.instrument, lot=1.0),
        close_time=bars.close_time + closes - bars.session_close,
        session_close=closes,
        regular=None,
    )
    expiry = bars.instrument.expiry
    if expiry is None:
        return found
    return found.take(0, int(np.searchsorted(bars.session, expiry, side="right")))


def _as_told(settings: BacktestSettings) -> BacktestSettings:
    """Without what moves an account's money unsaid, and without queues by what orders are for."""
    policy = replace(settings.policy, queue="open_first")
    return replace(settings, actions=(), financing=NoFinancing(), policy=policy)
