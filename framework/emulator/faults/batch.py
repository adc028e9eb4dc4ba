"""What becomes of one message: copies of it, what waits, and the acts before and behind it."""

from __future__ import annotations

__all__ = ["Batch", "Held"]

from dataclasses import dataclass, field

from framework.emulator.faults.acts import Act
from framework.emulator.faults.dice import Dice
from framework.emulator.faults.fields import changed
from framework.emulator.faults.message import Delivery, MessageView
from framework.emulator.faults.scene import Scene
from framework.emulator.faults.verbs_message import Drop, Dup, Hold, Mutate, Swap

_FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A message that waits.

    Attributes:
        delivery: the message.
        until: messages after which it is handed on; empty if only time counts.
        seconds: how long it waits at most.
        order_id: of the order it is about.
        swapped_by: name of the fault, if it is to change places with one; empty otherwise.
    """

    delivery: Delivery
    until: tuple[str, ...]
    seconds: float
    order_id: int | None
    swapped_by: str = ""

    def freed_by(self, view: MessageView) -> bool:
        """Whether it is handed on after this message."""
        if view.session != self.delivery.session or view.message not in self.until:
            return False
        both = self.order_id is not None and view.order_id is not None
        return not both or self.order_id == view.order_id


@dataclass(slots=True)
class Batch:
    """A message while faults work on it.

    Attributes:
        view: the message as it came.
        copies: what is handed on of it.
        before: acts before it.
        after: acts behind it.
        held: what waits.
        late: copies that come so many seconds later.
    """

    view: MessageView
    copies: list[bytes] = field(default_factory=list)
    before: list[Act | Delivery] = field(default_factory=list)
    after: list[Act | Delivery] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    late: list[tuple[float, Delivery]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.copies.append(self.view.payload)

    def apply(self, verb: object, fault: str, scene: Scene, dice: Dice) -> str:
        """What a message verb does; the answer is what it could not do."""
        if isinstance(verb, Drop):
            self.copies.clear()
        elif isinstance(verb, Mutate):
            return self._mutate(verb, scene)
        elif isinstance(verb, Dup):
            return self._dup(verb, scene)
        elif isinstance(verb, Hold):
            part = dice.draw() if verb.seconds.drawn else 0.0
            self._hold(verb.until, verb.seconds.at(part) or _FOR_EVER, "")
        elif isinstance(verb, Swap):
            self._hold(verb.other or (self.view.message,), verb.seconds or _FOR_EVER, fault)
        return ""

    def steps(self) -> list[Act | Delivery]:
        """What is to be done now."""
        return [*self.before, *(self.delivery(copy) for copy in self.copies), *self.after]

    def delivery(self, payload: bytes) -> Delivery:
        """A payload on the way of the message."""
        return Delivery(self.view.session, self.view.direction, payload)

    def _mutate(self, verb: Mutate, scene: Scene) -> str:
        notes = []
        for place, copy in enumerate(self.copies):
            self.copies[place], note = changed(self.view, copy, verb.set, verb.add, scene)
            notes.append(note)
        return next((note for note in notes if note), "")

    def _dup(self, verb: Dup, scene: Scene) -> str:
        notes = [""]
        copies: list[bytes] = []
        for copy in self.copies:
            again, note = changed(self.view, copy, verb.set, verb.add, scene)
            notes.append(note)
            copies += [again] * (verb.count or 1)
        if verb.seconds > 0.0:
            self.late += [(verb.seconds, self.delivery(copy)) for copy in copies]
        else:
            self.copies += copies
        return next((note for note in notes if note), "")

    def _hold(self, until: tuple[str, ...], seconds: float, swapped_by: str) -> None:
        order = self.view.order_id
        self.held += [
            Held(self.delivery(copy), until, seconds, order, swapped_by) for copy in self.copies
        ]
        self.copies.clear()
