"""External predictions are read in order, with the row of a mistake named."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.calendar import utc_text
from framework.domain.events import Signal, SignalAction
from framework.errors import InputError
from framework.feeds.signals import load_signals

HEAD = "time,symbol,action,confidence\n"


def load(folder: Path, text: str, tz: str | None = None) -> tuple[Signal, ...]:
    path = folder / "signals.csv"
    path.write_text(text)
    return load_signals(path, tz)


@pytest.mark.parametrize(
    ("time", "tz", "known"),
    [
        ("2024-01-02 15:30:00", "America/New_York", "2024-01-02 20:30 UTC"),
        ("2024-01-02T15:30:00Z", None, "2024-01-02 15:30 UTC"),
        ("2024-01-02 15:30:00+01:00", None, "2024-01-02 14:30 UTC"),
        ("2024-01-02", None, "2024-01-02 23:59:59 UTC"),  # the end of the day, UTC
    ],
)
def test_times(time: str, tz: str | None, known: str, tmp_path: Path) -> None:
    signal = load(tmp_path, f"{HEAD}{time},ABC,buy,0.7\n", tz)[0]
    assert utc_text(signal.time) == known
    assert (signal.symbol, signal.action, signal.confidence) == ("ABC", SignalAction.BUY, 0.7)


def test_signal_column_and_no_confidence(tmp_path: Path) -> None:
    found = load(tmp_path, "Time,Symbol,Signal\n2024-01-02,ABC,SHORT\n2024-01-02,XYZ,SELL\n")
    assert [(s.symbol, s.action, s.confidence) for s in found] == [
        ("ABC", SignalAction.SHORT, 1.0),
        ("XYZ", SignalAction.SELL, 1.0),
    ]


@pytest.mark.parametrize(
    "row", ["2024-01-02,ABC,BUY,", "2024-01-02,ABC,BUY", "2024-01-02,ABC,BUY, "]
)
def test_no_confidence_is_1(row: str, tmp_path: Path) -> None:
    found = load(tmp_path, f"{HEAD}{row}\n2024-01-03,ABC,SELL,0.4\n")
    assert [signal.confidence for signal in found] == [1.0, 0.4]


def test_a_symbol_may_be_called_na(tmp_path: Path) -> None:
    assert load(tmp_path, f"{HEAD}2024-01-02,NA,BUY,1\n")[0].symbol == "NA"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"cannot be read as CSV"),
        (HEAD, r"header but no signals"),
        ("time,symbol\n2024-01-02,ABC\n", r"no column action"),
        (HEAD + "2024-01-02,ABC,BYU,1\n", r"line 2: the signal is 'BYU'.*'BUY'"),
        (HEAD + "2024-01-02,ABC,,1\n", r"line 2: the signal is ''"),
        (HEAD + "2024-01-02,ABC,BUY,1.2\n", r"line 2: the confidence is '1.2'"),
        (HEAD + "2024-01-02,ABC,BUY,nan\n", r"line 2: the confidence is"),
        (HEAD + "2024-01-02,ABC,BUY,much\n", r"line 2: the confidence is 'much'"),
        (HEAD + "2024-01-02,,BUY,1\n", r"line 2: the symbol is blank"),
        (HEAD + "2024-01-03,ABC,BUY,1\n2024-01-02,ABC,SELL,1\n", r"line 3: .*earlier.*Sort"),
        (
            HEAD + "2024-01-02,ABC,BUY,1\n2024-01-02,ABC,SELL,1\n",
            r"line 3: a second signal for ABC",
        ),
        (HEAD + "2024-01-02 15:30,ABC,BUY,1\n", r"no time zone.*--tz"),
        (HEAD + "soon,ABC,BUY,1\n", r"line 2: 'soon' is not a time"),
    ],
)
def test_mistakes(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, text)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*nowhere.csv.*--signals"):
        load_signals(tmp_path / "nowhere.csv", None)
