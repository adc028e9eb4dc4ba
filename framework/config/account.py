"""The files of an account: corporate actions and exchange rates, loaded for the symbols traded."""

from __future__ import annotations

__all__ = ["ActionsSource", "RatesSource", "actions_of", "rates_of"]

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from framework.config.market import Market, instruments
from framework.domain.actions import CorporateAction
from framework.domain.currency import Rates
from framework.domain.instruments import AssetType
from framework.errors import ConfigError, DataError
from framework.feeds.actions import load_actions
from framework.feeds.answers import FileAnswers
from framework.feeds.files import fingerprint, load_bars

ActionsSource = str | Path | Sequence[CorporateAction]
"""A CSV file, or actions that are already there."""

RatesSource = str | Path | Mapping[str, float] | Rates
"""A file or folder of currency pairs, constants by currency, or rates that are already there."""

_AROUND_THE_CLOCK = "24/5"


def actions_of(
    given: ActionsSource | None, known: str | None
) -> tuple[tuple[CorporateAction, ...], str | None]:
    """The actions, and the hash of their file, None without one.

    Args:
        given: where they are; None for none.
        known: hash the file must have; None takes any.

    Raises:
        DataError: the file cannot be read, or is another one.
    """
    if given is None:
        return (), None
    if not isinstance(given, str | Path):
        return tuple(given), None
    path = Path(given).expanduser()
    actions = load_actions(path)
    digest = sha256(path.read_bytes()).hexdigest()
    _check_same(f"actions of {path}", "actions", digest, known)
    return actions, digest


def rates_of(
    given: RatesSource | None,
    currency: str | None,
    market: Market,
    answers: FileAnswers,
    known: str | None,
) -> tuple[Rates | None, str | None]:
    """The exchange rates of the run, and the hash of their bars, None without any.

    Forex bars among those traded give rates too; what is given comes before them.

    Args:
        given: where they are; None for none.
        currency: the account's; None where all bars are in one.
        market: what is traded.
        answers: what the rows of files mean.
        known: hash the bars must have; None takes any.

    Raises:
        InputError: rates without a currency, or a file that cannot be used.
    """
    if isinstance(given, Rates):
        return given, None
    if currency is None:
        if given is not None:
            raise ConfigError(
                "There are exchange rates and no currency of the account.",
                "Name it: --currency USD.",
            )
        return None, None
    base = currency.upper()
    traded = [
        one
        for one in market.bars
        if one.instrument.type is AssetType.FOREX and base in one.symbol.upper().split(".")
    ]
    own = Rates.of_bars(base, traded)
    if given is None:
        return own, None
    if isinstance(given, Mapping):
        return Rates(base, {**own.tables, **Rates.constant(base, given).tables}), None
    questions = replace(answers, calendar=_AROUND_THE_CLOCK, prices="raw", hours=None)
    loaded = load_bars(Path(given).expanduser(), questions, instruments())
    digest = fingerprint(loaded.bars)
    _check_same(f"exchange rates of {given}", "rates", digest, known)
    return Rates(base, {**own.tables, **Rates.of_bars(base, loaded.bars).tables}), digest


def _check_same(what: str, section: str, digest: str, known: str | None) -> None:
    if known not in (None, digest):
        raise DataError(
            f"The {what} are not those the run file was written with.",
            f"Remove the line sha256 from the run file's {section} to run on these.",
        )
