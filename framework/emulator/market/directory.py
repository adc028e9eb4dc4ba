"""Directory: what is listed, found by whatever part of a contract is known."""

from __future__ import annotations

__all__ = ["AmbiguousContract", "Directory", "UnknownContract"]

from collections.abc import Iterator, Sequence

from framework.domain.options import Right
from framework.emulator.market.facts import SAME_EXCHANGE
from framework.emulator.market.hours import compact_day
from framework.emulator.market.listing import Chain, Increments, Listing, Match, details
from framework.emulator.market.numbers import Numbers
from framework.emulator.market.shelf import Shelf, Today
from framework.emulator.market.universe import Entry
from framework.emulator.protocol.answer_details import Details
from framework.emulator.protocol.contract import ComboLeg, WireContract
from framework.errors import DataError
from framework.options.occ import OptionSymbol, parse_symbol

_CHAIN_EXCHANGES = ("SMART", "CBOE")
_MATCHES = 16
"""Answers to a search for symbols at most."""
_RIGHTS = {
    "": tuple(Right),
    "0": tuple(Right),
    "?": tuple(Right),
    "C": (Right.CALL,),
    "CALL": (Right.CALL,),
    "P": (Right.PUT,),
    "PUT": (Right.PUT,),
}


class UnknownContract(DataError):  # noqa: N818 - named for what it finds
    """Nothing listed is what was asked for: TWS's error 200."""


class AmbiguousContract(DataError):  # noqa: N818 - named for what it finds
    """Several contracts are what was asked for: TWS's error 200 where one is needed."""


class Directory:
    """What is listed.

    Args:
        entries: everything with prices of its own, in subscription order.
        numbers: gives con ids.
        today: tells the trading day of a key and the price its strikes lie around.
    """

    def __init__(self, entries: Sequence[Entry], numbers: Numbers, today: Today) -> None:
        self._entries = {entry.listing.key: entry.listing for entry in entries}
        self._numbers = numbers
        self._today = today
        self._shelves = {
            entry.listing.key: Shelf(entry, entry.options, numbers, today)
            for entry in entries
            if entry.options is not None
        }
        self._rules: dict[int, Increments] = {}
        for listing in self._entries.values():
            self._rules[listing.market_rule] = listing.increments

    @property
    def listings(self) -> tuple[Listing, ...]:
        """Everything but options, in subscription order."""
        return tuple(self._entries.values())

    # one or several by a contract -------------------------------------------------------------

    def find(self, contract: WireContract) -> tuple[Listing, ...]:
        """Every listing that agrees with all that is filled in; () means unknown.

        A con id is enough by itself. Without one a sec type is needed, and a symbol or a local
        symbol. ISIN and CUSIP are not known.
        """
        if contract.sec_id_type or contract.sec_id:
            return ()
        if contract.con_id:
            found = self._numbered(contract.con_id)
            listed = [found] if found is not None and _is_same(contract, found) else []
        elif not contract.sec_type or not (contract.symbol or contract.local_symbol):
            return ()
        elif contract.sec_type.upper() == "OPT":
            listed = [one for one in self._options(contract) if _agrees(contract, one)]
        else:
            listed = [one for one in self._living(contract) if _agrees(contract, one)]
        return tuple(self._noted(one).on(_exchange(contract, one)) for one in listed)

    def one(self, contract: WireContract) -> Listing:
        """The only listing that agrees.

        Raises:
            UnknownContract: none does.
            AmbiguousContract: several do.
        """
        found = self.find(contract)
        if not found:
            raise UnknownContract(
                f"{_called(contract)} is not listed.", "Ask for its contract details first."
            )
        if len(found) > 1:
            raise AmbiguousContract(
                f"{_called(contract)} is {len(found)} contracts, {found[0].key} and "
                f"{found[1].key} among them.",
                "Say more of it, such as its expiry, or give its con id.",
            )
        return found[0]

    def by_key(self, key: str) -> Listing:
        """By the instrument's symbol; an option by any of its names, listed today or not.

        Raises:
            UnknownContract: nothing has that name.
        """
        known = self._entries.get(key)
        if known is not None:
            return known
        name = _option_name(key)
        shelf = None if name is None else self._shelves.get(name.root)
        if name is None or shelf is None:
            raise UnknownContract(f"{key!r} is not listed.", "Check the symbol.")
        try:
            return self._noted(shelf.listed(name))
        except DataError as error:
            raise UnknownContract(f"{key!r} is not listed.", str(error)) from error

    def by_con_id(self, con_id: int) -> Listing:
        """By number.

        Raises:
            UnknownContract: nothing has it.
        """
        found = self._numbered(con_id)
        if found is None:
            raise UnknownContract(f"No contract has the con id {con_id}.", "Ask for its details.")
        return self._noted(found)

    def legs(self, contract: WireContract) -> tuple[tuple[Listing, ComboLeg], ...]:
        """What the legs of a combo (BAG) are.

        Raises:
            UnknownContract: a leg's con id is unknown.
        """
        return tuple((self.by_con_id(leg.con_id), leg) for leg in contract.combo_legs)

    # about them -----------------------------------------------------------------------------

    def details(self, listing: Listing) -> Details:
        """All TWS tells about a contract, hours from its present day on."""
        key = listing.under_key or listing.key
        return details(listing, self._today(key)[0])

    def matching(self, pattern: str) -> tuple[Match, ...]:
        """By beginning of the symbol or part of the name, case aside; exact symbols first."""
        wanted = pattern.strip().upper()
        if not wanted:
            return ()
        found = []
        for key, listing in self._entries.items():
            symbol = listing.contract.symbol.upper()
            if listing.contract.sec_type == "FUT":
                continue
            if symbol.startswith(wanted) or wanted in listing.long_name.upper():
                written = ("OPT",) if key in self._shelves else ()
                found.append((symbol != wanted, Match(listing, written)))
        found.sort(key=lambda pair: pair[0])
        return tuple(match for _, match in found[:_MATCHES])

    def chains(self, con_id: int) -> tuple[Chain, ...]:
        """Option parameters of an underlying, one for each exchange; () where there are none."""
        key = self._numbers.key(con_id)
        shelf = None if key is None else self._shelves.get(key)
        if shelf is None or not shelf.strikes() or not shelf.expiries():
            return ()
        some = shelf.listed(
            OptionSymbol(shelf.under.key, shelf.expiries()[0], Right.CALL, shelf.strikes()[0])
        )
        return tuple(
            Chain(
                exchange,
                con_id,
                some.contract.trading_class,
                some.contract.multiplier,
                tuple(map(compact_day, shelf.expiries())),
                shelf.strikes(),
            )
            for exchange in _CHAIN_EXCHANGES
        )

    def rule(self, number: int) -> Increments | None:
        """The steps of a market rule that some contract's details named; None if unknown."""
        return self._rules.get(number)

    # parts ----------------------------------------------------------------------------------

    def _noted(self, listing: Listing) -> Listing:
        self._rules[listing.market_rule] = listing.increments
        return listing

    def _numbered(self, con_id: int) -> Listing | None:
        key = self._numbers.key(con_id)
        if key is None:
            # Options get their numbers when looked at: a client of a run before may know more.
            found = (shelf.numbered(con_id) for shelf in self._shelves.values())
            return next((one for one in found if one is not None and one.con_id == con_id), None)
        known = self._entries.get(key)
        if known is not None:
            return known
        name = _option_name(key)
        holder = None if name is None else self._shelves.get(name.root)
        return None if name is None or holder is None else holder.listed(name)

    def _living(self, contract: WireContract) -> Iterator[Listing]:
        for key, listing in self._entries.items():
            expiry = listing.instrument.expiry
            if contract.include_expired or expiry is None or expiry >= self._today(key)[0]:
                yield listing

    def _options(self, contract: WireContract) -> Iterator[Listing]:
        rights = _RIGHTS.get(contract.right.upper(), ())
        local = _option_name(contract.local_symbol) if contract.local_symbol else None
        if contract.local_symbol and local is None:
            return
        expiry = _date(contract.last_trade_date)
        for shelf in self._shelves.values():
            if contract.symbol and contract.symbol.upper() != shelf.under.contract.symbol.upper():
                continue
            if local is None:
                yield from shelf.find(expiry, contract.strike, rights)
            elif local.root == shelf.under.key and local.right in rights and shelf.has(local):
                yield shelf.listed(local)


def _option_name(text: str) -> OptionSymbol | None:
    try:
        return parse_symbol(text)
    except DataError:
        return None


def _date(text: str) -> str:
    """The day, or month, of a lastTradeDateOrContractMonth."""
    return text.split(maxsplit=1)[0].replace("-", "") if text.strip() else ""


def _plain(exchange: str) -> str:
    return SAME_EXCHANGE.get(exchange.upper(), exchange.upper())


def _exchange(contract: WireContract, listing: Listing) -> str:
    """The exchange a contract is asked for on."""
    asked = _plain(contract.exchange)
    return asked if asked in listing.valid_exchanges else listing.valid_exchanges[0]


def _is_same(contract: WireContract, listing: Listing) -> bool:
    """Whether a contract with the listing's con id does not contradict it."""
    mine = listing.contract
    pairs = (
        (contract.symbol, mine.symbol),
        (contract.sec_type, mine.sec_type),
        (contract.currency, mine.currency),
    )
    agree = all(not asked or asked.upper() == is_.upper() for asked, is_ in pairs)
    asked = _plain(contract.exchange)
    return agree and (not asked or asked in listing.valid_exchanges)


def _agrees(contract: WireContract, listing: Listing) -> bool:
    """Whether everything filled in is the listing's."""
    mine = listing.contract
    pairs = (
        (_plain(contract.primary_exchange), _plain(mine.primary_exchange)),
        (contract.trading_class, mine.trading_class),
        ("".join(contract.local_symbol.split()), "".join(mine.local_symbol.split())),
    )
    if not _is_same(contract, listing):
        return False
    if not all(not asked or asked.upper() == is_.upper() for asked, is_ in pairs):
        return False
    if contract.multiplier and not _is_number(contract.multiplier, listing.instrument.multiplier):
        return False
    date = _date(contract.last_trade_date)
    months = (mine.last_trade_date, listing.contract_month)
    return any(is_.startswith(date) for is_ in months) if date else True


def _is_number(text: str, value: float) -> bool:
    try:
        return abs(float(text) - value) < 1e-9
    except ValueError:
        return False


def _called(contract: WireContract) -> str:
    """A contract in an error's words."""
    said = (
        contract.symbol or contract.local_symbol or (f"con id {contract.con_id}"),
        contract.sec_type,
        contract.last_trade_date,
        f"{contract.strike:g}" if contract.strike else "",
        contract.right,
        contract.exchange,
        contract.currency,
    )
    return " ".join(word for word in said if word)
