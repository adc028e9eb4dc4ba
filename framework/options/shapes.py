"""Which combos have a name: those a trader calls by name, told from their legs alone.

A shape is the order of expiries and strikes and the ratios, whole and up to one common factor. Legs
and the same legs reversed have one name: a straddle sold is a straddle still.
"""

from __future__ import annotations

__all__ = ["CUSTOM", "SHAPES", "makes", "shape_of"]

from collections.abc import Sequence
from math import gcd

from framework.domain.options import Right
from framework.options.combos import Leg
from framework.options.contracts import option_expiry, option_terms

CUSTOM = "custom"
"""The kind of every combo without a name of its own."""

_C, _P = Right.CALL, Right.PUT

_Part = tuple[int, int, Right, int]
"""Rank of the expiry, rank of the strike, right, ratio."""

_Shape = tuple[int, tuple[_Part, ...]]
"""Units of the underlying, in contracts, and the options in order."""

_TABLE: dict[str, tuple[_Shape, ...]] = {
    "single": tuple((0, ((0, 0, right, 1),)) for right in Right),
    "vertical": tuple(
        (0, ((0, 0, right, low), (0, 1, right, -low))) for right in Right for low in (1, -1)
    ),
    "straddle": ((0, ((0, 0, _C, 1), (0, 0, _P, 1))),),
    "strangle": ((0, ((0, 0, _P, 1), (0, 1, _C, 1))),),
    "iron_condor": ((0, ((0, 0, _P, 1), (0, 1, _P, -1), (0, 2, _C, -1), (0, 3, _C, 1))),),
    "iron_butterfly": ((0, ((0, 0, _P, 1), (0, 1, _C, -1), (0, 1, _P, -1), (0, 2, _C, 1))),),
    "butterfly": tuple(
        (0, ((0, 0, right, 1), (0, 1, right, -2), (0, 2, right, 1))) for right in Right
    ),
    "calendar": tuple((0, ((0, 0, right, -1), (1, 0, right, 1))) for right in Right),
    "diagonal": tuple(
        (0, ((0, low, right, -1), (1, 1 - low, right, 1))) for right in Right for low in (0, 1)
    ),
    "covered_call": ((1, ((0, 0, _C, -1),)),),
    "collar": ((1, ((0, 0, _P, 1), (0, 1, _C, -1))),),
}
_NAMES = {shape: kind for kind, shapes in _TABLE.items() for shape in shapes}

SHAPES = (*_TABLE, "ratio")
"""Every name `shape_of` knows."""


def shape_of(legs: Sequence[Leg]) -> str:
    """The name of the combo these legs make, bought or sold; CUSTOM if it has none."""
    shape = _shape(legs)
    bought = _name(shape)
    return _name(_turned(shape)) if bought == CUSTOM else bought


def makes(kind: str, legs: Sequence[Leg]) -> bool:
    """Whether whoever trades these legs has bought a combo of this kind, and not sold one."""
    return _name(_shape(legs)) == kind


def _name(shape: _Shape) -> str:
    if shape in _NAMES:
        return _NAMES[shape]
    return "ratio" if _is_ratio(shape) else CUSTOM


def _shape(legs: Sequence[Leg]) -> _Shape:
    """What is left of the legs without their days and prices; units of the underlying that are no
    whole number of contracts have no shape."""
    options = [leg for leg in legs if leg.is_option]
    units = sum(leg.ratio * leg.instrument.multiplier for leg in legs if not leg.is_option)
    if not options or units % options[0].instrument.multiplier:
        return 0, ()
    held = int(units / options[0].instrument.multiplier)
    days = sorted({option_expiry(leg.instrument) for leg in options})
    strikes = sorted({option_terms(leg.instrument).strike for leg in options})
    whole = gcd(held, *(leg.ratio for leg in options))
    parts = []
    for leg in options:
        terms, day = option_terms(leg.instrument), option_expiry(leg.instrument)
        ranks = days.index(day), strikes.index(terms.strike)
        parts.append((*ranks, terms.right, leg.ratio // whole))
    return held // whole, tuple(sorted(parts))


def _turned(shape: _Shape) -> _Shape:
    held, parts = shape
    return -held, tuple((day, strike, right, -ratio) for day, strike, right, ratio in parts)


def _is_ratio(shape: _Shape) -> bool:
    """One strike bought and another sold more or less often, of one right and expiry."""
    held, parts = shape
    if held or len(parts) != 2:
        return False
    (day, _, right, ratio), (other_day, _, other_right, other_ratio) = parts
    return day == other_day and right is other_right and ratio * other_ratio < 0
