"""Day trades: positions opened and closed in one session, counted as FINRA's rule counts them."""

from __future__ import annotations

__all__ = ["DayTrades"]

from collections import deque

from framework.domain.instruments import AssetType

_WINDOW = 5
_COUNTED = frozenset({AssetType.STOCK, AssetType.OPTION})


class DayTrades:
    """Counts the day trades of an account over five sessions.

    A fill that closes what was opened in the same session is a day trade; further closing fills
    belong to it until something is opened again. Closing what was held before the session, with
    nothing opened since, is none. Only stocks and options count. FINRA rule 4210(f)(8)(B) and
    its interpretation /02.
    """

    __slots__ = ("_closing", "_opened", "_sessions")

    def __init__(self) -> None:
        self._sessions: deque[list[int]] = deque(maxlen=_WINDOW)
        self._opened: dict[str, float] = {}
        self._closing: set[str] = set()

    def begin(self, day: int) -> None:
        """A session begins: days since 1970-01-01."""
        self._sessions.append([day, 0])
        self._opened.clear()

    def fold(self, kind: AssetType, symbol: str, held: float, quantity: float) -> None:
        """Take in a fill.

        Args:
            kind, symbol: of the instrument.
            held: signed units the account held before it.
            quantity: signed units of the fill.
        """
        if kind not in _COUNTED or not self._sessions:
            return
        closed = min(abs(held), abs(quantity)) if held * quantity < 0.0 else 0.0
        opened = self._opened.get(symbol, 0.0)
        if closed > 0.0 and opened > 0.0:
            if symbol not in self._closing:
                self._sessions[-1][1] += 1
            self._closing.add(symbol)
            opened = max(0.0, opened - closed)
        if abs(quantity) > closed:
            opened += abs(quantity) - closed
            self._closing.discard(symbol)
        self._opened[symbol] = opened

    def opened(self, symbol: str) -> float:
        """Units opened in this session and not yet closed."""
        return self._opened.get(symbol, 0.0)

    @property
    def count(self) -> int:
        """Day trades of this session and the four before it."""
        return sum(count for _, count in self._sessions)

    @property
    def since(self) -> int:
        """The first of those sessions, as days since 1970-01-01; 0 before any."""
        return self._sessions[0][0] if self._sessions else 0
