"""Bars from the user's own files: one file, or a folder with one file per symbol."""

from __future__ import annotations

__all__ = ["FileAnswers", "Loaded", "fingerprint", "load_bars"]

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from framework.domain.bars import Bars, PriceBasis
from framework.domain.instruments import Instrument
from framework.errors import DataError, did_you_mean
from framework.feeds.answers import FileAnswers, describe_gap, open_questions, resolve
from framework.feeds.resample import frame_name, resample
from framework.feeds.stamps import Stamps, read_stamps
from framework.feeds.table import SUFFIXES, Table, read_table, symbol_of
from framework.feeds.timing import place, spacing
from framework.feeds.validate import Prices, check_order, read_prices, split_gaps

_COARSE_TICK = 0.005
"""Share of the price from which on a tick is too coarse to be the instrument's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Bars and what is known of where they come from.

    Attributes:
        bars: one per symbol.
        answers: the answers as used; one is None where the files of a folder differ in it,
            and then each file answers it for itself again.
        guessed: names of the answers that neither a flag nor instruments.yaml gave.
        warnings: what the user ought to know, one sentence each.
        sha256: hash of the bars' content; the file's name and form do not count.
    """

    bars: tuple[Bars, ...]
    answers: FileAnswers
    guessed: tuple[str, ...]
    warnings: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    bars: Bars
    answers: FileAnswers
    guessed: tuple[str, ...]
    warnings: tuple[str, ...]


def load_bars(
    path: Path,
    questions: FileAnswers,
    instruments: Mapping[str, Instrument],
    symbols: Sequence[str] | None = None,
    frame: str | None = None,
) -> Loaded:
    """Load, validate and, if asked, resample bars.

    Args:
        path: a CSV (.csv, .txt, .gz of either) or Parquet file, or a folder of them; a file is
            named after its symbol.
        questions: the user's answers about the files; None where they are to be found out.
        instruments: facts of symbols that are not plain US stocks.
        symbols: which ones, in this order; None takes all, sorted.
        frame: bar length wanted; None keeps the files' own.

    Raises:
        DataError: a file is missing, empty, broken (the row is named), or leaves questions open.
        ConfigError: an unknown calendar, time zone or bar length.
    """
    files = _chosen(_files(path), path, symbols)
    loaded = [_load(file, symbol, questions, instruments) for symbol, file in files.items()]
    bars = tuple(file.bars if frame is None else resample(file.bars, frame) for file in loaded)
    for series in bars:
        if not len(series):
            raise DataError(f"{series.symbol} has no whole bar of {frame}.", "Use a shorter --bar.")
    guessed = {name for file in loaded for name in file.guessed}
    return Loaded(
        bars,
        _common([file.answers for file in loaded]),
        tuple(field.name for field in fields(FileAnswers) if field.name in guessed),
        tuple(warning for file in loaded for warning in file.warnings),
        fingerprint(bars),
    )


def fingerprint(bars: Sequence[Bars]) -> str:
    """SHA-256 of everything in `bars` that can change a run."""
    digest = hashlib.sha256()
    for series in bars:
        facts = (series.instrument, series.frame, series.prices.value, series.synthetic)
        digest.update(repr(facts).encode())
        for times in (series.close_time, series.session, series.session_close):
            digest.update(times.astype("<i8").tobytes())
        for column in (series.open, series.high, series.low, series.close, series.volume):
            digest.update(column.astype("<f8").tobytes())
        if series.regular is not None:
            digest.update(series.regular.tobytes())
    return digest.hexdigest()


def _files(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {symbol_of(path): path}
    if not path.is_dir():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = did_you_mean(path.name, siblings).split(" Known:")[0]
        remedy = near if near.startswith("Did") else "Check the path given with --data."
        raise DataError(f"There is no file or folder {path}.", remedy)
    found: dict[str, Path] = {}
    for entry in sorted(path.iterdir()):
        if entry.name.startswith(".") or not entry.name.lower().endswith(SUFFIXES):
            continue
        symbol = symbol_of(entry)
        if symbol in found:
            raise DataError(
                f"{path} has {found[symbol].name} and {entry.name} for one symbol.", "Remove one."
            )
        found[symbol] = entry
    if not found:
        raise DataError(
            f"The folder {path} has no file of bars.",
            f"Put in one file per symbol, ending in {', '.join(SUFFIXES)}.",
        )
    return found


def _chosen(files: dict[str, Path], path: Path, symbols: Sequence[str] | None) -> dict[str, Path]:
    if symbols is None:
        return files
    for symbol in symbols:
        if symbol not in files:
            raise DataError(
                f"There is no symbol {symbol!r} in {path}.", did_you_mean(symbol, files)
            )
    return {symbol: files[symbol] for symbol in symbols}


def _load(
    path: Path, symbol: str, questions: FileAnswers, instruments: Mapping[str, Instrument]
) -> _File:
    table = read_table(path)
    if not len(table):
        raise DataError(f"{path.name} has a header but no bars.", "Give a file with bars.")
    _one_symbol(table)
    stamps = read_stamps(table, *table.times)
    # Wall clocks may step back where clocks change; with a zone the order is checked in UTC.
    if stamps.utc is not None or questions.tz is None:
        check_order(table, stamps.wall if stamps.utc is None else stamps.utc)
    prices = read_prices(table)
    entry = instruments.get(symbol)
    given = replace(questions, calendar=questions.calendar or (entry.calendar if entry else None))
    answers = resolve(table, stamps, prices, questions, given.calendar)
    frame = "1d" if stamps.date_only else frame_name(spacing(table, np.sort(stamps.wall)))
    error = open_questions(table, stamps, prices, answers, frame)
    if error is not None:
        raise error
    placed = place(table, stamps, answers)
    kept = placed.kept
    instrument = replace(entry or Instrument(symbol), calendar=answers.calendar or "")
    prices = _meant(prices, answers)
    bars = Bars(
        instrument,
        placed.frame,
        placed.close_time,
        placed.session,
        placed.session_close,
        prices.open[kept],
        prices.high[kept],
        prices.low[kept],
        prices.close[kept],
        prices.volume[kept],
        PriceBasis(answers.prices or ""),
        regular=placed.regular,
    )
    warnings = (*prices.warnings, *placed.warnings, *_doubts(table, stamps, prices, answers))
    if entry is None:
        warnings += _coarse_tick(bars)
    return _File(bars, answers, _guessed(given, answers), warnings)


def _one_symbol(table: Table) -> None:
    if table.layout.symbol is None:
        return
    column = table.columns.iloc[:, table.layout.symbol]
    other = (column != column.iloc[0]).to_numpy(dtype=bool)
    if other.any():
        row = int(other.argmax())
        raise DataError(
            f"{table.at(row)}: {column.iloc[row]!s} after rows of {column.iloc[0]!s}.",
            "Give a folder with one file per symbol.",
        )


def _meant(prices: Prices, answers: FileAnswers) -> Prices:
    """The prices, scaled by the adjusted close where dividends are to be in them."""
    if answers.prices != "total" or prices.adjusted is None:
        return prices
    scale = prices.adjusted / prices.close
    return replace(
        prices,
        open=prices.open * scale,
        high=prices.high * scale,
        low=prices.low * scale,
        close=prices.close * scale,
    )


def _doubts(table: Table, stamps: Stamps, prices: Prices, answers: FileAnswers) -> tuple[str, ...]:
    if len(split_gaps(stamps.wall, prices)) == 0:
        return ()
    says = f"as --prices {answers.prices} says"
    if answers.prices != "raw":
        says = f"though --prices {answers.prices} says splits are adjusted for; repair it if not"
    gap = describe_gap(table, stamps, prices)
    return (f"{table.where}: {gap} It is traded as a real price move, {says}.",)


def _coarse_tick(bars: Bars) -> tuple[str, ...]:
    instrument, price = bars.instrument, float(np.median(bars.close))
    if instrument.tick <= _COARSE_TICK * price:
        return ()
    return (
        f"{bars.symbol}: order prices are rounded to the tick {instrument.tick:g}, "
        f"{instrument.tick / price:.1%} of the price. Give its own tick in data/instruments.yaml.",
    )


def _guessed(given: FileAnswers, answers: FileAnswers) -> tuple[str, ...]:
    names = [field.name for field in fields(FileAnswers) if field.name != "hours"]
    return tuple(
        name
        for name in names
        if getattr(given, name) is None and getattr(answers, name) is not None
    )


def _common(answers: Sequence[FileAnswers]) -> FileAnswers:
    """What all files answer alike."""
    first = answers[0]
    for field in fields(FileAnswers):
        values = {getattr(one, field.name) for one in answers}
        if len(values) > 1:
            first = replace(first, **{field.name: None})
    return first
