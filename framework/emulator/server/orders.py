"""Requests about orders: place, cancel, list, executions."""

from __future__ import annotations

__all__ = [
    "cancel_order",
    "global_cancel",
    "next_id",
    "place_order",
    "request_all_open_orders",
    "request_auto_open_orders",
    "request_completed_orders",
    "request_executions",
    "request_open_orders",
]

from collections.abc import Iterable

from framework.emulator.exchange.executions import Executed
from framework.emulator.exchange.placed import Placed
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.market.refusal import HistoryRefused
from framework.emulator.market.times import read_instant, tws_time
from framework.emulator.protocol.answers import (
    CompletedOrder,
    CompletedOrdersEnd,
    ExecDetailsEnd,
    NextValidId,
    OpenOrderEnd,
)
from framework.emulator.protocol.order import OrderState
from framework.emulator.protocol.requests import (
    CancelOrder,
    ExecutionFilter,
    PlaceOrder,
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqExecutions,
    ReqGlobalCancel,
    ReqIds,
    ReqOpenOrders,
)
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session

_READ_ONLY = (
    "Error validating request:-'b' : cause - The API interface is currently in Read-Only mode."
)


def _client(session: Session) -> int:
    return 0 if session.client_id is None else session.client_id


def _check_writable(hub: Hub, session: Session) -> bool:
    """Whether orders may be looked at and changed; tells the client if not."""
    if hub.is_read_only:
        session.error(-1, 321, _READ_ONLY)
    return not hub.is_read_only


def place_order(hub: Hub, session: Session, request: PlaceOrder) -> None:
    """Take an order, a change of one, or a what-if."""
    if not _check_writable(hub, session):
        return
    try:
        hub.exchange.place(_client(session), request.order_id, request.contract, request.order)
    except RejectedError as error:
        session.error(request.order_id, error.code, error.text)


def cancel_order(hub: Hub, session: Session, request: CancelOrder) -> None:
    """Cancel an order."""
    if not _check_writable(hub, session):
        return
    try:
        hub.exchange.cancel(_client(session), request.order_id)
    except RejectedError as error:
        session.error(request.order_id, error.code, error.text)


def global_cancel(hub: Hub, session: Session, request: ReqGlobalCancel) -> None:
    """Cancel everybody's orders."""
    if _check_writable(hub, session):
        hub.exchange.cancel_all()


def next_id(hub: Hub, session: Session, request: ReqIds) -> None:
    """Tell the next free order id."""
    session.send(NextValidId(hub.exchange.ids.next_order(_client(session))))


def request_open_orders(hub: Hub, session: Session, request: ReqOpenOrders) -> None:
    """The client's own open orders; client 0 sees those nobody's program has placed too."""
    if not _check_writable(hub, session):
        return
    own = [one for one in hub.exchange.open_orders() if one.client_id == _client(session)]
    _list(hub, session, own)


def request_all_open_orders(hub: Hub, session: Session, request: ReqAllOpenOrders) -> None:
    """Everybody's open orders."""
    if _check_writable(hub, session):
        _list(hub, session, hub.exchange.open_orders())


def request_auto_open_orders(hub: Hub, session: Session, request: ReqAutoOpenOrders) -> None:
    """Tell client 0 of orders typed into TWS from here on."""
    if _client(session) != 0:
        session.error(
            -1, 321, "Error validating request:-'b' : cause - only client 0 can bind orders"
        )
        return
    session.binds = request.bind


def _list(hub: Hub, session: Session, orders: Iterable[Placed]) -> None:
    for placed in orders:
        currency = hub.exchange.accounts[placed.account].currency
        session.send(placed.open_order(currency))
        session.send(placed.order_status())
    session.send(OpenOrderEnd())


def request_completed_orders(hub: Hub, session: Session, request: ReqCompletedOrders) -> None:
    """Orders that are done."""
    if not _check_writable(hub, session):
        return
    for placed in hub.exchange.placed():
        by_hand = placed.order_id <= 0
        if placed.is_done and placed.is_sent and not (request.api_only and by_hand):
            session.send(_completed(hub, session, placed))
    session.send(CompletedOrdersEnd())


def _completed(hub: Hub, session: Session, placed: Placed) -> CompletedOrder:
    text = tws_time(hub.told(placed.ended), session.version, session.zone)
    size = f"{placed.filled:g}"
    words = f"Filled Size: {size}" if placed.status == "Filled" else f"Cancelled: {placed.reason}"
    state = OrderState(status=placed.status, completed_time=text, completed_status=words)
    return CompletedOrder(placed.contract, placed.shown_order(), state)


def request_executions(hub: Hub, session: Session, request: ReqExecutions) -> None:
    """The day's executions with their commissions."""
    wanted = _Filter(request.filter, session.zone, hub.exchange.accounts)
    for account in hub.exchange.accounts.values():
        for executed in account.executions.all:
            if wanted.takes(executed, account.session_start):
                session.send_execution(executed.details, hub.told(executed.time), request.req_id)
                if executed.commission is not None:
                    session.send(executed.commission)
    session.send(ExecDetailsEnd(request.req_id))


class _Filter:
    """Which executions a client wants."""

    def __init__(self, wanted: ExecutionFilter, zone: str, accounts: Iterable[str]) -> None:
        self._wanted = wanted
        self._since = 0
        if wanted.time:
            try:
                self._since = read_instant(wanted.time, zone, 0)
            except HistoryRefused as error:
                raise RejectedError(391, error.message) from error

    def takes(self, executed: Executed, since: int) -> bool:
        """Whether it wants an execution; `since` is when the day began."""
        wanted, details = self._wanted, executed.details
        execution, contract = details.execution, details.contract
        pairs = (
            (wanted.acct_code, execution.acct_number),
            (wanted.symbol, contract.symbol),
            (wanted.sec_type, contract.sec_type),
            (wanted.exchange, execution.exchange),
            (_SIDES.get(wanted.side.upper(), wanted.side), execution.side),
        )
        if any(asked and asked.upper() != got.upper() for asked, got in pairs):
            return False
        if wanted.client_id and wanted.client_id != execution.client_id:
            return False
        return executed.time >= max(self._since, since)


_SIDES = {"BUY": "BOT", "SELL": "SLD", "SSHORT": "SLD"}
