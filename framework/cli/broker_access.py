"""Looking at a broker from a command: settings and guards, a connection, errors that say where."""

from __future__ import annotations

__all__ = [
    "CLIENT_ID",
    "LOOKING",
    "OFFER",
    "Looker",
    "SystemClock",
    "access_of",
    "looked_at",
    "looking",
    "offered",
    "quiet_library",
]

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from framework.brokers.ib.connection import Connection
from framework.brokers.ib.contracts import Contracts
from framework.brokers.ib.facts import ErrorSeen, Fact
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.problems import ConnectError, LinkLostError, RequestError
from framework.brokers.ib.settings import Settings, Timings
from framework.cli.broker_options import BrokerFlags
from framework.cli.gateway_options import DEFAULT_PORT
from framework.cli.reporting import complain
from framework.config.environment import Given, IbAccess, Mode, find_env_file, ib_access
from framework.errors import ConfigError
from framework.session.guards import account_objections, insist, port_objections
from framework.session.masking import masked_text

T = TypeVar("T")

CLIENT_ID = 99
"""Of commands that only look: no session's."""

LOOKING = Timings()
"""A command tries once, and says what is wrong instead of waiting for it to pass; a connection that
was there and is lost is waited for."""

OFFER = (
    f"Without TWS: `python run.py gateway` serves an emulator, to look at with --port "
    f"{DEFAULT_PORT}; `--paper --gateway emulator` of a run trades against one."
)
_OTHER_OFFER = " To try without:"
"""Of a session, which has the flag."""
_NOBODY = frozenset({"not_running", "unreachable", "silent", "wrong_port", "refused"})
"""Diagnoses after which the emulator is offered."""
_LIBRARIES = ("ib_insync", "ib_async")


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Nanoseconds UTC."""
        return time.time_ns()


@dataclass(slots=True, eq=False)
class Looker:
    """A connection that only looks.

    Attributes:
        access: what was asked for.
        connection, pacer, book, contracts: of `brokers.ib`.
        said: messages of the broker, in order.
    """

    access: IbAccess
    connection: Connection
    pacer: Pacer
    book: Book
    contracts: Contracts
    said: list[ErrorSeen] = field(default_factory=list)
    listeners: list[Callable[[Fact], None]] = field(default_factory=list)

    @property
    def link(self) -> Link:
        """The present connection.

        Raises:
            LinkLostError: there is none.
        """
        link = self.connection.link
        if link is None:
            raise LinkLostError("The connection with TWS has ended.", "Run the command again.")
        return link

    @property
    def account(self) -> str:
        """The account looked at."""
        return self.connection.account

    @property
    def known_accounts(self) -> tuple[str, ...]:
        """Every account id that is to be masked."""
        link = self.connection.link
        reported = () if link is None else link.accounts
        return tuple({self.access.account, self.account, *reported} - {""})

    def take(self, fact: Fact) -> None:
        """A fact came in."""
        if isinstance(fact, ErrorSeen):
            self.said.append(fact)
        for listener in tuple(self.listeners):
            listener(fact)


def access_of(flags: BrokerFlags, client_id: int = CLIENT_ID) -> IbAccess:
    """Settings of a command that looks: flags over the process environment over `.env`.

    Raises:
        ConfigError: they cannot be used, or contradict each other.
    """
    if flags.paper and flags.live:
        raise ConfigError("Both --paper and --live are given.", "Give one of them.")
    mode = Mode.LIVE if flags.live else Mode.PAPER
    chosen = client_id if flags.client_id is None else flags.client_id
    given = Given(flags.host, flags.port, chosen, flags.account)
    access = ib_access(mode, os.environ, find_env_file(), given)
    warnings = insist(port_objections(mode, access.port))
    if access.account:
        insist(account_objections(mode, access.account))
    return replace(access, warnings=(*access.warnings, *warnings))


@asynccontextmanager
async def looking(
    access: IbAccess, timings: Timings = LOOKING, limits: Limits | None = None
) -> AsyncIterator[Looker]:
    """A connection that looks, closed in the end.

    Args:
        access: where.
        timings: of the connection.
        limits: of requests; the usual ones if None.

    Raises:
        ConnectError: with its diagnosis.
        GuardError: the account is not of the mode asked for.
    """
    clock = SystemClock()
    settings = Settings(access.host, access.port, access.client_id, access.account, trades=False)
    connection = Connection(settings, clock, timings)
    pacer, book = Pacer(clock, limits), Book()
    looker = Looker(access, connection, pacer, book, Contracts(connection, pacer, book))
    connection.attach(looker.take, _nothing)
    try:
        await connection.open(attempts=1)
        insist(account_objections(access.mode, connection.account))
        yield looker
    finally:
        pacer.close()
        await connection.close()


def looked_at(flags: BrokerFlags, work: Callable[[Looker], Awaitable[T]]) -> T:
    """What `work` finds on a connection of its own.

    Raises:
        SlipwayError: there is no connection, or work has failed; account ids are masked.
    """
    access = access_of(flags)
    for warning in access.warnings:
        complain(f"Warning: {warning}")
    return asyncio.run(_worked(access, work))


async def _worked(access: IbAccess, work: Callable[[Looker], Awaitable[T]]) -> T:
    quiet_library()
    try:
        async with looking(access) as looker:
            return await work(looker)
    except ConnectError as error:
        raise offered(error, access) from None
    except RequestError as error:
        problem, remedy = masked_text(error.problem), masked_text(error.remedy)
        raise RequestError(error.code, problem, remedy) from None


def offered(error: ConnectError, access: IbAccess) -> ConnectError:
    """A failed connection with account ids masked and, where no TWS is there, with the offer of
    the emulator."""
    known = (access.account,)
    remedy = masked_text(error.remedy, known)
    if error.cause in _NOBODY:
        remedy = f"{remedy.partition(_OTHER_OFFER)[0]} {OFFER}"
    return ConnectError(error.cause, masked_text(error.problem, known), remedy)


def quiet_library() -> None:
    """Keep the client library's log off the screen: what it says is told in our words."""
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def _nothing(_: Link) -> None:
    """There are no books of our own to compare."""
