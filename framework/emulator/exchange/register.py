"""Register: every order there is, found by client and id, and those that wait for another."""

from __future__ import annotations

__all__ = ["Register"]

from collections.abc import Iterable

from framework.emulator.exchange.placed import Placed


class Register:
    """The orders of all accounts by their clients' ids."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[int, int], Placed] = {}
        self._all: dict[int, Placed] = {}
        self._waiting: dict[int, list[Placed]] = {}

    def find(self, client_id: int, order_id: int) -> Placed | None:
        """A client's order."""
        return self._by_id.get((client_id, order_id))

    def parent_of(self, placed: Placed) -> Placed | None:
        """The order one names as its parent."""
        number = placed.order.parent_id
        return self.find(placed.client_id, number) if number else None

    def all(self) -> list[Placed]:
        """Every order, oldest first."""
        return list(self._all.values())

    def add(self, placed: Placed) -> None:
        """Note an order, under its client's id if it has one."""
        self._all[placed.perm_id] = placed
        if placed.order_id > 0:
            self._by_id.setdefault((placed.client_id, placed.order_id), placed)

    def forget(self, placed: Placed) -> None:
        """Let an order never have been here."""
        self._all.pop(placed.perm_id, None)
        self._waiting.pop(placed.perm_id, None)
        for children in self._waiting.values():
            if placed in children:
                children.remove(placed)
        if self._by_id.get((placed.client_id, placed.order_id)) is placed:
            del self._by_id[placed.client_id, placed.order_id]

    def tidy(self, most: int) -> list[Placed]:
        """Forget the oldest orders that are done and have traded nothing, once there are more than
        `most` of all kinds by a quarter; those forgotten."""
        surplus = len(self._all) - most
        if surplus <= most // 4:
            return []
        idle = [one for one in self._all.values() if one.is_done and one.filled == 0.0]
        for placed in idle[:surplus]:
            self.forget(placed)
        return idle[:surplus]

    def free_ids(self, first: int) -> None:
        """Let the ids from `first` on be free again, whatever they stood for."""
        for key in [key for key in self._by_id if key[1] >= first]:
            del self._by_id[key]

    # children that wait for their parent to fill ---------------------------------------------

    def wait(self, child: Placed, parent: Placed) -> None:
        """Let a child wait for its parent."""
        self._waiting.setdefault(parent.perm_id, []).append(child)

    def waiting_for(self, parent: Placed) -> list[Placed]:
        """Children that wait for a parent."""
        return list(self._waiting.get(parent.perm_id, ()))

    def is_waiting(self, placed: Placed) -> bool:
        """Whether an order waits for its parent."""
        return any(placed in children for children in self._waiting.values())

    def released(self) -> Iterable[tuple[Placed, list[Placed]]]:
        """Parents that are done, with the children that have waited for them."""
        done = [perm for perm in self._waiting if self._all[perm].is_done]
        return [(self._all[perm], self._waiting.pop(perm)) for perm in done]
