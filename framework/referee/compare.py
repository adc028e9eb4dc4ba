"""Compare: the same strategy on our broker and on backtrader's, order by order."""

from __future__ import annotations

__all__ = ["Row", "Verdict", "referee", "run_on_backtrader"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from framework.backtest.cast import Cast
from framework.backtest.joining import joins_of
from framework.backtest.machine import Machine, Market
from framework.backtest.record import OrderRecord, RunRecord
from framework.backtest.settings import BacktestSettings
from framework.domain.arithmetic import same
from framework.domain.bars import Bars
from framework.domain.orders import OrderStatus
from framework.ports import Progress
from framework.referee.broker import CerebroBroker
from framework.referee.cerebro import on_cerebro
from framework.referee.outcome import Outcome
from framework.referee.translate import costs_of
from framework.referee.twin import Difference, Twin
from framework.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Row:
    """One order on both sides.

    Attributes:
        ours: how it ended here.
        theirs: what backtrader made of it, up to the first difference; None if nothing.
        differences: where they part, empty if nowhere.
    """

    ours: OrderRecord
    theirs: Outcome | None
    differences: tuple[Difference, ...]

    @property
    def is_unexplained(self) -> bool:
        """Whether a difference has no rule."""
        return any(not difference.rule for difference in self.differences)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the referee found.

    Attributes:
        ours: the run on the simulated broker.
        alone: the run on backtrader alone, each difference with all its consequences.
        rows: every order, in order of leaving.
        path: how the two runs part although no order differs; empty as it should be.
    """

    ours: RunRecord
    alone: RunRecord
    rows: tuple[Row, ...]
    path: str

    @property
    def differing(self) -> int:
        """Orders that need a rule."""
        return sum(bool(row.differences) for row in self.rows)

    @property
    def unexplained(self) -> int:
        """Orders with a difference no rule predicts, and runs that part by themselves."""
        return sum(row.is_unexplained for row in self.rows) + bool(self.path)

    @property
    def rules(self) -> Counter[str]:
        """How many differences each rule explains."""
        return Counter(d.rule for row in self.rows for d in row.differences if d.rule)


def run_on_backtrader(
    strategy: type[Strategy],
    bars: Sequence[Bars],
    settings: BacktestSettings | None = None,
    parameters: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> RunRecord:
    """Backtest a strategy class on bars with backtrader as the broker.

    The arguments, and what comes back, are those of `framework.backtest.run.run`.

    Raises:
        ConfigError: backtrader lacks a part of the settings.
        LookaheadError: an indicator or condition knows the future.
    """
    settings = settings or BacktestSettings()
    series = tuple(bars)
    broker = CerebroBroker(series, settings)
    cast = Cast(strategy, series, settings, dict(parameters or {}))
    cast.inspect()
    machine = Machine(cast, {}, market=lambda simulated: broker, joins=joins_of(cast))
    return machine.record(machine.play(progress, on_cerebro(broker, series)))


def referee(
    strategy: type[Strategy],
    bars: Sequence[Bars],
    settings: BacktestSettings | None = None,
    parameters: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Play a strategy on our simulated broker and have backtrader call every play.

    Args:
        strategy: the class.
        bars: one per symbol, in subscription order.
        settings: the parts.
        parameters: of the strategy, by name.
        progress: told now and then how far both plays, one after the other, have come.

    Raises:
        ConfigError: backtrader lacks a part of the settings.
        LookaheadError: an indicator or condition knows the future.
    """
    settings = settings or BacktestSettings()
    series, given = tuple(bars), dict(parameters or {})
    theirs = CerebroBroker(series, settings)
    twins: list[Twin] = []

    def pair(simulated: Market) -> Twin:
        twins.append(Twin(simulated, theirs, series, costs_of(settings)))
        return twins[0]

    cast = Cast(strategy, series, settings, given)
    machine = Machine(cast, {}, rehearsal=True, market=pair, joins=joins_of(cast))
    twin = twins[0]
    cast.inspect()
    error = machine.play(_part(progress, 0), on_cerebro(theirs, series, after=twin.compare))
    ours = machine.record(error)
    alone = run_on_backtrader(strategy, series, settings, given, _part(progress, 1))
    rows = tuple(_rows(ours, twin))
    path = "" if any(row.differences for row in rows) else _parting(ours, alone)
    return Verdict(ours, alone, rows, path)


def _part(progress: Progress | None, before: int) -> Progress | None:
    """What to tell of one of two plays of the same length, after `before` others."""
    if progress is None:
        return None
    return lambda done, total: progress(before * total + done, 2 * total)


def _rows(ours: RunRecord, twin: Twin) -> list[Row]:
    by_order: dict[str, list[Difference]] = {}
    for difference in twin.differences:
        by_order.setdefault(difference.order_id, []).append(difference)
    return [
        Row(record, twin.theirs.get(record.order.id), tuple(by_order.get(record.order.id, ())))
        for record in ours.orders
    ]


def _parting(ours: RunRecord, alone: RunRecord) -> str:
    """Where backtrader alone does otherwise; empty if the runs are the same."""
    if ours.error != alone.error:
        return f"ours ended with {ours.error or 'nothing'!r}, backtrader's with {alone.error!r}"
    if len(ours.orders) != len(alone.orders):
        return f"{len(ours.orders)} orders left here, {len(alone.orders)} on backtrader"
    for mine, other in zip(ours.orders, alone.orders, strict=True):
        if not _same_record(mine, other):
            return f"{mine.order.id} is not the same on backtrader alone"
    if abs(ours.equity[-1] - alone.equity[-1]) > _CENT:
        return f"equity is {ours.equity[-1]:,.2f} here, {alone.equity[-1]:,.2f} on backtrader"
    return ""


_CENT = 0.01


def _same_record(mine: OrderRecord, other: OrderRecord) -> bool:
    return (
        mine.order.id == other.order.id
        and _final(mine.status) is _final(other.status)
        and same(mine.filled, other.filled)
        and same(mine.average_price, other.average_price)
    )


def _final(status: OrderStatus) -> OrderStatus:
    """The status; those of an order that works are one."""
    working = (OrderStatus.SENT, OrderStatus.HELD, OrderStatus.PARTIAL, OrderStatus.WORKING)
    return OrderStatus.WORKING if status in working else status
