"""The instruments an order's conditions name, looked up in the directory."""

from __future__ import annotations

__all__ = ["ListedSymbols"]

from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.market.directory import Directory, UnknownContract
from framework.emulator.protocol.contract import WireContract


class ListedSymbols:
    """Symbols by contract id or by name.

    Args:
        directory: what is listed.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def by_con_id(self, con_id: int) -> str:
        """Symbol of a contract.

        Raises:
            RejectedError: there is no such contract.
        """
        try:
            return self._directory.by_con_id(con_id).key
        except UnknownContract as error:
            raise _unknown(str(con_id)) from error

    def by_name(self, symbol: str, sec_type: str) -> str:
        """Symbol of what an execution condition names.

        Raises:
            RejectedError: there is no such contract.
        """
        found = self._directory.find(
            WireContract(symbol=symbol, sec_type=sec_type, include_expired=True)
        )
        if not found:
            raise _unknown(f"{symbol} {sec_type}")
        return found[0].key


def _unknown(name: str) -> RejectedError:
    return RejectedError(200, f"No security definition has been found for the condition on {name}")
