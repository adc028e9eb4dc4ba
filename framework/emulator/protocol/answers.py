"""Everything a server may tell, in one place to import from."""

from __future__ import annotations

__all__ = [
    "ANSWERS",
    "AccountDownloadEnd",
    "AccountSummary",
    "AccountSummaryEnd",
    "AccountUpdateMulti",
    "AccountUpdateMultiEnd",
    "Answer",
    "BondContractDetails",
    "BondDetails",
    "Candle",
    "CommissionReport",
    "CompletedOrder",
    "CompletedOrdersEnd",
    "ContractDetails",
    "ContractDetailsEnd",
    "CurrentTime",
    "DeltaNeutralValidation",
    "DepthExchange",
    "Details",
    "DisplayGroupList",
    "DisplayGroupUpdated",
    "Error",
    "ExecDetails",
    "ExecDetailsEnd",
    "FamilyCode",
    "FamilyCodes",
    "FundamentalData",
    "HeadTimestamp",
    "HistogramData",
    "HistogramPoint",
    "HistoricalData",
    "HistoricalDataUpdate",
    "HistoricalNews",
    "HistoricalNewsEnd",
    "HistoricalSchedule",
    "HistoricalSession",
    "HistoricalTick",
    "HistoricalTickBidAsk",
    "HistoricalTickLast",
    "HistoricalTicks",
    "HistoricalTicksBidAsk",
    "HistoricalTicksLast",
    "ManagedAccounts",
    "MarketDataType",
    "MarketRule",
    "MktDepthExchanges",
    "NewsArticle",
    "NewsProvider",
    "NewsProviders",
    "NextValidId",
    "OpenOrder",
    "OpenOrderEnd",
    "OrderBound",
    "OrderStatus",
    "Pnl",
    "PnlSingle",
    "Position",
    "PositionEnd",
    "PositionMulti",
    "PositionMultiEnd",
    "PriceIncrement",
    "RealtimeBar",
    "ReceiveFA",
    "ReplaceFAEnd",
    "RerouteMktDataReq",
    "RerouteMktDepthReq",
    "ScannerData",
    "ScannerParameters",
    "ScannerRow",
    "SecurityDefinitionOptionParameter",
    "SecurityDefinitionOptionParameterEnd",
    "SmartComponent",
    "SmartComponents",
    "SoftDollarTiers",
    "SymbolSample",
    "SymbolSamples",
    "TickByTickAllLast",
    "TickByTickBidAsk",
    "TickByTickMidPoint",
    "TickEFP",
    "TickGeneric",
    "TickNews",
    "TickOptionComputation",
    "TickPrice",
    "TickReqParams",
    "TickSize",
    "TickSnapshotEnd",
    "TickString",
    "UpdateAccountTime",
    "UpdateAccountValue",
    "UpdateMktDepth",
    "UpdateMktDepthL2",
    "UpdateNewsBulletin",
    "UpdatePortfolio",
    "UserInfo",
    "VerifyAndAuthCompleted",
    "VerifyAndAuthMessageApi",
    "VerifyCompleted",
    "VerifyMessageApi",
    "WshEventData",
    "WshMetaData",
]

from typing import TypeAlias

from framework.emulator.protocol.answer_account import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    CurrentTime,
    Error,
    FamilyCode,
    FamilyCodes,
    ManagedAccounts,
    Pnl,
    PnlSingle,
    Position,
    PositionEnd,
    PositionMulti,
    PositionMultiEnd,
    ReceiveFA,
    ReplaceFAEnd,
    SoftDollarTiers,
    UpdateAccountTime,
    UpdateAccountValue,
    UpdatePortfolio,
    UserInfo,
    VerifyAndAuthCompleted,
    VerifyAndAuthMessageApi,
    VerifyCompleted,
    VerifyMessageApi,
)
from framework.emulator.protocol.answer_details import BondDetails, Details
from framework.emulator.protocol.answer_history import (
    Candle,
    HeadTimestamp,
    HistogramData,
    HistogramPoint,
    HistoricalData,
    HistoricalDataUpdate,
    HistoricalSchedule,
    HistoricalSession,
    HistoricalTick,
    HistoricalTickBidAsk,
    HistoricalTickLast,
    HistoricalTicks,
    HistoricalTicksBidAsk,
    HistoricalTicksLast,
)
from framework.emulator.protocol.answer_market import (
    DepthExchange,
    MarketDataType,
    MktDepthExchanges,
    RealtimeBar,
    RerouteMktDataReq,
    RerouteMktDepthReq,
    TickByTickAllLast,
    TickByTickBidAsk,
    TickByTickMidPoint,
    TickEFP,
    TickGeneric,
    TickNews,
    TickOptionComputation,
    TickPrice,
    TickReqParams,
    TickSize,
    TickSnapshotEnd,
    TickString,
    UpdateMktDepth,
    UpdateMktDepthL2,
)
from framework.emulator.protocol.answer_orders import (
    CommissionReport,
    CompletedOrder,
    CompletedOrdersEnd,
    DeltaNeutralValidation,
    ExecDetails,
    ExecDetailsEnd,
    NextValidId,
    OpenOrder,
    OpenOrderEnd,
    OrderBound,
    OrderStatus,
)
from framework.emulator.protocol.answer_reference import (
    BondContractDetails,
    ContractDetails,
    ContractDetailsEnd,
    DisplayGroupList,
    DisplayGroupUpdated,
    FundamentalData,
    HistoricalNews,
    HistoricalNewsEnd,
    MarketRule,
    NewsArticle,
    NewsProvider,
    NewsProviders,
    PriceIncrement,
    ScannerData,
    ScannerParameters,
    ScannerRow,
    SecurityDefinitionOptionParameter,
    SecurityDefinitionOptionParameterEnd,
    SmartComponent,
    SmartComponents,
    SymbolSample,
    SymbolSamples,
    UpdateNewsBulletin,
    WshEventData,
    WshMetaData,
)
from framework.emulator.protocol.answer_table import ANSWERS

Answer: TypeAlias = (
    TickPrice
    | TickSize
    | OrderStatus
    | Error
    | OpenOrder
    | UpdateAccountValue
    | UpdatePortfolio
    | UpdateAccountTime
    | NextValidId
    | ContractDetails
    | ExecDetails
    | UpdateMktDepth
    | UpdateMktDepthL2
    | UpdateNewsBulletin
    | ManagedAccounts
    | ReceiveFA
    | HistoricalData
    | BondContractDetails
    | ScannerParameters
    | ScannerData
    | TickOptionComputation
    | TickGeneric
    | TickString
    | TickEFP
    | CurrentTime
    | RealtimeBar
    | FundamentalData
    | ContractDetailsEnd
    | OpenOrderEnd
    | AccountDownloadEnd
    | ExecDetailsEnd
    | DeltaNeutralValidation
    | TickSnapshotEnd
    | MarketDataType
    | CommissionReport
    | Position
    | PositionEnd
    | AccountSummary
    | AccountSummaryEnd
    | VerifyMessageApi
    | VerifyCompleted
    | DisplayGroupList
    | DisplayGroupUpdated
    | VerifyAndAuthMessageApi
    | VerifyAndAuthCompleted
    | PositionMulti
    | PositionMultiEnd
    | AccountUpdateMulti
    | AccountUpdateMultiEnd
    | SecurityDefinitionOptionParameter
    | SecurityDefinitionOptionParameterEnd
    | SoftDollarTiers
    | FamilyCodes
    | SymbolSamples
    | MktDepthExchanges
    | TickReqParams
    | SmartComponents
    | NewsArticle
    | TickNews
    | NewsProviders
    | HistoricalNews
    | HistoricalNewsEnd
    | HeadTimestamp
    | HistogramData
    | HistoricalDataUpdate
    | RerouteMktDataReq
    | RerouteMktDepthReq
    | MarketRule
    | Pnl
    | PnlSingle
    | HistoricalTicks
    | HistoricalTicksBidAsk
    | HistoricalTicksLast
    | TickByTickAllLast
    | TickByTickBidAsk
    | TickByTickMidPoint
    | OrderBound
    | CompletedOrder
    | CompletedOrdersEnd
    | ReplaceFAEnd
    | WshMetaData
    | WshEventData
    | HistoricalSchedule
    | UserInfo
)
