"""A plan made up from a seed: faults of many kinds a sound client survives, spread over a while."""

from __future__ import annotations

__all__ = ["random_plan"]

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TypeVar

from framework.emulator.faults.dice import Dice
from framework.emulator.faults.fault import Fault
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.faults.triggers import OnAnswer, OnRequest, OnStart, Place, Trigger
from framework.emulator.faults.values import Span
from framework.emulator.faults.verbs_book import Correct, Fill, Fork, Manual
from framework.emulator.faults.verbs_broker import Competing, Farm, Outage, Pacing, Restart, Skew
from framework.emulator.faults.verbs_message import Drop, Dup, Hold, Swap
from framework.emulator.faults.verbs_wire import Error, Mute, Rst
from framework.errors import ConfigError

T = TypeVar("T")

_STREAM = 0x5117
"""Of the draws a plan is made with: no fault draws from it."""

_MOST = 12
"""Faults of a plan of full intensity."""

Draw = Callable[[], float]
Made = tuple[Trigger, object, int | None]
"""When, what, and how often at most."""

_ORDER_ANSWERS = ("OpenOrder", "OrderStatus", "ExecDetails", "CommissionReport")
_ENDS = ("PositionEnd", "OpenOrderEnd", "ExecDetailsEnd", "CompletedOrdersEnd")
_ON_ORDERS = (104, 161, 201, 399, 404, 2109, 10147, 10349)


def random_plan(seed: int, intensity: float = 0.5, seconds: float = 60.0) -> FaultPlan:
    """A plan; the same for the same arguments, and equal to the one its text loads as.

    Args:
        seed: from 0.
        intensity: above 0 (a fault now and then) to 1 (hardly a moment in peace).
        seconds: how long the run is about to last; timed faults strike within it.

    Raises:
        ConfigError: an argument is out of range.
    """
    if seed < 0:
        raise ConfigError(f"The seed of a random plan is {seed}.", "Give a whole number from 0.")
    if not 0.0 < intensity <= 1.0:
        raise ConfigError(
            f"The intensity of a random plan is {intensity}.", "Give a number above 0, at most 1."
        )
    if not (isfinite(seconds) and seconds > 0.0):
        raise ConfigError(f"A random plan is for {seconds} s.", "Give a number of seconds above 0.")
    draw = Dice(seed, _STREAM).draw
    chance = round(0.02 + 0.28 * intensity, 3)
    faults = []
    for number in range(1, 1 + max(1, round(_MOST * intensity))):
        kind = _pick(tuple(_MADE), draw)
        when, verb, times = _MADE[kind](draw, seconds)
        likely = 1.0 if isinstance(when, OnStart) else chance
        faults.append(Fault(f"{kind}_{number}", when, (verb,), times, likely))
    title = f"random: seed {seed}, intensity {intensity:g}, {seconds:g} s"
    return FaultPlan(tuple(faults), seed, title)


def _dropped(draw: Draw, seconds: float) -> Made:
    return OnAnswer((_pick(_ORDER_ANSWERS, draw),)), Drop(), 3


def _unended(draw: Draw, seconds: float) -> Made:
    return OnAnswer((_pick(_ENDS, draw),)), Drop(), 1


def _doubled(draw: Draw, seconds: float) -> Made:
    return OnAnswer((_pick(_ORDER_ANSWERS, draw),)), Dup(1 + int(3 * draw())), None


def _late(draw: Draw, seconds: float) -> Made:
    low = _between(0.0, 0.5, draw)
    wait = Span(low, round(low + 0.001 + 2.0 * draw(), 3))
    return OnAnswer((_pick(_ORDER_ANSWERS, draw),)), Hold(wait), None


def _swapped(draw: Draw, seconds: float) -> Made:
    one, other = _pick(_ORDER_ANSWERS, draw), _pick(_ORDER_ANSWERS, draw)
    return OnAnswer((one,)), Swap((other,), 2.0), None


def _slow_request(draw: Draw, seconds: float) -> Made:
    wait = _between(0.05, 1.0, draw)
    return OnRequest((_pick(("PlaceOrder", "CancelOrder"), draw),)), Hold(Span(wait, wait)), None


def _told(draw: Draw, seconds: float) -> Made:
    return OnAnswer(("OrderStatus",)), Error(_pick(_ON_ORDERS, draw), id="order"), 2


def _paced(draw: Draw, seconds: float) -> Made:
    return OnRequest(("ReqHistoricalData",)), Pacing(), 2


def _reset_on_order(draw: Draw, seconds: float) -> Made:
    place = _pick(tuple(Place), draw)
    return OnRequest(("PlaceOrder",), place=place), Rst(), 1


def _filled(draw: Draw, seconds: float) -> Made:
    early = OnRequest(("CancelOrder",), place=Place.BEFORE)
    return early, Fill(tell=draw() < 0.5), 2


def _forked(draw: Draw, seconds: float) -> Made:
    return OnAnswer(("OpenOrder",)), Fork(), 1


def _corrected(draw: Draw, seconds: float) -> Made:
    wait = _between(0.0, 2.0, draw)
    return OnAnswer(("ExecDetails",), seconds=Span(wait, wait)), Correct(), 1


def _reset(draw: Draw, seconds: float) -> Made:
    return _some_time(draw, seconds), Rst(), 1


def _mute(draw: Draw, seconds: float) -> Made:
    return _some_time(draw, seconds), Mute(_between(0.5, 5.0, draw)), 1


def _restart(draw: Draw, seconds: float) -> Made:
    down, forget = _between(0.5, 5.0, draw), _between(0.0, 1.0, draw)
    return _some_time(draw, seconds), Restart(down, forget), 1


def _outage(draw: Draw, seconds: float) -> Made:
    verb = Outage(_between(0.5, 5.0, draw), draw() < 0.5)
    return _some_time(draw, seconds), verb, 1


def _farm(draw: Draw, seconds: float) -> Made:
    verb = Farm(_between(0.5, 5.0, draw), _pick((2103, 2105, 2157), draw))
    return _some_time(draw, seconds), verb, 1


def _competing(draw: Draw, seconds: float) -> Made:
    return _some_time(draw, seconds), Competing(_between(0.5, 5.0, draw)), 1


def _skew(draw: Draw, seconds: float) -> Made:
    return _some_time(draw, seconds), Skew(_between(-120.0, 120.0, draw)), 1


def _manual(draw: Draw, seconds: float) -> Made:
    order = -int(10 * draw())
    return _some_time(draw, seconds), Manual(quantity=10.0, order_id=order, fill=draw() < 0.5), 1


_MADE: Mapping[str, Callable[[Draw, float], Made]] = {
    "competing": _competing,
    "corrected": _corrected,
    "doubled": _doubled,
    "dropped": _dropped,
    "farm": _farm,
    "filled": _filled,
    "forked": _forked,
    "late": _late,
    "manual": _manual,
    "mute": _mute,
    "outage": _outage,
    "paced": _paced,
    "reset": _reset,
    "reset_on_order": _reset_on_order,
    "restart": _restart,
    "skew": _skew,
    "slow_request": _slow_request,
    "swapped": _swapped,
    "told": _told,
    "unended": _unended,
}
"""Kinds of faults, and how one is made."""


def _pick(options: Sequence[T], draw: Draw) -> T:
    return options[int(draw() * len(options))]


def _between(low: float, high: float, draw: Draw) -> float:
    return round(low + (high - low) * draw(), 3)


def _some_time(draw: Draw, seconds: float) -> OnStart:
    time = _between(0.0, seconds, draw)
    return OnStart(Span(time, time))
