"""Verbs that are orders, what setup may not do, and how a run ends on bad arguments."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framework.backtest.run import run
from framework.domain.events import OrderUpdate, Refused
from framework.domain.orders import (
    Order,
    OrderStatus,
    OrderType,
    TimeInForce,
    atr,
    pct,
    points,
)
from framework.errors import LookaheadError, OrderError, StrategyError
from framework.indicators import sma
from framework.series import always, flat, long, short
from framework.strategy import Strategy
from tests.builders import (
    Row,
    bars_of,
    flat_rows,
    free,
    played,
    resting,
    scripted,
    statuses,
    trades_of,
)

QUIET: Row = (100, 101, 99, 100)


def quiet(count: int) -> list[Row]:
    return [QUIET] * count


# verbs that are orders ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "kind", "limit", "stop"),
    [
        (lambda s: s.buy(7), OrderType.MARKET, None, None),
        (lambda s: s.buy(7, limit=95.0), OrderType.LIMIT, 95.0, None),
        (lambda s: s.buy(7, stop=105.0), OrderType.STOP, None, 105.0),
        (lambda s: s.buy(7, stop=105.0, limit=106.0), OrderType.STOP_LIMIT, 106.0, 105.0),
        (lambda s: s.sell(7, trailing=points(5)), OrderType.TRAIL, None, None),
    ],
)
def test_an_order_verb_sends_exactly_that(
    act: Callable[[Strategy], Order], kind: OrderType, limit: float, stop: float
) -> None:
    sent: list[Order] = []
    played({0: lambda s: sent.append(act(s))}, bars_of([QUIET, (100, 100, 100, 100)]))
    assert (sent[0].type, sent[0].limit, sent[0].stop) == (kind, limit, stop)
    assert (sent[0].quantity, sent[0].tif) == (7.0, TimeInForce.DAY)


def test_order_prices_are_rounded_so_that_they_ask_for_no_more() -> None:
    sent: list[Order] = []

    def act(s: Strategy) -> None:
        sent.append(s.buy(1, limit=95.018))  # type: ignore[arg-type]
        sent.append(s.sell(1, limit=105.012))  # type: ignore[arg-type]
        sent.append(s.buy(1, stop=105.012))  # type: ignore[arg-type]
        sent.append(s.sell(1, stop=95.018))  # type: ignore[arg-type]

    played({0: act}, bars_of(quiet(2)))
    assert [(o.limit, o.stop) for o in sent] == [
        (95.01, None),
        (105.02, None),
        (None, 105.02),
        (None, 95.01),
    ]


def test_buy_twice_buys_twice() -> None:
    record = played({0: [lambda s: s.buy(3), lambda s: s.buy(3)]}, bars_of(quiet(3)))
    assert [q for _, q, _ in trades_of(record)] == [3.0, 3.0]


def test_selling_more_than_is_held_goes_short() -> None:
    record = played({0: lambda s: s.buy(3), 1: lambda s: s.sell(5)}, bars_of(quiet(4)))
    assert record.positions[0].quantity == -2.0


def test_bracket_is_an_entry_with_a_stop_and_a_target() -> None:
    for side, rows, exit_price in (
        ("buy", [*quiet(2), (100, 111, 99, 110)], 110.0),
        ("sell", [*quiet(2), (100, 101, 89, 90)], 90.0),
    ):
        stop, target = (90.0, 110.0) if side == "buy" else (110.0, 90.0)
        record = played(
            {0: lambda s: s.bracket(side, 5, stop_loss=stop, take_profit=target)},  # noqa: B023
            bars_of(rows),
        )
        assert [o.order.origin for o in record.orders] == ["strategy", "stop_loss", "take_profit"]
        assert record.fills[1].price == exit_price
        assert record.positions == ()
        assert all(o.order.tif is TimeInForce.GTC for o in record.orders[1:])
        assert len({o.order.oca for o in record.orders[1:]}) == 1


def test_cancel_one_and_cancel_all() -> None:
    kept: list[Order] = []

    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            kept.extend(s.buy(1, limit=p, tif="GTC") for p in (95.0, 94.0, 93.0))  # type: ignore[misc]
        if bar == 1:
            s.cancel(kept[1])
        if bar == 2:
            s.cancel_all()

    record = played(act, bars_of([QUIET, QUIET, (100, 101, 95, 99), (99, 100, 80, 81)]))
    assert [str(o.status) for o in record.orders] == ["filled", "cancelled", "cancelled"]
    assert trades_of(record) == [(2, 1.0, 95.0)]


def test_cancelling_a_done_order_does_nothing() -> None:
    kept: list[Order] = []
    record = played(
        {0: lambda s: kept.append(s.buy(1)), 2: lambda s: s.cancel(kept[0])},  # type: ignore[arg-type]
        bars_of(quiet(4)),
    )
    assert statuses(record) == [("strategy", "filled", 1.0)]


def test_cancelling_an_entry_ends_its_children() -> None:
    kept: list[Order] = []
    record = played(
        {
            0: lambda s: kept.append(s.buy(1, limit=95.0, tif="GTC", stop_loss=90.0)),  # type: ignore[arg-type]
            1: lambda s: s.cancel(kept[0]),
        },
        bars_of([*quiet(2), (100, 101, 80, 81)]),
    )
    assert trades_of(record) == []
    assert [str(o.status) for o in record.orders] == ["cancelled", "cancelled"]


def test_working_orders_are_listed_at_the_end_of_data_and_nothing_is_flattened() -> None:
    record = played(
        {0: [lambda s: s.buy(5), lambda s: s.buy(1, limit=50.0, tif="GTC")]}, bars_of(quiet(4))
    )
    assert record.positions[0].quantity == 5.0
    assert [o.order.limit for o in resting(record)] == [50.0]


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.buy(0),
        lambda s: s.buy(-1),
        lambda s: s.buy(float("nan")),
        lambda s: s.sell(5, limit=float("nan")),
        lambda s: s.sell(5, limit=-3.0),
        lambda s: s.sell(5, stop=0.0),
        lambda s: s.buy(5, stop_loss=float("nan")),
        lambda s: s.buy(5, take_profit=-1.0),
        lambda s: s.buy(5, trailing=points(3), limit=100.0),
        lambda s: s.go_long(stop_loss=-5.0),
        lambda s: s.go_long(trail=5.0),
        lambda s: s.target(float("nan")),
        lambda s: s.target_percent(float("inf")),
        lambda s: s.target_weights({"AAA": float("nan")}),
        lambda s: s.go_long(symbol="AAB"),
        lambda s: s.target_weights({"AAB": 0.5}),
        lambda s: s.bracket("long", 5, stop_loss=90.0, take_profit=110.0),
        lambda s: s.buy(5, tif="FOREVER"),
        lambda s: s.buy(fraction=0.5),
        lambda s: pct(-3),
        lambda s: points(0),
        lambda s: atr(float("nan")),
    ],
)
def test_arguments_no_broker_could_take_stop_the_run_with_a_sentence(
    act: Callable[[Strategy], object],
) -> None:
    record = run(scripted({1: act}), [bars_of(quiet(4))], free())
    assert record.error
    assert "Traceback" not in record.error
    assert "Error:" not in record.error, "a deliberate error, not an accident of Python"
    assert record.orders == ()
    assert record.stop == 2


def test_a_misspelt_symbol_gets_a_suggestion() -> None:
    record = run(scripted({0: lambda s: s.go_long(symbol="AAB")}), [bars_of(quiet(2))], free())
    assert "Did you mean 'AAA'?" in record.error


# setup -------------------------------------------------------------------------------------


def with_setup(body: Callable[[Strategy], object]) -> type[Strategy]:
    class Setup(Strategy):
        def setup(self) -> None:
            body(self)

    return Setup


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (lambda s: s.data.close[-1], StrategyError),
        (lambda s: s.data.close.last(5), StrategyError),
        (lambda s: float(s.data.close), StrategyError),
        (lambda s: s.indicator(sma, 3)[-1], StrategyError),
        (lambda s: bool(s.data.close > 3), StrategyError),
        (lambda s: s.go_long(), OrderError),
        (lambda s: s.close(), OrderError),
        (lambda s: s.target(5), OrderError),
        (lambda s: s.target_percent(5), OrderError),
        (lambda s: s.target_weights({"AAA": 1.0}), OrderError),
        (lambda s: s.buy(5), OrderError),
        (lambda s: s.cancel_all(), OrderError),
        (lambda s: s.position.quantity, OrderError),
        (lambda s: s.positions, OrderError),
        (lambda s: s.account, OrderError),
        (lambda s: s.data.close[0], LookaheadError),
        (lambda s: s.when(True, s.go_long), StrategyError),
        (lambda s: s.when(s.data.close, s.go_long), StrategyError),
        (lambda s: s.when(always, s.go_long, stoploss=90.0), OrderError),
        (lambda s: s.when(always, s.buy), StrategyError | OrderError),
        (lambda s: s.when(always, s.cancel), OrderError),
        (lambda s: s.indicator(sma, 3, on="clse"), StrategyError),
        (lambda s: s.indicator(lambda c: c[1:]), StrategyError),
    ],
)
def test_what_setup_may_not_do(body: Callable[[Strategy], object], error: type[Exception]) -> None:
    if error == StrategyError | OrderError:
        record = run(with_setup(body), [bars_of(quiet(3))], free())
        assert "quantity" in record.error
        return
    with pytest.raises(error) as caught:
        run(with_setup(body), [bars_of(quiet(3))], free())
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("index", [0, 1, 5])
def test_an_index_of_zero_or_more_is_lookahead(index: int) -> None:
    record = run(scripted({2: lambda s: s.data.close[index]}), [bars_of(quiet(6))], free())
    assert "future" in record.error


def test_a_series_argument_is_read_at_its_instant() -> None:
    class Trailing(Strategy):
        def setup(self) -> None:
            self.when(always, self.go_long, stop_loss=self.data.close * 0.9)

    rows = flat_rows([100.0, 100.0, 120.0, 119.0, 107.0])
    rows[4] = (110, 110, 107, 107)
    record = run(Trailing, [bars_of(rows)], free())
    assert record.error == ""
    # after bar 3 the stop stands at 119 x 0.9 = 107.1
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 107.1)]


def test_conditions_on_the_side_held() -> None:
    class Sides(Strategy):
        def setup(self) -> None:
            self.when(flat & (self.data.close > 50), self.go_long)
            self.when(long & (self.data.close > 105), self.go_short)
            self.when(short & ~(self.data.close > 50), self.close)

    rows = flat_rows([40.0, 100.0, 100.0, 110.0, 110.0, 110.0, 40.0, 40.0, 40.0])
    record = run(Sides, [bars_of(rows)], free())
    assert trades_of(record) == [(2, 10.0, 100.0), (4, -20.0, 110.0), (7, 10.0, 40.0)]


def test_any_callable_may_stand_for_a_verb() -> None:
    noted: list[float] = []

    def note(price: float) -> None:
        noted.append(price)

    class Notes(Strategy):
        def setup(self) -> None:
            self.when(self.data.close > 100, note, price=self.data.low)

    record = run(Notes, [bars_of(flat_rows([99.0, 101.0, 102.0], spread=1.0))], free())
    assert record.error == ""
    assert noted == [100.0, 101.0]


def test_a_nan_price_from_a_warming_series_is_an_error_that_says_so() -> None:
    """An always-condition with a stop from an average that is still warming up."""

    class Warming(Strategy):
        def setup(self) -> None:
            self.when(always, self.go_long, stop_loss=self.indicator(sma, 3) * 0.9)

    record = run(Warming, [bars_of(quiet(6))], free())
    assert "stop_loss is nan" in record.error


def test_a_strategy_that_raises_keeps_what_was_traded_and_shows_its_line() -> None:
    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.go_long()
        if bar == 3:
            raise ValueError("of my own")

    record = run(scripted(act), [bars_of(quiet(6))], free())
    assert "of my own" in record.error
    assert trades_of(record) == [(1, 10.0, 100.0)]
    assert record.stop == 4


def test_a_refusal_is_a_value_the_strategy_gets() -> None:
    answers: list[object] = []
    record = played({0: lambda s: answers.append(s.buy(100_000))}, bars_of(quiet(3)))
    assert isinstance(answers[0], Refused)
    assert answers[0].rule == "buying_power"
    assert record.refused == (answers[0],)


def test_on_order_hears_every_change_of_state() -> None:
    cls = scripted({0: lambda s: s.go_long(stop_loss=90.0), 2: lambda s: s.close()})
    record = run(cls, [bars_of(quiet(5))], free())
    assert record.error == ""
    heard = [
        (bar, str(note.order.origin), str(note.status))
        for bar, note in cls.told  # type: ignore[attr-defined]
        if isinstance(note, OrderUpdate)
    ]
    assert ("stop_loss", "cancelled") in {(origin, status) for _, origin, status in heard}
    assert (OrderStatus.FILLED, "close") in {(status, origin) for _, origin, status in heard}


def test_a_trail_added_to_a_position_starts_from_the_present_close() -> None:
    """Bought at 100; at 110 a trail of 3 is added: 107, and 109 once a close has reached 112."""
    rows = [*quiet(2), (100, 111, 99, 110), (110, 113, 108, 112), (112, 113, 108.5, 109)]
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.go_long(trail=points(3))}, bars_of(rows)
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 109.0)]
