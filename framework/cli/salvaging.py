"""Salvaging: a dead session's orders cancelled, and its positions closed, by us in its place: with
its journal, its strategy and its client id, because orders belong to the id that sent them."""

from __future__ import annotations

__all__ = ["salvaged"]

import asyncio
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from framework.brokers.ib.settings import Settings
from framework.cli.broker_access import quiet_library
from framework.cli.reporting import complain
from framework.cli.session_memory import Memory, read_memory
from framework.cli.session_plan import LOCKS, cargo_of, session_plan
from framework.config.environment import Mode
from framework.config.masks import masked_text
from framework.config.request import request_of
from framework.config.runfile import validate
from framework.engine.journal import open_journal
from framework.engine.journal_errors import DivergenceError
from framework.engine.journal_lock import Berth
from framework.errors import InputError
from framework.operations.stop_flag import Strike
from framework.session.cancelling import Canceller
from framework.session.clock import WallClock
from framework.session.guards import LiveFacts, insist, live_objections, paper_objections
from framework.session.holding import shelf_of
from framework.session.orders import Sailing
from framework.session.salvage import HASTE, Salvage
from framework.session.striking import Aftermath


def salvaged(
    folder: Path, strike: Strike, everything: bool, patience: float
) -> Mapping[str, object]:
    """What has come of it, as a session would have answered.

    Args:
        folder: of the session.
        strike: what is asked for.
        everything: whether other people's orders are to be cancelled, too.
        patience: seconds to wait for the proof.

    Raises:
        SlipwayError: it cannot be done.
    """
    memory = read_memory(folder)
    quiet_library()
    journal = folder.resolve() / memory.journal
    with chdir(memory.where):
        try:
            aftermath = asyncio.run(_salvage(memory, journal, strike, everything, patience))
        except (InputError, DivergenceError) as error:
            if memory.mode == "shadow":
                raise
            complain(f"{error} So its strategy cannot be played again; its orders are cancelled by "
                     "what the journal says, and positions are yours to close.")  # fmt: skip
            aftermath = asyncio.run(_cancel(memory, journal, patience))
    if strike.flattens and aftermath.kept:
        aftermath = _unclosed(aftermath, strike)
    return {"done": aftermath.is_done, "text": str(aftermath), **asdict(aftermath)}


async def _salvage(
    memory: Memory, path: Path, strike: Strike, everything: bool, patience: float
) -> Aftermath:
    plan = session_plan(request_of(validate(memory.run, "the session", {})))
    mode = Mode.LIVE if memory.mode == Mode.LIVE.value else Mode.PAPER
    is_shadow = memory.mode == "shadow"
    sailing = Sailing(
        mode,
        Settings(memory.host, memory.port, memory.client_id, memory.account, trades=not is_shadow),
        path,
        plan.market.bars[0].frame,
        locks=LOCKS.expanduser(),
        history=memory.history,
        fills="simulated" if is_shadow else "broker",
        market_data="none",
        timings=HASTE,
    )

    clock = WallClock()
    berth = Berth(memory.host, memory.port, memory.client_id)
    with open_journal(path, berth, clock.now, sailing.locks) as journal:
        voyage = Salvage(
            cargo_of(plan),
            [one.instrument for one in plan.market.bars],
            sailing,
            journal,
            clock,
            lambda happening: complain(masked_text(happening.text, (memory.account,))),
            None if is_shadow else partial(_check, memory),
        )
        return await voyage.salvage(strike, everything, patience)


async def _cancel(memory: Memory, path: Path, patience: float) -> Aftermath:
    """Cancel what the journal says may still trade, while nobody else writes it."""
    clock = WallClock()
    berth = Berth(memory.host, memory.port, memory.client_id)
    with open_journal(path, berth, clock.now, LOCKS.expanduser()):
        settings = Settings(memory.host, memory.port, memory.client_id, memory.account)
        canceller = Canceller(shelf_of(path), settings, clock, partial(_check, memory))
        return await canceller.cancel(patience)


def _check(memory: Memory, account: str, reported: tuple[str, ...]) -> None:
    """Whether the account is the one the session traded."""
    if memory.mode == Mode.PAPER.value:
        insist(paper_objections(account, reported))
        return
    facts = LiveFacts(memory.mode, True, memory.account, reported, account)
    insist(live_objections(facts, connected=True))


def _unclosed(aftermath: Aftermath, strike: Strike) -> Aftermath:
    """What was to be closed and was not is told as such."""
    symbols = {text: text.rpartition(" ")[2] for text in aftermath.kept}
    held = tuple(text for text, symbol in symbols.items() if symbol not in strike.exclude)
    kept = tuple(text for text, symbol in symbols.items() if symbol in strike.exclude)
    return replace(aftermath, held=held, kept=kept)
