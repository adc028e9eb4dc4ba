"""Judges what the broker shows of orders: echoes, statuses, and orders that are over."""

from __future__ import annotations

__all__ = ["OrderFold"]

from dataclasses import replace

from framework.brokers.ib.external import ExternalEnd, ExternalOrder, external_order
from framework.brokers.ib.facts import CompletedSeen, OpenSeen, StatusSeen
from framework.brokers.ib.numbers import price
from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.translate_back import Shown, shown_of
from framework.brokers.ib.translate_order import provisional
from framework.brokers.ib.work import Work
from framework.domain.arithmetic import same
from framework.domain.events import CHANGE_REFUSED, REPLACED
from framework.domain.orders import Order, OrderStatus

_ALIVE = frozenset({"PreSubmitted", "Submitted"})
_COMING = frozenset({"PendingSubmit", "ApiPending", "ApiUpdate"})
_ENDED = frozenset({"Cancelled", "ApiCancelled"})


class OrderFold:
    """Turns what is shown of orders into updates.

    Statuses are hints: what has traded is known from executions alone, what came late changes
    nothing, and nothing brings an order back that is over.

    Args:
        work: shared.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._externals: dict[int, ExternalOrder] = {}
        self._over: list[tuple[Tracked, CompletedSeen]] = []

    # what is shown ------------------------------------------------------------------------

    def opened(self, seen: OpenSeen) -> Tracked | None:
        """An order is shown; ours, if it is one of ours."""
        work, wire = self._work, seen.order
        tracked = self.ours(wire.permId, wire.orderRef)
        if tracked is None:
            self._others(seen)
            return None
        work.register.bind(tracked, wire.permId)
        if wire.clientId == work.client_id:
            work.register.number(tracked, wire.orderId)
        tracked.recognised()
        self._show(tracked, shown_of(wire))
        self.status(tracked, seen.state.status, None)
        return tracked

    def _others(self, seen: OpenSeen) -> None:
        """Somebody else's order: told when it is new, or has changed."""
        work = self._work
        if seen.order.account in ("", work.account):
            order = external_order(seen, work.book)
            if self._externals.get(order.perm_id) != order:
                self._externals[order.perm_id] = order
                work.externals.append(order)

    def ours(self, perm_id: int, reference: str) -> Tracked | None:
        """Our order with this permanent id, or with this reference."""
        found = self._work.register.by_perm(perm_id)
        return self._work.called(reference) if found is None else found

    def told(self, seen: StatusSeen) -> None:
        """A status is told."""
        work = self._work
        tracked = work.register.by_perm(seen.perm_id)
        if tracked is None:
            tracked = self._by_number(seen)
        if tracked is None:
            if seen.status in _ENDED and seen.perm_id:
                work.externals.append(ExternalEnd(seen.perm_id, work.clock.now()))
            return
        if seen.status not in _COMING:
            tracked.recognised()
        if seen.why_held:
            self._remark(tracked, f"held: {seen.why_held}")
        tracked.reported = max(tracked.reported, seen.filled)
        self.status(tracked, seen.status, seen.filled)

    def _by_number(self, seen: StatusSeen) -> Tracked | None:
        """By the number: only of an order no permanent id is known of. Numbers come back."""
        if seen.client_id != self._work.client_id:
            return None
        tracked = self._work.register.by_number(seen.order_id)
        if tracked is None:
            return None
        if tracked.perms and seen.perm_id:
            self._work.ask(f"order {seen.order_id} was told of under another permanent id")
            return None
        self._work.register.bind(tracked, seen.perm_id)
        return tracked

    def completed(self, seen: CompletedSeen) -> None:
        """An order that is over is shown. What it traded before is told first: see `ended`."""
        wire = seen.order
        tracked = self.ours(wire.permId, wire.orderRef)
        if tracked is None:
            return
        self._work.register.bind(tracked, wire.permId)
        if not tracked.is_done:
            tracked.recognised()
            self._show_last(tracked, shown_of(wire))
            self._over.append((tracked, seen))

    def ended(self) -> None:
        """A look at the broker's books is whole: the orders that were shown to be over end now."""
        over, self._over = self._over, []
        for tracked, seen in over:
            self._end(tracked, seen)

    def ended_mates(self) -> None:
        """Another order is about to trade: what a fill before it has ended has ended before it."""
        for tracked, seen in self._over:
            if not tracked.is_done and self._has_filled_mate(tracked):
                self._end(tracked, seen)

    def _has_filled_mate(self, tracked: Tracked) -> bool:
        parent, group = tracked.template.parent, tracked.template.oca
        return any(
            one.status is OrderStatus.FILLED
            and (
                (parent is not None and one.template.parent == parent)
                or (group is not None and one.template.oca == group)
            )
            for one, _ in self._over
        )

    def _end(self, tracked: Tracked, seen: CompletedSeen) -> None:
        if tracked.is_done:
            return
        self._work.stir(tracked)
        state = seen.state
        if state.status == "Inactive":
            self.rejected(tracked, state.completedStatus or tracked.problem)
        else:
            filled = price(seen.order.filledQuantity)
            self.status(tracked, state.status, filled, state.completedStatus)

    # what it means ------------------------------------------------------------------------

    def status(self, tracked: Tracked, status: str, filled: float | None, reason: str = "") -> None:
        """The broker's word for where an order stands.

        Args:
            tracked: the order.
            status: the word.
            filled: units the same message says have traded; None where it does not say.
            reason: in words.
        """
        if tracked.is_done:
            return
        stale = filled is not None and filled < tracked.filled and not same(filled, tracked.filled)
        if status in _ENDED:
            tracked.broker_status = status
            self._work.end(tracked, reason or tracked.problem or "")
        elif stale:
            return
        elif status == "Filled":
            tracked.broker_status = status
            self._says_filled(tracked, filled)
        elif status == "Inactive":
            tracked.broker_status = status
            self._inactive(tracked)
        elif status == "PendingCancel":
            if tracked.cancel_sent is None and tracked.status is not OrderStatus.CANCELLING:
                self._work.update(tracked, OrderStatus.CANCELLING, "its cancel is on the way")
        elif status in _ALIVE:
            tracked.broker_status = status
            self._alive(tracked)

    def _alive(self, tracked: Tracked) -> None:
        if tracked.cancel_sent is not None:
            return
        if tracked.filled > 0.0:
            wanted = OrderStatus.PARTIAL
        elif tracked.status is OrderStatus.HELD or self._waits(tracked):
            wanted = OrderStatus.HELD
        else:
            wanted = OrderStatus.WORKING
        if tracked.status is OrderStatus.UNKNOWN and wanted is OrderStatus.HELD:
            wanted = OrderStatus.WORKING
        if tracked.status is OrderStatus.PARTIAL and wanted is OrderStatus.PARTIAL:
            return
        if tracked.status is not wanted:
            told, tracked.untold = tracked.untold, ""
            self._work.update(tracked, wanted, told)

    def _waits(self, tracked: Tracked) -> bool:
        """Whether a child's entry has opened nothing it could protect."""
        parent = self._work.register.get(tracked.template.parent)
        if parent is None or parent.is_done:
            return False
        lots = self._work.lot_book(tracked.order.symbol)
        return lots.left(parent.order.id) == 0.0 and tracked.status in _NOT_YET

    def _says_filled(self, tracked: Tracked, filled: float | None) -> None:
        """The status says it is filled. Executions say how much of it, and they may come later."""
        short = tracked.filled == 0.0 if filled is None else not same(filled, tracked.filled)
        if short:
            if tracked.short_since is None:
                tracked.short_since = self._work.seconds()
            return
        if tracked.filled < tracked.order.quantity and filled is not None:
            self._work.quantity(tracked, tracked.filled)
        if same(tracked.filled, tracked.order.quantity):
            self.filled(tracked)

    def filled(self, tracked: Tracked) -> None:
        """All of it has traded."""
        tracked.change = None
        tracked.cancel_sent = None
        self._work.update(tracked, OrderStatus.FILLED)

    def _inactive(self, tracked: Tracked) -> None:
        """Rejected, if a reason was given; else the broker keeps it and may go on with it."""
        if tracked.problem:
            self.rejected(tracked, tracked.problem)
        elif tracked.cancel_sent is None:
            self._remark(tracked, "the broker calls it inactive")
            self._work.ask(f"{tracked.order.id} is inactive, and nobody said why")

    def rejected(self, tracked: Tracked, reason: str) -> None:
        """It is not taken."""
        tracked.change = None
        tracked.cancel_sent = None
        self._work.update(tracked, OrderStatus.REJECTED, reason)

    def _remark(self, tracked: Tracked, note: str) -> None:
        """Keep a remark with an order that works on."""
        if note != tracked.note:
            tracked.note = note
            if tracked.status not in _NOT_YET:
                self._work.update(tracked, tracked.status, note)
            else:
                tracked.untold = note

    def remark(self, tracked: Tracked, note: str) -> None:
        """Keep a remark with an order that works on."""
        tracked.recognised()
        self._remark(tracked, note)

    # echoes -------------------------------------------------------------------------------

    def _show(self, tracked: Tracked, shown: Shown) -> None:
        """Compare an echo with what was wanted, and take over what the broker moves itself."""
        tracked.shown = shown
        order = tracked.order
        if order.trail is not None and shown.stop is not None:
            limit = shown.limit if order.terms.limit_offset is not None else order.limit
            if not _same_price(order.stop, shown.stop) or not _same_price(order.limit, limit):
                is_first = order.stop is None
                tracked.order = order = replace(order, stop=shown.stop, limit=limit)
                if is_first and tracked.status not in _NOT_YET and not tracked.is_done:
                    self._work.update(tracked, tracked.status)  # what it binds and risks is known
        if tracked.change is None:
            self._compare(tracked, order, shown)
        elif _matches(self._priced(tracked), shown):
            self._changed(tracked)

    def _show_last(self, tracked: Tracked, shown: Shown) -> None:
        """What an order that is over was at last: how far it has trailed, and whether a change that
        was on its way came in time."""
        if tracked.order.trail is not None and shown.stop is not None:
            tracked.order = replace(tracked.order, stop=shown.stop)
        if tracked.change is not None and _matches(self._priced(tracked), shown):
            self._changed(tracked)

    @staticmethod
    def _priced(tracked: Tracked) -> Order:
        """The change on its way as the broker is to show it: a distance as a provisional price."""
        assert tracked.change is not None
        wanted = tracked.change.wanted
        return provisional(wanted, wanted.decision_price, tracked.listed.instrument)

    def _compare(self, tracked: Tracked, order: Order, shown: Shown) -> None:
        if tracked.is_protective or tracked.is_done:
            return
        if shown.outside_hours != order.terms.outside_hours:
            has = "works" if shown.outside_hours else "does not work"
            self._remark(tracked, f"the broker has it that the order {has} outside regular hours")
        elif shown.tif is not order.tif:
            self._remark(tracked, f"the broker has made it a {shown.tif} order")
        elif order.oca is not None and shown.quantity not in (order.quantity, tracked.bound):
            self._work.quantity(tracked, shown.quantity)
            if shown.quantity > tracked.filled and tracked.status not in _NOT_YET:
                self._work.update(tracked, tracked.status, "reduced with its group")

    def _changed(self, tracked: Tracked) -> None:
        """The broker shows an order as it was to become."""
        change = tracked.change
        assert change is not None
        tracked.change = None
        if change.is_upkeep:
            return
        wanted = change.wanted
        if wanted.trail is not None:
            wanted = replace(wanted, stop=tracked.order.stop, limit=tracked.order.limit)
        tracked.order = tracked.template = wanted
        self._work.update(tracked, tracked.status, REPLACED)

    def refused_change(self, tracked: Tracked, reason: str) -> None:
        """A change was not taken: the order works on as it was."""
        change = tracked.change
        assert change is not None
        tracked.change = None
        if change.is_upkeep:
            self._work.alert(f"{tracked.order.id} does not follow what it protects: {reason}")
        if not tracked.is_done:
            trails = change.before.trail is not None
            stop = tracked.order.stop if trails else change.before.stop
            tracked.order = replace(change.before, stop=stop)
            self._work.update(tracked, tracked.status, f"{CHANGE_REFUSED}: {reason}")


_NOT_YET = frozenset({OrderStatus.HELD, OrderStatus.SENT})


def _same_price(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return same(mine, theirs)


def _matches(wanted: Order, shown: Shown) -> bool:
    """Whether an echo shows what was wanted."""
    if not same(wanted.quantity, shown.quantity) or wanted.tif is not shown.tif:
        return False
    if wanted.trail is not None:
        return _same_price(wanted.trail.amount, shown.distance) and _same_price(
            wanted.trail.percent, shown.percent
        )
    return _same_price(wanted.limit, shown.limit) and _same_price(wanted.stop, shown.stop)
