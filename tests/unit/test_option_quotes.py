"""Options by their quotes: listed, traded, marked, hedged and refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.components.hedge import Hedge
from framework.components.hedging import Interval
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right, Settlement, Style
from framework.domain.orders import Side
from framework.errors import ConfigError, DataError
from framework.options import american, black_scholes
from framework.options.clock import UnderlyingClock
from framework.options.contracts import option_contract
from framework.options.implied import NO_TIME_VALUE
from framework.options.implied_american import implied_by_style
from framework.options.listing import ListingRule
from framework.options.market import ModelMarket
from framework.options.model import OptionModel
from framework.options.occ import OptionSymbol
from framework.options.quote_market import QuoteMarket
from framework.options.quotes import OptionQuotes, QuotedContract, QuoteModel, check_reach
from framework.options.volatility import ConstantVolatility
from framework.strategy import Strategy
from tests.builders import MINUTE, bars_of, day_number, flat_rows, free, scripted

NAN = float("nan")
EXPIRY = day_number(9)
ROWS = [
    (100.0, 101.5, 99.0, 100.5),
    (101.0, 103.0, 100.0, 102.0),
    (102.5, 104.0, 101.0, 103.5),
    (103.0, 103.5, 100.0, 101.0),
    (100.0, 101.0, 97.0, 98.0),
    (98.5, 99.0, 96.0, 97.5),
    (99.0, 101.0, 98.0, 100.0),
    (100.5, 104.0, 100.0, 103.0),
    (104.0, 106.0, 103.0, 105.0),
    (105.0, 107.0, 104.5, 106.0),
    (106.0, 107.0, 105.0, 106.5),
]
BARS = bars_of(ROWS)


def modelled(style: Style = Style.EUROPEAN, rate: float = 0.03) -> OptionModel:
    settlement = Settlement.CASH if style is Style.EUROPEAN else Settlement.PHYSICAL
    return OptionModel(
        ConstantVolatility(0.2),
        rate=rate,
        dividend_yield=0.01,
        style=style,
        settlement=settlement,
        listing=ListingRule(horizon=20, weeklies=True, width=0.1),
    )


def contract(
    strike: float = 100.0, right: Right = Right.CALL, style: Style = Style.EUROPEAN
) -> Instrument:
    settlement = Settlement.CASH if style is Style.EUROPEAN else Settlement.PHYSICAL
    return option_contract(
        Instrument("AAA"), EXPIRY, right, strike, style=style, settlement=settlement
    )


CALL, PUT = contract(), contract(right=Right.PUT)


def quotes_of(table: Mapping[Instrument, Sequence[tuple[int, float, float]]]) -> OptionQuotes:
    """Quotes from rows of time, bid and ask, by contract."""
    rows = [(n, *row) for n, one in enumerate(table) for row in table[one]]
    names = tuple(QuotedContract(one.option.underlying, _name(one)) for one in table if one.option)
    columns = list(zip(*rows, strict=True))
    whole = [np.array(column, dtype=np.int64) for column in columns[:2]]
    sides = [np.array(column, dtype=float) for column in columns[2:]]
    return OptionQuotes("quotes.csv", names, *whole, *sides)


def _name(one: Instrument) -> OptionSymbol:
    assert one.option is not None and one.expiry is not None
    return OptionSymbol(one.option.underlying, one.expiry, one.option.right, one.option.strike)


def close_of(row: int, bars: Bars = BARS) -> int:
    return int(bars.close_time[row])


def from_model(
    model: OptionModel, contracts: Sequence[Instrument], half: float = 0.0, opens: bool = True
) -> OptionQuotes:
    """What a model's options would be quoted at: at every close, and at the opens."""
    market, opened = ModelMarket(BARS, model), UnderlyingClock(BARS).open_times
    table = {}
    for one in contracts:
        bars = market.listing(one, 0).bars
        rows = [
            (int(t), p - half, p + half) for t, p in zip(bars.close_time, bars.close, strict=True)
        ]
        if opens:
            rows += [(int(t), p - half, p + half) for t, p in zip(opened, bars.open, strict=False)]
        table[one] = sorted(row for row in rows if row[1] > 0.0)
    return quotes_of(table)


def quoted(quotes: OptionQuotes, style: Style = Style.EUROPEAN, **named: float) -> QuoteModel:
    model = modelled(style)
    return QuoteModel(
        quotes,
        rate=model.rate,
        dividend_yield=model.dividend_yield,
        style=style,
        settlement=model.settlement,
        **named,
    )


def steady(
    holes: Mapping[int, tuple[float, float] | None] = {}, last: int = 9, one: Instrument = CALL
) -> OptionQuotes:
    """5.00 to 5.20 at the close of each row, but for some: another quote, or none."""
    rows = []
    for row in range(last + 1):
        said = holes.get(row, (5.0, 5.2))
        if said is not None:
            rows.append((close_of(row), *said))
    return quotes_of({one: rows})


# quotes made in Python ----------------------------------------------------------------------


def test_quotes_made_in_python_are_checked_too() -> None:
    good = steady()
    with pytest.raises(DataError, match="does not come after"):
        replace(good, times=good.times[::-1].copy())
    with pytest.raises(DataError, match="columns of"):
        replace(good, bid=good.bid[:-1])
    with pytest.raises(DataError, match="contracts 0 to 0, and 0 contracts"):
        replace(good, contracts=())


# volatilities read back ---------------------------------------------------------------------


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize("style", list(Style))
def test_the_volatility_of_a_price_is_the_one_that_made_it(style: Style, right: Right) -> None:
    spot = np.array([80.0, 95.0, 100.0, 105.0, 120.0])
    wanted = np.array([0.35, 0.25, 0.2, 0.15, 0.5])
    ones = np.ones(5)
    given = (right.sign * ones, spot, 100.0 * ones, 0.3 * ones, 0.05, 0.02)
    made = (
        american.price(*given, wanted, steps=128)
        if style is Style.AMERICAN
        else black_scholes.price(*given, wanted)
    )
    found = implied_by_style(style, given[0], made, *given[1:])
    assert found.volatility == pytest.approx(wanted, abs=2e-5)


def test_a_price_that_early_exercise_brings_has_no_volatility() -> None:
    one = np.ones(1)
    found = implied_by_style(
        Style.AMERICAN, -one, 30.0 * one, 70.0 * one, 100.0 * one, 0.5 * one, 0.05, 0.0
    )
    assert np.isnan(found.volatility[0])
    assert found.reason[0] == NO_TIME_VALUE


# runs ---------------------------------------------------------------------------------------


def straddles(model: OptionModel | QuoteModel, **named: object) -> RunRecord:
    """Sells three straddles, one a day later, hedged at every bar, held to the expiry."""
    style = model.style or Style.EUROPEAN

    def act(s: Strategy) -> object:
        return [s.options.sell(contract(100.0, right, style), 3) for right in Right]

    bars = named.pop("bars", BARS)
    assert isinstance(bars, Bars)
    settings = free(options=model, hedge=Hedge(Interval()), cash=1_000_000.0, **named)  # type: ignore[arg-type]
    record = run(scripted({1: act, 2: act}), [bars], settings)
    assert record.error == ""
    return record


@pytest.mark.parametrize("style", list(Style))
def test_quotes_made_by_the_model_give_the_run_of_the_model(style: Style) -> None:
    model = modelled(style)
    quotes = from_model(model, [contract(100.0, right, style) for right in Right])
    wanted, found = straddles(model), straddles(quoted(quotes, style))
    facts = [
        [(f.time, f.symbol, f.quantity, str(f.order.origin)) for f in one.fills]
        for one in (wanted, found)
    ]
    assert facts[0] == facts[1]
    assert len(facts[0]) > 8
    prices = [[fill.price for fill in one.fills] for one in (wanted, found)]
    assert prices[0] == pytest.approx(prices[1], abs=1e-9)
    assert found.equity == pytest.approx(wanted.equity, abs=1e-6)
    for mine, theirs in zip(found.marks, wanted.marks, strict=True):
        assert mine.greeks.delta == pytest.approx(theirs.greeks.delta, rel=1e-3, abs=0.1)
        assert mine.greeks.vega == pytest.approx(theirs.greeks.vega, rel=2e-3, abs=0.5)
        if mine.value:
            assert mine.volatility == pytest.approx(0.2, abs=1e-4)


def test_a_chain_is_what_is_quoted_at_the_close() -> None:
    bad = contract(105.0)
    table = {
        CALL: [(close_of(row), 5.0, 5.2) for row in range(10)],
        bad: [
            (close_of(0), 1.0, 1.1),
            (close_of(1), 0.0, 1.1),
            (close_of(2), 1.2, 1.1),
            (close_of(3), NAN, 1.1),
            (close_of(4) - 40 * MINUTE, 1.0, 1.1),
            (close_of(5) - 30 * MINUTE, 1.0, 1.1),
            (close_of(6) - 20 * MINUTE, 1.0, 1.1),
            (close_of(6) - 10 * MINUTE, 0.0, 0.0),
            (close_of(7) + 1, 1.0, 1.1),
        ],
    }
    market = QuoteMarket(BARS, quoted(quotes_of(table)))
    listed = [bad in market.chain(row).contracts for row in range(9)]
    assert listed == [True, False, False, False, False, True, False, False, False]
    assert all(CALL in market.chain(row).contracts for row in range(9))
    assert market.chain(9).contracts == (), "what expires today is not listed"
    with pytest.raises(DataError, match="AAA 200306C105 is not listed"):
        market.chain(1).find("AAA 200306C105")


def test_bars_stand_where_quotes_are_good_and_open_at_the_last_mid() -> None:
    quotes = steady({0: (4.0, 4.2), 2: (6.0, 6.2), 3: None, 4: (7.0, 7.2), 6: (0.0, 6.0)})
    bars = QuoteMarket(BARS, quoted(quotes)).listing(CALL, 0).bars
    rows = [0, 1, 2, 4, 5, 7, 8, 9]
    assert bars.close_time.tolist() == [close_of(row) for row in rows]
    assert bars.close == pytest.approx([4.1, 5.1, 6.1, 7.1, 5.1, 5.1, 5.1, 6.0]), "the last is paid"
    assert bars.open == pytest.approx([4.1, 4.1, 5.1, 7.1, 7.1, 5.1, 5.1, 5.1]), (
        "never one before a hole"
    )
    assert bars.high == pytest.approx(np.maximum(bars.open, bars.close))
    assert bars.low == pytest.approx(np.minimum(bars.open, bars.close))
    assert not bars.synthetic


def test_an_opening_quote_is_the_open() -> None:
    opened = int(UnderlyingClock(BARS).open_times[2])
    rows = [(close_of(0), 5.0, 5.2), (opened - MINUTE, 8.0, 8.2), (close_of(2), 6.0, 6.2)]
    bars = QuoteMarket(BARS, quoted(quotes_of({CALL: rows}))).listing(CALL, 0).bars
    assert bars.open[1] == pytest.approx(8.1)


def test_the_expiry_pays_without_a_quote() -> None:
    record = run(
        scripted({1: lambda s: s.options.buy(CALL, 2)}),
        [BARS],
        free(options=quoted(steady(last=2), stale_days=30.0)),
    )
    assert record.error == ""
    bought, paid = record.fills
    assert bought.price == pytest.approx(5.1)
    assert (paid.price, str(paid.order.origin)) == (6.0, "expiry")
    assert record.equity[-1] == pytest.approx(100_000.0 + 200.0 * (6.0 - 5.1))
    assert record.equity[5] == pytest.approx(100_000.0), "marked at the last good mid"


@pytest.mark.parametrize(("expiry", "root"), [(EXPIRY + 1, "AAA"), (EXPIRY, "AAAW")])
def test_a_saturday_expires_on_friday_and_a_class_keeps_its_name(expiry: int, root: str) -> None:
    name = QuotedContract("AAA", OptionSymbol(root, expiry, Right.CALL, 100.0))
    quotes = replace(steady(last=8), contracts=(name,))

    def act(s: Strategy) -> object:
        (one,) = s.options.chain().contracts
        return s.options.buy(one)

    settings = free(options=quoted(quotes), hedge=Hedge(Interval()))
    record = run(scripted({1: act}), [BARS], settings)
    assert record.error == ""
    mine = [fill for fill in record.fills if fill.symbol == name.name.short]
    assert [(f.time, f.price) for f in mine] == [
        (close_of(2), pytest.approx(5.1)),
        (close_of(9), 6.0),
    ]
    assert not record.positions


def trading(script: Mapping[int, object], quotes: OptionQuotes, **named: float) -> RunRecord:
    return run(scripted(script), [BARS], free(options=quoted(quotes, **named)))  # type: ignore[arg-type]


def test_a_contract_without_a_good_quote_cannot_be_bought() -> None:
    record = trading({3: lambda s: s.options.buy(CALL)}, steady({3: (0.0, 5.2)}))
    assert "AAA 200306C100 has no good quote at 2020-02-27 21:00 UTC" in record.error
    assert not record.fills


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (contract(105.0), "AAA 200306C105 is not quoted in quotes.csv. Did you mean 'AAA 200306C"),
        (
            option_contract(Instrument("AAA"), day_number(1), Right.CALL, 100.0),
            "AAA 200225C100 expired on 2020-02-25",
        ),
        (
            option_contract(Instrument("BBB"), EXPIRY, Right.CALL, 100.0),
            "BBB 200306C100 is an option on BBB, not on AAA",
        ),
    ],
)
def test_what_is_not_there_is_named(wanted: Instrument, said: str) -> None:
    assert said in trading({3: lambda s: s.options.buy(wanted)}, steady()).error


def test_a_close_waits_for_the_next_good_quote() -> None:
    script = {1: lambda s: s.options.sell(CALL), 4: lambda s: s.options.close()}
    quotes = steady({4: None, 5: (9.0, 5.0), 6: (7.0, 7.2)})
    record = trading(script, quotes)
    assert record.error == ""
    sold, bought = record.fills
    assert (sold.price, bought.price) == pytest.approx((5.1, 7.1))
    assert bought.time == close_of(6), "not at the price before the hole"


# Greeks -------------------------------------------------------------------------------------


def market_of(quotes: OptionQuotes, **named: float) -> QuoteMarket:
    return QuoteMarket(BARS, quoted(quotes, **named))


def test_greeks_of_a_hole_are_those_of_the_last_volatility_at_the_present_price() -> None:
    model = modelled()
    whole, marked = from_model(model, [CALL], opens=False), ModelMarket(BARS, model)
    holes = whole.times != close_of(3)
    columns = (whole.contract, whole.times, whole.bid, whole.ask)
    part = OptionQuotes("q", whole.contracts, *(column[holes] for column in columns))
    found, wanted = market_of(part).greeks(CALL, 3), marked.greeks(CALL, 3)
    assert found.delta == pytest.approx(wanted.delta)
    assert found.theta == pytest.approx(wanted.theta)
    assert market_of(part).state(CALL, 3) == pytest.approx(marked.state(CALL, 3))


def test_a_bid_of_zero_still_says_what_a_held_contract_does() -> None:
    quotes = quotes_of({contract(110.0): [(close_of(row), 0.0, 0.4) for row in range(9)]})
    assert 0.0 < market_of(quotes).greeks(contract(110.0), 2).delta < 50.0


def test_greeks_too_old_are_refused_with_contract_day_and_reason() -> None:
    quotes = steady(last=2)
    assert market_of(quotes, stale_days=5.0).greeks(CALL, 5).delta > 0.0
    with pytest.raises(DataError) as caught:
        market_of(quotes, stale_days=4.0).greeks(CALL, 5)
    assert "AAA 200306C100 has no Greeks at 2020-03-02 21:00 UTC" in caught.value.problem
    assert "not quoted" in caught.value.problem
    assert "2020-02-26 21:00 UTC, more than 4 days before" in caught.value.problem
    assert "stale_days" in caught.value.remedy


def test_a_quote_no_volatility_gives_is_refused_with_its_reason() -> None:
    quotes = quotes_of({contract(80.0): [(close_of(row), 10.0, 10.2) for row in range(9)]})
    with pytest.raises(DataError, match=r"its mid is below intrinsic.*no quote before it gives"):
        market_of(quotes).greeks(contract(80.0), 1)
    assert np.isnan(market_of(quotes).deltas((contract(80.0), contract(85.0)), 1)).all()


def test_a_hedged_run_ends_where_the_greeks_do_and_says_so() -> None:
    settings = free(
        options=quoted(steady(last=2), stale_days=2.0), hedge=Hedge(Interval()), cash=1e6
    )
    record = run(scripted({1: lambda s: s.options.sell(CALL, 3)}), [BARS], settings)
    assert "AAA 200306C100 has no Greeks at 2020-03-02" in record.error


def test_deltas_and_prices_of_a_chain_are_the_models() -> None:
    model = modelled()
    names = [contract(strike, right) for strike in (95.0, 100.0, 105.0) for right in Right]
    quotes, marked = from_model(model, names), ModelMarket(BARS, model)
    market, given = market_of(quotes), tuple(names)
    assert market.deltas(given, 2) == pytest.approx(marked.deltas(given, 2), abs=1e-6)
    assert market.prices(given, 2) == pytest.approx(marked.prices(given, 2))
    assert market.prices(given, 9) == pytest.approx([11.0, 0.0, 6.0, 0.0, 1.0, 0.0])
    assert market.traded_time(1, 4) == marked.traded_time(1, 4)
    with pytest.raises(DataError, match="AAA 200306C105 has no price at"):
        market_of(steady({3: None}, one=names[4])).prices((names[4],), 3)


# costs and settings -------------------------------------------------------------------------


def test_the_quoted_spread_is_each_contracts_own_average() -> None:
    quotes = quotes_of(
        {
            CALL: [(1, 1.0, 3.0), (2, 5.0, 7.0), (3, 0.0, 90.0)],
            PUT: [(1, 0.9, 1.1)],
            contract(90.0): [(1, 0.0, 1.0)],
        }
    )
    spread = quotes.spread()
    assert spread.shares == pytest.approx(
        {"AAA 200306C100": 0.5, "AAA 200306P100": 0.2, "AAA 200306C90": 0.0}
    )
    assert spread.price(CALL, Side.BUY, 10.0, 1.0, 0.0) == pytest.approx(12.5)
    assert spread.price(PUT, Side.SELL, 10.0, 1.0, 0.0) == pytest.approx(9.0)
    assert spread.price(Instrument("AAA", AssetType.STOCK), Side.BUY, 10.0, 1.0, 0.0) == 10.0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"rate": 5.0}, "rate is 5.0"),
        ({"dividend_yield": NAN}, "dividend_yield is nan"),
        ({"multiplier": 0.0}, "multiplier is 0.0"),
        ({"fresh_minutes": -1.0}, "fresh_minutes is -1"),
        ({"stale_days": 0.0}, "stale_days is 0"),
    ],
)
def test_a_setting_that_cannot_be_is_named(named: Mapping[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        QuoteModel(steady(), **named)  # type: ignore[arg-type]


def test_quotes_that_meet_no_bar_are_named() -> None:
    early = quotes_of({CALL: [(close_of(0) - 60 * MINUTE, 1.0, 1.1)]})
    with pytest.raises(DataError, match=r"No quote of quotes\.csv, from 2020-02-24 20:00 UTC"):
        check_reach(QuoteModel(early), [BARS])
    check_reach(QuoteModel(early, fresh_minutes=60.0), [BARS])
    with pytest.raises(DataError, match="No quote"):
        check_reach(QuoteModel(steady()), [bars_of(flat_rows([1.0]), "BBB")])
