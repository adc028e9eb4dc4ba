"""`slipway journal`: what it shows, what it exports, and what it refuses."""

from __future__ import annotations

import csv
import sqlite3
import stat
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from framework.cli.app import app
from framework.cli.journal_lines import COLUMNS
from framework.components.commission import PerOrder
from framework.domain.bars import Bars
from framework.domain.events import CashFlow, CashFlowKind, Halt, Signal, SignalAction, Split
from framework.domain.orders import Side, pct
from framework.engine.journal import JOURNAL_NAME
from framework.engine.journal_rows import (
    Adopted,
    Bound,
    Cancel,
    Decided,
    EventBatch,
    Found,
    Heard,
    History,
    IdFloor,
    News,
    RiskState,
    SeenExecution,
    SeenQuote,
    Stopped,
    Submit,
    TimerDue,
    Unsent,
    Woken,
)
from framework.engine.reconcile_nouns import ExternalHolding, Finding, FindingKind, Severity
from tests.builders import bars_of, free, order_of
from tests.journals import journal_in, record

NOON = 1_790_000_000 * 10**9 // (86_400 * 10**9) * 86_400 * 10**9 + 43_200 * 10**9
ROWS = [(100, 101, 99, 100), (100, 102, 99, 101), (101, 103, 90, 92), (92, 93, 91, 92)]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def bars() -> Bars:
    return bars_of(ROWS)


@pytest.fixture
def run(tmp_path: Path, bars: Bars) -> Path:
    """A session that went long with a stop and was stopped out."""
    folder = tmp_path / "runs" / "today"
    with journal_in(folder) as journal:
        script = {0: lambda s: s.go_long(stop_loss=pct(4))}
        record(journal, script, [bars], free(commission=PerOrder(1.5)))
    return folder


def _journal(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["journal", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_it_is_shown_as_a_table(run: Path) -> None:
    lines = _journal(str(run)).splitlines()
    assert lines[0].split() == ["row", "time", "kind", "order", "what"]
    assert "shadow DU*****67 client 1" in lines[1]
    starts = {line.index(word) for line in lines for word in (" submit ", " fill ") if word in line}
    assert len(starts) == 1, "columns are aligned"
    text = "\n".join(lines)
    assert "buy 10 AAA market DAY (decided at 100, bid 99.99, ask 100.01)" in text
    assert "sell 10 AAA stop 96 GTC filled (decided at 100)" in text
    assert "AAA 1.50" in text
    assert "1234567" not in text


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        (SeenQuote("AAA", 99.5, 100.5, NOON, 100.0, "live"), "last 100, live at 12:00:00Z)"),
        (SeenQuote("AAA", None, None, NOON, quality="stale"), "no quote: stale, last heard of at"),
        (SeenQuote("AAA", None, None, quality="not_followed"), "no quote: not followed)"),
    ],
)
def test_the_quote_of_an_order_is_shown_or_why_there_is_none(
    tmp_path: Path, quote: SeenQuote, words: str
) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(Submit(NOON, 0, (order_of("market"),), (quote,)))
    assert words in _journal(str(tmp_path))


@pytest.mark.parametrize("place", ["today", "runs/today", f"runs/today/{JOURNAL_NAME}"])
def test_a_run_is_found_by_name_folder_or_file(run: Path, place: str) -> None:
    assert "Scripted" in _journal(place)


def test_the_last_lines(run: Path) -> None:
    whole = _journal("today").splitlines()
    assert _journal("today", "--tail", "3").split() == " ".join([whole[0], *whole[-3:]]).split()


def test_kinds_can_be_chosen(run: Path) -> None:
    lines = _journal("today", "--kind", "submit", "--kind", "fill").splitlines()[1:]
    assert {line.split()[2] for line in lines} == {"submit", "fill"}
    kinds = {line.split()[2] for line in _journal("today", "--kind", "events").splitlines()[1:]}
    assert kinds == {"fill", "commission", "update"}


def test_a_misspelt_kind_or_name_gets_a_hint(run: Path) -> None:
    assert "Did you mean 'submit'?" in _journal("today", "--kind", "submti", code=2)
    assert "Did you mean 'today'?" in _journal("todai", code=2)
    assert "no format 'xls'" in _journal("today", "--export", "xls", "out.xls", code=2)


def test_csv_has_every_column(run: Path) -> None:
    assert "lines are written" in _journal("today", "--export", "csv", "out.csv")
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    sent = [row for row in rows if row["kind"] == "submit"]
    assert [row["side"] for row in sent] == ["buy", "sell"]
    assert (sent[0]["decision_price"], sent[0]["bid"], sent[0]["ask"]) == (
        "100.0",
        "99.99",
        "100.01",
    )
    fills = [row for row in rows if row["kind"] == "fill"]
    assert [float(row["price"]) for row in fills] == [100.0, 96.0]
    fees = [row for row in rows if row["kind"] == "commission"]
    assert [(row["order"], row["amount"]) for row in fees] == [
        (row["order"], "1.5") for row in fills
    ]
    assert "1234567" not in Path("out.csv").read_text()
    if sys.platform != "win32":
        assert stat.S_IMODE(Path("out.csv").stat().st_mode) == 0o600
    assert sorted(path.name for path in Path().iterdir()) == ["out.csv", "runs"]


def test_parquet_is_the_same_table(run: Path) -> None:
    _journal("today", "--export", "csv", "out.csv")
    _journal("today", "--export", "parquet", "out.parquet")
    table = pq.read_table("out.parquet")
    assert tuple(table.column_names) == COLUMNS
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in table.to_pylist()
    ]
    assert texts == rows


def test_an_export_that_cannot_be_written_leaves_nothing(run: Path) -> None:
    assert "cannot be written" in _journal("today", "--export", "csv", "no/out.csv", code=2)
    assert not Path("no").exists()


def test_what_lies_before_a_damage_is_shown(run: Path) -> None:
    path = run / JOURNAL_NAME
    other = sqlite3.connect(path, isolation_level=None)
    (sql,) = other.execute("SELECT sql FROM sqlite_master WHERE name = 'rows_stay'").fetchone()
    other.execute("DROP TRIGGER rows_stay")
    other.execute("UPDATE rows SET body = '{}' WHERE number = 5")
    other.execute(sql)
    other.close()
    text = _journal("today", code=1)
    assert "submit" in text
    assert "row 5 is not as it was written; the 4 rows in front of it are intact" in text


def test_it_reads_beside_a_session_that_runs(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "runs" / "now")
    journal.append(News(1, "doubt", "the link is down"))
    assert "doubt: the link is down" in _journal("now")
    journal.append(News(2, "doubt", ""))
    journal.close()


def test_every_kind_of_row_has_its_words(tmp_path: Path, bars: Bars) -> None:
    order = order_of("limit", Side.BUY, limit=95.0, id="s-1")
    finding = Finding(
        FindingKind.POSITION, Severity.UNEXPLAINED, "BBB", "0", "40",
        "BBB: our ledgers hold 0, and DU1234567 has 40.", "Look.",
        ExternalHolding("BBB", 40.0),
    )  # fmt: skip
    with journal_in(tmp_path / "runs" / "all") as journal:
        journal.append(
            History(1, bars),
            TimerDue(2, "rebalance"),
            Heard(3, Signal(3, "AAA", SignalAction.BUY, 0.8)),
            News(4, "command", "flatten"),
            Woken(5),
            Cancel(6, 1, "s-1"),
            Decided(7, Submit(7, 1, (order,))),
            Unsent(8, Submit(8, 1, (order,)), "the disk was full for U7654321"),
            EventBatch(
                9, 1, (CashFlow("AAA", CashFlowKind.DIVIDEND, 5.25, 9), Split("AAA", 2.0, 20.0, 9))
            ),
            RiskState(10, 1, 99_000.0, 101_000.0, halts=(("daily_loss", Halt.SESSION),)),
            IdFloor(11, 700),
            Bound(12, "s-1", 77),
            SeenExecution(13, "0001.01.01", "s-1"),
            Found(14, finding),
            Adopted(15, "user", (ExternalHolding("BBB", 40.0),)),
            Stopped(16, "Ctrl-C", 130),
        )
    text = _journal("all")
    for words in (
        "4 bars of AAA 1d", "rebalance", "buy AAA 0.8", "command: flatten", "permId 77",
        "by the replay: submit s-1 buy 10 AAA limit 95 GTC", "the disk was full for U*****21",
        "5.25 dividend", "halted by daily_loss (session)", "order ids below 700 are used",
        "execution 0001.01.01", "our ledgers hold 0, and DU*****67 has 40.", "by user",
        "Ctrl-C (exit code 130)", "20 AAA 2",
    ):  # fmt: skip
        assert words in text, words


def test_help_waits_for_nothing() -> None:
    import subprocess

    code = "import sys; from framework.cli.app import app; print('sqlite3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "False"
