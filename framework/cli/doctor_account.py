"""The doctor's checks of the account: money, positions, whether orders are taken; and the clock."""

from __future__ import annotations

__all__ = ["check_balance", "check_clock", "check_orders", "check_positions"]

from framework.brokers.ib.account import AccountBook
from framework.brokers.ib.codes import is_read_only
from framework.brokers.ib.diagnosis import read_only
from framework.brokers.ib.facts import AccountValueSeen, PositionSeen
from framework.brokers.ib.problems import RequestError
from framework.calendar import utc_text
from framework.cli.broker_access import Looker
from framework.cli.doctor_nouns import Check, Verdict, failed

_SECOND = 1_000_000_000
_BIT_OFF, _FAR_OFF = 2.0, 30.0
"""Seconds between the clocks from which on it is a warning, and a failure."""


async def check_balance(looker: Looker, timeout: float) -> Check:
    """What the account is worth."""
    book = AccountBook(looker.book)
    book.account = looker.account
    for one in await looker.link.queries.account(looker.account, timeout):
        if isinstance(one, AccountValueSeen):
            book.value(one)
    worth, cash = book.figure("NetLiquidation"), book.figure("TotalCashValue")
    if worth is None:
        return Check(
            "balance",
            Verdict.FAIL,
            "the broker does not say what the account is worth",
            "Open the account window in TWS; if it is empty, too, ask the broker.",
        )
    said = f"{worth:,.2f} {book.currency}" + ("" if cash is None else f", {cash:,.2f} of it cash")
    if worth <= 0.0:
        return Check(
            "balance",
            Verdict.WARN,
            said,
            "Pay in, or reset the paper account in the Client Portal.",
        )
    return Check("balance", Verdict.OK, said)


async def check_positions(looker: Looker, timeout: float) -> Check:
    """Whether the broker tells what is held."""
    last: dict[int, float] = {}
    for one in await looker.link.queries.positions(timeout):
        if isinstance(one, PositionSeen) and one.account == looker.account:
            last[one.contract.conId] = one.quantity
    count = sum(quantity != 0.0 for quantity in last.values())
    return Check("positions", Verdict.OK, f"{count} held" if count else "none held")


async def check_orders(looker: Looker, timeout: float) -> Check:
    """Whether orders are taken: a read-only API answers no question about them."""
    try:
        working = await looker.link.queries.open_orders(timeout)
    except RequestError as error:
        if is_read_only(error.code, error.problem):
            return failed("orders", read_only())
        raise
    return Check("orders", Verdict.OK, f"can be sent; {len(working)} at work")


async def check_clock(looker: Looker, timeout: float) -> Check:
    """Whether both clocks agree. The broker tells whole seconds: its clock is half a second on,
    give or take half a second."""
    clock = looker.connection.clock
    asked = clock.now()
    said = await looker.link.queries.time(timeout)
    off = (asked + clock.now()) / 2 / _SECOND - (said + 0.5)
    told = utc_text(said * _SECOND)
    if abs(off) < _BIT_OFF:
        return Check("clock", Verdict.OK, f"{told}, as here")
    word = "ahead of" if off > 0.0 else "behind"
    return Check(
        "clock",
        Verdict.WARN if abs(off) < _FAR_OFF else Verdict.FAIL,
        f"this machine is {abs(off):,.0f} s {word} the broker, who says {told}",
        "Let the system keep its time (NTP): bars are taken as final by this clock.",
    )
