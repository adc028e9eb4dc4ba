"""Ticks: what a quote that has changed means in messages."""

from __future__ import annotations

__all__ = ["PLACE", "computation", "greeks_of", "ticks_between"]

from collections.abc import Iterator
from math import isnan

from framework.emulator.market.pricing import Computation
from framework.emulator.market.quotes import NONE, Snapshot
from framework.emulator.protocol.answers import (
    Answer,
    TickGeneric,
    TickOptionComputation,
    TickPrice,
    TickSize,
    TickString,
)

PLACE = 2_000_000_011
"""Stands for the request id in messages that are made for several clients at once."""

_LIVE = {
    "bid_size": 0, "bid": 1, "ask": 2, "ask_size": 3, "last": 4, "last_size": 5, "high": 6,
    "low": 7, "volume": 8, "close": 9, "open": 14, "time": 45,
}  # fmt: skip
_DELAYED = {
    "bid": 66, "ask": 67, "last": 68, "bid_size": 69, "ask_size": 70, "last_size": 71, "high": 72,
    "low": 73, "volume": 74, "close": 75, "open": 76, "time": 88,
}  # fmt: skip
_HALTED = 49
_LIVE_GREEKS = (10, 11, 12, 13)
_DELAYED_GREEKS = (80, 81, 82, 83)
_EXECUTES = 1
"""Bit of a quote orders execute against automatically."""


def ticks_between(
    old: Snapshot | None, new: Snapshot, is_delayed: bool, req_id: int = PLACE
) -> Iterator[Answer]:
    """The messages that lead from one quote to the next; all of them from none."""
    numbers = _DELAYED if is_delayed else _LIVE
    for name, price, size, was in (
        ("bid", new.bid, new.bid_size, None if old is None else (old.bid, old.bid_size)),
        ("ask", new.ask, new.ask_size, None if old is None else (old.ask, old.ask_size)),
        ("last", new.last, new.last_size, None if old is None else (old.last, old.last_size)),
    ):
        if price == NONE or was == (price, size):
            continue
        if was is None or was[0] != price:
            mask = _EXECUTES if name != "last" and not is_delayed else 0
            yield TickPrice(req_id, numbers[name], price, size, mask)
        if was is None or was[1] != size:
            yield TickSize(req_id, numbers[f"{name}_size"], size)
    if old is None or old.volume != new.volume:
        yield TickSize(req_id, numbers["volume"], new.volume)
    for name, price, before in (
        ("high", new.high, None if old is None else old.high),
        ("low", new.low, None if old is None else old.low),
        ("close", new.previous_close, None if old is None else old.previous_close),
        ("open", new.open, None if old is None else old.open),
    ):
        if price not in (NONE, before):
            yield TickPrice(req_id, numbers[name], price)
    if old is None or old.time != new.time:
        yield TickString(req_id, numbers["time"], str(new.time // 1_000_000_000))
    if old is None or old.halted != new.halted:
        yield TickGeneric(req_id, _HALTED, float(new.halted))


def greeks_of(
    computations: tuple[Computation | None, ...], is_delayed: bool, req_id: int = PLACE
) -> Iterator[Answer]:
    """The Greeks by bid, ask, last price and model, as far as they are known."""
    numbers = _DELAYED_GREEKS if is_delayed else _LIVE_GREEKS
    for number, one in zip(numbers, computations, strict=True):
        if one is not None:
            yield computation(number, one, req_id)


def computation(number: int, one: Computation, req_id: int) -> TickOptionComputation:
    """One set of Greeks as a message."""
    return TickOptionComputation(
        req_id,
        number,
        0,
        _there(one.implied_volatility),
        _there(one.delta),
        _there(one.price),
        _there(one.pv_dividend),
        _there(one.gamma),
        _there(one.vega),
        _there(one.theta),
        _there(one.under_price),
    )


def _there(value: float) -> float | None:
    return None if isnan(value) else value
