"""Queries of the broker's books: an answer is complete, or it is unknown; never short.

A client library that times out shows an empty list, and an empty list says "flat". Here every
query ends with everything the broker sent up to its end mark, or raises.
"""

from __future__ import annotations

__all__ = ["Queries"]

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from framework.brokers.ib.codes import Action, code_of, is_read_only
from framework.brokers.ib.facts import (
    AccountValueSeen,
    CompletedSeen,
    ErrorSeen,
    ExecutionSeen,
    Fact,
    OpenSeen,
    PositionSeen,
)
from framework.brokers.ib.library import IbClient, IbContract, IbOrder, IbOrderState, Library
from framework.brokers.ib.problems import LinkLostError, RequestError

_ABOUT_ORDERS = frozenset({"open", "completed", "executions"})


@dataclass(slots=True, eq=False)
class _Query:
    """One that is under way."""

    name: str
    kind: type
    done: asyncio.Future[tuple[Fact, ...]]
    key: int | str = 0
    items: list[Fact] = field(default_factory=list)

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(tuple(self.items))

    def fail(self, error: RequestError | LinkLostError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Queries:
    """Asks one connection about orders, executions, positions and money.

    Args:
        lib: the client library.
        client: of the connection.
        grace: seconds a late end mark of an earlier query, given up meanwhile, is allowed for.
    """

    def __init__(self, lib: Library, client: IbClient, grace: float = 0.5) -> None:
        self._lib = lib
        self._client = client
        self._grace = grace
        self._asked: dict[str, _Query] = {}
        self._given_up: set[str] = set()
        self._what_ifs: dict[int, asyncio.Future[IbOrderState]] = {}
        self._times: deque[asyncio.Future[int]] = deque()

    # what is asked --------------------------------------------------------------------------

    async def open_orders(self, timeout: float) -> tuple[Fact, ...]:
        """Everybody's open orders, as OpenSeen."""
        return await self._ask("open", OpenSeen, self._client.reqAllOpenOrders, timeout)

    async def completed_orders(self, timeout: float) -> tuple[Fact, ...]:
        """The day's orders that are over, as CompletedSeen."""
        return await self._ask(
            "completed", CompletedSeen, lambda: self._client.reqCompletedOrders(False), timeout
        )

    async def executions(self, timeout: float) -> tuple[Fact, ...]:
        """The day's executions, as ExecutionSeen."""
        number = self._client.getReqId()

        def send() -> None:
            self._client.reqExecutions(number, self._lib.ExecutionFilter())

        return await self._ask("executions", ExecutionSeen, send, timeout, number)

    async def positions(self, timeout: float) -> tuple[Fact, ...]:
        """What every account holds, as PositionSeen."""
        return await self._ask("positions", PositionSeen, self._client.reqPositions, timeout)

    async def account(self, account: str, timeout: float) -> tuple[Fact, ...]:
        """The values of one account, as AccountValueSeen; later ones come by themselves."""

        def send() -> None:
            self._client.reqAccountUpdates(True, account)

        return await self._ask("account", AccountValueSeen, send, timeout, account)

    async def time(self, timeout: float) -> int:
        """Seconds UTC of the broker's clock; proves that everything sent before has been read."""
        self._check_ready()
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._times.append(answer)
        self._client.reqCurrentTime()
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise _unanswered("request of its time", timeout) from None
        finally:
            if answer in self._times:
                self._times.remove(answer)

    async def what_if(
        self, order_id: int, contract: IbContract, order: IbOrder, timeout: float
    ) -> IbOrderState:
        """What an order would do to the account; nothing is sent to the market."""
        self._check_ready()
        done = asyncio.get_running_loop().create_future()
        self._what_ifs[order_id] = done
        order.whatIf = True
        try:
            self._client.placeOrder(order_id, contract, order)
            async with asyncio.timeout(timeout):
                state: IbOrderState = await done
        except TimeoutError:
            raise _unanswered("what-if order", timeout) from None
        finally:
            self._what_ifs.pop(order_id, None)
        return state

    # how ----------------------------------------------------------------------------------

    async def _ask(
        self,
        name: str,
        kind: type,
        send: Callable[[], None],
        timeout: float,
        key: int | str = 0,
    ) -> tuple[Fact, ...]:
        """Everything of `kind` up to the end mark; whoever asks meanwhile shares the answer.

        Raises:
            RequestError: refused, or no end mark in time.
            LinkLostError: the connection ended.
        """
        query = self._asked.get(name)
        if query is None:
            query = self._begin(name, kind, key)
            send()
        return await self._end_of(query, timeout)

    def _begin(self, name: str, kind: type, key: int | str) -> _Query:
        self._check_ready()
        query = _Query(name, kind, asyncio.get_running_loop().create_future(), key)
        self._asked[name] = query
        return query

    def _check_ready(self) -> None:
        if not self._client.isReady():
            raise LinkLostError("There is no connection to ask.", "Connect first.")

    async def _end_of(self, query: _Query, timeout: float) -> tuple[Fact, ...]:
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(query.done)
        except TimeoutError:
            self._given_up.add(query.name)
            error = _unanswered(f"query of {query.name}", timeout)
            query.fail(error)
            query.done.exception()
            raise error from None
        finally:
            if self._asked.get(query.name) is query and query.done.done():
                del self._asked[query.name]

    # what comes ---------------------------------------------------------------------------

    def note(self, fact: Fact) -> None:
        """A fact came in."""
        if isinstance(fact, ErrorSeen):
            self._failed(fact)
            return
        for query in tuple(self._asked.values()):
            if isinstance(fact, query.kind):
                query.items.append(fact)

    def ended(self, name: str, key: int | str = 0) -> None:
        """An end mark came in, or the time."""
        if name == "time":
            if self._times and not self._times[0].done():
                self._times.popleft().set_result(int(key))
            return
        query = self._asked.get(name)
        if query is None:
            self._given_up.discard(name)
            return
        if query.key and query.key != key:
            return
        if name in self._given_up and not query.key:
            # It may be the mark of the query before: if so, ours comes soon, with the answer.
            self._given_up.discard(name)
            asyncio.get_running_loop().call_later(self._grace, query.finish)
        else:
            query.finish()

    def previewed(self, order_id: int, state: IbOrderState) -> None:
        """What an order would do is known."""
        waiting = self._what_ifs.get(order_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(state)

    def _failed(self, error: ErrorSeen) -> None:
        code = code_of(error.code, error.text)
        problem = RequestError(error.code, f"The broker says {error.code}: {error.text}")
        if is_read_only(error.code, error.text):
            for name in _ABOUT_ORDERS & set(self._asked):
                self._asked[name].fail(problem)
        executions = self._asked.get("executions")
        if executions is not None and executions.key == error.number:
            executions.fail(problem)
        what_if = self._what_ifs.get(error.number)
        if what_if is not None and code.action not in _HARMLESS and not what_if.done():
            what_if.set_exception(problem)

    def lost(self, reason: str) -> None:
        """The connection has ended."""
        error = LinkLostError(f"The connection ended: {reason}.", "Wait until it is back.")
        for query in tuple(self._asked.values()):
            query.fail(error)
        for state in self._what_ifs.values():
            if not state.done():
                state.set_exception(error)
        for time in self._times:
            if not time.done():
                time.set_exception(error)


_HARMLESS = frozenset({Action.NOTE, Action.NOTE_QUERY, Action.INFORM, Action.ALERT})


def _unanswered(what: str, timeout: float) -> RequestError:
    return RequestError(
        0,
        f"The broker has not answered a {what} within {timeout:g} seconds.",
        "What it would have said is unknown; ask again.",
    )
