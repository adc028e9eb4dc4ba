"""References: what an order is called at the broker: its id, and the tag of its journal."""

from __future__ import annotations

__all__ = ["LONGEST", "References", "base36", "tag_of"]

from dataclasses import dataclass
from hashlib import blake2b

from framework.errors import OrderError

LONGEST = 40
"""Characters a reference has at most."""
_MARK = "@"
_LENGTH = 6
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """A number, not negative, in digits and small letters."""
    letters = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        letters = _DIGITS[digit] + letters
    return letters or "0"


def tag_of(time: int, client_id: int) -> str:
    """The tag of a journal that begins now: six digits and small letters.

    Args:
        time: nanoseconds UTC.
        client_id: of the connection that trades; two may begin in the same breath.
    """
    mixed = blake2b(f"{time}/{client_id}".encode(), digest_size=8).digest()
    number = int.from_bytes(mixed, "big") % len(_DIGITS) ** _LENGTH
    return base36(number).rjust(_LENGTH, "0")


@dataclass(frozen=True, slots=True)
class References:
    """The names by which a broker knows one journal's orders.

    Ids are numbered from 1 in every journal, and a broker tells of the orders of all of them: an
    order travels as "Flip-1@k3x9q2", and what has another tag is somebody else's.

    Attributes:
        tag: the journal's; empty where ids travel as they are.
    """

    tag: str = ""

    def outward(self, order_id: str) -> str:
        """What an order of ours is called at the broker.

        Raises:
            OrderError: it cannot be called so.
        """
        if not order_id or not order_id.isascii() or not order_id.isprintable():
            raise OrderError(
                f"An order is called {order_id!r}, and only ASCII letters travel to the broker.",
                "Give the strategy another name.",
            )
        if _MARK in order_id:
            raise OrderError(
                f"An order is called {order_id}, and {_MARK} stands before a journal's tag.",
                "Give the strategy another name.",
            )
        reference = self._tagged(order_id)
        if len(reference) > LONGEST:
            raise OrderError(
                f"An order is called {reference} at the broker: {len(reference)} characters, and "
                f"{LONGEST} are the most.",
                "Give the strategy a shorter name.",
            )
        return reference

    def inward(self, reference: str) -> str | None:
        """Our id of what the broker calls so; None for what is not of this journal."""
        order_id, mark, tag = reference.rpartition(_MARK)
        if not mark:
            order_id, tag = reference, ""
        return order_id if order_id and tag == self.tag else None

    def group_outward(self, oca: str) -> str:
        """What a one-cancels-all group of ours is called at the broker, which joins all orders of
        one name."""
        return self._tagged(oca)

    def group_inward(self, group: str) -> str:
        """Our name of a group; as it is, for one that is not of this journal."""
        return group.removesuffix(f"{_MARK}{self.tag}") if self.tag else group

    def _tagged(self, name: str) -> str:
        return f"{name}{_MARK}{self.tag}" if self.tag else name
