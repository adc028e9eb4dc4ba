"""Facts: what a journal says that must survive a restart, folded row by row."""

from __future__ import annotations

__all__ = ["FACT_KINDS", "UNDONE", "Facts", "fill_id", "fill_key"]

from framework.domain.events import CHANGE_REFUSED, REPLACED, Fill, OrderUpdate
from framework.domain.orders import DONE, Order, OrderStatus
from framework.domain.references import References, tag_of
from framework.engine.journal_rows import (
    Adopted,
    Bound,
    Cancel,
    Cleared,
    EventBatch,
    IdFloor,
    Intent,
    Replace,
    RiskState,
    Row,
    SeenExecution,
    Started,
    Stopped,
    Submit,
)
from framework.engine.reconcile_nouns import Baseline
from framework.engine.reconcile_snapshot import execution_key

FACT_KINDS = (
    "started",
    "stopped",
    "adopted",
    "submit",
    "replace",
    "cancel",
    "cleared",
    "events",
    "risk",
    "floor",
    "bound",
    "execution",
)
"""The rows facts are folded from."""

_SILENT = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})
"""States of an order the broker need not have heard of."""


UNDONE = "~"
"""Ends the id of a fill that takes back one that was corrected."""


def fill_id(order: str, exec_id: str) -> str:
    """The id of the fill an execution of an order becomes."""
    return f"{order}/{exec_id}"


def fill_key(name: str) -> str:
    """What a fill's id has in common with those of its corrections."""
    exec_id = name.rpartition("/")[2]
    return execution_key(exec_id) if "." in exec_id else name


class Facts:
    """What must survive a restart; `fold` keeps it up to date.

    Attributes:
        started, stopped: the last session's first and last row.
        runs: how many sessions began.
        references: what its orders are called at the broker: the first session has said so.
        floor: every IB order id below it may have been used.
        perm_ids: by order id, its permIds in the order they came.
        executions: by key, full ids of the executions booked or taken note of.
        held: by order id, orders that wait for being cleared: they have not been sent.
        sessions: by order id, the trading day it was sent on.
        sent_at: by order id, nanoseconds UTC of the sending.
        submitted: by order id, the order as it was sent, or as a change of it was taken.
        changes: by order id, what it was to become, while nobody has said whether it has.
        reported: by order id, the last report of its state.
        acknowledged: orders the broker has said something of.
        let_go: orders we asked to cancel.
        risk: what loss limits are measured against; None before the first.
        baseline: what the account holds that is none of ours.
    """

    def __init__(self) -> None:
        self.started: Started | None = None
        self.stopped: Stopped | None = None
        self.runs = 0
        self.references = References()
        self.floor = 0
        self.perm_ids: dict[str, tuple[int, ...]] = {}
        self.executions: dict[str, str] = {}
        self.held: dict[str, Order] = {}
        self.sessions: dict[str, int] = {}
        self.sent_at: dict[str, int] = {}
        self.submitted: dict[str, Order] = {}
        self.changes: dict[str, list[Order]] = {}
        self.reported: dict[str, OrderUpdate] = {}
        self.acknowledged: set[str] = set()
        self.let_go: set[str] = set()
        self.risk: RiskState | None = None
        self.baseline = Baseline()

    def references_at(self, time: int, client_id: int) -> References:
        """What the orders of a session that begins are called: as the journal has it, and as none
        before where nothing is written in it yet.

        Args:
            time: nanoseconds UTC.
            client_id: of the connection that trades.
        """
        return self.references if self.runs else References(tag_of(time, client_id))

    def fold(self, row: Row) -> None:
        """Take in one row."""
        match row:
            case EventBatch():
                self._reports(row)
            case Submit() | Replace() | Cancel():
                self._sent(row)
            case Cleared():
                for name in row.orders:
                    self._leave(self.held.pop(name), row.time, row.session)
            case Bound():
                self._bind(row)
            case IdFloor():
                self.floor = max(self.floor, row.order_id)
            case SeenExecution():
                self.executions[execution_key(row.exec_id)] = row.exec_id
            case RiskState():
                self.risk = row
            case Adopted():
                self.baseline = self.baseline.after(row.facts)
            case Started():
                self._begun(row)
            case Stopped():
                self.stopped = row
            case _:
                pass

    def _begun(self, row: Started) -> None:
        if not self.runs:
            self.references = References(row.tag)
        self.started, self.stopped = row, None
        self.runs += 1

    def _sent(self, row: Intent) -> None:
        match row:
            case Submit():
                for order in row.orders:
                    if row.held:
                        self.held[order.id] = order
                    else:
                        self._leave(order, row.time, row.session)
            case Replace():
                self.changes.setdefault(row.order.id, []).append(row.order)
            case Cancel():
                self.let_go.add(row.order)

    def _leave(self, order: Order, time: int, session: int) -> None:
        self.sessions[order.id] = session
        self.sent_at[order.id] = time
        self.submitted[order.id] = order

    def _reports(self, batch: EventBatch) -> None:
        for event in batch.events:
            if isinstance(event, Fill):
                if not event.id.endswith(UNDONE):
                    self.executions[fill_key(event.id)] = event.id.rpartition("/")[2]
                self.acknowledged.add(event.order.id)
            elif isinstance(event, OrderUpdate):
                self._report(event)

    def _report(self, update: OrderUpdate) -> None:
        name = update.order.id
        self.reported[name] = update
        if update.status in DONE:
            self.held.pop(name, None)
        if update.status not in _SILENT:
            self.acknowledged.add(name)
        changes = self.changes.get(name)
        if not changes:
            return
        if update.reason == REPLACED:
            self.submitted[name] = changes.pop(0)
        elif update.reason.startswith(CHANGE_REFUSED):
            changes.pop()
        if update.status in DONE or not changes:
            del self.changes[name]

    def _bind(self, row: Bound) -> None:
        known = self.perm_ids.get(row.order, ())
        if row.perm_id and row.perm_id not in known:
            self.perm_ids[row.order] = (*known, row.perm_id)
        self.floor = max(self.floor, row.order_id + 1)
        self.acknowledged.add(row.order)
