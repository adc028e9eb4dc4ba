"""Quotes in run files: said, laid over what the strategy says, written again, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.cli.flags import RunFlags, overlay
from framework.components.slippage import HalfSpread
from framework.config.plan import Plan, plan_of, run_file_of
from framework.config.request import Request, request_of
from framework.config.runfile import dump, read, validate
from framework.domain.instruments import Instrument
from framework.domain.options import Style
from framework.errors import ConfigError, DataError, SlipwayError
from framework.feeds.option_quotes import load_option_quotes
from framework.options.model import OptionModel
from framework.options.quotes import QuoteModel
from framework.research.backtest import run_backtest

PLAIN = "strategy: sma_cross\ndata: {sample: sp500-vix, from: 2015-01-01, to: 2015-03-31}\n"
STRADDLE = PLAIN.replace("sma_cross", "short_straddle_hedged")
FILE = "time,symbol,bid,ask\n2015-01-05,SP500 150220C2000,40,42\n2015-01-06,SP500 150220C2000,,\n"


def wrote(folder: Path, text: str, name: str) -> None:
    (folder / name).write_text(text)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    wrote(tmp_path, FILE, "q.csv")
    return tmp_path


def planned(text: str, **flags: object) -> Plan:
    Path("run.yaml").write_text(text)
    content, given = overlay(read(Path("run.yaml")), RunFlags(**flags))  # type: ignore[arg-type]
    return plan_of(request_of(validate(content, "run.yaml", given)))


@pytest.mark.usefixtures("place")
def test_quotes_replace_the_volatility_of_the_strategy_and_come_with_their_spread() -> None:
    plan = planned(STRADDLE + "options: {quotes: q.csv, stale_days: 3, fresh_minutes: 5}\n")
    model = plan.settings.options
    assert isinstance(model, QuoteModel)
    assert (model.rate, model.multiplier, model.style) == (0.01, 10.0, Style.EUROPEAN)
    assert (model.stale_days, model.fresh_minutes, len(model.quotes)) == (3.0, 5.0, 2)
    assert repr(plan.settings.option_spread) == "quoted"
    mine = planned(STRADDLE + "options: {quotes: q.csv, spread: 'half_spread:percent=4'}\n")
    assert mine.settings.option_spread == HalfSpread(percent=4.0)


@pytest.mark.usefixtures("place")
def test_a_volatility_on_the_command_line_replaces_quotes() -> None:
    plan = planned(PLAIN + "options: {quotes: q.csv, rate: 0.02}\n", volatility="0.3")
    assert isinstance(plan.settings.options, OptionModel)
    assert plan.settings.options.rate == 0.02


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("base", [PLAIN, STRADDLE])
def test_a_written_run_file_makes_the_same_run_and_knows_its_file(base: str) -> None:
    plan = planned(base + "options: {quotes: q.csv}\n")
    written = dump(run_file_of(plan))
    assert "quotes: q.csv" in written
    assert "spread: quoted" in written
    again = planned(written)
    assert again.options == plan.options
    assert dump(run_file_of(again)) == written
    wrote(Path(), FILE.replace("42", "43"), "q.csv")
    with pytest.raises(DataError, match="not those the run file was written with"):
        planned(written)


WRONG = {
    "{quotes: q.csv, volatility: 0.2}": "have a volatility, 0.2, and quotes, q.csv",
    "{quotes: q.csv, horizon: 50}": "horizon is 50, and the options are those quoted",
    "{quotes: q.csv, weeklies: true}": "weeklies is True, and the options are those quoted",
    "{quotes: gone.csv}": "gone.csv cannot be read",
    "{quotes: 5}": "options.quotes is 5",
    "{quotes: q.csv, stale_days: 0}": "stale_days is 0",
    "{volatility: 0.2, spread: quoted}": "spread is 'quoted', and there are no quotes",
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("given", WRONG)
def test_a_wrong_section_is_named(given: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        planned(PLAIN + f"options: {given}\n")
    assert WRONG[given] in str(caught.value)
    assert caught.value.remedy


@pytest.mark.usefixtures("place")
def test_a_run_says_whose_quotes_it_lives_on() -> None:
    given = {"options": {"quotes": "q.csv"}, "data": "sp500-vix", "last": "2014-03-31"}
    with pytest.raises(DataError, match=r"No quote of q\.csv"):
        run_backtest("sma_cross", **given)  # type: ignore[arg-type]
    found = run_backtest("sma_cross", **{**given, "last": "2015-03-31"})  # type: ignore[arg-type]
    shown = dict(found.settings)
    assert shown["Options"] == "quotes of q.csv, rate 0, dividend yield 0"
    assert shown["Option spread"] == "quoted"
    quotes = load_option_quotes(Path("q.csv"), {"SP500": Instrument("SP500")})[0]
    with pytest.raises(ConfigError, match="option model is in no file"):
        run_file_of(plan_of(Request("sma_cross", data="sp500-vix", options=QuoteModel(quotes))))
