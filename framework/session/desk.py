"""Desk: an account traded from a script or a notebook, without a strategy."""

from __future__ import annotations

__all__ = ["Desk"]

from typing import Literal

from framework.arguments import Price as Protective
from framework.arguments import Tif, order_request, protection_of, side_of
from framework.domain.events import Refused
from framework.domain.orders import (
    CLOSING,
    Offset,
    Order,
    OrderRequest,
    Protection,
    Side,
    TimeInForce,
)
from framework.domain.terms import Terms
from framework.errors import OrderError, did_you_mean
from framework.session.deck import DeskTimeoutError
from framework.session.desk_nouns import OrderLine, order_line
from framework.session.lookout import PATIENCE, Lookout


class Desk(Lookout):
    """An open account: looks, orders, cancels. `connect` opens one; end it with `close`, or have it
    ended by `with`. Orders that work then go on working.
    """

    # orders ----------------------------------------------------------------------------------

    def buy(
        self,
        symbol: str,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trailing: Offset | None = None,
        at: Literal["open", "close"] | None = None,
        tif: TimeInForce | Tif = TimeInForce.DAY,
        oca: str | None = None,
        stop_loss: Protective | None = None,
        take_profit: Protective | None = None,
        trail: Offset | None = None,
        terms: Terms | None = None,
    ) -> Order | Refused:
        """Send exactly this buy order; the arguments are those of a strategy's `buy`.

        Returns:
            The order as it left, or which rule refused it and why. `wait` tells what became of it.

        Raises:
            OrderError: no broker could take it.
            SlipwayError: contract or price cannot be had; nothing was sent.
        """
        guards = _guards(symbol, stop_loss, take_profit, trail, trailing)
        return self._order(
            order_request(
                symbol, Side.BUY, quantity, limit, stop, touch, trailing, at, tif, oca, None,
                guards, terms,
            )
        )  # fmt: skip

    def sell(
        self,
        symbol: str,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trailing: Offset | None = None,
        at: Literal["open", "close"] | None = None,
        tif: TimeInForce | Tif = TimeInForce.DAY,
        oca: str | None = None,
        stop_loss: Protective | None = None,
        take_profit: Protective | None = None,
        trail: Offset | None = None,
        terms: Terms | None = None,
    ) -> Order | Refused:
        """Send exactly this sell order; see `buy`."""
        guards = _guards(symbol, stop_loss, take_profit, trail, trailing)
        return self._order(
            order_request(
                symbol, Side.SELL, quantity, limit, stop, touch, trailing, at, tif, oca, None,
                guards, terms,
            )
        )  # fmt: skip

    def bracket(
        self,
        side: Side | Literal["buy", "sell"],
        symbol: str,
        quantity: float,
        *,
        stop_loss: Protective,
        take_profit: Protective,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce | Tif = TimeInForce.DAY,
    ) -> Order | Refused:
        """An entry with both a protective stop and a target."""
        return (self.buy if side_of(side) is Side.BUY else self.sell)(
            symbol,
            quantity,
            limit=limit,
            stop=stop,
            tif=tif,
            stop_loss=stop_loss,
            take_profit=take_profit,
        )

    def wait(self, order: Order | OrderLine | Refused | str, timeout: float = 60.0) -> OrderLine:
        """What has become of an order, once it is done, or when time is up.

        Args:
            order: what `buy` or `sell` returned, a row of `orders`, or an id.
            timeout: seconds.

        Raises:
            OrderError: it was refused, or is none of this desk's.
        """
        name = self._name_of(order)

        async def waited() -> OrderLine:
            self._check_known(name)
            return order_line(await self._helm.until_done(name, timeout))

        return self._do(waited, timeout)

    def cancel(self, order: Order | OrderLine | Refused | str) -> None:
        """Ask for a cancel; nothing happens if the order is done. `wait` tells when it is.

        Raises:
            OrderError: it was refused, or is none of this desk's.
        """
        name = self._name_of(order)

        async def asked() -> None:
            self._check_known(name)
            await self._helm.cancel(name)

        self._do(asked)

    def cancel_all(self, symbol: str | None = None) -> None:
        """Ask for a cancel of every working order of this desk, except protection: an order that
        guards a position is cancelled by name."""

        async def asked() -> None:
            for ticket in tuple(self._books.at_work.values()):
                one = ticket.order
                is_meant = symbol in (None, one.symbol)
                if is_meant and one.parent is None and one.origin not in CLOSING:
                    await self._helm.cancel(one.id)

        self._do(asked)

    # parts -----------------------------------------------------------------------------------

    def _order(self, request: OrderRequest) -> Order | Refused:
        try:
            return self._do(lambda: self._helm.order(request, PATIENCE))
        except TimeoutError:
            raise DeskTimeoutError(
                f"Contract and price of {request.symbol} did not come in {PATIENCE:g} s.",
                "Nothing was sent; try again.",
            ) from None

    def _check_known(self, name: str) -> None:
        """Whether an order is this desk's; on the session's own loop."""
        if name not in self._books.tickets:
            raise OrderError(
                f"This desk has no order {name!r}.", did_you_mean(name, self._books.tickets)
            )

    def _name_of(self, order: Order | OrderLine | Refused | str) -> str:
        if isinstance(order, Refused):
            raise OrderError(f"That is no order: {order}.", "Look at what buy or sell returned.")
        if isinstance(order, Order | OrderLine):
            return order.id
        if isinstance(order, str):
            return order
        raise OrderError(f"{order!r} is no order.", "Give what buy or sell returned, or an id.")


def _guards(
    symbol: str,
    stop_loss: Protective | None,
    take_profit: Protective | None,
    trail: Offset | None,
    trailing: Offset | None,
) -> Protection:
    """The protection asked for; a desk has prices and no bars, so there is no range to count in."""
    for name, one in (
        ("stop_loss", stop_loss),
        ("take_profit", take_profit),
        ("trail", trail),
        ("trailing", trailing),
    ):
        if isinstance(one, Offset) and one.atr is not None:
            raise OrderError(
                f"{symbol}: {name} is {one.atr:g} average true ranges, and a desk has no bars.",
                "Give a price, pct(3) or points(1.5); desk.history has the bars to reckon with.",
            )
    return protection_of(stop_loss, take_profit, trail)
