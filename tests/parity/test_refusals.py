"""What no wire can carry is refused by name, with a remedy, before a session begins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.financing import IbkrFinancing
from framework.domain.actions import Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.errors import SlipwayError
from framework.session import lockstep
from framework.session.lockstep import rehearse
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, five_minutes
from tests.parity.test_orders import rows


class Idle(Strategy):
    def on_bar(self) -> None:
        pass


def refused(bars: Sequence[Bars], **parts: Any) -> str:
    with pytest.raises(SlipwayError) as caught:
        asyncio.run(rehearse(Idle, bars, BacktestSettings(**parts), {}))
    return str(caught.value)


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def gateway(*_: object, **__: object) -> None:
        raise AssertionError("it has begun")

    monkeypatch.setattr(lockstep, "lockstep_gateway", gateway)


DAYS = bars_of(rows(1)[:8])


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        (FillPolicy(sizing="fill", cash_check="fill"), "sizing=fill, cash_check=fill"),
        (FillPolicy(trade_on_close=True), "trade_on_close"),
        (FillPolicy(fee_per="lot"), "fee_per=lot"),
        (FillPolicy(brackets="linked"), "brackets=linked"),
        (FillPolicy(oca_ends="any"), "oca_ends=any"),
        (FillPolicy(queue="submission"), "queue=submission"),
        (FillPolicy(queue="accepted"), "queue=accepted"),
        (FillPolicy(intrabar="finer"), "intrabar=finer"),
        (FillPolicy.backtesting_py(), "sizing=fill, cash_check=fill, fee_per=lot"),
        (FillPolicy.backtrader(), "cash_check=acceptance"),
    ],
)
def test_a_fill_policy(policy: FillPolicy, named: str) -> None:
    said = refused([DAYS], policy=policy)
    assert named in said
    assert "--fill default" in said


def test_interest_and_dividends() -> None:
    assert "--financing" in refused([DAYS], financing=IbkrFinancing(4.0))
    raw = replace(DAYS, prices=PriceBasis.RAW)
    day = day_number(3)
    for action in (Dividend("AAA", day, 1.0), StockSplit("AAA", day, 2.0)):
        said = refused([raw], actions=(action,))
        assert "Dividends and splits of AAA" in said
        assert "--prices total" in said


def test_bars_that_a_broker_does_not_have() -> None:
    assert "no bars of '1w'" in refused([replace(DAYS, frame="1w")])
    late = replace(DAYS, close_time=DAYS.close_time + 10**9)
    said = refused([late])
    assert "AAA has a 1d bar that closes at 2020-02-24 21:00:01" in said
    assert "--calendar" in said
    odd = five_minutes(rows(1)[:8], 4)
    assert "closes at" in refused([replace(odd, close_time=odd.close_time - 60 * 10**9)])


def test_no_bars() -> None:
    assert "no bars" in refused([])
