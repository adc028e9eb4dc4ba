"""Standing in a folder: the evidence and the journals of a folder, judged for one plan."""

from __future__ import annotations

__all__ = ["standing_in"]

from pathlib import Path

from framework.config.plan import Plan
from framework.readiness.evidence import EvidenceBook
from framework.readiness.paper_record import paper_record
from framework.readiness.realised import realised
from framework.readiness.standing import Standing, standing_of
from framework.readiness.subject import Subject


def standing_in(folder: Path, subject: Subject, plan: Plan) -> Standing:
    """How a strategy stands by the evidence and the journals of a folder.

    Raises:
        SlipwayError: they cannot be read.
    """
    paper = paper_record(folder, subject)
    return standing_of(subject, tuple(EvidenceBook(folder)), paper, realised(folder, subject, plan))
