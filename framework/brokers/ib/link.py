"""Link: one connection with TWS, from the first byte to the last. A new one is made each time."""

from __future__ import annotations

__all__ = ["Link"]

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from framework.brokers.ib.codes import Action, code_of
from framework.brokers.ib.diagnosis import Reached, diagnosed
from framework.brokers.ib.facts import ErrorSeen, Fact
from framework.brokers.ib.library import Ib, IbContract, IbTicker, Library
from framework.brokers.ib.problems import LinkLostError, PacingError, RequestError
from framework.brokers.ib.queries import Queries
from framework.brokers.ib.tap import Tap

T = TypeVar("T")


class Link:
    """One connection.

    The client library's state is thrown away with it, so that nothing stale is ever looked at.

    Args:
        lib: the client library.
        zone: time zone TWS was logged in with, for times that name none.
        sink: takes every fact.
        ended: told once, with the reason, when a connection that was made has ended.

    Attributes:
        ib: the library's facade; only for data.
        queries: of orders, executions, positions and money.
    """

    def __init__(
        self,
        lib: Library,
        zone: str,
        sink: Callable[[Fact], None],
        ended: Callable[[Link, str], None],
    ) -> None:
        self.lib = lib
        self.ib: Ib = lib.IB()
        self.ib.RaiseRequestErrors = True
        self.ib.TimezoneTWS = zone
        self.ib.client.MaxRequests = 0  # our own limits are lower and know what may wait
        self.ib.errorEvent.clear()
        self.queries = Queries(lib, self.ib.client)
        self._sink = sink
        self._told_end = ended
        self._errors: list[ErrorSeen] = []
        self._gone = asyncio.Event()
        self._heard = 0
        self._heard_at = 0.0
        self._is_tcp = False
        self._version = 0
        self._is_open = False
        Tap(self.ib, self._fact, self.queries)
        client = self.ib.client
        client.conn.hasData.connect(self._data)
        client.conn.disconnected.connect(self._disconnected)
        client.apiEnd.connect(self._disconnected)
        connect = client.conn.connectAsync

        async def watched(host: str, port: int) -> None:
            await connect(host, port)
            self._is_tcp = True

        client.conn.connectAsync = watched

    # life ---------------------------------------------------------------------------------

    async def open(self, host: str, port: int, client_id: int, timeout: float) -> None:
        """Connect, and wait for accounts and ids.

        Raises:
            ConnectError: with its diagnosis.
        """
        self.ib.wrapper.clientId = client_id
        client = self.ib.client
        loop = asyncio.get_running_loop()
        connecting = loop.create_task(client.connectAsync(host, port, client_id, None))
        gone = loop.create_task(self._gone.wait())
        refused, cause, closed = False, "", False
        try:
            await asyncio.wait(
                {connecting, gone}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
            closed = self._gone.is_set()
            self._version = client.serverVersion() or self._version
            if connecting.done() and client.isReady():
                await connecting
                self._is_open = True
                return
            if connecting.done():
                await connecting
        except ConnectionError:
            refused = not self._is_tcp
        except asyncio.CancelledError:
            self.close("it was given up")
            raise
        except (OSError, EOFError, ValueError) as error:
            cause = str(error)
        finally:
            gone.cancel()
            connecting.cancel()
            await asyncio.gather(connecting, gone, return_exceptions=True)
        reached = Reached(
            host, port, client_id, refused, self._is_tcp, self._heard, self._version,
            closed, tuple(self._errors), cause,
        )  # fmt: skip
        self.close("it was never made")
        raise diagnosed(reached, timeout)

    def close(self, reason: str = "it was closed from here") -> None:
        """End it; `ended` is not told."""
        self._is_open = False
        self.queries.lost(reason)
        self.ib.wrapper.connectionClosed()
        self.ib.client.disconnect()

    @property
    def is_open(self) -> bool:
        """Whether it was made and has not ended, as far as anybody can tell."""
        return self._is_open and self.ib.client.isReady()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts of the login."""
        return tuple(self.ib.client.getAccounts())

    @property
    def silence(self) -> float:
        """Seconds since anything was heard."""
        return asyncio.get_running_loop().time() - self._heard_at

    # requests for data --------------------------------------------------------------------

    async def ask(self, what: str, request: Callable[[], Awaitable[T]], timeout: float) -> T:
        """The answer of a request of the library's.

        Args:
            what: is asked for, in words.
            request: sends it.
            timeout: seconds for the answer.

        Raises:
            RequestError: refused, or no answer in time.
            PacingError: the broker says it was one too many.
            LinkLostError: the connection ended.
        """
        try:
            async with asyncio.timeout(timeout):
                return await request()
        except TimeoutError:
            raise RequestError(
                0,
                f"The broker has not answered {what} within {timeout:g} seconds.",
                "Ask again; an answer that does not come is no empty answer.",
            ) from None
        except ConnectionError:
            raise LinkLostError(
                f"The connection ended while {what} was awaited.", "Wait until it is back."
            ) from None
        except self.lib.RequestError as error:
            raise self._refused(what, error) from None

    def follow(self, contract: IbContract) -> IbTicker:
        """The quotes of a contract from here on.

        Raises:
            LinkLostError: the connection has ended.
        """
        try:
            return self.ib.reqMktData(contract)
        except ConnectionError:
            raise LinkLostError(
                "The connection has ended; quotes cannot be followed.", "Wait until it is back."
            ) from None

    @staticmethod
    def _refused(what: str, error: Exception) -> RequestError | PacingError:
        code = int(getattr(error, "code", 0))
        text = str(getattr(error, "message", error))
        meaning = code_of(code, text)
        if meaning.action is Action.PACING:
            return PacingError(
                f"The broker says {what} came too soon ({code}: {text}).", "Ask less often."
            )
        return RequestError(code, f"The broker refused {what} ({code}: {text}): {meaning.meaning}.")

    # what comes ---------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> None:
        if isinstance(fact, ErrorSeen) and not self._is_open:
            self._errors.append(fact)
        self.queries.note(fact)
        self._sink(fact)

    def _data(self, data: bytes) -> None:
        self._heard += len(data)
        self._heard_at = asyncio.get_running_loop().time()
        self._version = self._version or self.ib.client.serverVersion()

    def _disconnected(self, *_: object) -> None:
        self._gone.set()
        if self._is_open:
            self._is_open = False
            self.queries.lost("the socket was closed")
            self._told_end(self, "the socket was closed")
