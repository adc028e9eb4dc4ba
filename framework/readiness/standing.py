"""Standing: from the evidence there is to what is met, what is missing, and what to do about it."""

from __future__ import annotations

__all__ = ["PAPER_DAYS", "Item", "Slippage", "Standing", "Verdict", "standing_of"]

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from framework.calendar import utc_text
from framework.readiness.evidence import Evidence, Trial
from framework.readiness.paper_record import PaperRecord
from framework.readiness.subject import Subject

PAPER_DAYS = 20
"""Trading days on paper at Interactive Brokers that are asked for."""
FEWEST_FILLS = 20
"""Fills below which realised slippage says nothing."""


class Verdict(StrEnum):
    """What becomes of one requirement."""

    MET = "met"
    MISSING = "missing"
    """There is no evidence."""
    FAILED = "failed"
    """There is, and it is bad."""
    VOID = "void"
    """There is, for other code or another configuration."""


@dataclass(frozen=True, slots=True)
class Item:
    """One requirement.

    Attributes:
        name: of it, in words.
        verdict: what becomes of it.
        detail: the figures.
        remedy: what to do; empty if it is met.
    """

    name: str
    verdict: Verdict
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Slippage:
    """What fills on paper cost beside what the backtest assumes, in basis points of their value.

    Attributes:
        fills: how many were measured.
        realised, assumed: value-weighted means; > 0 is worse than the decision's price.
    """

    fills: int
    realised: float
    assumed: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a strategy may go live.

    Attributes:
        subject: which one exactly.
        items: every requirement.
    """

    subject: Subject
    items: tuple[Item, ...]

    @property
    def is_ready(self) -> bool:
        """Whether everything is met."""
        return all(item.verdict is Verdict.MET for item in self.items)

    @property
    def lacking(self) -> tuple[Item, ...]:
        """What is not met."""
        return tuple(item for item in self.items if item.verdict is not Verdict.MET)


_NAMES = {
    Trial.COSTS: "backtest with doubled costs",
    Trial.UNSEEN: "backtest on unseen days",
    Trial.LOOKAHEAD: "no lookahead",
    Trial.REFEREE: "referee",
    Trial.PARITY: "paper equals backtest",
    Trial.LIMITS: "loss limits armed",
    Trial.DRILL: "kill switch drill",
    Trial.ALERTS: "test alert",
    Trial.CHECKLIST: "checklist",
}
_REMEDIES = {
    Trial.COSTS: "slipway ready STRATEGY --collect",
    Trial.UNSEEN: "slipway ready STRATEGY --collect --test FROM:TO, days it was not made on",
    Trial.LOOKAHEAD: "slipway ready STRATEGY --collect",
    Trial.REFEREE: "slipway ready STRATEGY --collect",
    Trial.PARITY: "slipway ready STRATEGY --collect",
    Trial.LIMITS: "give it a daily loss or drawdown limit, then slipway ready STRATEGY --collect",
    Trial.DRILL: "slipway kill --drill while its paper session runs",
    Trial.ALERTS: "slipway doctor --alert --config FILE",
    Trial.CHECKLIST: "slipway ready STRATEGY --answer, the questions of docs/going-live.md",
}


def standing_of(
    subject: Subject, book: Sequence[Evidence], paper: PaperRecord, slippage: Slippage | None
) -> Standing:
    """Judge a strategy by its evidence; of each kind the last counts.

    Args:
        subject: which one exactly.
        book: the evidence, oldest first, of whatever.
        paper: what its paper sessions have come to.
        slippage: what its fills on paper have cost; None without any.
    """
    last = {trial: _last(trial, subject, book) for trial in Trial}
    items = [_item(trial, subject, found) for trial, found in last.items()]
    return Standing(subject, (*items, _days(paper), _findings(paper), _slippage(slippage)))


def _last(trial: Trial, subject: Subject, book: Sequence[Evidence]) -> Evidence | None:
    """The last of a kind for exactly this subject; without any, the last under its name."""
    named = [one for one in book if one.trial is trial and one.subject.strategy == subject.strategy]
    exact = [one for one in named if one.subject == subject]
    return next(reversed(exact or named), None)


def _item(trial: Trial, subject: Subject, found: Evidence | None) -> Item:
    name, remedy = _NAMES[trial], _REMEDIES[trial]
    if found is None:
        return Item(name, Verdict.MISSING, "not tried", remedy)
    if found.subject != subject:
        what = "code" if found.subject.code != subject.code else "configuration"
        return Item(
            name, Verdict.VOID, f"the {what} has changed since {utc_text(found.time)}", remedy
        )
    if not found.passed:
        return Item(name, Verdict.FAILED, found.detail, remedy)
    return Item(name, Verdict.MET, found.detail)


def _days(paper: PaperRecord) -> Item:
    name, have = "paper sessions at IB", len(paper.days)
    detail = f"{have} of {PAPER_DAYS} trading days"
    if paper.on_emulator:
        detail += f"; {len(paper.on_emulator)} on an emulator do not count"
    if paper.others:
        detail += f"; {len(paper.others)} of other code or configuration do not"
    if have >= PAPER_DAYS:
        return Item(name, Verdict.MET, detail)
    verdict = Verdict.VOID if paper.others and not have else Verdict.MISSING
    return Item(name, verdict, detail, "let it run on paper at Interactive Brokers")


def _findings(paper: PaperRecord) -> Item:
    name = "no unexplained finding"
    if not paper.days:
        return Item(name, Verdict.MISSING, "no paper session yet", "let it run on paper")
    if paper.unexplained:
        more = len(paper.unexplained) - 1
        detail = paper.unexplained[0] + (f"; and {more} more" if more else "")
        return Item(name, Verdict.FAILED, detail, "find out why; slipway journal shows when")
    return Item(name, Verdict.MET, f"none on {len(paper.days)} days")


def _slippage(slippage: Slippage | None) -> Item:
    name = "realised slippage"
    if slippage is None or slippage.fills < FEWEST_FILLS:
        have = 0 if slippage is None else slippage.fills
        detail = f"{have} of {FEWEST_FILLS} fills on paper measured"
        return Item(name, Verdict.MISSING, detail, "let it run on paper")
    detail = (
        f"{slippage.realised:.1f} bp over {slippage.fills} fills, {slippage.assumed:.1f} bp assumed"
    )
    if slippage.realised <= slippage.assumed:
        return Item(name, Verdict.MET, detail)
    remedy = "assume what it costs: slipway slippage --write FILE, and backtest again"
    return Item(name, Verdict.FAILED, detail, remedy)
