"""Families: orders that wait until one of them is transmitted, and who protects whom."""

from __future__ import annotations

__all__ = ["Families", "is_protective"]

from collections.abc import Sequence

from framework.emulator.exchange.placed import Placed


def is_protective(child: Placed, parent: Placed) -> bool:
    """Whether a child closes what its parent opens; others merely wait for it."""
    if child is parent or child.listing is None or parent.listing is None:
        return False
    sides = {child.order.action, parent.order.action} - {"SSHORT"}
    return child.listing.key == parent.listing.key and len(sides) > 1


class Families:
    """Orders not transmitted yet, by the family they belong to: a parent and its children."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], list[Placed]] = {}

    def add(self, placed: Placed) -> None:
        """Let an order wait."""
        self._waiting.setdefault(_family(placed), []).append(placed)

    def waiting(self, root: Placed) -> list[Placed]:
        """What waits of a root's family, the root first."""
        family = self._waiting.get((root.client_id, root.order_id), [])
        return sorted(family, key=lambda one: (one is not root, one.perm_id))

    def children_waiting(self, root: Placed) -> list[Placed]:
        """What waits of it but the root itself."""
        return [one for one in self.waiting(root) if one is not root]

    def sent(self, placed: Sequence[Placed]) -> None:
        """Let orders wait no longer."""
        for one in placed:
            family = self._waiting.get(_family(one), [])
            if one in family:
                family.remove(one)
            if not family:
                self._waiting.pop(_family(one), None)


def _family(placed: Placed) -> tuple[int, int]:
    return placed.client_id, placed.order.parent_id or placed.order_id
