"""The signals of a run: those of its file that its strategy will hear."""

from __future__ import annotations

__all__ = ["check_heard", "heard_signals"]

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from framework.calendar import DAY
from framework.config.market import Market
from framework.domain.events import Signal
from framework.errors import ConfigError, DataError, did_you_mean
from framework.feeds.signals import load_signals
from framework.strategy import Strategy


def heard_signals(
    given: str | Path | Sequence[Signal] | None,
    zone: str | None,
    expected: str | None,
    cls: type[Strategy],
    market: Market,
) -> tuple[tuple[Signal, ...], str | None, tuple[str, ...]]:
    """The signals of the traded symbols that can be heard, their file's hash, and warnings.

    Args:
        given: their file, or the signals.
        zone: time zone of the file's times.
        expected: hash the file must have; None for any.
        cls: who is to hear them.
        market: what is traded.

    Raises:
        ConfigError: the strategy hears none.
        DataError: the file is another one, or is of other symbols.
    """
    if given is None:
        return (), None, ()
    check_heard([cls])
    digest, signals = None, tuple(given) if not isinstance(given, str | Path) else ()
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        signals = load_signals(path, zone)
        digest = sha256(path.read_bytes()).hexdigest()
        if expected not in (None, digest):
            raise DataError(
                f"The signals of {path} are not those the run file was written with.",
                "Remove the line sha256 from the run file's signals to run on these.",
            )
    symbols = [series.symbol for series in market.bars]
    mine = tuple(signal for signal in signals if signal.symbol in symbols)
    others = sorted({signal.symbol for signal in signals} - set(symbols))
    if others and not mine:
        raise DataError(
            f"The signals are for {', '.join(others[:5])}, which is not traded.",
            did_you_mean(others[0], symbols),
        )
    warnings: tuple[str, ...] = ()
    if others:
        warnings = (
            f"{len(signals) - len(mine)} signals for symbols that are not traded were left out: "
            f"{', '.join(others[:5])}.",
        )
    heard, outside = _heard(mine, market, "signals" if digest is None else Path(str(given)).name)
    return heard, digest, (*warnings, *outside)


def check_heard(strategies: Sequence[type[Strategy]]) -> None:
    """Whether one of them hears signals at all.

    Raises:
        ConfigError: none does.
    """
    if all(cls.on_signal is Strategy.on_signal for cls in strategies):
        raise ConfigError(
            f"{strategies[0].__name__} has no on_signal: the signals would change nothing.",
            "Write on_signal(self, signal) in the strategy, or leave --signals out.",
        )


def _heard(
    signals: tuple[Signal, ...], market: Market, where: str
) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """The signals not older than the day of the first bar, and a warning about the others."""
    played = [market.finer.get(series.symbol, series) for series in market.bars]
    first = min(int(min(one.session[0], one.close_time[0] // DAY)) * DAY for one in played)
    last = max(int(one.close_time[-1]) for one in played)
    times = np.array([signal.time for signal in signals], dtype=np.int64)
    early, late = int((times < first).sum()), int((times > last).sum())
    kept = tuple(signal for signal in signals if signal.time >= first)
    if not early and not late:
        return kept, ()
    of = f" of {len(signals)} signals"
    older = f"{_are(early, of)} older than the first bar and {_were(early)} dropped"
    later = f"{_are(late, '' if early else of)} later than the last bar"
    facts = [text for text, count in ((older, early), (later, late)) if count]
    return kept, (f"{where}: {'; '.join(facts)}.",)


def _are(count: int, of: str) -> str:
    return f"{count}{of} {'is' if count == 1 else 'are'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
