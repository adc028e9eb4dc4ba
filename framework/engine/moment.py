"""A moment: what the checks of one request read of account and market, looked up once."""

from __future__ import annotations

__all__ = ["Moment", "account_equity", "moment_of"]

from dataclasses import dataclass

from framework.domain.arithmetic import total
from framework.domain.instruments import Instrument
from framework.engine.blotter import Blotter
from framework.engine.slot import Slot


@dataclass(frozen=True, slots=True)
class Moment:
    """The same for every check of a request: nothing of it changes meanwhile.

    Attributes:
        time: nanoseconds UTC.
        day: the trading day, as days since 1970-01-01.
        instrument: the request's.
        price: its last known close; NaN before the first bar.
        equity: of the slot that asks.
        account_equity: of the whole account.
    """

    time: int
    day: int
    instrument: Instrument
    price: float
    equity: float
    account_equity: float


def moment_of(blotter: Blotter, slot: Slot, symbol: str, time: int, day: int) -> Moment:
    """What a request of a slot is judged by.

    Args:
        blotter: of the account.
        slot: who asks.
        symbol: what is asked for.
        time: nanoseconds UTC.
        day: the trading day.
    """
    equity = slot.equity()
    whole = 0.0
    for one in blotter.slots:
        whole += equity if one is slot else one.equity()
    instrument, price = slot.instrument(symbol), slot.price(symbol)
    return Moment(time, day, instrument, price, equity, blotter.spare.cash + whole)


def account_equity(blotter: Blotter) -> float:
    """Equity of the whole account at the last known closes."""
    return blotter.spare.cash + total(slot.equity() for slot in blotter.slots)
