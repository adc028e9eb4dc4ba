"""GatewaySettings: where an emulator listens, whose accounts it keeps, and how strict it is."""

from __future__ import annotations

__all__ = ["LOOPBACK", "GatewaySettings"]

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from framework.errors import ConfigError

LOOPBACK = "127.0.0.1"
_IB_PORTS = frozenset({4001, 4002, 7496, 7497})
_HIGHEST_PORT = 65_535
_OLDEST, _NEWEST = 157, 178


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How an emulator serves.

    Attributes:
        host: address it listens on; only loopback unless `open_to_network`.
        port: 0 takes any free one.
        accounts: names; paper accounts begin with DU.
        zone: time zone it says it was logged in with.
        read_only: whether it takes no orders.
        messages_per_second: requests a client may send in a second; 0 for no limit.
        market_data_lines: streams of quotes at the same time, all clients together; 0 for no limit.
        paces_history: whether the limits of history requests are kept.
        ids_file: where ids are kept over restarts; None for nowhere.
        open_to_network: whether another address than loopback is wanted.
        max_version: the newest server version it speaks; a client's own may be older.
        ticks_per_second: further changes of sizes that are told, over all streams of quotes
            together: a load to test clients with.
        master_client: the client id that is told of everybody's orders and executions; None for
            nobody.
    """

    host: str = LOOPBACK
    port: int = 0
    accounts: tuple[str, ...] = ("DU1234567",)
    zone: str = "US/Eastern"
    read_only: bool = False
    messages_per_second: int = 50
    market_data_lines: int = 100
    paces_history: bool = True
    ids_file: Path | None = None
    open_to_network: bool = False
    max_version: int = 178
    ticks_per_second: int = 0
    master_client: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= _HIGHEST_PORT:
            raise ConfigError(f"The port is {self.port}.", "Give 1 to 65535, or 0 for a free one.")
        if self.port in _IB_PORTS:
            raise ConfigError(
                f"Port {self.port} belongs to TWS or IB Gateway.",
                "Choose another, so that nobody takes the emulator for the real thing.",
            )
        if not _OLDEST <= self.max_version <= _NEWEST:
            raise ConfigError(
                f"The newest version is {self.max_version}.", f"Give {_OLDEST} to {_NEWEST}."
            )
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                f"{self.zone!r} is no time zone.", "Give one such as US/Eastern or Europe/Berlin."
            ) from None
        if not self.accounts or any(not name.strip() or "," in name for name in self.accounts):
            raise ConfigError(f"The accounts are {self.accounts}.", "Name one or more: DU1234567.")
        if not self.open_to_network and not _is_loopback(self.host):
            raise ConfigError(
                f"The emulator would listen on {self.host}, where others can reach it.",
                f"Use {LOOPBACK}, or say --open-to-network if you mean it.",
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
