"""What a look at the broker finds: positions, working orders, money; complete, or an error."""

from __future__ import annotations

__all__ = [
    "Cash",
    "Figure",
    "Money",
    "Position",
    "WorkingOrder",
    "account_of",
    "positions_of",
    "working_of",
]

from dataclasses import dataclass

from framework.brokers.ib.account import AccountBook
from framework.brokers.ib.codes import is_read_only
from framework.brokers.ib.diagnosis import read_only
from framework.brokers.ib.external import external_order
from framework.brokers.ib.facts import AccountValueSeen, Fact, OpenSeen, PositionSeen, StatusSeen
from framework.brokers.ib.library import IbContract
from framework.brokers.ib.numbers import amount
from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.snapshot import holding_of
from framework.cli.broker_access import Looker

_TIMEOUT = 15.0
"""Seconds for one answer."""

_FIGURES = {
    "NetLiquidation": "net liquidation",
    "TotalCashValue": "cash",
    "GrossPositionValue": "positions, gross",
    "UnrealizedPnL": "open profit",
    "RealizedPnL": "realised today",
    "InitMarginReq": "initial margin",
    "MaintMarginReq": "maintenance margin",
    "AvailableFunds": "available funds",
    "ExcessLiquidity": "excess liquidity",
    "BuyingPower": "buying power",
}
"""Values that are shown, by the broker's name of them."""


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one contract.

    Attributes:
        symbol, kind, currency, con_id: of the contract; `kind` in the broker's abbreviation.
        quantity: signed units.
        average_price: paid for one unit, per price point.
        market_price, market_value, unrealized: by the broker's own prices; None where it has none.
    """

    symbol: str
    kind: str
    quantity: float
    average_price: float
    market_price: float | None
    market_value: float | None
    unrealized: float | None
    currency: str
    con_id: int


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """An order that works.

    Attributes:
        side: BUY or SELL.
        quantity, filled: units, unsigned; `filled` None where it is not told.
        symbol: what it trades.
        kind, tif, status: in the broker's words.
        limit, stop: prices; None without.
        client_id, order_id, perm_id, reference: its names; a reference is Slipway's id of it with
            the tag of its journal.
        account: it trades for.
    """

    side: str
    quantity: float
    filled: float | None
    symbol: str
    kind: str
    limit: float | None
    stop: float | None
    tif: str
    status: str
    client_id: int
    order_id: int
    perm_id: int
    reference: str
    account: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A value of the account, by our name and the broker's."""

    name: str
    tag: str
    amount: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class Cash:
    """Cash in one currency, and what one unit of it is in the account's own."""

    currency: str
    amount: float
    rate: float | None


@dataclass(frozen=True, slots=True)
class Money:
    """The account's money.

    Attributes:
        currency: its own.
        figures: values, in it.
        cash: by currency.
    """

    currency: str
    figures: tuple[Figure, ...]
    cash: tuple[Cash, ...]


@dataclass(frozen=True, slots=True)
class _Priced:
    """What the broker thinks a position is worth."""

    price: float | None
    value: float | None
    unrealized: float | None


async def positions_of(looker: Looker) -> tuple[Position, ...]:
    """What the account holds, by symbol.

    Raises:
        RequestError, LinkLostError: the answer is not complete.
    """
    link, priced = looker.link, dict[int, _Priced]()

    def portfolio(
        contract: IbContract,
        _quantity: float,
        price: float,
        value: float,
        _average: float,
        unrealized: float,
        _realized: float,
        account: str,
    ) -> None:
        if account == looker.account:
            priced[contract.conId] = _Priced(amount(price), amount(value), amount(unrealized))

    name = "updatePortfolio"  # of the library's; nobody else listens to these rows
    setattr(link.ib.wrapper, name, portfolio)
    await link.queries.account(looker.account, _TIMEOUT)
    found: dict[int, Position] = {}
    for seen in await link.queries.positions(_TIMEOUT):
        if isinstance(seen, PositionSeen) and seen.account == looker.account:
            known = priced.get(seen.contract.conId, _Priced(None, None, None))
            found[seen.contract.conId] = _position(seen, known, looker)
    return tuple(
        sorted((one for one in found.values() if one.quantity != 0.0), key=lambda one: one.symbol)
    )


def _position(seen: PositionSeen, priced: _Priced, looker: Looker) -> Position:
    holding, contract = holding_of(seen, looker.book), seen.contract
    return Position(
        holding.symbol,
        contract.secType,
        holding.quantity,
        holding.average_price,
        priced.price,
        priced.value,
        priced.unrealized,
        contract.currency,
        contract.conId,
    )


async def working_of(looker: Looker) -> tuple[WorkingOrder, ...]:
    """The account's open orders, whoever sent them, oldest first.

    Raises:
        ConnectError: the API is read-only, and shows none.
        RequestError, LinkLostError: the answer is not complete.
    """
    told: dict[int, StatusSeen] = {}

    def status(fact: Fact) -> None:
        if isinstance(fact, StatusSeen):
            told[fact.perm_id] = fact

    looker.listeners.append(status)
    last: dict[tuple[int, int, int], OpenSeen] = {}
    try:
        shown = await looker.link.queries.open_orders(_TIMEOUT)
    except RequestError as error:
        if is_read_only(error.code, error.problem):
            raise read_only() from None
        raise
    for seen in shown:
        if isinstance(seen, OpenSeen) and seen.order.account in ("", looker.account):
            order = seen.order
            last[order.permId, order.clientId, order.orderId] = seen
    return tuple(_working(seen, told.get(seen.order.permId), looker) for seen in last.values())


def _working(seen: OpenSeen, status: StatusSeen | None, looker: Looker) -> WorkingOrder:
    order = external_order(seen, looker.book)
    return WorkingOrder(
        seen.order.action,
        abs(order.quantity),
        None if status is None else status.filled,
        order.symbol,
        order.kind,
        order.limit,
        order.stop,
        seen.order.tif,
        order.status if status is None else status.status,
        order.client_id,
        order.order_id,
        order.perm_id,
        order.reference,
        order.account or looker.account,
    )


async def account_of(looker: Looker) -> Money:
    """The account's money.

    Raises:
        RequestError, LinkLostError: the answer is not complete.
    """
    book = AccountBook(looker.book)
    book.account = looker.account
    cash: dict[str, float] = {}
    for seen in await looker.link.queries.account(looker.account, _TIMEOUT):
        if not isinstance(seen, AccountValueSeen) or seen.account != looker.account:
            continue
        book.value(seen)
        held = amount(seen.value)
        if seen.tag == "CashBalance" and seen.currency not in ("", "BASE") and held is not None:
            cash[seen.currency] = held
    own, rates = book.currency, book.rates()
    figures = tuple(Figure(name, tag, book.figure(tag), own) for tag, name in _FIGURES.items())
    return Money(
        own,
        tuple(one for one in figures if one.amount is not None),
        tuple(Cash(code, held, rates.get(code)) for code, held in cash.items()),
    )
