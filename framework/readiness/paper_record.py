"""Paper record: what journals say of the sessions of one exact strategy."""

from __future__ import annotations

__all__ = ["BROKER", "EMULATOR", "IB", "PaperRecord", "is_counted", "paper_record"]

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from framework.engine.journal import JOURNAL_NAME, read_journal
from framework.engine.journal_rows import Entry, Found, Instant, Started
from framework.readiness.subject import Subject
from framework.session.showing import BROKER, EMULATOR, IB

_KINDS = ("started", "instant", "finding")


@dataclass(slots=True)
class PaperRecord:
    """Sessions of one subject at Interactive Brokers, in one mode.

    Attributes:
        days: trading days on which a session took in a bar, as days since 1970-01-01.
        unexplained: what no reconciliation could explain, in words.
        on_emulator: trading days spent on an emulator; they do not count.
        others: trading days of other code or configuration under the same name; nor do they.
    """

    days: set[int] = field(default_factory=set)
    unexplained: list[str] = field(default_factory=list)
    on_emulator: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)


def paper_record(folder: Path, subject: Subject, mode: str = "paper") -> PaperRecord:
    """What the journals in the folders below `folder` say.

    Raises:
        JournalError: one of them cannot be read.
    """
    record = PaperRecord()
    for path in sorted(folder.glob(f"*/{JOURNAL_NAME}")):
        with read_journal(path) as journal:
            _fold(record, journal.entries(_KINDS), subject, mode)
    return record


def is_counted(started: Started, subject: Subject, mode: str) -> bool:
    """Whether a session is one of a subject's, in a mode, at Interactive Brokers."""
    return (
        started.mode == mode
        and (started.strategy, started.code, started.config)
        == (subject.strategy, subject.code, subject.config)
        and dict(started.versions).get(BROKER) == IB
    )


def _fold(record: PaperRecord, entries: Iterable[Entry], subject: Subject, mode: str) -> None:
    """Take in one journal; each of its sessions speaks for the code it ran with."""
    for started, row in _in_sessions(entries):
        if started.mode != mode or started.strategy != subject.strategy:
            continue
        broker = dict(started.versions).get(BROKER, "")
        is_ours = (started.code, started.config) == (subject.code, subject.config)
        match row:
            case Instant(session=day) if broker != IB:
                record.on_emulator.add(day)
            case Instant(session=day) if is_ours:
                record.days.add(day)
            case Instant(session=day):
                record.others.add(day)
            case Found(finding=finding) if is_ours and broker == IB and finding.blocks:
                record.unexplained.append(finding.text)
            case _:
                pass


def _in_sessions(entries: Iterable[Entry]) -> Iterator[tuple[Started, Instant | Found]]:
    started: Started | None = None
    for entry in entries:
        if isinstance(entry.row, Started):
            started = entry.row
        elif started is not None and isinstance(entry.row, Instant | Found):
            yield started, entry.row
