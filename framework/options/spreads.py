"""The ten combos traders call by name, made from the contracts of a chain.

Each is the position its name says when bought, so what usually brings a credit has a negative
price: the iron condor sells the inner strikes, the covered call and the collar hold the underlying
and sell the call, the calendar and the diagonal sell the near expiry, the ratio sells more than it
buys. The straddle, the strangle and the butterfly are long; sell the combo, or buy its
`reversed()`, for the other side.

Every contract must be listed; strikes in the wrong order are refused by the shape they fail to
make.
"""

from __future__ import annotations

__all__ = [
    "butterfly",
    "calendar_spread",
    "collar",
    "covered_call",
    "diagonal",
    "iron_condor",
    "ratio_spread",
    "straddle",
    "strangle",
    "underlying_leg",
    "vertical",
]

from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right
from framework.errors import DataError
from framework.options.chain import OptionChain
from framework.options.combos import Combo, Leg
from framework.options.shapes import makes


def vertical(chain: OptionChain, expiry: int, right: Right, *, buy: float, sell: float) -> Combo:
    """One strike bought, another of the same right sold."""
    bought, sold = chain.contract(expiry, right, buy), chain.contract(expiry, right, sell)
    return _made("vertical", "two strikes", Leg(bought, 1), Leg(sold, -1))


def straddle(chain: OptionChain, expiry: int, strike: float) -> Combo:
    """The call and the put of one strike, bought."""
    call = chain.contract(expiry, Right.CALL, strike)
    put = chain.contract(expiry, Right.PUT, strike)
    return _made("straddle", "one strike", Leg(call, 1), Leg(put, 1))


def strangle(chain: OptionChain, expiry: int, *, put: float, call: float) -> Combo:
    """A put and a call of a higher strike, bought."""
    return _made(
        "strangle",
        "put < call",
        Leg(chain.contract(expiry, Right.PUT, put), 1),
        Leg(chain.contract(expiry, Right.CALL, call), 1),
    )


def iron_condor(
    chain: OptionChain,
    expiry: int,
    *,
    buy_put: float,
    sell_put: float,
    sell_call: float,
    buy_call: float,
) -> Combo:
    """A put and a call sold, a farther put and a farther call bought against them."""
    return _made(
        "iron_condor",
        "buy_put < sell_put < sell_call < buy_call",
        Leg(chain.contract(expiry, Right.PUT, buy_put), 1),
        Leg(chain.contract(expiry, Right.PUT, sell_put), -1),
        Leg(chain.contract(expiry, Right.CALL, sell_call), -1),
        Leg(chain.contract(expiry, Right.CALL, buy_call), 1),
    )


def butterfly(
    chain: OptionChain, expiry: int, right: Right, *, low: float, middle: float, high: float
) -> Combo:
    """The outer strikes bought, the middle one sold twice; the wings may differ in width."""
    return _made(
        "butterfly",
        "low < middle < high",
        Leg(chain.contract(expiry, right, low), 1),
        Leg(chain.contract(expiry, right, middle), -2),
        Leg(chain.contract(expiry, right, high), 1),
    )


def calendar_spread(
    chain: OptionChain, right: Right, strike: float, *, sell: int, buy: int
) -> Combo:
    """One strike sold at the expiry `sell` and bought at the later expiry `buy`."""
    return _made(
        "calendar",
        "sell the earlier expiry",
        Leg(chain.contract(sell, right, strike), -1),
        Leg(chain.contract(buy, right, strike), 1),
    )


def diagonal(
    chain: OptionChain,
    right: Right,
    *,
    sell: tuple[int, float],
    buy: tuple[int, float],
) -> Combo:
    """An (expiry, strike) sold, and another strike of a later expiry bought."""
    return _made(
        "diagonal",
        "sell the earlier expiry, buy another strike",
        Leg(chain.contract(sell[0], right, sell[1]), -1),
        Leg(chain.contract(buy[0], right, buy[1]), 1),
    )


def covered_call(chain: OptionChain, underlying: Instrument, expiry: int, strike: float) -> Combo:
    """The underlying held, and a call on all of it sold."""
    call = chain.contract(expiry, Right.CALL, strike)
    return _made(
        "covered_call",
        "the underlying and one call",
        underlying_leg(underlying, call),
        Leg(call, -1),
    )


def collar(
    chain: OptionChain, underlying: Instrument, expiry: int, *, put: float, call: float
) -> Combo:
    """The underlying held, a put on all of it bought and a call of a higher strike sold."""
    bought, sold = (
        chain.contract(expiry, Right.PUT, put),
        chain.contract(expiry, Right.CALL, call),
    )
    return _made(
        "collar", "put < call", underlying_leg(underlying, sold), Leg(bought, 1), Leg(sold, -1)
    )


def ratio_spread(
    chain: OptionChain, expiry: int, right: Right, *, buy: float, sell: float, times: int = 2
) -> Combo:
    """One strike bought once, another of the same right sold `times` times."""
    bought, sold = chain.contract(expiry, right, buy), chain.contract(expiry, right, sell)
    return _made("ratio", "two strikes, times > 1", Leg(bought, 1), Leg(sold, -times))


def underlying_leg(underlying: Instrument, option: Instrument, contracts: int = 1) -> Leg:
    """The units of the underlying that so many contracts of the option are written on.

    Raises:
        DataError: no whole number of units, or an underlying that cannot be held.
    """
    if underlying.type is AssetType.INDEX:
        raise DataError(
            f"{underlying.symbol} is an index, which nobody can hold.",
            "Take a fund or a future on it, and the options on that.",
        )
    units = contracts * option.multiplier / underlying.multiplier
    if units != int(units):
        raise DataError(
            f"{option.symbol}: {contracts} contracts stand for {units:g} units of "
            f"{underlying.symbol}.",
            "Give both multipliers that fit.",
        )
    return Leg(underlying, int(units))


def _made(kind: str, rule: str, *legs: Leg) -> Combo:
    """The combo, its legs in the order that makes it what it is called."""
    combo = Combo(kind, legs)
    if not makes(kind, legs):
        raise DataError(f"{combo.symbol!r} is no {kind}.", f"It needs: {rule}.")
    return combo
