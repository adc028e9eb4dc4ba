"""Listed: a contract as the broker knows it, with the instrument it is inside Slipway."""

from __future__ import annotations

__all__ = ["Book", "Listed"]

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from framework.brokers.ib.library import IbContract
from framework.brokers.ib.problems import ContractError
from framework.domain.instruments import Instrument

_Name = tuple[str, str, str, float, str]
"""Kind, symbol, expiry, strike and right."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One qualified contract.

    Attributes:
        instrument: what it is inside Slipway, with the broker's ticks and lot.
        con_id: the broker's number; 0 of one that has expired, and is known by name only.
        symbol, sec_type, exchange, primary_exchange, currency, expiry, strike, right, multiplier,
            local_symbol, trading_class: as the broker writes them.
        zone: time zone of its hours, such as "US/Eastern".
        magnifier: the broker's prices are this many times the instrument's.
        exchanges: where orders for it can go.
        order_types: what can be sent, in the broker's abbreviations.
    """

    instrument: Instrument
    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    primary_exchange: str = ""
    currency: str = "USD"
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    zone: str = ""
    magnifier: int = 1
    exchanges: tuple[str, ...] = ()
    order_types: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The instrument's symbol."""
        return self.instrument.symbol


class Book:
    """The contracts a session may trade or name, by symbol and by the broker's number."""

    def __init__(self, listed: Iterable[Listed] = ()) -> None:
        self._by_key: dict[str, Listed] = {}
        self._by_con_id: dict[int, Listed] = {}
        self._gone: dict[_Name, Listed] = {}
        for one in listed:
            self.add(one)

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._by_key.values())

    def add(self, listed: Listed) -> None:
        """Know one more; a contract qualified again replaces the old one."""
        self._by_key[listed.key] = listed
        if listed.con_id:
            self._by_con_id[listed.con_id] = listed
        else:
            name = (listed.sec_type, listed.symbol, listed.expiry, listed.strike, listed.right[:1])
            self._gone[name] = listed

    def by_key(self, key: str) -> Listed:
        """By the instrument's symbol.

        Raises:
            ContractError: it has not been qualified.
        """
        found = self._by_key.get(key)
        if found is None:
            raise ContractError(
                f"{key} has not been looked up at the broker.", "Qualify it before trading it."
            )
        return found

    def by_con_id(self, con_id: int) -> Listed | None:
        """By the broker's number."""
        return self._by_con_id.get(con_id)

    def of(self, contract: IbContract) -> Listed | None:
        """What a contract of the broker's is: by its number, or by name if it has expired."""
        found = self._by_con_id.get(contract.conId)
        if found is not None or not self._gone:
            return found
        expiry = contract.lastTradeDateOrContractMonth[:8]
        name = (contract.secType, contract.symbol, expiry, contract.strike, contract.right[:1])
        return self._gone.get(name)

    def by_name(self, symbol: str, sec_type: str) -> Listed | None:
        """The first with the broker's symbol and kind."""
        for one in self._by_key.values():
            if (one.symbol, one.sec_type) == (symbol, sec_type):
                return one
        return None
