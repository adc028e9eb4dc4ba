"""Clearance: which order rules can never refuse a plain order of an instrument.

Plain orders are market orders for the day in whole lots, and good-till-cancelled protective stops,
trailing stops and targets on the instrument's grid, in an account without margin loans.
"""

from __future__ import annotations

__all__ = ["never_refuses"]

from collections.abc import Callable, Mapping
from typing import Any

from framework.components.venue.borrowing import Borrowable
from framework.components.venue.day_trading import DayTrading, MinimumEquity
from framework.components.venue.hours import AuctionHours
from framework.components.venue.prices import MinimumTick, PriceCap
from framework.components.venue.products import OrderTypes, TimesInForce, Tradable, WholeUnits
from framework.components.venue.tables import Product, venue_tables
from framework.domain.arithmetic import round_to_tick
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import OrderType, TimeInForce
from framework.ports import OrderRule

_PROTECTIVE = frozenset({OrderType.STOP, OrderType.TRAIL, OrderType.LIMIT})


def never_refuses(rule: OrderRule, bars: Bars) -> bool:
    """Whether a rule lets every plain order of an instrument pass, whatever its bars do."""
    asked = _ASKED.get(type(rule))
    return asked is not None and asked(rule, bars)


def _product(rule: Any, instrument: Instrument) -> Product:
    found = venue_tables(rule.table).products.get(instrument.type)
    return found or Product(frozenset(), {})


def _tradable(rule: Tradable, bars: Bars) -> bool:
    return bars.instrument.expiry is None and bool(_product(rule, bars.instrument).order_types)


def _types(rule: OrderTypes, bars: Bars) -> bool:
    product = _product(rule, bars.instrument)
    plain = _PROTECTIVE | {OrderType.MARKET}
    return plain <= product.order_types and not plain & set(product.routes)


def _times(rule: TimesInForce, bars: Bars) -> bool:
    times = _product(rule, bars.instrument).times_in_force
    day, good = times.get(TimeInForce.DAY, frozenset()), times.get(TimeInForce.GTC, frozenset())
    return OrderType.MARKET in day and good >= _PROTECTIVE


def _whole(rule: WholeUnits, bars: Bars) -> bool:
    instrument = bars.instrument
    if instrument.lot >= 1.0 and instrument.lot == int(instrument.lot):
        return True
    free = not _product(rule, instrument).whole_units
    return free or (rule.fractional and instrument.type is AssetType.STOCK)


def _grid(rule: MinimumTick, bars: Bars) -> bool:
    """Whether the instrument's own steps are the steps asked for, at every price on every day."""
    instrument, tables = bars.instrument, venue_tables(rule.table)
    if not _meets_itself(instrument):
        return False
    starts = [0.0, *(start for start, _ in instrument.tick_bands)]
    starts += [start for table in tables.ticks for start, _ in table.bands]
    days = [int(bars.session[0]), *(table.first_day for table in tables.ticks)]
    return all(
        tables.finest_tick(instrument.type, instrument.currency, price, day)
        <= instrument.tick_at(price)
        for price in starts
        for day in days
        if day <= bars.session[-1]
    )


def _meets_itself(instrument: Instrument) -> bool:
    """Whether a price rounded on one side of a band's start is on the grid of the other."""
    tick = instrument.tick
    for start, step in instrument.tick_bands:
        for grid in (tick, step):
            if round_to_tick(start, grid, up=False) != start:
                return False
        tick = step
    return True


def _always(rule: object, bars: Bars) -> bool:
    return True


_ASKED: Mapping[type, Callable[[Any, Bars], bool]] = {
    Tradable: _tradable,
    OrderTypes: _types,
    TimesInForce: _times,
    AuctionHours: _always,
    WholeUnits: _whole,
    MinimumTick: _grid,
    PriceCap: _always,
    Borrowable: _always,
    MinimumEquity: _always,
    DayTrading: _always,
}
