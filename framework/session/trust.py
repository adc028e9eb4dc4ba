"""Trust: whether new risk may be taken: the connection is whole, and the books agree."""

from __future__ import annotations

__all__ = ["Trust"]

from collections.abc import Callable

from framework.brokers.ib.connection import Connection, Notice, State
from framework.brokers.ib.problems import LinkLostError
from framework.engine.reconcile_nouns import Finding
from framework.session.guards import UnreconciledError, insist_reconciled
from framework.session.reconciling import Reconciler
from framework.session.teller import Say

_ADOPT = (
    "Look at the account with `slipway positions` and `slipway working`; connect(..., adopt=True) "
    "takes what it has besides as nobody's."
)


class Trust:
    """Compares books, and watches the connection they were compared over.

    Args:
        connection: to the broker.
        reconciler: holds the broker's books against ours.
        session: the trading day now, as days since 1970-01-01.
        say: told what happens.

    Attributes:
        findings: of the last comparison.
        is_behind: whether the books have not been compared since the connection came.
    """

    def __init__(
        self,
        connection: Connection,
        reconciler: Reconciler,
        session: Callable[[], int],
        say: Say,
    ) -> None:
        self._connection = connection
        self._reconciler = reconciler
        self._session = session
        self._say = say
        self.findings: tuple[Finding, ...] = ()
        self.is_behind = True
        connection.watch(self._noticed)

    @property
    def is_blocked(self) -> bool:
        """Whether the books differ in something that is not explained."""
        return any(one.blocks for one in self.findings)

    @property
    def doubt(self) -> str:
        """Why nothing that increases risk may leave; empty if it may."""
        connection = self._connection
        if connection.state is not State.READY:
            return f"the connection is {connection.state}: {connection.reason}"
        if self.is_behind:
            return "the books have not been compared since the connection came back"
        return next((f"unexplained: {one.text}" for one in self.findings if one.blocks), "")

    async def compare(self, adopts: bool = False) -> None:
        """Hold the broker's books against ours.

        Raises:
            LinkLostError: there is no connection to ask.
            ReconcileError: what was to be adopted cannot be.
        """
        before = self.findings
        self.findings = await self._reconciler.look(self._session(), adopts)
        self.is_behind = False
        for one in self.findings:
            if one in before:
                continue
            self._say(f"{'UNEXPLAINED' if one.blocks else 'explained'}: {one}")

    async def compare_if_possible(self) -> None:
        """The same where there is a connection that can be trusted."""
        if self._connection.state is not State.READY:
            return
        try:
            await self.compare()
        except LinkLostError as error:
            self._say(f"the books could not be compared: {error}")

    def insist(self) -> None:
        """Open nothing while the books differ.

        Raises:
            UnreconciledError: with the first findings.
        """
        try:
            insist_reconciled(self.findings)
        except UnreconciledError as error:
            raise UnreconciledError(error.problem, _ADOPT) from None

    def _noticed(self, notice: Notice) -> None:
        self.is_behind = self.is_behind or notice.state is not State.READY
        if notice.state is not State.CLOSED:
            self._say(f"{notice.state}: {notice.text}")
