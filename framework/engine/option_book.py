"""The option book of one strategy: its Greeks by underlying, and the hedger's orders.

Orders that trade at once count as done: what the strategy has just ordered is hedged at the same
instant, so that both trade on the same bar.
"""

from __future__ import annotations

__all__ = ["BookMark", "OptionBook"]

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from framework.domain.instruments import Instrument
from framework.domain.options import BookGreeks
from framework.domain.orders import Order, OrderRequest, Origin, Side
from framework.engine.orders import Door
from framework.engine.slot import Slot
from framework.engine.slot_greeks import is_hedged_by, is_on, sum_of
from framework.engine.standing import effective
from framework.errors import ConfigError, did_you_mean
from framework.hedge_ports import HedgePlan, HedgeState, VolatilityRule
from framework.ports import SlippageModel

if TYPE_CHECKING:
    from framework.options.option_market import OptionMarket

Units = Callable[[str], float]
"""Signed units of a symbol."""


@dataclass(frozen=True, slots=True)
class BookMark:
    """The options on one underlying at the end of an instant, as held then.

    Attributes:
        instant: index on the run's timeline.
        underlying: symbol.
        spot: its last close.
        greeks: of the options alone.
        volatility: of the option nearest to its expiry; 0 without one.
        value: of the options, money of their currency.
        hedge: signed units of the hedge instrument that hedge orders have left.
    """

    instant: int
    underlying: str
    spot: float
    greeks: BookGreeks
    volatility: float
    value: float
    hedge: float


class OptionBook:
    """What the engine does about the options of one slot at the end of each instant.

    Args:
        slot: the strategy at work.
        door: the one order door.
        plan: how it is hedged; None for not at all.
        slippage: what a hedge order is expected to lose.

    Attributes:
        marks: one for each instant and underlying with options or a hedge.

    Raises:
        ConfigError: the plan hedges with an instrument the strategy does not see.
    """

    def __init__(
        self, slot: Slot, door: Door, plan: HedgePlan | None, slippage: SlippageModel
    ) -> None:
        self._slippage = slippage
        self._slot = slot
        self._door = door
        self._plan = plan
        self._rule = plan.hedger if plan and isinstance(plan.hedger, VolatilityRule) else None
        self._last: dict[str, int] = {}
        self._books: dict[str, frozenset[str]] = {}
        self._told: set[str] = set()
        self.marks: list[BookMark] = []
        if plan is not None and plan.instrument is not None:
            self._check(plan.instrument)
            slot.hedge_with = plan.instrument

    def _check(self, symbol: str) -> None:
        known = self._slot.world.symbols
        if symbol not in known:
            raise ConfigError(
                f"The hedge trades {symbol!r}, which the strategy does not see.",
                did_you_mean(symbol, known),
            )

    def act(self, instant: int) -> None:
        """Mark the options held, and hedge what the plan wants hedged."""
        for underlying, market in self._slot.options.items():
            self._mark(instant, underlying, market)
            if self._plan is not None and self._slot.trading:
                self._hedge(self._plan, underlying, market)

    def _mark(self, instant: int, underlying: str, market: OptionMarket) -> None:
        slot = self._slot
        held = self._held_options(underlying, self._in_ledger)
        hedge = self._hedged(underlying)
        if not held and hedge == 0.0:
            return
        row = self._row(underlying)
        greeks = sum_of(market, held, row, None)
        value = sum(units * one.multiplier * slot.price(one.symbol) for one, units in held)
        volatility = market.state(_nearest(held), row)[1] if held else 0.0
        price = slot.price(underlying)
        mark = BookMark(instant, underlying, price, greeks, volatility, value, hedge)
        self.marks.append(mark)

    def _hedge(self, plan: HedgePlan, underlying: str, market: OptionMarket) -> None:
        """Ask the policy about the book on one underlying, and trade what it wants."""
        slot = self._slot
        symbol = plan.instrument or underlying
        if plan.instrument is not None and not is_hedged_by(slot, symbol, underlying):
            return
        held = self._held_options(underlying, self._standing)
        self._begin_anew(underlying, held)
        hedge = self._hedged(underlying)
        instrument = slot.instrument(symbol)
        if not held and hedge == 0.0:
            return
        if not slot.world.markets[symbol].is_fresh:
            self._tell_expired(instrument)
            return
        state = self._state(plan, underlying, market, held)
        without = state.book.delta - hedge * instrument.multiplier
        wanted = plan.hedger.net_delta(state) if held else without
        if wanted is None:
            return
        units = plan.units(state, wanted, instrument.multiplier, hedge, instrument.lot)
        if units == 0.0 or self._order(plan, symbol, units, hedge):
            self._last[underlying] = self._row(underlying)

    def _tell_expired(self, instrument: Instrument) -> None:
        """Show that nothing can be hedged with a contract that has expired."""
        expiry, door = instrument.expiry, self._door
        if expiry is not None and door.judge.day > expiry and instrument.symbol not in self._told:
            self._told.add(instrument.symbol)
            request = OrderRequest(instrument.symbol, Side.BUY, instrument.lot, origin=Origin.HEDGE)
            reason = f"{instrument.symbol} has expired: the options go unhedged from here on"
            door.refuse(request, self._slot.price(instrument.symbol), "hedge_instrument", reason)

    def _begin_anew(self, underlying: str, held: list[tuple[Instrument, float]]) -> None:
        """Let the policy act at once on a book of other options than before."""
        symbols = frozenset(one.symbol for one, _ in held)
        if symbols != self._books.get(underlying, frozenset()):
            self._books[underlying] = symbols
            self._last.pop(underlying, None)

    def _state(
        self,
        plan: HedgePlan,
        underlying: str,
        market: OptionMarket,
        held: list[tuple[Instrument, float]],
    ) -> HedgeState:
        """What the policy is told."""
        slot, row = self._slot, self._row(underlying)
        book = sum_of(market, held, row, self._rule)
        for symbol in dict.fromkeys((underlying, plan.instrument or underlying)):
            units = self._standing(symbol) * slot.instrument(symbol).multiplier
            book = book.plus(BookGreeks(delta=units))
        years, volatility = market.state(_nearest(held), row) if held else (0.0, 0.0)
        last = self._last.get(underlying)
        return HedgeState(
            time=self._door.now,
            underlying=underlying,
            price=slot.price(underlying),
            book=book,
            target=plan.target,
            bars=None if last is None else row - last,
            elapsed=None if last is None else market.traded_time(last, row),
            years=years,
            rate=market.rate,
            volatility=volatility,
        )

    def _order(self, plan: HedgePlan, symbol: str, units: float, hedge: float) -> bool:
        """Send a hedge order, as far as the budget goes; whether all of it has left."""
        slot, door = self._slot, self._door
        side = Side.BUY if units > 0.0 else Side.SELL
        request = OrderRequest(symbol, side, abs(units), origin=Origin.HEDGE)
        cost = door.judge.estimate(slot, request) + self._lost(request)
        left = plan.affordable(units, hedge, slot.hedge_cost, cost)
        if left != units:
            reason = f"{slot.hedge_cost + cost:,.2f} would be more than the hedge's budget"
            door.refuse(request, slot.price(symbol), "hedge_budget", reason)
        if left == 0.0:
            return False
        sent = door.place(slot, replace(request, quantity=abs(left)))
        return left == units and isinstance(sent, Order)

    def _lost(self, request: OrderRequest) -> float:
        """What an order would lose to slippage, in the account's currency."""
        slot, symbol, units = self._slot, request.symbol, request.quantity
        instrument, price = slot.instrument(symbol), slot.price(symbol)
        paid = self._slippage.price(instrument, request.side, price, units, slot.volume(symbol))
        return abs(paid - price) * units * instrument.multiplier * slot.rate(symbol)

    # parts ----------------------------------------------------------------------------------

    def _held_options(self, underlying: str, units_of: Units) -> list[tuple[Instrument, float]]:
        """Options on an underlying, each with its signed units."""
        found = []
        for instrument in self._slot.listed:
            if is_on(instrument, underlying):
                units = units_of(instrument.symbol)
                if units != 0.0:
                    found.append((instrument, units))
        return found

    def _in_ledger(self, symbol: str) -> float:
        return self._slot.ledger.positions[symbol].quantity

    def _standing(self, symbol: str) -> float:
        return effective(self._door, self._slot, symbol)

    def _hedged(self, underlying: str) -> float:
        """Signed units of the hedge instrument that hedge orders and deliveries have left, those
        on their way included."""
        if self._plan is None:
            return 0.0
        slot, symbol = self._slot, self._plan.instrument or underlying
        if symbol != underlying and not is_hedged_by(slot, symbol, underlying):
            return 0.0
        total = slot.hedges.get(symbol, 0.0)
        for ticket in self._door.blotter.working(slot, symbol):
            if ticket.order.origin is Origin.HEDGE:
                total += ticket.order.side * ticket.remaining
        return total

    def _row(self, underlying: str) -> int:
        return len(self._slot.world.markets[underlying]) - 1


def _nearest(held: list[tuple[Instrument, float]]) -> Instrument:
    """The option that expires first."""
    return min((one for one, _ in held), key=lambda one: (one.expiry or 0, one.symbol))
