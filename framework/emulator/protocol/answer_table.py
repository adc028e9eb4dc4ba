"""Every message a server may send: its number, its noun, and its own version where it has one."""

from __future__ import annotations

__all__ = ["ANSWERS"]

from collections.abc import Mapping

from framework.emulator.protocol import answer_account as account
from framework.emulator.protocol import answer_history as history
from framework.emulator.protocol import answer_market as market
from framework.emulator.protocol import answer_orders as orders
from framework.emulator.protocol import answer_reference as reference
from framework.emulator.protocol.answer_details import BOND_CONTRACT_DETAILS, CONTRACT_DETAILS
from framework.emulator.protocol.answer_market import MIDDLE_BY_MIDDLE, QUOTE_BY_QUOTE
from framework.emulator.protocol.layout import Message, by_number
from framework.emulator.protocol.order_layouts import COMPLETED_ORDER, OPEN_ORDER

ANSWERS: Mapping[int, tuple[Message, ...]] = by_number(
    Message(1, market.TickPrice, 6),
    Message(2, market.TickSize, 6),
    Message(3, orders.OrderStatus),
    Message(4, account.Error, 2),
    Message(5, orders.OpenOrder, rows=OPEN_ORDER),
    Message(6, account.UpdateAccountValue, 2),
    Message(7, account.UpdatePortfolio, 8),
    Message(8, account.UpdateAccountTime, 1),
    Message(9, orders.NextValidId, 1),
    Message(10, reference.ContractDetails, 8, 164, CONTRACT_DETAILS),
    Message(11, orders.ExecDetails),
    Message(12, market.UpdateMktDepth, 1),
    Message(13, market.UpdateMktDepthL2, 1),
    Message(14, reference.UpdateNewsBulletin, 1),
    Message(15, account.ManagedAccounts, 1),
    Message(16, account.ReceiveFA, 1),
    Message(17, history.HistoricalData),
    Message(18, reference.BondContractDetails, 6, 164, BOND_CONTRACT_DETAILS),
    Message(19, reference.ScannerParameters, 1),
    Message(20, reference.ScannerData, 3),
    Message(21, market.TickOptionComputation),
    Message(45, market.TickGeneric, 6),
    Message(46, market.TickString, 6),
    Message(47, market.TickEFP, 6),
    Message(49, account.CurrentTime, 1),
    Message(50, market.RealtimeBar, 3),
    Message(51, reference.FundamentalData, 1),
    Message(52, reference.ContractDetailsEnd, 1),
    Message(53, orders.OpenOrderEnd, 1),
    Message(54, account.AccountDownloadEnd, 1),
    Message(55, orders.ExecDetailsEnd, 1),
    Message(56, orders.DeltaNeutralValidation, 1),
    Message(57, market.TickSnapshotEnd, 1),
    Message(58, market.MarketDataType, 1),
    Message(59, orders.CommissionReport, 1),
    Message(61, account.Position, 3),
    Message(62, account.PositionEnd, 1),
    Message(63, account.AccountSummary, 1),
    Message(64, account.AccountSummaryEnd, 1),
    Message(65, account.VerifyMessageApi, 1),
    Message(66, account.VerifyCompleted, 1),
    Message(67, reference.DisplayGroupList, 1),
    Message(68, reference.DisplayGroupUpdated, 1),
    Message(69, account.VerifyAndAuthMessageApi, 1),
    Message(70, account.VerifyAndAuthCompleted, 1),
    Message(71, account.PositionMulti, 1),
    Message(72, account.PositionMultiEnd, 1),
    Message(73, account.AccountUpdateMulti, 1),
    Message(74, account.AccountUpdateMultiEnd, 1),
    Message(75, reference.SecurityDefinitionOptionParameter),
    Message(76, reference.SecurityDefinitionOptionParameterEnd),
    Message(77, account.SoftDollarTiers),
    Message(78, account.FamilyCodes),
    Message(79, reference.SymbolSamples),
    Message(80, market.MktDepthExchanges),
    Message(81, market.TickReqParams),
    Message(82, reference.SmartComponents),
    Message(83, reference.NewsArticle),
    Message(84, market.TickNews),
    Message(85, reference.NewsProviders),
    Message(86, reference.HistoricalNews),
    Message(87, reference.HistoricalNewsEnd),
    Message(88, history.HeadTimestamp),
    Message(89, history.HistogramData),
    Message(90, history.HistoricalDataUpdate),
    Message(91, market.RerouteMktDataReq),
    Message(92, market.RerouteMktDepthReq),
    Message(93, reference.MarketRule),
    Message(94, account.Pnl),
    Message(95, account.PnlSingle),
    Message(96, history.HistoricalTicks),
    Message(97, history.HistoricalTicksBidAsk),
    Message(98, history.HistoricalTicksLast),
    Message(99, market.TickByTickAllLast, telling=2, marks=("1", "2")),
    Message(99, market.TickByTickBidAsk, rows=QUOTE_BY_QUOTE, telling=2, marks=("3",)),
    Message(99, market.TickByTickMidPoint, rows=MIDDLE_BY_MIDDLE, telling=2, marks=("4",)),
    Message(100, orders.OrderBound),
    Message(101, orders.CompletedOrder, rows=COMPLETED_ORDER),
    Message(102, orders.CompletedOrdersEnd),
    Message(103, account.ReplaceFAEnd),
    Message(104, reference.WshMetaData),
    Message(105, reference.WshEventData),
    Message(106, history.HistoricalSchedule),
    Message(107, account.UserInfo),
)
