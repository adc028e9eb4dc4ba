"""The names of option contracts: OCC's symbols and the short house form, both ways.

One contract has three spellings, and every one of them reads back:

| form | example |
|---|---|
| short: what orders, fills and tables show | `SPY 240315C450`, `SPY 240315C450.5` |
| OCC, root padded to six characters | `SPY   240315C00450000` |
| OCC, unpadded | `SPY240315C00450000` |

Source: Options Symbology Initiative, The Options Clearing Corporation, 2008 (the symbol is root,
yymmdd, C or P, and the strike in thousandths in eight digits); years are 2000 to 2099.
"""

from __future__ import annotations

__all__ = ["OptionSymbol", "day_of", "parse_symbol"]

import re
from dataclasses import dataclass
from datetime import date
from math import isfinite

from framework import calendar
from framework.domain.options import Right
from framework.errors import DataError

_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = (date(year, month, day).toordinal() - _EPOCH for year, month, day in
                 ((2000, 1, 1), (2099, 12, 31)))  # fmt: skip

_ROOT_LENGTH = 6
_OCC_TAIL = re.compile(r"(\d{6})([CP])(\d{8})")
_OCC_TAIL_LENGTH = 15
_SHORT = re.compile(r"(\S+) (\d{6})([CP])(\d{1,7}(?:\.\d{1,3})?)")

_FORMS = "Write it like SPY 240315C450 or SPY240315C00450000."


def day_of(text: str) -> int:
    """Days since 1970-01-01 of an ISO date.

    Raises:
        DataError: it is none.
    """
    try:
        return calendar.day_of(text)
    except ValueError as error:
        raise DataError(f"{text!r} is no date.", "Write it like 2024-03-15.") from error


@dataclass(frozen=True, slots=True)
class OptionSymbol:
    """The parts of an option's name.

    Attributes:
        root: the exchange's name of the class, most often the underlying's symbol.
        expiry: last trading day, as days since 1970-01-01.
        right: call or put.
        strike: price, a multiple of 0.001 below 10,000,000.

    Raises:
        DataError: a part no symbol can carry.
    """

    root: str
    expiry: int
    right: Right
    strike: float

    def __post_init__(self) -> None:
        if not self.root or re.search(r"\s", self.root):
            raise DataError(f"The option root is {self.root!r}.", "Give a word without spaces.")
        if not _FIRST <= self.expiry <= _LAST:
            raise DataError(
                f"{self.root}: an option expiring on day {self.expiry}.",
                "Give days since 1970-01-01, of the years 2000 to 2099.",
            )
        if not isinstance(self.right, Right):
            raise DataError(f"{self.root}: right is {self.right!r}.", "Give Right.CALL or .PUT.")
        object.__setattr__(self, "strike", _on_grid(self.root, self.strike))

    @property
    def short(self) -> str:
        """The house form: `SPY 240315C450`."""
        strike = f"{self.strike:.3f}".rstrip("0").rstrip(".")
        return f"{self.root} {self._date}{self.right}{strike}"

    @property
    def occ(self) -> str:
        """OCC's form, 21 characters: `SPY   240315C00450000`.

        Raises:
            DataError: a root above six characters, or a strike above 99999.999.
        """
        return f"{self.root:<{_ROOT_LENGTH}}{self._tail}"

    @property
    def compact(self) -> str:
        """OCC's form without the padding: `SPY240315C00450000`; raises as `occ` does."""
        return f"{self.root}{self._tail}"

    @property
    def _date(self) -> str:
        return f"{date.fromordinal(self.expiry + _EPOCH):%y%m%d}"

    @property
    def _tail(self) -> str:
        if len(self.root) > _ROOT_LENGTH:
            raise DataError(
                f"{self.short}: the root has {len(self.root)} characters, and OCC's have 6.",
                "Use the class's OCC root, or the short form.",
            )
        thousandths = round(self.strike * 1000.0)
        if thousandths > 99_999_999:
            raise DataError(f"{self.short}: OCC's strikes end at 99999.999.", "Use the short form.")
        return f"{self._date}{self.right}{thousandths:08d}"


def parse_symbol(text: str) -> OptionSymbol:
    """The contract a symbol names, in any of the three forms.

    Raises:
        DataError: it is none of them, the day does not exist, or the strike is 0.
    """
    text = text.strip()
    occ = _OCC_TAIL.fullmatch(text[-_OCC_TAIL_LENGTH:])
    if occ is not None:
        root = text[:-_OCC_TAIL_LENGTH].rstrip()
        if not 0 < len(root) <= _ROOT_LENGTH:
            raise DataError(
                f"{text!r}: the root {root!r} has {len(root)} characters.", "OCC's have 1 to 6."
            )
        return OptionSymbol(root, _expiry(text, occ[1]), Right(occ[2]), int(occ[3]) / 1000.0)
    short = _SHORT.fullmatch(text)
    if short is None:
        raise DataError(f"{text!r} is no option symbol.", _FORMS)
    return OptionSymbol(short[1], _expiry(text, short[2]), Right(short[3]), float(short[4]))


def _expiry(symbol: str, digits: str) -> int:
    year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError as error:
        raise DataError(
            f"{symbol!r}: there is no day {digits} (yymmdd).", "Correct the expiry."
        ) from error


def _on_grid(root: str, strike: float) -> float:
    """The strike as the decimal it stands for."""
    if not (isfinite(strike) and 0.0 < strike < 1e7):
        raise DataError(
            f"{root}: an option with a strike of {strike}.", "Give a price from 0.001 to below 1e7."
        )
    thousandths = round(strike * 1000.0)
    if thousandths == 0 or abs(strike * 1000.0 - thousandths) > 1e-5:
        raise DataError(
            f"{root}: an option with a strike of {strike}.", "Strikes are multiples of 0.001."
        )
    return thousandths / 1000.0
