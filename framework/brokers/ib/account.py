"""Account: what the broker reports of money and positions, kept by account, tag and currency."""

from __future__ import annotations

__all__ = ["AccountBook"]

from framework.brokers.ib.facts import AccountValueSeen, PositionSeen
from framework.brokers.ib.listed import Book
from framework.brokers.ib.numbers import amount
from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.snapshot import Holding, Snapshot, holding_of
from framework.domain.ledger import Ledger, Position

_BASE = "BASE"
_CASH = "TotalCashValue"
_REMEDY = "Wait for the next comparison of the books; nothing is taken for granted meanwhile."


class AccountBook:
    """The broker's own account.

    Args:
        book: contracts.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._values: dict[tuple[str, str, str], str] = {}
        self._holdings: dict[int, Holding] = {}
        self._knows_holdings = False
        self._knows_values = False
        self.account = ""

    # what comes ---------------------------------------------------------------------------

    def value(self, seen: AccountValueSeen) -> None:
        """A value was told."""
        self._values[seen.account, seen.tag, seen.currency] = seen.value

    def position(self, seen: PositionSeen) -> None:
        """A position was told."""
        if seen.account == self.account:
            self._holdings[seen.contract.conId] = holding_of(seen, self._book)

    def whole(self, snapshot: Snapshot) -> None:
        """A snapshot came in: what it does not show is flat, where it is complete."""
        if snapshot.positions.items is not None:
            shown = {one.con_id for one in snapshot.positions.items}
            for con_id in set(self._holdings) - shown:
                del self._holdings[con_id]
            self._knows_holdings = True
        if snapshot.values.items is not None:
            self._knows_values = True

    def lost(self) -> None:
        """The connection ended: nothing is known until it is told again."""
        self._knows_holdings = self._knows_values = False

    # what is asked ------------------------------------------------------------------------

    def figure(self, tag: str, currency: str = "") -> float | None:
        """A number of the account; the one in its own currency if none is named."""
        named = currency or self.currency
        for each in (named, _BASE, ""):
            found = amount(self._values.get((self.account, tag, each)))
            if found is not None:
                return found
        return None

    @property
    def currency(self) -> str:
        """The account's own currency; empty while it is not known."""
        for (account, tag, currency), value in self._values.items():
            if account == self.account and tag == "Currency" and currency not in ("", _BASE):
                return value
        for account, tag, currency in self._values:
            if account == self.account and tag == "NetLiquidation" and currency:
                return currency
        return ""

    def rates(self) -> dict[str, float]:
        """Units of the account's currency for one of each other it holds."""
        found = {}
        for (account, tag, currency), value in self._values.items():
            rate = amount(value)
            if account == self.account and tag == "ExchangeRate" and currency != _BASE and rate:
                found[currency] = rate
        return found

    def holdings(self) -> tuple[Holding, ...]:
        """Every position.

        Raises:
            RequestError: they are not known.
        """
        if not self._knows_holdings:
            raise RequestError(0, "The broker's positions are not known.", _REMEDY)
        return tuple(one for one in self._holdings.values() if one.quantity != 0.0)

    def ledger(self) -> Ledger:
        """Cash and positions as the broker reports them.

        Raises:
            RequestError: they are not known.
        """
        cash = self.figure(_CASH)
        if not self._knows_values or cash is None:
            raise RequestError(0, "The broker's account values are not known.", _REMEDY)
        ledger = Ledger(cash, {one.key: one.instrument.multiplier for one in self._book})
        for one in self.holdings():
            multiplier = 1.0
            if one.symbol in self._book:
                multiplier = self._book.by_key(one.symbol).instrument.multiplier
            ledger.positions[one.symbol] = Position(
                one.symbol, one.quantity, one.average_price, multiplier
            )
        return ledger
