"""Parity of random programs: every verb, order type, time in force, group, condition and algo, with
margin calls, breakers, futures that expire and roll, and two currencies."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.backtest.run import run
from framework.domain.orders import Origin
from tests.parity.comparing import differences, played_twice
from tests.parity.programs import is_playable, wire_program

MANY = 500


def differing(seed: int) -> list[str]:
    """What differs between a program's backtest and its session."""
    program = wire_program(seed)
    backtest, session = played_twice(program.strategy, program.bars, program.settings)
    return differences(backtest, session) if is_playable(program, backtest) else []


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 100_000))
def test_a_session_does_what_the_backtest_of_a_random_program_did(seed: int) -> None:
    assert differing(seed) == []


ONCE = {
    "a contract's last day, and orders that end with it": 22,
    "a reducing order that finds less than it was made for": 10,
    "the level a trailing stop starts from": 18,
    "a stop that trails in the bar that ends it": 193,
    "a change of what is worked over time and may open only so much": 214,
    "protection that is given anew while its entry waits": 230,
    "the same, with another price": 557,
    "a distance that replaces a price": 596,
    "a liquidation in two parts": 88,
    "an order cut short before its last fill": 970,
    "a liquidation among other fills": 1227,
    "conditions on a contract that has expired": 63,
    "two strategies that wait for cancels at one instant": 84,
    "the rate of another currency": 75,
}
"""Programs whose session once differed, by what was behind it."""


@pytest.mark.parametrize("seed", ONCE.values(), ids=ONCE)
def test_what_once_differed(seed: int) -> None:
    assert differing(seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(MANY))
def test_many_random_programs(seed: int) -> None:
    assert differing(seed) == []


def test_the_programs_are_about_something() -> None:
    """Margin calls, expiries, rolls, breakers, a second currency, orders that fill in parts."""
    origins, rates, parts = set[Origin](), set[float](), 0
    for seed in (19, 51, 86, 92):
        program = wire_program(seed)
        record = run(program.strategy, program.bars, program.settings, {})
        assert is_playable(program, record)
        origins |= {one.order.origin for one in record.orders if one.filled}
        rates |= {fill.rate for fill in record.fills}
        parts += len(record.fills) - len({fill.order.id for fill in record.fills})
    assert {Origin.LIQUIDATION, Origin.EXPIRY, Origin.ROLL, Origin.BREAKER} <= origins
    assert len(rates) > 1
    assert parts
