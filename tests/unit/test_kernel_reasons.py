"""What the kernel leaves to the event engine: every reason by the smallest run that gives it, and
the record that comes out all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from framework import compiled
from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.paths import fastest
from framework.backtest.record import COMPILED
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import ErrorRate, MaxDrawdown
from framework.components.commission import IbkrFixed, IbkrTiered
from framework.components.exits import StopPercent, TrailingPercent
from framework.components.financing import IbkrFinancing
from framework.components.limits import MaxShares
from framework.components.liquidity import FixedUnits
from framework.components.margin import CashAccount, Leverage, RegT
from framework.components.sizing import AtrSizing, RiskPerTrade, Shares, SmallestOf
from framework.components.slippage import VolumeShareSlippage
from framework.components.venue.sets import IB_RULES
from framework.domain.actions import Dividend
from framework.domain.bars import Bars
from framework.domain.currency import Rates
from framework.domain.events import Signal, SignalAction
from framework.domain.instruments import AssetType
from framework.domain.orders import atr, pct
from framework.domain.terms import Terms
from framework.ports import ExitRule, OrderContext
from framework.series import always, flat, long
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, free

PRICES = [(100.0, 102.0, 98.0, 101.0), (101.0, 103.0, 100.0, 100.0)] * 10
BARS = bars_of(PRICES)
OTHER = bars_of(PRICES, "BBB")

Setup = Callable[[Strategy], None]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's functions run as the Python they are."""
    monkeypatch.setenv("SLIPWAY_COMPILED", "0")
    monkeypatch.setattr(compiled.state, "ready", {})


def declared(setup: Setup, **attributes: Any) -> type[Strategy]:
    """A strategy of that `setup` and those hooks."""
    return type("Tried", (Strategy,), {"setup": setup, **attributes})


def calm(self: Strategy) -> None:
    self.when(flat, self.go_long)
    self.when(long & (self.data.close < 100.5), self.close)


def path_of(strategy: type[Strategy], bars: tuple[Bars, ...], settings: BacktestSettings) -> str:
    """The path a run takes; its record is compared with the engine's."""
    machine = Machine(Cast(strategy, bars, settings, {}), {})
    engine = machine.record(machine.play(None))
    found = fastest(Cast(strategy, bars, settings, {}), {}, "", None)
    assert repr(tuple(found.orders)) == repr(engine.orders)
    assert repr(tuple(found.fills)) == repr(engine.fills)
    assert found.equity.tobytes() == engine.equity.tobytes()
    assert found.error == engine.error
    return found.path


@dataclass
class OnFridays:
    """An order rule of the user's own."""

    name: str = "on_fridays"

    def refusal(self, order: object, context: OrderContext) -> str:
        return ""


class OwnSizer:
    """A sizer of the user's own."""

    def quantity(self, request: Any) -> float:
        return 1.0


def instrument(**changes: Any) -> tuple[Bars, ...]:
    return (replace(BARS, instrument=replace(BARS.instrument, **changes)),)


# components --------------------------------------------------------------------------------------

SIGNAL = Signal(int(BARS.close_time[3]), "AAA", SignalAction.BUY)
EURO = Rates.constant("USD", {"EUR": 1.1})
OPTION = {"type": AssetType.OPTION}

COMPONENTS: list[tuple[str, dict[str, Any], tuple[Bars, ...]]] = [
    ("the fill policy has intrabar=path", {"policy": FillPolicy(intrabar="path")}, (BARS,)),
    ("the fill policy has queue=submission", {"policy": FillPolicy(queue="submission")}, (BARS,)),
    ("the fill policy has late_exits=exact", {"policy": FillPolicy(late_exits="exact")}, (BARS,)),
    (
        "the fill policy has limit_fill=through",
        {"policy": FillPolicy(limit_fill="through")},
        (BARS,),
    ),
    (
        "the fill policy has trade_on_close=True",
        {"policy": FillPolicy(trade_on_close=True)},
        (BARS,),
    ),
    ("the fill policy has exits_first=False", {"policy": FillPolicy(exits_first=False)}, (BARS,)),
    (
        "the fill policy has slip_cap=wait",
        {"policy": FillPolicy(queue="accepted", slip_cap="wait")},
        (BARS,),
    ),
    ("the account is RegT", {"account": RegT()}, (BARS,)),
    ("the account is CashAccount", {"account": CashAccount()}, (BARS,)),
    ("the account is Leverage", {"account": Leverage(2.0, 25.0)}, (BARS,)),
    ("holding costs interest or fees", {"financing": IbkrFinancing(4.0)}, (BARS,)),
    (
        "there are dividends or splits to book",
        {"actions": (Dividend("AAA", day_number(3), 1.0),)},
        (BARS,),
    ),
    ("bars give a limited quantity (liquidity)", {"liquidity": FixedUnits(5.0)}, (BARS,)),
    ("the risk rule MaxShares has no scalar form", {"rules": (MaxShares(5.0),)}, (BARS,)),
    ("there are external signals", {"signals": (SIGNAL,)}, (BARS,)),
    ("the slippage VolumeShareSlippage has no", {"slippage": VolumeShareSlippage()}, (BARS,)),
    ("the sizer AtrSizing has no scalar form", {"sizer": AtrSizing()}, (BARS,)),
    ("the sizer AtrSizing has no", {"sizer": SmallestOf((Shares(1.0), AtrSizing()))}, (BARS,)),
    ("the sizer OwnSizer has no scalar form", {"sizer": OwnSizer()}, (BARS,)),
    ("the breaker ErrorRate has no scalar form", {"breakers": (ErrorRate(),)}, (BARS,)),
    ("the commission IbkrTiered has no scalar form", {"commission": IbkrTiered()}, (BARS,)),
    ("the commission IbkrFixed has no", {"commission": IbkrFixed(pass_through=True)}, (BARS,)),
    ("the fees of currencies", {"commission": IbkrFixed()}, instrument(type=AssetType.FOREX)),
    ("the fees of AAA depend on prices", {"commission": IbkrFixed()}, instrument(**OPTION)),
    ("the fees of AAA depend on", {"commission": IbkrFixed()}, instrument(type=AssetType.CRYPTO)),
    ("more than 8 sizers or breakers", {"sizer": SmallestOf((Shares(1.0),) * 9)}, (BARS,)),
    ("more than 8 sizers or breakers", {"breakers": (MaxDrawdown(),) * 9}, (BARS,)),
    ("AAA expires", {}, instrument(expiry=day_number(30))),
    ("AAA is in another currency", {"rates": EURO}, instrument(currency="EUR")),
    (
        "AAA has bars outside regular hours",
        {},
        (replace(BARS, regular=np.arange(len(BARS)) % 2 == 0),),
    ),
    ("the symbols do not have the same bar times", {}, (BARS, OTHER.take(0, 15))),
    ("the order rule on_fridays may refuse", {"order_rules": (OnFridays(),)}, (BARS,)),
    ("the order rule lot may refuse", {"order_rules": IB_RULES}, instrument(lot=0.5)),
    ("the order rule tick may refuse", {"order_rules": IB_RULES}, instrument(tick=0.0)),
    (
        "the order rule tick may refuse",
        {"order_rules": IB_RULES},
        instrument(tick_bands=((50.0, 0.001),)),
    ),
    (
        "the order rule order_type may refuse",
        {"order_rules": IB_RULES},
        instrument(type=AssetType.CRYPTO),
    ),
]


@pytest.mark.parametrize(
    ("reason", "changes", "bars"), COMPONENTS, ids=[f"{i} {c[0]}" for i, c in enumerate(COMPONENTS)]
)
def test_components_without_a_scalar_form(
    reason: str, changes: dict[str, Any], bars: tuple[Bars, ...]
) -> None:
    path = path_of(declared(calm), bars, free(**changes))
    assert path.startswith("event engine: ") and reason in path


def test_what_has_a_scalar_form_is_compiled() -> None:
    for changes in ({}, {"order_rules": IB_RULES}, {"account": Leverage(2.0)}):
        assert path_of(declared(calm), (BARS, OTHER), free(**changes)) == COMPILED


# strategies --------------------------------------------------------------------------------------


def hook(self: Strategy, *told: object) -> None:
    """Any hook."""


def timer(self: Strategy) -> None:
    self.timer("noon", every=timedelta(hours=1))


def when(verb: str, **arguments: Any) -> Setup:
    """A `setup` of one condition; an argument may be made from the strategy."""

    def setup(self: Strategy) -> None:
        given = {name: one(self) if callable(one) else one for name, one in arguments.items()}
        self.when(self.data.close > 100.5, getattr(self, verb), **given)

    return setup


def many_masks(self: Strategy) -> None:
    for level in range(33):
        self.when(self.data.close > 80.0 + level, self.close)


def as_many_masks_as_there_may_be(self: Strategy) -> None:
    for level in range(32):
        self.when(self.data.close > 80.0 + level, self.close)


def by_symbol(self: Strategy) -> None:
    self.when(always, self.close)
    if self.data.symbol == "BBB":
        self.when(flat, self.close)


def of_another(self: Strategy) -> None:
    twin = type(self)()
    twin.bind(self.data, self.symbols, self._desk)
    self.when(flat, twin.go_long)


STRATEGIES: list[tuple[str, type[Strategy], dict[str, Any], tuple[Bars, ...]]] = [
    ("one instance trades several symbols", declared(calm, universe=True), {}, (BARS, OTHER)),
    ("the strategy sets timers", declared(timer), {}, (BARS,)),
    *[
        (f"the strategy has an {name}", declared(calm, **{name: hook}), {}, (BARS,))
        for name in ("on_fill", "on_order", "on_timer", "on_signal", "on_stop")
    ],
    (
        "when(AAA.close > 100.5, log) is no plain verb",
        declared(when("log", message="")),
        {},
        (BARS,),
    ),
    ("go_long) is no plain verb", declared(of_another), {}, (BARS,)),
    ("buy) is given limit", declared(when("buy", quantity=1.0, limit=90.0)), {}, (BARS,)),
    ("buy) is given tif", declared(when("buy", quantity=1.0, tif="GTC")), {}, (BARS,)),
    ("buy) is given terms", declared(when("buy", quantity=1.0, terms=Terms())), {}, (BARS,)),
    ("buy) is given the quantity 0", declared(when("buy")), {}, (BARS,)),
    ("buy) is given the quantity -1", declared(when("buy", quantity=-1.0)), {}, (BARS,)),
    ("buy) is given the quantity True", declared(when("buy", quantity=True)), {}, (BARS,)),
    (
        "buy) is given the quantity <series",
        declared(when("buy", quantity=lambda self: self.data.close)),
        {},
        (BARS,),
    ),
    (
        "is given a series as its trailing distance",
        declared(when("go_long", trail=lambda self: self.data.close)),
        {},
        (BARS,),
    ),
    ("go_long): stop_loss is -1", declared(when("go_long", stop_loss=-1.0)), {}, (BARS,)),
    ("go_long) trades another symbol", declared(when("go_long", symbol="BBB")), {}, (BARS, OTHER)),
    ("its conditions need more than 32 masks", declared(many_masks), {}, (BARS,)),
    (
        "the instances declare different numbers of conditions",
        declared(by_symbol),
        {"breakers": (MaxDrawdown(),)},
        (BARS, OTHER),
    ),
]


@pytest.mark.parametrize(
    ("reason", "strategy", "changes", "bars"),
    STRATEGIES,
    ids=[f"{i} {c[0]}" for i, c in enumerate(STRATEGIES)],
)
def test_strategies_without_a_scalar_form(
    reason: str, strategy: type[Strategy], changes: dict[str, Any], bars: tuple[Bars, ...]
) -> None:
    path = path_of(strategy, bars, free(**changes))
    assert path.startswith("event engine: ") and reason in path


def test_thirty_two_masks_fit() -> None:
    assert path_of(declared(as_many_masks_as_there_may_be), (BARS,), free()) == COMPILED


# runs that give up midway ------------------------------------------------------------------------


def renewing(self: Strategy) -> None:
    self.when(self.data.close > 100.5, self.go_long, stop_loss=pct(5))


def taken_back(self: Strategy) -> None:
    self.when(flat, self.go_long, stop_loss=pct(50))
    self.when(long, self.go_short)
    self.when(long, self.go_long)


def twice(self: Strategy) -> None:
    for _ in range(2):
        self.when(flat, self.buy, quantity=1.0)


def adding(self: Strategy) -> None:
    self.when(self.data.close > 100.5, self.buy, quantity=1.0, stop_loss=pct(50))


def adding_fractions(self: Strategy) -> None:
    self.when(self.data.close > 100.5, self.buy, quantity=0.5)


def nowhere(self: Strategy) -> None:
    self.when(flat, self.go_long, stop_loss=self.data.close - 101.0)


GIVING_UP: list[tuple[str, Setup, dict[str, Any]]] = [
    ("protection was renewed while it worked", renewing, {}),
    ("protection was renewed while it worked", taken_back, {}),
    ("a second order was sent before the first had filled", twice, {}),
    ("a position with protection was added to", adding, {}),
    ("fractions of a unit were added to a position", adding_fractions, {}),
    ("a size or a protective price was no number above 0", nowhere, {}),
    ("risk sizing met an entry without a stop", calm, {"sizer": RiskPerTrade(1.0)}),
]


@pytest.mark.parametrize(
    ("reason", "setup", "changes"), GIVING_UP, ids=[f"{i} {c[0]}" for i, c in enumerate(GIVING_UP)]
)
def test_runs_that_give_up_start_afresh_with_the_engine(
    reason: str, setup: Setup, changes: dict[str, Any]
) -> None:
    bars = instrument(lot=0.5) if setup is adding_fractions else (BARS,)
    assert path_of(declared(setup), bars, free(**changes)) == f"event engine: {reason}"


@pytest.mark.parametrize("stop", [StopPercent(3.0), TrailingPercent(3.0)])
def test_risk_sizing_with_a_stop_does_not_give_up(stop: ExitRule) -> None:
    settings = free(sizer=RiskPerTrade(1.0), exits=(stop,))
    assert path_of(declared(calm), (BARS,), settings) == COMPILED


def test_an_average_true_range_that_is_not_known_yet_is_a_refusal_on_both_paths() -> None:
    def protected(self: Strategy) -> None:
        self.when(flat, self.go_long, stop_loss=atr(2, 8))

    bars = (BARS,)
    record = fastest(Cast(declared(protected), bars, free(), {}), {}, "", None)
    assert record.path == COMPILED
    assert {one.rule for one in record.refused} == {"protection"}
    assert path_of(declared(protected), bars, free()) == COMPILED
