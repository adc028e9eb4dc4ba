"""Orders, splits, parts and accounts in combination, where money could go astray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run, run_verified
from framework.brokers.simulated.account import BackOffice
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Tape
from framework.components.exits import TimeStop
from framework.components.financing import IbkrFinancing
from framework.components.liquidity import FixedUnits
from framework.components.margin import Leverage, RegT
from framework.components.venue.borrowing import Borrowable
from framework.domain.actions import StockSplit
from framework.domain.arithmetic import opening_and_closing
from framework.domain.bars import Bars, PriceBasis
from framework.domain.conditions import PriceCondition, all_of
from framework.domain.currency import Rates
from framework.domain.events import Fill, Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import Origin, Side, pct, points
from framework.domain.terms import Scale, Terms
from framework.engine.history import Timeline
from framework.errors import ConfigError
from framework.strategy import Strategy
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    day_number,
    five_minutes,
    flat_rows,
    free,
    order_of,
    played,
    scripted,
    statuses,
    trades_of,
)


def raw(rows: list[Row], **instrument: float) -> Bars:
    return replace(bars_of(rows, **instrument), prices=PriceBasis.RAW)


def split(ratio: float, session: int) -> tuple[StockSplit, ...]:
    return (StockSplit("AAA", day_number(session), ratio),)


def only(record: RunRecord, origin: Origin) -> list[tuple[float, float | None, str]]:
    """Filled units, stop and status of the orders of one origin."""
    return [
        (one.filled, one.order.stop, str(one.status))
        for one in record.orders
        if one.order.origin is origin
    ]


# parts -------------------------------------------------------------------------------------


def test_a_reversal_filled_in_parts_opens_all_that_was_judged() -> None:
    record = played(
        {0: lambda s: s.buy(10), 3: lambda s: s.sell(20, tif="GTC")},
        bars_of(flat_rows([100.0] * 9)),
        free(liquidity=FixedUnits(15.0)),
    )
    assert [f.quantity for f in record.fills] == [10.0, -15.0, -5.0]
    assert record.positions[0].quantity == -10.0


def test_protection_added_to_an_entry_filled_in_part_works_at_once() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0)] * 2 + [(120.0, 120.0, 120.0, 120.0)] * 2
    record = played(
        {
            0: lambda s: s.buy(10, limit=100, tif="GTC"),
            1: lambda s: s.go_long(trail=points(5)),
        },
        bars_of([*rows, (114.0, 114.0, 114.0, 114.0)]),
        free(liquidity=FixedUnits(3.0)),
    )
    assert trades_of(record) == [(1, 3.0, 100.0), (4, -3.0, 114.0)]


def test_an_entry_that_only_closed_leaves_no_protection_behind() -> None:
    market = Market(bars_of(flat_rows([100.0] * 4)), liquidity=FixedUnits(5.0))
    market.step()
    market.submit(order_of("market", quantity=5.0, id="held"))
    market.step()
    market.submit(*bracket_of(order_of("market", Side.SELL, 50.0), stop_loss=110.0))
    market.step()
    market.broker.cancel("o1")
    market.step()
    assert [market.last(name).status for name in ("o1", "o1.sl")] == ["cancelled", "cancelled"]


def test_an_order_cancelled_by_its_conditions_at_once_takes_its_children_along() -> None:
    terms = Terms(conditions=all_of(PriceCondition("AAA", 100.0), cancels=True))
    record = played(
        {0: lambda s: s.buy(10, limit=95, tif="GTC", stop_loss=90, terms=terms)},
        bars_of(flat_rows([100.0] * 3)),
    )
    assert [status for _, status, _ in statuses(record)] == ["cancelled", "cancelled"]


def test_a_time_stop_goes_on_until_nothing_is_held() -> None:
    record = played(
        {0: lambda s: s.buy(10)},
        bars_of(flat_rows([100.0] * 8)),
        free(liquidity=FixedUnits(10.0), exits=(TimeStop(2),)),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 100.0)]
    thin = replace(bars_of(flat_rows([100.0] * 8)), volume=np.array([50.0] * 4 + [4.0] * 4))
    record = played(
        {0: lambda s: s.buy(10)}, thin, free(liquidity=FixedUnits(10.0), exits=(TimeStop(2),))
    )
    assert [f.quantity for f in record.fills] == [10.0, -4.0, -4.0, -2.0]


@pytest.mark.parametrize(
    ("position", "wanted", "expected"),
    [
        (10.0, -10.0, (0.0, 10.0)),
        (0.1 + 0.2, -0.3, (0.0, 0.3)),
        (0.3, -(0.1 + 0.2), (0.0, 0.1 + 0.2)),
        (10.0, -15.0, (5.0, 10.0)),
        (10.0, -4.0, (0.0, 4.0)),
        (0.0, 4.0, (4.0, 0.0)),
        (10.0, 4.0, (4.0, 0.0)),
    ],
)
def test_rounding_is_neither_a_position_to_close_nor_a_risk_to_open(
    position: float, wanted: float, expected: tuple[float, float]
) -> None:
    assert opening_and_closing(position, wanted, 0.0) == expected


# splits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance", "stop"), [(pct(5), 47.5), (points(6), 47.0), (points(10), 45.0)]
)
def test_distances_count_from_the_average_on_the_new_scale(distance: object, stop: float) -> None:
    """5 at 100 are 10 at 50 after the split; the next parts fill at 50 too."""
    record = played(
        {0: lambda s: s.buy(10, tif="GTC", stop_loss=distance)},
        raw(flat_rows([100.0, 100.0, 50.0, 50.0, 50.0])),
        free(liquidity=FixedUnits(5.0), actions=split(2.0, 2)),
    )
    assert [f.quantity for f in record.fills] == [5.0, 5.0, 5.0]
    assert only(record, Origin.STOP_LOSS) == [(0.0, stop, "working")]
    assert record.orders[1].order.quantity == 20.0


def test_protection_renewed_after_a_split_covers_everything() -> None:
    record = played(
        {0: lambda s: s.buy(10), 2: lambda s: s.go_long(stop_loss=45)},
        raw(flat_rows([100.0, 100.0, 50.0, 50.0, 40.0])),
        free(actions=split(2.0, 2)),
    )
    assert trades_of(record)[1:] == [(4, -20.0, 40.0)]


def test_after_a_split_protection_covers_what_its_entry_has_left() -> None:
    """Two lots of one become 0.5 each: one whole lot is left, and it stays protected."""
    record = played(
        {0: lambda s: s.buy(1, stop_loss=80), 1: lambda s: s.buy(1, stop_loss=80)},
        raw(flat_rows([100.0, 100.0, 100.0, 200.0, 150.0])),
        free(actions=split(0.5, 3)),
    )
    assert trades_of(record)[2:] == [(4, -1.0, 150.0)]
    assert record.positions == ()


def test_after_a_split_an_order_opens_whole_lots_only() -> None:
    """13 to sell, 10 of them held: the 3 that may open are 4, not 4.5, new units."""
    record = played(
        {
            0: lambda s: s.buy(10),
            1: lambda s: s.sell(13, limit=150, tif="GTC"),
            2: lambda s: s.sell(10),
        },
        raw(flat_rows([100.0, 100.0, 100.0, 100.0, 66.0, 101.0])),
        free(actions=split(1.5, 4)),
    )
    assert [f.quantity for f in record.fills] == [10.0, -10.0, -4.0]


def test_a_ladder_goes_on_where_the_split_found_it() -> None:
    terms = Terms(scale=Scale(4.0, 0.5, 3.0))
    record = played(
        {0: lambda s: s.buy(10, limit=98, tif="GTC", terms=terms)},
        raw([*flat_rows([100.0, 98.0, 49.0]), (49.0, 49.0, 48.75, 49.0), (49.0, 49.0, 45.0, 48.0)]),
        free(actions=split(2.0, 2)),
    )
    assert trades_of(record) == [(1, 4.0, 98.0), (3, 6.0, 48.75), (4, 6.0, 48.5)]


@pytest.mark.parametrize(
    ("scale", "lot", "tick", "expected"),
    [
        (Scale(4.5, 0.333, 4.5), 1.0, 0.01, Scale(4.0, 0.34, 4.0)),
        (Scale(0.4, 0.5), 1.0, 0.25, Scale(1.0, 0.5)),
        (Scale(0.4, 0.333), 0.0, 0.0, Scale(0.4, 0.333)),
    ],
)
def test_a_ladder_on_the_grid(scale: Scale, lot: float, tick: float, expected: Scale) -> None:
    assert scale.on_grid(lot, tick) == expected


def test_what_a_split_leaves_nothing_of_is_neither_reduced_nor_timed_out() -> None:
    record = played(
        {
            0: lambda s: s.buy(3),
            1: lambda s: s.sell(30, limit=150, tif="GTC"),
            3: lambda s: s.buy(1, limit=900, tif="GTC"),
        },
        raw(flat_rows([100.0, 100.0, 1000.0, 1000.0, 1000.0, 1000.0])),
        free(actions=split(0.1, 2), exits=(TimeStop(4),), rules=()),
    )
    assert statuses(record)[-1] == ("strategy", "working", 0.0)
    reduce_only = played(
        {0: lambda s: s.buy(3), 1: lambda s: s.sell(3, limit=150, tif="GTC")},
        raw(flat_rows([100.0, 100.0, 1000.0, 1000.0])),
        free(actions=split(0.4, 2)),
    )
    assert reduce_only.positions == ()


def test_an_entry_a_split_left_nothing_of_is_not_protected_anew() -> None:
    record = played(
        {
            0: lambda s: s.buy(3),
            1: lambda s: s.buy(50, limit=90, tif="GTC"),
            2: lambda s: s.go_long(stop_loss=800),
        },
        raw(flat_rows([100.0, 100.0, 1000.0, 1000.0])),
        free(actions=split(0.1, 2)),
    )
    assert [one.order.quantity for one in record.orders] == [3.0, 5.0, 5.0]


# the door ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "quantity", "allowed"),
    [
        ({}, 1_000.0, True),
        ({}, 1_001.0, False),
        ({0: lambda s: s.buy(500)}, 1_500.0, True),
        ({0: lambda s: s.buy(500)}, 1_501.0, False),
    ],
)
def test_a_changed_market_order_frees_nothing_but_itself(
    script: dict[int, Callable[[Strategy], object]], quantity: float, allowed: bool
) -> None:
    """100,000 at 100: 1,000 units long or short, whatever was asked before."""
    answers: list[object] = []

    def change(s: Strategy) -> None:
        order = s.sell(1_000) if script else s.buy(500)
        answers.append(s.modify(order, quantity=quantity))  # type: ignore[arg-type]

    played({**script, 1: change}, bars_of(flat_rows([100.0] * 4)))
    assert isinstance(answers[0], Refused) is not allowed


def test_an_exit_that_is_too_large_frees_only_what_is_held() -> None:
    """The stop has left 4 of 10 when the sale of 10 still works: 4 x 95 comes free, not 10 x 95."""
    power: list[float] = []
    rows = [*flat_rows([100.0, 100.0]), (95.0, 95.0, 95.0, 95.0), (95.0, 95.0, 95.0, 95.0)]
    bars = replace(bars_of(rows), volume=np.array([50.0, 50.0, 6.0, 6.0]))
    played(
        {
            0: lambda s: s.buy(10, stop_loss=95),
            1: lambda s: s.sell(10, tif="GTC"),
            2: lambda s: power.append(s.account.buying_power),
        },
        bars,
        free(liquidity=FixedUnits(10.0)),
    )
    assert power == [100_000.0 - 10 * 5.0]


def test_instances_have_groups_of_their_own() -> None:
    quiet = [(100.0, 101.0, 99.0, 100.0)] * 2
    up = [(100.0, 106.0, 99.0, 105.0)]
    record = played(
        {0: lambda s: s.buy(10, stop=105, tif="GTC", oca="g")},
        [bars_of([*quiet, *up, *quiet], "AAA"), bars_of([*quiet, *quiet, *up], "BBB")],
    )
    assert [(f.symbol, f.quantity) for f in record.fills] == [("AAA", 10.0), ("BBB", 10.0)]


@pytest.mark.parametrize(
    "dodge",
    [
        lambda s, order: s.cancel(order),
        lambda s, order: s.modify(order, quantity=1),
        lambda s, order: s.go_short(),
    ],
)
def test_a_margin_call_cannot_be_called_off(dodge: Callable[..., object]) -> None:
    def script(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(1_900)
        for order in s.orders:
            if order.origin is Origin.LIQUIDATION:
                dodge(s, order)

    record = played(script, bars_of(flat_rows([100.0, 100.0, 60.0, 60.0])), free(account=RegT()))
    assert only(record, Origin.LIQUIDATION) == [(300.0, None, "filled")]


def test_a_level_that_follows_the_market_cannot_be_given() -> None:
    record = run(
        scripted(
            {
                0: lambda s: s.buy(10),
                1: lambda s: s.sell(10, trailing=points(5), tif="GTC"),
                2: lambda s: s.modify(s.orders[0], stop=98.5),
            }
        ),
        [bars_of(flat_rows([100.0] * 4))],
        free(),
    )
    assert "Its level follows the market" in record.error


def test_a_sleeping_order_that_may_only_reduce_ends_with_its_position() -> None:
    terms = Terms(conditions=all_of(PriceCondition("AAA", 200.0)))
    record = played(
        {
            0: lambda s: s.buy(10),
            1: lambda s: s.sell(10, tif="GTC", terms=terms),
            2: lambda s: s.sell(10),
        },
        bars_of(flat_rows([100.0] * 5)),
    )
    assert [status for _, status, _ in statuses(record)] == ["filled", "cancelled", "filled"]


def test_short_sales_that_wait_count_as_borrowed() -> None:
    class Thirty(IbkrFinancing):
        def shortable(self, instrument: Instrument, day: int) -> float:
            return 30.0

    answers: list[object] = []
    played(
        {
            0: [
                lambda s: answers.append(s.sell(20, limit=110, tif="GTC")),
                lambda s: answers.append(s.sell(20, limit=120, tif="GTC")),
                lambda s: answers.append(s.sell(10, limit=120, tif="GTC")),
            ]
        },
        bars_of(flat_rows([100.0] * 2)),
        free(financing=Thirty(), order_rules=(Borrowable(),), account=RegT()),
    )
    assert [isinstance(answer, Refused) for answer in answers] == [False, True, False]


def test_a_cancel_the_broker_does_not_take_is_asked_for_again() -> None:
    """Under backtrader's rules a new order cannot be cancelled before its first bar."""
    record = played(
        {0: [lambda s: s.go_long(stop_loss=90.0), lambda s: s.close()], 4: lambda s: s.go_long()},
        bars_of(flat_rows([100.0] * 8)),
        free(policy=FillPolicy.backtrader()),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (2, -10.0, 100.0), (5, 10.0, 100.0)]


# the account -------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [FillPolicy.backtrader(), FillPolicy.backtesting_py()])
def test_a_cash_check_at_the_fill_knows_one_currency(policy: FillPolicy) -> None:
    bars = bars_of(flat_rows([100.0] * 3))
    yen = replace(bars, instrument=replace(bars.instrument, currency="JPY"))
    rates = Rates.constant("USD", {"JPY": 0.01})
    with pytest.raises(ConfigError, match="knows one currency only"):
        played({}, yen, free(policy=policy, rates=rates))
    assert played({}, yen, free(policy=policy)).currency == "JPY"


def office_at(sessions: list[list[int]]) -> tuple[BackOffice, list[Tape]]:
    tapes = []
    for number, days in enumerate(sessions):
        bars = bars_of(flat_rows([100.0] * len(days)), f"S{number}", sessions=days)
        tapes.append(Tape(bars, None))
    ledger = Ledger(-36_000.0, {tape.instrument.symbol: 1.0 for tape in tapes})
    financing = IbkrFinancing(benchmark=0.0, spread=1.0)
    return BackOffice(ledger, tapes, None, financing, (), Rates()), tapes


def test_a_night_is_charged_once_though_calendars_overlap() -> None:
    """A future's next session begins while a stock's late hours still belong to this one."""
    office, tapes = office_at([[0, 1], [0, 0]])
    booked = [office.night(day_number(day), tapes, 0) for day in (0, 1, 0, 1)]
    assert [len(flows) for flows in booked] == [0, 1, 0, 0]
    assert booked[1][0].amount == pytest.approx(-1.0)


def test_the_session_of_a_run_never_goes_back() -> None:
    early = five_minutes(flat_rows([100.0] * 4), 4, "AAA")
    late = five_minutes(flat_rows([100.0] * 4), 4, "BBB")
    late = replace(late, close_time=late.close_time + 60 * 10**9, session=late.session + 1)
    assert (np.diff(Timeline([early, late]).session) >= 0).all()


def test_liquidations_under_way_never_turn_a_position_round() -> None:
    bars = bars_of(flat_rows([100.0, 100.0]))
    tape = Tape(bars, None)
    ledger = Ledger(0.0, {"AAA": 1.0})
    ledger.apply(Fill("f/1", order_of("market", Side.SELL, 1.0), 0, -1.0, 1.0, 1.0))
    office = BackOffice(ledger, [tape], Leverage(1.0, 50.0), None, (), Rates())
    tape.move(0)
    assert office.liquidations(0, {}) == [("AAA", 1.0, 100.0)]
    assert office.liquidations(0, {"AAA": 2.0}) == []


def contracts(roll_days: int) -> list[Bars]:
    """Two futures of six sessions of four bars; the first expires in the fifth."""
    rows = flat_rows([100.0 + i % 3 for i in range(24)])
    found = []
    for symbol, expiry, following in (("FUT", 4, "NXT"), ("NXT", 20, None)):
        instrument = Instrument(
            symbol,
            AssetType.FUTURE,
            multiplier=10.0,
            expiry=day_number(expiry),
            next_contract=following,
            roll_days=roll_days,
            initial_margin=300.0,
            maintenance_margin=200.0,
        )
        bars = replace(five_minutes(rows, 4, symbol), instrument=instrument)
        found.append(bars)
    return found


@pytest.mark.parametrize(("roll_days", "decisions"), [(2, (8, 9, 10)), (0, (16, 17, 18))])
def test_decisions_on_the_day_of_a_roll_or_an_expiry_are_no_lookahead(
    roll_days: int, decisions: tuple[int, ...]
) -> None:
    def script(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(10, symbol="FUT")
        if bar in decisions:
            s.buy(1 if s.positions[0].symbol == "FUT" else 2, symbol="NXT")

    record = run_verified(
        scripted(script, universe=True), contracts(roll_days), free(account=RegT()), {}, {}
    )
    assert record.error == ""


def test_a_contract_whose_last_day_has_no_bar_is_no_lookahead() -> None:
    rows = flat_rows([100.0] * 20)
    front = contracts(2)[0].instrument
    bars = five_minutes(rows, 4, "FUT")
    later = np.where(bars.session >= day_number(4), 86_400 * 10**9, 0)
    alone = replace(
        bars,
        instrument=replace(front, next_contract=None),
        close_time=bars.close_time + 3 * later,
        session_close=bars.session_close + 3 * later,
        session=bars.session + later // (86_400 * 10**9) * 3,
    )
    record = run_verified(
        scripted({0: lambda s: s.buy(10), 15: lambda s: s.buy(1)}),
        [alone],
        free(account=RegT()),
        {},
        {},
    )
    assert Origin.EXPIRY in {f.order.origin for f in record.fills}


def test_a_roll_that_has_to_wait_for_volume_is_done_in_parts() -> None:
    rows = flat_rows([100.0] * 9)
    found = []
    for one in contracts(2):
        found.append(replace(bars_of(rows, one.symbol), instrument=one.instrument))
    record = played(
        {0: lambda s: s.buy(3, symbol="FUT"), 1: lambda s: s.buy(3, symbol="FUT")},
        found,
        free(account=RegT(), liquidity=FixedUnits(3.0)),
        universe=True,
    )
    rolled = [(f.symbol, f.quantity) for f in record.fills if f.order.origin is Origin.ROLL]
    assert rolled == [("FUT", -3.0), ("NXT", 3.0)] * 2
    assert [(p.symbol, p.quantity) for p in record.positions] == [("NXT", 6.0)]


def test_a_contract_that_settles_before_it_could_roll_is_warned_of() -> None:
    record = played({}, contracts(0), free(account=RegT()), universe=True)
    assert any("FUT does not roll: with roll_days: 0" in text for text in record.warnings)
