"""DeskBroker: what an adopted strategy takes for its broker, in front of our order door."""

from __future__ import annotations

__all__ = ["DeskBroker"]

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partialmethod
from typing import Any

import backtrader as bt

from framework.adopt.feed import ExchangeClock
from framework.adopt.orders import resize, whole
from framework.adopt.outbox import Outbox
from framework.adopt.scheme import Scheme
from framework.domain.arithmetic import same
from framework.domain.events import Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.ledger import Position
from framework.domain.orders import Order, OrderStatus, Side
from framework.errors import StrategyError
from framework.ports import Desk

_SHORT_OF_MONEY = frozenset(
    {
        "cash would not pay for it",
        "not enough free margin at the fill",
        "the rest was not covered",
    }
)
"""Reasons of the simulated broker that backtrader calls Margin."""


def _set_outside(flag: str) -> Callable[..., None]:
    """A setter of backtrader's broker whose place is the command line."""

    def refuse(*given: object, **named: object) -> None:
        raise StrategyError(
            "The strategy sets up its broker.", f"Leave that out, and give {flag} to the run."
        )

    return refuse


class DeskBroker(bt.BrokerBase):  # type: ignore[misc]
    """Keeps backtrader's order objects and positions in step with our door and ledger.

    Args:
        desk: the way to the order door.
        clock: the exchange's time.
        instruments: what is traded, by symbol.
    """

    def __init__(
        self, desk: Desk, clock: ExchangeClock, instruments: Mapping[str, Instrument]
    ) -> None:
        super().__init__()
        self._desk = desk
        self._clock = clock
        self._owner: Any = None
        self.positions: dict[Any, Any] = defaultdict(bt.Position)
        self._notices: deque[Any] = deque()
        self._outbox = Outbox(desk, clock, instruments, self._tell)
        self._cash = self._value = self._charged = 0.0
        for symbol, instrument in instruments.items():
            scheme = Scheme(mult=instrument.multiplier, percabs=True)
            super().addcommissioninfo(scheme, name=symbol)

    def start(self) -> None:
        """Take the account as it is."""
        super().start()
        self._look()
        self.startingcash = self._cash

    def serve(self, owner: Any) -> None:
        """Name the strategy whose broker it is."""
        self._owner = owner

    setcash = set_cash = add_cash = _set_outside("--cash")
    setcommission = addcommissioninfo = _set_outside("--commission")
    set_slippage_perc = set_slippage_fixed = _set_outside("--slippage")
    set_filler = _set_outside("--liquidity")
    set_coc = _set_outside("--fill trade_on_close=true")
    set_coo = set_checksubmit = set_shortcash = set_int2pnl = set_eosbar = _set_outside("--fill")

    # what a strategy asks ---------------------------------------------------------------------

    def getcash(self) -> float:
        """Cash of the account."""
        return self._cash

    get_cash = getcash

    @property
    def cash(self) -> float:
        """Cash of the account."""
        return self._cash

    def getvalue(
        self, datas: Sequence[Any] | None = None, mkt: bool = False, lever: bool = False
    ) -> float:
        """Equity of the account, or market value of what is held of some feeds."""
        if datas is None and not mkt:
            return self._value
        held = self.positions if datas is None else datas
        return float(sum(self._worth(data) for data in held))

    get_value = getvalue

    def _worth(self, data: Any) -> float:
        scheme = self.getcommissioninfo(data)
        return float(scheme.getvaluesize(self.positions[data].size, data.close[0]))

    def getposition(self, data: Any) -> Any:
        """What is held of a feed, a `bt.Position`."""
        return self.positions[data]

    def get_orders_open(self, safe: bool = False) -> list[Any]:
        """Orders that may still trade, oldest first; copies of them if `safe`."""
        alive = self._outbox.alive()
        return [order.clone() for order in alive] if safe else alive

    def orderstatus(self, order: Any) -> int:
        """The present status of an order."""
        status: int = self._outbox.original(order).status
        return status

    def get_notification(self) -> Any | None:
        """The next order to tell the strategy about, None when there is none."""
        return self._notices.popleft() if self._notices else None

    # orders -----------------------------------------------------------------------------------

    def _take(
        self,
        kind: type[Any],
        owner: Any,
        data: Any,
        size: float,
        price: float | None = None,
        plimit: float | None = None,
        exectype: int | None = None,
        valid: object = None,
        tradeid: int = 0,
        oco: Any = None,
        trailamount: float | None = None,
        trailpercent: float | None = None,
        parent: Any = None,
        transmit: bool = True,
        **info: object,
    ) -> Any:
        """Make an order; it leaves when the strategy is done with its bar."""
        order = kind(
            owner=owner,
            data=data,
            size=size,
            price=price,
            pricelimit=plimit,
            exectype=exectype,
            valid=valid,
            tradeid=tradeid,
            trailamount=trailamount,
            trailpercent=trailpercent,
            parent=parent,
            transmit=transmit,
        )
        order.addinfo(**info)
        order.addcomminfo(self.getcommissioninfo(data))
        order.broker = self
        self._outbox.add(order, oco)
        return order

    buy = partialmethod(_take, bt.BuyOrder)
    sell = partialmethod(_take, bt.SellOrder)

    def cancel(self, order: Any) -> bool:
        """Cancel an order and, as backtrader does, its bracket and its one-cancels-all group."""
        return self._outbox.cancel(order)

    def flush(self) -> None:
        """Send what the strategy has ordered in this bar."""
        self._outbox.flush()

    # what our side reports --------------------------------------------------------------------

    def take(self, events: Sequence[Fill | OrderUpdate]) -> None:
        """Bring order objects, positions and account up to what has happened since the last bar."""
        events = _joined(events)
        fees = self._fees([event for event in events if isinstance(event, Fill)])
        for event in events:
            order = self._outbox.find(event.order.id) or self._foreign(event.order)
            if isinstance(event, Fill):
                self._fill(order, event, fees[event.id])
            else:
                self._change(order, event)
        self._look()

    def _fees(self, fills: Sequence[Fill]) -> dict[str, float]:
        """The fees charged since the last bar, by fill, in proportion to what each was worth."""
        if not fills:
            return {}
        new = self._desk.account()[3] - self._charged
        worth = {fill.id: abs(fill.quantity * fill.price) for fill in fills}
        total = sum(worth.values())
        return {name: new * value / total for name, value in worth.items()}

    def _foreign(self, ours: Order) -> Any:
        """An order the strategy did not make, such as a breaker's exit, as one it is told about."""
        kind = bt.BuyOrder if ours.side is Side.BUY else bt.SellOrder
        data = self.cerebro.datasbyname[ours.symbol]
        order = kind(owner=self._owner, data=data, size=ours.quantity, exectype=bt.Order.Market)
        order.addinfo(origin=str(ours.origin))
        order.addcomminfo(self.getcommissioninfo(data))
        order.submit(self)
        self._outbox.match(order, ours)
        return order

    def _fill(self, order: Any, fill: Fill, fee: float) -> None:
        """One execution, split into what it closed and what it opened."""
        scheme, position = order.comminfo, self.positions[order.data]
        before = position.price
        size, price = whole(fill.quantity), fill.price
        held, average, opened, closed = position.update(size, price, self._clock.local(fill.time))
        closing_fee = fee * abs(closed / size)
        order.execute(
            self._clock.number(fill.time),
            size,
            price,
            closed,
            scheme.getvaluesize(-closed, before),
            closing_fee,
            opened,
            scheme.getvaluesize(opened, price),
            fee - closing_fee,
            scheme.margin,
            scheme.profitandloss(-closed, before, price),
            held,
            average,
        )
        if abs(order.executed.remsize) <= 1e-9 * abs(size):
            order.executed.remsize = 0
            order.completed()
        self._tell(order)

    def _change(self, order: Any, update: OrderUpdate) -> None:
        """One change of state; what a fill has told already is not told again."""
        if not order.alive():
            return
        resize(order, update.order.quantity)
        status = update.status
        if status in (OrderStatus.WORKING, OrderStatus.HELD):
            if order.status == bt.Order.Submitted:
                order.accept(self)
                self._tell(order)
        elif status is OrderStatus.FILLED:
            order.completed()
            self._tell(order)
        elif update.reason in _SHORT_OF_MONEY:
            self._fail(order, update.reason, margin=True)
        elif status is OrderStatus.CANCELLED:
            order.cancel()
            self._tell(order)
        elif status is OrderStatus.EXPIRED:
            order.status = bt.Order.Expired
            order.executed.dt = self._clock.number(update.time)
            self._tell(order)
            self._outbox.end_with(order)
        elif status in (OrderStatus.REJECTED, OrderStatus.ABSENT):
            self._fail(order, update.reason, margin=False)

    def _fail(self, order: Any, reason: str, margin: bool) -> None:
        order.addinfo(refused=reason)
        if margin:
            order.margin()
        else:
            order.reject(self)
        self._tell(order)
        self._outbox.end_with(order)

    def _look(self) -> None:
        """Take over what the ledger says; it knows of splits too."""
        self._cash, self._value, _, self._charged = self._desk.account()
        for data in self.cerebro.datas:
            held, position = self._desk.position(data._name), self.positions[data]
            if not same(position.size, held.quantity):
                self._rescale(data, position, held)

    def _rescale(self, data: Any, position: Any, held: Position) -> None:
        """Follow a change of units that no fill has told of, in the position and its trades."""
        ratio = held.quantity / position.size if position.size else 0.0
        position.fix(whole(held.quantity), held.average_price)
        for trades in self._owner._trades[data].values():
            if trades and trades[-1].isopen and ratio:
                trades[-1].size = whole(trades[-1].size * ratio)
                trades[-1].price /= ratio

    def _tell(self, order: Any) -> None:
        self._notices.append(order.clone())


def _joined(events: Sequence[Fill | OrderUpdate]) -> list[Fill | OrderUpdate]:
    """The events, with an execution booked in pieces (what it closed, what it opened) made one."""
    found: list[Fill | OrderUpdate] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, Fill) and isinstance(last, Fill) and _is_one(last, event):
            found[-1] = replace(last, quantity=last.quantity + event.quantity)
        else:
            found.append(event)
    return found


def _is_one(first: Fill, second: Fill) -> bool:
    same_order = first.order.id == second.order.id
    return same_order and (first.time, first.price) == (second.time, second.price)
