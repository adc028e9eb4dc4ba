"""The desk of one strategy: turns its verbs into orders at the one door."""

from __future__ import annotations

__all__ = ["StrategyDesk"]

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush
from math import isfinite, isnan

from framework.domain.arithmetic import round_down_to_lot
from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.joins import Join
from framework.domain.ledger import Position
from framework.domain.orders import (
    BINDING,
    CLOSING,
    DONE,
    Offset,
    Order,
    OrderRequest,
    OrderStatus,
    Origin,
    Protection,
    Side,
    TimeInForce,
)
from framework.engine.orders import Door
from framework.engine.protection import resolved
from framework.engine.renewal import Renewal
from framework.engine.slot import Slot
from framework.engine.standing import effective, entries, revocable
from framework.errors import ConfigError
from framework.ports import Preview, Sizer, SizingRequest

Lister = Callable[[Slot, Instrument], None]
"""Makes an option tradable by a slot."""


def _lists_none(slot: Slot, contract: Instrument) -> None:
    raise ConfigError(
        f"{contract.symbol} cannot be traded: this run has no options.",
        "Give it a volatility: --volatility 0.2, or `options:` in the run file.",
    )


class StrategyDesk:
    """The Desk port of one slot.

    Args:
        slot: the strategy at work.
        door: the one order door.
        sizer: how much to trade when a side is reached.
        lister: makes an option tradable.

    Attributes:
        leaving: by symbol, the order that is to close what is held.
        timers: those that are set, the next one first.
    """

    __slots__ = (
        "_door",
        "_lister",
        "_pending",
        "_renewal",
        "_sizer",
        "_slot",
        "_timers_set",
        "leaving",
        "timers",
    )

    def __init__(self, slot: Slot, door: Door, sizer: Sizer, lister: Lister = _lists_none) -> None:
        self._slot = slot
        self._door = door
        self._sizer = sizer
        self._lister = lister
        self._renewal = Renewal(slot, door)
        self._pending: dict[str, list[Callable[[], None]]] = {}
        self.leaving: dict[str, str] = {}
        self.timers: list[tuple[int, int, str, int | None]] = []
        self._timers_set = 0

    # verbs that reach a side ------------------------------------------------------------------

    def reach(self, symbol: str, side: Side | None, protection: Protection) -> None:
        """Hold `side`; None is flat."""
        if side is None:
            self.flatten(symbol, Origin.CLOSE)
        elif self._is_tradable(symbol, side):
            self._in_turn(symbol, lambda: self._reach_side(symbol, side, protection))

    def join(self, join: Join) -> None:
        """Reach a side unless something is held or works in its instrument."""
        symbol = join.symbol
        works = symbol in self._pending or any(self._door.blotter.working(self._slot, symbol))
        if not works and self._slot.ledger.positions[symbol].is_flat:
            self.reach(symbol, join.side, join.protection)

    def flatten(self, symbol: str, origin: Origin) -> None:
        """Cancel everything working in the instrument, then close what is held."""
        works = self._door.blotter.at_work or symbol in self._pending
        if works or self._slot.ledger.positions[symbol].quantity != 0.0:
            self._in_turn(symbol, lambda: self._flatten(symbol, origin))

    def strike(self, symbol: str, flattens: bool) -> None:
        """Cancel everything working in the instrument, protection too, and close it if asked."""
        if flattens:
            self.flatten(symbol, Origin.KILL)
            return
        for ticket in tuple(self._door.blotter.working(self._slot, symbol)):
            self._door.cancel(ticket.order.id)

    def target(self, symbol: str, quantity: float, protection: Protection) -> None:
        """Hold `quantity` signed units; 0 closes."""
        if quantity == 0.0:
            self.flatten(symbol, Origin.CLOSE)
        elif self._is_tradable(symbol, Side.BUY if quantity > 0.0 else Side.SELL):
            self._in_turn(symbol, lambda: self._resize(symbol, quantity, protection))

    def target_share(self, symbol: str, share: float, tolerance: float) -> None:
        """Hold `share` of equity, unless within `tolerance` of it."""
        slot = self._slot
        if not self._is_tradable(symbol, Side.BUY if share > 0.0 else Side.SELL):
            return
        price = slot.price(symbol) * slot.valued(symbol).multiplier
        equity = slot.equity()
        if equity <= 0.0:
            self.flatten(symbol, Origin.CLOSE)
            return
        present = effective(self._door, self._slot, symbol) * price / equity
        if share * present > 0.0 and abs(share - present) <= tolerance:
            return
        lot = slot.instrument(symbol).lot
        units = round_down_to_lot(abs(share) * equity / price, lot)
        if units == 0.0 and share != 0.0:
            side = Side.BUY if share > 0.0 else Side.SELL
            reason = f"{100 * share:g} % of equity rounds down to 0 lots of {lot:g}"
            request = OrderRequest(symbol, side, abs(share) * equity / price)
            self._door.refuse(request, slot.price(symbol), "lot", reason)
        self.target(symbol, units if share > 0.0 else -units, Protection())

    def _reach_side(self, symbol: str, side: Side, protection: Protection) -> None:
        held = effective(self._door, self._slot, symbol)
        if held * side > 0.0:
            self._renewal.renew(symbol, protection)
            return
        waiting = entries(self._door, self._slot, symbol)
        if held == 0.0 and any(ticket.order.side is side for ticket in waiting):
            self._renewal.renew(symbol, protection)
            return
        quantity = self._sized(symbol, side, protection)
        if quantity == 0.0 and held == 0.0:
            return
        cancels = [t.order.id for t in waiting]
        if held != 0.0:
            self._renewal.remember(symbol)
            cancels = revocable(self._door, self._slot, symbol)

        def enter() -> None:
            present = effective(self._door, self._slot, symbol)
            if present * side > 0.0:
                again = self._renewal.given_up(symbol).or_else(self._door.judge.attached)
                if not self._renewal.renew(symbol, protection.or_else(again)):
                    self._renewal.renew(symbol, again)
                return
            exit_part = abs(present) if present * side < 0.0 else 0.0
            if exit_part + quantity > 0.0:
                request = OrderRequest(symbol, side, exit_part + quantity, protection=protection)
                if quantity == 0.0:
                    request = replace(request, origin=Origin.CLOSE, protection=Protection())
                self._leave(request, exit_part)

        self._after(symbol, cancels, enter)

    def _flatten(self, symbol: str, origin: Origin) -> None:
        working = list(self._door.blotter.working(self._slot, symbol))
        closing = [t for t in working if t.order.origin in CLOSING and t.order.parent is None]
        cancels = [t.order.id for t in working if t not in closing]

        def leave() -> None:
            present = effective(self._door, self._slot, symbol)
            if present != 0.0:
                side = Side.SELL if present > 0.0 else Side.BUY
                request = OrderRequest(symbol, side, abs(present), origin=origin)
                self._leave(request, abs(present))

        self._after(symbol, cancels, leave)

    def _leave(self, request: OrderRequest, exit_part: float) -> None:
        """Send an order, and keep in mind that it is to close `exit_part` units."""
        order = self._door.place(self._slot, request)
        if exit_part > 0.0 and isinstance(order, Order):
            self.leaving[request.symbol] = order.id

    def finish_leaving(self) -> None:
        """Close what is left where the order that was to close it has expired: a bar may give less
        than is held."""
        for symbol, order_id in tuple(self.leaving.items()):
            ticket = self._door.blotter.tickets[order_id]
            if ticket.status not in DONE:
                continue
            del self.leaving[symbol]
            held = self._slot.ledger.positions[symbol].quantity
            if ticket.status is OrderStatus.EXPIRED and held * ticket.order.side < 0.0:
                self.flatten(symbol, Origin.CLOSE)

    def _resize(self, symbol: str, quantity: float, protection: Protection) -> None:
        held = effective(self._door, self._slot, symbol)
        reverses = held * quantity < 0.0
        working = self._door.blotter.working(self._slot, symbol) if reverses else ()
        cancels = [t.order.id for t in working if not t.order.trades_at_once]

        def trade() -> None:
            present = effective(self._door, self._slot, symbol)
            if present * quantity > 0.0:
                self._renewal.renew(symbol, protection)
            difference = quantity - present
            lot = self._slot.instrument(symbol).lot
            units = round_down_to_lot(abs(difference), lot)
            if units > 0.0:
                side = Side.BUY if difference > 0.0 else Side.SELL
                request = OrderRequest(symbol, side, units, protection=protection)
                self._leave(request, abs(present) if present * quantity < 0.0 else 0.0)

        self._after(symbol, cancels, trade)

    def _sized(self, symbol: str, side: Side, protection: Protection) -> float:
        """Whole lots the sizer wants, asked once, at the decision's close."""
        slot = self._slot
        instrument = slot.instrument(symbol)
        price = slot.price(symbol)
        wanted = self._sizer.quantity(
            SizingRequest(
                instrument=slot.valued(symbol),
                side=side,
                price=price,
                stop=self._stop(symbol, side, protection, price),
                equity=slot.equity(),
                cash=slot.ledger.cash,
                share=slot.share,
                history=slot.world.histories[symbol],
            )
        )
        quantity = round_down_to_lot(self._checked(wanted, symbol), instrument.lot)
        if quantity == 0.0:
            reason = f"the size {wanted:g} rounds down to 0 lots of {instrument.lot:g}"
            self._door.refuse(OrderRequest(symbol, side, wanted), price, "sizer", reason)
        return quantity

    def _checked(self, wanted: float, symbol: str) -> float:
        if not isfinite(wanted) or wanted < 0.0:
            raise ConfigError(
                f"The sizer {type(self._sizer).__name__} answered {wanted} for {symbol}.",
                "A size is a number of units, 0 or more.",
            )
        return wanted

    def _stop(self, symbol: str, side: Side, protection: Protection, price: float) -> float | None:
        found = resolved(self._slot, symbol, protection.or_else(self._door.judge.attached))
        stop = found.stop_loss if found.stop_loss is not None else found.trail
        if isinstance(stop, Offset):
            return None if stop.atr is not None else price - side * stop.distance(price)
        return stop

    # verbs that are orders ------------------------------------------------------------------

    def market(self, symbol: str, side: Side, quantity: float) -> Order | Refused:
        """Send exactly this market order."""
        return self._door.place(self._slot, OrderRequest(symbol, side, quantity))

    def admit(self, contract: Instrument) -> None:
        """Make an option tradable from here on."""
        if contract.symbol not in self._slot.ledger.positions:
            self._lister(self._slot, contract)

    def units(
        self,
        instrument: Instrument,
        underlying: str,
        price: float,
        max_loss: float | None,
        vega: float,
    ) -> float:
        """How many of an option or a combo the sizer would buy, whole ones."""
        slot = self._slot
        rate = slot.rate(underlying)
        wanted = self._sizer.quantity(
            SizingRequest(
                instrument=replace(instrument, multiplier=instrument.multiplier * rate),
                side=Side.BUY,
                price=price,
                stop=None,
                equity=slot.equity(),
                cash=slot.ledger.cash,
                share=slot.share,
                history=slot.world.histories[underlying],
                max_loss=None if max_loss is None else max_loss * rate,
                vega=vega * rate,
            )
        )
        return round_down_to_lot(self._checked(wanted, instrument.symbol), 1.0)

    def place(self, request: OrderRequest) -> Order | Refused:
        """Send exactly this order."""
        return self._door.place(self._slot, self._in_own_group(request))

    def preview(self, request: OrderRequest) -> Preview:
        """What this order would do to the account; nothing is sent."""
        return self._door.preview(self._slot, self._in_own_group(request))

    def modify(self, order: Order) -> Order | Refused:
        """Change quantity, prices or time in force of a working order."""
        return self._door.modify(self._slot, order)

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; the exit of a breaker or of a margin call cannot be called off."""
        ticket = self._door.blotter.tickets.get(order_id)
        if ticket is not None and ticket.order.origin not in BINDING:
            self._door.cancel(order_id)
            self._door.settle()

    def working(self, symbol: str | None) -> tuple[Order, ...]:
        """Orders not done yet, oldest first."""
        return tuple(ticket.order for ticket in self._door.blotter.working(self._slot, symbol))

    # world ---------------------------------------------------------------------------------

    def position(self, symbol: str) -> Position:
        """What the strategy's own ledger holds."""
        return self._slot.ledger.positions[symbol]

    def account(self) -> tuple[float, float, float, float]:
        """Cash, equity, buying power and commission of the strategy's own ledger."""
        ledger = self._slot.ledger
        power = self._door.judge.buying_power(self._slot)
        return ledger.cash, self._slot.equity(), power, ledger.commission

    def now(self) -> int:
        """Nanoseconds UTC of this instant."""
        return self._door.now

    def timer(self, name: str, first: int, every: int | None) -> None:
        """Have `on_timer(name)` called at the first instant at or after `first`."""
        self._timers_set += 1
        heappush(self.timers, (first, self._timers_set, name, every))

    def ring(self) -> None:
        """Fire the timers that are due; one set meanwhile waits for the next instant."""
        due: list[str] = []
        while self.timers and self.timers[0][0] <= self._door.now:
            first, order, name, every = heappop(self.timers)
            due.append(name)
            if every is not None:
                missed = (self._door.now - first) // every
                heappush(self.timers, (first + (missed + 1) * every, order, name, every))
        for name in due:
            self._slot.hooks.on_timer(name)

    def close_timed_out(self) -> None:
        """Close positions whose last bar has come, again at each bar until nothing is held."""
        slot = self._slot
        for stop in tuple(slot.time_stops):
            if slot.ledger.positions[stop.symbol].is_flat:
                slot.time_stops.remove(stop)
            elif len(slot.world.markets[stop.symbol]) - 1 >= stop.row:
                self.flatten(stop.symbol, Origin.TIME_STOP)

    def roll(self) -> None:
        """Move positions out of contracts that are due, into the next ones."""
        slot = self._slot
        for front, following in slot.rolls.get(slot.world.now, ()):
            self._in_turn(front, partial(self._roll, front, following))

    def _roll(self, front: str, following: str) -> None:
        """Close one contract and open as many of the next at the next open; orders that still work
        in the old one, protection included, end."""

        def move() -> None:
            held = effective(self._door, self._slot, front)
            if held == 0.0:
                return
            side = Side.BUY if held > 0.0 else Side.SELL
            for symbol, way in ((front, side.opposite), (following, side)):
                request = OrderRequest(
                    symbol, way, abs(held), tif=TimeInForce.GTC, origin=Origin.ROLL
                )
                self._door.place(self._slot, request)

        self._after(front, revocable(self._door, self._slot, front), move)

    # parts ---------------------------------------------------------------------------------

    def _in_own_group(self, request: OrderRequest) -> OrderRequest:
        """The request with a group name no other instance of the account uses."""
        if request.oca is None or len(self._door.blotter.slots) == 1:
            return request
        return replace(request, oca=f"{self._slot.name}.{request.oca}")

    def _is_tradable(self, symbol: str, side: Side) -> bool:
        """Whether a side may be taken: the run has started, and there is a price."""
        if not self._slot.trading:
            return False
        if isnan(self._slot.price(symbol)):
            request = OrderRequest(symbol, side, 0.0)
            self._door.refuse(request, 0.0, "no_price", "it has no bar yet")
            return False
        return True

    def _in_turn(self, symbol: str, step: Callable[[], None]) -> None:
        """Run a step now, or after the one still waiting for the proof of its cancels."""
        if symbol in self._pending:
            self._pending[symbol].append(step)
        else:
            step()

    def _after(self, symbol: str, cancels: list[str], step: Callable[[], None]) -> None:
        """Run `step` once the cancels are proven, then whatever came in meanwhile."""
        self._pending[symbol] = []

        def proven() -> None:
            try:
                step()
            finally:
                waiting = self._pending.pop(symbol)
            for later in waiting:
                self._in_turn(symbol, later)

        self._door.after_cancels(cancels, proven)
