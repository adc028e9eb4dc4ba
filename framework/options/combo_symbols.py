"""The name of a combo: one readable line that reads back.

It is the kind, then for each class and expiry the signed legs; the underlying stands as its symbol
and signed units. Legs keep their order.

`iron_condor SPY 240315 +P400 -P410 -C450 +C460`
`butterfly SPY 240315 +C440 -2C450 +C460`
`calendar SPY 240315 -C450 SPY 240419 +C450`
`covered_call SPY +100 SPY 240315 -C450`
"""

from __future__ import annotations

__all__ = ["ComboSymbol", "parse_combo_symbol"]

import re
from dataclasses import dataclass

from framework.errors import DataError
from framework.options.occ import parse_symbol

_OPTION = re.compile(r"(\S+ \d{6})([CP][\d.]+)")
_OPTION_LEG = re.compile(r"([+-])([1-9]\d*)?([CP][\d.]+)")
_UNDERLYING_LEG = re.compile(r"[+-][1-9]\d*")

_FORM = (
    "Write it like `vertical SPY 240315 +C450 -C460` or `covered_call SPY +100 SPY 240315 -C450`."
)


@dataclass(frozen=True, slots=True)
class ComboSymbol:
    """The parts of a combo's name.

    Attributes:
        kind: one word.
        legs: signed ratio and symbol of each leg.
    """

    kind: str
    legs: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The name in one line."""
        words, heading = [self.kind], ""
        for ratio, symbol in self.legs:
            option = _OPTION.fullmatch(symbol)
            here = symbol if option is None else option[1]
            if here != heading:
                words.append(here)
                heading = here
            words.append(f"{ratio:+d}" if option is None else _signed(ratio, option[2]))
        return " ".join(words)


def parse_combo_symbol(text: str) -> ComboSymbol:
    """The parts of a combo's name.

    Raises:
        DataError: it is none, or names a contract that cannot be.
    """
    kind, *words = text.split() or [""]
    heading: list[str] = []
    legs: list[tuple[int, str]] = []
    fresh = True
    for word in words:
        if word[0] not in "+-":
            heading = [word] if fresh else [*heading, word]
            fresh = False
            continue
        legs.append(_leg(text, heading, word))
        fresh = True
    if not legs or not fresh:
        raise DataError(f"{text!r} is no combo.", _FORM)
    return ComboSymbol(kind, tuple(legs))


def _signed(ratio: int, name: str) -> str:
    count = "" if abs(ratio) == 1 else str(abs(ratio))
    return f"{'+' if ratio > 0 else '-'}{count}{name}"


def _leg(text: str, heading: list[str], word: str) -> tuple[int, str]:
    """Ratio and symbol of one signed word under its heading: a root, or a root and a date."""
    if len(heading) == 1 and _UNDERLYING_LEG.fullmatch(word):
        return int(word), heading[0]
    option = _OPTION_LEG.fullmatch(word)
    if len(heading) != 2 or option is None:
        raise DataError(f"{text!r}: {' '.join([*heading, word])!r} is no leg.", _FORM)
    parts = parse_symbol(f"{heading[0]} {heading[1]}{option[3]}")
    return int(f"{option[1]}{option[2] or 1}"), parts.short
