"""What one execution does: quantity, slippage, fees, lots, cash, and the events that report it."""

from __future__ import annotations

__all__ = ["Execution"]

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from math import copysign, inf, isfinite

from framework.brokers.simulated.book import LotBook, Part
from framework.brokers.simulated.funds import Funds
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.owned import Lots, OwnedLots
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar, Tape
from framework.domain.arithmetic import round_down_to_lot
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderStatus, OrderType, TimeInForce
from framework.errors import ConfigError


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


class Execution:
    """Turns a price into fills, and keeps the broker's own book while doing so.

    Args:
        tapes: by symbol, in subscription order.
        ledger: the broker's book of the account.
        policy: fill policy.
        models: what trading costs, and what a bar can give.
        events: where reports are appended.
    """

    __slots__ = (
        "_events",
        "_given",
        "_instruments",
        "_models",
        "_month",
        "_month_quantity",
        "_policy",
        "_session",
        "_tapes",
        "funds",
        "ledger",
        "lots",
    )

    def __init__(
        self,
        tapes: Mapping[str, Tape],
        ledger: Ledger,
        policy: FillPolicy,
        models: Models,
        events: list[BrokerEvent],
    ) -> None:
        self._tapes = tapes
        self._policy = policy
        self._models = models
        self._events = events
        self._month = (0, 0)
        self._month_quantity: dict[AssetType, float] = {}
        self._given: dict[str, tuple[int, float]] = {}
        self.ledger = ledger
        self.lots: dict[str, Lots] = {symbol: self._fresh() for symbol in tapes}
        self._session = 0
        self._instruments = {symbol: tape.instrument for symbol, tape in tapes.items()}
        self.funds = Funds(ledger, self._instruments, policy, models.leverage, self._fee_alone)

    def admit(self, instrument: Instrument) -> None:
        """Let another instrument be held."""
        self.ledger.admit(instrument.symbol, instrument.multiplier)
        self.lots[instrument.symbol] = self._fresh()
        self._instruments[instrument.symbol] = instrument

    def _fresh(self) -> Lots:
        return OwnedLots() if self._models.owned else LotBook()

    def execute(
        self,
        resting: Resting,
        reference: float,
        bar: Bar,
        at_open: bool,
        exact: bool,
        portion: float = inf,
        slip_share: float = 1.0,
        paid: float | None = None,
    ) -> float:
        """Trade what the order still wants, as far as the bar can give it.

        Args:
            resting: the order.
            reference: price before slippage.
            bar: the bar.
            at_open: whether it trades at the open.
            exact: whether its limit was only just touched.
            portion: most units to trade now, of an algo's slice.
            slip_share: share of the slippage it pays.
            paid: the price after slippage, where that is known already.

        Returns:
            Signed units that opened or added to a position; 0 when it only closed, or could not
            trade at all (its status then says why).
        """
        self._turn_month(bar.session)
        if resting.order.fraction is not None and resting.order.quantity == 0.0:
            self._size(resting, reference, bar.session)
        most = min(resting.portion, portion)
        given = self._granted(resting, most, reference, bar)
        if given < most and resting.order.tif is TimeInForce.FOK:
            given = 0.0
        if given <= 0.0:
            self._leave(resting, bar, most)
            return 0.0
        lots = self.lots[resting.order.symbol]
        before, traded = lots.left(resting.order.id), 0.0
        for part in self._parts(resting, given):
            price = paid
            if price is None:
                price = self._price(resting, reference, part, bar, at_open, slip_share)
            if part.opens and not self._affordable(resting, part, reference, price, bar.session):
                continue
            self._book(resting, part, price, reference, bar, exact)
            traded += abs(part.quantity)
        opened = lots.left(resting.order.id) - before
        resting.opened += opened
        self._take(resting.order.symbol, bar, traded)
        if traded >= given and resting.remaining > 0.0:
            self._report(resting, OrderStatus.PARTIAL, bar, "")
        else:
            self._finish(resting, bar)
        return resting.side * opened

    def has_room(self, resting: Resting, bar: Bar) -> bool:
        """Whether the bar can still give all an order wants."""
        return self._granted(resting, resting.remaining, bar.open, bar) >= resting.remaining

    def _granted(self, resting: Resting, most: float, price: float, bar: Bar) -> float:
        """Units of `most` the bar can still give, in whole lots; of an option all, since nobody
        knows the volume of a price that was reckoned."""
        model = self._models.liquidity
        symbol = resting.order.symbol
        instrument = self._tapes[symbol].instrument
        if model is None or instrument.option is not None:
            return most
        cap = model.units(instrument, price, bar.high, bar.low, bar.volume)
        if not cap >= 0.0:
            raise ConfigError(
                f"The component {type(model).__name__} answered {cap}.", "It must be 0 or more."
            )
        if self._policy.participation == "bar":
            time, taken = self._given.get(symbol, (0, 0.0))
            cap -= taken if time == bar.time else 0.0
        if cap >= most:
            return most
        return max(0.0, round_down_to_lot(cap, instrument.lot))

    def _take(self, symbol: str, bar: Bar, units: float) -> None:
        time, taken = self._given.get(symbol, (0, 0.0))
        self._given[symbol] = (bar.time, units + (taken if time == bar.time else 0.0))

    def _leave(self, resting: Resting, bar: Bar, most: float) -> None:
        """An order the bar has nothing for: one sized to nothing ends, the others wait."""
        if most <= 0.0:
            self._finish(resting, bar)

    def _parts(self, resting: Resting, units: float) -> list[Part]:
        """The pieces to book: one, unless the policy charges or slips by piece."""
        order = resting.order
        lots = self.lots[order.symbol].of(order.id)
        wanted = order.side * units
        parts = [part for part in lots.split(wanted, self._covers(order)) if part.quantity != 0.0]
        if order.opens is not None:
            most = max(0.0, order.opens - resting.opened)
            parts = [part for part in map(partial(_capped, most), parts) if part.quantity]
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
        self,
        resting: Resting,
        reference: float,
        part: Part,
        bar: Bar,
        at_open: bool,
        slip_share: float,
    ) -> float:
        policy = self._policy
        if policy.slippage_on == "entries":
            slips = part.opens
        else:
            takes = policy.slippage_on == "taking" and reference != resting.limit
            slips = takes or self._takes_liquidity(resting)
            slips = slips and (policy.gap_slip or not at_open)
        if not slips or slip_share == 0.0:
            return reference
        price = self.slip(resting, reference, abs(part.quantity), bar)
        if slip_share != 1.0:
            price = reference + slip_share * (price - reference)
        if policy.slip_cap == "range":
            price = min(max(price, min(bar.low, reference)), max(bar.high, reference))
        return price

    def slip(self, resting: Resting, reference: float, quantity: float, bar: Bar) -> float:
        """The price the slippage model proposes for `quantity` units, before any cap."""
        instrument = self._tapes[resting.order.symbol].instrument
        model = self._models.slippage
        price = model.price(instrument, resting.side, reference, quantity, bar.volume)
        if (_finite(model, price) - reference) * resting.side < 0.0:
            raise ConfigError(
                f"The slippage {type(model).__name__} improves a price of {reference} to {price}.",
                "Slippage costs: a buy pays the price or more, a sell gets it or less.",
            )
        return price

    @staticmethod
    def _takes_liquidity(resting: Resting) -> bool:
        """Whether it pays for being in a hurry; the auctions have one price for all."""
        return resting.rule.slips and resting.order.tif is not TimeInForce.OPG

    def _affordable(
        self, resting: Resting, part: Part, reference: float, price: float, day: int
    ) -> bool:
        """Under a cash check at the fill: whether cash or free margin covers the opening part."""
        if self._policy.cash_check == "door":
            return True
        if self._policy.funds == "cash":
            return self.funds.covers(resting.order, part.quantity, price)
        quantity = abs(part.quantity)
        each = price + self._fee_per_unit(resting, resting.order.quantity, reference, day)
        multiplier = self._tapes[resting.order.symbol].instrument.multiplier
        return quantity * each * multiplier <= self._free_margin() * self._models.leverage

    def _size(self, resting: Resting, reference: float, day: int) -> None:
        """Give an order made as a fraction of free margin its whole-unit quantity."""
        order = resting.order
        assert order.fraction is not None
        instrument = self._tapes[order.symbol].instrument
        price = reference
        if self._policy.slippage_on == "entries" or resting.rule.slips:
            price = self._models.slippage.price(instrument, order.side, reference, 0.0, 0.0)
        each = price + self._fee_per_unit(resting, order.fraction, reference, day)
        money = self._free_margin() * self._models.leverage * order.fraction
        resting.order = replace(order, quantity=float(money // (each * instrument.multiplier)))

    def _fee_per_unit(self, resting: Resting, quantity: float, price: float, day: int) -> float:
        instrument = self._tapes[resting.order.symbol].instrument
        notional = quantity * instrument.multiplier * price
        month = self._month_quantity.get(instrument.type, 0.0)
        fee = self._models.commission.fee(instrument, resting.side * quantity, notional, month, day)
        return fee / (quantity * instrument.multiplier)

    def _fee_alone(self, order: Order, quantity: float, price: float) -> float:
        """The fee of one execution of `quantity` signed units, by itself."""
        instrument = self._tapes[order.symbol].instrument
        notional = abs(quantity) * instrument.multiplier * price
        month = self._month_quantity.get(instrument.type, 0.0)
        return self._models.commission.fee(instrument, quantity, notional, month, self._session)

    def _free_margin(self) -> float:
        prices = {symbol: tape.close for symbol, tape in self._tapes.items()}
        used = self.ledger.gross_exposure(prices) / self._models.leverage
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
        instrument = self._tapes[order.symbol].instrument
        rate = self._models.rates.rate(instrument.currency, time)
        fill = Fill(
            f"{order.id}/{resting.executions}",
            order,
            time,
            part.quantity,
            price,
            reference,
            exact,
            rate,
        )
        quantity = abs(part.quantity)
        notional = quantity * instrument.multiplier * price
        resting.take(quantity, notional)
        fee = self._fee(resting, quantity, notional, bar.session)
        commission = Commission(fill.id, order.symbol, fee * rate, time)
        self.ledger.apply(fill)
        self.ledger.charge(commission)
        self.lots[order.symbol].trade(order.id, part.quantity, self._covers(order))
        if part.opens:
            self.funds.mark(order.symbol, price)
        month = self._month_quantity
        month[instrument.type] = month.get(instrument.type, 0.0) + quantity
        self._events += (fill, commission)

    def _covers(self, order: Order) -> str | None:
        """The entry whose lots alone an order closes; None for one that trades with all of them."""
        return None if self._policy.brackets == "linked" else order.parent

    def _fills_at_decision(self, resting: Resting) -> bool:
        return self._policy.trade_on_close and resting.kind is OrderType.MARKET

    def _fee(self, resting: Resting, quantity: float, notional: float, day: int) -> float:
        """The fee of this execution: of its lot alone, or what the order's total adds."""
        order = resting.order
        instrument = self._tapes[order.symbol].instrument
        model = self._models.commission
        month = self._month_quantity.get(instrument.type, 0.0)
        if self._policy.fee_per == "lot":
            fee = model.fee(instrument, order.side * quantity, notional, month, day)
            return _finite(model, fee)
        before = month - (resting.filled - quantity)
        total = model.fee(instrument, order.side * resting.filled, resting.notional, before, day)
        added = _finite(model, total) - resting.charged
        resting.charged = total
        return added

    def _finish(self, resting: Resting, bar: Bar) -> None:
        order = resting.order
        closes_only = order.reduce_only or self._covers(order) is not None
        status, reason = OrderStatus.FILLED, ""
        if resting.filled == 0.0:
            status, reason = OrderStatus.REJECTED, "not enough free margin at the fill"
            if closes_only:
                status, reason = OrderStatus.CANCELLED, "nothing left to close"
        elif resting.filled < order.quantity and not closes_only:
            status, reason = OrderStatus.CANCELLED, "the rest was not covered"
        elif resting.filled < order.quantity:
            resting.order = replace(order, quantity=resting.filled)
        self._report(resting, status, bar, reason)

    def _report(self, resting: Resting, status: OrderStatus, bar: Bar, reason: str) -> None:
        resting.status = status
        self._events.append(OrderUpdate(resting.order, status, bar.time, reason))

    def begin(self, session: int, closes: Mapping[str, float]) -> None:
        """Begin an instant of `session`: futures are settled at the closes before it."""
        self._turn_month(session)
        self.funds.settle(closes)

    def _turn_month(self, session: int) -> None:
        self._session = session
        day = date.fromordinal(_EPOCH_ORDINAL + session)
        if (day.year, day.month) != self._month:
            self._month = (day.year, day.month)
            self._month_quantity.clear()
