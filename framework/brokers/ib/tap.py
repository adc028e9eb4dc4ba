"""Tap: takes what concerns orders and money from under the client library, before it judges it.

The library's own view of an order is not to be trusted: an error outside a short list marks a
working order cancelled, a commission that comes before its execution is dropped, an execution of
an unknown order or of a past connection is told to nobody. So these messages are taken where they
are decoded; the library keeps what it does well, the socket, the encoding and the data.
"""

from __future__ import annotations

__all__ = ["Ends", "Tap"]

from collections.abc import Callable
from typing import Protocol

from framework.brokers.ib.facts import (
    AccountValueSeen,
    CommissionSeen,
    CompletedSeen,
    ErrorSeen,
    ExecutionSeen,
    Fact,
    Garbled,
    OpenSeen,
    PositionSeen,
    StatusSeen,
)
from framework.brokers.ib.library import (
    Ib,
    IbCommission,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
)

_WATCHED = (5, 11, 59, 101)
"""Messages about orders, executions and commissions whose loss would be the loss of money."""
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


class Ends(Protocol):
    """Told when the answer to a query is complete."""

    def ended(self, name: str, key: int | str = 0) -> None:
        """All of an answer is here."""
        ...

    def previewed(self, order_id: int, state: IbOrderState) -> None:
        """What an order would do is known."""
        ...


class Tap:
    """Listens to one connection.

    Args:
        ib: the facade of a connection that is not made yet.
        sink: takes every fact, at once and without judging it.
        ends: told of the ends of answers.
    """

    def __init__(self, ib: Ib, sink: Callable[[Fact], None], ends: Ends) -> None:
        self._sink = sink
        self._ends = ends
        self._told_error = ib.wrapper.error
        wrapper: object = ib.wrapper
        for name, listener in (
            ("openOrder", self._open_order),
            ("openOrderEnd", lambda: ends.ended("open")),
            ("completedOrder", self._completed),
            ("completedOrdersEnd", lambda: ends.ended("completed")),
            ("orderStatus", self._status),
            ("execDetails", self._execution),
            ("execDetailsEnd", lambda number: ends.ended("executions", number)),
            ("commissionReport", self._commission),
            ("position", self._position),
            ("positionEnd", lambda: ends.ended("positions")),
            ("updateAccountValue", self._account_value),
            ("updatePortfolio", _nothing),
            ("accountDownloadEnd", lambda account: ends.ended("account", account)),
            ("currentTime", lambda seconds: ends.ended("time", seconds)),
            ("error", self._error),
        ):
            setattr(wrapper, name, listener)
        handlers = ib.client.decoder.handlers
        for number in _WATCHED:
            handlers[number] = self._guarded(number, handlers[number])

    def _guarded(
        self, number: int, handler: Callable[[list[str]], None]
    ) -> Callable[[list[str]], None]:
        """A decoder that says what it could not read, where the library only logs it."""

        def guarded(fields: list[str]) -> None:
            try:
                handler(fields)
            except _UNREADABLE as error:
                self._sink(Garbled(number, f"{type(error).__name__}: {error}"))

        return guarded

    def _open_order(
        self, order_id: int, contract: IbContract, order: IbOrder, state: IbOrderState
    ) -> None:
        if order.whatIf:
            self._ends.previewed(order.orderId or order_id, state)
        else:
            self._sink(OpenSeen(order_id, contract, order, state))

    def _completed(self, contract: IbContract, order: IbOrder, state: IbOrderState) -> None:
        self._sink(CompletedSeen(contract, order, state))

    def _status(
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        average: float,
        perm_id: int,
        parent_id: int,
        _last: float,
        client_id: int,
        why_held: str,
        _cap: float = 0.0,
    ) -> None:
        self._sink(
            StatusSeen(
                order_id, status, filled, remaining, average, perm_id, parent_id, client_id,
                why_held,
            )
        )  # fmt: skip

    def _execution(self, req_id: int, contract: IbContract, execution: IbExecution) -> None:
        self._sink(ExecutionSeen(req_id, contract, execution))

    def _commission(self, report: IbCommission) -> None:
        self._sink(CommissionSeen(report))

    def _position(
        self, account: str, contract: IbContract, quantity: float, average_cost: float
    ) -> None:
        self._sink(PositionSeen(account, contract, quantity, average_cost))

    def _account_value(self, tag: str, value: str, currency: str, account: str) -> None:
        self._sink(AccountValueSeen(account, tag, value, currency))

    def _error(self, number: int, code: int, text: str, rejection: str = "") -> None:
        self._sink(ErrorSeen(number, code, text if not rejection else f"{text} {rejection}"))
        self._told_error(number, code, text, rejection)


def _nothing(*_: object) -> None:
    """What is asked for elsewhere."""
