"""Connecting: `connect` opens an account to be traded by hand, behind the guards of a session."""

from __future__ import annotations

__all__ = ["STANDING", "connect"]

import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.problems import ConnectError
from framework.brokers.ib.settings import Settings, Timings
from framework.components.limits import PriceCollar
from framework.components.registry import is_breaker
from framework.config.environment import Given, Mode, find_env_file, ib_access
from framework.config.market import instruments
from framework.config.parts import Many, limits_of, rules_of
from framework.domain.instruments import Instrument
from framework.engine.journal import JOURNAL_NAME, open_journal
from framework.engine.journal_lock import Berth
from framework.engine.ticket import Ticket
from framework.errors import ConfigError
from framework.ports import Breaker, RiskRule
from framework.session.ashore import Ashore, instrument_of
from framework.session.clock import WallClock
from framework.session.desk import Desk
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
from framework.session.helm import Helm
from framework.session.lockstep import ACCOUNT
from framework.session.masking import masked_text
from framework.session.orders import Sailing

STANDING: tuple[RiskRule, ...] = (PriceCollar(),)
"""Limits where none are named."""
EMULATOR = "EMULATOR, not Interactive Brokers"
_WORDS = {
    "mode": (
        "Live was asked for, and the configuration names no live account.",
        "Write IB_LIVE_ACCOUNT=U... into .env if real money is meant.",
    ),
    "account_missing": (
        "Live needs the account typed, too.",
        'Write connect("live", account="U..."), the account real money is in.',
    ),
}
"""What is said of objections that speak of flags and run files, which a script has none of."""
_NOBODY = frozenset({"not_running", "unreachable", "silent", "wrong_port", "refused"})
"""Diagnoses after which the emulator is offered."""
_OFFER = 'To try without: connect("paper", gateway="emulator").'
_OTHER_OFFER = " To try without:"
_LOCKS = Path("~/.slipway/locks")
_LINES = 1000
_LIBRARIES = ("ib_insync", "ib_async")


def connect(
    mode: Literal["paper", "live"] = "paper",
    *,
    account: str | None = None,
    host: str | None = None,
    port: int | None = None,
    client_id: int | None = None,
    journal: Path | str | None = None,
    limits: Many[RiskRule | Breaker] | None = None,
    adopt: bool = False,
    gateway: Literal["emulator"] | Ashore | None = None,
) -> Desk:
    """Open an account to be traded by hand: every order through the door, the guards and the
    journal of a session.

    What is not given is read from the environment and `.env` (IB_PAPER_..., IB_LIVE_...).

    Args:
        mode: whose money. Live needs IB_LIVE_ACCOUNT in `.env`, and the same account typed here.
        account: that is traded; of paper it may be left out, and is the login's only one.
        host, port, client_id: of TWS.
        journal: the file; `sessions/MODE-desk-CLIENT/journal.sqlite` without one.
        limits: asked about whatever increases risk, in the forms `run_backtest` takes them in,
            such as "max_shares:count=100"; a price collar of 10 % without any.
        adopt: take what the account holds besides as nobody's; else it keeps the desk closed.
        gateway: "emulator" for an emulated TWS in this process and a made-up market.

    Raises:
        GuardError: mode, account and what the broker reports do not agree; nothing was sent.
        UnreconciledError: the books differ; nothing was sent.
        ConnectError: there is no TWS, with its diagnosis.
        ConfigError: something given cannot be used.
    """
    given = STANDING if limits is None else limits_of(limits)
    for rule in given:
        if is_breaker(rule):
            raise ConfigError(
                f"{rule!r} watches an account from bar to bar, and a desk has no bars.",
                "Leave it to a strategy's session; give limits that judge an order.",
            )
    rules = rules_of(given)
    if gateway is not None:
        if mode != "paper":
            raise ConfigError(f"The emulator was asked for with {mode!r}.", "It is paper only.")
        return _on_emulator(Ashore() if gateway == "emulator" else gateway, journal, rules, adopt)
    whose = _mode(mode)
    said = Given(host, port, client_id, account)
    access = ib_access(whose, os.environ, find_env_file(), said)
    facts = _Facts(whose, account or "", _configured(whose))
    where = Settings(access.host, access.port, access.client_id, access.account)
    path = Path("sessions") / f"{mode}-desk-{access.client_id}" / JOURNAL_NAME
    sailing = Sailing(
        whose,
        where,
        path if journal is None else Path(journal),
        "1m",
        locks=_LOCKS.expanduser(),
        adopts=adopt,
    )
    found = [*port_objections(whose, access.port), *facts.objections(access.account)]
    if sailing.journal.exists():
        found += privacy_objections(sailing.journal, "The journal", whose)
    warnings = (*access.warnings, *insist(found))
    title = f"{mode} account {{account}}"
    return _opened(_Opening(title, sailing, rules, facts.check), warnings)


def _on_emulator(
    ashore: Ashore, journal: Path | str | None, rules: tuple[RiskRule, ...], adopt: bool
) -> Desk:
    """A desk on an emulator of its own."""
    folder = TemporaryDirectory(prefix="slipway-") if journal is None else None
    path = Path(journal or "") if folder is None else Path(folder.name) / JOURNAL_NAME
    settings = Settings(client_id=1, account=ACCOUNT)
    timings = Timings(first_wait=0.2, longest_wait=2.0)
    sailing = Sailing(Mode.PAPER, settings, path, "1m", adopts=adopt, timings=timings)
    facts = _Facts(Mode.PAPER, ACCOUNT, "")
    print(f"{EMULATOR}: prices, orders and money are simulated on this machine.")
    return _opened(_Opening(EMULATOR, sailing, rules, facts.check, ashore, folder), ())


@dataclass(frozen=True, slots=True)
class _Facts:
    """What must agree before anything is traded: the mode, the account typed, the one configured,
    and, once it is asked, the broker."""

    mode: Mode
    typed: str
    configured: str

    def objections(self, account: str) -> tuple[Objection, ...]:
        """What speaks against it before anything is connected."""
        if self.mode is Mode.LIVE:
            found = live_objections(self._live(None), connected=False)
            return tuple(_in_our_words(one) for one in found)
        return account_objections(Mode.PAPER, account) if account else ()

    def check(self, account: str, reported: tuple[str, ...]) -> None:
        """Whether the account is the one that is meant, now that the broker has said which it is.

        Raises:
            GuardError: it is not.
        """
        if self.mode is Mode.PAPER:
            insist(paper_objections(account, reported))
        else:
            insist(live_objections(self._live(reported), connected=True))

    def _live(self, reported: tuple[str, ...] | None) -> LiveFacts:
        """A script has no run file: naming the live account in `.env` is what says live there."""
        said = Mode.LIVE.value if self.configured else ""
        return LiveFacts(said, True, self.typed, reported, self.configured)


def _in_our_words(objection: Objection) -> Objection:
    """An objection with what is to be done about it in a script."""
    said = _WORDS.get(objection.cause)
    return objection if said is None else replace(objection, problem=said[0], remedy=said[1])


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a desk is opened with."""

    title: str
    sailing: Sailing
    rules: tuple[RiskRule, ...]
    check: Callable[[str, tuple[str, ...]], None]
    ashore: Ashore | None = None
    folder: TemporaryDirectory[str] | None = None


def _opened(opening: _Opening, warnings: Sequence[str]) -> Desk:
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    lines: deque[str] = deque((masked_text(one) for one in warnings), maxlen=_LINES)
    try:
        return Desk(opening.title, partial(_steered, opening, lines), lines)
    except ConnectError as error:
        remedy = masked_text(error.remedy)
        if error.cause in _NOBODY:
            remedy = f"{remedy.partition(_OTHER_OFFER)[0]} {_OFFER}"
        raise ConnectError(error.cause, masked_text(error.problem), remedy) from None


async def _steered(
    opening: _Opening, lines: deque[str], ready: Callable[[Helm], None]
) -> tuple[Ticket, ...]:
    """The session, from its connection to its end."""
    sailing, clock, lookup = opening.sailing, _wall(), _known()
    async with AsyncExitStack() as stack:
        if opening.folder is not None:
            stack.enter_context(opening.folder)
        if opening.ashore is not None:
            gateway = await opening.ashore.opened()
            stack.push_async_callback(gateway.close)
            sailing = replace(sailing, where=replace(sailing.where, port=gateway.port))
            clock, lookup = gateway.hub.clock, partial(instrument_of, gateway)
        where = sailing.where
        berth = Berth(where.host, where.port, where.client_id)
        synced = opening.ashore is None
        journal = open_journal(sailing.journal, berth, clock.now, sailing.locks, synced)
        stack.enter_context(journal)

        def say(text: str) -> None:
            lines.append(masked_text(text))

        helm = Helm(
            sailing, opening.rules, journal, clock, lookup, say, opening.check,
            allows_delayed=opening.ashore is None,
        )  # fmt: skip
        return await helm.steer(lambda: ready(helm))


def _wall() -> Clock:
    return WallClock()


def _known() -> Callable[[str], Instrument]:
    known = instruments()
    return lambda symbol: known.get(symbol, Instrument(symbol))


def _mode(mode: str) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        raise ConfigError(f"The mode is {mode!r}.", 'Give "paper" or "live".') from None


def _configured(mode: Mode) -> str:
    """The account the environment or `.env` names for a mode; empty where they name none."""
    try:
        return ib_access(mode, os.environ, find_env_file()).account
    except ConfigError:
        return ""
