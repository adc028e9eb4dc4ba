"""Saboteur: a fault plan at work on a gateway: shows it every message and performs what it says."""

from __future__ import annotations

__all__ = ["Saboteur", "Theatre"]

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from framework.emulator.exchange.behind import BackDoor
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.faults import acts
from framework.emulator.faults.injector import Injector, Step
from framework.emulator.faults.message import ConnectVerdict, Delivery, Direction, MessageView
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.faults.report import Report
from framework.emulator.protocol.answers import Answer, Error
from framework.emulator.protocol.codec import decode_request, encode_answer, message_id
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.framing import frame
from framework.emulator.server.connection import Connection
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session


class Theatre(Protocol):
    """The gateway, as far as faults reach."""

    @property
    def hub(self) -> Hub:
        """Its parts."""
        ...

    def connection(self, number: int) -> Connection | None:
        """A connection by its number."""
        ...

    def connections(self) -> list[Connection]:
        """All connections."""
        ...

    async def listen(self) -> None:
        """Accept connections."""
        ...

    def deafen(self) -> None:
        """Accept no more."""
        ...

    def handle(self, session: Session, payload: bytes) -> None:
        """Do what a request asks for."""
        ...

    def tell(self) -> None:
        """Tell clients the news of the exchange."""
        ...

    def move_ids(self, to: int) -> None:
        """Tell every client another next order id."""
        ...

    def watch(self, line: str) -> None:
        """Tell whoever watches."""
        ...


class Saboteur:
    """A plan at work.

    Args:
        theatre: the gateway.
        plan: what is to go wrong.
    """

    def __init__(self, theatre: Theatre, plan: FaultPlan) -> None:
        self._theatre = theatre
        self._plan = plan
        self._injector = Injector(plan)
        self._door: BackDoor | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._came: list[tuple[float, int]] = []
        self._gone: dict[int, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to count time."""
        hub = self._theatre.hub
        self._injector = Injector(self._plan, self._now())
        self._door = BackDoor(hub.exchange, hub.market.directory)
        self._arm()

    def stop(self) -> None:
        """Let nothing more go wrong."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lift(self) -> None:
        """End what was to last until told: refusals, mutes, messages held back."""
        self._perform(self._injector.lift(self._now()))
        self._arm()

    def report(self) -> Report:
        """Which faults have fired."""
        return self._injector.report()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    # what happens ----------------------------------------------------------------------------

    def connected(self, number: int) -> ConnectVerdict:
        """A connection was made."""
        verdict = self._injector.on_connect(number, self._now())
        self._arm()
        return verdict

    def lost(self, number: int) -> None:
        """A connection has ended."""
        self._injector.on_close(number, self._now())
        self._arm()

    def received(self, session: Session, payload: bytes) -> None:
        """A request came in."""
        self._gone[session.number] = session
        view = _view_of_request(session, payload)
        if view is None:
            self._theatre.handle(session, payload)
            return
        self._perform(self._injector.on_request(view, self._now()))
        self._perform_due()

    def answering(self, session: Session, answer: Answer, payload: bytes) -> None:
        """A message is to be sent."""
        view = MessageView(
            Direction.ANSWER,
            session.number,
            session.client_id,
            type(answer).__name__,
            message_id(type(answer)),
            payload,
            getattr(answer, "order_id", None) if not isinstance(answer, Error) else answer.req_id,
            getattr(answer, "req_id", None),
            session.version,
        )
        self._gone[session.number] = session
        self._perform(self._injector.on_answer(view, self._now()))
        self._perform_due()

    def _perform_due(self) -> None:
        self._perform(self._injector.due(self._now()))
        self._arm()

    def _arm(self) -> None:
        """Wake again when the plan has something to do."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        coming = self._injector.next_due()
        if coming is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(coming, loop.time()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._perform_due()
        self._theatre.tell()

    # steps -----------------------------------------------------------------------------------

    def _perform(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, Delivery):
                self._deliver(step)
            else:
                self._theatre.watch(f"fault: {step}")
                self._act(step)

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.direction is Direction.ANSWER:
            connection = self._theatre.connection(delivery.session)
            if connection is not None:
                connection.write(frame(delivery.payload))
            return
        session = self._gone.get(delivery.session)
        if session is None:
            return
        before = self._theatre.hub.exchange.ids.perm
        self._theatre.handle(session, delivery.payload)
        after = self._theatre.hub.exchange.ids.perm
        self._came += [(self._now(), perm) for perm in range(before, after)]

    def _act(self, act: acts.Act) -> None:
        if not (self._on_wire(act) or self._on_server(act)):
            try:
                self._on_book(act)
            except RejectedError as error:
                self._theatre.watch(f"fault not possible: {error.text}")
        self._theatre.tell()

    def _on_wire(self, act: acts.Act) -> bool:
        """Perform what happens to one connection; whether it was such an act."""
        match act:
            case acts.ResetConnection(session=number):
                self._each(number, Connection.abort)
            case acts.HalfClose(session=number):
                self._each(number, Connection.half_close)
            case acts.Mute(session=number):
                self._each(number, Connection.mute)
            case acts.Unmute(session=number):
                self._each(number, Connection.unmute)
            case acts.SendRaw(session=number, data=data):
                connection = self._theatre.connection(number)
                if connection is not None:
                    connection.write(data)
            case acts.SendError(session=number, req_id=req_id, code=code, text=text):
                self._send(number, Error(req_id, code, text))
            case acts.SendDataError():
                self._data_error(act)
            case _:
                return False
        return True

    def _each(self, number: int, do: Callable[[Connection], None]) -> None:
        connection = self._theatre.connection(number)
        if connection is not None:
            do(connection)

    def _send(self, number: int, answer: Answer) -> None:
        """Write an answer past all faults."""
        connection = self._theatre.connection(number)
        if connection is not None and connection.session is not None:
            connection.write(frame(encode_answer(answer, connection.session.version)))

    def _data_error(self, act: acts.SendDataError) -> None:
        connection = self._theatre.connection(act.session)
        if connection is None or connection.session is None:
            return
        session = connection.session
        ticks = [*session.quotes, *session.ticks, *session.depths]
        bars = [*session.bars]
        chosen = {acts.DataKind.TICKS: ticks, acts.DataKind.BARS: bars}.get(act.kind, ticks + bars)
        for req_id in chosen:
            self._send(act.session, Error(req_id, act.code, act.text))

    def _on_server(self, act: acts.Act) -> bool:
        """Perform what happens to the gateway as a whole; whether it was such an act."""
        hub = self._theatre.hub
        match act:
            case acts.ClosePort():
                self._theatre.deafen()
            case acts.OpenPort() | acts.ComeUp():
                task = asyncio.get_running_loop().create_task(self._theatre.listen())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case acts.GoDown(forget_seconds=seconds):
                self._go_down(seconds)
            case acts.ReadOnly(on=on):
                hub.is_read_only = on
            case acts.StopData(kind=kind):
                hub.silent.add(kind)
            case acts.ResumeData(kind=kind):
                hub.silent.discard(kind)
            case acts.LoseSubscriptions():
                for session in hub.sessions.values():
                    session.forget_streams()
            case acts.SkewClock(seconds=seconds):
                hub.skew = seconds
            case _:
                return False
        return True

    def _go_down(self, seconds: float) -> None:
        self._theatre.deafen()
        for connection in self._theatre.connections():
            connection.abort()
        if seconds > 0.0 and self._door is not None:
            since = self._now() - seconds
            self._door.forget({perm for at, perm in self._came if at >= since})

    def _on_book(self, act: acts.Act) -> None:
        """Perform what happens to orders and books."""
        door = self._door
        if door is None:
            return
        match act:
            case acts.FillOrder():
                door.fill(act)
            case acts.CancelAtBroker():
                door.cancel(act)
            case acts.ExpireDay():
                door.expire_day(act)
            case acts.ManualOrder():
                door.manual(act)
            case acts.ForkPermId():
                door.fork(act)
            case acts.CorrectExecution():
                door.correct(act)
            case acts.MoveIds(announce=announce):
                new = door.move_ids(act)
                if announce:
                    self._theatre.move_ids(new)


def _view_of_request(session: Session, payload: bytes) -> MessageView | None:
    """A request as a plan sees it; None for one that cannot be read."""
    try:
        request = decode_request(payload, session.version)
    except ProtocolError:
        return None
    return MessageView(
        Direction.REQUEST,
        session.number,
        session.client_id,
        type(request).__name__,
        message_id(type(request)),
        payload,
        getattr(request, "order_id", None),
        getattr(request, "req_id", None),
        session.version,
    )
