"""Where a fault strikes: whose order, which request, which connections it is about."""

from __future__ import annotations

__all__ = ["Cause", "Doing", "Scene"]

from dataclasses import dataclass

from framework.emulator.faults.acts import Act, OrderRef


@dataclass(frozen=True, slots=True)
class Cause:
    """What set a fault off, as far as acts ask for it.

    Attributes:
        what: in words, for the report.
        session: connection it came on; None for everybody's.
        client_id: whose; None is anybody's.
        order_id: the order it was about.
        request_id: the request it was about.
    """

    what: str
    session: int | None = None
    client_id: int | None = None
    order_id: int | None = None
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A cause, and who is connected while a verb acts.

    Attributes:
        cause: what set the fault off.
        sessions: connections the cause is about.
        everybody: all connections.
    """

    cause: Cause
    sessions: tuple[int, ...]
    everybody: tuple[int, ...]

    def order(self, word: int | str) -> OrderRef:
        """The order meant by "this", "newest" or an id; "this" of a cause without one is newest."""
        if isinstance(word, int):
            return OrderRef(word, self.cause.client_id)
        if word == "this" and self.cause.order_id is not None:
            return OrderRef(self.cause.order_id, self.cause.client_id)
        return OrderRef(None, self.cause.client_id)

    def id_of(self, word: int | str) -> int:
        """The id an error is about: "order", "request", or a number; -1 where there is none."""
        if isinstance(word, int):
            return word
        order, request = self.cause.order_id, self.cause.request_id
        first, second = (order, request) if word == "order" else (request, order)
        found = first if first is not None else second
        return -1 if found is None else found

    def filled(self, text: str) -> str:
        """The text of a field, with what `$order`, `$request` and `$client` stand for."""
        if not text.startswith("$"):
            return text
        cause = self.cause
        known = {"$order": cause.order_id, "$request": cause.request_id, "$client": cause.client_id}
        found = known.get(text, text)
        return "-1" if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Doing:
    """An act to perform now, and the act that ends it.

    Attributes:
        act: what to do.
        undo: what ends it; None for what has no end.
        seconds: how long it lasts; None is until told.
    """

    act: Act
    undo: Act | None = None
    seconds: float | None = None
