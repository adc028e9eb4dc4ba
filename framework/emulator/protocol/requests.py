"""Everything a client may ask, in one place to import from."""

from __future__ import annotations

__all__ = [
    "REQUESTS",
    "CalculateImpliedVolatility",
    "CalculateOptionPrice",
    "CancelAccountSummary",
    "CancelAccountUpdatesMulti",
    "CancelCalculateImpliedVolatility",
    "CancelCalculateOptionPrice",
    "CancelFundamentalData",
    "CancelHeadTimestamp",
    "CancelHistogramData",
    "CancelHistoricalData",
    "CancelMktData",
    "CancelMktDepth",
    "CancelNewsBulletins",
    "CancelOrder",
    "CancelPnl",
    "CancelPnlSingle",
    "CancelPositions",
    "CancelPositionsMulti",
    "CancelRealTimeBars",
    "CancelScannerSubscription",
    "CancelTickByTickData",
    "CancelWshEventData",
    "CancelWshMetaData",
    "ExecutionFilter",
    "ExerciseOptions",
    "PlaceOrder",
    "QueryDisplayGroups",
    "ReplaceFA",
    "ReqAccountSummary",
    "ReqAccountUpdates",
    "ReqAccountUpdatesMulti",
    "ReqAllOpenOrders",
    "ReqAutoOpenOrders",
    "ReqCompletedOrders",
    "ReqContractDetails",
    "ReqCurrentTime",
    "ReqExecutions",
    "ReqFamilyCodes",
    "ReqFundamentalData",
    "ReqGlobalCancel",
    "ReqHeadTimestamp",
    "ReqHistogramData",
    "ReqHistoricalData",
    "ReqHistoricalNews",
    "ReqHistoricalTicks",
    "ReqIds",
    "ReqManagedAccts",
    "ReqMarketDataType",
    "ReqMarketRule",
    "ReqMatchingSymbols",
    "ReqMktData",
    "ReqMktDepth",
    "ReqMktDepthExchanges",
    "ReqNewsArticle",
    "ReqNewsBulletins",
    "ReqNewsProviders",
    "ReqOpenOrders",
    "ReqPnl",
    "ReqPnlSingle",
    "ReqPositions",
    "ReqPositionsMulti",
    "ReqRealTimeBars",
    "ReqScannerParameters",
    "ReqScannerSubscription",
    "ReqSecDefOptParams",
    "ReqSmartComponents",
    "ReqSoftDollarTiers",
    "ReqTickByTickData",
    "ReqUserInfo",
    "ReqWshEventData",
    "ReqWshMetaData",
    "Request",
    "RequestFA",
    "ScannerSubscription",
    "SetServerLogLevel",
    "StartApi",
    "SubscribeToGroupEvents",
    "UnsubscribeFromGroupEvents",
    "UpdateDisplayGroup",
    "VerifyAndAuthMessage",
    "VerifyAndAuthRequest",
    "VerifyMessage",
    "VerifyRequest",
]

from typing import TypeAlias

from framework.emulator.protocol.request_account import (
    CancelAccountSummary,
    CancelAccountUpdatesMulti,
    CancelPnl,
    CancelPnlSingle,
    CancelPositions,
    CancelPositionsMulti,
    ReplaceFA,
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqAccountUpdatesMulti,
    ReqCurrentTime,
    ReqFamilyCodes,
    ReqManagedAccts,
    ReqPnl,
    ReqPnlSingle,
    ReqPositions,
    ReqPositionsMulti,
    ReqSoftDollarTiers,
    RequestFA,
    ReqUserInfo,
    SetServerLogLevel,
    StartApi,
    VerifyAndAuthMessage,
    VerifyAndAuthRequest,
    VerifyMessage,
    VerifyRequest,
)
from framework.emulator.protocol.request_market import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    CancelCalculateImpliedVolatility,
    CancelCalculateOptionPrice,
    CancelHeadTimestamp,
    CancelHistogramData,
    CancelHistoricalData,
    CancelMktData,
    CancelMktDepth,
    CancelRealTimeBars,
    CancelTickByTickData,
    ReqHeadTimestamp,
    ReqHistogramData,
    ReqHistoricalData,
    ReqHistoricalTicks,
    ReqMarketDataType,
    ReqMktData,
    ReqMktDepth,
    ReqMktDepthExchanges,
    ReqRealTimeBars,
    ReqTickByTickData,
)
from framework.emulator.protocol.request_orders import (
    CancelOrder,
    ExecutionFilter,
    ExerciseOptions,
    PlaceOrder,
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqExecutions,
    ReqGlobalCancel,
    ReqIds,
    ReqOpenOrders,
)
from framework.emulator.protocol.request_reference import (
    CancelFundamentalData,
    CancelNewsBulletins,
    CancelScannerSubscription,
    CancelWshEventData,
    CancelWshMetaData,
    QueryDisplayGroups,
    ReqContractDetails,
    ReqFundamentalData,
    ReqHistoricalNews,
    ReqMarketRule,
    ReqMatchingSymbols,
    ReqNewsArticle,
    ReqNewsBulletins,
    ReqNewsProviders,
    ReqScannerParameters,
    ReqScannerSubscription,
    ReqSecDefOptParams,
    ReqSmartComponents,
    ReqWshEventData,
    ReqWshMetaData,
    ScannerSubscription,
    SubscribeToGroupEvents,
    UnsubscribeFromGroupEvents,
    UpdateDisplayGroup,
)
from framework.emulator.protocol.request_table import REQUESTS

Request: TypeAlias = (
    ReqMktData
    | CancelMktData
    | PlaceOrder
    | CancelOrder
    | ReqOpenOrders
    | ReqAccountUpdates
    | ReqExecutions
    | ReqIds
    | ReqContractDetails
    | ReqMktDepth
    | CancelMktDepth
    | ReqNewsBulletins
    | CancelNewsBulletins
    | SetServerLogLevel
    | ReqAutoOpenOrders
    | ReqAllOpenOrders
    | ReqManagedAccts
    | RequestFA
    | ReplaceFA
    | ReqHistoricalData
    | ExerciseOptions
    | ReqScannerSubscription
    | CancelScannerSubscription
    | ReqScannerParameters
    | CancelHistoricalData
    | ReqCurrentTime
    | ReqRealTimeBars
    | CancelRealTimeBars
    | ReqFundamentalData
    | CancelFundamentalData
    | CalculateImpliedVolatility
    | CalculateOptionPrice
    | CancelCalculateImpliedVolatility
    | CancelCalculateOptionPrice
    | ReqGlobalCancel
    | ReqMarketDataType
    | ReqPositions
    | ReqAccountSummary
    | CancelAccountSummary
    | CancelPositions
    | VerifyRequest
    | VerifyMessage
    | QueryDisplayGroups
    | SubscribeToGroupEvents
    | UpdateDisplayGroup
    | UnsubscribeFromGroupEvents
    | StartApi
    | VerifyAndAuthRequest
    | VerifyAndAuthMessage
    | ReqPositionsMulti
    | CancelPositionsMulti
    | ReqAccountUpdatesMulti
    | CancelAccountUpdatesMulti
    | ReqSecDefOptParams
    | ReqSoftDollarTiers
    | ReqFamilyCodes
    | ReqMatchingSymbols
    | ReqMktDepthExchanges
    | ReqSmartComponents
    | ReqNewsArticle
    | ReqNewsProviders
    | ReqHistoricalNews
    | ReqHeadTimestamp
    | ReqHistogramData
    | CancelHistogramData
    | CancelHeadTimestamp
    | ReqMarketRule
    | ReqPnl
    | CancelPnl
    | ReqPnlSingle
    | CancelPnlSingle
    | ReqHistoricalTicks
    | ReqTickByTickData
    | CancelTickByTickData
    | ReqCompletedOrders
    | ReqWshMetaData
    | CancelWshMetaData
    | ReqWshEventData
    | CancelWshEventData
    | ReqUserInfo
)
