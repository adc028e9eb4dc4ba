"""Market data and account data at a gateway: limits, subscriptions, one encoding for many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from framework.domain.bars import Bars
from framework.emulator.clock import RunningClock
from framework.emulator.protocol import answers as a
from framework.emulator.protocol import requests as r
from framework.emulator.protocol.contract import WireContract
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.limits import HistoryPace, MessageRate
from tests.builders import Row, five_minutes
from tests.unit.emulated import (
    Client,
    go_on,
    limit,
    order,
    pass_by,
    played,
    running,
    settle,
    stock,
)

Story = Callable[[Gateway, Client], Awaitable[None]]


def moving(symbol: str = "AAA") -> Bars:
    """Bars that move all the time."""
    rows: list[Row] = [(100 + n, 103 + n, 98 + n, 101 + n) for n in range(24)]
    return five_minutes(rows, 12, symbol)


def in_session(story: Story, *bars: Bars, version: int = 178, **settings: Any) -> None:
    async def whole() -> None:
        made = running(bars or [moving(), moving("BBB")], messages_per_second=0, **settings)
        await made.start()
        client = await Client.started(made, 1, version)
        try:
            await story(made, client)
        finally:
            await client.close()
            await made.close()

    played(whole)


def codes(client: Client, req_id: int) -> list[int]:
    return [one.code for one in client.of(a.Error) if one.req_id == req_id]


# lines and depth ----------------------------------------------------------------------------


def test_a_hundred_and_first_line_is_refused() -> None:
    async def story(made: Gateway, client: Client) -> None:
        other = await Client.started(made, 2)
        for number in range(1, 51):
            client.ask(r.ReqMktData(number, stock(), "", False, False))
            other.ask(r.ReqTickByTickData(number, stock("BBB"), "Last", 0, False))
        await client.fence()
        await other.fence()
        for asking in (
            r.ReqMktData(900, stock(), "", False, False),
            r.ReqMktData(901, stock(), "", True, False),
            r.ReqTickByTickData(902, stock(), "Last", 0, False),
        ):
            client.ask(asking)
            await client.fence()
            assert codes(client, asking.req_id) == [101]
        client.ask(r.CancelMktData(50), r.ReqMktData(903, stock(), "", False, False))
        await client.fence()
        assert codes(client, 903) == []
        client.ask(r.ReqMktData(904, stock(), "", False, False))
        await client.fence()
        assert codes(client, 904) == [101]
        await other.close()
        await settle()
        client.ask(r.ReqMktData(905, stock(), "", False, False))
        await client.fence()
        assert codes(client, 905) == []

    in_session(story)


def test_three_books_at_most() -> None:
    async def story(made: Gateway, client: Client) -> None:
        for number in range(1, 5):
            client.ask(r.ReqMktDepth(number, stock(), 5, False))
        await client.fence()
        assert [codes(client, number) for number in range(1, 5)] == [[], [], [], [309]]
        client.ask(r.CancelMktDepth(1, False), r.ReqMktDepth(5, stock(), 5, False))
        await client.fence()
        assert codes(client, 5) == []

    in_session(story)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (r.ReqMktData(1, stock("ZZZ"), "", False, False), 200),
        (r.ReqMktDepth(1, stock("ZZZ"), 5, False), 200),
        (r.ReqTickByTickData(1, stock("ZZZ"), "Last", 0, False), 200),
        (r.ReqTickByTickData(1, stock(), "Whatever", 0, False), 321),
        (r.ReqRealTimeBars(1, stock(), 5, "WHATEVER", False), 321),
        (r.ReqRealTimeBars(1, stock("ZZZ"), 5, "TRADES", False), 200),
        (r.CancelMktData(1), 300),
        (r.CancelMktDepth(1, False), 310),
        (r.CancelTickByTickData(1), 300),
        (r.CancelHistoricalData(1), 366),
        (r.CancelRealTimeBars(1), 300),
        (r.ReqContractDetails(1, stock("ZZZ")), 200),
        (r.ReqPositionsMulti(1, "DU9"), 321),
        (r.ReqAccountSummary(1, "DU9", "NetLiquidation"), 321),
        (r.ReqAccountUpdatesMulti(1, "DU9"), 321),
        (r.ReqPnl(1, "DU9"), 321),
        (r.ReqPnlSingle(1, "DU9", "", 1), 321),
        (r.ReqPnlSingle(1, "", "", 4711), 200),
        (r.CalculateOptionPrice(1, stock(), 0.2, 100.0), 321),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, int) else str(one),
)
def test_what_is_refused_is_answered_on_its_id_and_hurts_nobody(request_: Any, code: int) -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(request_)
        await client.fence()
        assert codes(client, 1) == [code]
        go_on(made, 5)
        await pass_by(2.0)
        made._publisher.idle()
        await client.fence()

    in_session(story)


@pytest.mark.parametrize(
    "request_",
    [
        r.ReqMktData(1, stock(), "", False, False),
        r.ReqMktDepth(1, stock(), 5, False),
        r.ReqTickByTickData(1, stock(), "Last", 0, False),
        r.ReqRealTimeBars(1, stock(), 5, "TRADES", False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_request_id_in_use_is_refused(request_: Any) -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(request_, request_)
        await client.fence()
        assert codes(client, 1) == [322]

    in_session(story)


# history ------------------------------------------------------------------------------------


def history(number: int, contract: WireContract | None = None, **more: Any) -> r.ReqHistoricalData:
    terms: dict[str, Any] = {
        "end_date_time": "",
        "bar_size": "5 mins",
        "duration": "1 D",
        "use_rth": True,
        "what_to_show": "TRADES",
        "format_date": 1,
        "keep_up_to_date": False,
        "chart_options": "",
    }
    return r.ReqHistoricalData(number, contract or stock(), **(terms | more))


def test_history_is_paced() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(history(1), history(2))
        await client.fence()
        assert (codes(client, 1), codes(client, 2)) == ([], [162])
        assert "pacing violation" in client.of(a.Error)[-1].message
        await pass_by(15.1)
        client.ask(history(3))
        await client.fence()
        assert codes(client, 3) == []

    in_session(story)


def test_six_for_one_contract_within_two_seconds_are_too_many() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(*[history(n, duration=f"{n} D") for n in range(1, 7)])
        client.ask(history(7, stock("BBB")))
        await client.fence()
        assert [codes(client, n) for n in range(1, 8)] == [[], [], [], [], [], [162], []]

    in_session(story)


def test_history_of_six_options_is_not_that_of_one() -> None:
    async def story(made: Gateway, client: Client) -> None:
        listed = made.hub.market.directory
        chain = listed.chains(listed.by_key("AAA").con_id)[0]
        for number, strike in enumerate(chain.strikes[:7], 1):
            option = WireContract(
                symbol="AAA", sec_type="OPT", last_trade_date=chain.expirations[0], strike=strike,
                right="C", exchange="SMART", currency="USD", multiplier="100",
            )  # fmt: skip
            client.ask(history(number, option, what_to_show="MIDPOINT"))
        await client.fence()
        assert [codes(client, n) for n in range(1, 8)] == [[]] * 7

    in_session(story)


def test_sixty_in_ten_minutes_and_quotes_count_twice() -> None:
    pace = HistoryPace()
    for number in range(28):
        assert pace.violation(f"{number}", f"{number}", True, number * 3.0) == ""
    for number in range(28, 32):
        assert pace.violation(f"{number}", f"{number}", False, number * 3.0) == ""
    assert "60 requests within 10 minutes" in pace.violation("x", "x", False, 100.0)
    assert pace.violation("x", "x", False, 600.0) == "", "the first has gone by"
    assert pace.violation("y", "y", False, 600.5) == "", "it counted twice"
    assert pace.violation("z", "z", False, 601.0) != ""


def test_the_rate_is_so_many_at_once_and_as_many_a_second() -> None:
    rate = MessageRate(2)
    assert [rate.allows(time) for time in (0.0, 0.1, 0.2, 0.3, 0.55, 0.6, 2.0)] == [
        True, True, False, False, True, False, True
    ]  # fmt: skip
    assert rate.breaches == 1, "within one second a breach is one"
    assert MessageRate(0).allows(0.0)


def test_who_keeps_to_the_rate_may_be_bunched() -> None:
    rate = MessageRate(50)
    bunches = [0.0, 0.9, 1.8, 2.7]
    assert all(rate.allows(bunch) for bunch in bunches for _ in range(45))


def test_no_pace_where_none_is_kept() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(*[history(n) for n in range(1, 20)])
        await client.fence()
        assert len(client.of(a.HistoricalData)) == 19

    in_session(story, paces_history=False)


# streams ------------------------------------------------------------------------------------


def ticks(client: Client) -> list[Any]:
    kinds = (a.TickPrice, a.TickSize, a.TickString, a.TickGeneric, a.TickOptionComputation)
    return [one for one in client.log if isinstance(one, kinds)]


def quoted(is_sabotaged: bool, version: int) -> list[list[bytes]]:
    """Everything three clients were sent of the same market, some of it joined late."""

    async def whole() -> list[list[bytes]]:
        made = running([moving(), moving("BBB")], messages_per_second=0)
        made.hub.is_sabotaged = is_sabotaged
        await made.start()
        listed = made.hub.market.directory
        chain = listed.chains(listed.by_key("AAA").con_id)[0]
        option = WireContract(
            symbol="AAA", sec_type="OPT", last_trade_date=chain.expirations[0],
            strike=chain.strikes[len(chain.strikes) // 2], right="C", exchange="SMART",
            currency="USD", multiplier="100",
        )  # fmt: skip
        clients = [
            await Client.started(made, n, v) for n, v in ((1, version), (2, version), (3, 157))
        ]
        for client in clients:
            client.ask(
                r.ReqMktData(7, stock(), "", False, False),
                r.ReqMktData(12345678, stock(), "", False, False),
                r.ReqMktData(3, option, "", False, False),
            )
            await client.fence()
        go_on(made, 7)
        clients[1].ask(
            r.ReqMarketDataType(3),
            r.ReqMktData(8, stock(), "", False, False),
            r.ReqMktData(9, stock("BBB"), "", False, False),
        )
        await clients[1].fence()
        go_on(made, 3)
        clients[0].ask(r.ReqMktData(11, stock(), "", False, False), r.CancelMktData(7))
        await clients[0].fence()
        go_on(made, 12)
        for client in clients:
            await client.fence()
        payloads = [list(client.payloads) for client in clients]
        for client in clients:
            await client.close()
        await made.close()
        return payloads

    return played(whole)


@pytest.mark.parametrize("version", [157, 170, 178])
def test_one_encoding_for_many_is_what_each_would_have_been_sent(version: int) -> None:
    shared, plain = quoted(False, version), quoted(True, version)
    assert [len(one) for one in shared] == [len(one) for one in plain]
    assert shared == plain
    assert all(len(one) > 60 for one in shared)


def test_every_change_leads_to_the_quote_there_is() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(r.ReqMktData(1, stock(), "", False, False))
        await client.fence()
        numbers = {1: "bid", 2: "ask", 4: "last", 6: "high", 7: "low", 9: "previous_close"}
        for _ in range(30):
            go_on(made)
            await client.fence()
            quote = made.hub.market.quote("AAA")
            shown = {one.tick_type: one.price for one in client.of(a.TickPrice)}
            for number, name in numbers.items():
                if getattr(quote, name) != -1.0:
                    assert shown[number] == getattr(quote, name), name
            sizes = {one.tick_type: one.size for one in client.of(a.TickSize)}
            assert (sizes[0], sizes[3], sizes[8]) == (
                quote.bid_size, quote.ask_size, quote.volume
            )  # fmt: skip

    in_session(story)


def test_further_changes_are_shared_out_over_all_streams() -> None:
    async def story(made: Gateway, client: Client) -> None:
        other = await Client.started(made, 2, 157)
        for one in (client, other):
            one.ask(*[r.ReqMktData(n, stock(), "", False, False) for n in range(1, 4)])
            await one.fence()
            one.log.clear()
            one._read = 0
        made._publisher.flicker(12)
        made._publisher.flicker(6)
        for one in (client, other):
            await one.fence()
            sizes = one.of(a.TickSize)
            assert len(sizes) == 9
            assert {each.req_id for each in sizes} == {1, 2, 3}
        await other.close()
        await settle()
        client.ask(*[r.CancelMktData(n) for n in range(1, 4)])
        await client.fence()
        made._publisher.flicker(12)

    in_session(story)


def test_nothing_is_sent_of_what_was_cancelled() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(
            r.ReqMktData(1, stock(), "", False, False),
            r.ReqMktDepth(2, stock(), 5, False),
            r.ReqTickByTickData(3, stock(), "Last", 0, False),
            r.ReqRealTimeBars(4, stock(), 5, "TRADES", False),
            replace(history(5), keep_up_to_date=True),
        )
        await client.fence()
        go_on(made, 6)
        assert len(await client.fence()) > 20
        client.ask(
            r.CancelMktData(1), r.CancelMktDepth(2, False), r.CancelTickByTickData(3),
            r.CancelRealTimeBars(4), r.CancelHistoricalData(5),
        )  # fmt: skip
        await client.fence()
        go_on(made, 6)
        assert await client.fence() == []

    in_session(story)


def test_a_book_can_be_rebuilt_from_its_changes() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(r.ReqMktDepth(1, stock(), 5, False))
        await client.fence()
        for _ in range(20):
            go_on(made)
            await client.fence()
        sides: tuple[list[float], list[float]] = ([], [])
        for one in client.of(a.UpdateMktDepth):
            side = sides[one.side]
            assert one.position <= len(side), "a row that is not there"
            if one.operation == 0:
                side.insert(one.position, one.price)
            elif one.operation == 1:
                side[one.position] = one.price
            else:
                del side[one.position]
        quote = made.hub.market.quote("AAA")
        asks, bids = sides
        assert (bids[0], asks[0]) == (quote.bid, quote.ask)
        assert bids == sorted(bids, reverse=True) and asks == sorted(asks)
        assert len(bids) == len(asks) == 5

    in_session(story)


# the clock ----------------------------------------------------------------------------------


def test_a_skewed_clock_tells_other_times() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(r.ReqCurrentTime())
        right = (await client.next(a.CurrentTime)).time
        made.hub.skew = -90.0
        client.ask(r.ReqCurrentTime(), r.PlaceOrder(1, stock(), order()))
        assert (await client.next(a.CurrentTime)).time == right - 90
        wrong = (await client.next(a.ExecDetails)).execution.time
        made.hub.skew = 0.0
        client.ask(r.ReqExecutions(5))
        shown = await client.next(a.ExecDetails)
        assert shown.execution.time != wrong
        assert shown.execution.time.endswith("US/Eastern")

    in_session(story)


# accounts -----------------------------------------------------------------------------------

TWO = ("DU1", "DU2")


def test_an_order_says_for_which_of_several_accounts() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(
            r.PlaceOrder(1, stock(), order()),
            r.PlaceOrder(2, stock(), order(account="DU2")),
            r.PlaceOrder(3, stock(), order(account="DU9")),
        )
        await client.fence()
        assert (codes(client, 1), codes(client, 2), codes(client, 3)) == ([321], [], [321])
        assert made.book("DU1").positions["AAA"].is_flat
        assert made.book("DU2").positions["AAA"].quantity == 10.0

    in_session(story, accounts=TWO)


def test_positions_are_told_as_they_change_and_of_every_account() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(r.ReqPositions(), r.ReqPositionsMulti(5, "DU2"), r.ReqPositionsMulti(6, ""))
        await client.fence()
        assert client.of(a.Position) == [] and len(client.of(a.PositionMultiEnd)) == 2
        client.ask(
            r.PlaceOrder(1, stock(), order(account="DU1")),
            r.PlaceOrder(2, stock(), order("MKT", "SELL", 4.0, account="DU2")),
        )
        await client.fence()
        plain = [(one.account, one.position) for one in client.of(a.Position)]
        assert plain == [("DU1", 10.0), ("DU2", -4.0)]
        multi = [(one.req_id, one.account, one.position) for one in client.of(a.PositionMulti)]
        assert multi == [(6, "DU1", 10.0), (5, "DU2", -4.0), (6, "DU2", -4.0)]
        client.ask(r.CancelPositions(), r.CancelPositionsMulti(5), r.CancelPositionsMulti(6))
        client.ask(r.PlaceOrder(3, stock(), order("MKT", "SELL", account="DU1")))
        told = await client.fence()
        assert not [one for one in told if isinstance(one, a.Position | a.PositionMulti)]

    in_session(story, accounts=TWO)


def test_values_that_are_asked_for_again_are_told_again() -> None:
    async def story(made: Gateway, client: Client) -> None:
        for _ in range(2):
            client.ask(r.ReqAccountUpdatesMulti(5, "DU1", "", False))
            client.ask(r.ReqAccountSummary(6, "All", "NetLiquidation,$LEDGER:ALL"))
            told = await client.fence()
            multi = [one for one in told if isinstance(one, a.AccountUpdateMulti)]
            summary = [one for one in told if isinstance(one, a.AccountSummary)]
            assert ("NetLiquidation", "1000000.00") in [(one.key, one.value) for one in multi]
            assert {one.account for one in summary} == {"DU1", "DU2"}
            client.ask(r.CancelAccountUpdatesMulti(5), r.CancelAccountSummary(6))
            await client.fence()

    in_session(story, accounts=TWO)


def test_a_summary_has_the_tags_that_were_asked_for() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(r.ReqAccountSummary(6, "All", "NetLiquidation, BuyingPower,Nonsense"))
        await client.fence()
        tags = [one.tag for one in client.of(a.AccountSummary)]
        assert tags == ["NetLiquidation", "BuyingPower"]
        client.ask(r.PlaceOrder(1, stock(), order()))
        await client.fence()
        changed = {one.tag: float(one.value) for one in client.of(a.AccountSummary)}
        assert changed["BuyingPower"] < 4_000_000.0
        assert changed["NetLiquidation"] == pytest.approx(1_000_000.0 - 0.1 - 1.0, abs=0.01)

    in_session(story)


def test_profits_follow_the_market() -> None:
    async def story(made: Gateway, client: Client) -> None:
        con_id = made.hub.market.directory.by_key("AAA").con_id
        client.ask(r.ReqPnl(5, "DU1234567"), r.ReqPnlSingle(6, "DU1234567", "", con_id))
        await client.fence()
        assert client.of(a.PnlSingle)[-1].position == 0.0
        client.ask(r.PlaceOrder(1, stock(), order(quantity=100.0)))
        await client.fence()
        paid = client.of(a.ExecDetails)[0].execution.price
        go_on(made, 8)
        await pass_by(1.5)
        made._publisher.idle()
        await client.fence()
        whole, single = client.of(a.Pnl)[-1], client.of(a.PnlSingle)[-1]
        price = made.hub.market.close_of("AAA")
        assert single.position == 100.0
        assert single.value == pytest.approx(100.0 * price)
        assert single.unrealized_pnl == pytest.approx(100.0 * (price - paid))
        assert whole.unrealized_pnl == pytest.approx(single.unrealized_pnl)
        assert whole.daily_pnl == pytest.approx(100.0 * (price - paid) - 1.0)

    in_session(story)


# what was done ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [1, 2, 3, 1]),
        ({"client_id": 1}, [1, 2, 3]),
        ({"client_id": 2}, [1]),
        ({"acct_code": "DU2"}, [2]),
        ({"symbol": "BBB"}, [3]),
        ({"symbol": "aaa"}, [1, 2, 1]),
        ({"sec_type": "OPT"}, []),
        ({"sec_type": "STK"}, [1, 2, 3, 1]),
        ({"side": "BUY"}, [1, 3, 1]),
        ({"side": "SLD"}, [2]),
        ({"time": "20200101 00:00:00"}, [1, 2, 3, 1]),
        ({"time": "20300101 00:00:00 US/Eastern"}, []),
        ({"client_id": 1, "side": "BUY"}, [1, 3]),
    ],
)
def test_executions_by_what_is_asked_for(wanted: dict[str, Any], numbers: list[int]) -> None:
    async def story(made: Gateway, client: Client) -> None:
        other = await Client.started(made, 2)
        client.ask(
            r.PlaceOrder(1, stock(), order(account="DU1")),
            r.PlaceOrder(2, stock(), order("MKT", "SELL", account="DU2")),
            r.PlaceOrder(3, stock("BBB"), order(account="DU1")),
        )
        await client.fence()
        other.ask(r.PlaceOrder(1, stock(), order(account="DU1")))
        await other.fence()
        client.ask(r.ReqExecutions(77, r.ExecutionFilter(**wanted)))
        told = await client.fence()
        found = sorted(
            (one.execution.exec_id, one.order_id) for one in told if isinstance(one, a.ExecDetails)
        )
        assert [number for _, number in found] == numbers
        assert all(one.req_id == 77 for one in told if isinstance(one, a.ExecDetails))
        reports = [one for one in told if isinstance(one, a.CommissionReport)]
        assert sorted(one.exec_id for one in reports) == [exec_id for exec_id, _ in found]
        assert told[-1] == a.ExecDetailsEnd(77)
        await other.close()

    in_session(story, accounts=TWO)


def test_executions_by_a_time_that_is_none() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(r.ReqExecutions(77, r.ExecutionFilter(time="yesterday")))
        await client.fence()
        assert codes(client, 77) == [391]

    in_session(story)


def test_orders_that_are_done() -> None:
    async def story(made: Gateway, client: Client) -> None:
        client.ask(
            r.PlaceOrder(1, stock(), order()),
            r.PlaceOrder(2, stock(), limit(50.0)),
            r.PlaceOrder(3, stock(), limit(50.0)),
            r.PlaceOrder(4, stock(), limit(50.0, transmit=False)),
            r.PlaceOrder(5, stock(), limit(50.003)),
            r.CancelOrder(3),
            r.CancelOrder(4),
            r.ReqCompletedOrders(False),
        )
        await client.fence()
        done = client.of(a.CompletedOrder)
        assert [one.state.status for one in done] == ["Filled", "Cancelled"]
        assert done[0].state.completed_status == "Filled Size: 10"
        assert done[1].state.completed_status.startswith("Cancelled")
        assert all(one.state.completed_time.endswith("US/Eastern") for one in done)
        assert len({one.order.perm_id for one in done}) == 2
        assert isinstance(client.log[-2], a.CompletedOrdersEnd)

    in_session(story)


def test_orders_that_are_open_are_ones_own_or_everybodys() -> None:
    async def story(made: Gateway, client: Client) -> None:
        other = await Client.started(made, 2)
        client.ask(r.PlaceOrder(1, stock(), limit(50.0)))
        await client.fence()
        other.ask(r.PlaceOrder(1, stock(), limit(51.0)), r.ReqOpenOrders())
        told = await other.fence()
        prices = [one.order.lmt_price for one in told if isinstance(one, a.OpenOrder)]
        assert prices == [51.0, 51.0], "as it was placed, and as it was asked for"
        other.ask(r.ReqAllOpenOrders())
        told = await other.fence()
        prices = [one.order.lmt_price for one in told if isinstance(one, a.OpenOrder)]
        assert prices == [50.0, 51.0]
        other.ask(r.ReqGlobalCancel())
        await other.fence()
        await client.fence()
        assert [one.status for one in client.of(a.OrderStatus)][-1] == "Cancelled"
        await other.close()

    in_session(story)


def test_the_clock_waits_where_the_machine_does_not_keep_up() -> None:
    real = [0]
    clock = RunningClock(1_000, speed=10.0, reading=lambda: real[0])
    real[0] = 100
    assert clock.now() == 2_000
    clock.hold_back(500)
    assert clock.now() == 2_000, "time never goes back"
    real[0] = 140
    assert clock.now() == 2_000
    real[0] = 160
    assert clock.now() == 2_100
    assert clock.lasting(2e-9) == 20


def test_a_clock_goes_on_from_where_it_is_at_another_speed() -> None:
    real = [0]
    clock = RunningClock(1_000, speed=10.0, reading=lambda: real[0])
    real[0] = 100
    clock.run_at(2.0)
    assert clock.now() == 2_000
    real[0] = 150
    assert clock.now() == 2_100
    assert clock.lasting(1e-8) == 20
