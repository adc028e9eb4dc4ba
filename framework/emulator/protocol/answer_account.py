"""What the server tells of the session and the accounts: errors, positions, money, profit."""

from __future__ import annotations

__all__ = [
    "AccountDownloadEnd",
    "AccountSummary",
    "AccountSummaryEnd",
    "AccountUpdateMulti",
    "AccountUpdateMultiEnd",
    "CurrentTime",
    "Error",
    "FamilyCode",
    "FamilyCodes",
    "ManagedAccounts",
    "Pnl",
    "PnlSingle",
    "Position",
    "PositionEnd",
    "PositionMulti",
    "PositionMultiEnd",
    "ReceiveFA",
    "ReplaceFAEnd",
    "SoftDollarTiers",
    "UpdateAccountTime",
    "UpdateAccountValue",
    "UpdatePortfolio",
    "UserInfo",
    "VerifyAndAuthCompleted",
    "VerifyAndAuthMessageApi",
    "VerifyCompleted",
    "VerifyMessageApi",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.contract import C11, WireContract
from framework.emulator.protocol.kinds import ESCAPED, SHORT, SIZE
from framework.emulator.protocol.layout import Rows, Since
from framework.emulator.protocol.order import SoftDollarTier


@dataclass(frozen=True, slots=True)
class Error:
    """An error, a warning or a notice; req_id is -1 where it is about no request."""

    req_id: int
    code: int
    message: Annotated[str, ESCAPED]
    advanced_reject: Annotated[str, ESCAPED, Since(166)] = ""


@dataclass(frozen=True, slots=True)
class CurrentTime:
    """The server's time in seconds."""

    time: int


@dataclass(frozen=True, slots=True)
class ManagedAccounts:
    """The login's accounts, separated by commas."""

    accounts: str


@dataclass(frozen=True, slots=True)
class UpdateAccountValue:
    """One value of an account."""

    key: str
    value: str
    currency: str
    account: str


@dataclass(frozen=True, slots=True)
class UpdatePortfolio:
    """One position with its value; here the contract comes without exchange."""

    contract: Annotated[
        WireContract,
        Rows(
            "con_id symbol sec_type last_trade_date strike right multiplier primary_exchange"
            " currency local_symbol trading_class"
        ),
    ]
    position: Annotated[float, SHORT]
    market_price: float
    market_value: float
    average_cost: float
    unrealized_pnl: float
    realized_pnl: float
    account: str


@dataclass(frozen=True, slots=True)
class UpdateAccountTime:
    """When the account's values were taken, HH:MM."""

    time_stamp: str


@dataclass(frozen=True, slots=True)
class AccountDownloadEnd:
    """The account's values are complete."""

    account: str


@dataclass(frozen=True, slots=True)
class AccountUpdateMulti:
    """One value of an account or model."""

    req_id: int
    account: str
    model_code: str
    key: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class AccountUpdateMultiEnd:
    """Those values are complete."""

    req_id: int


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """One value of a summary."""

    req_id: int
    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class AccountSummaryEnd:
    """The summary is complete."""

    req_id: int


@dataclass(frozen=True, slots=True)
class Position:
    """One position; the average cost includes the multiplier."""

    account: str
    contract: Annotated[WireContract, C11]
    position: Annotated[float, SHORT]
    avg_cost: float


@dataclass(frozen=True, slots=True)
class PositionEnd:
    """That were all positions."""


@dataclass(frozen=True, slots=True)
class PositionMulti:
    """One position of an account or model."""

    req_id: int
    account: str
    contract: Annotated[WireContract, C11]
    position: Annotated[float, SHORT]
    avg_cost: float
    model_code: str = ""


@dataclass(frozen=True, slots=True)
class PositionMultiEnd:
    """That were all those positions."""

    req_id: int


@dataclass(frozen=True, slots=True)
class Pnl:
    """Profit and loss of an account; None is not known."""

    req_id: int
    daily_pnl: float | None
    unrealized_pnl: float | None = None
    realized_pnl: float | None = None


@dataclass(frozen=True, slots=True)
class PnlSingle:
    """Profit and loss of one position; None is not known."""

    req_id: int
    position: Annotated[float, SIZE]
    daily_pnl: float | None
    unrealized_pnl: float | None = None
    realized_pnl: float | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class FamilyCode:
    """The family of an account."""

    account_id: str
    family_code: str


@dataclass(frozen=True, slots=True)
class FamilyCodes:
    """Which accounts belong together."""

    family_codes: tuple[FamilyCode, ...] = ()


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The login's branding."""

    req_id: int
    white_branding_id: str


@dataclass(frozen=True, slots=True)
class SoftDollarTiers:
    """Agreements on soft dollars."""

    req_id: int
    tiers: tuple[SoftDollarTier, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiveFA:
    """A financial adviser's settings, as XML."""

    fa_data_type: int
    xml: str


@dataclass(frozen=True, slots=True)
class ReplaceFAEnd:
    """The new settings were taken."""

    req_id: int
    text: str


@dataclass(frozen=True, slots=True)
class VerifyMessageApi:
    """A question to a program that proves who made it."""

    api_data: str


@dataclass(frozen=True, slots=True)
class VerifyCompleted:
    """Whether the proof was good."""

    is_successful: bool
    error_text: str


@dataclass(frozen=True, slots=True)
class VerifyAndAuthMessageApi:
    """A question to a program that proves who made it and by whom it is used."""

    api_data: str
    xyz_challenge: str


@dataclass(frozen=True, slots=True)
class VerifyAndAuthCompleted:
    """Whether that proof was good."""

    is_successful: bool
    error_text: str
