"""Account: one account's simulated broker, and what its events mean to clients."""

from __future__ import annotations

__all__ = ["Account", "House"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan

from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Bar, Tape
from framework.domain.events import Commission, Fill, OrderUpdate, Split
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import BROKER_MADE, Order, OrderStatus, OrderType, Side, TimeInForce
from framework.emulator.exchange.days import day_of
from framework.emulator.exchange.executions import Executed, Executions
from framework.emulator.exchange.holdings import Holdings
from framework.emulator.exchange.ids import Ids
from framework.emulator.exchange.news import Moved, News
from framework.emulator.exchange.placed import Placed, shown_status
from framework.emulator.exchange.prices import Prices
from framework.emulator.market.directory import Directory
from framework.emulator.protocol.answers import Answer, Error
from framework.emulator.protocol.order import WireOrder


@dataclass(frozen=True, slots=True)
class House:
    """How the exchange treats its accounts.

    Attributes:
        models: what trading costs, and what the market gives.
        policy: how orders meet bars.
        cash: opening cash of each account, in the currency of `models.rates`.
        checks_margin: whether an order that margin would not carry is rejected.
        protects: whether children cover what their parent has opened, as a backtest's do; if not,
            they wait for their parent to fill and then work with the quantity they came with, as
            Interactive Brokers' do.
    """

    models: Models
    policy: FillPolicy = field(default_factory=FillPolicy)
    cash: float = 1_000_000.0
    checks_margin: bool = True
    protects: bool = False


class Account:
    """One account.

    Args:
        name: such as "DU1234567".
        house: how it is treated.
        prices: what it trades against.
        directory: what is listed.
        ids: where new ids come from.
        news: where what clients are to be told is appended.
        zone: time zone whose midnight begins a day.

    Attributes:
        name, house: as given.
        orders: all its orders by key, in the order they came in.
        day_equity: equity when the present session began.
        working: those of them the matching engine has and has not done with.
        executions: everything that has traded.
        holdings: realised profits.
    """

    def __init__(
        self,
        name: str,
        house: House,
        prices: Prices,
        directory: Directory,
        ids: Ids,
        news: list[News | Moved],
        zone: str,
    ) -> None:
        self.name = name
        self.house = house
        self._prices = prices
        self._directory = directory
        self._ids = ids
        self._news = news
        self._zone = zone
        self._tapes: dict[str, Tape] = {t.instrument.symbol: t for t in prices.tapes()}
        self._broker = SimulatedBroker(
            tuple(self._tapes.values()), prices.instants, house.cash, house.policy, house.models
        )
        self.orders: dict[str, Placed] = {}
        self.working: dict[str, Placed] = {}
        self.executions = Executions(name, ids)
        self.holdings = Holdings()
        self._legs: dict[str, Placed] = {}
        self._day = (0, 0)
        self.day_equity = house.cash

    # what it holds ---------------------------------------------------------------------------

    @property
    def book(self) -> Ledger:
        """The true book of the account: the matching engine's own."""
        return self._broker.book()

    @property
    def currency(self) -> str:
        """Its currency."""
        return self.house.models.rates.base

    @property
    def time(self) -> int:
        """Nanoseconds UTC of the present instant."""
        return self._prices.instants[max(0, self._prices.instant)]

    def close(self, symbol: str) -> float:
        """Last price of an instrument it can hold."""
        return self._tapes[symbol].close

    def instrument(self, symbol: str) -> Instrument:
        """An instrument it can hold."""
        return self._tapes[symbol].instrument

    def rate(self, symbol: str) -> float:
        """Units of its currency for one of the instrument's."""
        return self.house.models.rates.rate(self._tapes[symbol].instrument.currency, self.time)

    def marks(self) -> dict[str, float]:
        """Last prices in its currency, of everything it can hold."""
        return {symbol: self.close(symbol) * self.rate(symbol) for symbol in self._tapes}

    def equity(self) -> float:
        """Cash and positions."""
        held = {s: p for s, p in self.book.positions.items() if not p.is_flat}
        return self.book.equity({symbol: self.close(symbol) * self.rate(symbol) for symbol in held})

    # orders ----------------------------------------------------------------------------------

    def knows(self, symbol: str) -> bool:
        """Whether an instrument can be traded already."""
        return symbol in self._tapes

    def admit(self, symbol: str) -> None:
        """Make an option tradable."""
        if symbol not in self._tapes:
            tape = self._prices.admit(symbol)
            self._tapes[symbol] = tape
            self._broker.admit(tape, self._prices.instant)

    def submit(self, placed: Sequence[Placed], orders: Sequence[Order]) -> None:
        """Send an entry and its children, or a single order, to the matching engine."""
        for one in placed:
            self.orders[one.key] = self.working[one.key] = one
            one.is_sent = True
        self._broker.submit(orders)
        self.settle()

    def replace(self, placed: Placed, wire: WireOrder, order: Order) -> None:
        """Change a working order."""
        placed.order = wire
        self._broker.replace(order)
        self.settle()

    def cancel(self, placed: Placed) -> None:
        """Cancel a working order."""
        self._broker.cancel(placed.key)
        self.settle()

    def could_trade(self, placed: Placed) -> bool:
        """Whether a working order would trade, or end, at the present price."""
        resting = self._broker.resting(placed.key)
        if resting is None or not resting.is_live:
            return False
        if resting.order.tif in _AT_ONCE:
            return True
        tape = self._tapes[resting.order.symbol]
        through = self.house.policy.limit_fill == "through"
        margin = tape.instrument.tick_at(tape.close) if through else 0.0
        return resting.rule.at_open(resting.ask(margin), tape.close).price is not None

    def session(self, symbol: str) -> int:
        """Trading day of an instrument's last bar, as days since 1970-01-01; 0 before the first."""
        tape = self._tapes[symbol]
        return int(tape.bars.session[tape.row]) if tape.row >= 0 else 0

    def bar(self, symbol: str) -> Bar | None:
        """The bar of an instrument that closes at the present instant, if one does."""
        tape = self._tapes[symbol]
        if tape.row < 0 or int(tape.bars.close_time[tape.row]) != self.time:
            return None
        return tape.bar()

    def trade_combo(self, placed: Placed, orders: Sequence[Order], most: float | None) -> None:
        """Trade the legs of a combo at once, if their prices allow it now."""
        self._legs |= {order.id: placed for order in orders}
        if self._broker.trade_together(orders, most):
            self.settle(placed)

    def advance(self) -> None:
        """Let the bars of the present instant meet the resting orders."""
        self._turn_day()
        self._broker.advance(self._prices.instant)
        self.settle()
        for placed in tuple(self.working.values()):
            self._refresh(placed)

    @property
    def session_start(self) -> int:
        """Nanoseconds UTC at which the present day began: midnight where TWS is logged in."""
        return self._day[0]

    def _turn_day(self) -> None:
        """Note the equity a new session begins with."""
        if self.time >= self._day[1]:
            self._day = day_of(self.time, self._zone)
            held = {s: p for s, p in self.book.positions.items() if not p.is_flat}
            marks = {symbol: self._close_before(symbol) * self.rate(symbol) for symbol in held}
            self.day_equity = self.book.equity(marks)

    def _close_before(self, symbol: str) -> float:
        """Last price of an instrument before the present instant."""
        bar = self.bar(symbol)
        return (
            self.close(symbol) if bar is None or isnan(bar.previous_close) else bar.previous_close
        )

    def pause_with(self, pause: Callable[[], None]) -> None:
        """Let every bar stop where a fill has woken protective orders, by calling this."""
        self._broker.pause = pause

    def fill(self, placed: Placed, quantity: float, price: float) -> None:
        """Trade a working order outside the market."""
        self._broker.fill(placed.key, quantity, price)
        self.settle()

    def vanish(self, placed: Placed) -> None:
        """Let an order never have been here; what it has traded stays."""
        placed.is_forgotten = True
        self._broker.cancel(placed.key)
        self.settle()
        self.working.pop(placed.key, None)
        self.orders.pop(placed.key, None)

    def correct(self, executed: Executed, shares: float, price: float) -> Executed:
        """Book an execution anew, as a correction of it; the new one."""
        old, symbol = executed.details.execution, executed.symbol
        for units, paid in ((-old.shares, old.price), (shares, price)):
            fill = self._fill_like(executed, units, paid)
            self.book.apply(fill)
            self._broker.execution.lots[symbol].trade(fill.order.id, fill.quantity, None)
        for placed in self.orders.values():
            if placed.perm_id == old.perm_id:
                placed.filled += shares - old.shares
                placed.notional += shares * price - old.shares * old.price
        new = self.executions.correct(executed, shares, price)
        self._tell_holdings_anew(symbol)
        self._news.append(Moved(self.name, symbol))
        return new

    def _fill_like(self, executed: Executed, units: float, price: float) -> Fill:
        """An execution as the matching engine would report it, with these units and price."""
        side = Side.BUY if executed.details.execution.side == "BOT" else Side.SELL
        order = Order(
            id=f"correction-{executed.details.execution.exec_id}",
            symbol=executed.symbol,
            side=side,
            quantity=max(abs(units), 1.0),
            type=OrderType.MARKET,
            time=self.time,
            decision_price=price,
        )
        rate = self.rate(executed.symbol)
        return Fill(order.id, order, self.time, side * units, price, price, rate=rate)

    def _tell_holdings_anew(self, symbol: str) -> None:
        """Go through the executions of a symbol again, for its average price and its profit."""
        multiplier = self._tapes[symbol].instrument.multiplier
        self.holdings.forget(symbol)
        for one in self.executions.all:
            if one.symbol == symbol and one.commission is not None:
                execution, paid = one.details.execution, one.commission.commission
                fill = self._fill_like(one, execution.shares, execution.price)
                self.holdings.take(fill, multiplier, paid)
        told = self.holdings.position(symbol)
        if told.quantity == self.book.positions[symbol].quantity:
            self.book.positions[symbol] = told

    # events ----------------------------------------------------------------------------------

    def settle(self, combo: Placed | None = None) -> None:
        """Turn what the matching engine reports into news; `combo` is one that has just traded."""
        unpaid: list[tuple[Placed, Executed]] = []
        fills: dict[str, tuple[Placed, Fill]] = {}
        for event in self._broker.poll():
            if isinstance(event, Fill):
                fills[event.id] = (self._placed_of(event.order), event)
            elif isinstance(event, Commission):
                placed, fill = fills.pop(event.fill_id)
                unpaid.append((placed, self._executed(placed, fill, event.amount)))
            elif isinstance(event, OrderUpdate):
                if event.order.id not in self._legs:
                    self._updated(self._placed_of(event.order), event)
                    unpaid = self._pay(unpaid, event.order.id)
            else:
                if isinstance(event, Split):
                    self.holdings.split(event)
                self._news.append(Moved(self.name, event.symbol))
        for placed, fill in fills.values():
            unpaid.append((placed, self._executed(placed, fill, 0.0)))
        if combo is not None:
            self._combo_filled(combo, [one for placed, one in unpaid if placed is combo])
        self._pay(unpaid, None)

    def _placed_of(self, order: Order) -> Placed:
        """The record of an order; a new one for what the broker makes itself."""
        if order.id in self._legs:
            return self._legs[order.id]
        placed = self.orders.get(order.id)
        if placed is None:
            placed = self._made_by_broker(order)
            self.orders[order.id] = placed
        return placed

    def _made_by_broker(self, order: Order) -> Placed:
        assert order.origin in BROKER_MADE
        listing = self._directory.by_key(order.symbol)
        wire = WireOrder(
            action="BUY" if order.side > 0 else "SELL",
            total_quantity=order.quantity,
            order_type="MKT",
            tif="DAY",
            order_ref=order.origin.value,
        )
        return Placed(
            self._ids.next_perm(), 0, 0, self.name, listing.contract, wire, listing, order.time,
            is_sent=True,
        )  # fmt: skip

    def _executed(self, placed: Placed, fill: Fill, amount: float) -> Executed:
        multiplier = self._tapes[fill.symbol].instrument.multiplier
        profit = self.holdings.take(fill, multiplier, amount)
        placed.commission += amount
        is_leg = fill.order.id in self._legs
        if not is_leg:
            placed.take(abs(fill.quantity), fill.price)
        listing = self._directory.by_key(fill.symbol)
        executed = self.executions.add(placed, listing, fill, amount, profit, self.currency, is_leg)
        self._tell(placed, executed.details, fill.time)
        self._news.append(Moved(self.name, fill.symbol))
        return executed

    def _combo_filled(self, placed: Placed, legs: Sequence[Executed]) -> None:
        """Report a combo as a whole, once its legs have traded."""
        signed = (leg.details.execution for leg in legs)
        paid = sum(e.shares * e.price * (1.0 if e.side == "BOT" else -1.0) for e in signed)
        units = placed.order.total_quantity
        placed.take(units, paid / units if placed.order.action == "BUY" else -paid / units)
        placed.end("Filled", "", self.time)
        executed = self.executions.add_whole(placed, units, placed.last_price, self.time)
        self._tell(placed, executed.details, self.time)
        self.show(placed)

    def _pay(
        self, unpaid: list[tuple[Placed, Executed]], key: str | None
    ) -> list[tuple[Placed, Executed]]:
        """Report the commissions of one order's executions, or all; what is left."""
        left = []
        for placed, executed in unpaid:
            if key is not None and placed.key != key:
                left.append((placed, executed))
                continue
            if placed.status == "Filled":
                self._tell(placed, placed.open_order(self.currency))
            if executed.commission is not None:
                self._tell(placed, executed.commission)
        return left

    def _updated(self, placed: Placed, update: OrderUpdate) -> None:
        resting = self._broker.resting(update.order.id)
        status = shown_status(update.status, resting)
        has_moved = placed.follow(update.order)
        if status in ("Cancelled", "Inactive"):
            if has_moved:
                self._tell(placed, placed.open_order(self.currency))
            self.ended(placed, status, update.reason, update.time)
            return
        placed.status = status
        if status == "Filled":
            placed.ended = update.time
            self.working.pop(placed.key, None)
        self.show(placed)

    def ended(self, placed: Placed, status: str, reason: str, time: int) -> None:
        """Note, and tell, that an order has ended without filling whole."""
        placed.end(status, reason, time)
        self.working.pop(placed.key, None)
        if status == "Inactive":
            self._tell(placed, Error(placed.order_id, 201, f"Order rejected - reason:{reason}"))
            self.show(placed)
            return
        self._tell(placed, placed.order_status())
        self._tell(placed, Error(placed.order_id, 202, f"Order Canceled - reason:{reason}"))

    def show(self, placed: Placed) -> None:
        """Tell an order's client how it stands."""
        self._tell(placed, placed.open_order(self.currency))
        self._tell(placed, placed.order_status())

    def _refresh(self, placed: Placed) -> None:
        """Show what changes without an event: a trigger that was reached, a level that followed."""
        resting = self._broker.resting(placed.key)
        if resting is None:
            return
        has_moved = placed.follow(resting.order)
        held = OrderStatus.HELD if resting.status is OrderStatus.HELD else OrderStatus.WORKING
        status = shown_status(held, resting)
        if has_moved or status != placed.status:
            placed.status = status
            self.show(placed)

    def _tell(self, placed: Placed, answer: Answer, time: int = 0) -> None:
        if not placed.is_forgotten:
            self._news.append(News(placed.client_id, answer, time))


_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
