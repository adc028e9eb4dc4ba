"""Every request but placeOrder: the noun, and the client's method and arguments that make it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from framework.emulator.protocol import requests as ask
from framework.emulator.protocol.contract import ComboLeg, DeltaNeutral, WireContract
from tests.unit.wire_nouns import tags, told

OPTION = WireContract(
    7, "SPY", "OPT", "20250620", 550.5, "C", "100", "SMART", "CBOE", "USD", "SPY  250620", "SPY"
)
EXPIRED = replace(OPTION, include_expired=True)
BAG = WireContract(0, "SPY", "BAG", exchange="SMART", currency="USD")
LEGS = (ComboLeg(11, 1, "BUY", "SMART"), ComboLeg(12, 2, "SELL", "CBOE"))
COMBO = replace(BAG, combo_legs=LEGS)
HEDGED = replace(OPTION, delta_neutral=DeltaNeutral(265598, 0.5, 101.25))
NAMED = replace(EXPIRED, sec_id_type="ISIN", sec_id="US78462F1030")
SHORT = replace(OPTION, last_trade_date="", strike=0.0, right="", multiplier="", trading_class="")

NO_TAGS: list[Any] = []
ONE_TAG = tags((("a", "b"), ("c", "d")))

ACCOUNTS: list[tuple[Any, str, list[Any]]] = [
    (ask.ReqCurrentTime(), "reqCurrentTime", []),
    (ask.SetServerLogLevel(log_level=4), "setServerLogLevel", [4]),
    (ask.ReqManagedAccts(), "reqManagedAccts", []),
    (ask.ReqPositions(), "reqPositions", []),
    (ask.CancelPositions(), "cancelPositions", []),
    (
        ask.ReqPositionsMulti(req_id=3, account="DU1", model_code="model"),
        "reqPositionsMulti",
        [3, "DU1", "model"],
    ),
    (ask.CancelPositionsMulti(req_id=3), "cancelPositionsMulti", [3]),
    (ask.ReqAccountUpdates(subscribe=True, account="DU1"), "reqAccountUpdates", [True, "DU1"]),
    (ask.ReqAccountUpdates(subscribe=False, account=""), "reqAccountUpdates", [False, ""]),
    (
        ask.ReqAccountUpdatesMulti(
            req_id=3, account="DU1", model_code="model", ledger_and_nlv=True
        ),
        "reqAccountUpdatesMulti",
        [3, "DU1", "model", True],
    ),
    (ask.CancelAccountUpdatesMulti(req_id=3), "cancelAccountUpdatesMulti", [3]),
    (
        ask.ReqAccountSummary(req_id=4, group="All", tags="A,B"),
        "reqAccountSummary",
        [4, "All", "A,B"],
    ),
    (ask.CancelAccountSummary(req_id=4), "cancelAccountSummary", [4]),
    (ask.ReqPnl(req_id=5, account="DU1", model_code="m"), "reqPnL", [5, "DU1", "m"]),
    (ask.CancelPnl(req_id=5), "cancelPnL", [5]),
    (
        ask.ReqPnlSingle(req_id=5, account="DU1", model_code="m", con_id=9),
        "reqPnLSingle",
        [5, "DU1", "m", 9],
    ),
    (ask.CancelPnlSingle(req_id=5), "cancelPnLSingle", [5]),
    (ask.ReqFamilyCodes(), "reqFamilyCodes", []),
    (ask.ReqSoftDollarTiers(req_id=6), "reqSoftDollarTiers", [6]),
    (ask.RequestFA(fa_data_type=1), "requestFA", [1]),
    (ask.ReplaceFA(fa_data_type=3, xml="<xml/>", req_id=8), "replaceFA", [8, 3, "<xml/>"]),
    (ask.VerifyRequest(api_name="name", api_version="1"), "verifyRequest", ["name", "1"]),
    (ask.VerifyMessage(api_data="data"), "verifyMessage", ["data"]),
    (
        ask.VerifyAndAuthRequest(api_name="name", api_version="1", opaque_isv_key="key"),
        "verifyAndAuthRequest",
        ["name", "1", "key"],
    ),
    (
        ask.VerifyAndAuthMessage(api_data="data", xyz_response="xyz"),
        "verifyAndAuthMessage",
        ["data", "xyz"],
    ),
]

MARKET: list[tuple[Any, str, list[Any]]] = [
    (ask.CancelMktData(req_id=3), "cancelMktData", [3]),
    (ask.ReqMarketDataType(market_data_type=3), "reqMarketDataType", [3]),
    (ask.CancelMktDepth(req_id=3, is_smart_depth=True), "cancelMktDepth", [3, True]),
    (ask.ReqMktDepthExchanges(), "reqMktDepthExchanges", []),
    (ask.CancelRealTimeBars(req_id=3), "cancelRealTimeBars", [3]),
    (ask.CancelTickByTickData(req_id=3), "cancelTickByTickData", [3]),
    (ask.CancelHistoricalData(req_id=3), "cancelHistoricalData", [3]),
    (ask.CancelHeadTimestamp(req_id=3), "cancelHeadTimeStamp", [3]),
    (ask.CancelHistogramData(req_id=3), "cancelHistogramData", [3]),
    (ask.CancelCalculateImpliedVolatility(req_id=3), "cancelCalculateImpliedVolatility", [3]),
    (ask.CancelCalculateOptionPrice(req_id=3), "cancelCalculateOptionPrice", [3]),
]

ORDERS: list[tuple[Any, str, list[Any]]] = [
    (ask.ReqIds(num_ids=5), "reqIds", [5]),
    (ask.ReqOpenOrders(), "reqOpenOrders", []),
    (ask.ReqAllOpenOrders(), "reqAllOpenOrders", []),
    (ask.ReqAutoOpenOrders(bind=True), "reqAutoOpenOrders", [True]),
    (ask.ReqCompletedOrders(api_only=True), "reqCompletedOrders", [True]),
]

REFERENCE: list[tuple[Any, str, list[Any]]] = [
    (
        ask.ReqSecDefOptParams(
            req_id=3,
            underlying_symbol="SPY",
            fut_fop_exchange="",
            underlying_sec_type="STK",
            underlying_con_id=7,
        ),
        "reqSecDefOptParams",
        [3, "SPY", "", "STK", 7],
    ),
    (ask.ReqMatchingSymbols(req_id=3, pattern="SP"), "reqMatchingSymbols", [3, "SP"]),
    (ask.ReqMarketRule(market_rule_id=26), "reqMarketRule", [26]),
    (ask.ReqSmartComponents(req_id=3, bbo_exchange="a6"), "reqSmartComponents", [3, "a6"]),
    (ask.ReqScannerParameters(), "reqScannerParameters", []),
    (ask.CancelScannerSubscription(req_id=3), "cancelScannerSubscription", [3]),
    (ask.CancelFundamentalData(req_id=3), "cancelFundamentalData", [3]),
    (ask.ReqNewsBulletins(all_messages=True), "reqNewsBulletins", [True]),
    (ask.CancelNewsBulletins(), "cancelNewsBulletins", []),
    (ask.ReqNewsProviders(), "reqNewsProviders", []),
    (
        ask.ReqNewsArticle(req_id=3, provider_code="BRF", article_id="BRF$1"),
        "reqNewsArticle",
        [3, "BRF", "BRF$1", NO_TAGS],
    ),
    (
        ask.ReqHistoricalNews(
            req_id=3,
            con_id=7,
            provider_codes="BRF+BZ",
            start_date_time="a",
            end_date_time="b",
            total_results=10,
        ),
        "reqHistoricalNews",
        [3, 7, "BRF+BZ", "a", "b", 10, NO_TAGS],
    ),
    (ask.QueryDisplayGroups(req_id=3), "queryDisplayGroups", [3]),
    (ask.SubscribeToGroupEvents(req_id=3, group_id=2), "subscribeToGroupEvents", [3, 2]),
    (
        ask.UpdateDisplayGroup(req_id=3, contract_info="7@SMART"),
        "updateDisplayGroup",
        [3, "7@SMART"],
    ),
    (ask.UnsubscribeFromGroupEvents(req_id=3), "unsubscribeFromGroupEvents", [3]),
]


def with_contracts(contract: Any, tagged: list[Any]) -> Iterator[tuple[Any, str, list[Any]]]:
    """Requests about a contract, which `contract` makes for a library, with options or without."""
    for full, tag in ((OPTION, NO_TAGS), (COMBO, tagged), (HEDGED, NO_TAGS)):
        options = "a=b;c=d;" if tag else ""
        yield (
            ask.ReqMktData(
                req_id=1,
                contract=full,
                generic_tick_list="233,236",
                snapshot=True,
                regulatory_snapshot=True,
                mkt_data_options=options,
            ),
            "reqMktData",
            [1, contract(full), "233,236", True, True, tag],
        )
    yield (
        ask.ReqMktDepth(
            req_id=1,
            contract=OPTION,
            num_rows=10,
            is_smart_depth=True,
            mkt_depth_options="a=b;c=d;" if tagged else "",
        ),
        "reqMktDepth",
        [1, contract(OPTION), 10, True, tagged],
    )
    yield (
        ask.ReqRealTimeBars(
            req_id=1, contract=OPTION, bar_size=5, what_to_show="TRADES", use_rth=True
        ),
        "reqRealTimeBars",
        [1, contract(OPTION), 5, "TRADES", True, NO_TAGS],
    )
    yield (
        ask.ReqTickByTickData(
            req_id=1, contract=OPTION, tick_type="BidAsk", number_of_ticks=5, ignore_size=True
        ),
        "reqTickByTickData",
        [1, contract(OPTION), "BidAsk", 5, True],
    )
    for full in (EXPIRED, COMBO):
        yield (
            ask.ReqHistoricalData(
                req_id=1,
                contract=full,
                end_date_time="20250102 15:00:00 UTC",
                bar_size="5 mins",
                duration="2 D",
                use_rth=True,
                what_to_show="TRADES",
                format_date=2,
                keep_up_to_date=True,
            ),
            "reqHistoricalData",
            [1, contract(full), "20250102 15:00:00 UTC", "2 D", "5 mins", "TRADES", 1, 2, True, []],
        )
    yield (
        ask.ReqHeadTimestamp(
            req_id=1, contract=EXPIRED, use_rth=True, what_to_show="TRADES", format_date=2
        ),
        "reqHeadTimeStamp",
        [1, contract(EXPIRED), "TRADES", 1, 2],
    )
    yield (
        ask.ReqHistogramData(req_id=1, contract=EXPIRED, use_rth=True, time_period="3 days"),
        "reqHistogramData",
        [1, contract(EXPIRED), True, "3 days"],
    )
    yield (
        ask.ReqHistoricalTicks(
            req_id=1,
            contract=EXPIRED,
            start_date_time="a",
            end_date_time="b",
            number_of_ticks=9,
            what_to_show="BID_ASK",
            use_rth=True,
            ignore_size=True,
        ),
        "reqHistoricalTicks",
        [1, contract(EXPIRED), "a", "b", 9, "BID_ASK", 1, True, NO_TAGS],
    )
    for noun, method in (
        (ask.CalculateImpliedVolatility, "calculateImpliedVolatility"),
        (ask.CalculateOptionPrice, "calculateOptionPrice"),
    ):
        yield noun(1, OPTION, 5.25, 550.5), method, [1, contract(OPTION), 5.25, 550.5, NO_TAGS]
    yield (
        ask.ReqFundamentalData(req_id=1, contract=SHORT, report_type="ReportSnapshot"),
        "reqFundamentalData",
        [1, contract(SHORT), "ReportSnapshot", NO_TAGS],
    )


def versioned(library: str, version: int, contract: Any) -> Iterator[tuple[Any, str, list[Any]]]:
    """Requests that are not the same in every library or version."""
    full = replace(NAMED, issuer_id="issuer") if version >= 176 else NAMED
    yield ask.ReqContractDetails(req_id=1, contract=full), "reqContractDetails", [1, contract(full)]
    who = {"class": "ExecutionFilter", "clientId": 3, "acctCode": "DU1", "symbol": "SPY"}
    yield (
        ask.ReqExecutions(
            req_id=1,
            filter=ask.ExecutionFilter(client_id=3, acct_code="DU1", time="", symbol="SPY"),
        ),
        "reqExecutions",
        [1, who],
    )
    yield ask.StartApi(client_id=17), "startApi", []
    when = "20250102 15:00:00" if version >= 169 else ""
    cancel: list[Any] = [7, when]
    if library == "ibapi9":
        cancel = [7]
    if library == "ibapi10":
        cancel = [7, {"class": "OrderCancel", "manualOrderCancelTime": when}]
    yield ask.CancelOrder(order_id=7, manual_order_cancel_time=when), "cancelOrder", cancel
    nobody: list[Any] = [{"class": "OrderCancel"}] if library == "ibapi10" else []
    yield ask.ReqGlobalCancel(), "reqGlobalCancel", nobody
    contract11 = replace(OPTION, primary_exchange="")
    exercise: list[Any] = [1, contract(contract11), 1, 2, "DU1", 1]
    if library == "ibapi10":
        exercise += ["", "", False]
    yield (
        ask.ExerciseOptions(
            req_id=1, contract=contract11, action=1, quantity=2, account="DU1", override=1
        ),
        "exerciseOptions",
        exercise,
    )
    scan = ask.ScannerSubscription(
        number_of_rows=50,
        instrument="STK",
        location_code="STK.US.MAJOR",
        scan_code="TOP_PERC_GAIN",
        above_price=5.5,
        below_price=100.25,
        above_volume=1000,
        market_cap_above=1e9,
        market_cap_below=1e12,
        moody_rating_above="A",
        moody_rating_below="B",
        sp_rating_above="C",
        sp_rating_below="D",
        maturity_date_above="E",
        maturity_date_below="F",
        coupon_rate_above=1.5,
        coupon_rate_below=2.5,
        exclude_convertible=True,
        average_option_volume_above=10,
        scanner_setting_pairs="pairs",
        stock_type_filter="ALL",
    )
    for subscription in (scan, ask.ScannerSubscription(scan_code="MOST_ACTIVE", number_of_rows=5)):
        yield (
            ask.ReqScannerSubscription(
                req_id=1, subscription=subscription, filter_options="a=b;c=d;", options=""
            ),
            "reqScannerSubscription",
            [1, told(subscription), NO_TAGS, ONE_TAG],
        )
    if library != "ibapi9":
        yield from _newer(version, library)


def _newer(version: int, library: str) -> Iterator[tuple[Any, str, list[Any]]]:
    if library != "ibapi10" or version >= 161:
        yield ask.ReqWshMetaData(req_id=1), "reqWshMetaData", [1]
        yield ask.CancelWshMetaData(req_id=1), "cancelWshMetaData", [1]
        yield ask.CancelWshEventData(req_id=1), "cancelWshEventData", [1]
    if library != "ibapi10" or version >= 167:
        yield ask.ReqUserInfo(req_id=1), "reqUserInfo", [1]
    noun = ask.ReqWshEventData(req_id=1, con_id=7)
    event: dict[str, Any] = {"class": "WshEventData", "conId": 7}
    if version >= 171:
        noun = replace(noun, filter="{}", fill_watchlist=True, fill_competitors=True)
        event |= {"filter": "{}", "fillWatchlist": True, "fillCompetitors": True}
    if version >= 173:
        noun = replace(noun, start_date="20250101", end_date="20250201", total_limit=5)
        event |= {"startDate": "20250101", "endDate": "20250201", "totalLimit": 5}
    if library != "ibapi10" or version >= 161:
        yield noun, "reqWshEventData", [1, event]


def asked_by(library: str, version: int) -> list[tuple[Any, str, list[Any]]]:
    without = {"combo_legs_descrip"} | ({"issuer_id"} if library == "ibapi9" else set())

    def contract(noun: WireContract) -> dict[str, Any]:
        return told(noun, frozenset(without))

    rows = [*ACCOUNTS, *MARKET, *ORDERS, *REFERENCE]
    tagged = [] if library.startswith("ibapi") else ONE_TAG  # the official ones refuse options
    return [*rows, *with_contracts(contract, tagged), *versioned(library, version, contract)]
