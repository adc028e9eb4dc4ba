"""Buying power at the door: what may be spent, what is reserved, and what needs none."""

from __future__ import annotations

import pytest

from framework.components.commission import PercentCommission, PerOrder
from framework.components.sizing import PercentOfEquity
from framework.domain.events import Refused
from framework.domain.orders import Order
from framework.strategy import Strategy
from tests.builders import Act, Row, bars_of, flat_rows, free, played, trades_of

QUIET: Row = (100, 101, 99, 100)


def allowed(act: Act, **settings: object) -> bool:
    answers: list[object] = []
    played({0: lambda s: answers.append(act(s))}, bars_of([QUIET] * 2), free(**settings))
    assert isinstance(answers[0], Order | Refused)
    if isinstance(answers[0], Refused):
        assert answers[0].rule == "buying_power"
    return isinstance(answers[0], Order)


@pytest.mark.parametrize(
    ("quantity", "fee", "leverage", "expected"),
    [
        (1_000, 0.0, 1.0, True),
        (1_001, 0.0, 1.0, False),
        (1_000, 0.01, 1.0, False),
        (999, 100.0, 1.0, True),
        (999, 100.01, 1.0, False),
        (2_000, 0.0, 2.0, True),
        (2_001, 0.0, 2.0, False),
    ],
)
def test_the_decision_close_and_estimated_fees(
    quantity: float, fee: float, leverage: float, expected: bool
) -> None:
    costs = {"commission": PerOrder(fee)} if fee else {}
    assert allowed(lambda s: s.buy(quantity), leverage=leverage, **costs) is expected
    assert allowed(lambda s: s.sell(quantity), leverage=leverage, **costs) is expected


def test_a_limit_reserves_its_own_price() -> None:
    assert allowed(lambda s: s.buy(1_250, limit=80.0))
    assert not allowed(lambda s: s.buy(1_251, limit=80.0))
    assert allowed(lambda s: s.buy(800, stop=125.0))
    assert not allowed(lambda s: s.buy(801, stop=125.0))


def test_a_limit_above_the_market_fills_no_worse_than_its_close() -> None:
    """Conservative: a marketable limit reserves its limit, what it may cost at worst."""
    assert not allowed(lambda s: s.buy(1_000, limit=101.0))


def test_working_entries_are_reserved() -> None:
    for first, second, expected in (
        (lambda s: s.buy(600), lambda s: s.buy(400), True),
        (lambda s: s.buy(600), lambda s: s.buy(401), False),
        (lambda s: s.buy(600, limit=90.0, tif="GTC"), lambda s: s.buy(460), True),
        (lambda s: s.buy(600, limit=90.0, tif="GTC"), lambda s: s.buy(461), False),
        (lambda s: s.sell(600), lambda s: s.buy(401, limit=99.0), True),
        (lambda s: s.buy(600, limit=90.0), lambda s: s.sell(461, limit=100.0), False),
    ):
        answers: list[object] = []
        played(
            {0: [first, lambda s, second=second, answers=answers: answers.append(second(s))]},  # type: ignore[misc]
            bars_of([QUIET] * 2),
        )
        assert isinstance(answers[0], Order) is expected


def test_reserved_entries_include_their_fees() -> None:
    """At 1 %, 500 shares at 100 cost 50,500; 49,500 are left, and 491 shares cost 49,591."""
    record = played(
        {0: [lambda s: s.buy(500), lambda s: s.buy(491)]},
        bars_of(flat_rows([100.0] * 3)),
        free(commission=PercentCommission(1.0)),
    )
    assert [r.rule for r in record.refused] == ["buying_power"]
    assert record.cash.min() >= 0.0


def test_a_cancelled_entry_frees_its_reservation() -> None:
    kept: list[Order] = []
    record = played(
        {
            0: [
                lambda s: kept.append(s.buy(900, limit=90.0, tif="GTC")),  # type: ignore[arg-type]
                lambda s: s.cancel(kept[0]),
                lambda s: s.buy(900),
            ]
        },
        bars_of([QUIET] * 3),
    )
    assert record.refused == ()
    assert trades_of(record) == [(1, 900.0, 100.0)]


def test_an_expired_entry_frees_its_reservation() -> None:
    record = played(
        {0: lambda s: s.buy(900, limit=90.0), 1: lambda s: s.buy(900)}, bars_of([QUIET] * 4)
    )
    assert record.refused == ()


def test_protection_is_never_exposure() -> None:
    record = played(
        {
            0: lambda s: s.buy(500, stop_loss=90.0, take_profit=120.0),
            1: lambda s: s.buy(500, stop_loss=90.0, take_profit=120.0),
        },
        bars_of([QUIET] * 4),
    )
    assert record.refused == ()
    assert record.positions[0].quantity == 1_000.0


@pytest.mark.parametrize(
    "leave",
    [
        lambda s: s.close(),
        lambda s: s.sell(999),
        lambda s: s.sell(999, limit=38.0),
        lambda s: s.sell(999, stop=39.0),
        lambda s: s.target(1),
        lambda s: s.target_percent(10),
        lambda s: s.target_weights({"AAA": 0.1}),
        lambda s: s.go_short(),
    ],
)
def test_reducing_needs_no_money_even_when_there_is_less_than_none(leave: Act) -> None:
    """Bought 999 at a gap to 120: nearly 20,000 of debit; then it falls to 40."""
    rows: list[Row] = [QUIET, (120, 121, 119, 120), (40, 41, 39, 40), (38, 41, 37, 40)]
    record = played(
        {0: lambda s: s.buy(999), 2: leave}, bars_of(rows), free(commission=PerOrder(5.0))
    )
    assert record.cash.min() < 0.0
    assert record.fills[1].quantity <= -900.0


def test_an_accepted_order_fills_even_if_the_open_gaps() -> None:
    record = played({0: lambda s: s.buy(1_000)}, bars_of([QUIET, (150, 151, 149, 150)]))
    assert trades_of(record) == [(1, 1_000.0, 150.0)]
    assert record.cash[-1] == -50_000.0
    assert any("margin" in warning for warning in record.warnings)


def test_a_reversal_frees_what_it_closes() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.go_short(), 4: lambda s: s.go_long()},
        bars_of(flat_rows([100.0] * 7)),
        free(sizer=PercentOfEquity(100.0)),
    )
    assert record.refused == ()
    assert [q for _, q, _ in trades_of(record)] == [1_000.0, -2_000.0, 2_000.0]


def test_what_the_account_says_may_be_bought_may_be_bought() -> None:
    seen: list[float] = []

    def act(s: Strategy, bar: int) -> None:
        seen.append(s.account.buying_power)
        if bar == 0:
            s.buy(300)
            seen.append(s.account.buying_power)
        if bar == 2:
            s.sell(100)
            seen.append(s.account.buying_power)

    played(act, bars_of(flat_rows([100.0] * 5)))
    assert seen == [100_000.0, *[70_000.0] * 3, *[80_000.0] * 3]


def test_a_multiplier_counts() -> None:
    answers: list[object] = []
    played(
        {0: [lambda s: answers.append(s.buy(20)), lambda s: answers.append(s.buy(1))]},
        bars_of([QUIET] * 2, multiplier=50.0),
    )
    assert [type(a) for a in answers] == [Order, Refused]


def test_short_equity_is_marked() -> None:
    """Short 900 at 100, up to 110: equity is 91,000, exposure 99,000; no more may be sold."""
    answers: list[object] = []
    record = played(
        {0: lambda s: s.sell(900), 2: lambda s: answers.append(s.sell(1))},
        bars_of(flat_rows([100.0, 100.0, 110.0, 110.0])),
    )
    assert record.equity[-1] == 91_000.0
    assert isinstance(answers[0], Refused)


def test_a_refusal_gives_the_figures() -> None:
    record = played({0: lambda s: s.buy(2_000)}, bars_of([QUIET] * 2))
    assert "200,000.00" in record.refused[0].reason
    assert "100,000.00" in record.refused[0].reason
