"""The rules of broker and exchange in a run: what leaves, what is listed as refused, what-if."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.calendar import day_of
from framework.components.commission import PerOrder
from framework.components.financing import IbkrFinancing
from framework.components.margin import Leverage, RegT
from framework.components.venue.day_trading import DayTrading
from framework.components.venue.prices import on_venue_grid
from framework.components.venue.sets import IB_RULES
from framework.domain.actions import StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.instruments import AssetType
from framework.domain.orders import OrderRequest, Protection, Side, TimeInForce, points
from framework.domain.terms import Terms
from framework.engine.venue import session_hours
from framework.errors import OrderError
from framework.ports import Preview
from tests.builders import (
    Act,
    bars_of,
    five_minutes,
    flat_rows,
    free,
    played,
    scripted,
    statuses,
    trades_of,
)

FLAT = flat_rows([100.0] * 6)


def as_type(bars: Bars, kind: AssetType, **changes: object) -> Bars:
    return replace(bars, instrument=replace(bars.instrument, type=kind, **changes))  # type: ignore[arg-type]


def with_rules(script: dict[int, Act], bars: Bars, **changes: object) -> RunRecord:
    return played(script, bars, free(order_rules=IB_RULES, **changes))


def refusals(record: RunRecord) -> list[tuple[str, str]]:
    return [(refusal.rule, refusal.reason) for refusal in record.refused]


@pytest.mark.parametrize(
    ("kind", "act", "rule", "reason"),
    [
        (AssetType.INDEX, lambda s: s.buy(10), "not_tradable", "AAA is an index"),
        (AssetType.INDEX, lambda s: s.go_long(), "not_tradable", "AAA is an index"),
        (AssetType.STOCK, lambda s: s.buy(10, limit=99, tif="FOK"), "time_in_force", "FOK does"),
        (AssetType.FUTURE, lambda s: s.buy(10, at="open"), "time_in_force", "OPG does not"),
        (AssetType.FOREX, lambda s: s.sell(10, at="close"), "order_type", "market-on-close"),
        (AssetType.STOCK, lambda s: s.buy(10, limit=110.01), "price_collar", "10 % through"),
        (
            AssetType.CRYPTO,
            lambda s: s.buy(10, stop_loss=90.0),
            "order_type",
            "its stop loss: no stop order of a crypto is taken",
        ),
        (
            AssetType.STOCK,
            lambda s: s.buy(10, terms=Terms(outside_hours=True)),
            "time_in_force",
            "regular hours only",
        ),
    ],
)
def test_what_the_broker_would_not_take_never_leaves(
    kind: AssetType, act: Act, rule: str, reason: str
) -> None:
    margins = {"initial_margin": 10.0, "maintenance_margin": 8.0}
    record = with_rules({1: act}, as_type(bars_of(FLAT), kind, **margins))
    ((found, why),) = refusals(record)
    assert found == rule
    assert reason in why
    assert record.orders == ()


def test_a_refused_order_takes_no_number() -> None:
    script: dict[int, Act] = {
        1: lambda s: s.buy(10, limit=150.0),
        2: lambda s: s.buy(10, stop_loss=90.0),
    }
    record = with_rules(script, bars_of(FLAT))
    assert [one.order.id.split("-")[1] for one in record.orders] == ["1", "2"]
    assert trades_of(record) == [(3, 10.0, 100.0)]


def test_without_rules_everything_is_taken() -> None:
    record = played({1: lambda s: s.buy(10)}, as_type(bars_of(FLAT), AssetType.INDEX), free())
    assert trades_of(record) == [(2, 10.0, 100.0)]


def test_exits_are_asked_about_too() -> None:
    bars = bars_of(FLAT, lot=0.5)
    script: dict[int, Act] = {
        1: lambda s: s.buy(10),
        3: lambda s: s.sell(2.5),
        4: lambda s: s.close(),
    }
    record = with_rules(script, bars)
    assert refusals(record) == [("lot", "2.5 shares: the API takes whole shares only")]
    assert trades_of(record) == [(2, 10.0, 100.0), (5, -10.0, 100.0)]


@pytest.mark.parametrize(
    ("bar", "taken"), [(0, True), (1, True), (2, False), (3, False), (4, True)]
)
def test_the_close_has_a_cut_off_and_the_bar_at_it_is_too_late(bar: int, taken: bool) -> None:
    """Bars close at 15:40, 15:45, 15:50, 15:55 and 16:00, where the next session's turn begins."""
    bars = five_minutes(flat_rows([100.0] * 10), 5)
    record = with_rules({bar: lambda s: s.buy(10, at="close")}, bars)
    assert refusals(record) == ([] if taken else [
        ("hours", "a market-on-close order is taken before 2020-02-24 20:50 UTC")
    ])  # fmt: skip
    assert len(record.fills) == taken


def test_session_hours_at_an_early_close_and_beyond_the_calendar() -> None:
    minute = 60 * 10**9
    day = day_of("2019-11-29") * 1440 * minute
    assert session_hours("XNYS", day) == (day + 870 * minute, day + 1080 * minute)
    later = day + 3 * 1440 * minute
    assert session_hours("XNYS", day + 1080 * minute) == (
        later + 870 * minute,
        later + 1260 * minute,
    )
    assert session_hours("XHKG", 27 * 10**17) == (0, 0)


def test_a_change_is_judged_like_a_new_order() -> None:
    script: dict[int, Act] = {
        1: lambda s: s.buy(10, limit=90.0, tif="GTC"),
        2: lambda s: s.modify(s.orders[0], limit=120.0),
        3: lambda s: s.modify(s.orders[0], tif=TimeInForce.FOK),
        4: lambda s: s.modify(s.orders[0], limit=100.0),
    }
    record = with_rules(script, bars_of(FLAT))
    assert [rule for rule, _ in refusals(record)] == ["price_collar", "time_in_force"]
    assert trades_of(record) == [(5, 10.0, 100.0)]


# day trading -------------------------------------------------------------------------------

SMALL = {"cash": 20_000.0, "account": RegT()}


def round_trips(sessions: int) -> tuple[dict[int, Act], Bars]:
    """One buy and one sale a session, in bars 0 and 2 of six."""
    script: dict[int, Act] = {}
    for session in range(sessions):
        script[6 * session] = lambda s: s.buy(10)
        script[6 * session + 2] = lambda s: s.close()
    return script, five_minutes(flat_rows([100.0] * (6 * sessions)), 6)


def test_the_fourth_day_trade_in_five_sessions_is_not_begun() -> None:
    script, bars = round_trips(8)
    record = with_rules(script, bars, **SMALL)
    days = sorted({int(bars.session[i]) for i, q, _ in trades_of(record) if q > 0})
    sessions = sorted({int(day) for day in bars.session})
    assert [sessions.index(day) for day in days] == [0, 1, 2, 5, 6, 7]
    assert {rule for rule, _ in refusals(record)} == {"day_trading"}
    assert "day trades since 2020-02-24: 3, with" in refusals(record)[0][1]


@pytest.mark.parametrize(
    "changes",
    [
        {"cash": 25_000.0, "account": RegT()},
        {"cash": 20_000.0, "account": Leverage()},
    ],
)
def test_who_may_day_trade_as_he_likes(changes: dict[str, object]) -> None:
    script, bars = round_trips(8)
    assert refusals(with_rules(script, bars, **changes)) == []


def test_under_the_new_rule_only_the_margin_counts() -> None:
    script, bars = round_trips(8)
    rules = (*(r for r in IB_RULES if r.name != "day_trading"), DayTrading(adopted="2020-01-01"))
    assert refusals(played(script, bars, free(order_rules=rules, **SMALL))) == []


def test_closing_passes_whatever_the_count() -> None:
    script, bars = round_trips(4)
    script[1] = lambda s: s.buy(10)
    script[3] = lambda s: s.buy(10)
    script[4] = lambda s: s.close()
    record = with_rules(script, bars, **SMALL)
    assert record.positions == ()
    assert {refusal.side for refusal in record.refused} <= {Side.BUY}


def test_a_reversal_that_may_not_open_closes_all_the_same() -> None:
    quantities = {0: 10, 1: -10, 2: 10, 3: -10, 4: 10, 6: 5, 7: -5, 9: -20}
    script: dict[int, Act] = {
        bar: (lambda s, q=q: s.buy(q) if q > 0 else s.sell(-q)) for bar, q in quantities.items()
    }
    bars = five_minutes(flat_rows([100.0] * 12), 6)
    record = with_rules(script, bars, **SMALL)
    assert trades_of(record)[-1] == (10, -10.0, 100.0)
    ((rule, _),) = refusals(record)
    assert rule == "day_trading"
    assert record.refused[0].quantity == 20.0


def test_below_the_minimum_nothing_is_lent() -> None:
    script: dict[int, Act] = {1: lambda s: s.buy(15), 2: lambda s: s.buy(10)}
    record = with_rules(script, bars_of(FLAT), cash=1_900.0, account=RegT())
    assert trades_of(record) == [(2, 15.0, 100.0)]
    assert refusals(record) == [("margin", "1,900.00 of equity: below 2,000 nothing is lent")]


def test_short_sales_stop_where_nothing_more_can_be_borrowed(tmp_path: Path) -> None:
    file = tmp_path / "borrow.yaml"
    file.write_text("symbols:\n  AAA: {available: 15}\n", "utf-8")
    script: dict[int, Act] = {1: lambda s: s.sell(10), 3: lambda s: s.sell(10)}
    financing = IbkrFinancing(file=str(file))
    record = with_rules(script, bars_of(FLAT), financing=financing)
    assert refusals(record) == [
        ("not_shortable", "10 units would have to be borrowed, 5 are available")
    ]


def test_protection_of_a_long_position_needs_nothing_borrowed(tmp_path: Path) -> None:
    file = tmp_path / "borrow.yaml"
    file.write_text("symbols:\n  AAA: {available: 0}\n", "utf-8")
    financing = IbkrFinancing(file=str(file))
    script: dict[int, Act] = {1: lambda s: s.buy(10, stop_loss=90.0)}
    assert refusals(with_rules(script, bars_of(FLAT), financing=financing)) == []


def test_the_equity_of_the_previous_close_counts() -> None:
    """25,500 at first, 24,000 at the close of the first session, 28,500 in the second."""
    closes = [100.0] * 5 + [70.0] + [160.0] * 6
    script, _ = round_trips(1)
    script |= {3: lambda s: s.buy(50), 7: lambda s: s.buy(1)}
    rules = (DayTrading(rule="pdt", trades=2),)
    settings = free(order_rules=rules, cash=25_500.0, account=RegT())
    record = played(script, five_minutes(flat_rows(closes), 6), settings)
    ((rule, reason),) = refusals(record)
    assert rule == "day_trading"
    assert reason.startswith("day trades since 2020-02-24: 1, with 24,000.00 of equity;")


def test_a_split_is_no_trade() -> None:
    """10 held overnight become 20; selling them and buying again opens, and closes nothing."""
    script: dict[int, Act] = {
        0: lambda s: s.buy(10),
        7: lambda s: s.sell(20),
        8: lambda s: s.buy(10),
        10: lambda s: s.buy(1),
    }
    bars = five_minutes(flat_rows([100.0] * 6 + [50.0] * 6), 6)
    settings = free(
        order_rules=(DayTrading(rule="pdt", trades=2),),
        actions=(StockSplit("AAA", int(bars.session[-1]), 2.0),),
        **SMALL,
    )
    record = played(script, replace(bars, prices=PriceBasis.RAW), settings)
    assert refusals(record) == []
    assert [q for _, q, _ in trades_of(record)] == [10.0, -20.0, 10.0, 1.0]


def test_protection_below_a_dollar_is_on_the_fine_grid() -> None:
    plain = bars_of(flat_rows([0.52] * 6))
    bars = replace(plain, instrument=on_venue_grid(plain.instrument, int(plain.session[-1])))
    script: dict[int, Act] = {
        1: lambda s: s.buy(10, stop_loss=0.48765, take_profit=1.23456),
        3: lambda s: s.go_long(stop_loss=0.49876),
    }
    record = with_rules(script, bars)
    assert refusals(record) == []
    stop, target = record.orders[1:]
    assert (stop.first_stop, stop.order.stop, target.order.limit) == (0.4876, 0.4987, 1.24)


# what if -----------------------------------------------------------------------------------


def previewed(request: OrderRequest, script: dict[int, Act], **changes: object) -> Preview:
    """What the request would do at bar 3, and proof that asking changed nothing."""
    bars = bars_of(FLAT)
    asked: list[Preview] = []
    plain = {"account": RegT(), "order_rules": IB_RULES, "commission": PerOrder(1.0)}
    settings = free(**(plain | changes))
    silent = played(script, bars, settings)
    loud = played({**script, 3: lambda s: asked.append(s.what_if(request))}, bars, settings)
    assert statuses(loud) == statuses(silent)
    assert refusals(loud) == refusals(silent)
    assert (loud.equity == silent.equity).all()
    return asked[0]


def test_a_preview_of_an_entry() -> None:
    request = OrderRequest("AAA", Side.BUY, 100.0, protection=Protection(stop_loss=points(5)))
    found = previewed(request, {1: lambda s: s.buy(50)})
    assert found.passed
    assert (found.initial, found.maintenance) == (7_500.0, 3_750.0)
    assert (found.commission, found.buying_power_used) == (1.0, 5_001.0)
    assert found.by_type == {AssetType.STOCK: 7_500.0}
    assert found.warnings == ("The session is closed: it waits for the next open.",)


def test_a_preview_of_an_exit() -> None:
    found = previewed(OrderRequest("AAA", Side.SELL, 50.0), {1: lambda s: s.buy(50)})
    assert (found.passed, found.initial, found.buying_power_used) == (True, 0.0, 1.0)


@pytest.mark.parametrize(
    ("request_", "rule", "initial"),
    [
        (OrderRequest("AAA", Side.BUY, 100.0, limit=150.0), "price_collar", 5_000.0),
        (OrderRequest("AAA", Side.BUY, 5_000.0), "buying_power", 250_000.0),
        (OrderRequest("AAA", Side.BUY, 0.4), "lot", 0.0),
    ],
)
def test_what_would_be_refused_is_shown_all_the_same(
    request_: OrderRequest, rule: str, initial: float
) -> None:
    found = previewed(request_, {})
    assert not found.passed
    assert found.refused is not None
    assert found.refused.rule == rule
    assert found.initial == initial


def test_what_if_before_the_run_trades_and_in_setup() -> None:
    seen: list[Preview] = []
    bars = bars_of(FLAT)
    start = int(bars.close_time[3])
    request = OrderRequest("AAA", Side.BUY, 10.0)
    played({1: lambda s: seen.append(s.what_if(request))}, bars, free(start=start))
    assert seen[0].refused is not None
    assert seen[0].refused.rule == "start"

    class TooEarly(scripted({})):  # type: ignore[misc]
        def setup(self) -> None:
            self.what_if(request)

    with pytest.raises(OrderError, match="what_if was used in setup"):
        run(TooEarly, [bars], free())
