"""Floor: sends orders to the matching engine, in families and one after the other, and lets the
market meet them."""

from __future__ import annotations

__all__ = ["Floor"]

from collections.abc import Mapping, Sequence
from dataclasses import replace

from framework.domain.orders import Order
from framework.emulator.exchange.account import Account
from framework.emulator.exchange.combos import Combos
from framework.emulator.exchange.conditions import ListedSymbols
from framework.emulator.exchange.family import Families, is_protective
from framework.emulator.exchange.placed import Placed
from framework.emulator.exchange.prices import LivePrices, Prices
from framework.emulator.exchange.register import Register
from framework.emulator.exchange.translate import Arrival, order_of
from framework.emulator.market.directory import Directory
from framework.emulator.protocol.order import WireOrder


class Floor:
    """What happens to orders once they are taken.

    Args:
        accounts: by name.
        register: every order.
        combos: those that work.
        prices: what accounts trade against.
        directory: what is listed.
        zone: time zone of times a client names no zone for.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        register: Register,
        combos: Combos,
        prices: Prices,
        directory: Directory,
        zone: str,
    ) -> None:
        self._accounts = accounts
        self._register = register
        self._combos = combos
        self._prices = prices
        self._symbols = ListedSymbols(directory)
        self._zone = zone
        self._families = Families()

    @property
    def now(self) -> int:
        """Nanoseconds UTC of the present instant."""
        return self._prices.instants[max(0, self._prices.instant)]

    def order_of(self, placed: Placed, wire: WireOrder) -> Order:
        """What the matching engine is given for an order, with these terms.

        Raises:
            RejectedError: TWS would not take it, or the engine does not know its kind.
        """
        assert placed.listing is not None
        account = self._accounts[placed.account]
        parent = self._register.parent_of(placed)
        arrival = Arrival(
            placed.key,
            self.now,
            account.close(placed.listing.key),
            None if parent is None or not self._protects(placed, parent) else parent.key,
            None if parent is None else f"family-{parent.perm_id}",
            self._zone,
            self._symbols,
        )
        return order_of(wire, placed.listing.instrument, arrival)

    def _protects(self, placed: Placed, parent: Placed) -> bool:
        """Whether the matching engine keeps an order with its parent; the floor does if not."""
        protects = self._accounts[placed.account].house.protects
        return protects and is_protective(placed, parent)

    # sending ---------------------------------------------------------------------------------

    def take(self, placed: Placed) -> None:
        """Take a new order: send it with its family, or let it wait to be transmitted."""
        self._families.add(placed)
        if placed.order.transmit:
            self.transmit(placed)
        else:
            self._accounts[placed.account].show(placed)

    def transmit(self, placed: Placed) -> None:
        """Send an order with all of its family that waits to be transmitted."""
        root = self._register.parent_of(placed) or placed
        waiting = self._families.waiting(root)
        self._families.sent(waiting)
        together = [
            one
            for one in waiting
            if one.listing is not None and (one is root or self._protects(one, root))
        ]
        account = self._accounts[placed.account]
        self._submit(account, together)
        for one in waiting:
            if one not in together:
                self._send_apart(one, root)
        self.try_at_once(account, together)

    def send_alone(self, placed: Placed) -> None:
        """Send an order of no family."""
        self._register.add(placed)
        self._send([placed])

    def _send(self, together: Sequence[Placed]) -> None:
        account = self._accounts[together[0].account]
        self._submit(account, together)
        self.try_at_once(account, together)

    def _submit(self, account: Account, together: Sequence[Placed]) -> None:
        if together:
            account.submit(together, [self.order_of(one, one.order) for one in together])

    def _send_apart(self, placed: Placed, root: Placed) -> None:
        """Send a combo, or let a child wait for its parent to fill."""
        account = self._accounts[placed.account]
        placed.is_sent = True
        if placed is not root and not root.is_done:
            self._register.wait(placed, root)
            account.show(placed)
        elif placed.listing is None:
            placed.status = "Submitted"
            account.show(placed)
            self._combos.add(account, placed)
            self._try_combos(account)
        else:
            self._send([placed])

    def change(self, placed: Placed, wire: WireOrder) -> None:
        """Give a working order other terms.

        Raises:
            RejectedError: they are not taken; the order works on as it was.
        """
        account = self._accounts[placed.account]
        if placed.listing is None:
            self._combos.check(wire)
        order = None if placed.listing is None else self.order_of(placed, wire)
        in_engine = placed.key in account.working
        if order is not None and in_engine:
            account.replace(placed, wire, order)
            self.try_at_once(account, [placed])
            return
        placed.order = wire
        if not placed.is_sent and wire.transmit:
            self.transmit(placed)
            return
        account.show(placed)
        self._try_combos(account)

    # ending ----------------------------------------------------------------------------------

    def cancel(self, placed: Placed, reason: str) -> None:
        """Cancel an order that is not done, with what depends on it."""
        account = self._accounts[placed.account]
        if placed.key in account.working:
            account.cancel(placed)
        else:
            self._combos.drop(placed)
            account.ended(placed, "Cancelled", reason, self.now)
        self._families.sent([placed])
        for child in self._families.children_waiting(placed):
            self._families.sent([child])
            account.ended(child, "Cancelled", "its parent was cancelled", self.now)
        self._follow()

    def forget(self, placed: Placed) -> None:
        """Let an order never have been here."""
        account = self._accounts[placed.account]
        orphans = self._register.waiting_for(placed) + self._families.children_waiting(placed)
        account.vanish(placed)
        self._combos.drop(placed)
        self._families.sent([placed, *orphans])
        self._register.forget(placed)
        for child in orphans:
            account.ended(child, "Cancelled", "its parent is not there", self.now)

    # the market ------------------------------------------------------------------------------

    def meet(self) -> None:
        """Let the bars of the present instant meet all orders."""
        for account in self._accounts.values():
            account.advance()
            self._combos.meet(account)
        self._follow()

    def try_at_once(self, account: Account, sent: Sequence[Placed]) -> None:
        """Let orders that can trade at the present price do so, where the market is live."""
        if not isinstance(self._prices, LivePrices):
            return
        for placed in sent:
            if placed.listing is None or placed.is_done or not account.could_trade(placed):
                continue
            if self._prices.nudge([placed.listing.key], self.now):
                self.meet()

    def _try_combos(self, account: Account) -> None:
        """Let combos trade at the present prices, where the market is live."""
        if not isinstance(self._prices, LivePrices):
            return
        symbols = self._combos.symbols(account)
        if symbols and self._prices.nudge(symbols, self.now):
            self.meet()

    def _follow(self) -> None:
        """Send children whose parent has traded and is done; end those whose parent has not."""
        for parent, children in self._register.released():
            account = self._accounts[parent.account]
            for child in children:
                if child.is_done:
                    continue
                if parent.filled == 0.0:
                    account.ended(child, "Cancelled", "its parent was cancelled", self.now)
                    continue
                if parent.status != "Filled" and child.remaining > parent.filled:
                    child.order = replace(child.order, total_quantity=parent.filled)
                self._send_apart(child, parent)
