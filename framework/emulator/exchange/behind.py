"""Behind the client's back: what a fault plan lets happen at the broker."""

from __future__ import annotations

__all__ = ["BackDoor"]

from collections.abc import Callable

from framework.emulator.exchange.exchange import Exchange
from framework.emulator.exchange.executions import Executed
from framework.emulator.exchange.news import News
from framework.emulator.exchange.placed import Placed
from framework.emulator.faults.acts import (
    CancelAtBroker,
    CorrectExecution,
    ExpireDay,
    FillOrder,
    ForkPermId,
    ManualOrder,
    MoveIds,
    OrderRef,
)
from framework.emulator.market.directory import Directory
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder


class BackDoor:
    """Acts on an exchange that none of its clients has asked for.

    Args:
        exchange: what is acted on.
        directory: what is listed.
    """

    def __init__(self, exchange: Exchange, directory: Directory) -> None:
        self._exchange = exchange
        self._directory = directory

    def fill(self, act: FillOrder) -> None:
        """Trade an order outside the market."""
        placed = self._working(act.order)
        if placed is None or placed.listing is None:
            return
        account = self._exchange.accounts[placed.account]
        price = act.price or placed.order.lmt_price or account.close(placed.listing.key)
        units = min(act.quantity or placed.remaining, placed.remaining)
        self._perhaps(act.tell, lambda: account.fill(placed, units, price))

    def cancel(self, act: CancelAtBroker) -> None:
        """Cancel an order."""
        placed = self._working(act.order)
        if placed is not None:
            self._perhaps(
                act.tell, lambda: self._exchange.cancel_placed(placed, "cancelled by the broker")
            )

    def expire_day(self, act: ExpireDay) -> None:
        """End all orders that are good for the day."""
        for placed in self._exchange.open_orders():
            if placed.order.tif.upper() in ("", "DAY") and not placed.is_done:
                self._expire(placed, act.tell)

    def _expire(self, placed: Placed, tell: bool) -> None:
        self._perhaps(tell, lambda: self._exchange.cancel_placed(placed, "its day is over"))

    def manual(self, act: ManualOrder) -> None:
        """Take an order nobody's program has placed."""
        contract = self._stock(act.symbol)
        wire = WireOrder(
            action=act.action,
            total_quantity=act.quantity,
            order_type="MKT" if act.limit is None else "LMT",
            lmt_price=act.limit,
            tif=act.tif,
        )
        placed = self._exchange.place_by_hand(act.client_id, act.order_id, contract, wire)
        if act.fill and not placed.is_done and placed.listing is not None:
            account = self._exchange.accounts[placed.account]
            price = act.limit or account.close(placed.listing.key)
            account.fill(placed, placed.remaining, price)

    def _stock(self, symbol: str) -> WireContract:
        if symbol:
            return WireContract(symbol=symbol, sec_type="STK", exchange="SMART", currency="USD")
        newest = self._newest(list(self._exchange.placed()))
        if newest is not None and newest.listing is not None:
            return newest.contract
        stocks = [one for one in self._directory.listings if one.contract.sec_type == "STK"]
        return (stocks or list(self._directory.listings))[0].contract

    def fork(self, act: ForkPermId) -> None:
        """Let an order live twice, under two permanent ids."""
        placed = self._working(act.order)
        if placed is not None and placed.listing is not None:
            self._exchange.fork(placed)

    def correct(self, act: CorrectExecution) -> None:
        """Correct the last execution of an order."""
        found = self._last_execution(act.order)
        if found is None:
            return
        name, executed = found
        account = self._exchange.accounts[name]
        old = executed.details.execution
        new = account.correct(
            executed, act.quantity or old.shares, old.price if act.price is None else act.price
        )
        client = new.details.execution.client_id
        self._exchange.news.append(News(client, new.details, account.time))
        if new.commission is not None:
            self._exchange.news.append(News(client, new.commission, account.time))

    def _last_execution(self, ref: OrderRef) -> tuple[str, Executed] | None:
        every = [
            (name, executed)
            for name, account in self._exchange.accounts.items()
            for executed in account.executions.all
            if executed.symbol
        ]
        kept = [one for one in every if _is_meant(ref, *_who(one[1]))]
        return max(kept, key=lambda one: one[1].details.execution.exec_id, default=None)

    def move_ids(self, act: MoveIds) -> int:
        """Change the next order id of every client; the new one of the first."""
        ids = self._exchange.ids
        highest = max(ids.orders.values(), default=1)
        new = act.to if act.to is not None else highest + (act.by or 0)
        self._exchange.restart_ids(max(1, new))
        return max(1, new)

    def forget(self, perms: set[int]) -> None:
        """Let orders never have been here; children before their parents, which end them."""
        for placed in reversed(self._exchange.placed()):
            if placed.perm_id in perms:
                self._exchange.forget(placed)

    def _perhaps(self, tell: bool, act: Callable[[], None]) -> None:
        """Act, and tell of it or not."""
        news = self._exchange.news
        before = len(news)
        act()
        if not tell:
            del news[before:]

    def _working(self, ref: OrderRef) -> Placed | None:
        """The order meant, among those that work."""
        kept = [
            one
            for one in self._exchange.open_orders()
            if _is_meant(ref, one.client_id, one.order_id) and one.is_sent
        ]
        return self._newest(kept)

    @staticmethod
    def _newest(orders: list[Placed]) -> Placed | None:
        return orders[-1] if orders else None


def _who(executed: Executed) -> tuple[int, int]:
    return executed.details.execution.client_id, executed.details.order_id


def _is_meant(ref: OrderRef, client_id: int, order_id: int) -> bool:
    return ref.order_id in (None, order_id) and ref.client_id in (None, client_id)
