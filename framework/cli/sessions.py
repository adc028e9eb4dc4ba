"""`slipway run --shadow`, `--paper` and `--live`: a session at Interactive Brokers, until Ctrl-C or
its work is done."""

from __future__ import annotations

__all__ = ["session_command"]

import asyncio
import os
import signal
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from framework.backtest.joining import check_joinable
from framework.brokers.ib.problems import ConnectError
from framework.brokers.ib.settings import Settings, restart_window
from framework.cli.broker_access import offered, quiet_library
from framework.cli.flags import RunFlags
from framework.cli.reporting import complain
from framework.config.doubts import strategy_doubts
from framework.config.environment import Given, IbAccess, Mode, find_env_file, ib_access
from framework.config.heard import check_heard
from framework.config.market import Market, instruments
from framework.config.plan import Plan, plan_of, plan_on
from framework.config.request import Request
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.engine.journal import JOURNAL_NAME, open_journal
from framework.engine.journal_lock import Berth
from framework.errors import ConfigError
from framework.feeds.answers import FileAnswers
from framework.feeds.files import fingerprint
from framework.session.bridge import Cargo
from framework.session.clock import WallClock
from framework.session.guards import (
    LiveFacts,
    Objection,
    account_objections,
    insist,
    live_objections,
    paper_objections,
    port_objections,
    privacy_objections,
)
from framework.session.masking import masked_text
from framework.session.orders import Sailing
from framework.session.predictions import SignalFile
from framework.session.shadowing import shadowed
from framework.session.voyage import Outcome, Voyage

_SHADOW_CLIENT_ID = 97
"""Of a session in shadow: neither a trading session's nor that of a command that looks."""

_LOCKS = Path("~/.slipway/locks")


def session_command(flags: RunFlags, request: Request, mode_said: str) -> int:
    """Trade until stopped; the exit code.

    Args:
        flags: as given.
        request: what they and the run file ask for.
        mode_said: the mode the run file names; empty if it names none.

    Raises:
        SlipwayError: it cannot begin; no order has left.
    """
    mode = Mode.LIVE if flags.live else Mode.PAPER
    access = ib_access(
        mode,
        os.environ,
        find_env_file(),
        Given(flags.host, flags.port, _client_id(flags), flags.broker_account),
    )
    plan = _plan(request)
    signals = _signals(request, plan)
    _check(plan, flags)
    journal = flags.journal or _journal_of(plan, flags.mode, access)
    _guard(flags, mode, access, journal, mode_said)
    has_signals = signals is not None
    doubts = (strategy_doubts(one.cls, has_signals=has_signals) for one in plan.members)
    say = shadowed(_say) if flags.shadow else _say
    for warning in (*access.warnings, *chain.from_iterable(doubts)):
        say(warning)
    sailing = Sailing(
        mode,
        Settings(
            access.host, access.port, access.client_id, access.account, trades=not flags.shadow
        ),
        journal,
        plan.market.bars[0].frame,
        locks=_LOCKS.expanduser(),
        history=flags.history,
        adopts=flags.adopt,
        once=flags.once,
        at_end="cancel" if flags.cancel_at_end else "keep",
        fills="simulated" if flags.shadow else "broker",
        market_data=request.market_data or "live",
        window=restart_window(flags.tws_restart),
        what_if=request.what_if or "never",
    )
    quiet_library()
    try:
        outcome = asyncio.run(_sailed(plan, sailing, flags, mode_said, signals))
    except ConnectError as error:
        raise offered(error, access) from error
    say(f"ended: {outcome.reason}; {outcome.working} orders left working; journal {journal}")
    return outcome.exit_code


async def _sailed(
    plan: Plan, sailing: Sailing, flags: RunFlags, mode_said: str, signals: SignalFile | None
) -> Outcome:
    clock = WallClock()
    cargo = Cargo(plan.strategies, plan.parameters, replace(plan.settings, start=None))
    berth = Berth(sailing.where.host, sailing.where.port, sailing.where.client_id)
    with open_journal(sailing.journal, berth, clock.now, sailing.locks) as journal:
        voyage = Voyage(
            cargo,
            [one.instrument for one in plan.market.bars],
            sailing,
            journal,
            clock,
            _say,
            None if flags.shadow else partial(_insist_on_account, sailing.mode, flags, mode_said),
            signals,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, voyage.stop, "stopped by the user")
        return await voyage.sail()


def _insist_on_account(
    mode: Mode, flags: RunFlags, mode_said: str, account: str, reported: tuple[str, ...]
) -> None:
    """Whether the account is the one that is meant, now that the broker has said which it is."""
    if mode is Mode.PAPER:
        insist(paper_objections(account, reported))
        return
    facts = LiveFacts(mode_said, True, flags.broker_account or "", reported, account)
    insist(live_objections(facts, connected=True))


def _plan(request: Request) -> Plan:
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


def _signals(request: Request, plan: Plan) -> SignalFile | None:
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


def _check(plan: Plan, flags: RunFlags) -> None:
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
    if flags.shadow and policy.intrabar == "finer":
        raise ConfigError(
            "The fill policy wants finer bars, and a session has none.",
            "Choose another intrabar rule with --fill.",
        )
    axes = () if flags.shadow else policy.backtest_only
    if axes:
        raise ConfigError(
            f"The fill policy has {', '.join(axes)}, which no broker can honour.",
            "Use another --fill; it is the broker that fills.",
        )


def _guard(flags: RunFlags, mode: Mode, access: IbAccess, journal: Path, mode_said: str) -> None:
    """Whether it may begin, as far as that is known before anything is connected. What cannot send
    an order may look through any login."""
    found = [] if flags.shadow else _trading_objections(flags, mode, access, mode_said)
    if journal.exists():
        found += privacy_objections(journal, "The journal", mode)
    for warning in insist(found):
        _say(warning)


def _trading_objections(
    flags: RunFlags, mode: Mode, access: IbAccess, mode_said: str
) -> list[Objection]:
    found = [*port_objections(mode, access.port)]
    if mode is Mode.LIVE:
        facts = LiveFacts(mode_said, True, flags.broker_account or "", configured=access.account)
        found += live_objections(facts, connected=False)
    elif access.account:
        found += account_objections(mode, access.account)
    return found


def _client_id(flags: RunFlags) -> int | None:
    """The client id given; a session in shadow keeps out of the way of the one that trades."""
    if flags.shadow and flags.client_id is None:
        return _SHADOW_CLIENT_ID
    return flags.client_id


def _journal_of(plan: Plan, mode: str, access: IbAccess) -> Path:
    name = plan.found.source.rpartition("/")[2].removesuffix(".py").replace(":", "-")
    return Path("sessions") / f"{mode}-{name}-{access.client_id}" / JOURNAL_NAME


def _say(text: str) -> None:
    complain(masked_text(text))
