"""Tracked: what is known of one order of ours, whatever connection it went over."""

from __future__ import annotations

__all__ = ["Change", "Register", "Tracked"]

from collections.abc import Iterator
from dataclasses import dataclass, field

from framework.brokers.ib.listed import Listed
from framework.brokers.ib.translate_back import Shown
from framework.domain.arithmetic import filled_up
from framework.domain.events import OrderUpdate
from framework.domain.orders import DONE, Order, OrderStatus


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an order that is on its way: it has a life of its own.

    Attributes:
        before: the order as it works.
        wanted: as it shall work.
        since: seconds at which it was sent.
        is_upkeep: whether nobody asked for it: a protective order follows what it protects.
    """

    before: Order
    wanted: Order
    since: float
    is_upkeep: bool = False


@dataclass(slots=True, eq=False)
class Tracked:
    """One order of ours.

    Attributes:
        order: as it works, as far as is known.
        template: as it was submitted: a child's price may still be a distance there.
        listed: its contract.
        status: as reported last.
        order_id: the broker's number for our client id; 0 before it was given one.
        perms: its permanent ids; one order can get several.
        number: of submission.
        sent_at: seconds at which it was handed to the socket; None before.
        sent_time: nanoseconds UTC of the same.
        done_at: seconds at which it was known to be over; None before.
        heard: whether the broker has said anything that proves it knows it.
        shown: as the broker showed it last.
        broker_status: the broker's word for where it stands.
        filled, notional: units traded, and units x price.
        opened: those of them that opened a position.
        bound: quantity the broker was asked to keep it to, for it may open no more.
        reported: units the broker's status says have traded.
        short_since: seconds since which that is more than the executions that came.
        change: on its way; None without one.
        cancel_wanted: whether a cancel was asked for.
        cancel_sent: seconds at which it was sent; None while none is on its way.
        cancel_refused: whether the broker did not do it, and nobody was told yet.
        is_withdrawn: whether it was cancelled before it was sent.
        in_doubt: whether a connection ended since the broker was last heard of it.
        absences: complete looks at the broker's books in a row that did not show it.
        problem: the last refusal that was said of it.
        note: the last remark.
        untold: a remark that came before there was a state to tell it with.
        taken: whether its number was taken already, so that it never arrived.
        awaits: executions whose commission has not come.
        pending: updates that wait for those, each with the seconds until which it waits.
        upkeep: the change its protection asked for last.
    """

    order: Order
    template: Order
    listed: Listed
    status: OrderStatus
    number: int
    order_id: int = 0
    perms: set[int] = field(default_factory=set)
    sent_at: float | None = None
    sent_time: int = 0
    done_at: float | None = None
    heard: bool = False
    shown: Shown | None = None
    broker_status: str = ""
    filled: float = 0.0
    notional: float = 0.0
    opened: float = 0.0
    bound: float | None = None
    reported: float = 0.0
    short_since: float | None = None
    change: Change | None = None
    cancel_wanted: bool = False
    cancel_sent: float | None = None
    cancel_refused: bool = False
    is_withdrawn: bool = False
    in_doubt: bool = False
    absences: int = 0
    problem: str = ""
    note: str = ""
    untold: str = ""
    taken: bool = False
    awaits: set[str] = field(default_factory=set)
    pending: list[tuple[OrderUpdate, float]] = field(default_factory=list)
    upkeep: tuple[float, float | None, float | None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is over."""
        return self.status in DONE

    @property
    def remaining(self) -> float:
        """Units it may still trade."""
        return max(0.0, self.order.quantity - self.filled)

    @property
    def average(self) -> float:
        """Average price of what has traded; 0 before."""
        return self.notional / self.filled if self.filled else 0.0

    @property
    def is_protective(self) -> bool:
        """Whether it protects an entry."""
        return self.template.parent is not None

    def take(self, units: float, price: float) -> None:
        """Count units traded; negative ones were counted wrongly before."""
        self.filled = max(0.0, filled_up(self.filled, units, self.order.quantity))
        self.notional = self.notional + units * price if self.filled else 0.0

    def recognised(self) -> None:
        """The broker knows it."""
        self.heard = True
        self.in_doubt = False
        self.absences = 0


class Register:
    """Every order of ours, by each of its names."""

    def __init__(self) -> None:
        self._by_id: dict[str, Tracked] = {}
        self._by_number: dict[int, Tracked] = {}
        self._by_perm: dict[int, Tracked] = {}
        self._live: dict[str, Tracked] = {}

    def __iter__(self) -> Iterator[Tracked]:
        return iter(self._by_id.values())

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._by_id

    def __len__(self) -> int:
        return len(self._by_id)

    def live(self) -> list[Tracked]:
        """Those that are not over, in order of submission."""
        over = [name for name, one in self._live.items() if one.is_done]
        for name in over:
            del self._live[name]
        return list(self._live.values())

    def add(self, tracked: Tracked) -> None:
        """Know one more."""
        self._by_id[tracked.order.id] = tracked
        self._live[tracked.order.id] = tracked
        for perm in tracked.perms:
            self._by_perm[perm] = tracked

    def get(self, order_id: str | None) -> Tracked | None:
        """By our id."""
        return None if order_id is None else self._by_id.get(order_id)

    def by_number(self, number: int) -> Tracked | None:
        """By the broker's number for our client id."""
        return self._by_number.get(number)

    def by_perm(self, perm: int) -> Tracked | None:
        """By permanent id."""
        return self._by_perm.get(perm) if perm else None

    def number(self, tracked: Tracked, number: int) -> None:
        """It goes by this number now, and by no other."""
        if number > 0 and number != tracked.order_id:
            if self._by_number.get(tracked.order_id) is tracked:
                del self._by_number[tracked.order_id]
            tracked.order_id = number
        if number > 0:
            self._by_number[number] = tracked

    def bind(self, tracked: Tracked, perm: int) -> None:
        """It has this permanent id, too."""
        if perm:
            tracked.perms.add(perm)
            self._by_perm[perm] = tracked

    def forget_numbers(self) -> None:
        """Numbers are of a connection that has ended: another session may give them out anew."""
        self._by_number.clear()
