"""Readiness: evidence, what it is about, and what becomes of it."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.limits import MaxGrossExposure
from framework.config.plan import Plan, plan_of
from framework.config.request import Request
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.engine.journal import JOURNAL_NAME, open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Found, Instant, Row, Started
from framework.engine.reconcile_nouns import Finding, FindingKind, Severity
from framework.errors import ConfigError, DataError
from framework.readiness.caps import cap_for, capped
from framework.readiness.checklist import QUESTIONS, answered
from framework.readiness.doubled import doubled
from framework.readiness.evidence import Evidence, EvidenceBook, Trial
from framework.readiness.paper_record import BROKER, EMULATOR, IB, PaperRecord, paper_record
from framework.readiness.standing import PAPER_DAYS, Slippage, Verdict, standing_of
from framework.readiness.subject import Subject, subject_of
from framework.readiness.trials import TRIALS, collect, unseen_plan
from framework.sweeps.unseen import Days

SOURCE = '''
from framework import Strategy, crosses_above, crosses_below, pct, sma

class Mine(Strategy):
    """Long while the fast average is above the slow one."""
    fast: int = 20
    sample = "sp500"

    def setup(self):
        fast, slow = self.indicator(sma, self.fast), self.indicator(sma, 100)
        self.when(crosses_above(fast, slow), self.go_long, stop_loss=pct(8))
        self.when(crosses_below(fast, slow), self.close)
'''
SUBJECT = Subject("Mine", "c0de", "c0f1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


def plan(file: Path, **what: object) -> Plan:
    request = Request(str(file), first="2010-01-01", last="2013-12-31", limits=("daily_loss:3",))
    return plan_of(replace(request, **what))  # type: ignore[arg-type]


# what it is about -------------------------------------------------------------------------------


def test_the_same_plan_is_the_same_subject_whatever_its_days(file: Path) -> None:
    assert subject_of(plan(file)) == subject_of(plan(file, first="2015-01-01", last=None))


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"fast": 10}},
        {"limits": ("daily_loss:4",)},
        {"sizing": "shares:10"},
        {"cash": 50_000.0},
        {"slippage": "none"},
        {"exits": ("time_stop:5",)},
    ],
)
def test_another_configuration_is_another_subject(file: Path, change: dict[str, object]) -> None:
    before, after = subject_of(plan(file)), subject_of(plan(file, **change))
    assert before.code == after.code
    assert before.config != after.config


def test_an_edit_of_the_file_is_another_subject(file: Path) -> None:
    before = subject_of(plan(file))
    file.write_text(SOURCE + "\n# a comment\n")
    after = subject_of(plan(file))
    assert before.code != after.code
    assert before.config == after.config


# evidence ---------------------------------------------------------------------------------------


def evidence(trial: Trial, passed: bool = True, subject: Subject = SUBJECT) -> Evidence:
    return Evidence(subject, trial, 1_700_000_000_000_000_000, passed, "figures")


def test_evidence_comes_back_and_is_private(tmp_path: Path) -> None:
    book = EvidenceBook(tmp_path / "sessions")
    assert list(book) == []
    every = [evidence(trial, trial is not Trial.DRILL) for trial in Trial]
    for one in every:
        book.add(one)
    assert list(book) == every
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600
    book.path.chmod(0o644)
    with pytest.raises(DataError, match="chmod 600"):
        list(book)


def test_a_line_that_is_no_evidence_is_named(tmp_path: Path) -> None:
    book = EvidenceBook(tmp_path)
    book.add(evidence(Trial.COSTS))
    with book.path.open("a") as file:
        file.write('{"passed": true}\n')
    with pytest.raises(DataError, match="Line 2"):
        list(book)


# standing ---------------------------------------------------------------------------------------

ALL = [evidence(trial) for trial in Trial]
PAPER = PaperRecord(days=set(range(PAPER_DAYS)))
CHEAP = Slippage(25, 3.0, 5.0)


def verdicts(
    book: list[Evidence], paper: PaperRecord = PAPER, slippage: Slippage | None = CHEAP
) -> dict[str, Verdict]:
    standing = standing_of(SUBJECT, book, paper, slippage)
    for item in standing.items:
        assert item.detail
        assert bool(item.remedy) == (item.verdict is not Verdict.MET)
    assert standing.is_ready == (not standing.lacking)
    return {item.name: item.verdict for item in standing.items}


def test_with_everything_it_is_ready() -> None:
    assert set(verdicts(ALL).values()) == {Verdict.MET}
    assert standing_of(SUBJECT, ALL, PAPER, CHEAP).is_ready


@pytest.mark.parametrize("trial", Trial)
def test_each_piece_of_evidence_is_needed(trial: Trial) -> None:
    without = [one for one in ALL if one.trial is not trial]
    assert sorted(verdicts(without).values()) == [Verdict.MET] * 11 + [Verdict.MISSING]
    bad = [*ALL, evidence(trial, False)]
    assert list(verdicts(bad).values()).count(Verdict.FAILED) == 1
    assert set(verdicts([*bad, evidence(trial)]).values()) == {Verdict.MET}


@pytest.mark.parametrize(
    "other", [Subject("Mine", "edited", "c0f1"), Subject("Mine", "c0de", "changed")]
)
def test_evidence_for_other_code_or_configuration_is_void(other: Subject) -> None:
    found = verdicts([evidence(trial, subject=other) for trial in Trial])
    assert list(found.values()).count(Verdict.VOID) == len(Trial)
    another = verdicts([evidence(t, subject=replace(other, strategy="Else")) for t in Trial])
    assert list(another.values()).count(Verdict.MISSING) == len(Trial)


@pytest.mark.parametrize(
    ("paper", "slippage", "lacking"),
    [
        (PaperRecord(), CHEAP, {"paper sessions at IB", "no unexplained finding"}),
        (PaperRecord(days=set(range(PAPER_DAYS - 1))), CHEAP, {"paper sessions at IB"}),
        (replace(PAPER, unexplained=["10 SPY"]), CHEAP, {"no unexplained finding"}),
        (PAPER, None, {"realised slippage"}),
        (PAPER, Slippage(19, 1.0, 5.0), {"realised slippage"}),
        (PAPER, Slippage(50, 5.1, 5.0), {"realised slippage"}),
    ],
)
def test_paper_sessions_are_needed(
    paper: PaperRecord, slippage: Slippage | None, lacking: set[str]
) -> None:
    standing = standing_of(SUBJECT, ALL, paper, slippage)
    assert {item.name for item in standing.lacking} == lacking


# paper sessions ---------------------------------------------------------------------------------

DAY = 19_000


def started(subject: Subject = SUBJECT, broker: str | None = IB, mode: str = "paper") -> Started:
    versions = () if broker is None else ((BROKER, broker),)
    return Started(
        1, mode, "DU*****67", 1, subject.strategy, subject.code, subject.config, "", versions
    )


def write(folder: Path, *rows: Row) -> None:
    folder.mkdir(mode=0o700)
    with open_journal(folder / JOURNAL_NAME, Trader("DU1", 1), lambda: 1) as journal:
        journal.append(*rows)


def bar(day: int) -> Instant:
    return Instant(day * 86_400 * 10**9, day, ())


def finding(severity: Severity) -> Found:
    return Found(1, Finding(FindingKind.CASH, severity, "cash", "1", "2", "They differ.", "Look."))


def test_trading_days_are_counted_once_and_only_those_that_count(tmp_path: Path) -> None:
    edited = replace(SUBJECT, code="edited")
    write(tmp_path / "a", started(), bar(DAY), bar(DAY), started(), bar(DAY), bar(DAY + 1))
    write(tmp_path / "b", started(broker=EMULATOR), bar(DAY + 2))
    write(tmp_path / "c", started(broker=None), bar(DAY + 3))
    write(tmp_path / "d", started(edited), bar(DAY + 4), started(), bar(DAY + 5))
    write(tmp_path / "e", started(mode="live"), bar(DAY + 6))
    write(tmp_path / "f", started(replace(SUBJECT, strategy="Else")), bar(DAY + 7))
    write(tmp_path / "g", started(), *map(finding, Severity))
    write(tmp_path / "h", started(edited), *map(finding, Severity))
    record = paper_record(tmp_path, SUBJECT)
    assert record.days == {DAY, DAY + 1, DAY + 5}
    assert record.on_emulator == {DAY + 2, DAY + 3}
    assert record.others == {DAY + 4}
    assert record.unexplained == ["They differ."]
    assert paper_record(tmp_path, SUBJECT, "live").days == {DAY + 6}
    assert paper_record(tmp_path / "none", SUBJECT) == PaperRecord()


# caps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "unexplained", "percent"),
    [
        (0, [], 10.0),
        (4, [], 10.0),
        (5, [], 50.0),
        (19, [], 50.0),
        (20, [], None),
        (20, ["x"], 10.0),
    ],
)
def test_caps_are_lifted_by_live_days(
    days: int, unexplained: list[str], percent: float | None
) -> None:
    cap = cap_for(PaperRecord(days=set(range(days)), unexplained=unexplained))
    assert cap.exposure == percent
    assert cap.text
    rules = capped(BacktestSettings(), cap).rules
    assert rules == (() if percent is None else (MaxGrossExposure(percent),))


# doubled costs ----------------------------------------------------------------------------------


def test_doubled_costs_are_twice_the_costs() -> None:
    plain = BacktestSettings()
    twice = doubled(plain)
    paid = [
        settings.commission.fee(Instrument("SPY"), 100.0, 10_000.0, 0.0, DAY)
        for settings in (plain, twice)
    ]
    assert paid[0] > 0.0
    assert paid[1] == 2 * paid[0]
    for side in Side:
        once, more = (
            settings.slippage.price(Instrument("SPY"), side, 100.0, 10.0, 0.0)
            for settings in (plain, twice)
        )
        assert once != 100.0
        assert more - 100.0 == pytest.approx(2 * (once - 100.0))


# checklist --------------------------------------------------------------------------------------


def test_every_question_needs_a_yes() -> None:
    yes: dict[str, object] = {one.name: True for one in QUESTIONS}
    assert answered(yes)[0]
    for one in QUESTIONS:
        assert not answered({**yes, one.name: False})[0]
        assert one.name in answered({k: v for k, v in yes.items() if k != one.name})[1]
    with pytest.raises(ConfigError, match="'kil'"):
        answered({"kil": True})
    with pytest.raises(ConfigError, match="yes or no"):
        answered({"kill": "perhaps"})


# trials -----------------------------------------------------------------------------------------


def test_a_machine_tries_what_it_can(file: Path) -> None:
    chosen = plan(file)
    unseen = unseen_plan(replace(chosen.request, last=None), Days("2011-09-01", "2013-12-31"))
    found = {one.trial: one for one in collect(subject_of(chosen), chosen, unseen, lambda: 5)}
    assert set(found) == {*TRIALS, Trial.UNSEEN}
    for trial, one in found.items():
        assert one.passed, (trial, one.detail)
        assert one.subject == subject_of(chosen)
        assert one.data
    assert "fills equal" in found[Trial.PARITY].detail
    assert found[Trial.UNSEEN].detail.startswith("2011-09-01 to 2013-12-31")


def test_what_fails_is_told(file: Path) -> None:
    file.write_text(SOURCE.replace("self.go_long, stop_loss=pct(8)", "self.go_short"))
    chosen = plan(file, limits=())
    found = {one.trial: one for one in collect(subject_of(chosen), chosen, None, lambda: 5)}
    assert not found[Trial.LIMITS].passed
    assert not found[Trial.COSTS].passed
    assert found[Trial.LOOKAHEAD].passed
