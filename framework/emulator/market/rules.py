"""Market rules: the steps of prices, by the numbers clients ask for them with."""

from __future__ import annotations

__all__ = ["increments_of", "rule_number"]

from framework.domain.instruments import Instrument
from framework.emulator.market.listing import Increments
from framework.emulator.market.randomness import mixed

_NUMBERS: dict[Increments, int] = {
    ((0.0, 0.01),): 26,
    ((0.0, 0.25),): 67,
    ((0.0, 0.01), (3.0, 0.05)): 110,
    ((0.0, 0.00005),): 239,
    ((0.0, 0.05), (3.0, 0.10)): 556,
}
"""Numbers of the usual steps; others get one from the steps themselves."""

_FIRST, _COUNT = 10_000, 90_000


def increments_of(instrument: Instrument) -> Increments:
    """The steps of an instrument's prices."""
    return ((0.0, instrument.tick), *instrument.tick_bands)


def rule_number(increments: Increments) -> int:
    """The number of the rule with these steps, always the same."""
    known = _NUMBERS.get(increments)
    if known is not None:
        return known
    number = 0
    for start, step in increments:
        number = mixed(number, round(start * 1e8) + 31 * round(step * 1e10))
    return _FIRST + number % _COUNT
