"""What one execution does: quantity, slippage, fees, lots, cash, and the events that report it."""

from __future__ import annotations

__all__ = ["Execution"]

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from math import copysign, isfinite

from framework.brokers.simulated.book import LotBook, Part
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar, Tape
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import OrderStatus, OrderType
from framework.errors import ConfigError
from framework.ports import CommissionModel, SlippageModel


def _capped(most: float, part: Part) -> Part:
    """The part, with no more opened than was judged."""
    if not part.opens or abs(part.quantity) <= most:
        return part
    return Part(copysign(most, part.quantity), opens=True)


def _finite(model: object, value: float) -> float:
    if not isfinite(value):
        raise ConfigError(
            f"The component {type(model).__name__} answered {value}.", "It must be a finite number."
        )
    return value


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_SLIPS = frozenset({OrderType.MARKET, OrderType.STOP, OrderType.TRAIL})


class Execution:
    """Turns a price into fills, and keeps the broker's own book while doing so.

    Args:
        tapes: by symbol, in subscription order.
        ledger: the broker's book of the account.
        policy: fill policy.
        commission: fee schedule.
        slippage: slippage model.
        leverage: buying power as a multiple of equity, for policies that check cash at the fill.
        events: where reports are appended.
    """

    __slots__ = (
        "_commission",
        "_events",
        "_leverage",
        "_month",
        "_month_quantity",
        "_policy",
        "_slippage",
        "_tapes",
        "ledger",
        "lots",
    )

    def __init__(
        self,
        tapes: Mapping[str, Tape],
        ledger: Ledger,
        policy: FillPolicy,
        commission: CommissionModel,
        slippage: SlippageModel,
        leverage: float,
        events: list[BrokerEvent],
    ) -> None:
        self._tapes = tapes
        self._policy = policy
        self._commission = commission
        self._slippage = slippage
        self._leverage = leverage
        self._events = events
        self._month = (0, 0)
        self._month_quantity = 0.0
        self.ledger = ledger
        self.lots = {symbol: LotBook() for symbol in tapes}

    def execute(
        self, resting: Resting, reference: float, bar: Bar, at_open: bool, exact: bool
    ) -> float:
        """Trade what the order still wants at `reference` before slippage.

        Returns:
            Signed units that opened or added to a position; 0 when it only closed, or could not
            trade at all (its status then says why).
        """
        self._turn_month(bar.session)
        if resting.order.fraction is not None and resting.order.quantity == 0.0:
            self._size(resting, reference)
        parts = self._parts(resting)
        opened = 0.0
        for part in parts:
            price = self._price(resting, reference, part, bar, at_open)
            if part.opens and not self._affordable(resting, part, reference, price):
                continue
            self._book(resting, part, price, reference, bar, exact)
            opened += part.quantity if part.opens else 0.0
        self._finish(resting, bar)
        return opened

    def _parts(self, resting: Resting) -> list[Part]:
        """The pieces to book: one, unless the policy charges or slips by piece."""
        order = resting.order
        lots = self.lots[order.symbol]
        wanted = order.side * (order.quantity - resting.filled)
        parts = [part for part in lots.split(wanted, order.parent) if part.quantity != 0.0]
        if order.opens is not None:
            parts = [part for part in map(partial(_capped, order.opens), parts) if part.quantity]
        if self._policy.fee_per == "lot" or self._policy.slippage_on == "entries":
            return parts
        total = sum(part.quantity for part in parts)
        opening = sum(part.quantity for part in parts if part.opens)
        if opening == 0.0 or self._policy.cash_check == "door":
            return [Part(total, opens=opening != 0.0)] if total != 0.0 else []
        closing = total - opening
        kept = [Part(closing, opens=False)] if closing != 0.0 else []
        return [*kept, Part(opening, opens=True)]

    def _price(
        self, resting: Resting, reference: float, part: Part, bar: Bar, at_open: bool
    ) -> float:
        policy = self._policy
        if policy.slippage_on == "entries":
            slips = part.opens
        else:
            slips = resting.kind in _SLIPS and (policy.gap_slip or not at_open)
        if not slips:
            return reference
        instrument = self._tapes[resting.order.symbol].instrument
        price = self._slippage.price(
            instrument, resting.side, reference, abs(part.quantity), bar.volume
        )
        if (_finite(self._slippage, price) - reference) * resting.side < 0.0:
            raise ConfigError(
                f"The slippage {type(self._slippage).__name__} improves a price of {reference} to "
                f"{price}.",
                "Slippage costs: a buy pays the price or more, a sell gets it or less.",
            )
        if policy.slip_cap == "range":
            price = min(max(price, min(bar.low, reference)), max(bar.high, reference))
        return price

    def _affordable(self, resting: Resting, part: Part, reference: float, price: float) -> bool:
        """Under a cash check at the fill: whether free margin covers the opening part."""
        if self._policy.cash_check != "fill":
            return True
        quantity = abs(part.quantity)
        each = price + self._fee_per_unit(resting, resting.order.quantity, reference)
        multiplier = self._tapes[resting.order.symbol].instrument.multiplier
        return quantity * each * multiplier <= self._free_margin() * self._leverage

    def _size(self, resting: Resting, reference: float) -> None:
        """Give an order made as a fraction of free margin its whole-unit quantity."""
        order = resting.order
        assert order.fraction is not None
        instrument = self._tapes[order.symbol].instrument
        price = reference
        if self._policy.slippage_on == "entries" or resting.kind in _SLIPS:
            price = self._slippage.price(instrument, order.side, reference, 0.0, 0.0)
        each = price + self._fee_per_unit(resting, order.fraction, reference)
        money = self._free_margin() * self._leverage * order.fraction
        resting.order = replace(order, quantity=float(money // (each * instrument.multiplier)))

    def _fee_per_unit(self, resting: Resting, quantity: float, price: float) -> float:
        instrument = self._tapes[resting.order.symbol].instrument
        notional = quantity * instrument.multiplier * price
        fee = self._commission.fee(
            instrument, resting.side * quantity, notional, self._month_quantity
        )
        return fee / (quantity * instrument.multiplier)

    def _free_margin(self) -> float:
        prices = {symbol: tape.close for symbol, tape in self._tapes.items()}
        used = self.ledger.gross_exposure(prices) / self._leverage
        return max(0.0, self.ledger.equity(prices) - used)

    def _book(
        self,
        resting: Resting,
        part: Part,
        price: float,
        reference: float,
        bar: Bar,
        exact: bool,
    ) -> None:
        order = resting.order
        resting.executions += 1
        time = order.time if self._fills_at_decision(resting) else bar.time
        fill = Fill(
            f"{order.id}/{resting.executions}", order, time, part.quantity, price, reference, exact
        )
        quantity = abs(part.quantity)
        instrument = self._tapes[order.symbol].instrument
        notional = quantity * instrument.multiplier * price
        resting.filled += quantity
        resting.notional += notional
        fee = self._fee(resting, quantity, notional)
        commission = Commission(fill.id, order.symbol, fee, time)
        self.ledger.apply(fill)
        self.ledger.charge(commission)
        self.lots[order.symbol].trade(order.id, part.quantity, order.parent)
        self._month_quantity += quantity
        self._events += (fill, commission)

    def _fills_at_decision(self, resting: Resting) -> bool:
        return self._policy.trade_on_close and resting.kind is OrderType.MARKET

    def _fee(self, resting: Resting, quantity: float, notional: float) -> float:
        """The fee of this execution: of its lot alone, or what the order's total adds."""
        order = resting.order
        instrument = self._tapes[order.symbol].instrument
        if self._policy.fee_per == "lot":
            fee = self._commission.fee(
                instrument, order.side * quantity, notional, self._month_quantity
            )
            return _finite(self._commission, fee)
        before = self._month_quantity - (resting.filled - quantity)
        total = self._commission.fee(
            instrument, order.side * resting.filled, resting.notional, before
        )
        added = _finite(self._commission, total) - resting.charged
        resting.charged = total
        return added

    def _finish(self, resting: Resting, bar: Bar) -> None:
        wanted = resting.order.quantity
        if resting.filled > 0.0:
            resting.status = OrderStatus.FILLED
            reason = "" if resting.filled >= wanted else "the rest was not covered"
            if resting.order.reduce_only or resting.order.parent is not None:
                reason = ""
        elif resting.order.reduce_only or resting.order.parent is not None:
            resting.status, reason = OrderStatus.CANCELLED, "nothing left to close"
        else:
            resting.status, reason = OrderStatus.REJECTED, "not enough free margin at the fill"
        resting.order = (
            resting.order
            if resting.filled in (0.0, wanted)
            else replace(resting.order, quantity=resting.filled)
        )
        self._events.append(OrderUpdate(resting.order, resting.status, bar.time, reason))

    def _turn_month(self, session: int) -> None:
        day = date.fromordinal(_EPOCH_ORDINAL + session)
        if (day.year, day.month) != self._month:
            self._month = (day.year, day.month)
            self._month_quantity = 0.0
