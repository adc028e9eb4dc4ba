"""Cash, brackets and groups under the queue of accepted orders, as small scenes by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PercentCommission, PerShare
from framework.components.liquidity import FixedUnits
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType
from framework.domain.orders import Side, points
from tests.builders import Market, Row, bars_of, bracket_of, order_of

START: Row = (100, 101, 99, 100)
RULES = FillPolicy.backtrader()


def market_of(*rows: Row, policy: FillPolicy = RULES, **parts: object) -> Market:
    """A market at the close of its first bar."""
    market = Market(bars_of([START, *rows]), policy=policy, **parts)  # type: ignore[arg-type]
    market.step()
    return market


# acceptance and cash -------------------------------------------------------------------------


def test_cash_is_checked_at_acceptance_and_again_at_the_fill() -> None:
    """Cash 1,000: ten units at the close of 100 pass, not at the open of 101; eleven never do."""
    for size, open_, path in (
        (10.0, 100, ["sent", "working", "filled"]),
        (10.0, 101, ["sent", "working", "rejected"]),
        (11.0, 90, ["sent", "rejected"]),
    ):
        market = market_of((open_, 102, 89, 100), cash=1_000.0)
        market.submit(order_of("market", quantity=size))
        market.step()
        assert market.path("o1") == path


def test_the_fee_counts_too() -> None:
    for rate, status in ((0.0, "filled"), (0.01, "rejected")):
        market = market_of((90, 102, 89, 100), cash=1_000.0, commission=PerShare(rate))
        market.submit(order_of("market"))
        market.step()
        assert market.last("o1").status == status


@pytest.mark.parametrize(
    ("kind", "prices", "accepted"),
    [
        ("market", {}, True),
        ("limit", {"limit": 100}, True),
        ("limit", {"limit": 101}, False),
        ("stop", {"stop": 101}, False),
        ("stop_limit", {"stop": 100, "limit": 101}, True),
    ],
)
def test_an_order_counts_at_the_price_it_was_made_at(
    kind: str, prices: dict[str, float], accepted: bool
) -> None:
    market = market_of((90, 90, 89, 90), cash=1_000.0)
    market.submit(order_of(kind, **prices))  # type: ignore[arg-type]
    market.step()
    assert ("working" in market.path("o1")) is accepted


def test_orders_count_one_after_the_other() -> None:
    """A sale leaves room for another purchase; what failed leaves none for what comes after it."""
    for sides, statuses in (
        ((Side.BUY, Side.BUY), ["filled", "rejected"]),
        ((Side.BUY, Side.SELL, Side.BUY), ["filled", "filled", "filled"]),
        ((Side.BUY, Side.BUY, Side.BUY, Side.SELL), ["filled", "rejected", "rejected", "filled"]),
    ):
        market = market_of((100, 101, 99, 100), cash=1_500.0)
        for number, side in enumerate(sides):
            market.submit(
                order_of(
                    "market",
                    side,
                    id=f"o{number}",
                    quantity=10 + 10 * (side < 0 and len(sides) > 3),
                )
            )
        market.step()
        assert [str(market.last(f"o{n}").status) for n in range(len(sides))] == statuses


def test_what_waits_to_be_accepted_cannot_be_cancelled() -> None:
    for checksubmit, trades in ((True, 1), (False, 0)):
        market = market_of(START, policy=FillPolicy.backtrader(checksubmit=checksubmit))
        market.submit(order_of("market"))
        market.broker.cancel("o1")
        market.step()
        assert len(market.trades()) == trades


def test_a_reversal_closes_even_if_it_cannot_open() -> None:
    """Cash 1,050, long ten: selling twenty-five at proceeds held closes ten and opens none."""
    policy = FillPolicy.backtrader(shortcash=False, checksubmit=False)
    market = market_of(START, START, policy=policy, cash=1_050.0)
    market.submit(order_of("market"))
    market.step()
    market.submit(order_of("market", Side.SELL, 25.0, id="turn"))
    market.step()
    assert market.trades()[1:] == [("turn", 2, -10.0, 100.0)]
    assert market.last("turn").status == "cancelled"
    assert market.last("turn").reason == "the rest was not covered"


@pytest.mark.parametrize(("shortcash", "filled"), [(True, ["s", "b"]), (False, ["s"])])
def test_proceeds_of_a_short_sale(shortcash: bool, filled: list[str]) -> None:
    """Cash 1,000, ten sold short: 2,000 to spend, or nothing."""
    policy = FillPolicy.backtrader(shortcash=shortcash)
    bars = [bars_of([START] * 3, symbol) for symbol in ("AAA", "BBB")]
    market = Market(*bars, policy=policy, cash=1_000.0)
    market.step()
    market.submit(order_of("market", Side.SELL, id="s"))
    market.step()
    market.submit(order_of("market", quantity=15.0, id="b", symbol="BBB"))
    market.step()
    assert [trade[0] for trade in market.trades()] == filled


def future(*rows: Row) -> Bars:
    bars = bars_of([START, *rows], multiplier=10.0)
    instrument = replace(
        bars.instrument, type=AssetType.FUTURE, initial_margin=50.0, maintenance_margin=40.0
    )
    return replace(bars, instrument=instrument)


@pytest.mark.parametrize(("close", "status"), [(100, "filled"), (99, "filled"), (98.9, "rejected")])
def test_a_future_binds_its_margin_and_settles_at_every_close(close: float, status: str) -> None:
    """Cash 1,100: ten units bind 500 and lose 100 a point, ten more ask for 500."""
    low = min(close, 99)
    market = Market(
        future((100, 101, low, close), (close, 101, low, 100)),
        policy=FillPolicy.backtrader(),
        cash=1_100.0,
    )
    market.step()
    market.submit(order_of("market"))
    market.step()
    market.submit(order_of("market", id="more"))
    market.step()
    assert market.last("more").status == status


def test_opening_more_of_a_future_settles_what_is_held_at_its_price() -> None:
    """Cash 1,100, ten units: 600 are free at the close before. Opening one more at 95 takes its
    margin of 50 and the loss of 500; two more do not find their 100 then."""
    market = Market(
        future((100, 101, 99, 100), (95, 96, 94, 95)), policy=FillPolicy.backtrader(), cash=1_100.0
    )
    market.step()
    market.submit(order_of("market"))
    market.step()
    market.submit(order_of("market", quantity=1.0, id="one"))
    market.submit(order_of("market", quantity=2.0, id="two"))
    market.step()
    assert [trade[0] for trade in market.trades()] == ["o1", "one"]


def test_leverage_binds_a_part_of_the_price() -> None:
    for leverage, status in ((1.0, "rejected"), (2.0, "filled")):
        market = market_of(START, cash=1_000.0, leverage=leverage)
        market.submit(order_of("market", quantity=15.0))
        market.step()
        assert market.last("o1").status == status


def test_orders_of_all_instruments_pay_from_one_purse_as_accepted() -> None:
    """The second symbol's order came first, so it is the first symbol's that finds no cash."""
    bars = [bars_of([START, (105, 106, 104, 105)], symbol) for symbol in ("AAA", "BBB")]
    market = Market(*bars, policy=RULES, cash=2_080.0)
    market.step()
    for symbol in ("BBB", "AAA"):
        market.submit(order_of("market", id=symbol, symbol=symbol))
    market.step()
    assert [trade[0] for trade in market.trades()] == ["BBB"]


def test_fees_leave_the_cash() -> None:
    market = market_of(START, START, cash=1_011.0, commission=PercentCommission(percent=1.0))
    market.submit(order_of("market"))
    market.step()
    market.submit(order_of("market", Side.SELL))
    market.step()
    assert market.broker.book().cash == pytest.approx(1_011.0 - 20.0)


# brackets and groups -------------------------------------------------------------------------


def test_children_live_from_the_bar_after_the_whole_entry() -> None:
    """Four units a bar: an entry of ten is complete in the third, its children work in the next,
    each for itself until one of them is complete."""
    wide: Row = (100, 110, 90, 100)
    market = market_of(*[wide] * 6, liquidity=FixedUnits(4.0))
    market.submit(*bracket_of(order_of("market"), stop_loss=95, take_profit=105))
    market.step(6)
    units: dict[tuple[str, int], float] = {}
    for name, bar, quantity, _ in market.trades():
        units[name, bar] = units.get((name, bar), 0.0) + quantity
    assert units == {
        ("o1", 1): 4.0,
        ("o1", 2): 4.0,
        ("o1", 3): 2.0,
        ("o1.sl", 4): -4.0,
        ("o1.tp", 4): -4.0,
        ("o1.sl", 5): -4.0,
        ("o1.tp", 5): -4.0,
        ("o1.sl", 6): -2.0,
    }
    assert market.last("o1.tp").status == "cancelled"


@pytest.mark.parametrize("first", ["o1", "o1.sl", "o1.tp"])
def test_a_bracket_ends_as_one(first: str) -> None:
    market = market_of(START, START)
    market.submit(*bracket_of(order_of("limit", limit=50), stop_loss=45, take_profit=60))
    market.step()
    market.broker.cancel(first)
    market.step()
    assert {str(market.last(one).status) for one in ("o1", "o1.sl", "o1.tp")} == {"cancelled"}


def test_a_rejected_entry_takes_children_along_that_were_not_accepted_yet() -> None:
    market = market_of(START, cash=10.0)
    market.submit(*bracket_of(order_of("market"), stop_loss=45, take_profit=160))
    market.step()
    assert {str(market.last(one).status) for one in ("o1", "o1.sl", "o1.tp")} == {"rejected"}


def test_children_given_as_distances_start_from_the_entry_fill() -> None:
    market = market_of((102, 103, 101, 102), (102, 103, 96, 102))
    market.submit(*bracket_of(order_of("market"), stop_loss=points(4.0)))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 102.0), ("o1.sl", 2, -10.0, 98.0)]


def pair(market: Market, **first: object) -> None:
    market.submit(order_of("limit", id="a", limit=90, oca="g", **first))  # type: ignore[arg-type]
    market.submit(order_of("limit", id="b", limit=80, oca="g"))


@pytest.mark.parametrize(("ends", "status"), [("any", "cancelled"), ("fill", "working")])
def test_what_ends_a_group(ends: str, status: str) -> None:
    market = market_of(START, START, policy=replace(RULES, oca_ends=ends))  # type: ignore[arg-type]
    pair(market)
    market.step()
    market.broker.cancel("a")
    market.step()
    assert market.last("b").status == status


def test_a_bracket_that_ends_ends_the_group_of_its_entry() -> None:
    market = market_of(START, START)
    market.submit(*bracket_of(order_of("limit", limit=50, oca="g"), stop_loss=45))
    market.submit(order_of("limit", id="mate", limit=40, oca="g"))
    market.step()
    market.broker.cancel("o1.sl")
    market.step()
    assert market.last("mate").status == "cancelled"


def test_a_partial_fill_ends_the_others_and_the_order_goes_on() -> None:
    market = market_of((95, 96, 75, 80), START, (95, 96, 75, 80), liquidity=FixedUnits(4.0))
    pair(market)
    market.step(3)
    assert [trade[:3] for trade in market.trades()] == [("a", 1, 4.0), ("a", 3, 4.0)]
    assert market.last("b").status == "cancelled"


def test_an_order_not_accepted_yet_leaves_a_group_that_ends() -> None:
    """The first is cancelled while two mates have only just come in: both trade on their own."""
    market = market_of(START, (85, 96, 75, 80))
    market.submit(order_of("limit", id="a", limit=50, oca="g"))
    market.step()
    for name in ("b", "c"):
        market.submit(order_of("limit", id=name, limit=90, oca="g"))
    market.broker.cancel("a")
    market.step()
    assert [trade[0] for trade in market.trades()] == ["b", "c"]
