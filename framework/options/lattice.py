"""Rolling an option with exercise dates back through a binomial tree, many options at once.

The tree moves in steps of e^(+-v), v = volatility x sqrt(step), around the forward price, up with
the probability 1 / (1 + e^v), so that it stays a martingale at any volatility and any carry. Over
the last period before expiry its values come from the closed form, as in Broadie and Detemple
(1996), which smooths away the payoff's kink. Its error falls with one over the number of steps.
"""

from __future__ import annotations

__all__ = ["NODES", "hold_values", "root_spots"]

import numpy as np

from framework.domain.bars import FloatArray
from framework.options import black_scholes
from framework.options.checks import OptionInputs

NODES = 3
"""Spots at the root: two moves down, today's, two moves up; for delta and gamma."""

_CELLS = 1 << 16
"""Nodes held at once: a block of options whose values stay in the processor's cache."""

_LARGEST_EXPONENT = 500.0


def hold_values(given: OptionInputs, dates: int, steps: int) -> FloatArray:
    """Values, shape (options, 3), at the three root spots of not exercising now.

    Args:
        given: the options; volatility and years may be 0.
        dates: equally spaced exercise dates, the last at expiry; now is none of them.
        steps: moves of the tree between two dates.
    """
    width = (dates - 1) * steps + NODES
    rows = max(1, _CELLS // width)
    count = given.spot.size
    result = np.empty((count, NODES))
    for start in range(0, count, rows):
        block = slice(start, min(start + rows, count))
        result[block] = _roll_back(given.taken(block), dates, steps)
    return result


def root_spots(given: OptionInputs, dates: int, steps: int) -> FloatArray:
    """Spots, shape (options, 3), that belong to `hold_values`."""
    move = given.volatility * np.sqrt(given.years / (dates * steps))
    spots: FloatArray = given.spot[:, None] * np.exp(move[:, None] * np.array([-2.0, 0.0, 2.0]))
    return spots


def _roll_back(given: OptionInputs, dates: int, steps: int) -> FloatArray:
    moves = (dates - 1) * steps
    step = (given.years / (dates * steps))[:, None]
    move = given.volatility[:, None] * np.sqrt(step)
    sign, strike = given.sign[:, None], given.strike[:, None]
    ladder = move * np.arange(-(moves + 2.0), moves + 3.0)
    ladder = np.exp(np.clip(ladder, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    ladder *= given.spot[:, None]
    carry = (given.rate - given.dividend_yield)[:, None] * step
    discount = np.exp(-given.rate[:, None] * step)
    up = discount / (1.0 + np.exp(move))
    down = discount - up

    spots = ladder[:, ::2] * np.exp(carry * moves)
    values = black_scholes.price(
        sign,
        spots,
        strike,
        step * steps,
        given.rate[:, None],
        given.dividend_yield[:, None],
        given.volatility[:, None],
    )
    for at in range(moves, 0, -1):
        if at % steps == 0:
            inset = moves - at
            payoff = ladder[:, inset : ladder.shape[1] - inset : 2] * np.exp(carry * at)
            payoff -= strike
            payoff *= sign
            np.maximum(values, payoff, out=values)
        lower = values[:, :-1] * down
        values = values[:, 1:] * up
        values += lower
    return values
