"""`run --shadow`: what it needs, what it refuses, and what it leaves of itself on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from framework.cli.app import app
from framework.config.environment import NAMES
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import read_journal
from framework.engine.journal_rows import Started
from framework.session.shadowing import NOTE
from tests.unit.served import serving
from tests.unit.tapped import wire
from tests.unit.test_session_refusals import FLIP, LIVE, PAPER
from tests.unit.test_shadow_session import ASKING


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("flip.py").write_text(FLIP)


def ran(line: str) -> Result:
    return CliRunner().invoke(app, ["run", *line.split()])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("flip.py --shadow --paper --symbols AAPL", "Both --shadow and --paper are given."),
        ("flip.py --shadow --paper --live --symbols AAPL", "--shadow and --paper and --live"),
        ("flip.py --shadow --symbols AAPL --adopt", "--adopt takes over what an account has"),
        ("sma_cross --shadow --gateway emulator", "A backtest on the same bars is that"),
        ("flip.py --shadow --symbols AAPL --fill intrabar=finer", "finer bars"),
        ("flip.py --shadow", "Nothing says what is to be traded"),
        ("flip.py --once", "Add --shadow, --paper or --live"),
    ],
)
def test_it_is_refused_before_anything_is_connected(line: str, says: str) -> None:
    result = ran(line)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


@pytest.mark.parametrize("account", [PAPER, LIVE])
def test_it_looks_through_any_login_as_a_client_of_its_own(account: str) -> None:
    """Also with a policy no broker could honour, and cheaper than any of them."""
    line = "flip.py --shadow --symbols AAPL --bar 1m --once --fill backtrader --commission none"
    with serving(settings=GatewaySettings(accounts=(account,))) as served, wire(served.port) as tap:
        result = ran(f"{line} --port {tap.port}")
        assert result.exit_code == 0, result.output
        assert tap.connections == 1
        assert set(tap.messages) <= ASKING
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert lines
    assert all(line.startswith(NOTE) for line in lines), result.output
    assert account not in result.output
    with read_journal(Path("sessions/shadow-flip-97/journal.sqlite")) as journal:
        (started,) = (one.row for one in journal.entries() if isinstance(one.row, Started))
    assert (started.mode, started.client_id) == ("shadow", 97)


def test_it_takes_the_paper_account_s_place_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But not its client id: that one trades."""
    with serving(settings=GatewaySettings(accounts=(PAPER,))) as served:
        monkeypatch.setenv("IB_PAPER_PORT", str(served.port))
        monkeypatch.setenv("IB_PAPER_CLIENT_ID", "5")
        result = ran("flip.py --shadow --symbols AAPL --bar 1m --once")
        assert result.exit_code == 0, result.output
    assert Path("sessions/shadow-flip-97/journal.sqlite").exists()
