"""Exit rules: each fills exactly the part of a protection it is named after."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framework.components.exits import (
    AtrStop,
    AtrTarget,
    StopPercent,
    TargetPercent,
    TimeStop,
    TrailingAmount,
    TrailingAtr,
    TrailingPercent,
)
from framework.domain.orders import Offset, Protection
from framework.errors import ConfigError
from framework.ports import ExitRule


@pytest.mark.parametrize(
    ("rule", "protection"),
    [
        (StopPercent(), Protection(stop_loss=Offset(percent=5.0))),
        (TargetPercent(8.0), Protection(take_profit=Offset(percent=8.0))),
        (AtrStop(), Protection(stop_loss=Offset(atr=2.0, atr_period=14))),
        (AtrTarget(3.0, 20), Protection(take_profit=Offset(atr=3.0, atr_period=20))),
        (TrailingPercent(4.0), Protection(trail=Offset(percent=4.0))),
        (TrailingAmount(1.5), Protection(trail=Offset(amount=1.5))),
        (TrailingAtr(2.5, 10), Protection(trail=Offset(atr=2.5, atr_period=10))),
        (TimeStop(7), Protection(max_bars=7)),
    ],
)
def test_protection(rule: ExitRule, protection: Protection) -> None:
    assert rule.protection() == protection


def test_what_the_strategy_said_wins_and_the_rest_is_filled_in() -> None:
    own = Protection(stop_loss=95.0)
    combined = own
    for rule in (StopPercent(1.0), TargetPercent(10.0), TimeStop(3)):
        combined = combined.or_else(rule.protection())
    assert combined == Protection(95.0, Offset(percent=10.0), None, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StopPercent(0.0), "StopPercent: percent is 0.0. Give a number above 0"),
        (lambda: StopPercent(100.0), "StopPercent: percent is 100"),
        (lambda: TargetPercent(float("inf")), "TargetPercent: percent is inf"),
        (lambda: AtrStop(multiple=-1.0), "AtrStop: multiple is -1"),
        (lambda: AtrStop(period=0), "AtrStop: period is 0. Give a whole number of at least 1"),
        (lambda: AtrTarget(period=2.5), "AtrTarget: period is 2.5"),
        (lambda: AtrTarget(multiple=0.0), "AtrTarget: multiple is 0"),
        (lambda: TrailingPercent(-3.0), "TrailingPercent: percent is -3"),
        (lambda: TrailingAmount(0.0), "TrailingAmount: amount is 0"),
        (lambda: TrailingAtr(period=True), "TrailingAtr: period is True"),
        (lambda: TimeStop(0), "TimeStop: bars is 0"),
    ],
)
def test_bad_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
