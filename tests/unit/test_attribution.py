"""What options and their hedge made: the parts add up to the account, and each is its own."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.calendar import TradingCalendar
from framework.components.breakers import DailyLossMoney
from framework.components.commission import PerShare
from framework.components.financing import IbkrFinancing
from framework.components.hedge import Hedge
from framework.components.hedging import DeltaBand, Interval
from framework.components.slippage import PercentSlippage
from framework.domain.actions import Dividend, StockSplit
from framework.domain.bars import Bars, FloatArray, PriceBasis
from framework.domain.currency import Rates
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right, Settlement, Style
from framework.domain.orders import Origin
from framework.feeds.sample import sp500
from framework.options import black_scholes
from framework.options.contracts import option_contract
from framework.options.listing import ListingRule
from framework.options.model import OptionModel
from framework.options.spreads import straddle
from framework.options.volatility import ConstantVolatility, VolatilitySeries
from framework.research.attribute import attribution_of
from framework.research.attribution import Attribution, PartPnl, totals_of
from framework.research.book_parts import Part, pieces_of
from framework.research.files import Provenance, write_run
from framework.research.hedge_plot import draw_books
from framework.research.plots import figure_of
from framework.research.report import print_result
from framework.research.results import Result, result_of
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, flat_rows, free, scripted
from tests.unit.records import record_of

YEAR = 365.0 * 86_400 * 10**9
CENT = 0.005
INDEX = sp500().take(4773, 4973)
MODEL = OptionModel(
    ConstantVolatility(0.15),
    rate=0.01,
    dividend_yield=0.02,
    style=Style.EUROPEAN,
    settlement=Settlement.CASH,
    multiplier=10.0,
)
PHYSICAL = replace(MODEL, settlement=Settlement.PHYSICAL)
NATURAL = replace(PHYSICAL, style=Style.AMERICAN)
BAND = Hedge(DeltaBand(1.0))


class Sold(Strategy):
    """A straddle is sold whenever none is held."""

    days: int = 25
    count: int = 1

    def on_bar(self) -> None:
        if not self.options.is_flat:
            return
        chain = self.options.chain()
        expiry = chain.expiry_at_least(self.days)
        strike = chain.nearest_strike(expiry, self.data.close[-1])
        self.options.sell(straddle(chain, expiry, strike), self.count)


class Mixed(Strategy):
    """Random straddles and single options, long and short, some closed before their expiry."""

    seed: int = 0

    def setup(self) -> None:
        self.dice = np.random.default_rng(self.seed)

    def on_bar(self) -> None:
        throw = int(self.dice.integers(0, 12))
        if throw == 0:
            self.options.close()
        if throw > 3 or len(self.options.positions) > 4:
            return
        chain = self.options.chain()
        expiry = chain.expiry_at_least(int(self.dice.integers(5, 60)))
        strike = chain.nearest_strike(expiry, self.data.close[-1] * self.dice.uniform(0.96, 1.04))
        both = straddle(chain, expiry, strike)
        what = (both, both.legs[0].instrument, both.legs[1].instrument)[self.dice.integers(0, 3)]
        verb = self.options.sell if self.dice.random() < 0.6 else self.options.buy
        verb(what, int(self.dice.integers(1, 4)))


def played(
    strategy: type[Strategy] = Sold,
    bars: Bars = INDEX,
    *,
    options: OptionModel = MODEL,
    hedge: Hedge | None = BAND,
    parameters: dict[str, object] | None = None,
    **named: object,
) -> RunRecord:
    settings = BacktestSettings(options=options, hedge=hedge, **named)  # type: ignore[arg-type]
    record = run(strategy, [bars], settings, parameters or {})
    assert record.error == ""
    return record


@cache
def sold() -> RunRecord:
    return played()


def book_of(record: RunRecord) -> Attribution:
    (book,) = attribution_of(record)
    return book


def made(record: RunRecord) -> FloatArray:
    """What the account made at each instant."""
    equity = record.equity[record.start : record.stop]
    return np.diff(equity, prepend=record.opening_cash)


def check_parts(book: Attribution) -> None:
    greeks = book.greeks
    parts = greeks.delta + greeks.gamma + greeks.theta + greeks.vega + greeks.residual
    assert parts - book.options.slippage == pytest.approx(book.options.pnl, abs=1e-6)


# the parts add up ---------------------------------------------------------------------------


THIRD = Hedge(Interval(bars=3))


@pytest.mark.parametrize("hedge", [BAND, THIRD, None], ids=["band", "every third", "none"])
@pytest.mark.parametrize(
    ("seed", "options", "bars"),
    [
        (1, MODEL, INDEX),
        (2, MODEL, INDEX),
        (1, PHYSICAL, INDEX),
        (2, PHYSICAL, INDEX),
        (5, NATURAL, INDEX.take(100, 160)),
    ],
    ids=["cash", "cash again", "physical", "physical again", "american"],
)
def test_the_parts_are_what_the_account_made(
    seed: int, options: OptionModel, bars: Bars, hedge: Hedge | None
) -> None:
    record = played(Mixed, bars, options=options, hedge=hedge, cash=1e6, parameters={"seed": seed})
    settled = {fill.order.origin for fill in record.fills}
    assert settled & {Origin.EXPIRY, Origin.EXERCISE}, "an expiry is inside"
    book = book_of(record)
    assert np.abs(book.net - made(record)).max() < CENT
    check_parts(book)
    fees = sum(part.commission.sum() for part in (book.options, book.hedge, book.other))
    assert fees == pytest.approx(sum(fee.amount for fee in record.commissions), abs=1e-9)
    if hedge is not None:
        assert not book.other.is_active
    else:
        assert not book.hedge.is_active
        assert book.other.is_active == (options is not MODEL), "delivered units, without a hedge"


def _split_at(row: int) -> Bars:
    scale = np.where(np.arange(len(INDEX)) >= row, 0.5, 1.0)
    columns = {name: getattr(INDEX, name) * scale for name in ("open", "high", "low", "close")}
    return replace(INDEX, prices=PriceBasis.RAW, **columns)


RAW = replace(INDEX, prices=PriceBasis.RAW)
ROWS = (30, 90, 141)
DIVIDENDS = tuple(Dividend("SP500", int(INDEX.session[row]), 12.0) for row in ROWS)
SPLIT = (StockSplit("SP500", int(INDEX.session[63]), 2.0),)


@pytest.mark.parametrize(
    ("bars", "named"),
    [
        (INDEX, {"breakers": (DailyLossMoney(100.0),)}),
        (INDEX, {"policy": FillPolicy(trade_on_close=True)}),
        (INDEX, {"financing": IbkrFinancing()}),
        (RAW, {"actions": DIVIDENDS}),
        (_split_at(63), {"actions": SPLIT}),
    ],
    ids=["breaker", "at the close", "loan fees", "dividends", "split"],
)
def test_a_hedged_book_is_all_there_is(bars: Bars, named: dict[str, object]) -> None:
    record = played(bars=bars, **named)
    book = book_of(record)
    assert np.abs(book.net - made(record)).max() < CENT
    check_parts(book)
    assert not book.other.pnl.round(9).any()
    assert not book.other.commission.any()
    assert book.hedge_units.tolist() == pytest.approx(record.quantities["SP500"].tolist())


def test_the_cases_above_happen() -> None:
    assert played(breakers=(DailyLossMoney(100.0),)).trips
    assert any(flow.amount < 0.0 for flow in played(financing=IbkrFinancing()).flows)
    assert len(played(bars=RAW, actions=DIVIDENDS).flows) > 1
    record = played(bars=_split_at(63), actions=SPLIT)
    assert record.splits
    assert record.splits[0].quantity != 0.0


def test_delivery_and_cash_are_the_same_to_the_options() -> None:
    cash, delivered = (book_of(played(options=each)) for each in (MODEL, PHYSICAL))
    assert delivered.options.pnl == pytest.approx(cash.options.pnl, abs=1e-6)
    record = played(options=PHYSICAL, hedge=None, cash=1e6)
    book = book_of(record)
    assert book.options.pnl == pytest.approx(cash.options.pnl, abs=1e-6)
    units = record.quantities["SP500"]
    assert units.any(), "delivered"
    kept = np.append(0.0, units[:-1] * np.diff(INDEX.close))
    assert book.other.pnl == pytest.approx(kept, abs=1e-6)


# what each is -------------------------------------------------------------------------------


def test_a_hedged_book_short_of_gamma_loses_it_and_earns_theta() -> None:
    book = book_of(sold())
    totals = totals_of([book])
    held = book.held.gamma != 0.0
    assert (book.held.gamma[held] < 0.0).all()
    assert (book.held.theta[held] > 0.0).mean() > 0.95
    assert (book.greeks.gamma <= 0.0).all()
    assert totals.gamma < -500.0
    assert totals.theta > 500.0
    assert totals.vega == 0.0, "at a constant volatility"
    open_delta = book.greeks.delta + book.hedge.pnl + book.hedge.slippage
    assert open_delta.std() < 0.4 * book.greeks.delta.std()
    quiet = np.abs(book.greeks.residual) < 0.25 * np.abs(book.options.pnl).max()
    assert quiet.mean() > 0.97
    assert abs(totals.residual) < 0.2 * totals.theta


EXPIRY = day_number(14)
CLOSES = [100.0, 100.0, 101.0, 99.5, 99.5, 102.0, 101.0, 103.0, 104.0, 103.0]
CALL = option_contract(
    Instrument("AAA"), EXPIRY, Right.CALL, 100.0, style=Style.EUROPEAN, settlement=Settlement.CASH
)
LATER = option_contract(
    Instrument("AAA"), day_number(19), Right.CALL, 100.0, style=Style.EUROPEAN,
    settlement=Settlement.CASH,
)  # fmt: skip
ODDS = np.array([0.20, 0.20, 0.21, 0.23, 0.22, 0.22, 0.25, 0.24, 0.24, 0.2])
PLAIN = bars_of(flat_rows(CLOSES))
PLAIN_MODEL = OptionModel(
    VolatilitySeries("odds", PLAIN.close_time, ODDS),
    rate=0.02,
    listing=ListingRule(horizon=40, weeklies=True),
)
SELL: Callable[[Strategy], object] = lambda s: s.options.sell(CALL, 10)  # noqa: E731


def hand_made(script: dict[int, Callable[[Strategy], object]], **named: object) -> RunRecord:
    settings = free(options=PLAIN_MODEL, cash=1e6, **named)
    record = run(scripted(script), [PLAIN], settings)
    assert record.error == ""
    return record


def test_the_parts_of_one_option_are_those_of_its_formulas() -> None:
    book = book_of(hand_made({1: SELL}))
    spot, end = PLAIN.close, int(TradingCalendar("XNYS").session_close_of(np.array([EXPIRY]))[0])
    years = (end - PLAIN.close_time) / YEAR
    units = -10 * 100.0
    for k in range(3, len(CLOSES)):
        before = black_scholes.greeks(1.0, spot[k - 1], 100.0, years[k - 1], 0.02, 0.0, ODDS[k - 1])
        after = black_scholes.price(1.0, spot[k], 100.0, years[k], 0.02, 0.0, ODDS[k])
        move = spot[k] - spot[k - 1]
        expected = {
            "delta": units * before.delta * move,
            "gamma": units * before.gamma * move**2 / 2.0,
            "theta": units * before.theta * (years[k - 1] - years[k]),
            "vega": units * before.vega * (ODDS[k] - ODDS[k - 1]),
        }
        for name, amount in expected.items():
            assert getattr(book.greeks, name)[k] == pytest.approx(float(amount), abs=1e-6), (
                name,
                k,
            )
        change = units * float(after - before.price)
        assert book.options.pnl[k] == pytest.approx(change, abs=1e-6)
        assert book.greeks.residual[k] == pytest.approx(change - sum(expected.values()), abs=1e-6)
        assert book.held.volatility[k] == ODDS[k]
        assert book.held.value[k] == pytest.approx(units * float(after), abs=1e-6)
    assert book.is_active.tolist() == [False, False] + [True] * 8


def test_vega_is_that_of_one_and_the_same_option() -> None:
    """When another expires next, its volatility says nothing about the change."""
    script = {1: SELL, 5: lambda s: s.options.close(CALL)}
    both: dict[int, Callable[[Strategy], object]] = {
        **script,
        3: lambda s: s.options.sell(LATER, 10),
    }
    assert book_of(hand_made(script)).greeks.vega[5:].tolist() == [0.0] * 5
    book = book_of(hand_made(both))
    assert book.greeks.vega[6] == 0.0
    assert book.held.volatility[6] == ODDS[6]
    assert book.greeks.vega[7] != 0.0


def test_nothing_is_left_of_greeks_once_all_is_closed() -> None:
    script = {1: SELL, 4: lambda s: s.options.close()}
    book = book_of(hand_made(script))
    assert (book.held.delta[2:5] < 0.0).all()
    assert not book.held.delta[5:].any()
    assert not book.greeks.theta[6:].any()
    assert not book.is_active[6:].any()


def test_slippage_is_in_what_is_made_and_commission_is_not() -> None:
    costs = {"commission": PerShare(1.5), "slippage": PercentSlippage(1.0)}
    dear, cheap = (
        book_of(hand_made({1: SELL, 2: lambda s: s.buy(3)}, hedge=Hedge(Interval()), **named))
        for named in (costs, {})
    )
    for name in ("options", "hedge", "other"):
        part: PartPnl = getattr(dear, name)
        free_of: PartPnl = getattr(cheap, name)
        assert part.slippage.sum() > 0.0
        assert part.pnl + part.slippage == pytest.approx(free_of.pnl, abs=1e-6)
        assert part.net == pytest.approx(part.pnl - part.commission, abs=1e-9)
    assert dear.options.commission.tolist() == [0.0, 0.0, 15.0] + [0.0] * 7
    assert dear.greeks.residual == pytest.approx(cheap.greeks.residual, abs=1e-6)


# whose a fill is ----------------------------------------------------------------------------


def test_units_of_the_strategy_are_apart_from_the_hedge() -> None:
    script = {1: [SELL, lambda s: s.buy(40)], 6: lambda s: s.sell(15)}
    record = hand_made(script, hedge=Hedge(Interval()))  # type: ignore[arg-type]
    book = book_of(record)
    held = np.array([0, 0] + [40] * 5 + [25] * 3)
    assert record.quantities["AAA"] == pytest.approx(book.hedge_units + held)
    assert np.abs(book.net - made(record)).max() < CENT
    own = np.append(0.0, held[:-1] * np.diff(PLAIN.close))
    own[7] -= 15.0 * (PLAIN.close[7] - PLAIN.open[7])
    assert book.other.pnl == pytest.approx(own)


def test_dividends_go_to_whom_the_units_belonged() -> None:
    class Covered(Sold):
        def on_bar(self) -> None:
            if len(self.data.close) == 3:
                self.buy(40)
            super().on_bar()

    record = played(Covered, RAW, actions=DIVIDENDS, cash=1e6)
    plain = played(Covered, RAW, cash=1e6)
    book, without = book_of(record), book_of(plain)
    assert np.abs(book.net - made(record)).max() < CENT
    rows = np.array(ROWS)
    mine, units = (book.other.pnl - without.other.pnl)[rows], book.hedge_units[rows - 1]
    assert mine == pytest.approx([480.0] * 3)
    assert (units < 0.0).all(), "the hedge stands against the strategy's own units too"
    assert (book.hedge.pnl - without.hedge.pnl)[rows] == pytest.approx(12.0 * units)


@pytest.mark.parametrize(
    ("verb", "left"),
    [
        (lambda s: s.close(), 0.0),
        (lambda s: s.sell(1000), None),
    ],
    ids=["close", "sell"],
)
def test_what_only_closes_takes_the_strategys_own_units_first(
    verb: Callable[[Strategy], object], left: float | None
) -> None:
    script = {1: [SELL, lambda s: s.buy(40)], 4: verb}
    record = hand_made(
        script,  # type: ignore[arg-type]
        hedge=Hedge(Interval(bars=50)),
        leverage=4.0,
        commission=PerShare(0.5),
    )
    pieces = [piece for piece in pieces_of(record) if piece.place == 5 and piece.symbol == "AAA"]
    hedge = book_of(record).hedge_units
    if left is None:
        assert [piece.part for piece in pieces] == [Part.OTHER]
        assert hedge[5] == hedge[4] > 0.0
    else:
        assert [(piece.part, piece.units) for piece in pieces] == [
            (Part.OTHER, 0.0),
            (Part.HEDGE, 0.0),
        ]
        book = book_of(record)
        assert book.other.commission[5] == pytest.approx(0.5 * 40)
        assert book.hedge.commission[5] == pytest.approx(0.5 * hedge[4])
        assert hedge[5] == 0.0


def test_a_hedge_with_another_instrument_is_in_the_book_of_the_options() -> None:
    future = bars_of(flat_rows([close + 1.0 for close in CLOSES]), "FUT", multiplier=50.0)
    future = replace(future, instrument=replace(future.instrument, type=AssetType.FUTURE))
    script = {1: lambda s: s.options["AAA"].sell(CALL, 40)}
    settings = free(
        options=PLAIN_MODEL, hedge=Hedge(Interval(), instrument="FUT"), cash=1e6, leverage=20.0
    )
    record = run(scripted(script, universe=True), [PLAIN, future], settings)
    assert record.error == ""
    book = book_of(record)
    assert book.underlying == "AAA"
    units = record.quantities["FUT"]
    assert units.max() > 10.0
    assert book.hedge_units.tolist() == units.tolist()
    move = np.diff(future.close, prepend=future.close[0])
    assert book.hedge.pnl[3:] == pytest.approx((50.0 * np.append(0.0, units[:-1]) * move)[3:])
    assert np.abs(book.net - made(record)).max() < CENT


def test_money_is_the_accounts() -> None:
    rate = 1.1 + 0.05 * np.sin(np.arange(len(INDEX)) / 9.0)
    bars = replace(INDEX, instrument=replace(INDEX.instrument, currency="EUR"))
    record = played(
        bars=bars,
        commission=PerShare(0.5),
        rates=Rates("USD", {"EUR": (INDEX.close_time, rate)}),
    )
    book = book_of(record)
    held = {symbol: each for symbol, each in record.quantities.items() if each.any()}
    multipliers = {one.symbol: one.instrument.multiplier for one in record.all_bars}
    value = np.zeros(len(rate))
    for one in record.all_bars:
        rows = np.minimum(record.timeline.rows_of(one.close_time), len(one) - 1)
        if one.symbol in held:
            price = multipliers[one.symbol] * one.close[np.maximum(rows, 0)]
            value += np.where(held[one.symbol] != 0.0, held[one.symbol] * price, 0.0) * rate
    worth = record.cash + value
    assert np.abs(np.cumsum(book.net) - (worth - record.opening_cash)).max() < CENT
    plain = book_of(played(commission=PerShare(0.5)))
    for name in ("delta", "gamma", "theta"):
        scaled = getattr(plain.greeks, name) * rate
        assert getattr(book.greeks, name) == pytest.approx(scaled, abs=1e-6)
    check_parts(book)


# what is shown ------------------------------------------------------------------------------


@cache
def shown_run() -> Result:
    return result_of(sold(), strategy="Sold")


def shown(result: Result) -> str:
    out = StringIO()
    print_result(result, Console(file=out, width=80))
    return out.getvalue()


def numbers(text: str, label: str) -> list[float]:
    """The figures of the last line that begins with a label."""
    (line,) = [one for one in text.splitlines() if one.startswith(label)][-1:]
    return [float(word.replace(",", "")) for word in re.findall(r"-?[\d,]+\.\d\d", line)]


def test_the_report_says_what_each_part_made() -> None:
    result = shown_run()
    text, totals = shown(result), totals_of(result.attribution)
    assert "Options and hedge" in text
    profit = result.record.equity[-1] - result.record.opening_cash
    whole = numbers(text, "Hedge")
    assert whole[3] == pytest.approx(totals.hedge.net, abs=CENT)
    assert whole[0] + whole[1] + whole[2] == pytest.approx(whole[3], abs=0.011)
    together = [one for one in text.splitlines() if one.startswith("Together")]
    assert len(together) == 2
    assert float(together[0].split()[-1].replace(",", "")) == pytest.approx(profit, abs=CENT)
    for name in ("gamma", "theta", "vega", "residual"):
        assert numbers(text, name.capitalize())[0] == pytest.approx(getattr(totals, name), abs=CENT)
    delta = numbers(text, "Delta")
    assert delta[0] + delta[1] == pytest.approx(delta[2], abs=0.011)
    assert delta[0] == pytest.approx(totals.delta, abs=CENT)
    assert "Rest of the account" not in text
    assert "Underlying itself" not in text
    assert "-0.00" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_report_leaves_out_what_there_is_not() -> None:
    plain = result_of(record_of(PLAIN), strategy="Plain")
    assert plain.attribution == ()
    assert "Options" not in shown(plain)
    record = hand_made({1: [SELL, lambda s: s.buy(40)]})  # type: ignore[dict-item]
    text = shown(result_of(record, strategy="Covered"))
    assert "Options and hedge" not in text
    assert "\nHedge" not in text
    assert numbers(text, "Underlying itself")[3] == pytest.approx(40 * (103.0 - 101.0))
    assert len(numbers(text, "Delta")) == 1


def test_what_the_books_do_not_explain_has_its_own_row() -> None:
    record = sold()
    richer = replace(record, equity=record.equity + 123.45)
    assert numbers(shown(result_of(richer, strategy="S")), "Rest of the account") == [123.45]


def test_the_file_has_every_column_and_adds_up(tmp_path: Path) -> None:
    result = shown_run()
    folder = write_run(result, tmp_path / "run", "", Provenance())
    with (folder / "hedge.csv").open() as file:
        rows = list(csv.DictReader(file))
    book = book_of(result.record)
    assert len(rows) == int(book.is_active.sum()) < len(book.spot)
    assert {row["underlying"] for row in rows} == {"SP500"}
    total = {name: sum(float(row[name]) for row in rows) for name in rows[0] if "_" in name}
    parts = ("options", "hedge", "other")
    net = sum(total[f"{part}_pnl"] - total[f"{part}_commission"] for part in parts)
    assert net == pytest.approx(result.record.equity[-1] - result.record.opening_cash, abs=CENT)
    greeks = sum(total[f"{name}_pnl"] for name in ("delta", "gamma", "theta", "vega"))
    residual = sum(float(row["residual"]) for row in rows)
    assert greeks + residual - total["options_slippage"] == pytest.approx(total["options_pnl"])
    columns = {
        "spot": book.spot,
        "hedge_units": book.hedge_units,
        "options_value": book.held.value,
        "residual": book.greeks.residual,
    }
    for name in ("delta", "gamma", "vega", "theta"):
        columns[name] = getattr(book.held, name)
        columns[f"{name}_pnl"] = getattr(book.greeks, name)
    for part in parts:
        for name in ("pnl", "slippage", "commission"):
            columns[f"{part}_{name}"] = getattr(getattr(book, part), name)
    assert {*columns, "time", "underlying", "volatility"} == set(rows[0])
    for name, values in columns.items():
        assert [float(row[name]) for row in rows] == values[book.is_active].tolist(), name
    assert {float(row["volatility"]) for row in rows} == {0.15, 0.0}
    assert rows[0]["time"] == "2017-12-21T21:00:00Z"
    page = (Path(__file__).resolve().parents[2] / "docs" / "results.md").read_text("utf-8")
    table = page.split("### hedge.csv")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", " ".join(cells)) == list(rows[0])


def test_a_run_without_options_has_only_the_heading(tmp_path: Path) -> None:
    result = result_of(record_of(PLAIN), strategy="Plain")
    folder = write_run(result, tmp_path / "run", "", Provenance())
    (line,) = (folder / "hedge.csv").read_text().splitlines()
    assert line.startswith("time,underlying,spot")


def test_the_picture_shows_options_hedge_and_both() -> None:
    result = shown_run()
    figure = figure_of(result)
    assert len(figure.axes) == 4
    price, _, panel, _ = figure.axes
    lines = {line.get_label(): line for line in panel.lines}
    book = book_of(result.record)
    for label, values in (
        ("Options", book.options.net),
        ("Hedge", book.hedge.net),
        ("Together, after costs", book.net),
    ):
        assert lines[label].get_ydata() == pytest.approx(np.cumsum(values), abs=1e-6)
    assert "Underlying itself" not in lines
    assert "hedges are not marked" in {text.get_text() for text in price.texts}
    low, high = price.get_ylim()
    assert low > 0.5 * INDEX.close.min(), "options stand at their underlying's price"
    assert high < 2.0 * INDEX.close.max()


def test_values_at_the_end_stand_apart_where_the_curves_meet() -> None:
    from matplotlib.figure import Figure

    book = book_of(sold())
    axes = Figure().subplots()
    draw_books(axes, [replace(book, hedge=book.options, other=book.options)])
    places = sorted(text.get_position()[1] for text in axes.texts)
    assert len(places) == 4
    assert np.diff(places).min() > 0.11
    assert places[-1] <= 1.0


def test_the_picture_of_a_run_without_options_stays_as_it_is() -> None:
    result = result_of(record_of(PLAIN), strategy="Plain")
    assert len(figure_of(result).axes) == 3
