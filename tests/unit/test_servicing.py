"""The broker's own acts while a market is played: nights, actions, margin calls and expiries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Tape
from framework.components.commission import PerShare
from framework.components.financing import IbkrFinancing, SimpleInterest
from framework.components.margin import CashAccount, RegT
from framework.components.slippage import FixedSlippage
from framework.domain.actions import Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.events import CashFlow, CashFlowKind, Commission, Split
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import OrderStatus, Origin, Side, TimeInForce
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    day_number,
    five_minutes,
    flat_rows,
    order_of,
)

COSTS = Models(PerShare(1.0), FixedSlippage(0.05))


def raw(rows: Sequence[Row], symbol: str = "AAA", **instrument: object) -> Bars:
    """Bars as traded, of an instrument with these facts."""
    made = Instrument(symbol, **instrument)  # type: ignore[arg-type]
    return replace(bars_of(rows, symbol), instrument=made, prices=PriceBasis.RAW)


def market(
    *bars: Bars,
    models: Models,
    cash: float = 10_000.0,
    finer: Bars | None = None,
) -> Market:
    """A market whose broker has these models."""
    played = Market(*bars)
    played.broker = SimulatedBroker(
        [Tape(one, None, finer) for one in bars],
        bars[0].close_time.data,
        cash,
        FillPolicy(intrabar="finer") if finer else FillPolicy(),
        models,
    )
    return played


def free(**models: object) -> Models:
    return Models(PerShare(0.0), FixedSlippage(0.0), **models)  # type: ignore[arg-type]


def ledger_told(played: Market, cash: float, multipliers: dict[str, float]) -> Ledger:
    """The book somebody keeps from the events alone."""
    ledger = Ledger(cash, multipliers)
    for event in played.events:
        if isinstance(event, CashFlow):
            ledger.receive(event)
        elif isinstance(event, Split):
            ledger.split(event)
        elif isinstance(event, Commission):
            ledger.charge(event)
    for fill in played.fills:
        ledger.cash -= fill.quantity * multipliers[fill.symbol] * fill.price * fill.rate
    return ledger


def test_a_broker_with_nothing_to_do_is_not_watched() -> None:
    bars = raw(flat_rows([10.0] * 3))
    total = replace(bars, prices=PriceBasis.TOTAL)
    day = day_number(1)
    assert not market(bars, models=free(margin=CashAccount())).broker.is_watched
    assert not market(bars, models=free(actions=(Dividend("BBB", day, 1.0),))).broker.is_watched
    assert not market(total, models=free(actions=(Dividend("AAA", day, 1.0),))).broker.is_watched
    assert market(bars, models=free(actions=(Dividend("AAA", day, 1.0),))).broker.is_watched
    assert market(bars, models=free(margin=RegT())).broker.is_watched
    assert market(bars, models=free(financing=IbkrFinancing())).broker.is_watched
    expiring = raw(flat_rows([10.0] * 3), type=AssetType.FUTURE, expiry=day)
    assert market(expiring, models=free()).broker.is_watched


def test_a_dividend_is_received_before_the_ex_day_trades() -> None:
    bars = raw(flat_rows([100.0, 100.0, 100.0, 99.0, 99.0]))
    played = market(bars, models=free(actions=(Dividend("AAA", day_number(3), 1.0),)))
    played.step()
    played.submit(order_of("market", Side.BUY, 10.0))
    played.step(2)
    played.submit(order_of("market", Side.SELL, 10.0, id="o2"))
    played.step(2)
    flows = [event for event in played.events if isinstance(event, CashFlow)]
    ex = int(bars.close_time[3])
    assert flows == [CashFlow("AAA", CashFlowKind.DIVIDEND, 10.0, ex)]
    kinds = [type(event).__name__ for event in played.events]
    assert kinds.index("CashFlow") < [i for i, k in enumerate(kinds) if k == "Fill"][1]
    assert played.broker.book().cash == 10_000.0 - 1_000.0 + 10.0 + 990.0
    assert played.broker.book().income == 10.0


def test_what_is_bought_on_the_ex_day_gets_nothing_and_shorts_pay() -> None:
    bars = raw(flat_rows([100.0] * 4))
    late = market(bars, models=free(actions=(Dividend("AAA", day_number(2), 1.0),)))
    late.step(2)
    late.submit(order_of("market", Side.BUY, 10.0))
    late.step(2)
    assert late.broker.book().income == 0.0
    short = market(bars, models=free(actions=(Dividend("AAA", day_number(2), 1.0),)))
    short.step()
    short.submit(order_of("market", Side.SELL, 10.0))
    short.step(3)
    assert short.broker.book().income == -10.0


def test_a_split_reaches_position_lots_and_orders() -> None:
    rows = [*flat_rows([100.0] * 3), *flat_rows([50.0]), (50.0, 50.0, 46.0, 47.0)]
    bars = raw(rows)
    played = market(bars, models=free(actions=(StockSplit("AAA", day_number(3), 2.0),)))
    played.step()
    played.submit(*bracket_of(order_of("market", Side.BUY, 10.0), 95.0, 110.0))
    played.submit(order_of("limit", Side.BUY, 5.0, id="o2", limit=90.0))
    played.step(3)
    position = played.broker.book().positions["AAA"]
    assert (position.quantity, position.average_price) == (20.0, 50.0)
    stop, target = played.last("o1.sl").order, played.last("o1.tp").order
    assert (stop.quantity, stop.stop) == (20.0, 47.5)
    assert (target.quantity, target.limit) == (20.0, 55.0)
    resting = played.last("o2")
    assert (resting.order.quantity, resting.order.limit) == (10.0, 45.0)
    assert resting.reason == "adjusted for the split, 2 for 1"
    played.step()
    assert played.trades()[-1] == ("o1.sl", 4, -20.0, 47.5)
    assert played.last("o1.tp").status is OrderStatus.CANCELLED
    assert played.broker.book().cash == 10_000.0 - 1_000.0 + 950.0


def test_a_split_that_leaves_fractions_pays_them_and_keeps_books_and_lots_together() -> None:
    rows = [*flat_rows([30.0] * 4), *flat_rows([20.0] * 3)]
    bars = raw(rows)
    played = market(bars, models=free(actions=(StockSplit("AAA", day_number(4), 1.5),)))
    played.step()
    played.submit(*bracket_of(order_of("market", Side.BUY, 5.0), 20.0))
    played.submit(*bracket_of(order_of("market", Side.BUY, 3.0, id="o2"), 21.0))
    played.step(4)
    book = played.broker.book()
    # 7.5 + 4.5 units are 12 whole ones; the oldest lot keeps the halves
    assert book.positions["AAA"].quantity == 12.0
    assert book.income == 0.0
    played.submit(order_of("market", Side.SELL, 12.0, id="o3", reduce_only=True))
    played.step()
    assert book.positions["AAA"].is_flat
    assert played.broker.book().cash == 10_000.0 - 240.0 + 240.0


def test_a_reverse_split_ends_what_is_left_of_too_little() -> None:
    bars = raw([*flat_rows([1.0] * 3), *flat_rows([10.0] * 2)])
    played = market(bars, models=free(actions=(StockSplit("AAA", day_number(3), 0.1),)))
    played.step()
    played.submit(order_of("market", Side.BUY, 25.0))
    played.submit(order_of("limit", Side.BUY, 9.0, id="o2", limit=0.5))
    played.step(3)
    book = played.broker.book()
    assert book.positions["AAA"].quantity == 2.0
    assert (book.cash, book.income) == (10_000.0 - 25.0 + 5.0, 5.0)
    assert played.last("o2").status is OrderStatus.CANCELLED
    assert played.last("o2").reason == "the split leaves less than one lot"


def test_a_dividend_lowers_a_good_till_cancelled_stop_but_not_one_of_the_day() -> None:
    bars = raw(flat_rows([100.0, 100.0, 99.0, 99.0], spread=0.4))
    models = free(actions=(Dividend("AAA", day_number(2), 1.0),))
    played = market(bars, models=models)
    played.step()
    played.submit(*bracket_of(order_of("market", Side.BUY, 10.0), 99.5))
    played.step(3)
    assert played.last("o1.sl").order.stop == 98.5
    assert played.last("o1.sl").status is OrderStatus.WORKING
    day = market(bars, models=models)
    day.step(2)
    day.submit(order_of("limit", Side.BUY, 1.0, limit=98.0, tif=TimeInForce.DAY))
    day.step()
    assert day.last("o1").order.limit == 98.0


def test_with_finer_bars_an_action_comes_before_the_first_of_them() -> None:
    fine = five_minutes(flat_rows([100.0] * 4 + [50.0] * 4), 4)
    fine = replace(fine, prices=PriceBasis.RAW)
    coarse = raw(flat_rows([100.0, 50.0]))
    played = market(
        coarse, models=free(actions=(StockSplit("AAA", day_number(1), 2.0),)), finer=fine
    )
    played.step()
    played.submit(order_of("market", Side.BUY, 10.0))
    played.step()
    split = next(event for event in played.events if isinstance(event, Split))
    assert split.time == int(fine.close_time[4])
    assert played.fills[0].quantity == 20.0


# nights ------------------------------------------------------------------------------------


def test_a_weekend_of_debit_interest() -> None:
    bars = raw(flat_rows([100.0] * 7))
    played = market(bars, models=free(financing=IbkrFinancing(2.1)))
    played.step(4)
    played.submit(order_of("market", Side.BUY, 460.0))
    played.step(2)
    flows = [event for event in played.events if isinstance(event, CashFlow)]
    # bought on Friday with a debit of 36,000: Monday pays three days of 3.6 %
    assert [flow.kind for flow in flows] == [CashFlowKind.INTEREST]
    assert flows[0].amount == pytest.approx(-10.8)


def test_simple_interest_on_a_short_position() -> None:
    bars = raw(flat_rows([100.0, 100.0, 50.0]))
    played = market(bars, models=free(financing=SimpleInterest(36.5)))
    played.step()
    played.submit(order_of("market", Side.SELL, 10.0))
    played.step(2)
    assert played.broker.book().income == pytest.approx(-1.0)


# margin calls ------------------------------------------------------------------------------


def test_a_margin_call_is_liquidated_at_the_next_open_and_only_as_far_as_needed() -> None:
    bars = raw([*flat_rows([100.0] * 2), (100.0, 100.0, 66.0, 66.0), (65.0,) * 4, (65.0,) * 4])
    models = Models(PerShare(0.0), FixedSlippage(0.0), margin=RegT())
    played = market(bars, models=models, cash=5_000.0)
    played.step()
    played.submit(*bracket_of(order_of("market", Side.BUY, 100.0), 10.0))
    played.step(2)
    sent = played.last("liquidation-1")
    assert (sent.status, sent.order.origin) == (OrderStatus.WORKING, Origin.LIQUIDATION)
    played.step()
    assert played.trades()[-1] == ("liquidation-1", 3, -4.0, 65.0)
    assert played.last("o1.sl").order.quantity == 96.0
    # at 65 equity is 1,496 and 1,560 are needed: four more, and then it is enough
    assert played.last("liquidation-2").order.quantity == 4.0
    played.step()
    assert played.broker.book().positions["AAA"].quantity == 92.0
    assert played.path("liquidation-2") == ["working", "filled"]
    assert "liquidation-3" not in {
        event.order.id for event in played.events if hasattr(event, "order")
    }


# expiry ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_contract_is_settled_at_the_close_of_its_last_day_without_costs(side: Side) -> None:
    bars = raw(
        flat_rows([100.0, 100.0, 100.0, 120.0, 500.0]),
        type=AssetType.FUTURE,
        multiplier=50.0,
        expiry=day_number(3),
    )
    played = market(bars, models=COSTS)
    played.step()
    played.submit(order_of("market", side, 2.0))
    played.submit(order_of("limit", side.opposite, 1.0, id="o2", limit=100.0 + side * 90))
    played.step(4)
    assert played.trades()[-1] == ("expiry-1", 3, -2.0 * side, 120.0)
    assert played.fees == [2.0]
    assert played.path("expiry-1") == ["working", "filled"]
    assert played.last("o2").reason == "the contract has expired"
    assert played.broker.book().positions["AAA"].is_flat
    gain = side * 2 * 50 * 20.0
    assert played.broker.book().cash == pytest.approx(10_000.0 + gain - 2.0 - 2 * 50 * 0.05)


# currencies --------------------------------------------------------------------------------


def test_fills_and_fees_are_paid_at_the_rate_of_their_moment() -> None:
    bars = raw(flat_rows([100.0] * 4), currency="EUR")
    pair = bars_of(flat_rows([1.1, 1.2, 1.3, 1.4]), "EUR.USD")
    models = Models(PerShare(1.0), FixedSlippage(0.0), rates=Rates.of_bars("USD", [pair]))
    played = market(bars, models=models)
    played.step()
    played.submit(order_of("market", Side.BUY, 10.0))
    played.step()
    played.submit(order_of("market", Side.SELL, 10.0, id="o2"))
    played.step()
    assert [fill.rate for fill in played.fills] == [1.2, 1.3]
    assert played.fees == pytest.approx([12.0, 13.0])
    assert played.broker.book().cash == pytest.approx(10_000.0 - 1_200.0 + 1_300.0 - 25.0)


def test_events_alone_rebuild_the_broker_s_cash() -> None:
    bars = raw(flat_rows([100.0, 101.0, 102.0, 50.0, 49.0, 50.0]), currency="EUR")
    models = Models(
        PerShare(1.0),
        FixedSlippage(0.05),
        margin=RegT(),
        financing=IbkrFinancing(5.0, borrow=3.0),
        actions=(StockSplit("AAA", day_number(3), 2.05), Dividend("AAA", day_number(4), 0.7)),
        rates=Rates.constant("USD", {"EUR": 1.1}),
    )
    for side in (Side.BUY, Side.SELL):
        played = market(bars, models=models)
        played.step()
        played.submit(order_of("market", side, 111.0))
        played.step(5)
        told = ledger_told(played, 10_000.0, {"AAA": 1.0})
        assert told.cash == pytest.approx(played.broker.book().cash)
        kinds = {event.kind for event in played.events if isinstance(event, CashFlow)}
        expected = {CashFlowKind.DIVIDEND, CashFlowKind.CASH_IN_LIEU}
        expected.add(CashFlowKind.INTEREST if side > 0 else CashFlowKind.BORROW_FEE)
        assert expected <= kinds
