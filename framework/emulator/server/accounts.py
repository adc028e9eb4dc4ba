"""Requests about accounts: positions, values, portfolio, summaries, profits."""

from __future__ import annotations

__all__ = [
    "account_summary",
    "account_updates",
    "account_updates_multi",
    "pnl",
    "pnl_single",
    "positions",
    "positions_multi",
    "tell_moved",
    "tell_profits",
]

from collections.abc import Iterable, Iterator
from dataclasses import replace

from framework.emulator.exchange.account import Account
from framework.emulator.exchange.figures import Value, account_values, ledger_values, profits_of
from framework.emulator.exchange.news import Moved
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.market.directory import UnknownContract
from framework.emulator.market.times import tws_time
from framework.emulator.protocol.answers import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    Pnl,
    PnlSingle,
    Position,
    PositionEnd,
    PositionMulti,
    PositionMultiEnd,
    UpdateAccountTime,
    UpdateAccountValue,
    UpdatePortfolio,
)
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.requests import (
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqAccountUpdatesMulti,
    ReqPnl,
    ReqPnlSingle,
    ReqPositions,
    ReqPositionsMulti,
)
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session

_UPDATES = -1
"""Number of the plain account updates among the streams whose values are remembered."""


def positions(hub: Hub, session: Session, request: ReqPositions) -> None:
    """All positions, and from here on those that change."""
    session.positions = True
    for account in hub.exchange.accounts.values():
        for symbol in _held(account):
            session.send(_position(hub, account, symbol))
    session.send(PositionEnd())


def positions_multi(hub: Hub, session: Session, request: ReqPositionsMulti) -> None:
    """The same of one account."""
    for account in hub.accounts(request.account):
        for symbol in _held(account):
            session.send(_position_multi(hub, account, symbol, request.req_id))
    session.positions_multi[request.req_id] = request.account
    session.send(PositionMultiEnd(request.req_id))


def account_updates(hub: Hub, session: Session, request: ReqAccountUpdates) -> None:
    """Values and portfolio of one account, and from here on what changes of them."""
    if not request.subscribe:
        session.account_updates = ""
        return
    names = tuple(hub.exchange.accounts)
    account = next(hub.accounts(request.account or names[0]))
    session.account_updates = account.name
    _forget(session, _UPDATES)
    _tell_values(hub, session, account)
    for symbol in _held(account):
        session.send(_portfolio(hub, account, symbol))
    _tell_time(hub, session)
    session.send(AccountDownloadEnd(account.name))


def account_updates_multi(hub: Hub, session: Session, request: ReqAccountUpdatesMulti) -> None:
    """Values of one account, and from here on what changes of them."""
    _forget(session, request.req_id)
    for account in hub.accounts(request.account):
        _tell_multi(session, account, request.req_id, request.ledger_and_nlv)
    session.updates_multi[request.req_id] = (request.account, request.ledger_and_nlv)
    session.send(AccountUpdateMultiEnd(request.req_id))


def account_summary(hub: Hub, session: Session, request: ReqAccountSummary) -> None:
    """Chosen values of some accounts, and from here on what changes of them."""
    chosen = tuple(account.name for account in hub.accounts(request.group))
    session.summaries[request.req_id] = (chosen, request.tags)
    _forget(session, request.req_id)
    for name in chosen:
        _tell_summary(hub, session, request.req_id, name, request.tags)
    session.send(AccountSummaryEnd(request.req_id))


def pnl(hub: Hub, session: Session, request: ReqPnl) -> None:
    """Profits of one account, from here on."""
    next(hub.accounts(request.account))
    session.profits[request.req_id] = (request.account, 0)
    _tell_profit(hub, session, request.req_id)


def pnl_single(hub: Hub, session: Session, request: ReqPnlSingle) -> None:
    """Profits of one position, from here on."""
    next(hub.accounts(request.account))
    try:
        hub.market.directory.by_con_id(request.con_id)
    except UnknownContract as error:
        raise RejectedError(200, "No security definition has been found for the request") from error
    session.profits[request.req_id] = (request.account, request.con_id)
    _tell_profit(hub, session, request.req_id)


# what changes ------------------------------------------------------------------------------------


def tell_moved(hub: Hub, session: Session, moved: Iterable[Moved]) -> None:
    """Tell a session what it wants to know of positions and money that moved."""
    changed = dict.fromkeys(moved)
    for one in changed:
        account = hub.exchange.accounts[one.account]
        if one.symbol and session.positions:
            session.send(_position(hub, account, one.symbol))
        for req_id, name in session.positions_multi.items():
            if one.symbol and name in ("", one.account):
                session.send(_position_multi(hub, account, one.symbol, req_id))
        if one.symbol and session.account_updates == one.account:
            session.send(_portfolio(hub, account, one.symbol))
    for name in dict.fromkeys(one.account for one in changed):
        _tell_money(hub, session, hub.exchange.accounts[name])


def _tell_money(hub: Hub, session: Session, account: Account) -> None:
    if session.account_updates == account.name:
        _tell_values(hub, session, account)
        _tell_time(hub, session)
    for req_id, (name, ledger_only) in session.updates_multi.items():
        if name in ("", account.name):
            _tell_multi(session, account, req_id, ledger_only)
    for req_id, (names, tags) in session.summaries.items():
        if account.name in names:
            _tell_summary(hub, session, req_id, account.name, tags)


def tell_profits(hub: Hub, session: Session) -> None:
    """Tell a session the profits it follows, as they are now."""
    for req_id in session.profits:
        _tell_profit(hub, session, req_id)


def _tell_profit(hub: Hub, session: Session, req_id: int) -> None:
    name, con_id = session.profits[req_id]
    account = hub.exchange.accounts.get(name) or next(iter(hub.exchange.accounts.values()))
    if con_id == 0:
        whole = profits_of(account)
        session.send(Pnl(req_id, whole.daily, whole.unrealized, whole.realized))
        return
    symbol = hub.market.directory.by_con_id(con_id).key
    position = account.book.positions.get(symbol)
    if position is None:
        session.send(PnlSingle(req_id, 0.0, 0.0, 0.0, 0.0, 0.0))
        return
    price, rate = account.close(symbol), account.rate(symbol)
    unrealized = position.profit(price) * rate
    realized = account.holdings.realized_of(symbol)
    value = position.value(price) * rate
    session.send(
        PnlSingle(req_id, position.quantity, unrealized + realized, unrealized, realized, value)
    )


# nouns -------------------------------------------------------------------------------------------


def _held(account: Account) -> Iterator[str]:
    return (symbol for symbol, one in account.book.positions.items() if not one.is_flat)


def _contract(hub: Hub, symbol: str) -> WireContract:
    return replace(hub.market.directory.by_key(symbol).contract, exchange="")


def _position(hub: Hub, account: Account, symbol: str) -> Position:
    held = account.book.positions[symbol]
    cost = held.average_price * held.multiplier
    return Position(account.name, _contract(hub, symbol), held.quantity, cost)


def _position_multi(hub: Hub, account: Account, symbol: str, req_id: int) -> PositionMulti:
    held = account.book.positions[symbol]
    cost = held.average_price * held.multiplier
    return PositionMulti(req_id, account.name, _contract(hub, symbol), held.quantity, cost, "")


def _portfolio(hub: Hub, account: Account, symbol: str) -> UpdatePortfolio:
    held, price = account.book.positions[symbol], account.close(symbol)
    return UpdatePortfolio(
        _contract(hub, symbol),
        held.quantity,
        price,
        held.value(price),
        held.average_price * held.multiplier,
        held.profit(price),
        account.holdings.realized_of(symbol),
        account.name,
    )


def _tell_values(hub: Hub, session: Session, account: Account) -> None:
    for value in account_values(account):
        if _is_news(session, _UPDATES, account.name, value):
            session.send(UpdateAccountValue(value.key, value.value, value.currency, account.name))


def _tell_time(hub: Hub, session: Session) -> None:
    text = tws_time(hub.now(), 0, session.zone).split()[1][:5]
    session.send(UpdateAccountTime(text))


def _tell_multi(session: Session, account: Account, req_id: int, ledger_only: bool) -> None:
    values = ledger_values(account) if ledger_only else account_values(account)
    for value in values:
        if _is_news(session, req_id, account.name, value):
            session.send(
                AccountUpdateMulti(req_id, account.name, "", value.key, value.value, value.currency)
            )


def _tell_summary(hub: Hub, session: Session, req_id: int, name: str, tags: str) -> None:
    account = hub.exchange.accounts[name]
    for value in _summarised(account, tags):
        if _is_news(session, req_id, name, value):
            session.send(AccountSummary(req_id, name, value.key, value.value, value.currency))


def _summarised(account: Account, tags: str) -> Iterator[Value]:
    """The values a list of tags means; $LEDGER is the account's currency, $LEDGER:CUR another,
    $LEDGER:ALL all of them."""
    values = list(account_values(account))
    ledger = list(ledger_values(account))
    whole = [value for value in values if value not in ledger]
    for tag in (word.strip() for word in tags.split(",")):
        if tag.startswith("$LEDGER"):
            _, _, currency = tag.partition(":")
            wanted = {currency or account.currency}
            kept = ledger if currency == "ALL" else [v for v in ledger if v.currency in wanted]
            yield from kept
        else:
            name = "AccountType" if tag == "AccountType" else tag
            yield from (value for value in whole if value.key == name)


def _is_news(session: Session, stream: int, account: str, value: Value) -> bool:
    """Whether a stream has not been told this value last; notes it."""
    where = (stream, account, value.key, value.currency)
    if session.shown_values.get(where) == value.value:
        return False
    session.shown_values[where] = value.value
    return True


def _forget(session: Session, stream: int) -> None:
    for where in [one for one in session.shown_values if one[0] == stream]:
        del session.shown_values[where]
