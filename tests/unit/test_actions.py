"""Corporate actions: the file they come from, and which of them the prices leave open."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.calendar import day_of
from framework.domain.actions import CorporateAction, Dividend, StockSplit, bookable
from framework.domain.bars import PriceBasis
from framework.errors import DataError
from framework.feeds.actions import load_actions

HEADER = "symbol,date,kind,value\n"


def load(folder: Path, text: str) -> tuple[CorporateAction, ...]:
    path = folder / "actions.csv"
    path.write_text(text)
    return load_actions(path)


def test_rows(tmp_path: Path) -> None:
    text = (
        "Date, KIND ,symbol,value,note\n2020-08-31,split,AAPL,4:1,x\n\n"
        "2020-11-06,Dividend, AAPL,0.205\n2021-07-30,SPLIT,GE,1:8\n2021-08-01,split,X,0.5\n"
    )
    assert load(tmp_path, text) == (
        StockSplit("AAPL", day_of("2020-08-31"), 4.0),
        Dividend("AAPL", day_of("2020-11-06"), 0.205),
        StockSplit("GE", day_of("2021-07-30"), 0.125),
        StockSplit("X", day_of("2021-08-01"), 0.5),
    )
    assert load(tmp_path, HEADER) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty.*header"),
        ("symbol,date,value\n", "has no column kind"),
        (HEADER + "A,2020-01-02,dividnd,1\n", r"line 2: the kind is 'dividnd'.*'dividend'"),
        (HEADER + "A,2020-01-02,split,2\nA,2.1.2020,split,2\n", "line 3: the date is '2.1.2020'"),
        (HEADER + ",2020-01-02,split,2\n", "line 2: the symbol is blank"),
        (HEADER + "A,2020-01-02,dividend,2:1\n", "line 2: the value is '2:1'.*0.24"),
        (HEADER + "A,2020-01-02,split,2:1:1\n", "line 2: the value is '2:1:1'.*2:1"),
        (HEADER + "A,2020-01-02,split,2:0\n", "line 2: the value is '2:0'"),
        (HEADER + "A,2020-01-02,dividend,\n", "line 2: the value is ''"),
        (HEADER + "A,2020-01-02,dividend\n", "line 2: the value is ''"),
        (HEADER + "A,2020-01-02,dividend,-1\n", "line 2: A: a dividend of -1.0"),
        (HEADER + "A,2020-01-02,split,1\n", "line 2: A: a split of 1.0"),
        (HEADER + "A,2020-01-02,split,2\n\nA,2020-01-02,split,3\n", "line 4: a second split of A"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.csv cannot be read.*--actions"):
        load_actions(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("prices", "left"),
    [
        (PriceBasis.RAW, [("split", 5), ("dividend", 5), ("dividend", 9)]),
        (PriceBasis.SPLIT, [("dividend", 5), ("dividend", 9)]),
        (PriceBasis.TOTAL, []),
    ],
)
def test_what_the_prices_leave_open(prices: PriceBasis, left: list[tuple[str, int]]) -> None:
    actions = (Dividend("A", 9, 1.0), Dividend("A", 5, 1.0), StockSplit("A", 5, 2.0))
    found = bookable(actions, prices)
    assert [("split" if isinstance(a, StockSplit) else "dividend", a.day) for a in found] == left
