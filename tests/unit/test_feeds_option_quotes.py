"""Option quotes from files: every form says the same, and every wrong row is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.domain.instruments import Instrument
from framework.errors import DataError
from framework.feeds.option_quotes import load_option_quotes
from framework.options.quotes import OptionQuotes
from tests.builders import CLOSE, DAY, MINUTE, day_number

NAN = float("nan")

SYMBOLS = """time,symbol,bid,ask
2020-02-24,AAA 200306C100,1.00,1.10
2020-02-25,AAA200306C00100000,1.20,
2020-02-24,AAA   200306P00100000,0,0.05
"""
PARTS = """Time,Underlying,Expiration,Type,Strike,Bid,Ask,Volume
2020-02-24,AAA,2020-03-06,call,100,1.00,1.10,7
2020-02-25,AAA,2020-03-06,C,100.0,1.20,,8
2020-02-24,AAA,2020-03-06,p,100,0,0.05,9
"""
INSTANTS = """time,symbol,bid,ask
2020-02-24T16:00-05:00,AAA 200306C100,1.00,1.10
2020-02-25T16:00-05:00,AAA 200306C100,1.20,
2020-02-24T16:00-05:00,AAA 200306P100,0,0.05
"""


def loaded(path: Path) -> OptionQuotes:
    return load_option_quotes(path, {"AAA": Instrument("AAA"), "SPX": Instrument("SPX")})[0]


def wrote(folder: Path, text: str, name: str = "quotes.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", [SYMBOLS, PARTS, INSTANTS])
@pytest.mark.parametrize("form", ["csv", "parquet", "shuffled"])
def test_every_form_of_a_file_says_the_same(tmp_path: Path, text: str, form: str) -> None:
    path = wrote(tmp_path, text)
    if form == "parquet":
        path = tmp_path / "quotes.parquet"
        pd.read_csv(tmp_path / "quotes.csv").to_parquet(path)
    if form == "shuffled":
        head, first, second, third = text.strip().split("\n")
        wrote(tmp_path, "\n".join([head, third, second, "", first]) + "\n")
    found = loaded(path)
    named = [found.contracts[number].name.short for number in found.contract]
    seen = sorted(zip(named, found.times.tolist(), found.bid, found.ask, strict=True))
    first, second = (day_number(row) * DAY + CLOSE * MINUTE for row in range(2))
    assert repr(seen) == repr(
        [
            ("AAA 200306C100", first, np.float64(1.0), np.float64(1.1)),
            ("AAA 200306C100", second, np.float64(1.2), np.float64(NAN)),
            ("AAA 200306P100", first, np.float64(0.0), np.float64(0.05)),
        ]
    )
    assert {one.underlying for one in found.contracts} == {"AAA"}
    assert found.is_tradable.sum() == 1
    assert found.is_readable.sum() == 2


def test_a_class_of_another_name_says_what_it_is_written_on(tmp_path: Path) -> None:
    text = "time,symbol,underlying,bid,ask\n2020-02-24,SPXW  200306C03000000,SPX,1,2\n"
    (found,) = loaded(wrote(tmp_path, text)).contracts
    assert (found.underlying, found.name.root, found.name.strike) == ("SPX", "SPXW", 3000.0)


def row_of(**changed: str) -> str:
    words = {"time": "2020-02-25", "symbol": "AAA 200306C100", "bid": "1", "ask": "2"} | changed
    good = "2020-02-24,AAA 200306C100,1,2"
    return "time,symbol,bid,ask\n" + good + "\n" + ",".join(words.values()) + "\n"


def part_of(**changed: str) -> str:
    words = {"underlying": "AAA", "expiry": "2020-03-06", "right": "C", "strike": "100"} | changed
    return (
        "time,underlying,expiry,right,strike,bid,ask\n2020-02-24,AAA,2020-03-06,P,100,1,2\n"
        f"2020-02-24,{','.join(words.values())},1,2\n"
    )


WRONG_FILES = {
    row_of(bid="-1"): ("line 3: the bid is '-1", "at least 0"),
    row_of(ask="inf"): ("line 3: the ask is 'inf", "at least 0"),
    row_of(bid="one"): ("line 3: the bid is 'one'", "at least 0"),
    row_of(bid="3"): ("line 3: a bid of 3 above an ask of 2", "remove"),
    row_of(time=""): ("line 3: the time is blank", "Fill"),
    row_of(time="2020-02-31"): ("line 3: the time '2020-02-31'", "one form"),
    row_of(time="2020-02-29"): ("line 3: 2020-02-29 is not a session of XNYS", "offset"),
    row_of(time="2020-03-09"): ("line 3: AAA 200306C100 is quoted after it expired", "remove"),
    row_of(time="2020-02-24"): ("line 3: a second quote of AAA 200306C100 at 2020-02-24", "Remove"),
    row_of(symbol="ABA 200306C100"): ("line 3: ABA 200306C100 is an option on 'ABA'", "mean 'AAA'"),
    row_of(symbol="AAA"): ("line 3: 'AAA' is no option symbol", "SPY 240315C450"),
    row_of(symbol="AAA 200332C100"): ("line 3: 'AAA 200332C100'", "expiry"),
    row_of(symbol=""): ("line 3: the symbol is blank", "Fill"),
    part_of(right="X"): ("line 3: the right is 'X'", "C or P"),
    part_of(strike="0"): ("line 3: AAA: an option with a strike of 0.0", "0.001"),
    part_of(strike="high"): ("line 3: the strike is 'high'", "price"),
    part_of(expiry="soon"): ("line 3: 'soon' is no date", "2024-03-15"),
    part_of(underlying=""): ("line 3: the underlying is blank", "Fill"),
    "time,symbol,bid\n": ("quotes.csv has no column ask", "Write the header"),
    "time,symbol,bid,ask\n": ("has a header but no quotes", "one row"),
    "time,date,symbol,bid,ask\n1,1,1,1,1\n": ("two columns for time", "Remove"),
    "time,underlying,bid,ask\n1,1,1,1\n": ("has no column expiry", "Write the header"),
    "": ("cannot be read as CSV", "Write the header"),
    "time,symbol,bid,ask\n2020-02-24 16:00,AAA 200306C100,1,2\n": ("line 2: the times", "offset"),
}


@pytest.mark.parametrize("text", WRONG_FILES)
def test_a_wrong_row_is_named(tmp_path: Path, text: str) -> None:
    problem, remedy = WRONG_FILES[text]
    with pytest.raises(DataError) as caught:
        loaded(wrote(tmp_path, text))
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_file_that_is_missing_or_no_parquet_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        loaded(tmp_path / "gone.csv")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        loaded(wrote(tmp_path, "no", "quotes.parquet"))
