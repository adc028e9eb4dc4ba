"""The live gate: without evidence live is refused, with it it begins, and an edit voids it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from framework.cli.app import app
from framework.cli.session_plan import session_plan
from framework.config.environment import NAMES
from framework.config.plan import Plan, plan_of
from framework.config.request import request_of
from framework.config.runfile import read, validate
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import JOURNAL_NAME, open_journal, read_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import News, Row, Started
from framework.operations.sessions import SESSIONS
from framework.readiness.checklist import QUESTIONS
from framework.readiness.evidence import Evidence, EvidenceBook, Trial
from framework.readiness.subject import Subject, subject_of
from framework.session.lockstep import rehearse
from framework.session.showing import BROKER, IB
from tests.unit.served import serving
from tests.unit.tapped import PLACE_ORDER, Wire, wire

STRATEGY = """
from framework import Strategy

class Often(Strategy):
    \"\"\"In and out, every other bar.\"\"\"
    sample = "synthetic-5m"

    def on_bar(self):
        if self.position:
            self.close()
        else:
            self.buy(1)
"""
RUN = """
strategy: often.py
mode: live
data: {symbols: [AAPL], bar: 5m}
limits: [daily_loss:3]
rules: [none]
"""
ACCOUNT = "U7654321"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path(".env").touch(0o600)
    Path("often.py").write_text(STRATEGY)
    Path("live.yaml").write_text(RUN)


def live(through: Wire, *words: str) -> Result:
    line = ["--config", "live.yaml", "--live", "--account", ACCOUNT, "--once", *words]
    return CliRunner().invoke(app, ["run", *line, "--port", str(through.port)])


def ready(*words: str) -> Result:
    return CliRunner().invoke(app, ["ready", "--config", "live.yaml", *words])


def plan() -> Plan:
    return session_plan(request_of(validate(read(Path("live.yaml")), "live.yaml", {})))


def supply_evidence(subject: Subject) -> None:
    """Everything a machine or a person would have written down."""
    book = EvidenceBook(SESSIONS)
    for trial in Trial:
        book.add(Evidence(subject, trial, 1, True, "seen"))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The rows of a session of more than twenty days."""
    folder = tmp_path_factory.mktemp("played")
    file, kept = folder / "often.py", folder / "played.sqlite"
    file.write_text(STRATEGY)
    content = {"strategy": str(file), "data": {"to": "2023-10-31"}}
    chosen = plan_of(request_of(validate(content, "the test", {})))
    market, settings = chosen.market.bars, chosen.settings
    asyncio.run(rehearse(chosen.strategies, market, settings, {}, journal=kept))
    with read_journal(kept) as journal:
        return [entry.row for entry in journal.entries()]


def supply_paper_sessions(rows: Sequence[Row], subject: Subject, broker: str = IB) -> None:
    """A paper session's journal of many days, as one at Interactive Brokers would be."""
    folder = SESSIONS / "paper-often-1"
    folder.mkdir(parents=True, mode=0o700)
    with open_journal(folder / JOURNAL_NAME, Trader("DU1", 1), lambda: 1, synced=False) as journal:
        for row in rows:
            journal.append(posing(row, subject, broker) if isinstance(row, Started) else row)


def posing(row: Started, subject: Subject, broker: str) -> Started:
    """A session's first row, as that of a subject would be at a broker."""
    names = (subject.strategy, subject.code, subject.config)
    return Started(row.time, "paper", "DU1", 1, *names, versions=((BROKER, broker),))


def test_without_evidence_it_is_refused_before_it_connects() -> None:
    with serving(settings=GatewaySettings(accounts=(ACCOUNT,))) as served, wire(served.port) as tap:
        result = live(tap)
        assert result.exit_code == 2
        assert "Often is not ready for live" in result.output
        assert "slipway ready" in result.output
        assert tap.connections == 0
    assert ready().exit_code == 1


def test_with_evidence_it_begins_small_and_an_edit_voids_it(played: list[Row]) -> None:
    subject = subject_of(plan())
    supply_evidence(subject)
    supply_paper_sessions(played, subject)
    listed = ready()
    assert listed.exit_code == 0, listed.output
    assert "Ready for --live." in listed.output
    with serving(settings=GatewaySettings(accounts=(ACCOUNT,))) as served, wire(served.port) as tap:
        result = live(tap)
        assert result.exit_code == 0, result.output
        assert tap.connections == 1
        assert "10 % of equity" in result.output
        assert "NOT READY" not in result.output
        with read_journal(SESSIONS / "live-often-2" / JOURNAL_NAME) as journal:
            rows = [entry.row for entry in journal.entries(["news", "started"])]
        started = next(row for row in rows if isinstance(row, Started))
        assert (started.code, started.config) == (subject.code, subject.config)
        caps = [row.text for row in rows if isinstance(row, News) and row.topic == "cap"]
        assert caps == ["10"]

        Path("often.py").write_text(STRATEGY + "\n# one more line\n")
        edited = live(tap, "--journal", "other/journal.sqlite")
        assert edited.exit_code == 2
        assert "void, the code has changed" in edited.output
        assert tap.connections == 1
        assert ready().exit_code == 1


def test_another_limit_voids_it_too() -> None:
    supply_evidence(subject_of(plan()))
    Path("live.yaml").write_text(RUN.replace("daily_loss:3", "daily_loss:30"))
    assert "the configuration has changed" in ready().output


def test_days_on_an_emulator_do_not_count(played: list[Row]) -> None:
    subject = subject_of(plan())
    supply_evidence(subject)
    supply_paper_sessions(played, subject, broker="emulator")
    listed = ready()
    assert listed.exit_code == 1
    assert "0 of 20 trading days" in " ".join(listed.output.split())
    assert "on an emulator do not count" in " ".join(listed.output.split())


def test_on_ones_own_word_it_begins_and_the_reason_is_kept() -> None:
    with serving(settings=GatewaySettings(accounts=(ACCOUNT,))) as served, wire(served.port) as tap:
        result = live(tap, "--not-ready", "a trial with one share")
        assert result.exit_code == 0, result.output
        assert "NOT READY" in result.output
    with read_journal(SESSIONS / "live-often-2" / JOURNAL_NAME) as journal:
        rows = [entry.row for entry in journal.entries(["news"])]
    said = [row.text for row in rows if isinstance(row, News) and row.topic == "override"]
    assert said == ["a trial with one share"]


def test_a_reason_is_needed_and_of_live_alone() -> None:
    with serving(settings=GatewaySettings(accounts=(ACCOUNT,))) as served, wire(served.port) as tap:
        assert live(tap, "--not-ready", " ").exit_code == 2
        paper = CliRunner().invoke(
            app, ["run", "often.py", "--paper", "--symbols", "AAPL", "--not-ready", "x"]
        )
        assert paper.exit_code == 2
        assert "--not-ready is of --live" in paper.output
        assert tap.connections == 0
        assert PLACE_ORDER not in tap.messages


def test_answers_come_from_a_file() -> None:
    Path("answers.yaml").write_text("".join(f"{one.name}: yes\n" for one in QUESTIONS))
    assert "all 14 questions" in ready("--answers", "answers.yaml").output
    Path("answers.yaml").write_text("kill: no\n")
    assert "no to kill" in " ".join(ready("--answers", "answers.yaml").output.split())
    assert ready("--answers", "none.yaml").exit_code == 2
    assert ready("--test", "2020-01-01:").exit_code == 2


@pytest.mark.parametrize(("command", "passed"), [("true", True), ("false", False)])
def test_a_test_alert_is_evidence(command: str, passed: bool) -> None:
    Path("live.yaml").write_text(f'{RUN}alert: {{command: "{command}"}}\n')
    result = CliRunner().invoke(app, ["doctor", "--alert", "--config", "live.yaml"])
    assert result.exit_code == (0 if passed else 1), result.output
    (found,) = EvidenceBook(SESSIONS)
    assert (found.trial, found.passed, found.subject) == (Trial.ALERTS, passed, subject_of(plan()))
