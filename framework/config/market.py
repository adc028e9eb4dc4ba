"""The bars of a run: found, loaded, resampled and cut, with what is known of them."""

from __future__ import annotations

__all__ = ["DataSource", "Market", "instruments", "load_market", "on_venue_grids"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from framework.components.venue.prices import MinimumTick, on_venue_grid
from framework.config.places import folders
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.errors import ConfigError, DataError, did_you_mean
from framework.feeds.answers import FileAnswers
from framework.feeds.files import Loaded, fingerprint, load_bars
from framework.feeds.instruments import load_instruments
from framework.feeds.ranges import between, day_range
from framework.feeds.resample import resample
from framework.feeds.sample import SAMPLES, sample
from framework.ports import OrderRule

DataSource = str | Path | Bars | Sequence[Bars]
"""A sample's name, a file or folder, or bars that are already there."""


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What a run trades on.

    Attributes:
        bars: one per symbol, in the order asked for.
        finer: by symbol, the bars they were made of; empty when nothing was resampled.
        sample: name of the sample they are, None for others.
        path: where they were read, None for others.
        answers: what their rows mean.
        guessed: names of the answers nobody gave.
        warnings: what the user ought to know, one sentence each.
        sha256: hash of the bars as loaded, in the range asked for.
    """

    bars: tuple[Bars, ...]
    answers: FileAnswers
    sha256: str
    finer: Mapping[str, Bars] = field(default_factory=dict)
    sample: str | None = None
    path: str | None = None
    guessed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What they are, in a few words."""
        return f"sample {self.sample}" if self.sample else self.path or "bars in memory"

    @property
    def frame(self) -> str | None:
        """The bar length, None where the symbols differ in it."""
        frames = {series.frame for series in self.bars}
        return frames.pop() if len(frames) == 1 else None


def load_market(
    source: DataSource,
    questions: FileAnswers,
    symbols: Sequence[str] | None = None,
    bar: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> Market:
    """Load bars, resample them and cut them to a range.

    Args:
        source: where from; a text that names a sample is that sample.
        questions: the user's answers about the files.
        symbols: which ones, in this order; None takes all.
        bar: bar length wanted; None keeps their own.
        first, last: days of the range, None for all there are.

    Raises:
        DataError: a file is missing, broken or leaves a question open; a symbol, or a bar in the
            range, is not there.
        ConfigError: an unknown sample, calendar, zone, bar length or date.
    """
    if symbols is not None:
        _check_symbols(symbols)
    loaded = _load(source, questions, symbols)
    bars, finer = [], {}
    for series in loaded.bars:
        coarse = series if bar is None else resample(series, bar)
        if not len(coarse):
            raise DataError(f"{series.symbol} has no whole bar of {bar}.", "Use a shorter --bar.")
        start, end = day_range(first, last, series.instrument.calendar)
        cut = between(coarse, start, end)
        bars.append(cut)
        if coarse is not series:
            finer[series.symbol] = _made_of(series, coarse, cut)
    named = isinstance(source, str) and source in SAMPLES
    return Market(
        bars=tuple(bars),
        answers=loaded.answers,
        sha256=fingerprint([finer.get(series.symbol, series) for series in bars]),
        finer=finer,
        sample=str(source) if named else None,
        path=str(source) if isinstance(source, str | Path) and not named else None,
        guessed=loaded.guessed,
        warnings=loaded.warnings,
    )


def on_venue_grids(market: Market, rules: Sequence[OrderRule]) -> Market:
    """The market with the price steps its exchanges prescribe, if a rule asks for them."""
    ticks = [rule for rule in rules if isinstance(rule, MinimumTick)]
    if not ticks:
        return market
    table = ticks[0].table
    bars = tuple(
        replace(one, instrument=on_venue_grid(one.instrument, int(one.session[-1]), table))
        if len(one)
        else one
        for one in market.bars
    )
    return replace(market, bars=bars)


def _load(source: DataSource, questions: FileAnswers, symbols: Sequence[str] | None) -> Loaded:
    if isinstance(source, str) and source in SAMPLES:
        found = sample(source, symbols)
        _check_answers(source, questions, found.answers)
        return found
    if isinstance(source, str | Path):
        return _load_files(source, questions, symbols)
    if isinstance(source, Bars):
        return _in_memory([source], symbols)
    if not isinstance(source, list | tuple) or not all(isinstance(one, Bars) for one in source):
        raise ConfigError(
            f"The data are {type(source).__name__}.",
            "Give a sample's name, a path, Bars, or a list of Bars.",
        )
    return _in_memory(source, symbols)


def _load_files(
    source: str | Path, questions: FileAnswers, symbols: Sequence[str] | None
) -> Loaded:
    path = Path(source).expanduser()
    if isinstance(source, str) and not path.exists() and path.name == source and not path.suffix:
        raise ConfigError(
            f"There is no sample, file or folder {source!r}.",
            f"Samples: {did_you_mean(source, SAMPLES)}",
        )
    try:
        return load_bars(path, questions, instruments(), symbols)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", "Check it.") from error


def _in_memory(bars: Sequence[Bars], symbols: Sequence[str] | None) -> Loaded:
    by_symbol = {series.symbol: series for series in bars}
    for symbol in symbols or ():
        if symbol not in by_symbol:
            raise DataError(f"There is no symbol {symbol!r}.", did_you_mean(symbol, by_symbol))
    chosen = tuple(by_symbol[symbol] for symbol in symbols) if symbols else tuple(bars)
    calendars = {series.instrument.calendar for series in chosen}
    answers = FileAnswers("close", "UTC", calendars.pop() if len(calendars) == 1 else None)
    return Loaded(chosen, answers, (), (), fingerprint(chosen))


def instruments() -> dict[str, Instrument]:
    """Facts by symbol; the working directory's own file has the last word."""
    found: dict[str, Instrument] = {}
    for folder in reversed(folders("data")):
        if (folder / "instruments.yaml").is_file():
            found.update(load_instruments(folder / "instruments.yaml"))
    return found


def _check_symbols(symbols: Sequence[str]) -> None:
    if not symbols or "" in symbols:
        raise ConfigError("A symbol is empty.", "Give them as --symbols AAPL,MSFT.")
    for symbol in symbols:
        if list(symbols).count(symbol) > 1:
            raise ConfigError(f"The symbol {symbol} is given twice.", "Give it once.")


def _check_answers(name: str, asked: FileAnswers, known: FileAnswers) -> None:
    for item in fields(FileAnswers):
        answer = getattr(asked, item.name)
        if answer is not None and answer != getattr(known, item.name):
            raise ConfigError(
                f"The sample {name} has {item.name} {getattr(known, item.name)}, not {answer}.",
                f"Leave --{item.name} out; it answers for files of your own.",
            )


def _made_of(fine: Bars, coarse: Bars, cut: Bars) -> Bars:
    """The fine bars that make the coarse bars of the range."""
    if coarse.regular is None and fine.regular is not None:
        fine = replace(fine.where(fine.regular), regular=None)
    row = int(np.searchsorted(coarse.close_time, cut.close_time[0]))
    after = coarse.close_time[row - 1] if row else fine.close_time[0] - 1
    start, stop = np.searchsorted(fine.close_time, [after, cut.close_time[-1]], side="right")
    return fine.take(int(start), int(stop))
