"""Good and sloppy files of bars load, and say how their four questions were answered."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.calendar import TradingCalendar, day_of, day_text, utc_text
from framework.domain.bars import PriceBasis
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError, DataError
from framework.feeds.files import FileAnswers, Loaded, load_bars

DAILY = FileAnswers(calendar="XNYS")
MINUTES = FileAnswers("open", "America/New_York", "XNYS", "split")
HEAD = "Date,Open,High,Low,Close,Volume\n"


def load(folder: Path, text: str, asked: FileAnswers = DAILY, name: str = "ABC.csv") -> Loaded:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_bars(path, asked, {})


def daily(first: str, count: int, price: float = 100.0, calendar: str = "XNYS") -> str:
    days = TradingCalendar(calendar).sessions_between(day_of(first), day_of(first) + 3 * count)
    rows = [f"{day_text(d)},{price},{price + 1},{price - 1},{price},10" for d in days[:count]]
    return HEAD + "\n".join(rows) + "\n"


SLOPPY = {
    "plain": "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n",
    "lower case and spaces": " date , open,HIGH , low,Close,VOLUME\n2024-01-02,10,12,9,11,100\n",
    "unnamed index": ",Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n",
    "counter before": ",Date,Open,High,Low,Close,Volume\n0,2024-01-02,10,12,9,11,100\n",
    "date and time": "Date,Time,Open,High,Low,Close,Volume\n2024-01-02,00:00,10,12,9,11,100\n",
    "other order": "Close;Low;High;Open;Volume;Date\n11;9;12;10;100;2024-01-02\n",
    "european date": "Date,Open,High,Low,Close,Volume\n02.01.2024,10,12,9,11,100\n",
    "slashes": "Date,Open,High,Low,Close,Volume\n01/02/2024,10,12,9,11,100\n"
    "01/16/2024,10,12,9,11,100\n",
    "open interest": "Date,Open,High,Low,Close,Volume,OpenInterest\n2024-01-02,10,12,9,11,100,5\n",
    "blank lines and bom": "\ufeff\nDate,Open,High,Low,Close,Volume\n\n"
    "2024-01-02,10,12,9,11,100\n\n",
    "index without name": "Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n",
    "trailing comma": "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100,\n",
    "stooq": "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    "ABC.US,D,20240102,000000,10,12,9,11,100,0\n",
    "ib": "date,open,high,low,close,volume,average,barCount\n20240102,10,12,9,11,100,10.5,7\n",
    "midnight": "Date,Open,High,Low,Close,Volume\n2024-01-02 00:00:00-05:00,10,12,9,11,100\n",
    "yfinance": "Price,Close,High,Low,Open,Volume\nTicker,ABC,ABC,ABC,ABC,ABC\nDate,,,,,\n"
    "2024-01-02,11,12,9,10,100\n",
}


@pytest.mark.parametrize("form", SLOPPY)
def test_sloppy_files_load(form: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, SLOPPY[form])
    bars = loaded.bars[0]
    assert (bars.symbol, bars.frame, utc_text(bars.close_time[0])) == (
        "ABC",
        "1d",
        "2024-01-02 21:00 UTC",
    )
    assert day_text(bars.session[0]) == "2024-01-02"
    row = [float(c[0]) for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)]
    assert row == [10, 12, 9, 11, 100]
    assert loaded.answers.tz == "America/New_York"


TIMED = {
    "plain": ("2024-01-02 09:30:00", "2024-01-02 09:31:00", MINUTES),
    "short": ("2024-01-02 09:30", "2024-01-02 09:31", MINUTES),
    "iso": ("2024-01-02T09:30:00", "2024-01-02T09:31:00", MINUTES),
    "ib spaces": ("20240102  09:30:00", "20240102  09:31:00", MINUTES),
    "ib zone": ("20240102 09:30:00 US/Eastern", "20240102 09:31:00 US/Eastern", None),
    "offset": ("2024-01-02 09:30:00-05:00", "2024-01-02 09:31:00-05:00", None),
    "zulu": ("2024-01-02T14:30:00Z", "2024-01-02T14:31:00Z", None),
    "epoch s": ("1704205800", "1704205860", None),
    "epoch ms": ("1704205800000", "1704205860000", None),
}


@pytest.mark.parametrize("form", TIMED)
def test_times_of_day(form: str, tmp_path: Path) -> None:
    first, second, asked = TIMED[form]
    text = f"{HEAD}{first},10,12,9,11,100\n{second},11,12,10,12,50\n"
    known = FileAnswers("open", None, "XNYS", "split")
    loaded = load(tmp_path, text, asked or known)
    bars = loaded.bars[0]
    assert bars.frame == "1m"
    assert [utc_text(t) for t in bars.close_time] == [
        "2024-01-02 14:31 UTC",
        "2024-01-02 14:32 UTC",
    ]
    assert utc_text(bars.session_close[0]) == "2024-01-02 21:00 UTC"
    assert loaded.answers.tz == ("America/New_York" if asked else "UTC")
    assert ("tz" in loaded.guessed) == (asked is None)


def test_offsets_that_change_with_summer_time_are_one_zone(tmp_path: Path) -> None:
    text = (
        HEAD + "2024-03-08 15:59:00-05:00,10,12,9,11,1\n2024-03-11 09:30:00-04:00,10,12,9,11,1\n"
        "2024-03-11 09:31:00-04:00,10,12,9,11,1\n2024-03-11 09:32:00-04:00,10,12,9,11,1\n"
    )
    bars = load(tmp_path, text, FileAnswers("open", None, "XNYS", "split")).bars[0]
    assert [utc_text(t) for t in bars.close_time[:2]] == [
        "2024-03-08 21:00 UTC",
        "2024-03-11 13:31 UTC",
    ]


def test_header_without_the_time_column(tmp_path: Path) -> None:
    text = "Date,Open,High,Low,Close,Volume,OpenInterest\n" + "".join(
        f"2006-01-02,09:0{minute}:00,3602,3603,3597,3599,56,0\n" for minute in (1, 2, 3)
    )
    bars = load(tmp_path, text, FileAnswers("close", "Europe/Berlin", "XEUR", "split")).bars[0]
    assert utc_text(bars.close_time[0]) == "2006-01-02 08:01 UTC"
    assert (bars.open[0], bars.volume[0]) == (3602, 56)


def test_polygon_knows_stamp_and_zone(tmp_path: Path) -> None:
    text = "v,vw,o,c,h,l,t,n\n5,10,10,11,12,9,1704205800000,3\n5,10,10,11,12,9,1704205860000,3\n"
    loaded = load(tmp_path, text)
    assert loaded.answers == FileAnswers("open", "UTC", "XNYS", "split", "regular")
    assert loaded.guessed == ("stamp", "tz", "prices")
    assert utc_text(loaded.bars[0].close_time[0]) == "2024-01-02 14:31 UTC"


def test_polygon_daily_bars_close_with_the_session(tmp_path: Path) -> None:
    stamps = [pd.Timestamp(f"2024-01-0{d}", tz="America/New_York") for d in (2, 3, 4)]
    rows = "".join(f"{int(t.timestamp() * 1000)},10,12,9,11,5\n" for t in stamps)
    bars = load(tmp_path, "t,o,h,l,c,v\n" + rows).bars[0]
    assert bars.frame == "1d"
    assert [utc_text(t) for t in bars.close_time[:2]] == [
        "2024-01-02 21:00 UTC",
        "2024-01-03 21:00 UTC",
    ]


def test_a_daily_bar_may_open_where_the_session_before_it_closes(tmp_path: Path) -> None:
    text = HEAD + "".join(f"2024-01-{day:02} 17:00,10,12,9,11,1\n" for day in (7, 8, 9))
    bars = load(tmp_path, text, FileAnswers("open", "America/Chicago", "CMES", "split")).bars[0]
    assert [day_text(day) for day in bars.session] == ["2024-01-08", "2024-01-09", "2024-01-10"]


def test_stamp_open_and_close_differ_by_one_bar(tmp_path: Path) -> None:
    text = HEAD + "2024-01-02 09:35,10,12,9,11,1\n2024-01-02 09:40,10,12,9,11,1\n"
    closes = [
        load(tmp_path, text, FileAnswers(stamp, "America/New_York", "XNYS", "split"))  # type: ignore[arg-type]
        .bars[0]
        .close_time[0]
        for stamp in ("open", "close")
    ]
    assert closes[0] - closes[1] == 300 * 10**9


def test_a_last_short_bar_closes_with_its_session(tmp_path: Path) -> None:
    hours = ("2024-01-02 13:30", "2024-01-02 14:30", "2024-01-02 15:30", "2024-01-03 09:30")
    text = HEAD + "".join(f"{hour},10,12,9,11,1\n" for hour in hours)
    bars = load(tmp_path, text, MINUTES).bars[0]
    assert bars.frame == "1h"
    assert utc_text(bars.close_time[2]) == "2024-01-02 21:00 UTC"


def test_exact_fit_to_the_nyse_needs_no_flag(tmp_path: Path) -> None:
    loaded = load(tmp_path, daily("2024-01-02", 20), FileAnswers())
    assert loaded.answers == FileAnswers("close", "America/New_York", "XNYS", "split", "regular")
    assert loaded.guessed == ("stamp", "tz", "calendar", "prices")
    assert loaded.warnings == ()


@pytest.mark.parametrize("change", ["too few", "one missing", "one extra"])
def test_anything_less_asks_for_the_calendar(change: str, tmp_path: Path) -> None:
    lines = daily("2024-01-02", 19 if change == "too few" else 30).splitlines()
    if change == "one missing":
        del lines[8]
    if change == "one extra":
        lines.insert(10, "2024-01-13,100,101,99,100,10")
    with pytest.raises(DataError, match=r"--calendar NAME.*fit") as caught:
        load(tmp_path, "\n".join(lines) + "\n", FileAnswers())
    assert "--stamp" not in str(caught.value)
    assert "--prices" not in str(caught.value)


def test_all_open_questions_come_in_one_message(tmp_path: Path) -> None:
    text = "Date,Open,High,Low,Close,Adj Close,Volume\n" + "".join(
        f"2024-01-02 09:3{minute}:00,10,12,9,11,5.5,1\n" for minute in range(3)
    )
    with pytest.raises(DataError) as caught:
        load(tmp_path, text, FileAnswers())
    message = str(caught.value)
    for flag in (
        "--stamp open|close",
        "--tz Area/City",
        "--calendar NAME",
        "--prices raw|split|total",
        "Yahoo, 3 bars of 1m",
    ):
        assert flag in message


@pytest.mark.parametrize(
    ("basis", "close", "open_"), [("raw", 11.0, 10.0), ("split", 11.0, 10.0), ("total", 5.5, 5.0)]
)
def test_adjusted_close(basis: str, close: float, open_: float, tmp_path: Path) -> None:
    text = "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,10,12,9,11,5.5,1\n"
    asked = FileAnswers(calendar="XNYS", prices=basis)  # type: ignore[arg-type]
    bars = load(tmp_path, text, asked).bars[0]
    assert bars.prices is PriceBasis(basis)
    assert (bars.close[0], bars.open[0]) == (close, open_)
    assert (bars.high[0], bars.low[0]) == (12 * close / 11, 9 * close / 11)


SPLIT = (
    HEAD + "2024-01-02,100,101,99,100,1\n2024-01-03,{0},{1},{2},{0},1\n2024-01-04,{0},{1},{2},{0},1"
)


@pytest.mark.parametrize("price", [50.5, 33.0, 25.0, 20.0, 66.0, 10.0, 5.0, 14.3, 205.0, 1000.0])
def test_a_gap_like_a_split_is_asked_about(price: float, tmp_path: Path) -> None:
    text = SPLIT.format(price, price + 1, price - 1)
    with pytest.raises(DataError, match=r"--prices.*line 3, 2024-01-03.*looks like a split"):
        load(tmp_path, text)
    for basis in ("raw", "split", "total"):
        asked = FileAnswers(calendar="XNYS", prices=basis)  # type: ignore[arg-type]
        (warning,) = load(tmp_path, text, asked).warnings
        assert "line 3, 2024-01-03, the open" in warning
        assert f"--prices {basis} says" in warning


def test_a_gap_that_the_adjusted_close_takes_out_is_none(tmp_path: Path) -> None:
    text = (
        "Date,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-01-02,100,101,99,100,50,10\n2024-01-03,50,51,49,50,50,10\n"
    )
    warnings = {
        basis: load(tmp_path, text, FileAnswers(calendar="XNYS", prices=basis)).warnings  # type: ignore[arg-type]
        for basis in ("split", "total")
    }
    assert "looks like a split" in warnings["split"][0]
    assert warnings["total"] == ()


def minutes(*days: str, leave_out: tuple[str, ...] = ()) -> str:
    """Bars of 30 minutes from 9:30 to 16:00, stamped at their open."""
    rows = []
    for day in days:
        clocks = [f"{half // 2:02}:{30 * (half % 2):02}" for half in range(19, 32)]
        rows += [f"{day} {clock}" for clock in clocks if f"{day} {clock}" not in leave_out]
    return HEAD + "".join(f"{row},10,12,9,11,1\n" for row in rows)


WEEK = [f"2024-01-{day:02}" for day in (2, 3, 4, 5, 8)]
NOON = tuple(f"{day} 12:00" for day in WEEK)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (minutes(*WEEK), None),
        (minutes(*WEEK, "2024-11-29"), None),
        (
            minutes(*WEEK, leave_out=("2024-01-03 10:00", "2024-01-03 10:30", "2024-01-05 14:00")),
            "ABC.csv: 3 bars are missing inside 2 of 5 sessions, the first after line 15 "
            "(2024-01-03 15:00 UTC).",
        ),
        (
            minutes(*WEEK, leave_out=("2024-01-04 11:00",)),
            "ABC.csv: 1 bar is missing inside 1 of 5 sessions, the first after line 30 "
            "(2024-01-04 16:00 UTC).",
        ),
        (minutes(*WEEK, leave_out=NOON), None),
        (minutes(*WEEK, leave_out=tuple(f"{day} 09:30" for day in WEEK[:2])), None),
    ],
    ids=["whole", "early close", "two gaps", "one bar", "a pause", "a late start"],
)
def test_bars_missing_inside_sessions_are_counted(
    text: str, warning: str | None, tmp_path: Path
) -> None:
    early = [line for line in load(tmp_path, text, MINUTES).warnings if "missing" in line]
    assert early == ([] if warning is None else [warning])


@pytest.mark.parametrize("price", [98.0, 80.0, 72.0, 140.0, 43.0])
def test_other_gaps_are_not(price: float, tmp_path: Path) -> None:
    loaded = load(tmp_path, SPLIT.format(price, price + 1, price - 1))
    assert loaded.answers.prices == "split"


def test_bars_outside_regular_hours_are_counted_and_left_out(tmp_path: Path) -> None:
    start = pd.Timestamp("2024-01-02 04:00")
    times = [start + pd.Timedelta(minutes=5 * k) for k in range(192)]  # 04:00 to 20:00
    text = HEAD + "".join(f"{t},10,12,9,11,1\n" for t in times)
    loaded = load(tmp_path, text, MINUTES)
    bars = loaded.bars[0]
    assert len(bars) == 78
    assert utc_text(bars.close_time[0]) == "2024-01-02 14:35 UTC"
    assert utc_text(bars.close_time[-1]) == "2024-01-02 21:00 UTC"
    assert "114 of 192 bars close outside" in loaded.warnings[0]


def test_missing_volume_is_zero_with_a_warning(tmp_path: Path) -> None:
    loaded = load(tmp_path, "Date,Open,High,Low,Close\n2024-01-02,10,12,9,11\n")
    assert loaded.bars[0].volume.tolist() == [0.0]
    assert loaded.warnings == ("ABC.csv has no volume: taken as 0.",)


def test_ib_writes_minus_one_for_no_volume(tmp_path: Path) -> None:
    text = "date,open,high,low,close,volume,average,barCount\n20240102,10,12,9,11,-1,-1,-1\n"
    assert load(tmp_path, text).bars[0].volume.tolist() == [0.0]


def test_missing_sessions_are_counted(tmp_path: Path) -> None:
    text = HEAD + "2024-01-02,10,12,9,11,1\n2024-01-03,10,12,9,11,1\n2024-01-08,10,12,9,11,1\n"
    assert (
        "2 sessions of XNYS have no bar, the first 2024-01-04" in load(tmp_path, text).warnings[0]
    )


def test_instruments_answer_the_calendar(tmp_path: Path) -> None:
    path = tmp_path / "EUR.USD.csv"
    path.write_text(HEAD + "2024-01-01,1.1,1.2,1.0,1.1,1\n2024-01-02,1.1,1.2,1.0,1.1,1\n")
    forex = Instrument("EUR.USD", AssetType.FOREX, "USD", "24/5", 0.00005)
    loaded = load_bars(path, FileAnswers(), {"EUR.USD": forex})
    assert loaded.bars[0].instrument == forex
    assert loaded.answers.calendar == "24/5"
    assert "calendar" not in loaded.guessed
    assert loaded.warnings == ()
    flagged = load_bars(path, FileAnswers(calendar="24/7"), {"EUR.USD": forex})
    assert flagged.bars[0].instrument.calendar == "24/7"


def test_a_tick_too_coarse_for_the_price_is_pointed_out(tmp_path: Path) -> None:
    text = HEAD + "2024-01-02,1.1,1.2,1.0,1.1,1\n"
    assert "tick 0.01, 0.9% of the price" in load(tmp_path, text).warnings[0]


def test_folder_symbols_and_hash(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    text = daily("2024-01-02", 25)
    (folder / "BBB.csv").write_text(text)
    (folder / "AAA.txt.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "notes.md").write_text("not bars")
    frame = pd.read_csv(folder / "BBB.csv", index_col=0, parse_dates=True)
    frame.to_parquet(folder / "CCC.parquet")
    loaded = load_bars(folder, FileAnswers(), {})
    assert [bars.symbol for bars in loaded.bars] == ["AAA", "BBB", "CCC"]
    for bars in loaded.bars[1:]:
        assert np.array_equal(bars.close_time, loaded.bars[0].close_time)
        assert np.array_equal(bars.close, loaded.bars[0].close)
    some = load_bars(folder, FileAnswers(), {}, ["CCC", "AAA"])
    assert [bars.symbol for bars in some.bars] == ["CCC", "AAA"]
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    assert load_bars(moved, loaded.answers, {}).sha256 == loaded.sha256 != some.sha256
    with pytest.raises(DataError, match=r"no symbol 'AAB'.*Did you mean 'AAA'"):
        load_bars(moved, FileAnswers(), {}, ["AAB"])


def test_answers_files_do_not_share_stay_open(tmp_path: Path) -> None:
    for symbol, calendar in (("US", "XNYS"), ("DE", "XETR")):
        (tmp_path / f"{symbol}.csv").write_text(daily("2024-01-02", 25, calendar=calendar))
    known = {"DE": Instrument("DE", calendar="XETR"), "US": Instrument("US")}
    loaded = load_bars(tmp_path, FileAnswers(), known)
    assert loaded.answers == FileAnswers("close", None, None, "split", "regular")
    assert load_bars(tmp_path, loaded.answers, known).sha256 == loaded.sha256


def test_parquet_with_zoned_times(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-02 09:30", periods=5, freq="min", tz="America/New_York")
    frame = pd.DataFrame({"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0}, index=index)
    frame.rename_axis("timestamp").to_parquet(tmp_path / "ABC.parquet")
    asked = FileAnswers(stamp="open", calendar="XNYS")
    loaded = load_bars(tmp_path / "ABC.parquet", asked, {})
    assert utc_text(loaded.bars[0].close_time[0]) == "2024-01-02 14:31 UTC"
    assert loaded.answers.tz == "UTC"


def test_frame_resamples(tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv"
    path.write_text(daily("2024-01-02", 25))
    assert load_bars(path, FileAnswers(), {}, frame="1w").bars[0].frame == "1w"
    with pytest.raises(ConfigError, match=r"bars of 1d; 1h is shorter"):
        load_bars(path, FileAnswers(), {}, frame="1h")
