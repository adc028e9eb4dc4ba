"""Two processes, one account: the second is told who the first is, however they reach it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import framework
from framework.engine.journal import open_journal
from framework.engine.journal_errors import JournalBusyError, JournalError
from framework.engine.journal_lock import Berth, Trader
from framework.engine.journal_rows import Started

ROOT = Path(framework.__file__).parents[1]
SCRIPT = Path(__file__).with_name("locked_out_script.py")
HERE, ELSEWHERE, ACCOUNT = "127.0.0.1:7497", "gateway.example:7497", "DU1234567"
UNTOLD = "-"


@contextmanager
def process(folder: Path, journal: str, where: str, client: int, account: str) -> Iterator[Other]:
    other = Other(folder, journal, where, client, account)
    try:
        yield other
    finally:
        other.end()


class Other:
    """Another process that tries to hold the locks of a session, and what it says."""

    def __init__(self, folder: Path, journal: str, where: str, client: int, account: str) -> None:
        host, _, port = where.rpartition(":")
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder / journal), str(folder / "locks"), host, port,
             str(client), account],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().strip()

    @property
    def holds(self) -> bool:
        return self.said == "holds"

    def end(self) -> None:
        """In good order."""
        with self.process:
            if self.process.poll() is None:
                self.process.communicate("\n", timeout=30)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        pytest.param((HERE, 1, ACCOUNT), (HERE, 1, UNTOLD), "127.0.0.1:7497, client id 1",
                     id="one gateway, account told to one and not to the other"),
        pytest.param((HERE, 1, UNTOLD), ("[::1]:7497", 1, UNTOLD), "[::1]:7497, client id 1",
                     id="one gateway by two names, before any account is told"),
        pytest.param((HERE, 1, ACCOUNT), (ELSEWHERE, 1, ACCOUNT), "account DU*****67, client id 1",
                     id="one account through two gateways"),
        pytest.param((HERE, 1, UNTOLD), (ELSEWHERE, 1, UNTOLD), "",
                     id="two gateways that have not told their accounts"),
        pytest.param((HERE, 1, ACCOUNT), (ELSEWHERE, 1, "DU7654321"), "", id="two accounts"),
        pytest.param((HERE, 1, ACCOUNT), (HERE, 2, ACCOUNT), "", id="two client ids"),
        pytest.param((HERE, 1, ACCOUNT), ("127.0.0.1:7496", 1, "U7654321"), "",
                     id="two gateways on one host"),
    ],
)  # fmt: skip
def test_a_second_process_is_refused_where_it_would_trade_the_same(
    tmp_path: Path, first: tuple[str, int, str], second: tuple[str, int, str], says: str
) -> None:
    with process(tmp_path, "a.sqlite", *first) as one:
        assert one.holds
        with process(tmp_path, "b.sqlite", *second) as other:
            if not says:
                assert other.holds, other.said
                return
            assert f"Another process already trades {says}" in other.said
            assert f"process {one.process.pid}" in other.said
            assert str(tmp_path / "a.sqlite") in other.said
            assert "Stop it first, or trade with another client id" in other.said
            assert ACCOUNT not in other.said
            assert other.process.wait(timeout=30) == JournalBusyError.exit_code
    with process(tmp_path, "b.sqlite", *second) as again:
        assert again.holds, again.said


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with process(tmp_path, "a.sqlite", HERE, 1, ACCOUNT) as killed:
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait(timeout=30)
        with process(tmp_path, "a.sqlite", HERE, 1, ACCOUNT) as other:
            assert other.holds, other.said


def test_an_account_is_claimed_once_and_is_the_journals_own(tmp_path: Path) -> None:
    berth, trader = Berth("127.0.0.1", 7497, 1), Trader(ACCOUNT, 1)
    with open_journal(tmp_path / "j", berth, lambda: 1, synced=False) as journal:
        journal.claim(trader)
        journal.claim(trader)
        journal.append(Started(0, "paper", "DU*****67", 1, "Any"))
    with open_journal(tmp_path / "j", berth, lambda: 1, synced=False) as journal:
        with pytest.raises(JournalError, match="of account DU"):
            journal.claim(Trader("DU7654321", 1))
        journal.claim(trader)
