"""Exchange: what clients order is checked here, given an id, and handed to the floor."""

from __future__ import annotations

__all__ = ["Exchange"]

from collections.abc import Callable, Sequence
from dataclasses import replace

from framework.domain.orders import Order
from framework.emulator.exchange.account import Account, House
from framework.emulator.exchange.combos import Combos
from framework.emulator.exchange.figures import previewed, shortfall
from framework.emulator.exchange.floor import Floor
from framework.emulator.exchange.ids import Ids
from framework.emulator.exchange.news import Moved, News
from framework.emulator.exchange.placed import Placed
from framework.emulator.exchange.prices import Prices
from framework.emulator.exchange.register import Register
from framework.emulator.exchange.rejected import RejectedError
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
            name: Account(name, house, prices, directory, self.ids, self.news, zone)
            for name in names
        }
        self._directory = directory
        self._register = Register()
        self._combos = Combos(directory)
        self._floor = Floor(self.accounts, self._register, self._combos, prices, directory, zone)

    # looking ---------------------------------------------------------------------------------

    def fetch(self) -> list[News | Moved]:
        """What is to be told since the last call."""
        if not self.news:
            return []
        for placed in self._register.tidy(_REMEMBERED):
            self.accounts[placed.account].orders.pop(placed.key, None)
        news = list(self.news)
        self.news.clear()
        return news

    def placed(self) -> list[Placed]:
        """Every order of every account, those the broker made itself included, oldest first."""
        known = {one.perm_id: one for one in self._register.all()}
        for account in self.accounts.values():
            known |= {one.perm_id: one for one in account.orders.values()}
        return [known[perm] for perm in sorted(known)]

    def open_orders(self) -> list[Placed]:
        """Orders that are not done."""
        return [one for one in self.placed() if not one.is_done]

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
                200, f"The contract description specified for {contract.symbol} is ambiguous."
            ) from error

    def advance(self) -> None:
        """Let the bars of the present instant of the prices meet all orders."""
        self._floor.meet()

    def settle(self) -> None:
        """Turn what has happened so far within an instant into news."""
        for account in self.accounts.values():
            account.settle()

    def pause_with(self, pause: Callable[[], None]) -> None:
        """Let every bar stop where a fill has woken protective orders, by calling this."""
        for account in self.accounts.values():
            account.pause_with(pause)

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
        known = self._register.find(client_id, order_id)
        if known is not None:
            self._modify(known, contract, wire)
            return
        if order_id < self.ids.next_order(client_id):
            raise RejectedError(103, "Duplicate order id")
        placed = self._new(account, client_id, order_id, contract, wire)
        self.ids.used(client_id, order_id)
        self._register.add(placed)
        try:
            self._check_family(placed)
            self._check(account, placed)
        except RejectedError as rejection:
            self._refuse(account, placed, rejection)
            return
        self._floor.take(placed)

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
            self._floor.now,
        )  # fmt: skip

    def _account(self, name: str) -> Account:
        if not name:
            if len(self.accounts) > 1:
                raise _invalid("You must specify an account.")
            return next(iter(self.accounts.values()))
        account = self.accounts.get(name)
        if account is None:
            raise _invalid(f"Invalid account code '{name}'.")
        return account

    def _check_family(self, placed: Placed) -> None:
        """A child needs a parent that has not ended without filling."""
        if not placed.order.parent_id:
            return
        parent = self._register.parent_of(placed)
        if parent is None or parent.status in ("Cancelled", "Inactive"):
            raise RejectedError(10006, "Missing parent order")
        if parent.account != placed.account:
            raise _invalid("A child trades for the account of its parent.")
        if parent.order.parent_id:
            raise _invalid("The emulator knows no children of children.")

    def _check(self, account: Account, placed: Placed) -> None:
        """Whether the order can be read, and carried."""
        orders = self._orders_of(account, placed)
        if placed.order.parent_id == 0 and account.house.checks_margin:
            reason = shortfall(account, orders)
            if reason:
                raise RejectedError(201, f"Order rejected - reason:{reason}")

    def _orders_of(self, account: Account, placed: Placed) -> tuple[Order, ...]:
        """What the matching engine would be given; of a combo one order per leg."""
        if placed.listing is None:
            self._combos.check(placed.order)
            return self._combos.leg_orders(account, placed, self._floor.now)
        if placed.listing.contract.sec_type == "IND":
            raise RejectedError(201, "Order rejected - reason:An index cannot be traded.")
        account.admit(placed.listing.key)
        return (self._floor.order_of(placed, placed.order),)

    def _refuse(self, account: Account, placed: Placed, rejection: RejectedError) -> None:
        """End an order that has got an id and is not taken."""
        placed.end("Inactive", rejection.text, self._floor.now)
        self._tell(placed, Error(placed.order_id, rejection.code, rejection.text))
        if rejection.code == _REJECTED:
            account.show(placed)

    # changing and cancelling -----------------------------------------------------------------

    def _modify(self, placed: Placed, contract: WireContract, wire: WireOrder) -> None:
        if placed.is_done or not self._is_same(placed, contract, wire):
            if placed.status == "Filled" and self._is_change(placed, contract, wire):
                raise RejectedError(104, "Cannot modify a filled order.")
            raise RejectedError(103, "Duplicate order id")
        if wire.total_quantity < placed.filled:
            raise RejectedError(
                105, "Order quantity cannot be less than what has been filled already."
            )
        self._floor.change(placed, wire)

    def _is_same(self, placed: Placed, contract: WireContract, wire: WireOrder) -> bool:
        """Whether an order that comes in with a known id is the same, perhaps changed."""
        if placed.listing is None:
            same = contract.sec_type == "BAG" and contract.combo_legs == placed.contract.combo_legs
            return same and wire.action == placed.order.action
        try:
            same = self.listing(contract).key == placed.listing.key
        except RejectedError:
            return False
        return same and wire.action == placed.order.action

    def _is_change(self, placed: Placed, contract: WireContract, wire: WireOrder) -> bool:
        """Whether an order differs from one that came before in its prices alone."""
        old = placed.order
        same = replace(
            wire,
            lmt_price=old.lmt_price,
            aux_price=old.aux_price,
            trail_stop_price=old.trail_stop_price,
            trailing_percent=old.trailing_percent,
        )
        return wire != old and same == old and self._is_same(placed, contract, wire)

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel an order.

        Raises:
            RejectedError: there is none, or it is done.
        """
        placed = self._register.find(client_id, order_id)
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
        self._floor.cancel(placed, reason)

    def cancel_all(self) -> None:
        """Cancel every order of every client."""
        for placed in self.open_orders():
            if not placed.is_done:
                self._floor.cancel(placed, "")

    # by other hands --------------------------------------------------------------------------

    def place_by_hand(
        self, client_id: int, order_id: int, contract: WireContract, wire: WireOrder
    ) -> Placed:
        """Take an order that came in by another way than a connection: ids are not checked."""
        account = self._account(wire.account)
        placed = self._new(account, client_id, order_id, contract, wire)
        self._check(account, placed)
        self._floor.send_alone(placed)
        return placed

    def fork(self, placed: Placed) -> Placed:
        """Let a second order work beside one, under the same client's id."""
        wire = replace(placed.order, total_quantity=placed.remaining, parent_id=0)
        copy = Placed(
            self.ids.next_perm(), placed.client_id, placed.order_id, placed.account,
            placed.contract, wire, placed.listing, self._floor.now,
        )  # fmt: skip
        self._floor.send_alone(copy)
        return copy

    def restart_ids(self, first: int) -> None:
        """Let every client's next order id be `first`, whatever was used before."""
        self.ids.move(first)
        self._register.free_ids(first)

    def forget(self, placed: Placed) -> None:
        """Let an order never have been here."""
        self._floor.forget(placed)

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
        state = previewed(account, self._orders_of(account, placed))
        shown = OpenOrder(order_id, placed.contract, placed.shown_order(), state)
        self._tell(placed, shown)

    def _tell(self, placed: Placed, answer: Error | OpenOrder) -> None:
        self.news.append(News(placed.client_id, answer, self._floor.now))


def _invalid(cause: str) -> RejectedError:
    return RejectedError(321, f"Error validating request:-'b' : cause - {cause}")


_REJECTED = 201
_REMEMBERED = 2_000
"""Orders that are remembered, those that work or have traded aside."""
