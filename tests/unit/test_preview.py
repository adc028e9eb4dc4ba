"""What an order would do to the account: margins, money and warnings, to the cent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.components.margin import Leverage, RegT
from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Offset, Order, OrderType, Protection, Side
from framework.domain.terms import Terms, Twap
from framework.engine.preview import Holding, filled, margins_of, previewed, warnings_of
from framework.ports import OrderContext

ACME = Instrument("ACME")
GOLD = Instrument("GC", AssetType.FUTURE, initial_margin=10_000.0, maintenance_margin=9_000.0)
BOOK = (
    Holding(ACME, 100.0, 50.0),
    Holding(Instrument("FLAT"), 0.0, float("nan")),
    Holding(GOLD, -2.0, 2_000.0),
)
BUY = Order("o-1", "ACME", Side.BUY, 100.0, OrderType.MARKET, 7, 50.0)
HERE = OrderContext(7, 20_000, ACME, 50.0, 100.0, 100_000.0, opening=100.0)
GUARDED = Protection(stop_loss=45.0)


def test_margins_by_kind() -> None:
    found = margins_of(BOOK, RegT())
    assert (found.initial, found.maintenance) == (22_500.0, 19_250.0)
    assert found.by_type == {AssetType.STOCK: 2_500.0, AssetType.FUTURE: 20_000.0}


def test_margins_in_another_currency() -> None:
    held = Holding(ACME, -100.0, 50.0, rate=0.5)
    found = margins_of([held], RegT())
    assert (found.initial, found.maintenance, held.value) == (1_250.0, 750.0, 2_500.0)
    assert Holding(ACME, 0.0, float("nan")).value == 0.0


def test_an_order_that_opens() -> None:
    found = previewed(BUY, GUARDED, BOOK, RegT(), 1.0, 77_500.0, HERE, 1e6, None)
    assert found.passed
    assert (found.initial, found.maintenance) == (25_000.0, 20_500.0)
    assert found.by_type == {AssetType.STOCK: 5_000.0, AssetType.FUTURE: 20_000.0}
    assert (found.commission, found.buying_power_used) == (1.0, 2_501.0)
    assert found.warnings == ()
    assert found.refused is None


def test_an_order_that_closes_uses_no_buying_power_but_its_fee() -> None:
    sale, closing = replace(BUY, side=Side.SELL), replace(HERE, opening=0.0)
    found = previewed(sale, Protection(), BOOK, RegT(), 1.0, 0.0, closing, 1e6, None)
    assert (found.initial, found.buying_power_used) == (20_000.0, 1.0)
    assert found.by_type == {AssetType.FUTURE: 20_000.0}
    assert found.warnings == ("It uses more than all of the buying power that is free.",)


def test_a_reversal_asks_for_the_margin_of_the_new_side() -> None:
    sale = replace(BUY, side=Side.SELL, quantity=300.0)
    assert [one.quantity for one in filled(BOOK, sale, 300.0)] == [-200.0, 0.0, -2.0]
    found = previewed(sale, GUARDED, BOOK, RegT(), 0.0, 77_500.0, HERE, 1e6, None)
    assert found.by_type[AssetType.STOCK] == 5_000.0
    assert found.buying_power_used == 2_500.0


def test_the_refusal_is_handed_on() -> None:
    refusal = Refused(7, "ACME", Side.BUY, 100.0, 50.0, "tick", "no")
    found = previewed(BUY, GUARDED, BOOK, Leverage(2.0), 1.0, 1e5, HERE, 1e6, refusal)
    assert not found.passed
    assert found.refused is refusal
    assert found.initial == 2_500.0 * 2 + 2_000.0


CLOSED = replace(HERE, session_open=8, session_close=9)
TRADED = replace(HERE, on_margin=True, day_trades=2, opened_today=100.0)


@pytest.mark.parametrize(
    ("order", "protection", "context", "used", "free", "volume", "warning"),
    [
        (BUY, GUARDED, HERE, 500.0, 1_000.0, 1e6, ""),
        (BUY, GUARDED, HERE, 501.0, 1_000.0, 1e6, "50 % of the buying power"),
        (BUY, GUARDED, HERE, 900.0, 1_000.0, 1e6, "It uses 90 % of the buying power that is free."),
        (BUY, GUARDED, HERE, 5.0, 0.0, 1e6, "more than all"),
        (BUY, Protection(), HERE, 0.0, 1.0, 1e6, "Nothing protects it"),
        (BUY, Protection(), replace(HERE, opening=0.0), 0.0, 1.0, 1e6, ""),
        (BUY, Protection(trail=Offset(percent=20.0)), HERE, 0.0, 1.0, 1e6, ""),
        (BUY, Protection(trail=Offset(percent=30.0)), HERE, 0.0, 1.0, 1e6, "stop is 30 % away"),
        (BUY, Protection(stop_loss=39.0), HERE, 0.0, 1.0, 1e6, "Its stop is 22 % away."),
        (BUY, GUARDED, HERE, 0.0, 1.0, 1_000.0, ""),
        (BUY, GUARDED, HERE, 0.0, 1.0, 400.0, "25 % of the last bar's volume of 400"),
        (BUY, GUARDED, HERE, 0.0, 1.0, 0.0, "The last bar has no volume"),
        (BUY, GUARDED, CLOSED, 0.0, 1.0, 1e6, "waits for the next open"),
        (
            replace(BUY, type=OrderType.LIMIT, limit=50.0, terms=Terms(outside_hours=True)),
            GUARDED, CLOSED, 0.0, 1.0, 1e6, "",
        ),
        (BUY, GUARDED, TRADED, 0.0, 1.0, 1e6, "Day trades in five sessions: 2."),
        (
            replace(BUY, side=Side.SELL), GUARDED, replace(TRADED, opening=0.0), 0.0, 1.0, 1e6,
            "2, and this would be one more",
        ),
        (BUY, GUARDED, replace(TRADED, on_margin=False), 0.0, 1.0, 1e6, ""),
        (BUY, GUARDED, replace(HERE, maintenance=90_000.0), 0.0, 1.0, 1e6, ""),
        (BUY, GUARDED, replace(HERE, maintenance=92_000.0), 0.0, 1.0, 1e6, "Equity would be 8 %"),
        (
            replace(BUY, terms=Terms(algo=Twap())), GUARDED, HERE, 0.0, 1.0, 1e6,
            "Protection attached to an algo",
        ),
        (replace(BUY, terms=Terms(algo=Twap())), Protection(), HERE, 0.0, 1.0, 1e6, "Nothing"),
    ],
)  # fmt: skip
def test_warnings(
    order: Order,
    protection: Protection,
    context: OrderContext,
    used: float,
    free: float,
    volume: float,
    warning: str,
) -> None:
    found = warnings_of(order, protection, context, used, free, volume)
    assert len(found) == (warning != "")
    assert warning in "".join(found)
