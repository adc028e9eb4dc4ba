"""Trust: new risk is kept out until the connection is whole and the books have been compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from framework.brokers.ib.connection import Connection, Notice, NoticeKind, State
from framework.brokers.ib.problems import LinkLostError
from framework.engine.reconcile_nouns import Finding, FindingKind, Severity
from framework.session.guards import UnreconciledError
from framework.session.reconciling import Reconciler
from framework.session.trust import Trust

LESS = Finding(
    FindingKind.POSITION, Severity.UNEXPLAINED, "AAPL", "10", "0", "10 AAPL are gone.", "Look."
)
LATE = Finding(FindingKind.CASH, Severity.EXPLAINED, "USD", "1", "2", "A fee.", "Nothing.")


class Line:
    """A connection's state, and whoever watches it."""

    def __init__(self) -> None:
        self.state, self.reason = State.READY, ""
        self.watcher: Callable[[Notice], None]

    def watch(self, watcher: Callable[[Notice], None]) -> None:
        self.watcher = watcher

    def becomes(self, state: State, reason: str = "") -> None:
        self.state, self.reason = state, reason
        self.watcher(Notice(NoticeKind.STATE, reason or "as it should be", state))


class Books:
    """Finds what it is told to find."""

    def __init__(self) -> None:
        self.found: tuple[Finding, ...] = ()
        self.is_cut = False

    async def look(self, session: int, adopts: bool = False) -> tuple[Finding, ...]:
        if self.is_cut:
            raise LinkLostError("The connection ended.", "Wait.")
        return self.found


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def trust(line: Line, books: Books, said: list[str]) -> Trust:
    connection, reconciler = cast(Connection, line), cast(Reconciler, books)
    return Trust(connection, reconciler, lambda: 20_000, said.append)


def test_a_connection_that_came_back_is_trusted_once_the_books_are_compared(
    trust: Trust, line: Line
) -> None:
    assert "not been compared" in trust.doubt
    asyncio.run(trust.compare())
    assert trust.doubt == ""
    line.becomes(State.DISCONNECTED, "the wire was cut")
    assert "the wire was cut" in trust.doubt
    line.becomes(State.READY)
    assert "not been compared" in trust.doubt
    asyncio.run(trust.compare_if_possible())
    assert trust.doubt == ""


def test_what_is_not_explained_is_a_doubt_and_keeps_it_closed(trust: Trust, books: Books) -> None:
    books.found = (LATE, LESS)
    asyncio.run(trust.compare())
    assert trust.is_blocked
    assert "10 AAPL are gone" in trust.doubt
    with pytest.raises(UnreconciledError, match="adopt=True"):
        trust.insist()
    books.found = (LATE,)
    asyncio.run(trust.compare())
    assert not trust.is_blocked
    assert trust.doubt == ""
    trust.insist()


def test_a_comparison_that_fails_leaves_it_in_doubt(
    trust: Trust, line: Line, books: Books, said: list[str]
) -> None:
    books.is_cut = True
    asyncio.run(trust.compare_if_possible())
    assert "not been compared" in trust.doubt
    assert "could not be compared" in said[-1]
    line.state = State.SYNCING
    said.clear()
    asyncio.run(trust.compare_if_possible())
    assert said == []


def test_a_finding_is_said_once(trust: Trust, books: Books, said: list[str]) -> None:
    books.found = (LESS,)
    for _ in range(3):
        asyncio.run(trust.compare())
    assert [line for line in said if line.startswith("UNEXPLAINED")] == [f"UNEXPLAINED: {LESS}"]
