"""SetupDesk: the desk while `setup` runs. Timers are noted, everything else is too early."""

from __future__ import annotations

__all__ = ["SetupDesk"]

from typing import NoReturn

from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.ledger import Position
from framework.domain.orders import Order, OrderRequest, Protection, Side
from framework.errors import OrderError
from framework.ports import Preview


class SetupDesk:
    """The desk while `setup` runs: timers are noted, everything else is too early."""

    __slots__ = ("timers",)

    def __init__(self) -> None:
        self.timers: list[tuple[str, int, int | None]] = []

    def timer(self, name: str, first: int, every: int | None) -> None:
        """Note a timer for the run."""
        self.timers.append((name, first, every))

    def now(self) -> int:
        """Too early."""
        self._too_early("now")

    def reach(self, symbol: str, side: Side | None, protection: Protection) -> None:
        """Too early."""
        self._too_early("A verb")

    def target(self, symbol: str, quantity: float, protection: Protection) -> None:
        """Too early."""
        self._too_early("target")

    def target_share(self, symbol: str, share: float, tolerance: float) -> None:
        """Too early."""
        self._too_early("A target verb")

    def market(self, symbol: str, side: Side, quantity: float) -> Order | Refused:
        """Too early."""
        self._too_early("An order verb")

    def admit(self, contract: Instrument) -> None:
        """Too early."""
        self._too_early("An option")

    def units(
        self,
        instrument: Instrument,
        underlying: str,
        price: float,
        max_loss: float | None,
        vega: float,
    ) -> float:
        """Too early."""
        self._too_early("An option")

    def place(self, request: OrderRequest) -> Order | Refused:
        """Too early."""
        self._too_early("An order verb")

    def preview(self, request: OrderRequest) -> Preview:
        """Too early."""
        self._too_early("what_if")

    def modify(self, order: Order) -> Order | Refused:
        """Too early."""
        self._too_early("modify")

    def cancel(self, order_id: str) -> None:
        """Too early."""
        self._too_early("cancel")

    def working(self, symbol: str | None) -> tuple[Order, ...]:
        """Too early."""
        self._too_early("orders")

    def position(self, symbol: str) -> Position:
        """Too early."""
        self._too_early("position")

    def account(self) -> tuple[float, float, float, float]:
        """Too early."""
        self._too_early("account")

    def _too_early(self, what: str) -> NoReturn:
        raise OrderError(
            f"{what} was used in setup, before there is any bar.",
            "Use it in on_bar, or give the verb to self.when(condition, verb).",
        )
