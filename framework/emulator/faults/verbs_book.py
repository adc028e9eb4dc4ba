"""Verbs on the broker's book, behind the client's back: fills, expiry, foreign orders."""

from __future__ import annotations

__all__ = ["Cancel", "Correct", "ExpireDay", "Fill", "Fork", "Manual", "Side", "Tif"]

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from framework.emulator.faults import acts
from framework.emulator.faults.scene import Doing, Scene
from framework.emulator.faults.values import Flag, Money, OrderId, Text, Value, choice


class Side(StrEnum):
    """Which way a foreign order goes."""

    BUY = "BUY"
    SELL = "SELL"


class Tif(StrEnum):
    """How long a foreign order lives."""

    DAY = "DAY"
    GTC = "GTC"


def _any_id(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Give a whole number; 0 or below is an order typed into TWS.")
    return value


def _size(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError("Give a number above 0.")
    return float(value)


AnyId = Annotated[int, Value(_any_id)]


@dataclass(frozen=True, slots=True)
class Fill:
    """An order trades at the broker.

    Attributes:
        order: which: this, newest, or an id.
        quantity: how much; None is what is left.
        price: None is its limit price, or the last one.
        tell: whether the client hears of it.
    """

    order: OrderId = "this"
    quantity: Money = None
    price: Money = None
    tell: Flag = True

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One fill."""
        order = scene.order(self.order)
        return (Doing(acts.FillOrder(order, self.quantity, self.price, self.tell)),)


@dataclass(frozen=True, slots=True)
class Cancel:
    """An order is cancelled at the broker, unasked.

    Attributes:
        order: which: this, newest, or an id.
        tell: whether the client hears of it.
    """

    order: OrderId = "this"
    tell: Flag = True

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One cancellation."""
        return (Doing(acts.CancelAtBroker(scene.order(self.order), self.tell)),)


@dataclass(frozen=True, slots=True)
class ExpireDay:
    """The day's orders expire; those good till cancelled stay.

    Attributes:
        tell: whether clients hear of it.
    """

    tell: Flag = False

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One close of the day."""
        return (Doing(acts.ExpireDay(self.tell)),)


@dataclass(frozen=True, slots=True)
class Manual:
    """Somebody else's order appears: typed into TWS, or of another client.

    Attributes:
        symbol: empty is that of the newest order.
        action: BUY or SELL.
        quantity: how much.
        limit: None is a market order.
        order_id: 0 or below is typed into TWS.
        client_id: 0 is TWS itself.
        tif: DAY or GTC.
        fill: whether it trades at once.
    """

    symbol: Text = ""
    action: Annotated[Side, choice(Side)] = Side.BUY
    quantity: Annotated[float, Value(_size)] = 100.0
    limit: Money = None
    order_id: AnyId = 0
    client_id: AnyId = 0
    tif: Annotated[Tif, choice(Tif)] = Tif.DAY
    fill: Flag = False

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One order."""
        order = acts.ManualOrder(
            self.symbol,
            str(self.action),
            self.quantity,
            self.limit,
            self.order_id,
            self.client_id,
            str(self.tif),
            self.fill,
        )
        return (Doing(order),)


@dataclass(frozen=True, slots=True)
class Fork:
    """An order lives twice, under two permIds.

    Attributes:
        order: which: this, newest, or an id.
    """

    order: OrderId = "this"

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One copy."""
        return (Doing(acts.ForkPermId(scene.order(self.order))),)


@dataclass(frozen=True, slots=True)
class Correct:
    """The last execution of an order is corrected: .01 becomes .02.

    Attributes:
        order: which: this, newest (the one that traded last), or an id.
        price: None keeps it.
        quantity: None keeps it.
    """

    order: OrderId = "this"
    price: Money = None
    quantity: Money = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One correction."""
        order = scene.order(self.order)
        return (Doing(acts.CorrectExecution(order, self.price, self.quantity)),)
