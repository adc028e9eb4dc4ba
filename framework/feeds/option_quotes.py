"""Option quotes from the user's own file, CSV or Parquet: one row for each quote of a contract."""

from __future__ import annotations

__all__ = ["load_option_quotes"]

from collections.abc import Mapping
from dataclasses import dataclass
from gzip import decompress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.calendar import DAY, TradingCalendar, day_text, utc_text
from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.errors import DataError, did_you_mean
from framework.feeds.columns import normalise
from framework.feeds.stamps import Stamps, read_stamps
from framework.feeds.table import Rows
from framework.options.occ import OptionSymbol, day_of, parse_symbol
from framework.options.quotes import OptionQuotes, QuotedContract

if TYPE_CHECKING:
    import pandas as pd

_HEADER = (
    "Write the header time,symbol,bid,ask with symbols like SPY 240315C450 or "
    "SPY240315C00450000, or time,underlying,expiry,right,strike,bid,ask."
)
_NAMES = {
    "date": "time",
    "datetime": "time",
    "timestamp": "time",
    "expiration": "expiry",
    "expirationdate": "expiry",
    "type": "right",
    "optiontype": "right",
    "callput": "right",
}
_PARTS = ("underlying", "expiry", "right", "strike")
_TEXTS = ("time", "symbol", *_PARTS)
_RIGHTS = {"c": Right.CALL, "call": Right.CALL, "p": Right.PUT, "put": Right.PUT}


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """The contracts of a file in the order they first appear, and which each row is of."""

    contracts: tuple[QuotedContract, ...]
    contract: IntArray


def load_option_quotes(
    path: Path, instruments: Mapping[str, Instrument]
) -> tuple[OptionQuotes, str]:
    """The quotes of a file, and the hash of the file.

    Columns: `time`, dates (known when that day's session ends) or times with their offset;
    `symbol`, or `underlying`, `expiry`, `right` (C or P) and `strike`; `bid` and `ask`, blank or 0
    where there was none. With both `symbol` and `underlying`, the latter says what a class such as
    SPXW is written on. Other columns are left alone, and the rows may stand in any order.

    Args:
        path: CSV (.gz too) or Parquet.
        instruments: what the run trades, by symbol.

    Raises:
        DataError: the file or a row cannot be used; the row is named.
    """
    content = _content(path)
    frame, rows = _frame(path, content)
    named = _contracts(frame, rows)
    _check_underlyings(named, rows, instruments, path.name)
    bid, ask = (_prices(frame, rows, name) for name in ("bid", "ask"))
    crossed = bid > ask
    if crossed.any():
        row = int(crossed.argmax())
        raise DataError(
            f"{rows.at(row)}: a bid of {bid[row]:g} above an ask of {ask[row]:g}.",
            "Correct the row, or remove it.",
        )
    times = _times(frame["time"], rows, named, instruments)
    order = np.lexsort((times, named.contract))
    contract, times = named.contract[order], times[order]
    _check_doubles(contract, times, order, rows, named)
    quotes = OptionQuotes(path.name, named.contracts, contract, times, bid[order], ask[order])
    return quotes, sha256(content).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}.", "Check the path of the quotes."
        ) from error


def _frame(path: Path, content: bytes) -> tuple[pd.DataFrame, Rows]:
    """The columns by their own names, and where the rows stand."""
    import pandas as pd  # noqa: PLC0415

    is_parquet = path.name.lower().endswith(".parquet")
    try:
        if is_parquet:
            frame = pd.read_parquet(BytesIO(content))
        else:
            frame = _csv(decompress(content) if path.name.lower().endswith(".gz") else content)
    except (ValueError, OSError, EOFError) as error:
        kind = "Parquet" if is_parquet else "CSV"
        raise DataError(f"{path.name} cannot be read as {kind}: {error}", _HEADER) from error
    frame.columns = pd.Index([_meaning(name) for name in frame.columns])
    _check_header(path.name, list(frame.columns))
    lines = np.arange(len(frame)) + (1 if is_parquet else 2)
    kept = frame.notna().any(axis=1).to_numpy()
    if not kept.any():
        raise DataError(f"{path.name} has a header but no quotes.", "Give at least one row.")
    return frame[kept], Rows(path.name, lines[kept])


def _csv(content: bytes) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    header = pd.read_csv(BytesIO(content), encoding="utf-8-sig", nrows=0).columns
    return pd.read_csv(
        BytesIO(content),
        encoding="utf-8-sig",
        dtype={name: str for name in header if _meaning(name) in _TEXTS},
        skip_blank_lines=False,
        low_memory=False,
    )


def _meaning(name: object) -> str:
    found = normalise(name)
    return _NAMES.get(found, found)


def _check_header(where: str, names: list[str]) -> None:
    for name in ("time", "bid", "ask", *(() if "symbol" in names else _PARTS)):
        if name not in names:
            raise DataError(
                f"{where} has no column {name} among {', '.join(map(str, names))}.", _HEADER
            )
    for name in (*_TEXTS, "bid", "ask"):
        if names.count(name) > 1:
            raise DataError(f"{where} has two columns for {name}.", "Remove one.")


# contracts ----------------------------------------------------------------------------------


def _contracts(frame: pd.DataFrame, rows: Rows) -> _Named:
    """Which contract each row is of; only texts not seen before are parsed."""
    by_symbol = "symbol" in frame
    columns = [
        name for name in (("symbol", "underlying") if by_symbol else _PARTS) if name in frame
    ]
    texts = {name: _texts(frame[name], rows, name) for name in columns}
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        numbers, known = texts[name].factorize()
        codes = np.unique(codes * len(known) + numbers, return_inverse=True)[1]
    _, first = np.unique(codes, return_index=True)
    found: dict[QuotedContract, int] = {}
    merged = np.zeros(len(first), dtype=np.int64)
    for code in np.argsort(first):
        row = int(first[code])
        words = {name: str(texts[name].iloc[row]) for name in columns}
        try:
            contract = _by_symbol(words) if by_symbol else _by_parts(words)
        except DataError as error:
            raise DataError(f"{rows.at(row)}: {error.problem}", error.remedy) from error
        merged[code] = found.setdefault(contract, len(found))
    return _Named(tuple(found), merged[codes])


def _texts(column: pd.Series[Any], rows: Rows, name: str) -> pd.Series[Any]:
    text = column.astype(str).str.strip()
    blank = (column.isna() | (text == "")).to_numpy()
    if blank.any():
        raise DataError(f"{rows.at(int(blank.argmax()))}: the {name} is blank.", "Fill it in.")
    return text


def _by_symbol(words: Mapping[str, str]) -> QuotedContract:
    name = parse_symbol(words["symbol"])
    return QuotedContract(words.get("underlying", name.root), name)


def _by_parts(words: Mapping[str, str]) -> QuotedContract:
    right = _RIGHTS.get(words["right"].lower())
    if right is None:
        raise DataError(f"the right is {words['right']!r}.", "Write C or P.")
    try:
        strike = float(words["strike"])
    except ValueError as error:
        raise DataError(f"the strike is {words['strike']!r}.", "Write a price.") from error
    expiry = day_of(words["expiry"].removesuffix(" 00:00:00"))
    return QuotedContract(
        words["underlying"], OptionSymbol(words["underlying"], expiry, right, strike)
    )


def _check_underlyings(
    named: _Named, rows: Rows, instruments: Mapping[str, Instrument], where: str
) -> None:
    for number, one in enumerate(named.contracts):
        if one.underlying not in instruments:
            row = int((named.contract == number).argmax())
            raise DataError(
                f"{rows.at(row)}: {one.name.short} is an option on {one.underlying!r}, which the "
                "run does not trade.",
                f"{did_you_mean(one.underlying, instruments)} Name the underlying in a column "
                f"`underlying`, or leave its rows out of {where}.",
            )


# numbers ------------------------------------------------------------------------------------


def _prices(frame: pd.DataFrame, rows: Rows, name: str) -> FloatArray:
    """One side of the quotes, NaN where it is blank."""
    import pandas as pd  # noqa: PLC0415

    column = frame[name]
    found = np.array(pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64))
    said = column.notna().to_numpy() & (column.astype(str).str.strip() != "").to_numpy()
    wrong = said & ~(np.isfinite(found) & (found >= 0.0))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{rows.at(row)}: the {name} is {str(column.iloc[row])!r}.",
            "Write a price of at least 0; leave it blank where there was none.",
        )
    return found


def _check_doubles(
    contract: IntArray, times: IntArray, order: IntArray, rows: Rows, named: _Named
) -> None:
    """Refuse two quotes of one contract at one time."""
    same = (np.diff(contract) == 0) & (np.diff(times) == 0)
    if same.any():
        at = int(same.argmax())
        first, second = sorted((int(order[at]), int(order[at + 1])))
        raise DataError(
            f"{rows.at(second)}: a second quote of {named.contracts[contract[at]].name.short} at "
            f"{utc_text(int(times[at]))}; the first is in {rows.unit} {rows.lines[first]}.",
            "Remove one.",
        )


# times --------------------------------------------------------------------------------------


def _times(
    column: pd.Series[Any], rows: Rows, named: _Named, instruments: Mapping[str, Instrument]
) -> IntArray:
    """Nanoseconds UTC at which each quote became known."""
    codes = column.factorize()[0]
    if (codes < 0).any():
        raise DataError(f"{rows.at(int((codes < 0).argmax()))}: the time is blank.", "Fill it in.")
    _, first = np.unique(codes, return_index=True)
    stamps = read_stamps(Rows(rows.where, rows.lines[first]), column.iloc[first])
    calendars = [instruments[one.underlying].calendar for one in named.contracts]
    expiries = np.array([one.name.expiry for one in named.contracts])
    times = np.zeros(len(rows), dtype=np.int64)
    for calendar in dict.fromkeys(calendars):
        here = np.array([one == calendar for one in calendars])[named.contract]
        each = _instants(stamps, TradingCalendar(calendar), codes, here, rows)
        late = here & (TradingCalendar(calendar).date_of(each)[codes] > expiries[named.contract])
        _check_expired(late, rows, named)
        times[here] = each[codes[here]]
    return times


def _instants(
    stamps: Stamps, calendar: TradingCalendar, codes: IntArray, here: BoolArray, rows: Rows
) -> IntArray:
    """What each of the different times is in UTC; dates count for the rows `here` alone."""
    if stamps.utc is not None:
        return stamps.utc
    if not stamps.date_only:
        raise DataError(
            f"{rows.at(0)}: the times name no time zone.",
            "Write them with an offset, 2024-01-31T15:45-05:00, or write dates alone.",
        )
    days = stamps.wall // DAY
    is_open = calendar.is_session(days)
    wrong = here & ~is_open[codes]
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{rows.at(row)}: {day_text(int(days[codes[row]]))} is not a session of "
            f"{calendar.name}.",
            "Correct the date, or write the time of the quote with its offset.",
        )
    found = stamps.wall.copy()
    found[is_open] = calendar.session_close_of(days[is_open])
    return found


def _check_expired(late: BoolArray, rows: Rows, named: _Named) -> None:
    if late.any():
        row = int(late.argmax())
        name = named.contracts[named.contract[row]].name
        raise DataError(
            f"{rows.at(row)}: {name.short} is quoted after it expired on {day_text(name.expiry)}.",
            "Correct the row, or remove it.",
        )
