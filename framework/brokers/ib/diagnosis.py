"""Diagnosis: why no session came about, and what to do; each failure has a name and a remedy."""

from __future__ import annotations

__all__ = [
    "Reached",
    "account_not_managed",
    "diagnosed",
    "no_market_data",
    "read_only",
    "several_accounts",
]

from collections.abc import Sequence
from dataclasses import dataclass

from framework.brokers.ib.codes import Action, code_of
from framework.brokers.ib.facts import ErrorSeen
from framework.brokers.ib.problems import ConnectError, RequestError

_USUAL = "TWS listens on 7497 (paper) and 7496 (live), IB Gateway on 4002 and 4001"
_SETTINGS = "Global Configuration > API > Settings"


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a connection came.

    Attributes:
        host, port, client_id: of the connection.
        refused: whether nobody listens there.
        tcp: whether somebody accepted it.
        heard: bytes that came.
        version: of the server; 0 if it never said one.
        closed: whether the other side ended it.
        errors: what was said.
        cause: of the operating system, if any.
    """

    host: str
    port: int
    client_id: int
    refused: bool = False
    tcp: bool = False
    heard: int = 0
    version: int = 0
    closed: bool = False
    errors: Sequence[ErrorSeen] = ()
    cause: str = ""


def diagnosed(reached: Reached, seconds: float) -> ConnectError:
    """The named failure.

    Args:
        reached: how far it came.
        seconds: it was waited for.
    """
    where = f"{reached.host}:{reached.port}"
    said = _said(reached, where)
    if said is not None:
        return said
    if not reached.tcp:
        return _no_way(reached, where)
    if not reached.heard:
        return _silent(reached, where, seconds)
    return _no_session(reached, where, seconds)


def _said(reached: Reached, where: str) -> ConnectError | None:
    """What the other side itself said."""
    said = {code_of(one.code, one.text).action: one.text for one in reached.errors}
    if Action.CLIENT_ID_IN_USE in said:
        return ConnectError(
            "client_id_in_use",
            f"Another program is connected to {where} with client id {reached.client_id}.",
            "End it, or give this session a client id of its own; orders belong to the id that "
            "sent them.",
        )
    if Action.CONNECTION_LOST in said:
        return ConnectError(
            "not_logged_in",
            f"TWS at {where} is not connected with the broker: {said[Action.CONNECTION_LOST]}",
            "Log it in, and confirm the second factor on your phone.",
        )
    return None


def _no_way(reached: Reached, where: str) -> ConnectError:
    if reached.refused:
        return ConnectError(
            "not_running",
            f"Nobody listens at {where}.",
            f"Start TWS or IB Gateway and log in; {_USUAL}. To try without: --gateway emulator.",
        )
    return ConnectError(
        "unreachable",
        f"{where} cannot be reached{': ' + reached.cause if reached.cause else ''}.",
        "Check the host, and that no firewall is in between.",
    )


def _no_session(reached: Reached, where: str, seconds: float) -> ConnectError:
    if not reached.version:
        return ConnectError(
            "wrong_port",
            f"Something answers at {where}, and it is not TWS.",
            f"Check the port: {_USUAL}.",
        )
    if reached.closed:
        return ConnectError(
            "closed",
            f"TWS at {where} ended the connection before the session began.",
            f"Client id {reached.client_id} may be in use, or TWS is restarting.",
        )
    return ConnectError(
        "not_logged_in",
        f"TWS at {where} answers, and names no account within {seconds:g} seconds.",
        "It is not logged in yet: finish the login and the second factor, and close open dialogs.",
    )


def _silent(reached: Reached, where: str, seconds: float) -> ConnectError:
    if reached.closed:
        return ConnectError(
            "refused",
            f"TWS at {where} ends connections at once.",
            f"Add this machine to the trusted addresses: {_SETTINGS}.",
        )
    return ConnectError(
        "silent",
        f"Somebody accepts connections at {where} and says nothing for {seconds:g} seconds.",
        f"Enable the API in TWS ({_SETTINGS} > Enable ActiveX and Socket Clients) and close every "
        f"open dialog there, a login or a second factor among them; {_USUAL}.",
    )


def account_not_managed(account: str, managed: Sequence[str]) -> ConnectError:
    """The account asked for is none of the session's."""
    return ConnectError(
        "account_not_managed",
        f"Account {account} is none of this login's: {', '.join(managed)}.",
        "Correct the account, or log TWS in as its user.",
    )


def several_accounts(managed: Sequence[str]) -> ConnectError:
    """No account was named, and there are several."""
    return ConnectError(
        "several_accounts",
        f"This login manages {len(managed)} accounts: {', '.join(managed)}.",
        "Name the one to trade.",
    )


def read_only() -> ConnectError:
    """Orders are wanted, and the API takes none."""
    return ConnectError(
        "read_only",
        "The API of TWS is read-only: it takes no orders and shows none.",
        f"Switch off Read-Only API in TWS: {_SETTINGS}.",
    )


def no_market_data(symbol: str, code: int, text: str) -> RequestError:
    """The account does not get the data of a contract."""
    return RequestError(
        code,
        f"The broker gives no market data of {symbol} ({code}: {text}).",
        "Subscribe to its exchange in the Client Portal, share the live subscription with the "
        "paper account, or allow delayed data.",
    )
