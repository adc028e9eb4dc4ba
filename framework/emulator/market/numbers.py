"""Con ids: the real ones of what everybody knows, for the rest always the same made-up ones."""

from __future__ import annotations

__all__ = ["Numbers"]

from zlib import crc32

_REAL = {
    "AAPL": 265598,
    "MSFT": 272093,
    "SPY": 756733,
    "EUR.USD": 12087792,
    "SPX": 416904,
}
_FIRST, _COUNT = 1_000_000_000, 1_000_000_000
"""Made-up numbers lie far above the real ones."""


class Numbers:
    """Con ids by key, both ways; of two keys with one number the later gets the next free one."""

    def __init__(self) -> None:
        self._by_key: dict[str, int] = {}
        self._keys: dict[int, str] = {}

    def of(self, key: str) -> int:
        """The con id of a key."""
        known = self._by_key.get(key)
        if known is not None:
            return known
        number = self.first_choice(key)
        while number in self._keys:
            number += 1
        self._by_key[key] = number
        self._keys[number] = key
        return number

    def first_choice(self, key: str) -> int:
        """The con id a key has unless another had it before."""
        return _REAL.get(key) or _FIRST + crc32(key.encode()) % _COUNT

    def key(self, number: int) -> str | None:
        """The key of a con id given out before; None if there is none."""
        return self._keys.get(number)

    def forget(self, key: str) -> None:
        """Drop what will never be asked for again."""
        number = self._by_key.pop(key, None)
        if number is not None:
            del self._keys[number]
