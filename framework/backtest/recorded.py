"""Recorded: what a run of the event engine left behind, gathered into its record."""

from __future__ import annotations

__all__ = ["Played", "books_of", "recorded"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from framework.backtest.account import foreign_rates, open_actions, roll_warnings
from framework.backtest.cast import Cast
from framework.backtest.record import Held, OrderRecord, RunRecord, StrategyBook
from framework.backtest.shortage import shortage_warnings
from framework.backtest.warnings import run_warnings
from framework.brokers.simulated.blind_spots import blind_spots
from framework.domain.bars import Bars, FloatArray
from framework.engine.blotter import Blotter
from framework.engine.engine import Engine
from framework.engine.history import Timeline
from framework.engine.slot import Slot
from framework.engine.station import Station


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A run that is over, or as far as it has come.

    Attributes:
        cast: the strategy instances.
        bars: one per symbol, in subscription order.
        listed: those of options that were traded, in the order they were asked for.
        timeline: the instants of the bars.
        first: index of the first instant at which orders were allowed.
        done: number of instants gone through.
        stations: the slots, in order.
        blotter: every order of the account.
        engine: what ran it.
    """

    cast: Cast
    bars: tuple[Bars, ...]
    listed: tuple[Bars, ...]
    timeline: Timeline
    first: int
    done: int
    stations: Sequence[Station]
    blotter: Blotter
    engine: Engine


def recorded(run: Played, error: str) -> RunRecord:
    """Everything a run left behind.

    Args:
        run: the run.
        error: what cut it short, empty if nothing did.
    """
    cash, quantities = _curves(run)
    blotter, instants = run.blotter, run.timeline.instants
    rates = foreign_rates(run.bars, run.cast.rates, instants)
    orders = _orders(blotter)
    slots = [station.slot for station in run.stations]
    return RunRecord(
        bars=run.bars,
        listed=run.listed,
        marks=tuple(
            mark for station in run.stations if station.book for mark in station.book.marks
        ),
        timeline=run.timeline,
        start=run.first,
        stop=run.done,
        opening_cash=run.cast.settings.cash,
        holdings=Held(cash, quantities),
        equity=_equity(run, cash, quantities, rates),
        orders=orders,
        fills=tuple(blotter.fills),
        commissions=tuple(blotter.commissions),
        refused=tuple(blotter.refused),
        trips=tuple(run.engine.trips),
        positions=tuple(
            p for slot in slots for p in slot.ledger.positions.values() if not p.is_flat
        ),
        warnings=_warnings(run, orders, float(cash[: run.done].min(initial=0.0))),
        warmup=run.cast.warmup,
        error=error,
        flows=tuple(blotter.flows),
        splits=tuple(blotter.splits),
        actions=open_actions(run.bars, run.cast.settings),
        currency=run.cast.rates.base,
        rates=rates,
        strategies=books_of(run.cast, slots),
    )


def books_of(cast: Cast, slots: Sequence[Slot]) -> tuple[StrategyBook, ...]:
    """What has become of each of several strategies; nothing of one alone."""
    if len(cast.roles) == 1:
        return ()
    by_name = {slot.name: slot for slot in slots}
    found = []
    for role in cast.roles:
        players = [one for one in cast.players if one.role is role]
        mine = [by_name[one.name] for one in players]
        found.append(
            StrategyBook(
                role.name,
                role.strategy.__name__,
                tuple(bars.symbol for one in players for bars in one.bars),
                tuple(one.name for one in players),
                sum(one.cash for one in players),
                sum(slot.equity() for slot in mine),
                sum(slot.ledger.cash for slot in mine),
                sum(slot.ledger.commission for slot in mine),
            )
        )
    return tuple(found)


def _curves(run: Played) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Cash and quantities after every instant, from the instants at which they changed."""
    changes = run.engine.changes
    steps = np.array([change[0] for change in changes], dtype=np.int64)
    last = np.searchsorted(steps, np.arange(len(run.timeline.instants)), side="right")
    cash = np.array([run.cast.settings.cash, *(change[1] for change in changes)])[last]
    symbols = [symbol for one in run.stations for symbol in one.slot.ledger.positions]
    quantities = {
        symbol: np.array([0.0, *(change[2].get(symbol, 0.0) for change in changes)])[last]
        for symbol in symbols
    }
    return cash, quantities


def _equity(
    run: Played,
    cash: FloatArray,
    quantities: Mapping[str, FloatArray],
    rates: Mapping[str, FloatArray],
) -> FloatArray:
    """Cash and what is held at the last closes, after every instant."""
    equity, rows_by_symbol = cash.copy(), dict(run.timeline.rows)
    for one in run.listed:
        rows_by_symbol[one.symbol] = run.timeline.rows_of(one.close_time)
    for one in (*run.bars, *run.listed):
        if not len(one):
            continue
        rows = rows_by_symbol[one.symbol]
        held = quantities[one.symbol]
        value = held * one.instrument.multiplier * one.close[np.maximum(rows, 0)]
        option = one.instrument.option
        value *= rates.get(one.symbol if option is None else option.underlying, 1.0)
        equity += np.where(held != 0.0, value, 0.0)
    return equity


def _orders(blotter: Blotter) -> tuple[OrderRecord, ...]:
    return tuple(
        OrderRecord(
            ticket.order,
            ticket.status,
            ticket.reason,
            ticket.filled,
            ticket.value / ticket.filled if ticket.filled else 0.0,
            ticket.time,
            ticket.commission,
            ticket.slippage,
            ticket.first_stop,
        )
        for ticket in blotter.tickets.values()
    )


def _warnings(run: Played, orders: tuple[OrderRecord, ...], least_cash: float) -> tuple[str, ...]:
    blotter, settings = run.blotter, run.cast.settings
    found = list(roll_warnings(blotter.refused))
    found += blind_spots([ticket.order for ticket in blotter.tickets.values()], run.bars)
    every = (*run.bars, *run.listed)
    found += shortage_warnings(settings.liquidity, every, orders, blotter.fills)
    acted = bool(blotter.tickets or blotter.refused)
    found = [*run_warnings(run.cast, least_cash, acted, tuple(found))]
    for one in run.bars:
        ended = bool(len(one)) and one.session[-1] < run.timeline.session[-1]
        if ended and any(
            not station.slot.ledger.positions[one.symbol].is_flat
            for station in run.stations
            if one.symbol in station.slot.ledger.positions
        ):
            found.append(
                f"{one.symbol} is still held although its bars end before the others': it is "
                "marked at its last close, and nothing could close it."
            )
    return tuple(found)
