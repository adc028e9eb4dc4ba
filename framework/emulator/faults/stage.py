"""Where verbs act: who is connected, what lasts, what comes later, and the book kept of it."""

from __future__ import annotations

__all__ = ["Stage"]

from collections.abc import Iterable
from dataclasses import replace
from math import inf

from framework.emulator.faults.acts import Act, Unmute
from framework.emulator.faults.agenda import Agenda
from framework.emulator.faults.batch import Batch
from framework.emulator.faults.later import Begin, Later, Rest, Undo
from framework.emulator.faults.message import Delivery
from framework.emulator.faults.reading import said_of, said_when
from framework.emulator.faults.report import Fired, Idle, Report
from framework.emulator.faults.scene import Cause, Doing, Scene
from framework.emulator.faults.triggers import OnStart
from framework.emulator.faults.values import Span
from framework.emulator.faults.verbs import MESSAGE_VERBS, Acting, expanded
from framework.emulator.faults.verbs_wire import Wait
from framework.emulator.faults.watch import Watch, Watched


class Stage:
    """Performs verbs: turns them into acts, puts off what comes later, ends what lasts.

    Attributes:
        agenda: what comes later.
    """

    def __init__(self, watch: Watch) -> None:
        self.agenda: Agenda[Later] = Agenda()
        self._watch = watch
        self._sessions: dict[int, int | None] = {}
        self._ends: dict[Act, float] = {}
        self._fired: list[Fired] = []

    def meet(self, session: int, client_id: int | None) -> None:
        """Somebody is connected."""
        if client_id is not None or session not in self._sessions:
            self._sessions[session] = client_id

    def part(self, session: int) -> None:
        """Somebody is not connected any more."""
        self._sessions.pop(session, None)
        self._ends.pop(Unmute(session), None)

    def session_of(self, client_id: int) -> int | None:
        """The connection of a client; None if it is away."""
        return next((one for one, client in self._sessions.items() if client == client_id), None)

    def drawn(self, one: Watched, span: Span) -> float:
        """A length of time, by the fault's own dice."""
        return span.at(one.dice.draw()) if span.drawn else span.low

    def postponed(self, one: Watched, cause: Cause, now: float) -> bool:
        """Whether a fault that struck takes effect later; if so, it is on the agenda."""
        when = one.fault.when
        seconds = 0.0 if isinstance(when, OnStart) else self.drawn(one, when.seconds)
        if seconds > 0.0:
            self.agenda.add(now + seconds, Begin(one, cause))
        return seconds > 0.0

    def play(
        self, one: Watched, cause: Cause, now: float, batch: Batch | None = None
    ) -> list[Act | Delivery]:
        """A fault takes effect: its steps, and those of the faults that wait for it."""
        entry = Fired(one.fault.name, now, cause.what, said_of(one.fault))
        place = len(self._fired)
        self._fired.append(entry)
        notes: list[str] = []
        steps = self._run(one, cause, expanded(one.fault.do), now, batch, notes)
        self._fired[place] = replace(entry, note="; ".join(dict.fromkeys(notes)))
        after = replace(cause, what=f"fault {one.fault.name}")
        for child in self._watch.waiting_for(one.fault.name):
            if self._watch.strikes(child) and not self.postponed(child, after, now):
                steps += self.play(child, after, now)
        return steps

    def perform(self, rest: Rest, now: float) -> list[Act | Delivery]:
        """What a fault does after a wait."""
        return self._run(rest.watched, rest.cause, rest.verbs, now, None, [])

    def lasts(self, undo: Act, now: float) -> bool:
        """Whether what this act ends goes on."""
        return self._ends.get(undo, -inf) > now

    def undone(self, undo: Act, now: float) -> list[Act | Delivery]:
        """The act that ends another, unless that has been prolonged meanwhile."""
        if undo not in self._ends or self._ends[undo] > now:
            return []
        del self._ends[undo]
        return [undo]

    def lifted(self) -> list[Act]:
        """What ends everything that lasts."""
        found = list(self._ends)
        self._ends.clear()
        return found

    def report(self) -> Report:
        """What struck, and what never did."""
        idle = [
            Idle(one.fault.name, said_when(one.fault), one.opportunities, one.struck)
            for one in self._watch.all
            if one.fault.name not in {entry.fault for entry in self._fired}
        ]
        return Report(tuple(self._fired), tuple(idle))

    def _run(
        self,
        one: Watched,
        cause: Cause,
        verbs: Iterable[object],
        now: float,
        batch: Batch | None,
        notes: list[str],
    ) -> list[Act | Delivery]:
        steps: list[Act | Delivery] = []
        waiting = iter(verbs)
        for verb in waiting:
            scene = self._scene(cause)
            if isinstance(verb, Wait):
                seconds = self.drawn(one, verb.seconds)
                if seconds > 0.0:
                    self.agenda.add(now + seconds, Rest(one, cause, tuple(waiting)))
            elif isinstance(verb, MESSAGE_VERBS):
                assert batch is not None
                notes.append(batch.apply(verb, one.fault.name, scene, one.dice))
            elif isinstance(verb, Acting):
                for doing in verb.acts(scene):
                    self._last(doing, now)
                    steps.append(doing.act)
        return steps

    def _scene(self, cause: Cause) -> Scene:
        everybody = tuple(self._sessions)
        here = everybody
        if cause.session is not None:
            here = (cause.session,) if cause.session in self._sessions else ()
        elif cause.client_id is not None:
            here = tuple(one for one in everybody if self._sessions[one] == cause.client_id)
        return Scene(cause, here, everybody)

    def _last(self, doing: Doing, now: float) -> None:
        if doing.undo is None:
            return
        end = inf if doing.seconds is None else now + doing.seconds
        self._ends[doing.undo] = max(self._ends.get(doing.undo, end), end)
        if doing.seconds is not None:
            self.agenda.add(end, Undo(doing.undo))
