"""Gateways whose clock is put forward by hand, and a client that speaks the bare protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from framework.backtest.settings import BacktestSettings
from framework.calendar import TradingCalendar
from framework.domain.bars import Bars
from framework.emulator.build import live_gateway, live_house, lockstep_gateway
from framework.emulator.clock import SteppedClock
from framework.emulator.exchange.account import House
from framework.emulator.exchange.exchange import Exchange
from framework.emulator.exchange.news import News
from framework.emulator.exchange.placed import Placed
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.market.market import Market
from framework.emulator.market.markets import bars_market
from framework.emulator.protocol.answers import Answer, CurrentTime, NextValidId
from framework.emulator.protocol.codec import decode_answer, encode_request
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.framing import Deframer, frame
from framework.emulator.protocol.order import WireOrder
from framework.emulator.protocol.requests import ReqCurrentTime, Request, StartApi
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from tests.builders import bars_of, five_minutes, flat_rows

T = TypeVar("T")

ACCOUNT = "DU1234567"
SECONDS = 5.0
"""How long a client waits for what must come at once."""


class Timeless(asyncio.SelectorEventLoop):
    """A loop whose time can be put forward: nobody waits for a minute to pass."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def pass_by(seconds: float) -> None:
    """Let time pass, and everything happen that is due by then."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Timeless)
    loop.ahead += seconds
    await settle()


async def settle() -> None:
    """Let the loop do what it has to do now."""
    for _ in range(5):
        await asyncio.sleep(0)
    await asyncio.sleep(0.002)


def played(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Play a coroutine in a loop of its own; what fails unseen in it fails the test."""
    failures: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=Timeless) as runner:
        runner.get_loop().set_exception_handler(lambda _, what: failures.append(what))
        answer = runner.run(story())
    assert not failures, failures
    return answer


# worlds ------------------------------------------------------------------------------------


def stock(symbol: str = "AAA") -> WireContract:
    return WireContract(symbol=symbol, sec_type="STK", exchange="SMART", currency="USD")


def order(kind: str = "MKT", action: str = "BUY", quantity: float = 10.0, **more: Any) -> WireOrder:
    """An order; GTC unless it says something else."""
    terms = {"tif": "GTC", "account": ""} | more
    return WireOrder(action=action, total_quantity=quantity, order_type=kind, **terms)


def limit(price: float, action: str = "BUY", quantity: float = 10.0, **more: Any) -> WireOrder:
    return order("LMT", action, quantity, lmt_price=price, **more)


def stop(price: float, action: str = "SELL", quantity: float = 10.0, **more: Any) -> WireOrder:
    return order("STP", action, quantity, aux_price=price, **more)


def flat_bars(
    closes: Sequence[float] = (100.0,) * 24, symbol: str = "AAA", per_session: int = 6
) -> Bars:
    """Five-minute bars that stand still at each close; a session has `per_session` of them, the
    last ones before New York's close."""
    bars = five_minutes(flat_rows(closes), per_session, symbol)
    ends = TradingCalendar("XNYS").session_close_of(bars.session)
    times = bars.close_time + ends - bars.session_close
    return replace(bars, close_time=times, session_close=ends)


def daily_bars(closes: Sequence[float], symbol: str = "AAA") -> Bars:
    return bars_of(flat_rows(closes), symbol)


def running(
    bars: Sequence[Bars] | Market,
    house: House | None = None,
    *,
    plan: FaultPlan | None = None,
    after: int = 1,
    **settings: Any,
) -> Gateway:
    """A gateway whose market runs, by a clock that is put forward by hand. It stands at the close
    of bar number `after` of the first bars."""
    if isinstance(bars, Market):
        market = bars
    else:
        market = bars_market(bars, int(bars[0].close_time[after]), points=4)
    chosen = GatewaySettings(**({"accounts": (ACCOUNT,)} | settings))
    gateway = live_gateway(market, chosen, house or live_house(market), plan=plan)
    gateway.hub.clock = SteppedClock(market.now)
    return gateway


def stepped(
    bars: Sequence[Bars], backtest: BacktestSettings, *, plan: FaultPlan | None = None, **more: Any
) -> Gateway:
    """A gateway that is stepped from bar to bar."""
    settings = {"messages_per_second": 0, "paces_history": False, "accounts": (ACCOUNT,)} | more
    return lockstep_gateway(bars, backtest, GatewaySettings(**settings), plan=plan)


def go_on(gateway: Gateway, ticks: int = 1) -> None:
    """Let the market of a running gateway make so many further moves."""
    for _ in range(ticks):
        coming = gateway.hub.market.next_time()
        assert coming is not None, "the market is over"
        gateway.hub.clock.skip_to(coming)
        gateway.catch_up()


# the exchange without a wire ---------------------------------------------------------------


class Bench:
    """An exchange, and everything it has told so far.

    Args:
        gateway: whose exchange it is.
        client: who places orders.
    """

    def __init__(self, gateway: Gateway, client: int = 1) -> None:
        self.gateway = gateway
        self.exchange: Exchange = gateway.hub.exchange
        self.client = client
        self.told: list[News] = []

    def place(
        self,
        number: int,
        wire: WireOrder,
        contract: WireContract | None = None,
        client: int | None = None,
    ) -> Placed | None:
        """Place an order; its record, if it is kept."""
        who = self.client if client is None else client
        self.exchange.place(who, number, contract or stock(), wire)
        self.hear()
        found = [one for one in self.exchange.placed() if one.order_id == number]
        return next((one for one in reversed(found) if one.client_id == who), None)

    def cancel(self, number: int, client: int | None = None) -> None:
        self.exchange.cancel(self.client if client is None else client, number)
        self.hear()

    def step(self, count: int = 1) -> None:
        """Let whole bars close, or a running market move."""
        for _ in range(count):
            prices = self.gateway._prices
            if hasattr(prices, "step"):
                assert prices.step()
            else:
                coming = self.gateway.hub.market.next_time()
                assert coming is not None, "the market is over"
                self.gateway.hub.clock.skip_to(coming)
                prices.take(self.gateway.hub.market.until(coming))
            self.exchange.advance()
            self.hear()

    def hear(self) -> None:
        self.told += [one for one in self.exchange.fetch() if isinstance(one, News)]

    def answers(self, kind: type[T], number: int | None = None) -> list[T]:
        """Everything told of a kind, about one order if its number is given."""
        every = [one.answer for one in self.told if isinstance(one.answer, kind)]
        if number is None:
            return every
        return [one for one in every if _number_of(one) == number]

    def fresh(self) -> list[Answer]:
        """What was told since the last call."""
        told = [one.answer for one in self.told]
        self.told.clear()
        return told

    @property
    def book(self) -> Any:
        return self.gateway.book(next(iter(self.exchange.accounts)))


def _number_of(answer: Any) -> int | None:
    return getattr(answer, "order_id", getattr(answer, "req_id", None))


# a client ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Odd:
    """A message that cannot be read."""

    payload: bytes
    why: str


@dataclass(eq=False)
class Client:
    """One connection, and everything it was sent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    version: int = 178
    log: list[Any] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    is_ended: bool = False
    greeting: bytes = b""
    _frames: Deframer = field(default_factory=Deframer)
    _task: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _read: int = 0

    @classmethod
    async def connected(cls, port: int) -> Client:
        """A connection that has said nothing yet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer)

    @classmethod
    async def started(cls, gateway: Gateway, number: int = 1, version: int = 178) -> Client:
        """A client that has shaken hands and been told its next id."""
        client = await cls.greeted(gateway.port, version)
        client.ask(StartApi(number))
        await client.next(NextValidId)
        return client

    @classmethod
    async def greeted(cls, port: int, version: int = 178) -> Client:
        client = await cls.connected(port)
        hello = f"v157..{version}".encode()
        client.writer.write(b"API\0" + frame(hello))
        await client.shake()
        return client

    async def shake(self) -> int:
        """Read the server's greeting; the version agreed on."""
        head = await asyncio.wait_for(self.reader.readexactly(4), SECONDS)
        self.greeting = await self.reader.readexactly(int.from_bytes(head, "big"))
        self.version = int(self.greeting.split(b"\0")[0])
        self._task = asyncio.get_running_loop().create_task(self._listen())
        return self.version

    async def _listen(self) -> None:
        try:
            while data := await self.reader.read(1 << 16):
                for payload in self._frames.feed(data):
                    self.payloads.append(payload)
                    try:
                        self.log.append(decode_answer(payload, self.version))
                    except ProtocolError as error:
                        self.log.append(Odd(payload, error.problem))
                self._news.set()
        except (ConnectionError, ProtocolError) as error:
            self.log.append(Odd(b"", str(error)))
        self.is_ended = True
        self._news.set()

    def ask(self, *requests: Request) -> None:
        for request in requests:
            self.writer.write(frame(encode_request(request, self.version)))

    async def next(self, kind: type[T], where: Callable[[T], bool] | None = None) -> T:
        """The next answer of a kind after those this was asked for before."""
        async with asyncio.timeout(SECONDS):
            while True:
                while self._read < len(self.log):
                    one = self.log[self._read]
                    self._read += 1
                    if isinstance(one, kind) and (where is None or where(one)):
                        return one
                assert not self.is_ended, f"the connection has ended before a {kind.__name__}"
                self._news.clear()
                await self._news.wait()

    async def fence(self) -> list[Any]:
        """Wait until everything asked so far is answered; what came since the last fence."""
        start = self._read
        self.ask(ReqCurrentTime())
        await self.next(CurrentTime)
        return self.log[start : self._read - 1]

    async def ends(self) -> bool:
        """Whether the server ends the connection."""
        async with asyncio.timeout(SECONDS):
            while not self.is_ended:
                self._news.clear()
                await self._news.wait()
        return True

    def of(self, kind: type[T]) -> list[T]:
        """Everything of a kind that has come."""
        return [one for one in self.log if isinstance(one, kind)]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
        await settle()
