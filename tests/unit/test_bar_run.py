"""Strategies with an `on_bar`: what the kernel can do for them, and when it leaves them alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest

from framework import compiled
from framework.backtest.bar_run import BarRun
from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.paths import fastest
from framework.backtest.record import COMPILED, INTERRUPTED, RunRecord
from framework.backtest.scalar_form import Unsuited
from framework.backtest.settings import BacktestSettings
from framework.components.breakers import MaxDrawdown
from framework.components.exits import TimeStop
from framework.domain.events import Refused
from framework.domain.orders import Order, OrderRequest, Side, pct
from framework.series import flat
from framework.strategy import Strategy
from tests.builders import bars_of, free

PRICES = [(100.0, 102.0, 98.0, 101.0), (101.0, 103.0, 100.0, 100.0)] * 10
BARS = bars_of(PRICES)
OTHER = bars_of(PRICES, "BBB")

OnBar = Callable[[Any], object]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_COMPILED", "0")
    monkeypatch.setattr(compiled.state, "ready", {})


def calling(on_bar: OnBar, **attributes: Any) -> type[Strategy]:
    """A strategy of that `on_bar`."""
    return type("Tried", (Strategy,), {"on_bar": on_bar, **attributes})


def both(strategy: type[Strategy], settings: BacktestSettings) -> tuple[RunRecord, RunRecord]:
    """A run by the engine and by the fastest path."""
    machine = Machine(Cast(strategy, (BARS,), settings, {}), {})
    engine = machine.record(machine.play(None))
    found = fastest(Cast(strategy, (BARS,), settings, {}), {}, "", None)
    for name in ("orders", "fills", "refused", "positions", "error", "stop"):
        a, b = getattr(engine, name), getattr(found, name)
        assert repr(tuple(a) if name == "orders" else a) == repr(
            tuple(b) if name == "orders" else b
        )
    assert engine.equity.tobytes() == found.equity.tobytes()
    return engine, found


# what is seen beforehand -------------------------------------------------------------------------


def plainly(self: Strategy) -> None:
    if self.position.is_flat:
        self.buy(1.0)
    else:
        self.close()


def with_a_condition(self: Strategy) -> None:
    self.when(flat, self.close)


def in_a_comprehension(self: Strategy) -> None:
    if len(self.data) > 100:
        _ = [self.cancel_all() for _ in range(2)]  # type: ignore[func-returns-value]


USES: list[tuple[str, OnBar]] = [
    ("account", lambda self: self.account),
    ("bracket", lambda self: self.bracket("buy", 1.0, stop_loss=90.0, take_profit=120.0)),
    ("cancel", lambda self: self.cancel(self.buy(1.0))),
    ("cancel_all", lambda self: self.cancel_all()),
    ("cancel_all", in_a_comprehension),
    ("log", lambda self: self.log("here")),
    ("modify", lambda self: self.modify(self.buy(1.0), quantity=2.0)),
    ("orders", lambda self: self.orders),
    ("target", lambda self: self.target(1.0)),
    ("target_percent", lambda self: self.target_percent(10.0)),
    ("target_weights", lambda self: self.target_weights({"AAA": 0.1})),
    ("timer", lambda self: self.timer("noon")),
    ("what_if", lambda self: self.what_if(OrderRequest("AAA", Side.BUY, 1.0))),
]


@pytest.mark.parametrize(("name", "on_bar"), USES, ids=[f"{i} {u[0]}" for i, u in enumerate(USES)])
def test_what_a_strategy_uses_is_seen_before_anything_runs(name: str, on_bar: OnBar) -> None:
    with pytest.raises(Unsuited, match=f"the strategy uses {name}$"):
        BarRun(Cast(calling(on_bar), (BARS,), free(), {}))
    assert both(calling(on_bar), free())[1].path == f"event engine: the strategy uses {name}"


@pytest.mark.parametrize(
    "strategy",
    [
        calling(plainly, helper=lambda self: self.orders),
        calling(plainly, helper=property(lambda self: self.orders)),
        calling(plainly, helper=staticmethod(lambda self: self.orders)),
        calling(plainly, helper=classmethod(lambda cls: cls.orders)),
        type("Child", (calling(plainly, helper=lambda self: self.orders),), {}),
    ],
    ids=["method", "property", "static method", "class method", "inherited"],
)
def test_every_function_of_the_class_is_looked_at(strategy: type[Strategy]) -> None:
    with pytest.raises(Unsuited, match="the strategy uses orders"):
        BarRun(Cast(strategy, (BARS,), free(), {}))


REASONS: list[tuple[str, type[Strategy], dict[str, Any]]] = [
    ("both conditions and an on_bar", calling(plainly, setup=with_a_condition), {}),
    ("breakers watch", calling(plainly), {"breakers": (MaxDrawdown(),)}),
    ("the strategy has an on_fill", calling(plainly, on_fill=lambda self, fill: None), {}),
]


@pytest.mark.parametrize(("reason", "strategy", "changes"), REASONS, ids=[r[0] for r in REASONS])
def test_what_needs_the_engine(
    reason: str, strategy: type[Strategy], changes: dict[str, Any]
) -> None:
    assert reason in both(strategy, free(**changes))[1].path


def test_several_instances_need_the_engine() -> None:
    with pytest.raises(Unsuited, match="several instances have an on_bar"):
        BarRun(Cast(calling(plainly), (BARS, OTHER), free(), {}))


# what comes out while it runs --------------------------------------------------------------------


def called(name: str, *args: Any, **named: Any) -> OnBar:
    """An `on_bar` whose code does not show what it calls at the fourth bar."""

    def on_bar(self: Strategy) -> None:
        if self.position.is_flat:
            self.buy(1.0)
        if len(self.data) == 4:
            found = getattr(self, name)
            if callable(found):
                found(*args, **named)

    return on_bar


HIDDEN: list[tuple[str, OnBar]] = [
    ("account was read", called("account")),
    ("orders was read", called("orders")),
    ("orders was read", called("cancel_all")),
    ("target was used", called("target", 2.0)),
    ("a target verb was used", called("target_percent", 10.0)),
    ("timer was used", called("timer", "noon")),
    ("what_if was used", called("what_if", OrderRequest("AAA", Side.BUY, 1.0))),
    ("not at the market", called("buy", 1.0, limit=90.0)),
    ("not at the market", called("buy", 1.0, tif="GTC")),
    ("not at the market", called("sell", 1.0, stop=90.0)),
    ("not at the market", called("buy", 1.0, at="close")),
    ("a position with protection was added to", called("buy", 1.0, stop_loss=50.0)),
    ("the strategy raised", called("buy", -1.0)),
]


@pytest.mark.parametrize(
    ("reason", "on_bar"), HIDDEN, ids=[f"{i} {h[0]}" for i, h in enumerate(HIDDEN)]
)
def test_what_is_only_seen_at_work(reason: str, on_bar: OnBar) -> None:
    assert reason in both(calling(on_bar), free())[1].path


@pytest.mark.parametrize("end", [None, KeyboardInterrupt])
def test_giving_up_cannot_be_swallowed(end: type[BaseException] | None) -> None:
    """Whatever the strategy catches, and even if it is interrupted at the same bar."""

    def on_bar(self: Strategy) -> None:
        if self.position.is_flat:
            self.buy(1.0)
        if len(self.data) == 4:
            with suppress(Exception):
                getattr(self, "tar" + "get")(5.0)
            if end is not None:
                raise end

    assert both(calling(on_bar), free())[1].path == "event engine: target was used"


def test_an_interrupted_run_ends_where_it_was() -> None:
    def on_bar(self: Strategy) -> None:
        if self.position.is_flat:
            self.buy(3.0, stop_loss=pct(1))
        if len(self.data) == 9:
            raise KeyboardInterrupt

    record = both(calling(on_bar), free())[1]
    assert (record.path, record.error, record.stop) == (COMPILED, INTERRUPTED, 9)


def test_a_position_is_shown_at_every_bar_and_stays_where_nothing_traded() -> None:
    seen: list[Any] = []

    def on_bar(self: Strategy) -> None:
        seen.append((self.position, self.positions))
        if len(self.data) in (3, 4, 9):
            self.go_short() if self.position.is_long else self.go_long()

    engine, found = both(calling(on_bar), free(exits=(TimeStop(3),)))
    assert found.path == COMPILED
    assert len(engine.fills) >= 4
    assert seen[: len(BARS)] == seen[len(BARS) :]


# what the verbs answer ---------------------------------------------------------------------------


def answered(settings: BacktestSettings, late: bool) -> list[object]:
    """The answers of both paths, one after the other, read at once or once both runs are over."""
    answers: list[object] = []
    found: list[object] = []

    def on_bar(self: Strategy) -> None:
        number = len(self.data)
        if self.position.is_flat and number % 4 == 1:
            answers.append(self.buy(2.0, stop_loss=pct(1), take_profit=110.0))
        elif self.position.is_flat:
            answers.append(self.sell(2.0))
        elif self.position.is_long:
            self.close()
        else:
            answers.append(self.buy(0.5))
            answers.append(self.buy(3.0))
        found.append(told(answers[-1]))

    assert both(calling(on_bar), settings)[1].path == COMPILED
    return [told(one) for one in answers] if late else found


def told(answer: object) -> object:
    """Every field of an answer."""
    if isinstance(answer, Order):
        return [repr(getattr(answer, field.name)) for field in fields(Order)]
    return repr(answer)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "settings",
    [free(), free(cash=150.0), free(start=int(BARS.close_time[6]))],
    ids=["sent", "refused", "too early"],
)
def test_answers_are_those_of_the_engine(settings: BacktestSettings, late: bool) -> None:
    found = answered(settings, late)
    half = len(found) // 2
    assert half
    assert found[:half] == found[half:]


def sent() -> Order:
    """An order the kernel has sent."""
    answers: list[Order | Refused] = []

    def on_bar(self: Strategy) -> None:
        if self.position.is_flat:
            answers.append(self.buy(2.0))

    BarRun(Cast(calling(on_bar), (BARS,), free(), {})).record(None)
    assert isinstance(answers[0], Order)
    return answers[0]


def test_a_sent_order_is_an_order() -> None:
    made = Order(
        "Tried-1", "AAA", Side.BUY, 2.0, sent().type, int(BARS.close_time[0]), 101.0, opens=2.0
    )
    assert str(sent()) == str(made)
    assert bool(sent())
    assert sent() == sent()
    assert hash(sent()) == hash(made)
    assert replace(sent(), quantity=5.0).quantity == 5.0
    assert copy.copy(sent()).id == "Tried-1"
    assert (sent().trades_at_once, sent().reduce_only) == (True, False)
    with pytest.raises(AttributeError):
        sent().nothing  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        sent().quantity = 3.0  # type: ignore[misc]
