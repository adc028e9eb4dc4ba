"""Terms: what sets an order apart from a plain one, in short words for a table's cell."""

from __future__ import annotations

__all__ = ["terms_text"]

from collections.abc import Iterator
from datetime import UTC, datetime

from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
)
from framework.domain.orders import Order
from framework.domain.terms import (
    PLAIN,
    Adaptive,
    Algo,
    PercentOfVolume,
    Scale,
    Twap,
    Vwap,
)


def terms_text(order: Order) -> str | None:
    """Such as "adaptive patient; oca g reduce; via NYSE"; None for a plain order.

    The group of protective orders is not among them: they have a parent instead.
    """
    grouped = order.oca is not None and order.parent is None
    if order.terms is PLAIN and not grouped:
        return None
    return "; ".join(_parts(order, grouped)) or None


def _parts(order: Order, grouped: bool) -> Iterator[str]:
    terms = order.terms
    if terms.algo is not None:
        yield _algo(terms.algo)
    if terms.scale is not None:
        yield _scale(terms.scale)
    if terms.conditions is not None:
        yield _conditions(terms.conditions)
    if grouped:
        yield f"oca {order.oca} {terms.oca_type.name.lower()}"
    if terms.peg is not None:
        yield f"peg {terms.peg}" + (f" offset {terms.peg_offset!r}" if terms.peg_offset else "")
    if terms.limit_offset is not None:
        yield f"limit offset {terms.limit_offset!r}"
    if terms.good_till is not None:
        yield f"till {_time(terms.good_till)}"
    if terms.exchange != "SMART":
        yield f"via {terms.exchange}"
    if terms.outside_hours:
        yield "outside hours"


def _algo(algo: Algo) -> str:
    if isinstance(algo, Adaptive):
        return f"adaptive {algo.patience}"
    words = [_name(algo)]
    words += [f"from {_time(algo.start)}"] if algo.start is not None else []
    words += [f"until {_time(algo.end)}"] if algo.end is not None else []
    if not isinstance(algo, PercentOfVolume) and algo.allow_past_end:
        words.append("or later")
    if not isinstance(algo, Twap) and algo.no_take_liquidity:
        words.append("without taking liquidity")
    return " ".join(words)


def _name(algo: Twap | Vwap | PercentOfVolume) -> str:
    if isinstance(algo, PercentOfVolume):
        return f"{algo.rate:.10g}% of volume"
    if isinstance(algo, Vwap):
        return "vwap" if algo.max_percent is None else f"vwap max {algo.max_percent:.10g}%"
    return "twap"


def _scale(scale: Scale) -> str:
    later = "" if scale.size is None else f" then {scale.size:.10g}"
    return f"scale {scale.first:.10g}{later} step {scale.step:.10g}"


def _conditions(conditions: Conditions) -> str:
    either = " or ".join(" and ".join(map(_condition, group)) for group in conditions.groups)
    hours = " at all hours" if conditions.ignore_hours else ""
    return f"{'cancel if' if conditions.cancels else 'if'} {either}{hours}"


def _condition(one: Condition) -> str:
    if isinstance(one, ExecutionCondition):
        return f"{one.symbol} trades"
    if isinstance(one, TimeCondition):
        return f"time {'>=' if one.after else '<'} {_time(one.time)}"
    sign = ">=" if one.above else "<="
    if isinstance(one, PriceCondition):
        return f"{one.symbol} {sign} {one.price:.10g}"
    if isinstance(one, PercentChangeCondition):
        return f"change {one.symbol} {sign} {one.percent:.10g}%"
    if isinstance(one, MarginCondition):
        return f"cushion {sign} {one.percent:.10g}%"
    return f"volume {one.symbol} {sign} {one.volume:.10g}"


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
