"""Which function answers which request."""

from __future__ import annotations

__all__ = ["handle"]

from collections.abc import Callable, Mapping
from typing import Any

from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.protocol import requests as r
from framework.emulator.protocol.answers import (
    CurrentTime,
    FamilyCode,
    FamilyCodes,
    ManagedAccounts,
    NewsProviders,
    SoftDollarTiers,
    UserInfo,
)
from framework.emulator.server import accounts, contracts, history, orders, quotes
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session

Handler = Callable[[Hub, Session, Any], None]


def handle(hub: Hub, session: Session, request: r.Request) -> None:
    """Do what a request asks for; what is not done is told by an error on its id."""
    handler = _HANDLERS.get(type(request))
    number = getattr(request, "req_id", -1)
    if handler is None:
        name = type(request).__name__
        session.error(number, _REFUSALS.get(type(request), 321), f"The emulator has no {name}.")
        return
    try:
        handler(hub, session, request)
    except RejectedError as error:
        session.error(number, error.code, error.text)


def _current_time(hub: Hub, session: Session, request: r.ReqCurrentTime) -> None:
    session.send(CurrentTime(hub.now() // 1_000_000_000))


def _managed_accounts(hub: Hub, session: Session, request: r.ReqManagedAccts) -> None:
    session.send(ManagedAccounts(",".join(hub.exchange.accounts)))


def _family_codes(hub: Hub, session: Session, request: r.ReqFamilyCodes) -> None:
    session.send(FamilyCodes(tuple(FamilyCode(name, "") for name in hub.exchange.accounts)))


def _news_providers(hub: Hub, session: Session, request: r.ReqNewsProviders) -> None:
    session.send(NewsProviders(()))


def _user_info(hub: Hub, session: Session, request: r.ReqUserInfo) -> None:
    session.send(UserInfo(request.req_id, ""))


def _soft_dollars(hub: Hub, session: Session, request: r.ReqSoftDollarTiers) -> None:
    session.send(SoftDollarTiers(request.req_id, ()))


def _nothing(hub: Hub, session: Session, request: object) -> None:
    """Asks for nothing that shows."""


def _stop_positions(hub: Hub, session: Session, request: r.CancelPositions) -> None:
    session.positions = False


def _stop_positions_multi(hub: Hub, session: Session, request: r.CancelPositionsMulti) -> None:
    session.positions_multi.pop(request.req_id, None)


def _stop_multi(hub: Hub, session: Session, request: r.CancelAccountUpdatesMulti) -> None:
    session.updates_multi.pop(request.req_id, None)


def _stop_summary(hub: Hub, session: Session, request: r.CancelAccountSummary) -> None:
    session.summaries.pop(request.req_id, None)


def _stop_profit(hub: Hub, session: Session, request: r.CancelPnl | r.CancelPnlSingle) -> None:
    session.profits.pop(request.req_id, None)


_REFUSALS: Mapping[type, int] = {
    r.ReqScannerSubscription: 162,
    r.ReqFundamentalData: 430,
    r.ReqNewsArticle: 10276,
    r.ReqHistoricalNews: 10276,
    r.ReqWshMetaData: 10276,
    r.ReqWshEventData: 10276,
}
"""What TWS says to who has not subscribed: clients take 321 for a warning and would wait on."""

_HANDLERS: Mapping[type, Handler] = {
    r.ReqIds: orders.next_id,
    r.ReqManagedAccts: _managed_accounts,
    r.ReqCurrentTime: _current_time,
    r.SetServerLogLevel: _nothing,
    r.ReqFamilyCodes: _family_codes,
    r.ReqNewsProviders: _news_providers,
    r.ReqNewsBulletins: _nothing,
    r.CancelNewsBulletins: _nothing,
    r.ReqUserInfo: _user_info,
    r.ReqSoftDollarTiers: _soft_dollars,
    r.ReqContractDetails: contracts.contract_details,
    r.ReqMatchingSymbols: contracts.matching_symbols,
    r.ReqSecDefOptParams: contracts.option_parameters,
    r.ReqMarketRule: contracts.market_rule,
    r.ReqSmartComponents: contracts.smart_components,
    r.PlaceOrder: orders.place_order,
    r.CancelOrder: orders.cancel_order,
    r.ReqGlobalCancel: orders.global_cancel,
    r.ReqOpenOrders: orders.request_open_orders,
    r.ReqAllOpenOrders: orders.request_all_open_orders,
    r.ReqAutoOpenOrders: orders.request_auto_open_orders,
    r.ReqExecutions: orders.request_executions,
    r.ReqCompletedOrders: orders.request_completed_orders,
    r.ReqPositions: accounts.positions,
    r.CancelPositions: _stop_positions,
    r.ReqPositionsMulti: accounts.positions_multi,
    r.CancelPositionsMulti: _stop_positions_multi,
    r.ReqAccountUpdates: accounts.account_updates,
    r.ReqAccountUpdatesMulti: accounts.account_updates_multi,
    r.CancelAccountUpdatesMulti: _stop_multi,
    r.ReqAccountSummary: accounts.account_summary,
    r.CancelAccountSummary: _stop_summary,
    r.ReqPnl: accounts.pnl,
    r.CancelPnl: _stop_profit,
    r.ReqPnlSingle: accounts.pnl_single,
    r.CancelPnlSingle: _stop_profit,
    r.ReqMktData: quotes.market_data,
    r.CancelMktData: quotes.stop_market_data,
    r.ReqMarketDataType: quotes.market_data_type,
    r.ReqMktDepth: quotes.market_depth,
    r.CancelMktDepth: quotes.stop_depth,
    r.ReqMktDepthExchanges: quotes.depth_exchanges,
    r.ReqTickByTickData: quotes.tick_by_tick,
    r.CancelTickByTickData: quotes.stop_ticks,
    r.CalculateImpliedVolatility: quotes.implied_volatility,
    r.CalculateOptionPrice: quotes.option_price,
    r.CancelCalculateImpliedVolatility: _nothing,
    r.CancelCalculateOptionPrice: _nothing,
    r.ReqHistoricalData: history.historical_data,
    r.CancelHistoricalData: history.stop_bars,
    r.ReqRealTimeBars: history.real_time_bars,
    r.CancelRealTimeBars: history.stop_bars,
    r.ReqHeadTimestamp: history.head_timestamp,
    r.CancelHeadTimestamp: _nothing,
    r.ReqHistogramData: history.histogram,
    r.CancelHistogramData: _nothing,
    r.ReqHistoricalTicks: history.historical_ticks,
}
"""By request; the others are refused by name."""
