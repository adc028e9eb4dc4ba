"""What the server tells of things looked up: contracts, chains, rules, scanners, news."""

from __future__ import annotations

__all__ = [
    "BondContractDetails",
    "BondDetails",
    "ContractDetails",
    "ContractDetailsEnd",
    "Details",
    "DisplayGroupList",
    "DisplayGroupUpdated",
    "FundamentalData",
    "HistoricalNews",
    "HistoricalNewsEnd",
    "MarketRule",
    "NewsArticle",
    "NewsProvider",
    "NewsProviders",
    "PriceIncrement",
    "ScannerData",
    "ScannerParameters",
    "ScannerRow",
    "SecurityDefinitionOptionParameter",
    "SecurityDefinitionOptionParameterEnd",
    "SmartComponent",
    "SmartComponents",
    "SymbolSample",
    "SymbolSamples",
    "UpdateNewsBulletin",
    "WshEventData",
    "WshMetaData",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.answer_details import BondDetails, Details
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.layout import Inside, Items, Rows, Since

_SCANNER_ROWS = Items(
    "rows",
    "rank",
    Inside(
        "contract",
        "con_id symbol sec_type last_trade_date strike right exchange currency local_symbol",
    ),
    "market_name",
    Inside("contract", "trading_class"),
    "distance benchmark projection legs_str",
)


@dataclass(frozen=True, slots=True)
class ContractDetails:
    """One contract that answers the description."""

    req_id: int
    details: Details


@dataclass(frozen=True, slots=True)
class BondContractDetails:
    """One bond that answers the description."""

    req_id: int
    details: BondDetails


@dataclass(frozen=True, slots=True)
class ContractDetailsEnd:
    """That were all contracts."""

    req_id: int


@dataclass(frozen=True, slots=True)
class SecurityDefinitionOptionParameter:
    """One chain: its expirations and its strikes, at one exchange."""

    req_id: int
    exchange: str
    underlying_con_id: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...] = ()
    strikes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityDefinitionOptionParameterEnd:
    """That were all chains."""

    req_id: int


@dataclass(frozen=True, slots=True)
class SymbolSample:
    """A contract whose symbol or name matches."""

    contract: Annotated[WireContract, Rows("con_id symbol sec_type primary_exchange currency")]
    derivative_sec_types: tuple[str, ...] = ()
    description: Annotated[str, Since(176)] = ""
    issuer_id: Annotated[str, Since(176)] = ""


@dataclass(frozen=True, slots=True)
class SymbolSamples:
    """Contracts whose symbol or name matches."""

    req_id: int
    samples: tuple[SymbolSample, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceIncrement:
    """From this price on, prices go by this step."""

    low_edge: float
    increment: float


@dataclass(frozen=True, slots=True)
class MarketRule:
    """Price steps by price."""

    market_rule_id: int
    increments: tuple[PriceIncrement, ...] = ()


@dataclass(frozen=True, slots=True)
class SmartComponent:
    """An exchange behind a letter."""

    bit_number: int
    exchange: str
    exchange_letter: str


@dataclass(frozen=True, slots=True)
class SmartComponents:
    """The exchanges behind the letters of a consolidated quote."""

    req_id: int
    components: tuple[SmartComponent, ...] = ()


@dataclass(frozen=True, slots=True)
class ScannerParameters:
    """What a scanner can look for, as XML."""

    xml: str


@dataclass(frozen=True, slots=True)
class ScannerRow:
    """One contract a scanner found."""

    rank: int
    contract: WireContract
    market_name: str = ""
    distance: str = ""
    benchmark: str = ""
    projection: str = ""
    legs_str: str = ""


@dataclass(frozen=True, slots=True)
class ScannerData:
    """What a scanner found."""

    req_id: int
    rows: Annotated[tuple[ScannerRow, ...], _SCANNER_ROWS] = ()


@dataclass(frozen=True, slots=True)
class FundamentalData:
    """A report on a company."""

    req_id: int
    data: str


@dataclass(frozen=True, slots=True)
class UpdateNewsBulletin:
    """A bulletin of the broker or an exchange."""

    msg_id: int
    msg_type: int
    message: str
    exchange: str


@dataclass(frozen=True, slots=True)
class NewsProvider:
    """One whose news the login may read."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class NewsProviders:
    """Whose news the login may read."""

    providers: tuple[NewsProvider, ...] = ()


@dataclass(frozen=True, slots=True)
class NewsArticle:
    """One article; type 0 is text, 1 a PDF in base 64."""

    req_id: int
    article_type: int
    article_text: str


@dataclass(frozen=True, slots=True)
class HistoricalNews:
    """A headline of the past."""

    req_id: int
    time: str
    provider_code: str
    article_id: str
    headline: str


@dataclass(frozen=True, slots=True)
class HistoricalNewsEnd:
    """That were the headlines."""

    req_id: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class WshMetaData:
    """What the calendar of company events holds, as JSON."""

    req_id: int
    data_json: str


@dataclass(frozen=True, slots=True)
class WshEventData:
    """Company events, as JSON."""

    req_id: int
    data_json: str


@dataclass(frozen=True, slots=True)
class DisplayGroupList:
    """The groups of windows there are in TWS."""

    req_id: int
    groups: str


@dataclass(frozen=True, slots=True)
class DisplayGroupUpdated:
    """What a group of windows shows now."""

    req_id: int
    contract_info: str
