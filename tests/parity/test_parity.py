"""Parity: every strategy that comes along does the same in a backtest and in a paper session on the
emulator, through the real client library and a real socket, over the same bars."""

from __future__ import annotations

import pytest

from framework.config.plan import Plan, plan_of
from framework.config.request import request_of
from framework.config.runfile import validate
from framework.config.strategies import available, find_strategy
from tests.parity.comparing import assert_equal, played_twice

PART = {
    "sp500": ("2015-01-01", "2016-06-30"),
    "sp500-vix": ("2015-01-01", "2015-12-31"),
    "synthetic-5m": ("2023-10-02", "2023-10-31"),
    "synthetic-universe": (None, None),
}
"""By sample, the days that are played; long enough that every strategy trades."""
SHORTER = {"wheel": "2015-05-29"}
"""Its book of options costs more per bar."""
INSTANTS = 400


def plan(name: str, whole: bool) -> Plan:
    """How `python run.py NAME` would play a strategy, on a part of its sample or all of it."""
    content: dict[str, object] = {"strategy": name}
    first, last = PART[find_strategy(name).cls.sample]
    if not whole and first is not None:
        content["data"] = {"from": first, "to": SHORTER.get(name, last)}
    return plan_of(request_of(validate(content, "the test", {})))


@pytest.mark.parametrize("name", available())
def test_a_session_does_what_the_backtest_did(name: str) -> None:
    chosen = plan(name, whole=False)
    bars = [one.take(0, INSTANTS) if one.frame == "1d" else one for one in chosen.market.bars]
    backtest, session = played_twice(chosen.found.cls, bars, chosen.settings, chosen.parameters)
    assert backtest.fills
    assert not backtest.error
    assert_equal(backtest, session)


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_on_its_whole_sample_too(name: str) -> None:
    chosen = plan(name, whole=True)
    backtest, session = played_twice(
        chosen.found.cls, chosen.market.bars, chosen.settings, chosen.parameters
    )
    assert not backtest.error
    assert_equal(backtest, session)
