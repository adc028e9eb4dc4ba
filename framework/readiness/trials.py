"""Trials: what a machine can find out about a strategy on its bars, each as evidence."""

from __future__ import annotations

__all__ = ["PARITY_INSTANTS", "TRIALS", "collect", "unseen_plan"]

from collections.abc import Callable, Iterator
from dataclasses import replace

from framework.components.breakers import DailyLoss, DailyLossMoney, MaxDrawdown
from framework.config.plan import Plan, plan_of
from framework.config.request import Request
from framework.errors import LookaheadError, SlipwayError
from framework.readiness.comparing import differences, played_twice
from framework.readiness.doubled import doubled
from framework.readiness.evidence import Evidence, Trial
from framework.readiness.subject import Subject
from framework.research.backtest import play
from framework.research.results import Result
from framework.sweeps.unseen import Days, restricted

PARITY_INSTANTS = 2_000
"""Instants a session over the wire is played for, the last ones; it is slower than a backtest."""

Outcome = tuple[bool, str]
"""Whether it came out well, and the figures in one sentence."""
_LOSS_LIMITS = (DailyLoss, DailyLossMoney, MaxDrawdown)


def collect(
    subject: Subject, plan: Plan, unseen: Plan | None, now: Callable[[], int]
) -> Iterator[Evidence]:
    """Try everything, one after the other; each result as soon as it is there.

    Args:
        subject: what the evidence will be about.
        plan: the run, as its backtest has it.
        unseen: the same on days the strategy was not made on; None leaves that trial out.
        now: nanoseconds UTC.
    """
    for trial, attempt in TRIALS.items():
        passed, detail = _tried(attempt, plan)
        yield Evidence(subject, trial, now(), passed, detail, plan.market.sha256)
    if unseen is not None:
        passed, detail = _tried(_gains, unseen)
        detail = f"{unseen.request.start} to {unseen.request.last or 'the end'}: {detail}"
        yield Evidence(subject, Trial.UNSEEN, now(), passed, detail, unseen.market.sha256)


def unseen_plan(request: Request, days: Days) -> Plan:
    """The run on other days alone; the bars before them are history.

    Raises:
        InputError: there are no such days.
    """
    return plan_of(restricted(request, days))


def _tried(attempt: Callable[[Plan], Outcome], plan: Plan) -> Outcome:
    """What comes of an attempt; one that cannot be made has failed, and says why."""
    try:
        return attempt(plan)
    except SlipwayError as error:
        return False, str(error)


def _looks_ahead(plan: Plan) -> Outcome:
    try:
        result = play(plan)
    except LookaheadError as error:
        return False, str(error)
    if result.record.error:
        return False, f"the strategy stopped: {result.record.error}"
    return True, f"none found on {len(result.record.equity):,} instants"


def _gains(plan: Plan) -> Outcome:
    return _judged(play(plan))


def _gains_at_double_cost(plan: Plan) -> Outcome:
    return _judged(play(replace(plan, settings=doubled(plan.settings))))


def _judged(result: Result) -> Outcome:
    if result.record.error:
        return False, f"the strategy stopped: {result.record.error}"
    figures, trades = result.summary.strategy, result.summary.activity.trades
    detail = (
        f"{figures.total_return:+.1%} in {trades} closed trades, Sharpe ratio "
        f"{figures.sharpe:.2f}, drawdown {figures.max_drawdown:.1%}"
    )
    return figures.total_return > 0.0 and bool(result.record.fills), detail


def _is_refereed(plan: Plan) -> Outcome:
    from framework.referee.compare import referee  # noqa: PLC0415  # loads backtrader

    plan.alone("The referee")
    verdict = referee(plan.found.cls, plan.market.bars, plan.settings, plan.parameters)
    detail = f"{len(verdict.rows)} orders, {verdict.unexplained} unexplained differences"
    return not verdict.unexplained and not verdict.ours.error, detail


def _is_at_par(plan: Plan) -> Outcome:
    most = min(PARITY_INSTANTS, max(len(one) for one in plan.market.bars))
    bars = [one.take(max(0, len(one) - most), len(one)) for one in plan.market.bars]
    settings = replace(plan.settings, start=None)
    backtest, session = played_twice(plan.strategies, bars, settings, plan.parameters)
    found = differences(backtest, session)
    if found:
        return False, f"{len(found)} differences, the first: {found[0]}"
    return True, f"{len(backtest.fills)} fills equal on the last {most:,} bars"


def _is_limited(plan: Plan) -> Outcome:
    armed = [one for one in plan.settings.breakers if isinstance(one, _LOSS_LIMITS)]
    if not armed:
        return False, "no daily loss or drawdown limit"
    return True, ", ".join(map(str, armed))


TRIALS: dict[Trial, Callable[[Plan], Outcome]] = {
    Trial.LIMITS: _is_limited,
    Trial.LOOKAHEAD: _looks_ahead,
    Trial.COSTS: _gains_at_double_cost,
    Trial.REFEREE: _is_refereed,
    Trial.PARITY: _is_at_par,
}
"""What can be tried on any bars, the quick ones first."""
