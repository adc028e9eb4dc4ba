"""What a client looks up: contracts, chains, rules, scanners, news, display groups."""

from __future__ import annotations

__all__ = [
    "CancelFundamentalData",
    "CancelNewsBulletins",
    "CancelScannerSubscription",
    "CancelWshEventData",
    "CancelWshMetaData",
    "QueryDisplayGroups",
    "ReqContractDetails",
    "ReqFundamentalData",
    "ReqHistoricalNews",
    "ReqMarketRule",
    "ReqMatchingSymbols",
    "ReqNewsArticle",
    "ReqNewsBulletins",
    "ReqNewsProviders",
    "ReqScannerParameters",
    "ReqScannerSubscription",
    "ReqSecDefOptParams",
    "ReqSmartComponents",
    "ReqWshEventData",
    "ReqWshMetaData",
    "ScannerSubscription",
    "SubscribeToGroupEvents",
    "UnsubscribeFromGroupEvents",
    "UpdateDisplayGroup",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.layout import Since
from framework.emulator.protocol.request_layouts import CONTRACT_ASKED_FOR, CONTRACT_IN_SHORT


@dataclass(frozen=True, slots=True)
class ReqContractDetails:
    """Every contract that answers a description."""

    req_id: int
    contract: Annotated[WireContract, CONTRACT_ASKED_FOR]


@dataclass(frozen=True, slots=True)
class ReqSecDefOptParams:
    """The option chains of an underlying."""

    req_id: int
    underlying_symbol: str
    fut_fop_exchange: str
    underlying_sec_type: str
    underlying_con_id: int


@dataclass(frozen=True, slots=True)
class ReqMatchingSymbols:
    """Contracts whose symbol or name starts so."""

    req_id: int
    pattern: str


@dataclass(frozen=True, slots=True)
class ReqMarketRule:
    """Price steps by price."""

    market_rule_id: int


@dataclass(frozen=True, slots=True)
class ReqSmartComponents:
    """The exchanges behind a letter of the consolidated quote."""

    req_id: int
    bbo_exchange: str


@dataclass(frozen=True, slots=True)
class ScannerSubscription:
    """What a market scanner looks for; None is any."""

    number_of_rows: int | None = None
    instrument: str = ""
    location_code: str = ""
    scan_code: str = ""
    above_price: float | None = None
    below_price: float | None = None
    above_volume: int | None = None
    market_cap_above: float | None = None
    market_cap_below: float | None = None
    moody_rating_above: str = ""
    moody_rating_below: str = ""
    sp_rating_above: str = ""
    sp_rating_below: str = ""
    maturity_date_above: str = ""
    maturity_date_below: str = ""
    coupon_rate_above: float | None = None
    coupon_rate_below: float | None = None
    exclude_convertible: bool = False
    average_option_volume_above: int | None = None
    scanner_setting_pairs: str = ""
    stock_type_filter: str = ""


@dataclass(frozen=True, slots=True)
class ReqScannerSubscription:
    """The market scanner's list, from then on."""

    req_id: int
    subscription: ScannerSubscription
    filter_options: str = ""
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelScannerSubscription:
    """No more of the scanner's list."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqScannerParameters:
    """What a scanner can look for, as XML."""


@dataclass(frozen=True, slots=True)
class ReqFundamentalData:
    """A report on a company."""

    req_id: int
    contract: Annotated[WireContract, CONTRACT_IN_SHORT]
    report_type: str
    options_count: int = 0
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelFundamentalData:
    """Never mind the report."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqNewsBulletins:
    """Bulletins of the broker and the exchanges."""

    all_messages: bool


@dataclass(frozen=True, slots=True)
class CancelNewsBulletins:
    """No more bulletins."""


@dataclass(frozen=True, slots=True)
class ReqNewsProviders:
    """Whose news the login may read."""


@dataclass(frozen=True, slots=True)
class ReqNewsArticle:
    """One article."""

    req_id: int
    provider_code: str
    article_id: str
    options: str = ""


@dataclass(frozen=True, slots=True)
class ReqHistoricalNews:
    """Headlines of the past."""

    req_id: int
    con_id: int
    provider_codes: str
    start_date_time: str
    end_date_time: str
    total_results: int
    options: str = ""


@dataclass(frozen=True, slots=True)
class ReqWshMetaData:
    """What the calendar of company events holds."""

    req_id: int


@dataclass(frozen=True, slots=True)
class CancelWshMetaData:
    """Never mind what it holds."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqWshEventData:
    """Company events."""

    req_id: int
    con_id: int | None = None
    filter: Annotated[str, Since(171)] = ""
    fill_watchlist: Annotated[bool, Since(171)] = False
    fill_portfolio: Annotated[bool, Since(171)] = False
    fill_competitors: Annotated[bool, Since(171)] = False
    start_date: Annotated[str, Since(173)] = ""
    end_date: Annotated[str, Since(173)] = ""
    total_limit: Annotated[int | None, Since(173)] = None


@dataclass(frozen=True, slots=True)
class CancelWshEventData:
    """Never mind the events."""

    req_id: int


@dataclass(frozen=True, slots=True)
class QueryDisplayGroups:
    """Which groups of windows there are in TWS."""

    req_id: int


@dataclass(frozen=True, slots=True)
class SubscribeToGroupEvents:
    """What a group of windows shows, from then on."""

    req_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class UpdateDisplayGroup:
    """Make a group of windows show a contract."""

    req_id: int
    contract_info: str


@dataclass(frozen=True, slots=True)
class UnsubscribeFromGroupEvents:
    """No more of that group."""

    req_id: int
