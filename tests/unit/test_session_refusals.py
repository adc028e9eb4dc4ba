"""What a session refuses, on the wire: whatever the reason, no order frame leaves."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from framework.cli.app import app
from framework.config.environment import NAMES
from framework.emulator.server.settings import GatewaySettings
from tests.unit.served import serving
from tests.unit.tapped import PLACE_ORDER, Wire, wire

FLIP = '''"""Flip: buys on the first bar it sees."""

from framework import Strategy


class Flip(Strategy):
    """Buys at once."""

    def on_bar(self) -> None:
        """Buy."""
        self.buy(1)
'''
LIVE, PAPER = "U7654321", "DU1234567"
BOLD = "--config live.yaml --live --not-ready trying"
"""Live without evidence, on the user's word."""


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path(".env").touch(0o600)
    Path("flip.py").write_text(FLIP)
    Path("live.yaml").write_text(
        "strategy: flip.py\nmode: live\ndata: {symbols: [AAPL], bar: 1m}\nrules: [none]\n"
    )


def ran(line: str, through: Wire) -> Result:
    """A session begun at a wire's end."""
    return CliRunner().invoke(app, ["run", *line.split(), "--port", str(through.port)])


TABLE = [
    # what is typed, the account the broker reports, connects, what the error says
    ("--config live.yaml", LIVE, False, "--port is of a session at a broker"),
    (f"--config live.yaml --account {LIVE}", LIVE, False, "--account"),
    ("--config live.yaml --live", LIVE, False, "--account U..."),
    (f"--config live.yaml --live --account {PAPER}", PAPER, False, "is a paper account"),
    (f"{BOLD} --account {LIVE}", "U1111111", True, "U*****21"),
    (f"{BOLD} --account {LIVE}", PAPER, True, "U*****21"),
    (f"--config live.yaml --live --account {LIVE}", LIVE, False, "not ready for live"),
    (f"flip.py --live --symbols AAPL --bar 1m --account {LIVE}", LIVE, False, "mode: live"),
    ("flip.py --paper --symbols AAPL --bar 1m", LIVE, True, "is no paper account"),
    (f"flip.py --paper --symbols AAPL --bar 1m --account {LIVE}", LIVE, False, "no paper account"),
    ("flip.py --paper --live --symbols AAPL", PAPER, False, "Both --paper and --live"),
    ("flip.py --paper", PAPER, False, "what is to be traded"),
    ("flip.py --paper --symbols SPX --bar 1m", PAPER, True, "SPX"),
    ("flip.py --paper --symbols AAPL --bar 1m --tws-restart noon", PAPER, False, "at 'noon'"),
]


@pytest.mark.parametrize(("line", "account", "connects", "says"), TABLE)
def test_it_is_refused(line: str, account: str, connects: bool, says: str) -> None:
    with serving(settings=GatewaySettings(accounts=(account,))) as served, wire(served.port) as tap:
        result = ran(line, tap)
        assert result.exit_code in (1, 2), result.output
        assert says in result.output
        assert bool(tap.connections) is connects
        assert PLACE_ORDER not in tap.messages
    assert LIVE not in result.output
    assert PAPER not in result.output


def test_four_facts_that_agree_let_it_begin() -> None:
    line = f"{BOLD} --account {LIVE} --once"
    with serving(settings=GatewaySettings(accounts=(LIVE,))) as served, wire(served.port) as tap:
        result = ran(line, tap)
        assert result.exit_code == 0, result.output
        assert tap.connections == 1
    assert "U*****21" in result.output
    assert LIVE not in result.output


def test_nothing_is_sent_while_tws_restarts() -> None:
    begun = datetime.now(ZoneInfo("America/New_York")) - timedelta(minutes=2)
    line = f"flip.py --paper --symbols AAPL --bar 1m --once --tws-restart {begun:%H:%M}"
    with serving(settings=GatewaySettings(accounts=(PAPER,))) as served, wire(served.port) as tap:
        result = ran(line, tap)
        assert result.exit_code == 0, result.output
        assert PLACE_ORDER not in tap.messages
    assert "in the restart window" in result.output


@pytest.mark.parametrize("loose", [".env", "session/journal.sqlite"])
def test_files_that_others_may_read(loose: str) -> None:
    Path("session").mkdir()
    path = Path(loose)
    path.touch()
    path.chmod(0o644)
    line = f"--config live.yaml --live --account {LIVE} --journal session/journal.sqlite"
    with serving(settings=GatewaySettings(accounts=(LIVE,))) as served, wire(served.port) as tap:
        result = ran(line, tap)
        assert result.exit_code == 2, result.output
        assert "chmod 600" in result.output
        assert tap.connections == 0
