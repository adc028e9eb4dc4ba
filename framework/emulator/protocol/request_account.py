"""What a client asks about itself and its accounts: session, positions, money, profit."""

from __future__ import annotations

__all__ = [
    "CancelAccountSummary",
    "CancelAccountUpdatesMulti",
    "CancelPnl",
    "CancelPnlSingle",
    "CancelPositions",
    "CancelPositionsMulti",
    "ReplaceFA",
    "ReqAccountSummary",
    "ReqAccountUpdates",
    "ReqAccountUpdatesMulti",
    "ReqCurrentTime",
    "ReqFamilyCodes",
    "ReqManagedAccts",
    "ReqPnl",
    "ReqPnlSingle",
    "ReqPositions",
    "ReqPositionsMulti",
    "ReqSoftDollarTiers",
    "ReqUserInfo",
    "RequestFA",
    "SetServerLogLevel",
    "StartApi",
    "VerifyAndAuthMessage",
    "VerifyAndAuthRequest",
    "VerifyMessage",
    "VerifyRequest",
]

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartApi:
    """The client says who it is; the first message after the handshake."""

    client_id: int
    optional_capabilities: str = ""


@dataclass(frozen=True, slots=True)
class ReqManagedAccts:
    """The accounts of this login."""


@dataclass(frozen=True, slots=True)
class ReqCurrentTime:
    """The server's time, in seconds."""


@dataclass(frozen=True, slots=True)
class SetServerLogLevel:
    """How much the server logs, 1 to 5."""

    log_level: int


@dataclass(frozen=True, slots=True)
class ReqPositions:
    """Every account's positions, and each change from then on."""


@dataclass(frozen=True, slots=True)
class CancelPositions:
    """No more changes of positions."""


@dataclass(frozen=True, slots=True)
class ReqPositionsMulti:
    """Positions of one account or model, and each change from then on."""

    req_id: int
    account: str
    model_code: str = ""


@dataclass(frozen=True, slots=True)
class CancelPositionsMulti:
    """No more changes of those positions."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqAccountUpdates:
    """One account's values and portfolio, from then on, or no more of them."""

    subscribe: bool
    account: str = ""


@dataclass(frozen=True, slots=True)
class ReqAccountUpdatesMulti:
    """Values of one account or model, from then on."""

    req_id: int
    account: str
    model_code: str = ""
    ledger_and_nlv: bool = False


@dataclass(frozen=True, slots=True)
class CancelAccountUpdatesMulti:
    """No more of those values."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqAccountSummary:
    """Some values of several accounts, from then on; tags are separated by commas."""

    req_id: int
    group: str
    tags: str


@dataclass(frozen=True, slots=True)
class CancelAccountSummary:
    """No more of that summary."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqPnl:
    """Profit and loss of an account, from then on."""

    req_id: int
    account: str
    model_code: str = ""


@dataclass(frozen=True, slots=True)
class CancelPnl:
    """No more of that profit."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqPnlSingle:
    """Profit and loss of one position, from then on."""

    req_id: int
    account: str
    model_code: str
    con_id: int


@dataclass(frozen=True, slots=True)
class CancelPnlSingle:
    """No more of that position's profit."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqFamilyCodes:
    """Which accounts belong together."""


@dataclass(frozen=True, slots=True)
class ReqUserInfo:
    """The login's branding."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqSoftDollarTiers:
    """Agreements on soft dollars."""

    req_id: int


@dataclass(frozen=True, slots=True)
class RequestFA:
    """A financial adviser's settings: 1 groups, 2 profiles, 3 aliases."""

    fa_data_type: int


@dataclass(frozen=True, slots=True)
class ReplaceFA:
    """New settings of a financial adviser, as XML."""

    fa_data_type: int
    xml: str
    req_id: int


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """A program proves who made it."""

    api_name: str
    api_version: str


@dataclass(frozen=True, slots=True)
class VerifyMessage:
    """The proof, continued."""

    api_data: str


@dataclass(frozen=True, slots=True)
class VerifyAndAuthRequest:
    """A program proves who made it, and by whom it is used."""

    api_name: str
    api_version: str
    opaque_isv_key: str


@dataclass(frozen=True, slots=True)
class VerifyAndAuthMessage:
    """The proof of maker and user, continued."""

    api_data: str
    xyz_response: str
