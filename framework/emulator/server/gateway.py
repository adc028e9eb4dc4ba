"""Gateway: the emulator as a whole, listening: connections in, market and orders behind."""

from __future__ import annotations

__all__ = ["Gateway", "Quiet", "Watcher"]

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby

from framework.domain.ledger import Ledger
from framework.emulator.clock import RunningClock
from framework.emulator.exchange.news import Moved, News
from framework.emulator.exchange.placed import order_words
from framework.emulator.exchange.prices import LivePrices, StaticPrices
from framework.emulator.faults.message import ConnectVerdict
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.faults.report import Report
from framework.emulator.market.segment import Segment
from framework.emulator.market.times import tws_time
from framework.emulator.protocol.answers import Answer, ExecDetails, NextValidId, OpenOrder
from framework.emulator.protocol.codec import decode_request, encode_answer
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.framing import frame
from framework.emulator.protocol.requests import ReqHistoricalData, StartApi
from framework.emulator.server.accounts import tell_moved
from framework.emulator.server.connection import Connection
from framework.emulator.server.dispatch import handle
from framework.emulator.server.greeting import greet
from framework.emulator.server.handoff import Handoff
from framework.emulator.server.hub import Hub
from framework.emulator.server.limits import MessageRate
from framework.emulator.server.publisher import Publisher
from framework.emulator.server.saboteur import Saboteur
from framework.emulator.server.session import Session

Watcher = Callable[[str], None]
"""Told, in words, of connections, orders, executions and faults."""

Quiet = Callable[[], Awaitable[None]]
"""Comes back once nobody has anything to say to the present state of things."""

_LONGEST_WAIT = 0.05
"""Seconds after which a running market is looked at again."""
_LOADED_WAIT = 0.01
"""The same of one that sends further ticks."""
_SLICE = 0.02
"""Seconds of the market that happen before clients are heard again."""
_SKIPPED = 60 * 1_000_000_000
"""Nanoseconds without a tick that are left out rather than waited for."""


class Gateway:
    """A TWS of one's own. `start` it, connect to its `port`, `close` it.

    It runs in the event loop it is started in; all its work is done between two awaits, so that
    nothing of it needs a lock.

    Args:
        hub: market, exchange, clock and settings.
        prices: what the exchange's accounts trade against.
        plan: faults; None for none.
        watcher: told what happens.

    Attributes:
        hub: as given.
    """

    def __init__(
        self,
        hub: Hub,
        prices: LivePrices | StaticPrices,
        plan: FaultPlan | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.hub = hub
        self._prices = prices
        self._watcher = watcher
        self._watched: set[int] = set()
        self._publisher = Publisher(hub)
        self._connections: dict[int, Connection] = {}
        self._count = 0
        self._port = hub.settings.port
        self._handoff: Handoff | None = None
        self._paused_in: Sequence[Segment] | None = None
        self._owed = self._loaded = 0.0
        self._longest_wait = _LOADED_WAIT if hub.settings.ticks_per_second else _LONGEST_WAIT
        self._server: asyncio.Server | None = None
        self._is_open = self._is_opening = self._is_telling = self._is_moving = False
        self._runner: asyncio.Task[None] | None = None
        self._saboteur = None if plan is None else Saboteur(self, plan)
        hub.is_sabotaged = plan is not None

    # life ------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def instants(self) -> Sequence[int]:
        """Nanoseconds UTC of every instant of the market, as far as they are known."""
        return self._prices.instants

    async def start(self) -> None:
        """Listen, and let the market run."""
        await self.listen()
        if self._saboteur is not None:
            self._saboteur.start()
        if isinstance(self.hub.clock, RunningClock):
            self._runner = asyncio.get_running_loop().create_task(self._run(self.hub.clock))
            self._runner.add_done_callback(_complain)

    async def listen(self) -> None:
        """Accept connections; nothing happens if it does."""
        self._is_open = True
        if self._server is not None or self._is_opening:
            return
        loop = asyncio.get_running_loop()
        self._is_opening = True
        try:
            server = await loop.create_server(
                self._new_connection, self.hub.settings.host, self._port
            )
        finally:
            self._is_opening = False
        if not self._is_open:
            server.close()
            return
        self._server = server
        self._port = server.sockets[0].getsockname()[1]

    def deafen(self) -> None:
        """Accept no more connections; those there are live on."""
        self._is_open = False
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """End everything."""
        if self._saboteur is not None:
            self._saboteur.stop()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
            self._runner = None
        self.deafen()
        if self._handoff is not None:
            self._handoff.close()
        for connection in tuple(self._connections.values()):
            connection.close()
        self.save_ids()
        await asyncio.sleep(0)

    def save_ids(self) -> None:
        """Write the ids to their file, if there is one."""
        if self.hub.settings.ids_file is not None:
            self.hub.exchange.ids.save(self.hub.settings.ids_file)

    def book(self, account: str) -> Ledger:
        """The true book of an account."""
        return self.hub.exchange.accounts[account].book

    def lift_faults(self) -> None:
        """End the faults that were to last until told."""
        if self._saboteur is not None:
            self._saboteur.lift()

    def faults(self) -> Report | None:
        """Which faults have fired; None without a plan."""
        return None if self._saboteur is None else self._saboteur.report()

    # the market ------------------------------------------------------------------------------

    async def _run(self, clock: RunningClock) -> None:
        """Move the market on as time goes by; where the machine cannot keep up, time waits."""
        loop, market = asyncio.get_running_loop(), self.hub.market
        while True:
            due, begun = market.next_time(), loop.time()
            self.catch_up(clock.lasting(_SLICE))
            coming = market.next_time()
            if due is not None and coming is not None and coming <= clock.now():
                clock.hold_back(clock.lasting(loop.time() - begun) - (coming - due))
                await asyncio.sleep(0.0)
                continue
            if coming is not None and coming - clock.now() > _SKIPPED:
                clock.skip_to(coming - 1)
            self._load()
            wait = _LONGEST_WAIT if coming is None else clock.seconds_until(coming)
            await asyncio.sleep(min(self._longest_wait, wait))

    def _load(self) -> None:
        """Send the further ticks that are due of a gateway that is to test clients."""
        rate = self.hub.settings.ticks_per_second
        if not rate:
            return
        now = asyncio.get_running_loop().time()
        self._owed = min(self._owed + (now - self._loaded) * rate, float(rate))
        self._loaded = now
        count = int(self._owed)
        self._owed -= count
        self._publisher.flicker(count)

    def catch_up(self, most: int | None = None) -> None:
        """Let happen what is due by the clock, oldest first.

        Args:
            most: nanoseconds of it, so that clients are heard in between; None lets all of it.
        """
        if self._is_moving or not isinstance(self._prices, LivePrices):
            return
        until, coming = self.hub.clock.now(), self.hub.market.next_time()
        if most is not None and coming is not None:
            until = min(until, coming + most)
        segments = self.hub.market.until(until)
        self._is_moving = True
        try:
            for _, group in groupby(segments, key=_time_of):
                together = tuple(group)
                self._prices.take(together)
                self._meet(together)
        finally:
            self._is_moving = False
        if not segments:
            self._publisher.idle()

    def step(self) -> bool:
        """Let the bars of the next instant meet the orders, and tell of both; False at the end of
        the data. For a gateway whose clock moves only so."""
        segments = self._next_bars()
        if segments is None:
            return False
        self._meet(segments)
        return True

    async def step_with(self, quiet: Quiet) -> bool:
        """The same with clients that react within a bar: whenever a fill has woken protective
        orders, the bar goes on only once `quiet` has come back.

        Where `quiet` raises, for whoever reacts has gone, the bar stays as it is: the next call
        goes on in its midst.
        """
        if self._handoff is None:
            self._handoff = Handoff()
            self.hub.exchange.pause_with(self._handoff.pause)
        segments = self._paused_in
        paused = segments is not None
        if segments is None:
            segments = self._next_bars()
            if segments is None:
                return False
            paused = self._handoff.start(self.hub.exchange.advance)
        while paused:
            self._paused_in = segments
            self.hub.exchange.settle()
            self.tell()
            await quiet()
            paused = self._handoff.resume()
        self._paused_in = None
        self.tell()
        self._publisher.publish(segments)
        return True

    @property
    def is_midway(self) -> bool:
        """Whether a bar has stopped in its midst."""
        return self._paused_in is not None

    def _next_bars(self) -> Sequence[Segment] | None:
        """Go to the next instant; its bars, None at the end of the data."""
        if not isinstance(self._prices, StaticPrices) or not self._prices.step():
            return None
        time = self._prices.instants[self._prices.instant]
        self.hub.clock.skip_to(time)
        return self.hub.market.until(time)

    def _meet(self, segments: Sequence[Segment]) -> None:
        self.hub.exchange.advance()
        self.tell()
        self._publisher.publish(segments)

    # connections -----------------------------------------------------------------------------

    def _new_connection(self) -> Connection:
        self._count += 1
        return Connection(self, self._count, self.hub.settings.max_version)

    def connected(self, connection: Connection) -> ConnectVerdict:
        """A connection was made."""
        self._connections[connection.number] = connection
        if self._saboteur is None:
            return ConnectVerdict.SERVE
        return self._saboteur.connected(connection.number)

    def connection(self, number: int) -> Connection | None:
        """A connection by its number; None if it has ended."""
        return self._connections.get(number)

    def connections(self) -> list[Connection]:
        """All connections, oldest first."""
        return list(self._connections.values())

    def greeting(self, version: int) -> bytes:
        """The server's version and time."""
        return f"{version}\0{tws_time(self.hub.now(), 174, self.hub.settings.zone)}\0".encode()

    def new_session(self, connection: Connection, version: int) -> Session:
        """A client has said hello."""
        rate = MessageRate(self.hub.settings.messages_per_second)
        return Session(connection.number, version, connection, rate, self.hub.settings.zone)

    def lost(self, connection: Connection) -> None:
        """A connection has ended: its subscriptions end with it, its orders stay."""
        self._connections.pop(connection.number, None)
        session = connection.session
        if session is not None and session.client_id is not None:
            if self.hub.sessions.get(session.client_id) is session:
                del self.hub.sessions[session.client_id]
                self.watch(f"client {session.client_id} has left")
            session.forget_streams()
        if self._saboteur is not None:
            self._saboteur.lost(connection.number)

    # messages --------------------------------------------------------------------------------

    def received(self, session: Session, payload: bytes) -> None:
        """A request came in."""
        if session.client_id is not None and not self._within_rate(session):
            return
        if self._saboteur is None:
            self.handle(session, payload)
        else:
            self._saboteur.received(session, payload)

    def _within_rate(self, session: Session) -> bool:
        if session.rate.allows(asyncio.get_running_loop().time()):
            return True
        most = self.hub.settings.messages_per_second
        session.error(
            -1, 100, f"Max rate of messages per second has been exceeded: max={most} rec={most + 1}"
        )
        if session.rate.is_spent:
            session.wire.close()
        return False

    def handle(self, session: Session, payload: bytes) -> None:
        """Do what a request asks for."""
        try:
            request = decode_request(payload, session.version)
        except ProtocolError as error:
            session.error(-1, 320, f"Error reading request. {error.problem}")
            return
        if isinstance(request, StartApi):
            if greet(self.hub, session, request.client_id):
                self.watch(f"client {request.client_id} has connected, version {session.version}")
        elif session.client_id is None:
            session.error(-1, 504, "Not connected")
        else:
            if isinstance(request, ReqHistoricalData):
                self.catch_up()  # what has closed by the clock belongs to the past that is told
            handle(self.hub, session, request)
        self.tell()

    def answering(self, session: Session, answer: Answer) -> None:
        """A message is to be sent."""
        payload = encode_answer(answer, session.version)
        if self._saboteur is None:
            session.wire.write(frame(payload))
        else:
            self._saboteur.answering(session, answer, payload)

    def tell(self) -> None:
        """Tell clients the news of the exchange; what happens meanwhile is told after it."""
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while news := self.hub.exchange.fetch():
                self._tell(news)
        finally:
            self._is_telling = False

    def _tell(self, news: Sequence[News | Moved]) -> None:
        moved = []
        for one in news:
            if isinstance(one, Moved):
                moved.append(one)
            else:
                self._deliver(one)
        for session in tuple(self.hub.sessions.values()) if moved else ():
            tell_moved(self.hub, session, moved)

    def _deliver(self, news: News) -> None:
        answer = news.answer
        if self._watcher is not None:
            self._watch(answer)
        master = self.hub.settings.master_client
        whom = (news.client_id,) if master in (None, news.client_id) else (news.client_id, master)
        for client_id in whom:
            session = self.hub.sessions.get(client_id)
            if session is None:
                continue
            if isinstance(answer, ExecDetails):
                session.send_execution(answer, self.hub.told(news.time))
            else:
                session.send(answer)

    def move_ids(self, to: int) -> None:
        """Tell every client another next order id."""
        for session in tuple(self.hub.sessions.values()):
            session.send(NextValidId(to))

    def watch(self, line: str) -> None:
        """Tell whoever watches."""
        if self._watcher is not None:
            self._watcher(line)

    def _watch(self, answer: Answer) -> None:
        """Tell whoever watches of orders that are new, and of what has traded."""
        if isinstance(answer, ExecDetails):
            self.watch(_execution_words(answer))
        elif isinstance(answer, OpenOrder) and answer.order.perm_id not in self._watched:
            self._watched.add(answer.order.perm_id)
            order = answer.order
            self.watch(f"client {order.client_id} order {answer.order_id}: {order_words(answer)}")


def _complain(runner: asyncio.Task[None]) -> None:
    """Say so if the market has come to a stop by mistake."""
    error = None if runner.cancelled() else runner.exception()
    if error is not None:
        context = {"message": "The market of the gateway stands still", "exception": error}
        runner.get_loop().call_exception_handler(context)


def _time_of(segment: Segment) -> int:
    return segment.time


def _execution_words(answer: ExecDetails) -> str:
    execution = answer.execution
    did = "bought" if execution.side == "BOT" else "sold"
    name = answer.contract.local_symbol or answer.contract.symbol
    return (
        f"client {execution.client_id} order {answer.order_id}: "
        f"{did} {execution.shares:g} {name} at {execution.price:g}"
    )
