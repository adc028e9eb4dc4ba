"""Exchange: takes what clients order, keeps families and groups, and lets the market meet them."""

from __future__ import annotations

__all__ = ["Exchange"]

from collections.abc import Iterator, Sequence
from dataclasses import replace

from framework.domain.orders import Order
from framework.emulator.exchange.account import Account, House
from framework.emulator.exchange.combos import Combos
from framework.emulator.exchange.conditions import ListedSymbols
from framework.emulator.exchange.family import Families, is_protective
from framework.emulator.exchange.figures import previewed, shortfall
from framework.emulator.exchange.ids import Ids
from framework.emulator.exchange.news import Moved, News
from framework.emulator.exchange.placed import Placed
from framework.emulator.exchange.prices import LivePrices, Prices
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.exchange.translate import Arrival, order_of
from framework.emulator.market.directory import AmbiguousContract, Directory, UnknownContract
from framework.emulator.market.listing import Listing
from framework.emulator.protocol.answers import Error, OpenOrder
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder


class Exchange:
    """The other side of the wire: accounts, their orders and their books.

    What clients are to be told is appended to `news`, in the order in which it happened.

    Args:
        names: of the accounts; the first is meant where a client names none.
        house: how they are treated.
        prices: what they trade against.
        directory: what is listed.
        zone: time zone of times a client names no zone for.
        ids: ids to go on with.

    Attributes:
        accounts: by name.
        news: not fetched yet.
        ids: as given.
    """

    def __init__(
        self,
        names: Sequence[str],
        house: House,
        prices: Prices,
        directory: Directory,
        zone: str,
        ids: Ids | None = None,
    ) -> None:
        self.ids = ids or Ids()
        self.news: list[News | Moved] = []
        self.accounts = {
            name: Account(name, house, prices, directory, self.ids, self.news) for name in names
        }
        self._prices = prices
        self._directory = directory
        self._zone = zone
        self._placed: dict[tuple[int, int], Placed] = {}
        self._families = Families()
        self._combos = Combos(directory)

    # looking ---------------------------------------------------------------------------------

    def fetch(self) -> list[News | Moved]:
        """What is to be told since the last call."""
        if not self.news:
            return []
        news = list(self.news)
        self.news.clear()
        return news

    def placed(self) -> Iterator[Placed]:
        """Every order of every account, oldest first."""
        yield from sorted(self._all(), key=_perm_of)

    def open_orders(self) -> list[Placed]:
        """Orders that are not done."""
        return [one for one in self.placed() if not one.is_done]

    def find(self, client_id: int, order_id: int) -> Placed | None:
        """A client's order by its id."""
        return self._placed.get((client_id, order_id))

    def _all(self) -> set[Placed]:
        found = set(self._placed.values())
        for account in self.accounts.values():
            found.update(account.orders.values())
        return found

    # placing ---------------------------------------------------------------------------------

    def place(self, client_id: int, order_id: int, contract: WireContract, wire: WireOrder) -> None:
        """Take an order, or a change of one.

        Raises:
            RejectedError: it is not taken.
        """
        account = self._account(wire.account)
        if wire.what_if:
            self._preview(account, client_id, order_id, contract, wire)
            return
        known = self.find(client_id, order_id)
        if known is not None:
            self._modify(account, known, contract, wire)
            return
        if order_id < self.ids.next_order(client_id):
            raise RejectedError(103, "Duplicate order id")
        placed = self._new(account, client_id, order_id, contract, wire)
        self.ids.used(client_id, order_id)
        self._placed[client_id, order_id] = placed
        try:
            self._check_family(placed)
            self._check(account, placed)
        except RejectedError as rejection:
            self._refuse(account, placed, rejection)
            return
        self._families.add(placed)
        if wire.transmit:
            self._transmit(account, placed)
        else:
            account.show(placed)

    def _new(
        self,
        account: Account,
        client_id: int,
        order_id: int,
        contract: WireContract,
        wire: WireOrder,
    ) -> Placed:
        if contract.sec_type == "BAG":
            listing = None
            full = self._combos.described(contract)
        else:
            listing = self.listing(contract)
            full = listing.contract
        return Placed(
            self.ids.next_perm(), client_id, order_id, account.name, full, wire, listing,
            self._now(),
        )  # fmt: skip

    def listing(self, contract: WireContract) -> Listing:
        """The one listing a contract means.

        Raises:
            RejectedError: there is none, or there are several.
        """
        try:
            return self._directory.one(contract)
        except UnknownContract as error:
            raise RejectedError(
                200, "No security definition has been found for the request"
            ) from error
        except AmbiguousContract as error:
            raise RejectedError(
                200, "The contract description specified for "
                f"{contract.symbol} is ambiguous."
            ) from error  # fmt: skip

    def _account(self, name: str) -> Account:
        if not name:
            if len(self.accounts) > 1:
                raise RejectedError(
                    321,
                    "Error validating request:-'b' : cause - You must specify an account.",
                )
            return next(iter(self.accounts.values()))
        account = self.accounts.get(name)
        if account is None:
            raise RejectedError(
                321, f"Error validating request:-'b' : cause - Invalid account code '{name}'."
            )
        return account

    def _check_family(self, placed: Placed) -> None:
        """A child needs a parent that has not ended without filling."""
        if not placed.order.parent_id:
            return
        parent = self.find(placed.client_id, placed.order.parent_id)
        if parent is None or parent.status in ("Cancelled", "Inactive"):
            raise RejectedError(10006, "Missing parent order")

    def _check(self, account: Account, placed: Placed) -> None:
        """Whether the order can be read, and carried."""
        if placed.listing is None:
            self._combos.check(placed)
            return
        if placed.listing.contract.sec_type == "IND":
            raise RejectedError(201, "Order rejected - reason:An index cannot be traded.")
        account.admit(placed.listing.key)
        order = self._order(account, placed, placed.order)
        if placed.order.parent_id == 0 and account.house.checks_margin:
            reason = shortfall(account, order)
            if reason:
                raise RejectedError(201, f"Order rejected - reason:{reason}")

    def _refuse(self, account: Account, placed: Placed, rejection: RejectedError) -> None:
        """End an order that has got an id and is not taken."""
        placed.end("Inactive", rejection.text, self._now())
        self._tell(placed, Error(placed.order_id, rejection.code, rejection.text))
        if rejection.code == _REJECTED:
            account.show(placed)

    def _order(self, account: Account, placed: Placed, wire: WireOrder) -> Order:
        """What the matching engine is given."""
        assert placed.listing is not None
        symbol = placed.listing.key
        parent = self._parent(placed)
        protects = parent is not None and is_protective(placed, parent)
        arrival = Arrival(
            placed.key,
            self._now(),
            account.close(symbol),
            parent.key if parent is not None and protects else None,
            f"family-{parent.perm_id}" if parent is not None and protects else None,
            self._zone,
            ListedSymbols(self._directory),
        )
        return order_of(wire, placed.listing.instrument, arrival)

    def _parent(self, placed: Placed) -> Placed | None:
        number = placed.order.parent_id
        return self.find(placed.client_id, number) if number else None

    # sending ---------------------------------------------------------------------------------

    def _transmit(self, account: Account, placed: Placed) -> None:
        """Send the order with all of its family that waits to be transmitted."""
        root = self._parent(placed) or placed
        waiting = self._families.waiting(root)
        together = [
            one
            for one in waiting
            if one.listing is not None and (one is root or is_protective(one, root))
        ]
        for one in waiting:
            if one not in together:
                self._apart(account, one, root)
        if together:
            orders = [self._order(account, one, one.order) for one in together]
            account.submit(together, orders)
        self._families.sent(waiting)
        self._at_once(account, together)

    def _apart(self, account: Account, placed: Placed, root: Placed) -> None:
        """Send a combo, or let a child that protects nothing wait for its parent to fill."""
        placed.is_sent = True
        if placed is not root and root.status != "Filled":
            root.children.append(placed)
            account.show(placed)
        elif placed.listing is None:
            placed.status = "Submitted"
            account.show(placed)
            self._combos.add(account, placed)
            self._try_combos(account)
        else:
            account.submit([placed], [self._order(account, placed, placed.order)])
            self._at_once(account, [placed])

    def _at_once(self, account: Account, sent: Sequence[Placed]) -> None:
        """Let orders that can trade at the present price do so, where the market is live."""
        if not isinstance(self._prices, LivePrices):
            return
        for placed in sent:
            if placed.listing is None or placed.is_done or not account.could_trade(placed):
                continue
            if self._prices.nudge([placed.listing.key], self._now()):
                self._meet()

    def _modify(
        self, account: Account, placed: Placed, contract: WireContract, wire: WireOrder
    ) -> None:
        if placed.is_done or not self._same(placed, contract, wire):
            changed = placed.is_done and placed.status == "Filled"
            if changed and self._same(placed, contract, wire) and wire != placed.order:
                raise RejectedError(104, "Cannot modify a filled order.")
            raise RejectedError(103, "Duplicate order id")
        if not placed.is_sent:
            self._check_new_terms(account, placed, wire)
            placed.order = wire
            if wire.transmit:
                self._transmit(account, placed)
            else:
                account.show(placed)
            return
        if placed.listing is None or placed in self._waiting_children():
            self._check_new_terms(account, placed, wire)
            placed.order = wire
            account.show(placed)
            self._try_combos(account)
            return
        if wire.total_quantity < placed.filled:
            raise RejectedError(
                105, "Order quantity cannot be less than what has been filled already."
            )
        order = self._order(account, placed, wire)
        account.replace(placed, wire, order)
        self._at_once(account, [placed])

    def _check_new_terms(self, account: Account, placed: Placed, wire: WireOrder) -> None:
        if placed.listing is not None:
            self._order(account, placed, wire)

    def _waiting_children(self) -> list[Placed]:
        return [
            child
            for one in self._placed.values()
            for child in one.children
            if not one.is_done and not child.is_done
        ]

    def _same(self, placed: Placed, contract: WireContract, wire: WireOrder) -> bool:
        """Whether an order that comes in with a known id is the same, perhaps changed."""
        if placed.listing is None:
            return contract.sec_type == "BAG" and wire.action == placed.order.action
        try:
            same = self.listing(contract).key == placed.listing.key
        except RejectedError:
            return False
        return same and wire.action == placed.order.action

    # by other hands --------------------------------------------------------------------------

    def place_by_hand(
        self, client_id: int, order_id: int, contract: WireContract, wire: WireOrder
    ) -> Placed:
        """Take an order that came in by another way than a connection: ids are not checked."""
        account = self._account(wire.account)
        placed = self._new(account, client_id, order_id, contract, wire)
        self._check(account, placed)
        self._transmit_alone(account, placed)
        return placed

    def fork(self, placed: Placed) -> Placed:
        """Let a second order work beside one, under the same client's id."""
        account = self.accounts[placed.account]
        wire = replace(placed.order, total_quantity=placed.remaining, parent_id=0)
        copy = Placed(
            self.ids.next_perm(), placed.client_id, placed.order_id, placed.account,
            placed.contract, wire, placed.listing, self._now(),
        )  # fmt: skip
        self._transmit_alone(account, copy)
        return copy

    def _transmit_alone(self, account: Account, placed: Placed) -> None:
        account.submit([placed], [self._order(account, placed, placed.order)])
        self._at_once(account, [placed])

    def restart_ids(self, first: int) -> None:
        """Let every client's next order id be `first`, whatever was used before."""
        for client_id in self.ids.orders:
            self.ids.orders[client_id] = first
        for client_id, order_id in tuple(self._placed):
            if order_id >= first:
                del self._placed[client_id, order_id]

    def forget(self, placed: Placed) -> None:
        """Let an order never have been here."""
        self.accounts[placed.account].vanish(placed)
        self._combos.drop(placed)
        self._families.sent([placed])
        self._placed.pop((placed.client_id, placed.order_id), None)

    # cancelling ------------------------------------------------------------------------------

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel an order.

        Raises:
            RejectedError: there is none, or it is done.
        """
        placed = self.find(client_id, order_id)
        if placed is None:
            raise RejectedError(
                10147, f"OrderId {order_id} that needs to be cancelled is not found."
            )
        if placed.is_done:
            raise RejectedError(
                10148,
                f"OrderId {order_id} that needs to be cancelled cannot be cancelled, "
                f"state: {placed.status}.",
            )
        self.cancel_placed(placed, "")

    def cancel_placed(self, placed: Placed, reason: str) -> None:
        """Cancel an order that is not done, with what depends on it."""
        account = self.accounts[placed.account]
        if placed.is_sent and placed.key in account.working:
            account.cancel(placed)
        else:
            self._combos.drop(placed)
            account.ended(placed, "Cancelled", reason, self._now())
        self._end_dependents(account, placed)

    def cancel_all(self) -> None:
        """Cancel every order of every client."""
        for placed in self.open_orders():
            if not placed.is_done:
                self.cancel_placed(placed, "")

    def _end_dependents(self, account: Account, placed: Placed) -> None:
        """End what waited for an order that has ended without filling."""
        waiting = [*placed.children, *self._families.children_waiting(placed)]
        placed.children.clear()
        for child in waiting:
            if not child.is_done:
                account.ended(child, "Cancelled", "its parent was cancelled", self._now())
        self._families.sent(waiting)

    # the market ------------------------------------------------------------------------------

    def advance(self) -> None:
        """Let the bars of the present instant of the prices meet all orders."""
        self._meet()

    def _meet(self) -> None:
        for account in self.accounts.values():
            account.advance()
            self._combos.meet(account)
            self._follow(account)

    def _try_combos(self, account: Account) -> None:
        """Let a combo trade at the present prices, where the market is live."""
        if not isinstance(self._prices, LivePrices):
            return
        symbols = self._combos.symbols(account)
        if symbols and self._prices.nudge(symbols, self._now()):
            self._meet()

    def _follow(self, account: Account) -> None:
        """Send children whose parent has filled; end those whose parent has not."""
        for parent in [one for one in self._placed.values() if one.children]:
            if parent.account != account.name or not parent.is_done:
                continue
            children, parent.children = parent.children, []
            for child in children:
                if child.is_done:
                    continue
                if parent.status != "Filled":
                    account.ended(child, "Cancelled", "its parent was cancelled", self._now())
                    continue
                self._apart(account, child, parent)

    # what-if ---------------------------------------------------------------------------------

    def _preview(
        self,
        account: Account,
        client_id: int,
        order_id: int,
        contract: WireContract,
        wire: WireOrder,
    ) -> None:
        """Tell what an order would do; it is not kept."""
        placed = self._new(account, client_id, order_id, contract, wire)
        if placed.listing is None:
            orders = self._combos.leg_orders(account, placed, self._now())
        else:
            account.admit(placed.listing.key)
            orders = (self._order(account, placed, wire),)
        state = previewed(account, orders)
        shown = OpenOrder(order_id, placed.contract, placed.shown_order(), state)
        self._tell(placed, shown)

    def _tell(self, placed: Placed, answer: Error | OpenOrder) -> None:
        self.news.append(News(placed.client_id, answer, self._now()))

    def _now(self) -> int:
        return self._prices.instants[max(0, self._prices.instant)]


def _perm_of(placed: Placed) -> int:
    return placed.perm_id


_REJECTED = 201
