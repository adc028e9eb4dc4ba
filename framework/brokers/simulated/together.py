"""Orders that trade together or not at all: the legs of a combo with one net price."""

from __future__ import annotations

__all__ = ["Leg", "net_prices"]

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar, Tape

Slip = Callable[[Resting, float, float, Bar], float]
"""The price a model proposes for so many units of an order, from a price and a bar."""


class Leg(NamedTuple):
    """One of the orders, and where it trades.

    Attributes:
        resting: the order.
        bar: the bar of its instrument that closes now.
        reference: price before slippage.
        price: after it.
        at_open: whether that is at the bar's open.
    """

    resting: Resting
    bar: Bar
    reference: float
    price: float
    at_open: bool


def net_prices(
    orders: Sequence[Resting],
    tapes: Mapping[str, Tape],
    slip: Slip,
    most: float | None,
    time: int,
) -> tuple[Leg, ...]:
    """Where all of some orders trade at once in the bars that close at `time`; empty if nowhere.

    A bar tells the prices of several instruments at one and the same moment only at its open and
    at its close, so those two are looked at.

    Args:
        orders: one per leg.
        tapes: by symbol.
        slip: what an order in a hurry pays.
        most: sum of side x units x price that may be paid at most, negative for what must be
            received at least; None without a limit.
        time: nanoseconds UTC.
    """
    bars = []
    for resting in orders:
        tape = tapes[resting.order.symbol]
        if tape.row < 0 or int(tape.bars.close_time[tape.row]) != time:
            return ()
        bars.append(tape.bar())
    for at_open in (True, False):
        legs = tuple(
            _leg(resting, bar, at_open, slip) for resting, bar in zip(orders, bars, strict=True)
        )
        if most is None or sum(_paid(leg) for leg in legs) <= most + _HAIR * abs(most):
            return legs
    return ()


_HAIR = 1e-12
"""Share of a limit that rounding may add."""


def _leg(resting: Resting, bar: Bar, at_open: bool, slip: Slip) -> Leg:
    reference = bar.open if at_open else bar.close
    price = slip(resting, reference, resting.remaining, bar)
    return Leg(resting, bar, reference, price, at_open)


def _paid(leg: Leg) -> float:
    return leg.resting.side * leg.resting.remaining * leg.price
