"""Working an algo: which of its parts is due in a bar."""

from __future__ import annotations

__all__ = ["Due", "due_in"]

from datetime import datetime
from typing import NamedTuple

from framework.brokers.simulated.algos import ADAPTIVE_BARS, Slice, slice_of, spread_share
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar, Tape
from framework.domain.arithmetic import round_to_tick
from framework.domain.orders import Side, TimeInForce
from framework.domain.terms import Adaptive, Twap, Vwap


class Due(NamedTuple):
    """What an algo order does in a bar.

    Attributes:
        part: units and price; None for none.
        slip_share: share of the slippage the part pays.
        ends: why the order ends with this bar; empty if it goes on.
    """

    part: Slice | None
    slip_share: float
    ends: str


def due_in(resting: Resting, bar: Bar, tape: Tape) -> Due:
    """The part of an algo order that is due in a bar; notes what the algo has seen.

    Parts are rounded up to whole lots, so that none is left behind at the window's end.

    Args:
        resting: the order.
        bar: the bar.
        tape: the instrument's bars so far.
    """
    algo = resting.order.terms.algo
    assert algo is not None
    share = spread_share(algo)
    start, end = _window(resting, bar)
    past = isinstance(algo, Twap | Vwap) and algo.allow_past_end
    if bar.time < start:
        return Due(None, share, "")
    if bar.time > end and not past:
        return Due(None, share, "its window is over")
    left = tape.bars_until(end)
    if isinstance(algo, Adaptive):
        left = min(left, max(1, ADAPTIVE_BARS[algo.patience] - resting.parts))
    if resting.parts == 0 and left < 2:
        return Due(None, share, "its window holds a single bar: use shorter bars or a later end")
    resting.parts += 1
    resting.seen += bar.volume
    usual = resting.seen / resting.parts
    part = slice_of(
        algo,
        resting.remaining,
        left,
        bar.volume,
        usual,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
    )
    units = min(resting.remaining, round_to_tick(part.quantity, tape.instrument.lot, up=True))
    is_last = bar.time + tape.frame > end and not past
    ends = "its window is over" if is_last else ""
    if units <= 0.0 or _beyond_limit(resting, part.price):
        return Due(None, share, ends)
    return Due(Slice(units, part.price), share, ends)


def _window(resting: Resting, bar: Bar) -> tuple[int, int]:
    """First and last instant of the window, nanoseconds UTC."""
    order = resting.order
    algo = order.terms.algo
    start = 0 if algo is None or isinstance(algo, Adaptive) else _instant(algo.start, 0)
    end = bar.session_close
    if algo is not None and not isinstance(algo, Adaptive):
        end = _instant(algo.end, end)
    if order.tif is TimeInForce.DAY:
        end = min(end, bar.session_close)
    return start, end


def _instant(time: datetime | None, otherwise: int) -> int:
    return otherwise if time is None else int(time.timestamp() * 1e9)


def _beyond_limit(resting: Resting, price: float) -> bool:
    limit = resting.order.limit
    if limit is None:
        return False
    return price > limit if resting.side is Side.BUY else price < limit
