"""Executions: everything that has traded in an account, as it is reported and asked for."""

from __future__ import annotations

__all__ = ["Executed", "Executions"]

from dataclasses import dataclass, replace

from framework.domain.events import Fill
from framework.emulator.exchange.ids import Ids
from framework.emulator.exchange.placed import Placed
from framework.emulator.market.listing import Listing
from framework.emulator.protocol.answers import CommissionReport, ExecDetails
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import Execution

_ADDED, _REMOVED = 1, 2
"""Liquidity, as reports count it."""


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution and its commission.

    Attributes:
        details: its report; the time is written when it is sent.
        commission: its commission report; None where none is due, of a combo as a whole.
        time: nanoseconds UTC.
        symbol: of the instrument.
    """

    details: ExecDetails
    commission: CommissionReport | None
    time: int
    symbol: str


class Executions:
    """The executions of one account.

    Args:
        account: its name.
        ids: where execution ids come from.

    Attributes:
        all: oldest first.
    """

    def __init__(self, account: str, ids: Ids) -> None:
        self._account = account
        self._ids = ids
        self.all: list[Executed] = []

    def add(
        self,
        placed: Placed,
        listing: Listing,
        fill: Fill,
        commission: float,
        profit: float | None,
        currency: str,
        is_leg: bool,
    ) -> Executed:
        """Note an execution.

        Args:
            placed: its order.
            listing: what traded.
            fill: what the matching engine reports.
            commission: its fee, in `currency`.
            profit: what it has realised; None if it only opened.
            currency: the account's.
            is_leg: whether it is one leg of a combo.
        """
        units = abs(fill.quantity)
        rested = fill.price == fill.order.limit
        details = ExecDetails(
            -1,
            placed.order_id,
            _traded_on(listing),
            Execution(
                exec_id=self._ids.next_execution(),
                acct_number=self._account,
                exchange=listing.valid_exchanges[-1],
                side="BOT" if fill.quantity > 0.0 else "SLD",
                shares=units,
                price=fill.price,
                perm_id=placed.perm_id,
                client_id=placed.client_id,
                cum_qty=units if is_leg else placed.filled,
                avg_price=fill.price if is_leg else placed.average,
                order_ref=placed.order.order_ref,
                last_liquidity=_ADDED if rested else _REMOVED,
            ),
        )
        report = CommissionReport(details.execution.exec_id, commission, currency, profit, None, 0)
        executed = Executed(details, report, fill.time, fill.symbol)
        self.all.append(executed)
        return executed

    def add_whole(self, placed: Placed, units: float, price: float, time: int) -> Executed:
        """Note the execution of a combo as a whole, beside those of its legs."""
        details = ExecDetails(
            -1,
            placed.order_id,
            placed.contract,
            Execution(
                exec_id=self._ids.next_execution(),
                acct_number=self._account,
                exchange=placed.contract.exchange,
                side="BOT" if placed.order.action == "BUY" else "SLD",
                shares=units,
                price=price,
                perm_id=placed.perm_id,
                client_id=placed.client_id,
                cum_qty=placed.filled,
                avg_price=placed.average,
                order_ref=placed.order.order_ref,
                last_liquidity=_REMOVED,
            ),
        )
        executed = Executed(details, None, time, "")
        self.all.append(executed)
        return executed

    def correct(self, executed: Executed, shares: float, price: float) -> Executed:
        """A correction of an execution: the same with the next number at the end of its id. It
        takes the old one's place."""
        old = executed.details.execution
        head, number = old.exec_id.rsplit(".", 1)
        execution = replace(
            old,
            exec_id=f"{head}.{int(number) + 1:02d}",
            shares=shares,
            cum_qty=old.cum_qty - old.shares + shares,
            price=price,
        )
        report = executed.commission
        if report is not None:
            report = replace(report, exec_id=execution.exec_id)
        new = replace(
            executed, details=replace(executed.details, execution=execution), commission=report
        )
        self.all[self.all.index(executed)] = new
        return new


def _traded_on(listing: Listing) -> WireContract:
    """The contract with the exchange it traded on."""
    return replace(listing.contract, exchange=listing.valid_exchanges[-1])
