"""The plan of a session: what it trades has no bars yet, and some things no session can do."""

from __future__ import annotations

__all__ = ["LOCKS", "cargo_of", "check_session", "followed_signals", "session_plan"]

from dataclasses import replace
from pathlib import Path

import numpy as np

from framework.backtest.joining import check_joinable
from framework.config.heard import check_heard
from framework.config.market import Market, instruments
from framework.config.plan import Plan, plan_of, plan_on
from framework.config.request import Request
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError
from framework.feeds.answers import FileAnswers
from framework.feeds.files import fingerprint
from framework.session.bridge import Cargo
from framework.session.predictions import SignalFile

LOCKS = Path("~/.slipway/locks")
"""Where the locks between traders of this user are."""


def cargo_of(plan: Plan) -> Cargo:
    """What a session of this plan sails with."""
    return Cargo(plan.strategies, plan.parameters, replace(plan.settings, start=None))


def session_plan(request: Request) -> Plan:
    """The plan; symbols without a file are what the broker has under that name.

    Raises:
        InputError: something in it cannot be used, or nothing says what to trade.
    """
    request = replace(request, start=None, signals=None, signals_sha256=None)
    if request.data is not None:
        return plan_of(request)
    if request.traded is None:
        raise ConfigError(
            "Nothing says what is to be traded.",
            "Name it, such as --symbols SPY,QQQ; what a strategy is shown on is only a sample.",
        )
    known = instruments()
    frame = request.bar or "1d"
    bars = tuple(_nothing_yet(known.get(one, Instrument(one)), frame) for one in request.traded)
    return plan_on(request, Market(bars, FileAnswers("close", "UTC"), fingerprint(bars)))


def followed_signals(request: Request, plan: Plan) -> SignalFile | None:
    """The file of signals to be followed.

    Raises:
        ConfigError: no strategy hears any.
        DataError: it is not there, or no such file.
    """
    given = request.signals
    if given is None or not isinstance(given, str | Path):
        return None
    check_heard([one.cls for one in plan.members])
    zone = request.signals_tz or request.answers.tz
    return SignalFile(Path(given).expanduser(), zone, [one.symbol for one in plan.market.bars])


def _nothing_yet(instrument: Instrument, frame: str) -> Bars:
    none, no_time = np.empty(0), np.empty(0, dtype=np.int64)
    return Bars(instrument, frame, no_time, no_time, no_time, none, none, none, none, none)


def check_session(plan: Plan, is_shadow: bool) -> None:
    """Refuse what no session could do, before anything is connected."""
    check_joinable(plan.strategies, plan.settings)
    frames = {one.frame for one in plan.market.bars}
    if len(frames) > 1:
        raise ConfigError(
            f"The symbols have bars of several lengths: {', '.join(sorted(frames))}.",
            "Give one with --bar.",
        )
    for one in plan.market.bars:
        if one.instrument.type is AssetType.INDEX:
            raise ConfigError(
                f"{one.symbol} is an index, and an index cannot be traded.",
                "Trade a fund or a future on it, such as SPY or ES.",
            )
    policy = plan.settings.policy
    if is_shadow and policy.intrabar == "finer":
        raise ConfigError(
            "The fill policy wants finer bars, and a session has none.",
            "Choose another intrabar rule with --fill.",
        )
    axes = () if is_shadow else policy.backtest_only
    if axes:
        raise ConfigError(
            f"The fill policy has {', '.join(axes)}, which no broker can honour.",
            "Use another --fill; it is the broker that fills.",
        )
