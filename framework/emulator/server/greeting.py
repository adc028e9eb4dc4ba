"""The greeting once a client has said who it is: accounts, the next order id, data farms."""

from __future__ import annotations

__all__ = ["greet"]

from framework.emulator.protocol.answers import ManagedAccounts, NextValidId
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session

_FARMS = (
    (2104, "Market data farm connection is OK:emulator"),
    (2106, "HMDS data farm connection is OK:emulator"),
    (2158, "Sec-def data farm connection is OK:emulator"),
)
"""They say whose they are: what was traded here is no evidence of anything."""


def greet(hub: Hub, session: Session, client_id: int) -> bool:
    """Let a client in under its id; False if the id is in use, and the connection ends."""
    if session.client_id is not None:
        return False
    if client_id in hub.sessions:
        session.error(
            -1,
            326,
            "Unable to connect as the client id is already in use. Retry with a unique client id.",
        )
        session.wire.close()
        return False
    session.client_id = client_id
    hub.sessions[client_id] = session
    session.send(ManagedAccounts(",".join(hub.exchange.accounts)))
    session.send(NextValidId(hub.exchange.ids.next_order(client_id)))
    for code, text in _FARMS:
        session.error(-1, code, text)
    return True
