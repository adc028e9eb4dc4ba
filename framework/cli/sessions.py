"""`slipway run --shadow`, `--paper` and `--live`: a session at Interactive Brokers, until Ctrl-C or
its work is done."""

from __future__ import annotations

__all__ = ["session_command"]

import asyncio
import os
import signal
from functools import partial
from itertools import chain
from pathlib import Path
from time import time_ns

from framework.brokers.ib.problems import ConnectError
from framework.brokers.ib.settings import Settings, restart_window
from framework.cli.broker_access import offered, quiet_library
from framework.cli.flags import RunFlags
from framework.cli.live_gate import Pass, live_pass
from framework.cli.reporting import complain
from framework.cli.session_memory import Memory, write_memory
from framework.cli.session_plan import (
    LOCKS,
    cargo_of,
    check_session,
    followed_signals,
    session_plan,
)
from framework.cli.session_watchers import SessionWatchers
from framework.config.doubts import strategy_doubts
from framework.config.environment import Given, IbAccess, Mode, find_env_file, ib_access
from framework.config.plan import Plan
from framework.config.request import request_of
from framework.config.runfile import RunFile
from framework.engine.journal import JOURNAL_NAME, open_journal
from framework.engine.journal_lock import Berth
from framework.errors import SlipwayError
from framework.operations.happenings import Happening, Kind
from framework.operations.sessions import SESSIONS
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
from framework.session.outcome import Outcome
from framework.session.predictions import SignalFile
from framework.session.shadowing import NOTE
from framework.session.voyage import Voyage

_SHADOW_CLIENT_ID = 97
"""Of a session in shadow: neither a trading session's nor that of a command that looks."""


def session_command(flags: RunFlags, run_file: RunFile) -> int:
    """Trade until stopped; the exit code.

    Args:
        flags: as given.
        run_file: what they and the run file ask for together.

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
    request = request_of(run_file)
    plan = session_plan(request)
    signals = followed_signals(request, plan)
    check_session(plan, flags.shadow)
    journal = flags.journal or _journal_of(plan, flags.mode, access)
    mode_said = run_file.mode or ""
    _guard(flags, mode, access, journal, mode_said)
    allowed = live_pass(plan, flags.live, flags.not_ready)
    has_signals = signals is not None
    doubts = (strategy_doubts(one.cls, has_signals=has_signals) for one in plan.members)
    mark = NOTE if flags.shadow else ""
    for warning in (*access.warnings, *chain.from_iterable(doubts), *allowed.said):
        _say(mark + warning)
    sailing = _sailing(flags, mode, access, journal, plan, allowed)
    watchers = SessionWatchers(
        journal.parent, sailing.name, plan.title, run_file.alert, run_file.trades, access.account
    )
    _remember(flags, access, run_file, sailing)
    quiet_library()
    try:
        outcome = asyncio.run(_sailed(plan, sailing, flags, mode_said, watchers, signals))
    except ConnectError as error:
        watchers.note(_failed(error))
        raise offered(error, access) from error
    except SlipwayError as error:
        watchers.note(_failed(error))
        raise
    finally:
        watchers.close()
    _say(f"{mark}journal: {journal}")
    return outcome.exit_code


def _sailing(
    flags: RunFlags, mode: Mode, access: IbAccess, journal: Path, plan: Plan, allowed: Pass
) -> Sailing:
    return Sailing(
        mode,
        Settings(
            access.host, access.port, access.client_id, access.account, trades=not flags.shadow
        ),
        journal,
        plan.market.bars[0].frame,
        locks=LOCKS.expanduser(),
        history=flags.history,
        adopts=flags.adopt,
        once=flags.once,
        at_end="cancel" if flags.cancel_at_end else "keep",
        fills="simulated" if flags.shadow else "broker",
        market_data=plan.request.market_data or "live",
        window=restart_window(flags.tws_restart),
        what_if=plan.request.what_if or "never",
        code=allowed.subject.code,
        config=allowed.subject.config,
        cap=allowed.cap,
        override=allowed.override,
    )


async def _sailed(
    plan: Plan,
    sailing: Sailing,
    flags: RunFlags,
    mode_said: str,
    watchers: SessionWatchers,
    signals: SignalFile | None,
) -> Outcome:
    clock = WallClock()
    berth = Berth(sailing.where.host, sailing.where.port, sailing.where.client_id)
    with open_journal(sailing.journal, berth, clock.now, sailing.locks) as journal:
        voyage = Voyage(
            cargo_of(plan),
            [one.instrument for one in plan.market.bars],
            sailing,
            journal,
            clock,
            watchers.take,
            None if flags.shadow else partial(_insist_on_account, sailing.mode, flags, mode_said),
            watchers.look,
            signals,
        )
        watchers.is_emulated = lambda: voyage.is_emulated
        watchers.record = voyage.record
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, voyage.stop, "stopped by the user")
        return await voyage.sail()


def _remember(flags: RunFlags, access: IbAccess, run_file: RunFile, sailing: Sailing) -> None:
    """Write down how the session was started; without it, it can only be stopped while it lives."""
    memory = Memory(
        mode=sailing.name,
        run=run_file.model_dump(by_alias=True, mode="json", exclude_none=True),
        where=str(Path.cwd()),
        host=access.host,
        port=access.port,
        client_id=access.client_id,
        account=access.account,
        journal=sailing.journal.name,
        history=flags.history,
    )
    try:
        write_memory(sailing.journal.parent, memory)
    except OSError as error:
        _say(f"how this session was started could not be written down: {error.strerror}")


def _failed(error: SlipwayError) -> Happening:
    return Happening(time_ns(), Kind.ERROR, f"it has ended: {masked_text(str(error))}")


def _insist_on_account(
    mode: Mode, flags: RunFlags, mode_said: str, account: str, reported: tuple[str, ...]
) -> None:
    """Whether the account is the one that is meant, now that the broker has said which it is."""
    if mode is Mode.PAPER:
        insist(paper_objections(account, reported))
        return
    facts = LiveFacts(mode_said, True, flags.broker_account or "", reported, account)
    insist(live_objections(facts, connected=True))


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
    return SESSIONS / f"{mode}-{name}-{access.client_id}" / JOURNAL_NAME


def _say(text: str) -> None:
    complain(masked_text(text))
