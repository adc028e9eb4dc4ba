"""`slipway ready`: the evidence there is, what is missing, and evidence collected on the spot."""

from __future__ import annotations

__all__ = ["ReadyFlags", "ready_command"]

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.cli.flags import RunFlags
from framework.cli.reporting import complain
from framework.cli.requests import request_from
from framework.cli.session_plan import session_plan
from framework.config.plan import Plan, plan_of
from framework.config.request import Request
from framework.errors import ConfigError
from framework.operations.sessions import SESSIONS
from framework.readiness.caps import cap_for
from framework.readiness.checklist import QUESTIONS, answered
from framework.readiness.evidence import Evidence, EvidenceBook, Trial
from framework.readiness.paper_record import paper_record
from framework.readiness.standing import Standing, Verdict
from framework.readiness.standing_in import standing_in
from framework.readiness.subject import Subject, subject_of
from framework.readiness.trials import collect, unseen_plan
from framework.sweeps.unseen import days_between

_STYLES = {Verdict.MET: "green", Verdict.MISSING: "yellow", Verdict.VOID: "yellow"}


@dataclass(frozen=True, slots=True)
class ReadyFlags:
    """What `slipway ready` was given besides the run.

    Attributes:
        collect: whether to try what can be tried.
        test: FROM:TO, days the strategy was not made on.
        answer: whether to ask the questions.
        answers: a file with answers to them.
        json: whether to print JSON.
    """

    collect: bool = False
    test: str | None = None
    answer: bool = False
    answers: Path | None = None
    json: bool = False


def ready_command(run: RunFlags, flags: ReadyFlags) -> int:
    """Collect what is asked for and print the standing.

    Returns:
        0 if everything is met, 1 if not.

    Raises:
        SlipwayError: something given cannot be used.
    """
    if flags.test is not None and not flags.collect:
        raise ConfigError("There is --test without --collect.", "Add --collect.")
    request = request_from(run)
    plan = plan_of(request) if flags.collect or not _is_to_come(request) else session_plan(request)
    subject, book = subject_of(plan), EvidenceBook(SESSIONS)
    if flags.collect:
        _collect(subject, plan, flags.test, book)
    if flags.answers is not None or flags.answer:
        _answer(subject, flags.answers, book)
    standing = standing_in(SESSIONS, subject, plan)
    if flags.json:
        print(_json(standing))
    else:
        _show(standing, "--config FILE" if run.strategy is None else run.strategy)
    return 0 if standing.is_ready else 1


def _is_to_come(request: Request) -> bool:
    """Whether symbols are named and no bars: as for a session."""
    return request.data is None and request.traded is not None


def _collect(subject: Subject, plan: Plan, test: str | None, book: EvidenceBook) -> None:
    unseen = None if test is None else unseen_plan(plan.request, days_between(test, "--test"))
    for one in collect(subject, plan, unseen, time.time_ns):
        book.add(one)
        complain(f"{'passed' if one.passed else 'FAILED'}: {one.trial.value}, {one.detail}")


def _answer(subject: Subject, file: Path | None, book: EvidenceBook) -> None:
    answers = _asked() if file is None else _read(file)
    passed, detail = answered(answers)
    book.add(Evidence(subject, Trial.CHECKLIST, time.time_ns(), passed, detail))


def _asked() -> dict[str, object]:
    return {one.name: typer.confirm(one.text) for one in QUESTIONS}


def _read(file: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(
            f"The answers {file} cannot be read.", "Write name: yes lines."
        ) from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ConfigError(f"{file} holds no answers.", "Write name: yes lines.")
    return content


def _show(standing: Standing, words: str) -> None:
    out = Console()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in standing.items:
        style = _STYLES.get(item.verdict, "bold red")
        table.add_row(Text(item.name, "bold"), Text(item.verdict.value, style), Text(item.detail))
        if item.remedy:
            table.add_row("", "", Text(item.remedy.replace("STRATEGY", words), "dim"))
    out.print(Text(str(standing.subject)))
    out.print(table)
    lacking = len(standing.lacking)
    cap = cap_for(paper_record(SESSIONS, standing.subject, "live"))
    out.print(
        Text("Ready for --live.", "bold green")
        if not lacking
        else Text(f"Not ready: {lacking} of {len(standing.items)} are lacking.", "bold")
    )
    out.print(Text(f"Live, {cap.text}."), soft_wrap=True)


def _json(standing: Standing) -> str:
    items = [asdict(item) for item in standing.items]
    return json.dumps(
        {"subject": asdict(standing.subject), "ready": standing.is_ready, "items": items}
    )
