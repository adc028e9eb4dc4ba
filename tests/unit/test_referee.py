"""The referee: the same strategy on backtrader; what must agree, what must not be excused."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine, Market
from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed, IbkrTiered, PerOrder
from framework.components.liquidity import VolumeShare
from framework.components.margin import CashAccount, Leverage, RegT
from framework.components.slippage import (
    FixedSlippage,
    HalfSpread,
    NoSlippage,
    PercentSlippage,
)
from framework.config.plan import plan_of
from framework.config.request import Request
from framework.config.strategies import find_strategy
from framework.domain.bars import Bars
from framework.domain.conditions import TimeCondition, all_of
from framework.domain.events import BrokerEvent, Commission, Fill
from framework.domain.ledger import Ledger
from framework.domain.orders import Offset, Order, OrderType, TimeInForce, pct, points
from framework.domain.terms import Adaptive, OcaType, Scale, Terms
from framework.errors import ConfigError
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility
from framework.referee import compare
from framework.referee.broker import CerebroBroker
from framework.referee.cerebro import on_cerebro
from framework.referee.command import play_on_backtrader, print_verdict, referee_command
from framework.referee.compare import referee, run_on_backtrader
from framework.referee.rules import RULES
from framework.referee.translate import costs_of, missing
from framework.referee.twin import Twin
from tests.builders import Act, Row, bars_of, five_minutes, free, order_of, scripted

STRATEGIES = [
    path
    for path in sorted((Path(__file__).parents[2] / "strategies").glob("*.py"))
    if not find_strategy(path.stem).cls.option_model
]
"""Those that trade no options, which backtrader does not have."""
RISING: list[Row] = [(100.0 + i, 101.5 + i, 99.0 + i, 101.0 + i) for i in range(12)]
FALLING: list[Row] = [(112.0 - i, 113.0 - i, 110.5 - i, 111.0 - i) for i in range(12)]
ZIGZAG: list[Row] = [
    (100.0, 102.0, 99.0, 101.0), (101.0, 103.0, 100.5, 102.5), (102.5, 103.5, 100.0, 100.5),
    (100.5, 101.0, 97.0, 97.5), (97.5, 99.5, 97.0, 99.0), (99.0, 103.0, 98.5, 102.5),
    (102.5, 106.0, 102.0, 105.5), (105.5, 106.0, 101.0, 101.5), (101.5, 102.0, 98.0, 98.5),
    (98.5, 100.5, 98.0, 100.0), (100.0, 104.0, 99.5, 103.5), (103.5, 104.0, 102.0, 102.5),
]  # fmt: skip


def fates(record: RunRecord) -> list[tuple[object, ...]]:
    """Every order with its end, to nine digits."""
    return [
        (
            item.order.id,
            item.status,
            round(item.filled, 9),
            round(item.average_price, 9),
            item.time if item.filled else None,
            round(item.commission, 6),
        )
        for item in record.orders
    ]


# what must agree --------------------------------------------------------------------------------

AGREED: dict[str, dict[int, Act | Sequence[Act]]] = {
    "market": {1: lambda s: s.buy(10), 5: lambda s: s.sell(25), 8: lambda s: s.close()},
    "limit": {1: lambda s: s.buy(10, limit=100.2, tif="GTC"), 6: lambda s: s.sell(10, limit=103.0)},
    "stop": {1: lambda s: s.buy(10, stop=103.2, tif="GTC"), 6: lambda s: s.sell(10, stop=101.2)},
    "stop_limit": {1: lambda s: s.buy(10, stop=103.0, limit=103.4, tif="GTC")},
    "trail amount": {1: [lambda s: s.buy(10), lambda s: s.sell(10, trailing=points(2), tif="GTC")]},
    "trail percent": {1: [lambda s: s.buy(10), lambda s: s.sell(10, trailing=pct(2), tif="GTC")]},
    "trail limit": {
        1: lambda s: s.buy(10),
        2: lambda s: s.sell(
            10, trailing=points(2.25), tif="GTC", terms=Terms(limit_offset=0.5)
        ),
    },
    "day ends": {2: lambda s: s.buy(10, limit=90.0)},
    "protected": {1: lambda s: s.buy(10, stop_loss=97.2, take_profit=110.0)},
    "offsets": {1: lambda s: s.buy(10, stop_loss=pct(4), take_profit=points(8))},
    "trailing child": {1: lambda s: s.buy(10, trail=pct(3))},
    "moved stop": {
        1: lambda s: s.go_long(stop_loss=96.0),
        2: lambda s: s.go_long(stop_loss=98.3),
    },
    "close cancels": {1: lambda s: s.go_long(stop_loss=90.0), 4: lambda s: s.close()},
    "reversal": {1: lambda s: s.go_long(stop_loss=pct(9)), 4: lambda s: s.go_short(trail=pct(9))},
    "partial close": {5: lambda s: s.buy(10, stop_loss=99.0), 6: lambda s: s.target(4)},
    "trailing distance modified": {
        1: lambda s: s.sell(10, trailing=points(9), tif="GTC"),
        3: lambda s: s.modify(s.orders[0], trailing=points(2)),
    },
    "triggered stop-limit modified": {
        1: lambda s: s.buy(10, stop=100.6, limit=96.0, tif="GTC"),
        3: lambda s: s.modify(s.orders[0], stop=103.6, limit=104.5),
    },
    "two exits and an entry in one bar": {
        1: lambda s: s.buy(10),
        2: [
            lambda s: s.sell(10, stop=99.5, tif="GTC"),
            lambda s: s.sell(4, stop=90.0, tif="GTC"),
            lambda s: s.buy(6, limit=98.0, tif="GTC"),
        ],
    },
    "lots of two entries": {
        0: [
            lambda s: s.buy(14, take_profit=105.0),
            lambda s: s.buy(5, take_profit=105.0),
            lambda s: s.sell(10, limit=104.9, tif="GTC"),
        ],
    },
    "group": {
        1: [
            lambda s: s.buy(10, stop=103.2, tif="GTC", oca="pair"),
            lambda s: s.sell(10, stop=96.0, tif="GTC", oca="pair"),
        ],
    },
    "cancelled": {1: lambda s: s.buy(10, limit=90.0, tif="GTC"), 3: lambda s: s.cancel_all()},
    "modified": {
        1: lambda s: s.buy(10, limit=90.0, tif="GTC"),
        3: lambda s: s.modify(s.orders[0], limit=98.0, quantity=7),
    },
    "good till": {
        1: lambda s: s.buy(
            10, limit=97.2, tif="GTD", terms=Terms(good_till=s.now + timedelta(days=1))
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize("rows", [ZIGZAG, RISING, FALLING], ids=["zigzag", "rising", "falling"])
@pytest.mark.parametrize("slippage", [NoSlippage(), PercentSlippage(0.1)], ids=["free", "slips"])
@pytest.mark.parametrize("name", AGREED)
def test_backtrader_alone_does_the_same(
    name: str, slippage: PercentSlippage, rows: list[Row]
) -> None:
    script, settings = AGREED[name], free(slippage=slippage, commission=IbkrFixed())
    bars = bars_of(rows)
    ours = run(scripted(script), [bars], settings)
    verdict = referee(scripted(script), [bars], settings)
    theirs = verdict.alone
    assert not ours.error
    assert fates(verdict.ours) == fates(ours)
    assert ours.orders or ours.refused
    assert not verdict.unexplained
    if not verdict.rules:
        assert fates(theirs) == fates(ours)
        assert np.abs(theirs.equity - ours.equity).max() < 1e-6
    assert not verdict.rules or set(verdict.rules) <= {
        "LIMIT_SLIPS_AT_OPEN", "STOP_LIMIT_SLIPS", "PROTECTION_IN_ENTRY_BAR", "FOLLOWS",
    }  # fmt: skip


def test_most_of_them_need_no_rule() -> None:
    settings = free(commission=IbkrFixed())
    for name, script in AGREED.items():
        verdict = referee(scripted(script), [bars_of(ZIGZAG)], settings)
        assert not verdict.rules, name


def test_an_order_for_the_close_gets_the_session_close_on_early_ends_too() -> None:
    bars = five_minutes([(100.0 + i, 101.0 + i, 99.0 + i, 100.5 + i) for i in range(12)], 4)
    early = replace(
        bars,
        session_close=np.where(
            bars.session == bars.session[0], bars.close_time[2], bars.session_close
        ),
    )
    keep = np.array([i for i in range(12) if i != 3])
    early = replace(
        early,
        **{
            name: getattr(early, name)[keep]
            for name in ("close_time", "session", "session_close", "open", "high", "low",
                         "close", "volume")
        },
    )  # fmt: skip
    script = {0: lambda s: s.buy(10, at="close"), 4: lambda s: s.sell(10, at="close")}
    verdict = referee(scripted(script), [early], free())
    assert not verdict.differing
    assert [item.average_price for item in verdict.ours.orders] == [102.5, 107.5]


@pytest.mark.parametrize("model", [IbkrFixed(), IbkrTiered(), PerOrder(2.0)])
def test_fees_are_those_of_whole_orders(model: IbkrFixed) -> None:
    script: dict[int, Act] = {
        1: lambda s: s.buy(10),
        4: lambda s: s.sell(30),
        8: lambda s: s.buy(20),
    }
    settings = free(commission=model)
    ours = run(scripted(script), [bars_of(ZIGZAG)], settings)
    theirs = run_on_backtrader(scripted(script), [bars_of(ZIGZAG)], settings)
    assert fates(theirs) == fates(ours)


def test_fees_of_a_month_count_the_orders_before() -> None:
    big = 200_000
    script: dict[int, Act] = {i: lambda s: s.buy(big) for i in range(4)}
    settings = free(commission=IbkrTiered(), cash=1e9)
    ours = run(scripted(script), [bars_of(ZIGZAG)], settings)
    theirs = run_on_backtrader(scripted(script), [bars_of(ZIGZAG)], settings)
    assert fates(theirs) == fates(ours)
    assert len({item.commission for item in ours.orders}) > 1


def test_several_instruments_on_different_days() -> None:
    sessions = {"AAA": [0, 1, 2, 4, 5, 7, 8, 9], "BBB": [1, 2, 3, 4, 6, 7, 9, 10]}
    bars = [bars_of(ZIGZAG[:8], name, sessions=days) for name, days in sessions.items()]

    def script(s: object, bar: int) -> None:
        if bar % 3 == 1:
            for symbol in s.symbols:  # type: ignore[attr-defined]
                s.target(10 * (-1) ** bar, symbol=symbol)  # type: ignore[attr-defined]

    verdict = referee(scripted(script, universe=True), bars, free())
    assert verdict.rows
    assert not verdict.differing
    assert fates(verdict.alone) == fates(verdict.ours)


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_shipped_strategies_need_few_rules(path: Path) -> None:
    plan = plan_of(Request(strategy=str(path)))
    verdict = referee(plan.found.cls, plan.market.bars, plan.settings, plan.parameters)
    assert len(verdict.rows) > 20
    assert verdict.unexplained == 0
    assert verdict.differing <= 0.05 * len(verdict.rows)
    if not verdict.differing:
        assert abs(verdict.alone.equity[-1] - verdict.ours.equity[-1]) < 0.01


QUICK = ("momentum_rotation", "opening_range_breakout")
"""Several instruments, and stops and targets; the others take longer and say less."""


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.slow)
        for path in STRATEGIES
    ],
)
def test_under_its_own_policy_nothing_differs(path: Path) -> None:
    plan = plan_of(Request(strategy=str(path)))
    settings = replace(plan.settings, policy=FillPolicy.backtrader())
    verdict = referee(plan.found.cls, plan.market.bars, settings, plan.parameters)
    assert verdict.differing == 0
    assert verdict.unexplained == 0


# what must not be excused -----------------------------------------------------------------------


class Liar:
    """A market that reports the fills, or the fees, of one order a cent too dear."""

    def __init__(self, market: Market, order_id: str, lies_about: type[Fill | Commission]) -> None:
        self._market = market
        self._order_id = order_id
        self._lies_about = lies_about
        self.submit = market.submit
        self.replace = market.replace
        self.cancel = market.cancel
        self.advance = market.advance
        self.is_watched = market.is_watched

    def poll(self) -> Sequence[BrokerEvent]:
        return [self._told(event) for event in self._market.poll()]

    def _told(self, event: BrokerEvent) -> BrokerEvent:
        if not isinstance(event, self._lies_about):
            return event
        if isinstance(event, Fill) and event.order.id == self._order_id:
            return replace(event, price=event.price + 0.01)
        if isinstance(event, Commission) and event.fill_id.startswith(f"{self._order_id}/"):
            return replace(event, amount=event.amount + 0.01)
        return event

    def book(self) -> Ledger:
        return self._market.book()


@pytest.mark.parametrize("lies_about", [Fill, Commission])
def test_a_cent_too_much_is_found_and_only_there(lies_about: type[Fill | Commission]) -> None:
    script: dict[int, Act] = {
        1: lambda s: s.buy(10),
        3: lambda s: s.sell(5),
        6: lambda s: s.sell(5),
    }
    bars, settings = (bars_of(ZIGZAG),), free()
    theirs = CerebroBroker(bars, settings)
    twins: list[Twin] = []

    def pair(simulated: Market) -> Twin:
        twins.append(
            Twin(Liar(simulated, "Scripted-2", lies_about), theirs, bars, costs_of(settings))
        )
        return twins[0]

    machine = Machine(Cast(scripted(script), bars, settings, {}), {}, market=pair)
    assert machine.play(None, on_cerebro(theirs, bars, after=twins[0].compare)) == ""
    assert [(d.order_id, d.rule) for d in twins[0].differences] == [("Scripted-2", "")]
    ours, judged = twins[0].differences[0].ours, twins[0].differences[0].theirs
    assert ours.price + ours.fee - judged.price - judged.fee == pytest.approx(0.01)


def test_runs_that_part_without_a_differing_order_are_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dearer(
        strategy: object, bars: object, settings: object, parameters: object, progress: object
    ) -> RunRecord:
        return run_on_backtrader(
            strategy,
            bars,
            replace(settings, slippage=FixedSlippage(0.01)),
            parameters,  # type: ignore[arg-type, type-var]
        )

    monkeypatch.setattr(compare, "run_on_backtrader", dearer)
    verdict = referee(scripted({1: lambda s: s.buy(10)}), [bars_of(ZIGZAG)], free())
    assert verdict.differing == 0
    assert verdict.unexplained == 1
    assert "Scripted-1" in verdict.path


# what it cannot do ------------------------------------------------------------------------------

MARKET_ORDER = order_of(OrderType.MARKET)
SOON = datetime(2030, 1, 1, tzinfo=UTC)
LACKING: dict[str, Order] = {
    "if touched": order_of(OrderType.MARKET_IF_TOUCHED, stop=99.0),
    "limit on close": order_of(OrderType.LIMIT_ON_CLOSE, limit=99.0),
    "IOC": replace(MARKET_ORDER, tif=TimeInForce.IOC),
    "FOK": replace(MARKET_ORDER, tif=TimeInForce.FOK),
    "OPG": replace(MARKET_ORDER, tif=TimeInForce.OPG),
    "algo": replace(MARKET_ORDER, terms=Terms(algo=Adaptive())),
    "conditions": replace(MARKET_ORDER, terms=Terms(conditions=all_of(TimeCondition(SOON)))),
    "scale": order_of(OrderType.LIMIT, limit=99.0),
    "group": replace(MARKET_ORDER, oca="g", terms=Terms(oca_type=OcaType.REDUCE)),
    "fraction": replace(MARKET_ORDER, quantity=0.0, fraction=0.5),
}
LACKING["scale"] = replace(LACKING["scale"], terms=Terms(scale=Scale(5.0, 0.1)))


@pytest.mark.parametrize("name", LACKING)
def test_words_backtrader_lacks_are_named(name: str) -> None:
    assert "backtrader has no" in missing(LACKING[name])


@pytest.mark.parametrize(
    "order",
    [
        MARKET_ORDER,
        order_of(OrderType.LIMIT, limit=99.0),
        order_of(OrderType.TRAIL, trail=Offset(amount=1.0)),
        replace(MARKET_ORDER, oca="g"),
    ],
)
def test_words_it_has_are_not(order: Order) -> None:
    assert missing(order) == ""


@pytest.mark.parametrize(
    ("settings", "thing"),
    [
        (free(slippage=HalfSpread()), "HalfSpread"),
        (free(liquidity=VolumeShare()), "liquidity"),
        (free(options=OptionModel(ConstantVolatility(0.2))), "options"),
        (free(account=RegT()), "margin calls of a RegT account on AAA"),
        (free(account=Leverage(2.0, maintenance_percent=25.0)), "margin calls"),
    ],
)
def test_parts_it_cannot_follow_are_refused(settings: BacktestSettings, thing: str) -> None:
    with pytest.raises(ConfigError, match=thing):
        run_on_backtrader(scripted({}), [bars_of(ZIGZAG)], settings)


@pytest.mark.parametrize("account", [CashAccount(), Leverage(2.0)])
def test_accounts_that_are_never_called_are_not_refused(account: Leverage) -> None:
    record = run_on_backtrader(scripted({}), [bars_of(ZIGZAG)], free(account=account))
    assert record.error == ""


def test_both_plays_tell_how_far_they_have_come() -> None:
    told: list[tuple[int, int]] = []
    bars = bars_of([(100.0, 101.0, 99.0, 100.0)] * 1_100)
    referee(scripted({}), [bars], free(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1_024, 2_200), (1_100, 2_200), (2_124, 2_200), (2_200, 2_200)]


def test_an_error_of_the_strategy_ends_both_runs_alike() -> None:
    def fails(s: object, bar: int) -> None:
        if bar == 3:
            raise ValueError("three")

    verdict = referee(scripted(fails), [bars_of(ZIGZAG)], free())
    assert "three" in verdict.ours.error
    assert verdict.alone.error == verdict.ours.error
    assert verdict.unexplained == 0


# what is shown ----------------------------------------------------------------------------------


def shown(bars: Bars, script: dict[int, Act], only: bool = False) -> str:
    verdict = referee(scripted(script), [bars], free(slippage=PercentSlippage(0.1)))
    console = Console(file=io.StringIO(), width=100)
    print_verdict(verdict, "Scripted", only, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_both_sides_are_shown_order_by_order() -> None:
    script: dict[int, Act] = {1: lambda s: s.buy(10), 3: lambda s: s.buy(10, limit=120.0)}
    lines = shown(bars_of(ZIGZAG), script).splitlines()
    first = next(line for line in lines if line.startswith("1 "))
    second = next(line for line in lines if line.startswith("2 "))
    assert first.split()[1:] == ["buy", "10", "market", *["filled", "102.6025"] * 2]
    assert second.split()[4:] == ["filled", "97.5000", "filled", "97.5975", "LIMIT_SLIPS_AT_OPEN"]
    assert any("2 orders, 1 different (50.0 %), 0 without a rule" in line for line in lines)
    few = shown(bars_of(ZIGZAG), script, only=True)
    assert not any(line.startswith("1 ") for line in few.splitlines())
    assert any(line.startswith("2 ") for line in few.splitlines())


def test_the_command_ends_with_a_finding_only_for_what_no_rule_explains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_of(Request(strategy=str(STRATEGIES[-1]), last="2001-12-31"))
    assert referee_command(plan) == 0
    assert "0 without a rule" in capsys.readouterr().out
    monkeypatch.setattr("framework.referee.rules.RULES", ())
    loose = plan_of(
        Request(
            strategy=str(next(p for p in STRATEGIES if p.stem == "opening_range_breakout")),
            first="2023-11-13",
            last="2023-11-17",
        )
    )
    assert referee_command(loose, only_differences=True) == 1
    assert "UNEXPLAINED" in capsys.readouterr().out


def test_the_page_lists_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "referee.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)
    assert listed == [rule.id for rule in RULES]


def test_a_plan_runs_on_backtrader_alone() -> None:
    plan = plan_of(Request(strategy=str(STRATEGIES[-2]), last="2003-12-31"))
    result = play_on_backtrader(plan)
    assert ("Broker", "backtrader") in result.settings
    assert result.trades
