"""Nouns filled to the brim with values that are all different, and what clients make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import count
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from framework.emulator.protocol.conditions import CONDITIONS
from framework.emulator.protocol.contract import ComboLeg, DeltaNeutral, WireContract
from framework.emulator.protocol.order import SoftDollarTier, WireOrder
from framework.emulator.protocol.plan import hints_of
from framework.emulator.protocol.requests import ExecutionFilter, ScannerSubscription

CONDITION_TYPES = {cls: number for number, cls in CONDITIONS.items()}

PHASES = range(8)
"""Ways to set flags: flag number n is set in the phases that are the bits of n."""

FIXED: dict[str, Any] = {
    "last_trade_date": "20250620",
    "last_trade_time": "08:30",
    "right": "C",
    "sec_type": "OPT",
    "order_type": "LMT",
    "attrib_mask": 1,
    "tick_attrib": 1,
}
"""Fields whose values clients look into."""


def filled(cls: type, phase: int = 0, numbers: Iterator[int] | None = None) -> Any:
    """A noun of all fields set, no two numbers or texts the same.

    Args:
        cls: of the noun.
        phase: one of `PHASES`; any two flags differ in one of them.
        numbers: where its values start.
    """
    numbers = count(1001) if numbers is None else numbers
    return cls(**{name: _value(name, hint, phase, numbers) for name, hint in hints_of(cls).items()})


def _value(name: str, hint: Any, phase: int, numbers: Iterator[int]) -> Any:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if name in FIXED:
        return FIXED[name]
    if name == "conditions":
        return tuple(filled(each, phase, numbers) for each in CONDITIONS.values())
    if get_origin(hint) is UnionType:
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if get_origin(item) is tuple:
            return tuple((f"tag{next(numbers)}", f"value{next(numbers)}") for _ in range(2))
        return tuple(_value("", item, phase, numbers) for _ in range(2))
    if is_dataclass(hint):
        return filled(hint, phase, numbers)
    number = next(numbers)
    plain = {
        bool: bool(number >> phase & 1),
        int: number,
        float: float(number),
        str: f"{name}{number}",
    }
    return plain[hint]


def camel(name: str) -> str:
    """A field's name as the clients write it."""
    special = {
        "last_trade_date": "lastTradeDateOrContractMonth",
        "delta_neutral": "deltaNeutralContract",
        "rule80a": "rule80A",
    }
    if name in special:
        return special[name]
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


CLASSES = {
    WireContract: "Contract",
    WireOrder: "Order",
    ComboLeg: "ComboLeg",
    DeltaNeutral: "DeltaNeutralContract",
    SoftDollarTier: "SoftDollarTier",
    ExecutionFilter: "ExecutionFilter",
    ScannerSubscription: "ScannerSubscription",
}


def told(noun: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A noun as `wire_client_script.py` is told to make it; unset numbers are left unset."""
    if type(noun) in CONDITION_TYPES:
        kind: dict[str, Any] = {"class": "Condition", "type": CONDITION_TYPES[type(noun)]}
    else:
        kind = {"class": CLASSES[type(noun)]}
    for field in fields(noun):
        value = getattr(noun, field.name)
        if field.name in without or (value is None and field.name != "use_price_mgmt_algo"):
            continue
        kind[camel(field.name)] = _told_value(field.name, value, without)
    return kind


def _told_value(name: str, value: Any, without: frozenset[str]) -> Any:
    if name in ("algo_params", "smart_combo_routing_params"):
        return tags(value)
    if name == "order_misc_options":
        return tags(tuple(pair.split("=") for pair in value.split(";") if pair))
    if name == "order_combo_legs":
        return [
            {"class": "OrderComboLeg"}
            if price is None
            else {"class": "OrderComboLeg", "price": price}
            for price in value
        ]
    if isinstance(value, tuple):
        return [told(item, without) for item in value]
    return told(value, without) if is_dataclass(value) else value


def tags(pairs: Any) -> list[dict[str, str]]:
    """Pairs as a client's tag values."""
    return [{"class": "TagValue", "tag": tag, "value": value} for tag, value in pairs]


SINCE = {
    "duration": 158,
    "post_to_ats": 160,
    "auto_cancel_parent": 162,
    "advanced_error_override": 166,
    "manual_order_time": 169,
    "min_trade_qty": 170,
    "min_compete_size": 170,
    "compete_against_best_offset": 170,
    "mid_offset_at_whole": 170,
    "mid_offset_at_half": 170,
}
"""First versions that carry a field of an order; written down once more, on purpose."""


def as_carried(order: WireOrder, version: int) -> WireOrder:
    """An order without what placeOrder does not carry in a version."""
    default = WireOrder()
    gone = {name for name, since in SINCE.items() if version < since}
    if version >= 177:
        gone.add("fa_profile")
    return replace(order, **{name: getattr(default, name) for name in gone})
