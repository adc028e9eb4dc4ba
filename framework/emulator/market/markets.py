"""Markets by what they are made of: made up, files, the samples, or bars somebody has."""

from __future__ import annotations

__all__ = ["bars_market", "file_market", "sample_market", "synthetic_market"]

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from framework.calendar import DAY
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.emulator.market.market import Market
from framework.emulator.market.numbers import Numbers
from framework.emulator.market.sources import BarsSource
from framework.emulator.market.synthetic import SyntheticSource
from framework.emulator.market.universe import bars_universe, default_universe
from framework.feeds.answers import FileAnswers
from framework.feeds.files import load_bars
from framework.feeds.sample import sample
from framework.options.model import OptionModel

POINTS = 12
"""Segments of a bar."""


def synthetic_market(
    start: int,
    *,
    seed: int = 7,
    points: int = POINTS,
    streaming: Collection[str] | None = None,
) -> Market:
    """The made-up market, open at all hours: AAPL, MSFT, SPY, ES futures, EUR.USD and SPX.

    Args:
        start: nanoseconds UTC.
        seed: of every price.
        points, streaming: see `Market`.
    """
    numbers = Numbers()
    entries, makers = default_universe(start // DAY, numbers)
    source = SyntheticSource(makers, seed)
    return Market(source, entries, numbers, start, points=points, streaming=streaming)


def bars_market(
    bars: Sequence[Bars],
    start: int | None = None,
    *,
    points: int = POINTS,
    options: Mapping[str, OptionModel] | None = None,
    streaming: Collection[str] | None = None,
    by_session: bool = False,
) -> Market:
    """A market that plays bars.

    Args:
        bars: one series for each symbol, of 1 minute to 1 day.
        start: nanoseconds UTC; None begins with the first bar.
        points, streaming, by_session: see `Market`.
        options: how options are listed and priced, by the underlying's symbol; None lists them on
            every stock and index at 20 %, {} lists none.

    Raises:
        DataError: the bars cannot be traded, or options on a symbol without bars.
    """
    source, numbers = BarsSource(bars), Numbers()
    entries = bars_universe(source.instruments.values(), numbers, options)
    if start is None:
        start = min(source.first(key) for key in source.instruments)
    return Market(
        source,
        entries,
        numbers,
        start,
        points=points,
        streaming=streaming,
        by_session=by_session,
    )


def file_market(
    path: Path,
    start: int | None = None,
    *,
    questions: FileAnswers | None = None,
    instruments: Mapping[str, Instrument] | None = None,
    symbols: Sequence[str] | None = None,
    frame: str | None = None,
    points: int = POINTS,
    options: Mapping[str, OptionModel] | None = None,
    streaming: Collection[str] | None = None,
    by_session: bool = False,
) -> Market:
    """A market that plays a file of bars, or a folder with one for each symbol.

    Args:
        path, questions, instruments, symbols, frame: see `load_bars`.
        start, points, options, streaming, by_session: see `bars_market`.

    Raises:
        DataError, ConfigError: see `load_bars` and `bars_market`.
    """
    asked = FileAnswers() if questions is None else questions
    loaded = load_bars(path, asked, instruments or {}, symbols, frame)
    return bars_market(
        loaded.bars,
        start,
        points=points,
        options=options,
        streaming=streaming,
        by_session=by_session,
    )


def sample_market(
    name: str = "sp500",
    start: int | None = None,
    *,
    symbols: Sequence[str] | None = None,
    frame: str | None = None,
    points: int = POINTS,
    options: Mapping[str, OptionModel] | None = None,
    streaming: Collection[str] | None = None,
    by_session: bool = False,
) -> Market:
    """A market that plays one of the framework's samples.

    Args:
        name, symbols, frame: see `sample`.
        start, points, options, streaming, by_session: see `bars_market`.

    Raises:
        ConfigError, DataError: see `sample` and `bars_market`.
    """
    bars = sample(name, symbols, frame).bars
    return bars_market(
        bars, start, points=points, options=options, streaming=streaming, by_session=by_session
    )
