"""Broken files are refused with the file, the line, the value and a remedy."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from framework.errors import ConfigError, DataError, InputError
from framework.feeds.files import FileAnswers, load_bars

DAILY = FileAnswers(calendar="XNYS")
HEAD = "Date,Open,High,Low,Close,Volume\n"
GOOD = "2024-01-02,10,12,9,11,100\n"
NEW_YORK = FileAnswers("open", "America/New_York", "XNYS", "split")

BROKEN = {
    "empty": ("", r"ABC.csv is empty"),
    "blank": ("\n\n", r"ABC.csv is empty"),
    "header only": (HEAD, r"one line and no bars"),
    "no header": (GOOD + "2024-01-03,10,12,9,11,100\n", r"first line holds values.*header"),
    "no columns": ("x,y,z\n1,2,x\n", r"no column is recognised among 'x', 'y', 'z'"),
    "no close": ("Date,Open,High,Low,Clsoe\n2024-01-02,1,1,1,1\n", r"no column for close.*'clsoe'"),
    "close twice": (
        "Date,Open,High,Low,Close,close\n2024-01-02,1,1,1,1,1\n",
        r"columns 5 and 6 are both named close",
    ),
    "unsorted": (HEAD + "2024-01-03,10,12,9,11,1\n" + GOOD, r"line 3: .*2024-01-02.*before"),
    "new to old": (
        HEAD + "2024-01-04,10,12,9,11,1\n2024-01-03,10,12,9,11,1\n" + GOOD,
        r"line 3.*from new to old: sort",
    ),
    "duplicate": (HEAD + GOOD + GOOD, r"line 3: the time 2024-01-02.*there twice"),
    "nan": (HEAD + GOOD + "2024-01-03,NaN,12,9,11,1\n", r"line 3: open is blank or NaN"),
    "blank price": (HEAD + GOOD + "2024-01-03,10,12,9,,1\n", r"line 3: close is blank or NaN"),
    "word": (HEAD + GOOD + "2024-01-03,10,abc,9,11,1\n", r"line 3: high is 'abc', not a number"),
    "infinite": (HEAD + "2024-01-02,10,inf,9,11,1\n", r"line 2: high is infinite"),
    "high below low": (HEAD + "2024-01-02,10,8,9,11,1\n", r"line 2: high 8 is below low 9"),
    "open outside": (HEAD + "2024-01-02,13,12,9,11,1\n", r"line 2: open 13 is outside low 9"),
    "close outside": (HEAD + "2024-01-02,10,12,9,8.99,1\n", r"line 2: close 8.99 is outside"),
    "zero": (HEAD + "2024-01-02,10,12,0,11,1\n", r"line 2: low is 0, not above 0"),
    "negative": (HEAD + "2024-01-02,-10,12,-11,11,1\n", r"line 2: open is -10, not above 0"),
    "volume": (HEAD + "2024-01-02,10,12,9,11,-1\n", r"line 2: volume is -1, below 0"),
    "blank time": (HEAD + GOOD + ",10,12,9,11,1\n", r"line 3: the time is blank"),
    "no time": (HEAD + "yesterday,10,12,9,11,1\n", r"line 2: 'yesterday' is not a time"),
    "mixed forms": (HEAD + GOOD + "03/01/2024,10,12,9,11,1\n", r"line 3: the time '03/01/2024'"),
    "impossible": (HEAD + GOOD + "2024-02-30,10,12,9,11,1\n", r"line 3: the time '2024-02-30'"),
    "day or month": (HEAD + "01/02/2024,10,12,9,11,1\n", r"line 2.*cannot be told day from month"),
    "after a blank line": (HEAD + "\n" + GOOD + "\n2024-01-03,10,8,9,11,1\n", r"line 5: high 8"),
    "too many fields": (HEAD + GOOD + "2024-01-03,10,12,9,11,1,7,8\n", r"line 3: 8 fields"),
    "first row too long": (HEAD + "2024-01-02,10,12,9,11,1,7,8\n", r"8 fields where the header"),
    "strange year": (HEAD + "1500-01-02,10,12,9,11,1\n", r"line 2: '1500-01-02' is not"),
    "am and pm": (HEAD + "01/16/2024 09:30 AM,10,12,9,11,1\n", r"line 2: .*AM' is not a time"),
    "no session": (HEAD + GOOD + "2024-01-06,10,12,9,11,1\n", r"line 3: 2024-01-06 is not a s"),
    "weekly": (
        HEAD + "".join(f"2024-01-{day:02},10,12,9,11,1\n" for day in (2, 9, 16, 23)),
        r"bars are 7 days apart.*--bar 1w",
    ),
    "two symbols": (
        "Date,Ticker,Open,High,Low,Close\n2024-01-02,A,1,1,1,1\n2024-01-03,B,1,1,1,1\n",
        r"line 3: B after rows of A.*one file per symbol",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_daily(case: str, tmp_path: Path) -> None:
    text, message = BROKEN[case]
    path = tmp_path / "ABC.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"(?s){message}") as caught:
        load_bars(path, DAILY, {})
    assert caught.value.exit_code == 2
    assert caught.value.remedy


def bar(*stamps: str) -> str:
    return HEAD + "".join(f"{stamp},10,12,9,11,100\n" for stamp in stamps)


TIMED = {
    "mixed zones": (
        bar("2024-01-02 09:30:00-05:00", "2024-01-02 15:31:00+01:00"),
        NEW_YORK,
        r"line 3.*time zones are mixed",
    ),
    "some zoned": (
        bar("2024-01-02 09:30:00-05:00", "2024-01-02 09:31:00"),
        NEW_YORK,
        r"line 3.*time zones are mixed",
    ),
    "zoned later": (
        bar("2024-01-02 09:30:00", "2024-01-02 09:31:00-05:00"),
        NEW_YORK,
        r"line 3.*one form and one zone",
    ),
    "two named zones": (
        bar("20240102 09:30:00 US/Eastern", "20240102 08:31:00 US/Central"),
        NEW_YORK,
        r"line 3.*time zones are mixed",
    ),
    "not there": (
        bar("2024-03-10 01:59", "2024-03-10 02:30", "2024-03-10 03:01"),
        FileAnswers("open", "America/New_York", "24/7", "split"),
        r"line 3: 2024-03-10 02:30:00 does not exist in America/New_York",
    ),
    "there twice": (
        bar("2024-11-03 00:59", "2024-11-03 01:30", "2024-11-03 03:01"),
        FileAnswers("open", "America/New_York", "24/7", "split"),
        r"line 3: 2024-11-03 01:30:00 exists twice in America/New_York",
    ),
    "wrong zone": (
        bar(*(f"2024-01-02 {9 + m // 60:02}:{m % 60:02}" for m in range(30, 420, 5))),
        FileAnswers("open", "UTC", "XNYS", "split"),
        r"% of the bars close outside the sessions of XNYS.*--tz, --calendar and --stamp",
    ),
    "an hour off": (
        bar(*(f"2024-01-02 {m // 60:02}:{m % 60:02}" for m in range(545, 1055, 5))),
        FileAnswers("close", "UTC", "XETR", "split"),
        r"12% of the bars close outside the sessions of XETR",
    ),
    "all outside": (
        bar("2024-01-06 10:00", "2024-01-06 10:01"),
        NEW_YORK,
        r"100% of the bars close outside the sessions",
    ),
    "one bar": (bar("2024-01-02 09:30"), NEW_YORK, r"one bar with a time of day"),
    "ticks": (
        bar(*(f"2024-01-02 09:30:00.{k}" for k in (100, 350, 600))),
        NEW_YORK,
        r"0.25 seconds apart, like ticks",
    ),
    "second daily": (
        bar("2024-01-02 15:00", "2024-01-05 15:00", "2024-01-06 15:00", "2024-01-07 15:00"),
        NEW_YORK,
        r"line 5: a second daily bar of the session 2024-01-08",
    ),
    "opens when it closes": (
        bar("2024-01-02 09:30", "2024-01-03 16:00", "2024-01-04 16:00", "2024-01-05 16:00"),
        NEW_YORK,
        r"line 3: a daily bar of 2024-01-03 21:00 UTC cannot open.*XNYS closes.*--stamp close",
    ),
}


@pytest.mark.parametrize("case", TIMED)
def test_times(case: str, tmp_path: Path) -> None:
    text, asked, message = TIMED[case]
    path = tmp_path / "ABC.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        load_bars(path, asked, {})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (FileAnswers("open", "Europe/Berlni", "XNYS", "raw"), r"'Europe/Berlni'.*'Europe/Berlin'"),
        (FileAnswers("open", "UTC", "XNYSE", "raw"), r"Unknown calendar 'XNYSE'.*'XNYS'"),
    ],
)
def test_misspelt_answers(asked: FileAnswers, message: str, tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv"
    path.write_text(bar("2024-01-02 09:30", "2024-01-02 09:31"))
    with pytest.raises(ConfigError, match=message):
        load_bars(path, asked, {})


def test_the_calendars_that_would_fit_are_named(tmp_path: Path) -> None:
    path = tmp_path / "DAX.csv"
    path.write_text(bar("2006-01-02", "2006-01-03", "2006-01-04", "2006-01-05"))
    with pytest.raises(DataError, match=r"line 2: 2006-01-02 is not a session of XNYS.*XETR"):
        load_bars(path, DAILY, {})


def test_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "GOOG.csv").write_text(HEAD + GOOD)
    with pytest.raises(DataError, match=r"There is no file or folder .*GOGO.csv.*'GOOG.csv'"):
        load_bars(tmp_path / "GOGO.csv", DAILY, {})
    with pytest.raises(DataError, match="There is no file or folder"):
        load_bars(tmp_path / "nowhere" / "GOOG.csv", DAILY, {})


def test_folder_without_bars_or_with_two_files_of_a_symbol(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(DataError, match="has no file of bars"):
        load_bars(tmp_path, DAILY, {})
    for name in ("ABC.csv", "ABC.txt"):
        (tmp_path / name).write_text(HEAD + GOOD)
    with pytest.raises(DataError, match=r"ABC.csv and ABC.txt for one symbol"):
        load_bars(tmp_path, DAILY, {})


@pytest.mark.parametrize("name", ["ABC.csv", "ABC.csv.gz", "ABC.parquet"])
def test_bytes_that_are_no_table(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x01 nothing \x80\x81\n\n\x99")
    with pytest.raises(InputError, match=name):
        load_bars(tmp_path / name, DAILY, {})


def test_parquet_names_the_row(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-01-02", "2024-01-03"]),
            "open": [10.0, 10.0],
            "high": [12.0, 8.0],
            "low": [9.0, 9.0],
            "close": [11.0, 11.0],
        }
    )
    frame.to_parquet(tmp_path / "ABC.parquet")
    with pytest.raises(DataError, match=r"ABC.parquet, row 2: high 8 is below low 9"):
        load_bars(tmp_path / "ABC.parquet", DAILY, {})


def test_rounding_of_a_vendor_is_put_up_with(tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv"
    path.write_text(HEAD + "2024-01-02,100.00005,100,99,100,1\n")
    bars = load_bars(path, DAILY, {}).bars[0]
    assert bars.high[0] == bars.open[0] == 100.00005
