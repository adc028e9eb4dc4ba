"""The queue of accepted orders: each axis it brings, as small scenes worked out by hand."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from math import nan

import pytest

from framework.brokers.simulated.matching import Ask
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Bar
from framework.brokers.simulated.whole_bar import aimed, slipped
from framework.components.slippage import FixedSlippage
from framework.domain.orders import Order, OrderType, Side, TimeInForce, points
from framework.domain.terms import Peg, Scale, Terms, Twap
from framework.errors import ConfigError
from tests.builders import Market, Row, bars_of, five_minutes, mirrored, order_of

START: Row = (100, 101, 99, 100)
SIDES = pytest.mark.parametrize("side", [Side.BUY, Side.SELL], ids=["buy", "sell"])
RULES = FillPolicy.backtrader()


def bar_of(row: Row, ends_session: bool = True) -> Bar:
    return Bar(0, 0, True, ends_session, True, 0, *row, 1_000.0, nan)


def seen(side: Side, row: Row) -> Row:
    """The row as a seller sees it: upside down."""
    return row if side is Side.BUY else mirrored([row])[0]


def at(side: Side, price: float | None) -> float | None:
    """The price as a seller sees it."""
    return price if price is None or side is Side.BUY else 200 - price


def market_of(*rows: Row, policy: FillPolicy = RULES, **parts: object) -> Market:
    """A market at the close of its first bar."""
    market = Market(bars_of([START, *rows]), policy=policy, **parts)  # type: ignore[arg-type]
    market.step()
    return market


# where orders aim ----------------------------------------------------------------------------

AIMS: list[tuple[str, OrderType, float, float, Row, float | None, bool]] = [
    # what, type, stop, limit, bar, price, whether triggered afterwards
    ("the open", OrderType.MARKET, nan, nan, (103, 105, 99, 104), 103, False),
    ("a better open", OrderType.LIMIT, nan, 104, (103, 105, 99, 104), 103, False),
    ("the limit", OrderType.LIMIT, nan, 100, (103, 105, 99, 104), 100, False),
    ("a limit just touched", OrderType.LIMIT, nan, 99, (103, 105, 99, 104), 99, False),
    ("a limit not reached", OrderType.LIMIT, nan, 98, (103, 105, 99, 104), None, False),
    ("a gap over the stop", OrderType.STOP, 102, nan, (103, 105, 99, 104), 103, False),
    ("the stop", OrderType.STOP, 104, nan, (103, 105, 99, 104), 104, False),
    ("a stop not reached", OrderType.STOP, 106, nan, (103, 105, 99, 104), None, False),
    ("a trailing stop", OrderType.TRAIL, 104, nan, (103, 105, 99, 104), 104, False),
    ("a gap over both", OrderType.STOP_LIMIT, 101, 102, (103, 105, 100, 104), 102, True),
    ("a gap within the limit", OrderType.STOP_LIMIT, 101, 104, (103, 105, 100, 104), 103, True),
    ("a gap past the limit", OrderType.STOP_LIMIT, 101, 99, (103, 105, 100, 104), None, True),
    ("the stop within the limit", OrderType.STOP_LIMIT, 104, 105, (103, 105, 99, 104), 104, True),
    ("a stop that is the limit", OrderType.STOP_LIMIT, 104, 104, (103, 105, 99, 104), 104, True),
    ("a bar that came back", OrderType.STOP_LIMIT, 104, 101, (103, 105, 99, 100), 101, True),
    ("back, not far enough", OrderType.STOP_LIMIT, 104, 101, (103, 105, 99, 102), None, True),
    ("a bar that went on", OrderType.STOP_LIMIT, 104, 103.5, (103, 105, 99, 104), None, True),
    ("a stop limit not reached", OrderType.STOP_LIMIT, 106, 101, (103, 105, 99, 100), None, False),
]


@SIDES
@pytest.mark.parametrize(
    ("kind", "stop", "limit", "row", "price", "triggered"),
    [case[1:] for case in AIMS],
    ids=[case[0] for case in AIMS],
)
def test_where_an_order_aims(
    side: Side,
    kind: OrderType,
    stop: float,
    limit: float,
    row: Row,
    price: float | None,
    triggered: bool,
) -> None:
    ask = Ask(side, at(side, limit) or nan, at(side, stop) or nan, False, 0.0)
    aim = aimed(kind, ask, bar_of(seen(side, row)), RULES)
    assert (aim.price, aim.triggered) == (at(side, price), triggered)


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, None), (Side.SELL, 99)])
def test_a_bar_without_a_colour_came_back_for_sellers_only(side: Side, price: float | None) -> None:
    row = seen(side, (103, 105, 99, 103))
    ask = Ask(side, at(side, 103.5) if side is Side.BUY else 99, at(side, 104), False, 0.0)  # type: ignore[arg-type]
    if side is Side.SELL:
        ask = Ask(side, 96.5, 96.0, False, 0.0)
        row, price = (97, 101, 95, 97), 96.5
    aim = aimed(OrderType.STOP_LIMIT, ask, bar_of(row), RULES)
    assert (aim.price, aim.triggered) == (price, True)


def test_without_colour_a_stop_limit_waits_for_the_next_bar() -> None:
    waits = replace(RULES, stop_limit_bar="waits")
    for policy, price in ((RULES, 101), (waits, None)):
        ask = Ask(Side.BUY, 101, 104, False, 0.0)
        assert aimed(OrderType.STOP_LIMIT, ask, bar_of((103, 105, 99, 100)), policy).price == price


@pytest.mark.parametrize(
    ("kind", "stop", "limit", "price"),
    [
        (OrderType.MARKET_IF_TOUCHED, 101, nan, 101),
        (OrderType.MARKET_IF_TOUCHED, 104, nan, 103),
        (OrderType.LIMIT_IF_TOUCHED, 101, 102, 101),
        (OrderType.MARKET_ON_CLOSE, nan, nan, 104),
        (OrderType.LIMIT_ON_CLOSE, nan, 104, 104),
        (OrderType.LIMIT_ON_CLOSE, nan, 103, None),
        (OrderType.RELATIVE, nan, 102, 102),
    ],
)
def test_other_types_aim_where_the_table_of_the_matcher_says(
    kind: OrderType, stop: float, limit: float, price: float | None
) -> None:
    ask = Ask(Side.BUY, limit, stop, False, 0.0)
    assert aimed(kind, ask, bar_of((103, 105, 99, 104)), RULES).price == price


def test_the_closing_auction_is_at_the_end_of_the_session() -> None:
    ask = Ask(Side.BUY, nan, nan, False, 0.0)
    early = bar_of((103, 105, 99, 104), ends_session=False)
    assert aimed(OrderType.MARKET_ON_CLOSE, ask, early, RULES).price is None


# slippage ------------------------------------------------------------------------------------


@SIDES
@pytest.mark.parametrize(
    ("kind", "stop", "limit", "row", "none", "range_", "wait"),
    [
        (OrderType.MARKET, nan, nan, (103, 105, 99, 104), 106, 105, None),
        (OrderType.MARKET, nan, nan, (103, 107, 99, 104), 106, 106, 106),
        (OrderType.STOP, 104, nan, (103, 105, 99, 104), 107, 105, None),
        (OrderType.STOP_LIMIT, 104, 104.5, (103, 105, 99, 104), 107, 105, None),
        (OrderType.LIMIT, nan, 104, (103, 105, 99, 104), 106, 104, None),
    ],
)
def test_what_becomes_of_a_price_slippage_drives_too_far(
    side: Side,
    kind: OrderType,
    stop: float,
    limit: float,
    row: Row,
    none: float,
    range_: float,
    wait: float | None,
) -> None:
    ask = Ask(side, at(side, limit) or nan, at(side, stop) or nan, False, 0.0)
    for cap, price in (("none", none), ("range", range_), ("wait", wait)):
        policy = replace(RULES, slip_cap=cap, limit_slip_cap=cap)
        aim = aimed(kind, ask, bar_of(seen(side, row)), policy)
        assert aim.price is not None
        proposed = aim.price + 3 * side
        assert slipped(aim, side, proposed, policy) == at(side, price)


def test_a_buyer_at_the_open_stops_at_the_high_a_seller_only_at_the_limit() -> None:
    """Open 100, high 101, low 99: a limit far away lets the seller go on to 97."""
    for side, limit, price in ((Side.BUY, 110, 101), (Side.SELL, 90, 97)):
        market = market_of(START, policy=FillPolicy.backtrader(slip_open=True), **SLIP)
        market.submit(order_of("limit", side, limit=limit))
        market.step()
        assert market.trades() == [("o1", 1, side * 10.0, price)]


SLIP = {"slippage": FixedSlippage(3.0)}


@pytest.mark.parametrize(
    ("kind", "prices", "slipped_open", "slipped_bar"),
    [
        ("market", {}, 106, 103),
        ("limit", {"limit": 110}, 106, 103),
        ("limit", {"limit": 100}, 100, 100),
        ("stop", {"stop": 102}, 106, 103),
        ("stop", {"stop": 104}, 107, 107),
        ("market_on_close", {}, 104, 104),
    ],
)
def test_what_slips(
    kind: str, prices: dict[str, float], slipped_open: float, slipped_bar: float
) -> None:
    for slip_open, price in ((True, slipped_open), (False, slipped_bar)):
        market = market_of(
            (103, 109, 99, 104), policy=FillPolicy.backtrader(slip_open=slip_open), **SLIP
        )
        market.submit(order_of(kind, **prices))  # type: ignore[arg-type]
        market.step()
        assert market.trades() == [("o1", 1, 10.0, price)]


def test_limits_slip_only_where_whatever_takes_liquidity_does() -> None:
    policy = replace(FillPolicy.backtrader(slip_open=True), slippage_on="aggressive")
    market = market_of((103, 109, 99, 104), policy=policy, **SLIP)
    market.submit(order_of("limit", limit=110))
    market.step()
    assert market.trades() == [("o1", 1, 10.0, 103.0)]


def test_taking_liquidity_slips_in_every_queue() -> None:
    for slippage_on, price in (("taking", 106.0), ("aggressive", 103.0)):
        policy = FillPolicy(slippage_on=slippage_on)  # type: ignore[arg-type]
        market = market_of((103, 109, 99, 104), policy=policy, **SLIP)
        market.submit(
            order_of("limit", limit=110),
        )
        market.submit(order_of("limit", limit=100, id="o2"))
        market.step()
        assert market.trades() == [("o1", 1, 10.0, price), ("o2", 1, 10.0, 100.0)]


def test_an_order_that_waits_is_tried_again() -> None:
    policy = FillPolicy.backtrader(slip_open=True, slip_match=False)
    market = market_of((100, 102, 99, 100), (100, 104, 99, 100), policy=policy, **SLIP)
    market.submit(order_of("market"))
    market.step(2)
    assert market.trades() == [("o1", 2, 10.0, 103.0)]


# trailing, validity, the rest ----------------------------------------------------------------


def test_a_triggered_trailing_limit_waits_for_its_limit() -> None:
    """To sell at 96 or better once 97 is seen: the first open is below both, and so is the second
    bar; the third comes back."""
    market = market_of((95, 95.5, 94, 95), (90, 91, 89, 90), (90, 97, 89, 97))
    market.submit(trailing_limit(Side.SELL, stop=97, limit=96))
    market.step(3)
    assert market.trades() == [("o1", 3, -10.0, 96.0)]


def test_a_triggered_trailing_limit_moves_once_more_at_the_close() -> None:
    """Sold at 99 or better once 95 is seen, trailing by 3. The bar that sees 95 closes at 98.9, so
    the stop moves to 95.9 and the limit to 99.9. The next bar closes at 99.8, which moves nothing:
    the one after sells at 99.9."""
    rows: tuple[Row, ...] = ((97, 98.9, 94, 98.9), (98, 99.8, 97, 99.8), (98, 99.9, 97, 98))
    market = market_of(*rows)
    market.submit(trailing_limit(Side.SELL, stop=95, limit=99))
    market.step(3)
    assert market.trades() == [("o1", 3, -10.0, pytest.approx(99.9))]


def trailing_limit(side: Side, stop: float, limit: float) -> Order:
    """A trailing stop-limit 3 away; its limit may lie before its stop."""
    terms = Terms(limit_offset=(limit - stop) * side)
    return order_of("trail_limit", side, trail=points(3.0), stop=stop, limit=limit, terms=terms)


def test_an_order_past_its_validity_is_not_tried() -> None:
    market = market_of(START, (100, 101, 80, 100))
    until = datetime.fromtimestamp(int(market.bars[0].close_time[1]) // 10**9, UTC)
    ends = Terms(good_till=until)
    market.submit(order_of("limit", id="a", limit=90, tif=TimeInForce.GTD, terms=ends))
    market.submit(order_of("limit", id="b", limit=90))
    market.step(2)
    assert [trade[0] for trade in market.trades()] == ["b"]
    assert market.last("a").status == "expired"


def test_a_market_order_at_the_close_it_was_decided_on() -> None:
    market = market_of((110, 112, 108, 111), policy=FillPolicy.backtrader(coc=True))
    market.submit(order_of("market"))
    market.step()
    assert market.trades() == [("o1", 0, 10.0, 100.0)]


def test_ladders_algos_and_pegs_work_in_this_queue_too() -> None:
    market = Market(five_minutes([(100, 101, 95, 100)] * 6, 6), policy=RULES)
    market.step()
    market.submit(order_of("limit", id="ladder", limit=99, terms=Terms(scale=Scale(4.0, 1.0))))
    market.submit(order_of("market", id="algo", terms=Terms(algo=Twap())))
    market.submit(order_of("relative", id="peg", terms=Terms(peg=Peg.PRIMARY)))
    market.step(5)
    assert {trade[0] for trade in market.trades()} == {"ladder", "algo", "peg"}


# the policy itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "axes"),
    [
        ({}, {"gap_slip": False, "slip_cap": "range", "limit_slip_cap": "range"}),
        ({"slip_open": True}, {"gap_slip": True}),
        ({"slip_match": False}, {"slip_cap": "wait", "limit_slip_cap": "range"}),
        (
            {"slip_match": False, "slip_limit": False},
            {"slip_cap": "wait", "limit_slip_cap": "wait"},
        ),
        ({"slip_limit": False}, {"slip_cap": "range", "limit_slip_cap": "range"}),
        ({"slip_out": True}, {"slip_cap": "none", "limit_slip_cap": "none"}),
        (
            {"slip_out": True, "slip_match": False},
            {"slip_cap": "wait", "limit_slip_cap": "none"},
        ),
        ({"coc": True}, {"trade_on_close": True}),
        ({"checksubmit": False}, {"cash_check": "fill", "funds": "cash"}),
        ({"shortcash": False}, {"short_proceeds": "held"}),
    ],
)
def test_options_of_the_preset_are_axes(options: dict[str, bool], axes: dict[str, object]) -> None:
    found = asdict(FillPolicy.backtrader(**options))
    assert {name: found[name] for name in axes} == axes


@pytest.mark.parametrize(
    ("axis", "value"),
    [
        ("cash_check", "acceptance"),
        ("slip_cap", "wait"),
        ("limit_slip_cap", "wait"),
        ("stop_limit_bar", "colour"),
    ],
)
def test_some_values_need_this_queue(axis: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{axis} is '{value}' with queue 'open_first'"):
        FillPolicy(**{axis: value})  # type: ignore[arg-type]
    FillPolicy(**{axis: value, "queue": "accepted"})  # type: ignore[arg-type]


def test_what_no_wire_can_honour_is_named() -> None:
    assert RULES.backtest_only == ("cash_check=acceptance", "brackets=linked", "oca_ends=any")
