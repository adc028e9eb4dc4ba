"""Interactive Brokers' and the exchanges' rules: what each takes, what it refuses, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from framework.calendar import day_of
from framework.components.venue.borrowing import Borrowable
from framework.components.venue.day_trading import DayTrading, MinimumEquity
from framework.components.venue.hours import AuctionHours
from framework.components.venue.prices import MinimumTick, PriceCap, on_venue_grid
from framework.components.venue.products import OrderTypes, TimesInForce, Tradable, WholeUnits
from framework.components.venue.sets import IB_RULES, NO_RULES, RULE_SETS
from framework.components.venue.tables import venue_tables
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Offset, Order, OrderType, Side, TimeInForce
from framework.domain.terms import Adaptive, PercentOfVolume, Scale, Terms, Twap, Vwap
from framework.errors import ConfigError
from framework.ports import OrderContext, OrderRule

STOCK = Instrument("ACME")
OPTION = replace(STOCK, type=AssetType.OPTION, multiplier=100.0)
FUTURE = replace(STOCK, type=AssetType.FUTURE, calendar="CMES")
FOREX = replace(STOCK, type=AssetType.FOREX, calendar="24/5")
CRYPTO = replace(STOCK, type=AssetType.CRYPTO, calendar="24/7")
INDEX = replace(STOCK, type=AssetType.INDEX)

DAY = day_of("2026-03-02")
NOON = int(datetime(2026, 3, 2, 17, 0, tzinfo=UTC).timestamp()) * 10**9
OPEN = int(datetime(2026, 3, 2, 14, 30, tzinfo=UTC).timestamp()) * 10**9
CLOSE = int(datetime(2026, 3, 2, 21, 0, tzinfo=UTC).timestamp()) * 10**9
MINUTE = 60 * 10**9
HERE = OrderContext(NOON, DAY, STOCK, 100.0, 0.0, 50_000.0, session_open=OPEN, session_close=CLOSE)

PRICED = {
    OrderType.LIMIT: {"limit": 100.0},
    OrderType.STOP: {"stop": 101.0},
    OrderType.STOP_LIMIT: {"stop": 101.0, "limit": 102.0},
    OrderType.TRAIL: {"trail": Offset(amount=1.0)},
    OrderType.TRAIL_LIMIT: {"trail": Offset(amount=1.0), "terms": Terms(limit_offset=0.5)},
    OrderType.MARKET_IF_TOUCHED: {"stop": 99.0},
    OrderType.LIMIT_IF_TOUCHED: {"stop": 99.0, "limit": 99.0},
    OrderType.LIMIT_ON_CLOSE: {"limit": 100.0},
}


def order(
    kind: OrderType = OrderType.MARKET,
    tif: TimeInForce = TimeInForce.DAY,
    terms: Terms | None = None,
    side: Side = Side.BUY,
    quantity: float = 100.0,
    **prices: float,
) -> Order:
    given: dict[str, object] = {**PRICED.get(kind, {}), **prices}
    if terms is not None:
        given["terms"] = terms
    return Order("o-1", "ACME", side, quantity, kind, NOON, 100.0, tif=tif, **given)  # type: ignore[arg-type]


def at(context: OrderContext = HERE, **changes: object) -> OrderContext:
    return replace(context, **changes)  # type: ignore[arg-type]


def minutes(hour: int, minute: int, second: int = 0) -> int:
    return int(datetime(2026, 3, 2, hour, minute, second, tzinfo=UTC).timestamp()) * 10**9


# products ----------------------------------------------------------------------------------

T = OrderType
EVERY = set(OrderType)
BASIC = {T.MARKET, T.LIMIT, T.STOP, T.STOP_LIMIT, T.TRAIL, T.TRAIL_LIMIT}
TOUCHED = {T.MARKET_IF_TOUCHED, T.LIMIT_IF_TOUCHED}
ON_CLOSE = {T.MARKET_ON_CLOSE, T.LIMIT_ON_CLOSE}


@pytest.mark.parametrize(
    ("instrument", "taken"),
    [
        (STOCK, EVERY),
        (OPTION, BASIC | TOUCHED | {T.PEG_BEST, T.RELATIVE}),
        (FUTURE, BASIC | TOUCHED | ON_CLOSE | {T.RELATIVE}),
        (FOREX, BASIC | TOUCHED),
        (CRYPTO, {T.MARKET, T.LIMIT}),
        (INDEX, set()),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_order_types_by_product(instrument: Instrument, taken: set[OrderType]) -> None:
    routed = {
        kind: Terms(
            exchange="IBUSOPT" if instrument is OPTION else "IBKRATS",
            limit_offset=0.5 if kind is T.TRAIL_LIMIT else None,
        )
        for kind in OrderType
    }
    context = at(instrument=instrument)
    found = {k for k in OrderType if not OrderTypes().refusal(order(k, terms=routed[k]), context)}
    assert found == taken


F = TimeInForce


@pytest.mark.parametrize(
    ("instrument", "kind", "taken"),
    [
        (STOCK, T.MARKET, {F.DAY, F.GTC, F.IOC, F.OPG}),
        (STOCK, T.LIMIT, {F.DAY, F.GTC, F.IOC, F.OPG}),
        (STOCK, T.STOP, {F.DAY, F.GTC}),
        (STOCK, T.TRAIL, {F.DAY, F.GTC}),
        (STOCK, T.MARKET_IF_TOUCHED, {F.DAY, F.GTC}),
        (STOCK, T.MARKET_ON_CLOSE, {F.DAY, F.GTC}),
        (OPTION, T.LIMIT, {F.DAY, F.GTC, F.IOC, F.FOK, F.OPG}),
        (OPTION, T.STOP_LIMIT, {F.DAY, F.GTC}),
        (FUTURE, T.LIMIT, {F.DAY, F.GTC, F.IOC}),
        (FOREX, T.MARKET, {F.DAY, F.GTC, F.IOC}),
        (CRYPTO, T.MARKET, {F.DAY, F.IOC}),
        (CRYPTO, T.LIMIT, {F.DAY, F.GTC, F.IOC}),
        (INDEX, T.MARKET, set()),
    ],
    ids=lambda value: str(getattr(value, "type", value)) if not isinstance(value, set) else "",
)
def test_times_in_force_by_product(
    instrument: Instrument, kind: OrderType, taken: set[TimeInForce]
) -> None:
    context = at(instrument=instrument)
    tried = [tif for tif in TimeInForce if tif is not F.GTD]
    found = {tif for tif in tried if not TimesInForce().refusal(order(kind, tif), context)}
    assert found == taken


TODAY = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 17, 0, 1, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "given", "context", "why"),
    [
        (Tradable(), order(), HERE, ""),
        (Tradable(), order(), at(instrument=INDEX), "is an index"),
        (Tradable(), order(), at(instrument=replace(FUTURE, expiry=DAY)), ""),
        (
            Tradable(),
            order(),
            at(instrument=replace(FUTURE, expiry=DAY - 1)),
            "expired on 2026-03-01",
        ),
        (OrderTypes(), order(terms=Terms(algo=Twap())), HERE, ""),
        (OrderTypes(), order(terms=Terms(algo=Twap())), at(instrument=OPTION), ""),
        (OrderTypes(), order(terms=Terms(algo=Vwap())), at(instrument=OPTION), "algo Vwap"),
        (
            OrderTypes(),
            order(terms=Terms(algo=PercentOfVolume())),
            at(instrument=FOREX),
            "algo PercentOfVolume",
        ),
        (OrderTypes(), order(terms=Terms(algo=Adaptive())), at(instrument=FUTURE), ""),
        (OrderTypes(), order(T.LIMIT, terms=Terms(scale=Scale(10, 1))), at(instrument=FOREX), ""),
        (
            OrderTypes(),
            order(T.LIMIT, terms=Terms(scale=Scale(10, 1))),
            at(instrument=CRYPTO),
            "no scale order",
        ),
        (OrderTypes(), order(T.PEG_MID), HERE, "route SMART"),
        (OrderTypes(), order(T.PEG_MID, terms=Terms(exchange="ISLAND")), HERE, ""),
        (OrderTypes(), order(T.PEG_BEST, terms=Terms(exchange="ISLAND")), HERE, "IBKRATS"),
        (OrderTypes(), order(T.PEG_BEST, terms=Terms(exchange="IBKRATS")), HERE, ""),
        (OrderTypes(), order(T.RELATIVE), HERE, ""),
        (TimesInForce(), order(T.LIMIT, F.GTD, Terms(good_till=LATER)), HERE, ""),
        (TimesInForce(), order(T.LIMIT, F.GTD, Terms(good_till=TODAY)), HERE, "is past"),
        (TimesInForce(), order(T.LIMIT, F.GTD, Terms(good_till=MORNING)), HERE, "is past"),
        (TimesInForce(), order(T.LIMIT, F.IOC, Terms(algo=Twap())), HERE, "an algo works over"),
        (TimesInForce(), order(T.LIMIT, F.IOC, Terms(scale=Scale(1, 1))), HERE, "a scale order"),
        (
            TimesInForce(),
            order(T.LIMIT, F.FOK, Terms(algo=Adaptive())),
            at(instrument=OPTION),
            "an algo works over time and cannot be FOK",
        ),
        (TimesInForce(), order(T.LIMIT, terms=Terms(outside_hours=True)), HERE, ""),
        (TimesInForce(), order(T.STOP, F.GTC, Terms(outside_hours=True)), HERE, ""),
        (TimesInForce(), order(terms=Terms(outside_hours=True)), HERE, "leave outside_hours out"),
        (TimesInForce(), order(terms=Terms(outside_hours=True)), at(instrument=FUTURE), ""),
        (
            TimesInForce(),
            order(T.LIMIT_ON_CLOSE, terms=Terms(outside_hours=True)),
            HERE,
            "limit-on-close order works in regular hours",
        ),
        (TimesInForce(), order(T.LIMIT, F.OPG, Terms(outside_hours=True)), HERE, "OPG order works"),
        (WholeUnits(), order(quantity=100.5), HERE, "100.5 shares: the API takes whole shares"),
        (WholeUnits(), order(quantity=0.5), HERE, "whole shares"),
        (WholeUnits(), order(quantity=1e9), HERE, ""),
        (WholeUnits(), order(quantity=1.5), at(instrument=FUTURE), "whole contracts"),
        (WholeUnits(), order(quantity=0.001), at(instrument=CRYPTO), ""),
        (WholeUnits(), order(quantity=0.5), at(instrument=FOREX), ""),
        (WholeUnits(fractional=True), order(quantity=0.5), HERE, ""),
        (WholeUnits(fractional=True), order(quantity=0.5), at(instrument=OPTION), "whole"),
        (WholeUnits(), replace(order(quantity=0.0001), quantity=0.0, fraction=0.5), HERE, ""),
    ],
)
def test_what_may_be_sent(rule: OrderRule, given: Order, context: OrderContext, why: str) -> None:
    _check(rule, given, context, why)


def _check(rule: OrderRule, given: Order, context: OrderContext, why: str) -> None:
    reason = rule.refusal(given, context)
    assert (reason == "") == (why == ""), reason
    assert why in reason


# prices ------------------------------------------------------------------------------------

BEFORE, AFTER = day_of("2027-10-29"), day_of("2027-11-01")
HALF = replace(STOCK, tick=0.005)
FREE = replace(STOCK, tick=0.0)
ES = replace(FUTURE, tick=0.25)


@pytest.mark.parametrize(
    ("instrument", "day", "price", "taken"),
    [
        (STOCK, DAY, 10.01, True),
        (STOCK, DAY, 10.005, False),
        (STOCK, DAY, 0.9999, False),
        (FREE, DAY, 0.9999, True),
        (FREE, DAY, 0.99995, False),
        (FREE, DAY, 1.0001, False),
        (FREE, DAY, 1.01, True),
        (FREE, 0, 10.0001, False),
        (HALF, BEFORE, 10.005, False),
        (HALF, AFTER, 10.005, True),
        (HALF, AFTER, 10.0025, False),
        (STOCK, AFTER, 10.005, False),
        (replace(FREE, currency="EUR"), DAY, 10.0001, True),
        (ES, DAY, 5000.25, True),
        (ES, DAY, 5000.1, False),
    ],
)
def test_minimum_tick(instrument: Instrument, day: int, price: float, taken: bool) -> None:
    context = at(instrument=instrument, session=day)
    for kind, name in ((T.LIMIT, "limit"), (T.STOP, "stop")):
        reason = MinimumTick().refusal(order(kind, **{name: price}), context)
        assert (reason == "") is taken, reason
        assert taken or f"the {name} price {price:.10g} is no multiple of" in reason


def test_a_plain_us_stock_gets_the_finer_steps_below_one_dollar() -> None:
    stock = on_venue_grid(STOCK, DAY)
    assert [stock.tick_at(p) for p in (0.5, 0.9999, 1.0, 250.0)] == [0.0001, 0.0001, 0.01, 0.01]
    assert on_venue_grid(STOCK, AFTER).tick_at(10.0) == 0.01
    for other in (
        HALF,
        ES,
        replace(STOCK, currency="EUR"),
        replace(STOCK, tick_bands=((0.0, 0.1),)),
    ):
        assert on_venue_grid(other, DAY) is other


@pytest.mark.parametrize(
    ("instrument", "kind", "side", "price", "taken"),
    [
        (STOCK, T.LIMIT, Side.BUY, 110.0, True),
        (STOCK, T.LIMIT, Side.BUY, 110.01, False),
        (STOCK, T.LIMIT, Side.BUY, 1.0, True),
        (STOCK, T.LIMIT, Side.SELL, 90.0, True),
        (STOCK, T.LIMIT, Side.SELL, 89.99, False),
        (STOCK, T.LIMIT, Side.SELL, 900.0, True),
        (STOCK, T.LIMIT_ON_CLOSE, Side.BUY, 111.0, False),
        (STOCK, T.LIMIT_IF_TOUCHED, Side.BUY, 150.0, True),
        (OPTION, T.LIMIT, Side.BUY, 120.0, True),
        (OPTION, T.LIMIT, Side.BUY, 120.01, False),
        (FUTURE, T.LIMIT, Side.BUY, 1000.0, True),
    ],
)
def test_price_cap(
    instrument: Instrument, kind: OrderType, side: Side, price: float, taken: bool
) -> None:
    reason = PriceCap().refusal(order(kind, side=side, limit=price), at(instrument=instrument))
    assert (reason == "") is taken, reason
    assert taken or "% through the last price 100" in reason


# hours -------------------------------------------------------------------------------------

MOC, OPG = order(T.MARKET_ON_CLOSE), order(tif=F.OPG)
NASDAQ = Terms(exchange="NASDAQ")
EARLY = at(session_close=minutes(18, 0))


@pytest.mark.parametrize(
    ("given", "context", "time", "taken"),
    [
        (MOC, HERE, minutes(20, 49, 59), True),
        (MOC, HERE, minutes(20, 50), False),
        (MOC, HERE, minutes(20, 59), False),
        (MOC, HERE, minutes(13, 0), True),
        (order(T.LIMIT_ON_CLOSE), HERE, minutes(20, 50), False),
        (order(T.MARKET_ON_CLOSE, terms=NASDAQ), HERE, minutes(20, 54), True),
        (order(T.MARKET_ON_CLOSE, terms=NASDAQ), HERE, minutes(20, 55), False),
        (MOC, EARLY, minutes(17, 49), True),
        (MOC, EARLY, minutes(17, 50), False),
        (MOC, at(instrument=FUTURE), minutes(20, 59), True),
        (OPG, HERE, minutes(14, 27, 59), True),
        (OPG, HERE, minutes(14, 28), False),
        (OPG, HERE, minutes(14, 29), False),
        (OPG, HERE, minutes(14, 30), True),
        (OPG, HERE, minutes(18, 0), True),
        (order(), HERE, minutes(20, 59), True),
        (order(), HERE, minutes(2, 0), True),
        (MOC, at(session_open=0, session_close=0), minutes(20, 59), True),
    ],
)
def test_auction_hours(given: Order, context: OrderContext, time: int, taken: bool) -> None:
    reason = AuctionHours().refusal(given, at(context, time=time))
    assert (reason == "") is taken, reason
    assert taken or "is taken before 2026-03-02" in reason


# margin ------------------------------------------------------------------------------------

SMALL = at(on_margin=True, opening=100.0, equity=24_999.0, day_trades=3, window_start=DAY - 6)
JUNE = day_of("2026-06-04")
SHORTFALL = at(
    SMALL, session=JUNE, equity=10_000.0, maintenance=10_000.01, borrows=True, day_trades=9
)


@pytest.mark.parametrize(
    ("rule", "context", "why"),
    [
        (DayTrading(), SMALL, "day trades since 2026-02-24: 3, with 24,999.00 of equity"),
        (DayTrading(), at(SMALL, day_trades=2), ""),
        (DayTrading(), at(SMALL, equity=25_000.0), ""),
        (DayTrading(), at(SMALL, equity=30_000.0, previous_equity=24_000.0), "24,000.00"),
        (DayTrading(), at(SMALL, equity=30_000.0, previous_equity=25_000.0), ""),
        (DayTrading(), at(SMALL, opening=0.0), ""),
        (DayTrading(), at(SMALL, on_margin=False), ""),
        (DayTrading(), at(SMALL, session=JUNE - 1), "day trades"),
        (DayTrading(), at(SMALL, session=JUNE), ""),
        (DayTrading(adopted="2026-10-01"), at(SMALL, session=JUNE), "day trades"),
        (DayTrading(rule="pdt"), at(SMALL, session=JUNE + 400), "day trades"),
        (DayTrading(rule="none"), SMALL, ""),
        (DayTrading(equity=20_000.0), SMALL, ""),
        (DayTrading(trades=5), SMALL, ""),
        (DayTrading(), SHORTFALL, "0.01 short of its maintenance margin of 10,000.01"),
        (DayTrading(), at(SHORTFALL, maintenance=10_000.0), ""),
        (DayTrading(), at(SHORTFALL, opening=0.0), ""),
        (DayTrading(), at(SHORTFALL, on_margin=False), ""),
        (DayTrading(), at(SHORTFALL, session=DAY, day_trades=0), ""),
        (DayTrading(rule="intraday"), at(SHORTFALL, session=DAY), "maintenance margin"),
        (MinimumEquity(), at(SHORTFALL, equity=1_999.99), "1,999.99 of equity: below 2,000"),
        (MinimumEquity(), at(SHORTFALL, equity=2_000.0), ""),
        (MinimumEquity(), at(SHORTFALL, equity=500.0, borrows=False), ""),
        (MinimumEquity(), at(SHORTFALL, equity=500.0, opening=0.0), ""),
        (MinimumEquity(), at(SHORTFALL, equity=500.0, on_margin=False), ""),
        (MinimumEquity(money=400.0), at(SHORTFALL, equity=500.0), ""),
    ],
)
def test_margin_rules(rule: OrderRule, context: OrderContext, why: str) -> None:
    _check(rule, order(), context, why)


@pytest.mark.parametrize(
    ("side", "kind", "opening", "borrowable", "taken"),
    [
        (Side.SELL, AssetType.STOCK, 100.0, 100.0, True),
        (Side.SELL, AssetType.STOCK, 100.0, 99.0, False),
        (Side.SELL, AssetType.STOCK, 100.0, -5.0, False),
        (Side.SELL, AssetType.STOCK, 0.0, 0.0, True),
        (Side.BUY, AssetType.STOCK, 100.0, 0.0, True),
        (Side.SELL, AssetType.FUTURE, 100.0, 0.0, True),
    ],
)
def test_short_sales_need_units_to_borrow(
    side: Side, kind: AssetType, opening: float, borrowable: float, taken: bool
) -> None:
    context = at(instrument=replace(STOCK, type=kind), opening=opening, borrowable=borrowable)
    reason = Borrowable().refusal(order(side=side), context)
    assert (reason == "") is taken
    assert taken or reason == (
        f"100 units would have to be borrowed, {max(0, borrowable):g} are available"
    )


# the whole ---------------------------------------------------------------------------------


def test_plain_orders_pass_every_rule() -> None:
    context = at(on_margin=True, opening=100.0, maintenance=2_500.0)
    for given in (order(), order(T.LIMIT), order(T.STOP, F.GTC), order(T.TRAIL, F.GTC)):
        assert [rule.name for rule in IB_RULES if rule.refusal(given, context)] == []
    assert RULE_SETS == {"ib": IB_RULES, "none": NO_RULES}
    names = [rule.name for rule in IB_RULES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("products: {stock: {order_types: [limits], times_in_force: {}}}", "order_types"),
        ("products: {stock: {order_types: any}}", "times_in_force"),
        ("products: {share: {order_types: any, times_in_force: {}}}", "products.share"),
        ("products: {}\nauction: {}", "auction"),
        ("products: {}\nauctions: {XNYS: {before_open: -1, before_close: 0}}", "before_open"),
        ("products: {}\nticks: [{type: stock, currency: USD, from: soon, bands: []}]", "from"),
        ("just text", "the file"),
        ("products: [", "is not valid YAML"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, change: str, problem: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(change, "utf-8")
    with pytest.raises(ConfigError, match=r"rules\.yaml") as error:
        venue_tables(str(path))
    assert problem in str(error.value)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("products: {stock: {order_types: [limit], times_in_force: {DAY: any}}}\n")
    own = OrderTypes(str(path))
    assert own.refusal(order(T.LIMIT), HERE) == ""
    assert own.refusal(order(), HERE) == "no market order of a stock is taken"
    missing = Tradable(str(path)).refusal(order(), at(instrument=FUTURE))
    assert missing == "no order of a future is taken"
    with pytest.raises(ConfigError, match="cannot be read"):
        OrderTypes(str(tmp_path / "none.yaml")).refusal(order(), HERE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "old"},
        {"adopted": "June"},
        {"adopted": None},
        {"equity": -1.0},
        {"trades": 0},
        {"trades": 2.5},
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"DayTrading: {next(iter(wrong))}"):
        DayTrading(**wrong)  # type: ignore[arg-type]


def test_a_minimum_of_equity_is_money() -> None:
    with pytest.raises(ConfigError, match="MinimumEquity: money"):
        MinimumEquity(-1.0)
