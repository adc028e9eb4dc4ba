"""The injector: a plan at work. It is told what happens and answers what really happens instead."""

from __future__ import annotations

__all__ = ["Injector", "Step"]

from collections.abc import Sequence
from dataclasses import replace

from framework.emulator.faults import acts
from framework.emulator.faults.batch import Batch, Held
from framework.emulator.faults.later import Begin, Now, Release, Rest, Start, Undo
from framework.emulator.faults.message import ConnectVerdict, Delivery, Direction, MessageView
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.faults.report import Report
from framework.emulator.faults.scene import Cause
from framework.emulator.faults.stage import Stage
from framework.emulator.faults.triggers import OnConnect, OnStart, OnStatus, Place
from framework.emulator.faults.verbs import expanded
from framework.emulator.faults.verbs_wire import Refuse, Silent, Wait
from framework.emulator.faults.watch import Watch, Watched

Step = Delivery | acts.Act
"""One thing to do now: hand a message on, or perform an act."""


class Injector:
    """Faults of one plan, at work on one server. Pure: no sockets, no clock.

    Times are seconds on any clock that never goes back; `started` is its reading when the server
    began to listen. Whoever runs the server

    - asks `on_connect` for each accepted connection, before a byte of it is read;
    - shows every request to `on_request` before the exchange sees it, and every answer to
      `on_answer` before it is written, and performs the steps *instead*, at once and in order: a
      message that passes unharmed comes back as its own Delivery;
    - tells `on_close` that a connection ended, whoever ended it;
    - may tell `on_status` of a status an order reached that no answer told anybody (the client is
      away); OrderStatus answers are noticed without it, and telling twice does no harm;
    - performs what `due` gives after each of these, and again when `next_due` is reached.
    """

    def __init__(self, plan: FaultPlan, started: float = 0.0) -> None:
        self._watch = Watch(plan)
        self._stage = Stage(self._watch)
        self._held: list[Held] = []
        self._statuses: dict[tuple[int | None, int | None], str] = {}
        for one in self._watch.waiting(OnStart):
            assert isinstance(one.fault.when, OnStart)
            self._stage.agenda.add(
                started + self._stage.drawn(one, one.fault.when.start), Start(one)
            )

    def on_connect(self, session: int, now: float) -> ConnectVerdict:
        """What becomes of a connection. One that is refused gets no `on_close`."""
        if self._stage.lasts(acts.OpenPort(), now) or self._stage.lasts(acts.ComeUp(), now):
            return ConnectVerdict.REFUSE
        self._stage.meet(session, None)
        verdict = ConnectVerdict.SERVE
        for one in self._watch.waiting(OnConnect):
            if not self._watch.strikes(one):
                continue
            cause = Cause(f"connection {session}", session)
            if self._stage.postponed(one, cause, now):
                continue
            verdict = _verdict(one) or verdict
            for step in self._stage.play(one, cause, now):
                self._stage.agenda.add(now, Now(step))
        if verdict is ConnectVerdict.REFUSE:
            self._stage.part(session)
        return verdict

    def on_close(self, session: int, now: float) -> None:
        """A connection ended: what was held of it is forgotten."""
        del now
        self._held = [one for one in self._held if one.delivery.session != session]
        self._stage.part(session)

    def on_request(self, view: MessageView, now: float) -> tuple[Step, ...]:
        """What happens instead of this request being handed to the exchange."""
        return tuple(self._through(view, now))

    def on_answer(self, view: MessageView, now: float) -> tuple[Step, ...]:
        """What happens instead of this answer being written."""
        steps = self._through(view, now)
        if view.message == "OrderStatus" and self._watch.waiting(OnStatus):
            steps += self._told(view, now)
        return tuple(steps)

    def on_status(self, client_id: int, order_id: int, status: str, now: float) -> tuple[Step, ...]:
        """What else happens when an order reaches a status."""
        return tuple(self._reached(client_id, order_id, status, now))

    def due(self, now: float) -> tuple[Step, ...]:
        """What the time has come for: held messages, late acts, the ends of lasting ones."""
        steps: list[Step] = []
        while (entry := self._stage.agenda.pop(now)) is not None:
            time, thing = entry
            if isinstance(thing, Start):
                steps += self._started(thing.watched, time)
            elif isinstance(thing, Begin):
                steps += self._stage.play(thing.watched, thing.cause, time)
            elif isinstance(thing, Rest):
                steps += self._stage.perform(thing, time)
            elif isinstance(thing, Undo):
                steps += self._stage.undone(thing.act, time)
            elif isinstance(thing, Release):
                steps += self._released([thing.held])
            else:
                steps.append(thing.step)
        return tuple(steps)

    def next_due(self) -> float | None:
        """When `due` next has something to do; None if that depends on what comes."""
        return self._stage.agenda.next

    def lift(self, now: float) -> tuple[Step, ...]:
        """End everything that lasts, "until told" included, and hand on what is held."""
        del now
        return (*self._stage.lifted(), *self._released(list(self._held)))

    def report(self) -> Report:
        """What struck, and what never did."""
        return self._stage.report()

    def _through(self, view: MessageView, now: float) -> list[Step]:
        if view.message == "StartApi" and view.client_id is None:
            view = replace(view, client_id=_introduced(view))
        self._stage.meet(view.session, view.client_id)
        freed = [held for held in self._held if held.freed_by(view)] if self._held else []
        concerned = self._watch.concerning(view)
        if not freed and not concerned:
            return [Delivery(view.session, view.direction, view.payload)]
        batch = Batch(view)
        swapped = {held.swapped_by for held in freed}
        for one in concerned:
            if one.fault.name in swapped or not self._watch.strikes_on(one, view, now):
                continue
            cause = Cause(
                _called(view), view.session, view.client_id, view.order_id, view.request_id
            )
            if not self._stage.postponed(one, cause, now):
                before = one.fault.when.place is Place.BEFORE  # type: ignore[union-attr]
                done = self._stage.play(one, cause, now, batch)
                (batch.before if before else batch.after).extend(done)
        self._keep(batch, now)
        return [*batch.steps(), *self._released(freed)]

    def _keep(self, batch: Batch, now: float) -> None:
        for held in batch.held:
            self._held.append(held)
            if held.seconds < float("inf"):
                self._stage.agenda.add(now + held.seconds, Release(held))
        for seconds, delivery in batch.late:
            self._stage.agenda.add(now + seconds, Now(delivery))

    def _released(self, wanted: Sequence[Held]) -> list[Step]:
        found = [held for held in wanted if held in self._held]
        self._held = [held for held in self._held if held not in found]
        return [held.delivery for held in found]

    def _started(self, one: Watched, time: float) -> list[Step]:
        when = one.fault.when
        assert isinstance(when, OnStart)
        steps: list[Step] = []
        if self._watch.strikes(one):
            steps = self._stage.play(one, Cause("the time", client_id=when.client), time)
        if when.every is not None and not one.spent:
            self._stage.agenda.add(time + when.every, Start(one))
        return steps

    def _told(self, view: MessageView, now: float) -> list[Step]:
        fields = view.payload.decode("utf-8", "replace").split("\0")
        if len(fields) < 11 or not _whole(fields[1]) or not _whole(fields[9]):
            return []
        return self._reached(int(fields[9]), int(fields[1]), fields[2], now)

    def _reached(self, client: int, order: int, status: str, now: float) -> list[Step]:
        if self._statuses.get((client, order)) == status:
            return []
        self._statuses[client, order] = status
        steps: list[Step] = []
        for one in self._watch.waiting(OnStatus):
            when = one.fault.when
            assert isinstance(when, OnStatus)
            if when.status != status or when.client not in (None, client):
                continue
            if when.order not in (None, order) or not self._watch.strikes(one):
                continue
            session = self._stage.session_of(client)
            cause = Cause(f"order {order} of client {client} {status}", session, client, order)
            if not self._stage.postponed(one, cause, now):
                steps += self._stage.play(one, cause, now)
        return steps


def _verdict(one: Watched) -> ConnectVerdict | None:
    for verb in expanded(one.fault.do):
        if isinstance(verb, Wait):
            return None
        if isinstance(verb, Silent):
            return ConnectVerdict.SILENT
        if isinstance(verb, Refuse):
            return ConnectVerdict.REFUSE
    return None


def _introduced(view: MessageView) -> int | None:
    """The client id in a StartApi; None if it cannot be read."""
    fields = view.payload.decode("utf-8", "replace").split("\0")
    return int(fields[2]) if len(fields) > 3 and _whole(fields[2]) else None


def _called(view: MessageView) -> str:
    way = "to" if view.direction is Direction.ANSWER else "of"
    about = "" if view.order_id is None else f" order {view.order_id}"
    about += "" if view.request_id is None else f" request {view.request_id}"
    whose = "" if view.client_id is None else f" (client {view.client_id})"
    return f"{view.message}{about} {way} connection {view.session}{whose}"


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
