"""Honoured: what of a run no broker's wire could carry is refused by name, before anything runs."""

from __future__ import annotations

__all__ = ["check_honoured"]

from collections.abc import Sequence

import numpy as np

from framework.backtest.account import open_actions
from framework.backtest.run import check_bars
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.frames import frame_of, scheduled_closes
from framework.calendar import utc_text
from framework.components.financing import NoFinancing
from framework.domain.bars import Bars
from framework.errors import ConfigError, DataError
from framework.options.quotes import QuoteModel


def check_honoured(bars: Sequence[Bars], settings: BacktestSettings) -> None:
    """Whether a session can trade this as a backtest does.

    Raises:
        ConfigError: a setting that no order message can express, or whose money no message tells.
        DataError: bars that do not lie where the calendar of their instrument has them.
    """
    _check_policy(settings)
    check_bars(bars, settings, None)
    _check_money(bars, settings)
    for one in bars:
        _check_closes(one)


def _check_policy(settings: BacktestSettings) -> None:
    policy = settings.policy
    axes = list(policy.backtest_only)
    if policy.queue != "open_first":
        axes.append(f"queue={policy.queue}")
    if policy.intrabar == "finer":
        axes.append("intrabar=finer")
    if axes:
        raise ConfigError(
            f"The fill policy has {', '.join(axes)}, which no order at a broker can express.",
            "Leave it out for a session: --fill default.",
        )
    if isinstance(settings.options, QuoteModel):
        raise ConfigError(
            "The options of this run are priced from quotes of your own.",
            "Price them from a volatility for a session: --volatility 0.2.",
        )


def _check_money(bars: Sequence[Bars], settings: BacktestSettings) -> None:
    """What an account is paid or charged without a trade is told as a sum, without a reason."""
    if not isinstance(settings.financing, NoFinancing):
        raise ConfigError(
            "Interest and stock loans reach a session only as a change of the account's cash.",
            "Leave --financing out for a session.",
        )
    actions = open_actions(bars, settings)
    if actions:
        names = ", ".join(sorted({one.symbol for one in actions}))
        raise ConfigError(
            f"Dividends and splits of {names} reach a session only as changed cash and positions.",
            "Leave --actions out for a session, or give prices that contain them: --prices total.",
        )


def _check_closes(bars: Bars) -> None:
    """A broker's bars lie where the sessions of its exchange have them."""
    frame = frame_of(bars.frame)
    regular = bars.close_time if bars.regular is None else bars.close_time[bars.regular]
    if not len(regular):
        return
    first, last = int(regular[0]), int(regular[-1])
    known = scheduled_closes(frame, bars.instrument.calendar, first - 1, last)
    strange = np.setdiff1d(regular, known)
    if len(strange):
        raise DataError(
            f"{bars.symbol} has a {bars.frame} bar that closes at {utc_text(int(strange[0]))}; a "
            f"broker's bars of {bars.instrument.calendar} never close then.",
            "Name the calendar they are of: --calendar; or resample them with --bar.",
        )
