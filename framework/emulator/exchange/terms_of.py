"""The rarer terms of a client's order: conditions, algos, scale, good-till times."""

from __future__ import annotations

__all__ = ["Symbols", "terms_of"]

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from framework.domain.terms import (
    PLAIN,
    Adaptive,
    Algo,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.market.refusal import HistoryRefused
from framework.emulator.market.times import read_instant
from framework.emulator.protocol.conditions import Condition as WireCondition
from framework.emulator.protocol.conditions import (
    ExecutionCond,
    MarginCond,
    PercentCond,
    PriceCond,
    TimeCond,
    VolumeCond,
)
from framework.emulator.protocol.order import WireOrder
from framework.errors import OrderError


class Symbols(Protocol):
    """The instruments a condition may name."""

    def by_con_id(self, con_id: int) -> str:
        """Symbol of a contract; RejectedError if there is none."""
        ...

    def by_name(self, symbol: str, sec_type: str) -> str:
        """Symbol of what an execution condition names; RejectedError if there is none."""
        ...


def terms_of(
    wire: WireOrder,
    symbols: Symbols,
    zone: str,
    *,
    good_till: bool,
    oca_type: OcaType,
    peg: Peg | None,
    limit_offset: float | None,
) -> Terms:
    """What is rarer about an order.

    Args:
        wire: as the client wrote it.
        symbols: what conditions may name.
        zone: time zone of times without one.
        good_till: whether it ends at its good-till date.
        oca_type: of its group.
        peg: what it follows.
        limit_offset: of a trailing limit.

    Raises:
        RejectedError: a time, a condition or an algo that cannot be read.
    """
    try:
        found = Terms(
            good_till=_time(wire.good_till_date, zone) if good_till else None,
            outside_hours=wire.outside_rth,
            oca_type=oca_type,
            conditions=_conditions(wire, symbols, zone),
            algo=_algo(wire, zone),
            scale=_scale(wire),
            peg=peg,
            peg_offset=abs(wire.aux_price or 0.0) if peg is not None else 0.0,
            limit_offset=limit_offset,
        )
    except OrderError as error:
        raise RejectedError(321, f"Error validating request:-'b' : cause - {error}") from error
    return PLAIN if found == PLAIN else found


def _time(text: str, zone: str) -> datetime:
    """A time; a date alone means the end of that day."""
    whole = f"{text.strip()} 23:59:59" if len(text.split()) == 1 and "-" not in text else text
    try:
        return datetime.fromtimestamp(read_instant(whole, zone, 0) // 1_000_000_000, UTC)
    except HistoryRefused as error:
        raise RejectedError(
            391, f"The date, time, or time-zone entered is invalid: {text!r}"
        ) from error


def _conditions(wire: WireOrder, symbols: Symbols, zone: str) -> Conditions | None:
    """Groups of conditions joined by `and`, the groups by `or`."""
    groups: list[list[Condition]] = [[]]
    for one in wire.conditions:
        groups[-1].append(_condition(one, symbols, zone))
        if not one.is_conjunction:
            groups.append([])
    kept = tuple(tuple(group) for group in groups if group)
    cancels = wire.conditions_cancel_order and bool(wire.conditions)
    if cancels and wire.good_after_time:
        raise RejectedError(
            321,
            "Error validating request:-'b' : cause - The emulator's matching engine knows no good "
            "after time of an order with conditions that cancel it",
        )
    if wire.good_after_time:
        after = TimeCondition(_time(wire.good_after_time, zone))
        kept = tuple((*group, after) for group in kept) or ((after,),)
    if not kept:
        return None
    return Conditions(
        kept,
        cancels=cancels,
        ignore_hours=wire.conditions_ignore_rth,
    )


def _condition(one: WireCondition, symbols: Symbols, zone: str) -> Condition:
    match one:
        case PriceCond():
            return PriceCondition(symbols.by_con_id(one.con_id), one.price, one.is_more)
        case TimeCond():
            return TimeCondition(_time(one.time, zone), one.is_more)
        case MarginCond():
            return MarginCondition(float(one.percent), one.is_more)
        case VolumeCond():
            return VolumeCondition(symbols.by_con_id(one.con_id), float(one.volume), one.is_more)
        case PercentCond():
            symbol = symbols.by_con_id(one.con_id)
            return PercentChangeCondition(symbol, one.change_percent or 0.0, one.is_more)
        case ExecutionCond():
            return ExecutionCondition(symbols.by_name(one.symbol, one.sec_type))


def _scale(wire: WireOrder) -> Scale | None:
    step = wire.scale_price_increment
    if not step or not wire.scale_init_level_size:
        return None
    later = wire.scale_subs_level_size
    return Scale(float(wire.scale_init_level_size), step, float(later) if later else None)


def _algo(wire: WireOrder, zone: str) -> Algo | None:
    if not wire.algo_strategy:
        return None
    read = _Parameters(wire.algo_strategy, wire.algo_params, zone)
    match wire.algo_strategy.lower():
        case "twap":
            start, end = read.time("startTime"), read.time("endTime")
            return Twap(start, end, read.flag("allowPastEndTime"))
        case "vwap":
            most = read.number("maxPctVol")
            return Vwap(
                read.time("startTime"),
                read.time("endTime"),
                read.flag("allowPastEndTime"),
                None if most is None else _percent(most),
                read.flag("noTakeLiq"),
            )
        case "pctvol":
            share = read.number("pctVol")
            start, end = read.time("startTime"), read.time("endTime")
            return PercentOfVolume(
                10.0 if share is None else _percent(share), start, end, read.flag("noTakeLiq")
            )
        case "adaptive":
            word = read.text("adaptivePriority").lower()
            known = {each.value: each for each in Patience}
            return Adaptive(known.get(word, Patience.NORMAL))
    raise RejectedError(439, f"The algorithm definition was not found: {wire.algo_strategy}")


def _percent(share: float) -> float:
    """A share as percent: 0.07 is 7, not a hair more."""
    return round(100.0 * share, 10)


class _Parameters:
    """An algo's parameters, read as what they are."""

    def __init__(self, algo: str, pairs: Sequence[tuple[str, str]], zone: str) -> None:
        self._algo = algo
        self._values: Mapping[str, str] = dict(pairs)
        self._zone = zone

    def text(self, name: str) -> str:
        return self._values.get(name, "")

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def number(self, name: str) -> float | None:
        text = self.text(name)
        try:
            return float(text) if text else None
        except ValueError as error:
            raise RejectedError(
                442, f"Algorithm parameter {name} of {self._algo} is no number: {text!r}"
            ) from error

    def time(self, name: str) -> datetime | None:
        text = self.text(name)
        return _time(text, self._zone) if text else None
