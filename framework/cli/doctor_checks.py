"""The doctor's round: how far the connection came, and then everything that can be looked at."""

from __future__ import annotations

__all__ = ["examine"]

from collections.abc import Awaitable

from framework.brokers.ib.problems import ConnectError, LinkLostError, PacingError, RequestError
from framework.cli.broker_access import Looker, looking, offered
from framework.cli.doctor_account import check_balance, check_clock, check_orders, check_positions
from framework.cli.doctor_market import (
    check_contract,
    check_farms,
    check_history,
    check_market_data,
    check_pacing,
)
from framework.cli.doctor_nouns import NAMES, Check, Patience, Verdict, failed
from framework.config.environment import IbAccess
from framework.errors import DataError
from framework.session.guards import GuardError
from framework.session.masking import masked

_NO_ZONES = 174
"""Server version below which times name no time zone."""
_SERVER = frozenset({"not_running", "unreachable"})
_ACCOUNTS = frozenset({"account_not_managed", "several_accounts"})


async def examine(access: IbAccess, symbol: str, patience: Patience | None = None) -> list[Check]:
    """Look at everything, as far as one thing can be looked at without the other.

    Args:
        access: where.
        symbol: whose contract, quotes and history are tried.
        patience: how long is waited.
    """
    waits = patience or Patience()
    found = [_settings(access)]
    try:
        async with looking(access, waits.timings) as looker:
            found += await _connected(looker, symbol, waits)
    except ConnectError as error:
        found += _not_connected(offered(error, access), access)
    except GuardError as error:
        found += [*_reached(access), Check("accounts", Verdict.FAIL, error.problem, error.remedy)]
    names = {check.name for check in found}
    skipped = [Check(name, Verdict.SKIP, "not looked at") for name in NAMES if name not in names]
    return sorted(found + skipped, key=lambda check: NAMES.index(check.name))


def _settings(access: IbAccess) -> Check:
    account = masked(access.account) or "the login's one account"
    source = f"from {access.file}" if access.file is not None else "without a .env file"
    said = (
        f"{access.mode}, {access.program} at {access.host}:{access.port}, client id "
        f"{access.client_id}, {account}, {source}"
    )
    if access.warnings:
        return Check("settings", Verdict.WARN, said, " ".join(access.warnings))
    return Check("settings", Verdict.OK, said)


# how far the connection came ---------------------------------------------------------------------


def _reached(access: IbAccess) -> list[Check]:
    return [
        Check("server", Verdict.OK, f"{access.host}:{access.port} accepts connections"),
        Check("handshake", Verdict.OK, "TWS answers"),
    ]


def _not_connected(error: ConnectError, access: IbAccess) -> list[Check]:
    server, handshake = _reached(access)
    if error.cause in _SERVER:
        return [Check("server", Verdict.FAIL, error.problem, error.remedy)]
    if error.cause in _ACCOUNTS:
        accounts = Check("accounts", Verdict.FAIL, error.problem, error.remedy)
        return [server, handshake, accounts]
    return [server, Check("handshake", Verdict.FAIL, error.problem, error.remedy)]


async def _connected(looker: Looker, symbol: str, waits: Patience) -> list[Check]:
    timeout = waits.timings.answer
    found = [*_reached(looker.access), _version(looker), _accounts(looker)]
    try:
        found.append(await check_clock(looker, timeout))
    except (LinkLostError, RequestError) as error:
        return [*found, failed("clock", error)]  # who does not tell the time tells nothing
    found.append(await _tried("balance", check_balance(looker, timeout)))
    found.append(await _tried("positions", check_positions(looker, timeout)))
    found.append(await _tried("orders", check_orders(looker, timeout)))
    contract = await _tried("contract", check_contract(looker, symbol))
    found.append(contract)
    if contract.verdict is Verdict.OK:
        found.append(await _tried("market data", check_market_data(looker, symbol, waits.quote)))
        found.append(await _tried("history", check_history(looker, symbol)))
    return [*found, check_farms(looker), check_pacing(looker)]


async def _tried(name: str, check: Awaitable[Check]) -> Check:
    try:
        return await check
    except (DataError, LinkLostError, PacingError, RequestError) as error:
        return failed(name, error)


def _version(looker: Looker) -> Check:
    version = looker.link.ib.client.serverVersion()
    said = f"server version {version}"
    if version < _NO_ZONES:
        zone = looker.connection.settings.zone
        return Check(
            "version",
            Verdict.WARN,
            f"{said}, which names no time zone: its times are read as {zone}",
            f"Log TWS in with the time zone {zone}, or update it.",
        )
    return Check("version", Verdict.OK, said)


def _accounts(looker: Looker) -> Check:
    managed = ", ".join(map(masked, looker.link.accounts))
    return Check(
        "accounts", Verdict.OK, f"{masked(looker.account)}, {looker.access.mode}; of {managed}"
    )
