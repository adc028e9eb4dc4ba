"""Working an algo: which of its parts is due in a bar."""

from __future__ import annotations

__all__ = ["Due", "due_in"]

from datetime import datetime
from typing import NamedTuple

from framework.brokers.simulated.algos import (
    ADAPTIVE_BARS,
    Work,
    follows_volume,
    price_of,
    spread_share,
    units_of,
)
from framework.brokers.simulated.instants import nanoseconds
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar, Tape
from framework.domain.arithmetic import round_to_tick
from framework.domain.orders import Side, TimeInForce
from framework.domain.terms import Adaptive, Algo, Twap, Vwap


class Due(NamedTuple):
    """What an algo order does in a bar.

    Attributes:
        units: units that trade; 0 for none.
        price: before slippage.
        slip_share: share of the slippage the part pays.
        ends: why the order ends with this bar; empty if it goes on.
    """

    units: float
    price: float
    slip_share: float
    ends: str


def due_in(resting: Resting, algo: Algo, bar: Bar, tape: Tape) -> Due:
    """The part of an algo order that is due in a bar; notes what the algo has seen.

    An order whose limit does not allow the bar's price sits the bar out. An order never trades
    whole in one bar: the first part is at most half of it, and none where no bar would be left for
    the other half.

    Args:
        resting: the order.
        algo: how it is worked.
        bar: the bar.
        tape: the instrument's bars so far.
    """
    share = spread_share(algo)
    price = price_of(algo, bar.open, bar.high, bar.low, bar.close)
    start, end = _window(resting, algo, bar)
    if bar.time <= start:
        return Due(0.0, price, share, "")
    if bar.time > end and _trades_past(algo):
        end = bar.session_close
    if bar.time > end:
        return Due(0.0, price, share, _over(resting, algo))
    left = tape.bars_until(end)
    if isinstance(algo, Adaptive):
        left = min(left, max(1, ADAPTIVE_BARS[algo.patience] - resting.parts))
    units = 0.0
    if not _beyond_limit(resting, price):
        units = _part(resting, algo, bar, left, tape.instrument.lot)
    if resting.filled == 0.0 and units == resting.remaining:
        if left < 2:
            reason = "a single bar is left of its window: use shorter bars or a later end"
            return Due(0.0, price, share, reason)
        units = round_to_tick(0.5 * units, tape.instrument.lot, up=True)
    last = bar.session_close if _trades_past(algo) else end
    is_last = bar.time + tape.frame > last
    return Due(units, price, share, _over(resting, algo) if is_last else "")


def _part(resting: Resting, algo: Algo, bar: Bar, left: int, lot: float) -> float:
    resting.parts += 1
    resting.seen += bar.volume
    work = Work(
        resting.remaining, resting.filled, left, resting.parts, bar.volume, resting.seen, lot
    )
    return units_of(algo, work)


def _window(resting: Resting, algo: Algo, bar: Bar) -> tuple[int, int]:
    """The instant a window's bars come after, and the last one they may close at."""
    order = resting.order
    start, end = 0, bar.session_close
    if not isinstance(algo, Adaptive):
        start, end = _instant(algo.start, start), _instant(algo.end, end)
    if order.tif is TimeInForce.DAY:
        end = min(end, bar.session_close)
    return start, min(end, _instant(order.terms.good_till, end))


def _instant(time: datetime | None, otherwise: int) -> int:
    return otherwise if time is None else nanoseconds(time)


def _trades_past(algo: Algo) -> bool:
    return isinstance(algo, Twap | Vwap) and algo.allow_past_end


def _over(resting: Resting, algo: Algo) -> str:
    if follows_volume(algo) and resting.parts and resting.seen == 0.0:
        return "its window is over, and no bar in it showed a volume"
    return "its window is over"


def _beyond_limit(resting: Resting, price: float) -> bool:
    limit = resting.order.limit
    if limit is None:
        return False
    return price > limit if resting.side is Side.BUY else price < limit
