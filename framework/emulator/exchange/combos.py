"""Combos: orders for several contracts at one signed net price, traded whole or not at all."""

from __future__ import annotations

__all__ = ["Combos"]

from collections.abc import Sequence
from dataclasses import replace

from framework.brokers.simulated.tape import Bar
from framework.domain.orders import Order, OrderType, Side, TimeInForce
from framework.emulator.exchange.account import Account
from framework.emulator.exchange.placed import Placed
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.exchange.translate import check_price
from framework.emulator.market.directory import Directory, UnknownContract
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder

_TYPES = frozenset({"MKT", "LMT"})
_TIFS = frozenset({"", "DAY", "GTC", "IOC"})


class Combos:
    """The combos that work, of all accounts.

    Args:
        directory: what their legs are looked up in.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._working: list[Placed] = []
        self._first: dict[str, Bar] = {}

    def described(self, contract: WireContract) -> WireContract:
        """The combo with what its legs are, in words.

        Raises:
            RejectedError: it has no legs, or one is not known.
        """
        if not contract.combo_legs:
            raise RejectedError(
                321, "Error validating request:-'b' : cause - The combo has no legs"
            )
        words = []
        for leg in contract.combo_legs:
            if leg.ratio < 1 or leg.action not in ("BUY", "SELL"):
                raise RejectedError(
                    321, f"Error validating request:-'b' : cause - Invalid leg {leg.con_id}"
                )
            ratio = leg.ratio if leg.action == "BUY" else -leg.ratio
            words.append(f"{leg.con_id}|{ratio}")
        self._symbols_of(contract)
        return replace(contract, combo_legs_descrip=",".join(words))

    def check(self, order: WireOrder) -> None:
        """Whether the order is one a combo can be.

        Raises:
            RejectedError: it is not.
        """
        if order.order_type.upper() not in _TYPES:
            raise RejectedError(
                387,
                f"Unsupported order type for this exchange and security type: {order.order_type}",
            )
        if order.tif.upper() not in _TIFS:
            raise RejectedError(
                321, f"Error validating request:-'b' : cause - A combo cannot be {order.tif}"
            )
        if order.order_type.upper() == "LMT" and order.lmt_price is None:
            raise RejectedError(
                321, "Error validating request:-'b' : cause - A LMT order needs a limit price"
            )
        if order.total_quantity <= 0.0 or order.total_quantity % 1.0:
            raise RejectedError(434, "The order size cannot be zero.")
        if order.action not in ("BUY", "SELL"):
            raise RejectedError(
                321, f"Error validating request:-'b' : cause - Invalid order action {order.action}"
            )

    def add(self, account: Account, placed: Placed) -> None:
        """Let a combo work."""
        for symbol in self._symbols_of(placed.contract):
            account.admit(symbol)
        account.orders[placed.key] = placed
        self._working.append(placed)

    def drop(self, placed: Placed) -> None:
        """Let it work no longer."""
        if placed in self._working:
            self._working.remove(placed)
            self._first.pop(placed.key, None)

    def symbols(self, account: Account) -> list[str]:
        """The legs of an account's combos, each once."""
        mine = [one for one in self._working if one.account == account.name]
        found = [symbol for one in mine for symbol in self._symbols_of(one.contract)]
        return list(dict.fromkeys(found))

    def meet(self, account: Account) -> None:
        """Let the combos of an account trade where their legs' prices allow it, and end those whose
        time is over."""
        for placed in tuple(self._working):
            if placed.account != account.name:
                continue
            bars = self._bars(account, placed)
            if bars:
                self._meet(account, placed, bars)
            if placed.is_done:
                self.drop(placed)

    def _bars(self, account: Account, placed: Placed) -> list[Bar]:
        """The bars of its legs that close now, as far as it works in them."""
        found = (account.bar(symbol) for symbol in self._symbols_of(placed.contract))
        return [bar for bar in found if bar and (bar.regular or placed.order.outside_rth)]

    def _meet(self, account: Account, placed: Placed, bars: Sequence[Bar]) -> None:
        first = self._first.setdefault(placed.key, max(bars, key=_session_of))
        tif = placed.order.tif.upper()
        is_daily = tif not in ("GTC", "IOC")
        if is_daily and max(bar.session for bar in bars) > first.session:
            account.ended(placed, "Cancelled", "its day is over", account.time)
            return
        if len(bars) == len(placed.contract.combo_legs):
            self._trade(account, placed)
        if placed.is_done:
            return
        if tif == "IOC":
            account.ended(placed, "Cancelled", "it could not trade at once", account.time)
        elif is_daily and account.time >= first.session_close and not placed.order.outside_rth:
            account.ended(placed, "Cancelled", "its day is over", account.time)

    def _trade(self, account: Account, placed: Placed) -> None:
        orders = self.leg_orders(account, placed, account.time)
        units, limit = placed.order.total_quantity, placed.order.lmt_price
        most = None
        if placed.order.order_type.upper() == "LMT" and limit is not None:
            most = units * limit if placed.order.action == "BUY" else -units * limit
        account.trade_combo(placed, orders, most)

    def leg_orders(self, account: Account, placed: Placed, time: int) -> tuple[Order, ...]:
        """One market order per leg."""
        turned = placed.order.action != "BUY"
        orders = []
        legs = zip(placed.contract.combo_legs, self._symbols_of(placed.contract), strict=True)
        for number, (leg, symbol) in enumerate(legs, 1):
            account.admit(symbol)
            check_price(account.close(symbol), symbol)
            buys = (leg.action == "BUY") is not turned
            orders.append(
                Order(
                    id=f"{placed.key}.{number}",
                    symbol=symbol,
                    side=Side.BUY if buys else Side.SELL,
                    quantity=leg.ratio * placed.order.total_quantity,
                    type=OrderType.MARKET,
                    time=time,
                    decision_price=account.close(symbol),
                    tif=TimeInForce.DAY,
                )
            )
        return tuple(orders)

    def _symbols_of(self, contract: WireContract) -> Sequence[str]:
        try:
            return [self._directory.by_con_id(leg.con_id).key for leg in contract.combo_legs]
        except UnknownContract as error:
            raise RejectedError(
                200, "No security definition has been found for a leg of the combo"
            ) from error


def _session_of(bar: Bar) -> tuple[int, int]:
    return bar.session, bar.session_close
