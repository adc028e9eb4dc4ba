"""The order of one instant: what is known, what fills, who is told, who may act, and when."""

from __future__ import annotations

import pytest

from framework.backtest.run import run
from framework.components.commission import PerOrder
from framework.domain.events import Fill, OrderUpdate, Refused
from framework.domain.orders import Order
from framework.errors import ConfigError
from framework.series import always
from framework.strategy import Strategy
from tests.builders import (
    Row,
    bars_of,
    flat_rows,
    free,
    played,
    scripted,
    trades_of,
)

QUIET: Row = (100, 101, 99, 100)


def test_nothing_fills_inside_submit_and_the_earliest_match_is_the_next_bar() -> None:
    seen: list[tuple[int, float]] = []

    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(5, limit=150.0)
        seen.append((bar, s.position.quantity))

    record = played(act, bars_of([QUIET] * 3))
    assert seen == [(0, 0.0), (1, 5.0), (2, 5.0)]
    assert trades_of(record) == [(1, 5.0, 100.0)]


def test_on_fill_then_on_order_then_when_then_on_bar() -> None:
    told: list[tuple[int, str]] = []

    class Listens(Strategy):
        def setup(self) -> None:
            self.when(always, self.note, word="first when")
            self.when(always, self.note, word="second when")

        def note(self, word: str) -> None:
            told.append((len(self.data), word))

        def on_fill(self, fill: Fill) -> None:
            self.note(f"on_fill {fill.quantity:g}")

        def on_order(self, update: OrderUpdate) -> None:
            self.note(f"on_order {update.status}")

        def on_bar(self) -> None:
            self.note("on_bar")
            if len(self.data) == 1:
                self.buy(5)

    record = run(Listens, [bars_of([QUIET] * 2)], free())
    assert record.error == ""
    assert told == [
        (1, "first when"),
        (1, "second when"),
        (1, "on_bar"),
        (1, "on_order working"),
        (2, "on_fill 5"),
        (2, "on_order filled"),
        (2, "first when"),
        (2, "second when"),
        (2, "on_bar"),
    ]


def test_the_ledger_is_whole_when_on_fill_is_called() -> None:
    seen: list[tuple[float, float]] = []

    class Looks(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 1:
                self.buy(5)

        def on_fill(self, fill: Fill) -> None:
            seen.append((self.position.quantity, self.account.cash))

    record = run(Looks, [bars_of([QUIET] * 2)], free(commission=PerOrder(3.0)))
    assert record.error == ""
    assert seen == [(5.0, 100_000.0 - 500.0 - 3.0)]


def test_an_order_made_in_on_fill_waits_for_the_next_bar() -> None:
    class Chains(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 1:
                self.buy(5)

        def on_fill(self, fill: Fill) -> None:
            if fill.quantity == 5.0:
                self.sell(2)

    record = run(Chains, [bars_of([QUIET] * 4)], free())
    assert record.error == ""
    assert trades_of(record) == [(1, 5.0, 100.0), (2, -2.0, 100.0)]


def test_exits_before_entries_at_one_open() -> None:
    """A buy submitted before the sell that closes; the sell is matched first."""
    record = played(
        {0: lambda s: s.buy(10), 2: [lambda s: s.buy(3), lambda s: s.sell(10)]},
        bars_of([QUIET] * 5),
    )
    assert [q for _, q, _ in trades_of(record)] == [10.0, -10.0, 3.0]


def test_orders_of_one_kind_keep_their_order_of_submission() -> None:
    record = played(
        {0: [lambda s, n=n: s.buy(n) for n in (3, 1, 2)]},  # type: ignore[misc]
        bars_of([QUIET] * 2),
    )
    assert [q for _, q, _ in trades_of(record)] == [3.0, 1.0, 2.0]


# the start and the end ---------------------------------------------------------------------


def test_verbs_are_refused_before_the_start() -> None:
    bars = bars_of(flat_rows([100.0 + i for i in range(6)]))
    answers: list[object] = []

    def act(s: Strategy, bar: int) -> None:
        answers.append(s.buy(1))
        s.go_long()

    record = played(act, bars, free(start=int(bars.close_time[3])))
    assert all(isinstance(a, Refused) and a.rule == "start" for a in answers[:3])
    assert all(isinstance(a, Order) for a in answers[3:])
    assert min(k for k, _, _ in trades_of(record)) == 4
    assert record.start == 3
    assert all(o.order.time >= bars.close_time[3] for o in record.orders)


def test_the_earliest_order_leaves_at_the_first_bar_at_or_after_the_start() -> None:
    bars = bars_of([QUIET] * 5)
    start = int(bars.close_time[1]) + 1
    record = played(lambda s, bar: s.go_long(), bars, free(start=start))
    assert [o.order.time for o in record.orders] == [int(bars.close_time[2])]


def test_history_before_the_start_is_known_to_indicators() -> None:
    bars = bars_of(flat_rows([100.0, 101.0, 102.0, 103.0]))
    seen: list[float] = []

    def act(s: Strategy, bar: int) -> None:
        if bar == 2:
            seen.append(float(s.data.close.last(3).sum()))

    played(act, bars, free(start=int(bars.close_time[2])))
    assert seen == [303.0]


def test_a_start_after_the_last_bar_is_an_error() -> None:
    bars = bars_of([QUIET] * 3)
    with pytest.raises(ConfigError, match="after its last bar"):
        run(scripted({}), [bars], free(start=int(bars.close_time[2]) + 1))


def test_the_end_of_data_flattens_nothing_and_calls_on_stop_once() -> None:
    stopped: list[float] = []

    class Holds(Strategy):
        def on_bar(self) -> None:
            self.go_long(stop_loss=50.0)

        def on_stop(self) -> None:
            stopped.append(self.position.quantity)

    record = run(Holds, [bars_of(flat_rows([100.0, 100.0, 120.0]))], free())
    assert record.error == ""
    assert stopped == [10.0]
    assert record.positions[0].quantity == 10.0
    assert record.equity[-1] == 100_000.0 + 10 * 20
    assert [str(o.status) for o in record.orders] == ["filled", "working"]


def test_an_order_of_the_last_bar_never_fills() -> None:
    record = played({2: lambda s: s.go_long()}, bars_of([QUIET] * 3))
    assert trades_of(record) == []
    assert [str(o.status) for o in record.orders] == ["working"]
