"""HistoryRefused: why a question about the past has no answer, in TWS's numbers and words."""

from __future__ import annotations

__all__ = ["HistoryRefused"]

from framework.errors import DataError


class HistoryRefused(DataError):  # noqa: N818 - named for what happened
    """A question about the past that TWS would answer with an error.

    Attributes:
        code: TWS's error code.
        message: its text.
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)

    @classmethod
    def invalid(cls, cause: str) -> HistoryRefused:
        """321: the question itself is wrong."""
        return cls(321, f"Error validating request.-'bY' : cause - {cause}")

    @classmethod
    def service(cls, message: str) -> HistoryRefused:
        """162: the history service has no answer."""
        return cls(162, f"Historical Market Data Service error message:{message}")

    @classmethod
    def empty(cls, symbol: str, exchange: str, what: str) -> HistoryRefused:
        """162: there is nothing in that time."""
        words = {"TRADES": "Trades", "MIDPOINT": "Midpoint", "BID_ASK": "BidAsk"}
        named = words.get(what, what.title().replace("_", ""))
        return cls.service(f"HMDS query returned no data: {symbol}@{exchange} {named}")
