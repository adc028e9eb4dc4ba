"""Under backtrader's own policy the simulated broker does exactly as backtrader does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed
from framework.components.slippage import PercentSlippage
from framework.domain.orders import pct
from framework.referee.compare import referee
from tests.builders import Act, bars_of, free, scripted
from tests.unit.test_referee import AGREED, ZIGZAG, fates

LINKED: dict[str, dict[int, Act | Sequence[Act]]] = {
    **AGREED,
    "stop added to a working entry": {
        1: lambda s: s.buy(10, limit=98.0, tif="GTC"),
        2: lambda s: s.go_long(stop_loss=97.2),
    },
    "stop added to a working bracket, and cancelled": {
        1: lambda s: s.go_long(take_profit=pct(50)),
        2: lambda s: s.sell(30, limit=140.0, tif="GTC", take_profit=50.0),
        3: lambda s: s.go_short(stop_loss=150.0),
        4: lambda s: s.cancel(s.orders[-1]),
    },
    "stop added after the entry filled": {
        1: lambda s: s.go_long(take_profit=104.4),
        3: lambda s: s.go_long(stop_loss=97.4),
    },
    "stop added after the bracket is over": {
        1: lambda s: s.buy(10, take_profit=102.9),
        2: lambda s: s.buy(10),
        8: lambda s: s.go_long(stop_loss=99.8, take_profit=103.2),
    },
    "cash for half a bracket": {
        1: lambda s: s.buy(2_000, stop_loss=pct(4), take_profit=pct(5)),
        2: lambda s: s.buy(900, stop_loss=pct(4), take_profit=pct(5)),
    },
    "closed in the bar it trades in": {
        1: lambda s: s.buy(10, stop_loss=97.2),
        2: lambda s: s.sell(10, stop=99.9, tif="GTC"),
        3: lambda s: s.close(),
    },
    "an entry its group ends": {
        1: [
            lambda s: s.buy(10, limit=90.0, tif="GTC", oca="pair", stop_loss=pct(5)),
            lambda s: s.buy(10, stop=103.2, tif="GTC", oca="pair", stop_loss=pct(2)),
        ],
    },
}  # fmt: skip
POLICIES = {
    "plain": FillPolicy.backtrader(),
    "slips out": FillPolicy.backtrader(slip_open=True, slip_out=True),
    "waits": FillPolicy.backtrader(slip_open=True, slip_match=False, slip_out=True),
    "shorts bound": FillPolicy.backtrader(checksubmit=False, shortcash=False),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", LINKED)
def test_under_its_own_policy_it_does_exactly_the_same(name: str, policy: str) -> None:
    settings = free(slippage=PercentSlippage(0.1), commission=IbkrFixed(), policy=POLICIES[policy])
    verdict = referee(scripted(LINKED[name]), [bars_of(ZIGZAG)], settings)
    assert not verdict.ours.error
    assert not verdict.unexplained
    assert not verdict.differing
    assert fates(verdict.alone) == fates(verdict.ours)
