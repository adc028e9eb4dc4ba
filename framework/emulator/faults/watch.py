"""Whether a fault strikes: what it waits for, the n-th, the rate, how often still, and chance."""

from __future__ import annotations

__all__ = ["Key", "Watch", "Watched"]

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from framework.emulator.faults.dice import Dice
from framework.emulator.faults.fault import Fault
from framework.emulator.faults.fields import reads
from framework.emulator.faults.message import Direction, MessageView
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.faults.triggers import (
    OnAnswer,
    OnConnect,
    OnFault,
    OnRequest,
    OnStart,
    OnStatus,
    Per,
)

Key = tuple[int | None, ...]
"""What the n-th is counted of, and the rate: an order, a connection, a client, or all."""

_SECOND = 1.0


@dataclass(slots=True)
class Watched:
    """A fault and what has become of it.

    Attributes:
        fault: the fault.
        dice: its own.
        struck: how often.
        opportunities: how often it might have.
        seen: how many of what it waits for came.
        recent: when those of the last second came.
    """

    fault: Fault
    dice: Dice
    struck: int = 0
    opportunities: int = 0
    seen: Counter[Key] = field(default_factory=Counter)
    recent: defaultdict[Key, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.fault.times is not None and self.struck >= self.fault.times


class Watch:
    """All faults of a plan, found by what they wait for."""

    def __init__(self, plan: FaultPlan) -> None:
        self.all = [Watched(fault, Dice(plan.seed, row)) for row, fault in enumerate(plan.faults)]
        self._by_name = {one.fault.name: one for one in self.all}
        self._named: defaultdict[tuple[Direction, str], list[Watched]] = defaultdict(list)
        self._any: defaultdict[Direction, list[Watched]] = defaultdict(list)
        for one in self.all:
            if isinstance(one.fault.when, OnRequest):
                self._file(one, Direction.REQUEST, one.fault.when.request)
            elif isinstance(one.fault.when, OnAnswer):
                self._file(one, Direction.ANSWER, one.fault.when.answer)

    def _file(self, one: Watched, direction: Direction, messages: tuple[str, ...]) -> None:
        if not messages:
            self._any[direction].append(one)
        for message in messages:
            self._named[direction, message].append(one)

    def waiting(self, kind: type[OnConnect | OnStart | OnStatus]) -> Sequence[Watched]:
        """Those with a trigger of this kind."""
        return [one for one in self.all if isinstance(one.fault.when, kind)]

    def waiting_for(self, name: str) -> Sequence[Watched]:
        """Those that wait for the fault of this name."""
        return [
            one
            for one in self.all
            if isinstance(one.fault.when, OnFault) and one.fault.when.fault == name
        ]

    def concerning(self, view: MessageView) -> Sequence[Watched]:
        """Those that may strike on a message like this, in the plan's order."""
        named = self._named.get((view.direction, view.message), [])
        general = self._any[view.direction]
        if not named or not general:
            return named or general
        return [one for one in self.all if one in named or one in general]

    def strikes_on(self, one: Watched, view: MessageView, now: float) -> bool:
        """Whether it strikes on this message."""
        when = one.fault.when
        assert isinstance(when, OnAnswer | OnRequest)
        if one.spent or not _fits(when, view):
            return False
        key = _key(when.per, view)
        if when.rate is not None and not _exceeds(one.recent[key], when.rate, now):
            return False
        return self.strikes(one, key)

    def strikes(self, one: Watched, key: Key = ()) -> bool:
        """Whether it strikes, what it waits for having come."""
        if one.spent:
            return False
        one.seen[key] += 1
        nth = _nth(one.fault)
        if (nth is not None and one.seen[key] != nth) or not self._is_time(one):
            return False
        one.opportunities += 1
        if one.fault.chance < 1.0 and one.dice.draw() >= one.fault.chance:
            return False
        one.struck += 1
        return True

    def _is_time(self, one: Watched) -> bool:
        """Whether what must have struck has, and what must not has not."""
        when = one.fault.when
        since = "" if isinstance(when, OnFault) else when.since
        until = when.until if isinstance(when, OnAnswer | OnRequest) else ""
        if since and not self._by_name[since].struck:
            return False
        return not until or not self._by_name[until].struck


def _fits(when: OnAnswer | OnRequest, view: MessageView) -> bool:
    if when.client is not None and when.client != view.client_id:
        return False
    if when.order is not None and when.order != view.order_id:
        return False
    return not when.where or reads(view, when.where)


def _key(per: Per, view: MessageView) -> Key:
    if per is Per.ORDER:
        return (view.client_id, view.order_id)
    if per is Per.SESSION:
        return (view.session,)
    return (view.client_id,) if per is Per.CLIENT else ()


def _exceeds(recent: deque[float], rate: float, now: float) -> bool:
    recent.append(now)
    while recent[0] <= now - _SECOND:
        recent.popleft()
    return len(recent) > rate


def _nth(fault: Fault) -> int | None:
    when = fault.when
    if isinstance(when, OnStart):
        return None
    return when.connect if isinstance(when, OnConnect) else when.nth
