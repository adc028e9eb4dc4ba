"""Salvaging: a dead session's orders cancelled, and its positions closed, by us in its place: with
its journal, its strategy and its client id, because orders belong to the id that sent them."""

from __future__ import annotations

__all__ = ["salvaged"]

import asyncio
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import asdict
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
from framework.engine.journal_lock import Berth
from framework.operations.stop_flag import Strike
from framework.session.clock import WallClock
from framework.session.guards import LiveFacts, insist, live_objections, paper_objections
from framework.session.orders import Sailing
from framework.session.salvage import Salvage
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
        aftermath = asyncio.run(_salvage(memory, journal, strike, everything, patience))
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
        cap=memory.cap,
    )

    def check(account: str, reported: tuple[str, ...]) -> None:
        if mode is Mode.PAPER:
            insist(paper_objections(account, reported))
        else:
            facts = LiveFacts(mode.value, True, memory.account, reported, account)
            insist(live_objections(facts, connected=True))

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
            None if is_shadow else check,
        )
        return await voyage.salvage(strike, everything, patience)
