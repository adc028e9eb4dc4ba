"""Conditions of an order, to the broker's list joined by and/or, and back."""

from __future__ import annotations

__all__ = ["conditions_from", "conditions_to"]

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from framework.brokers.ib.library import IbCondition, Library
from framework.brokers.ib.listed import Book
from framework.brokers.ib.problems import ContractError
from framework.brokers.ib.times import parsed_time, time_text
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

_AND, _OR = "a", "o"
_PRICE, _TIME, _MARGIN, _EXECUTION, _VOLUME, _PERCENT = 1, 3, 4, 5, 6, 7
"""The broker's numbers of the kinds."""


def conditions_to(lib: Library, conditions: Conditions, book: Book) -> list[IbCondition]:
    """The broker's list: each condition says how it is joined to the next.

    The broker knows no brackets and binds `and` more tightly than `or`, as `Conditions` does.

    Raises:
        ContractError: a condition names what has not been qualified.
    """
    found: list[IbCondition] = []
    for group in conditions.groups:
        for number, one in enumerate(group, start=1):
            made = _Writer(lib, book).write(one)
            made.conjunction = _OR if number == len(group) else _AND
            found.append(made)
    return found


@dataclass(frozen=True, slots=True)
class _Writer:
    lib: Library
    book: Book

    def write(self, one: Condition) -> IbCondition:
        lib = self.lib
        match one:
            case PriceCondition():
                con_id, exchange = self._place(one.symbol)
                return lib.PriceCondition(
                    isMore=one.above, price=one.price, conId=con_id, exch=exchange
                )
            case TimeCondition():
                return lib.TimeCondition(isMore=one.after, time=time_text(one.time))
            case MarginCondition():
                return lib.MarginCondition(isMore=one.above, percent=_whole(one.percent))
            case ExecutionCondition():
                listed = self.book.by_key(one.symbol)
                return lib.ExecutionCondition(
                    secType=listed.sec_type, exch=listed.exchange, symbol=listed.symbol
                )
            case VolumeCondition():
                con_id, exchange = self._place(one.symbol)
                return lib.VolumeCondition(
                    isMore=one.above, volume=_whole(one.volume), conId=con_id, exch=exchange
                )
            case PercentChangeCondition():
                con_id, exchange = self._place(one.symbol)
                return lib.PercentChangeCondition(
                    isMore=one.above, changePercent=one.percent, conId=con_id, exch=exchange
                )

    def _place(self, symbol: str) -> tuple[int, str]:
        listed = self.book.by_key(symbol)
        return listed.con_id, listed.exchange


def _whole(value: float) -> int:
    """The broker takes whole percents of margin, and whole units of volume."""
    return round(value)


def conditions_from(
    shown: Sequence[Any], cancels: bool, ignore_hours: bool, book: Book, zone: str
) -> Conditions | None:
    """The conditions of an order as the broker shows it.

    Raises:
        ContractError: a condition names what has not been qualified.
        RequestError: a time that cannot be read.
    """
    groups: list[list[Condition]] = [[]]
    for one in shown:
        groups[-1].append(_read(one, book, zone))
        if one.conjunction == _OR:
            groups.append([])
    kept = tuple(tuple(group) for group in groups if group)
    return Conditions(kept, bool(cancels), bool(ignore_hours)) if kept else None


def _read(one: Any, book: Book, zone: str) -> Condition:
    """Attributes are those of the kind; the client library has no common type for them."""
    kind = int(one.condType)
    if kind == _TIME:
        return TimeCondition(parsed_time(one.time, zone), bool(one.isMore))
    if kind == _MARGIN:
        return MarginCondition(float(one.percent), bool(one.isMore))
    if kind == _EXECUTION:
        listed = book.by_name(one.symbol, one.secType)
        if listed is None:
            raise ContractError(f"A condition names {one.secType} {one.symbol}.", _UNKNOWN)
        return ExecutionCondition(listed.key)
    found = book.by_con_id(int(one.conId))
    if found is None:
        raise ContractError(f"A condition names the contract {one.conId}.", _UNKNOWN)
    if kind == _PRICE:
        return PriceCondition(found.key, float(one.price), bool(one.isMore))
    if kind == _VOLUME:
        return VolumeCondition(found.key, float(one.volume), bool(one.isMore))
    return PercentChangeCondition(found.key, float(one.changePercent), bool(one.isMore))


_UNKNOWN = "It has not been looked up: the order was not sent from here."
