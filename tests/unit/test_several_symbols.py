"""Several symbols on one account: isolated sleeves, universes, gaps, and longer frames."""

from __future__ import annotations

import numpy as np
import pytest

from framework.backtest.run import run
from framework.components.commission import PerOrder
from framework.components.limits import MaxPositions
from framework.components.sizing import PercentOfEquity
from framework.domain.bars import Bars
from framework.domain.orders import Side
from framework.errors import ConfigError, DataError
from framework.strategy import Strategy
from tests.builders import bars_of, five_minutes, flat_rows, free, played, scripted


def still(symbol: str, count: int = 6, price: float = 100.0) -> Bars:
    return bars_of(flat_rows([price] * count), symbol)


# sleeves -----------------------------------------------------------------------------------


def test_each_symbol_gets_an_equal_sleeve_of_its_own() -> None:
    """50,000 each at 95 %: 475 at 100 and 950 at 50."""
    record = played(
        {0: lambda s: s.go_long()},
        [still("AAA"), still("BBB", price=50.0)],
        free(sizer=PercentOfEquity(95.0)),
    )
    assert [(f.symbol, f.quantity) for f in record.fills] == [("AAA", 475.0), ("BBB", 950.0)]


def test_weights_shape_the_sleeves_and_the_rest_stays_cash() -> None:
    record = played(
        {0: lambda s: s.go_long()},
        [still("AAA"), still("BBB")],
        free(sizer=PercentOfEquity(100.0), weights={"AAA": 0.6, "BBB": 0.1}),
    )
    assert [(f.symbol, f.quantity) for f in record.fills] == [("AAA", 600.0), ("BBB", 100.0)]
    assert list(record.cash) == [100_000.0, *[30_000.0] * 5]
    assert list(record.equity) == [100_000.0] * 6


def test_limits_judge_the_whole_account_not_one_sleeve() -> None:
    """The first two fill the two places; the third is refused, in whichever sleeve it comes."""
    record = played(
        {0: lambda s: s.go_long()},
        [still("AAA"), still("BBB"), still("CCC")],
        free(rules=(MaxPositions(2),)),
    )
    assert [f.symbol for f in record.fills] == ["AAA", "BBB"]
    assert [(r.symbol, r.rule) for r in record.refused] == [("CCC", "max_positions")]


def test_sleeves_are_isolated() -> None:
    """AAA loses everything but BBB's sleeve is untouched: a sleeve cannot spend another's cash."""
    seen: dict[str, list[tuple[float, float]]] = {"AAA": [], "BBB": []}

    def act(s: Strategy, bar: int) -> None:
        seen[s.data.symbol].append((s.account.cash, s.account.equity))
        if bar == 0:
            s.buy(400)
        if bar == 2:
            s.buy(400)

    falling = bars_of(flat_rows([100.0, 100.0, 10.0, 10.0]), "AAA")
    record = played(act, [falling, still("BBB", 4)])
    assert seen["AAA"][2] == (10_000.0, 14_000.0)
    assert seen["BBB"][2] == (10_000.0, 50_000.0)
    # AAA at 10 can pay another 400; BBB has 10,000 left and would need 40,000
    assert [(r.symbol, r.rule) for r in record.refused] == [("BBB", "buying_power")]


def test_a_position_of_one_sleeve_is_not_seen_by_another() -> None:
    seen: list[tuple[str, float, tuple[str, ...]]] = []

    def act(s: Strategy, bar: int) -> None:
        if s.data.symbol == "AAA" and bar == 0:
            s.go_long()
        if bar == 2:
            seen.append((s.data.symbol, s.position.quantity, s.symbols))

    played(act, [still("AAA"), still("BBB")])
    assert seen == [("AAA", 10.0, ("AAA",)), ("BBB", 0.0, ("BBB",))]


def test_the_account_s_fees_and_curve_are_the_sum_of_the_sleeves() -> None:
    record = played(
        {0: lambda s: s.go_long(), 3: lambda s: s.go_short()},
        [still("AAA"), still("BBB")],
        free(commission=PerOrder(2.0)),
    )
    assert record.equity[-1] == 100_000.0 - 4 * 2.0
    assert len(record.commissions) == 4


@pytest.mark.parametrize(
    "weights",
    [{"AAA": 0.5}, {"AAA": 0.5, "CCC": 0.5}, {"AAA": 0.5, "BBB": 0.2, "CCC": 0.1}],
)
def test_weights_must_name_the_symbols(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="AAA"):
        run(scripted({}), [still("AAA"), still("BBB")], free(weights=weights))


@pytest.mark.parametrize("weights", [{"AAA": 0.7, "BBB": 0.7}, {"AAA": -0.1, "BBB": 0.5}])
def test_weights_must_fit_in_the_account(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="at most 1"):
        free(weights=weights)


def test_broken_sets_of_bars_are_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        run(scripted({}), [still("AAA"), still("AAA")], free())
    with pytest.raises(DataError, match="at least one"):
        run(scripted({}), [], free())
    with pytest.raises(DataError, match="no bars"):
        run(scripted({}), [still("AAA").take(0, 0)], free())


# universes ---------------------------------------------------------------------------------


def test_a_universe_is_one_instance_with_all_symbols_and_one_purse() -> None:
    seen: list[tuple[str, ...]] = []

    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            seen.append(s.symbols)
            s.go_long(symbol="BBB")
            s.go_long(symbol="AAA")

    record = played(
        act, [still("AAA"), still("BBB")], free(sizer=PercentOfEquity(90.0)), universe=True
    )
    assert seen == [("AAA", "BBB")]
    # each may use its share, half of the equity
    assert [(f.symbol, f.quantity) for f in record.fills] == [("AAA", 450.0), ("BBB", 450.0)] or [
        (f.symbol, f.quantity) for f in record.fills
    ] == [("BBB", 450.0), ("AAA", 450.0)]


def test_another_symbol_s_bars_are_the_ones_known_now() -> None:
    seen: list[tuple[float, float]] = []
    a = bars_of(flat_rows([1.0, 2.0, 3.0]), "AAA")
    b = bars_of(flat_rows([10.0, 20.0, 30.0]), "BBB")
    played(
        lambda s, bar: seen.append((s.data.close[-1], s.data["BBB"].close[-1])),
        [a, b],
        universe=True,
    )
    assert seen == [(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)]


def test_an_unsubscribed_symbol_gets_a_suggestion() -> None:
    record = run(scripted({0: lambda s: s.data["AAB"]}), [still("AAA")], free())
    assert "Did you mean 'AAA'?" in record.error


# gaps and different calendars --------------------------------------------------------------


def gappy() -> list[Bars]:
    """AAA every day 0..5, BBB on days 1, 2, 4 only."""
    a = bars_of(flat_rows([100.0, 101.0, 102.0, 103.0, 104.0, 105.0]), "AAA")
    b = bars_of(flat_rows([50.0, 51.0, 52.0]), "BBB", sessions=[1, 2, 4])
    return [a, b]


def test_a_symbol_without_a_bar_keeps_its_last_and_is_not_fresh() -> None:
    seen: list[tuple[bool, bool, float | None]] = []

    class Looks(Strategy):
        universe = True

        def on_bar(self) -> None:
            other = self.data["BBB"]
            seen.append(
                (self.data.is_fresh, other.is_fresh, other.close[-1] if len(other) else None)
            )

    assert run(Looks, gappy(), free()).error == ""
    assert seen == [
        (True, False, None),
        (True, True, 50.0),
        (True, True, 51.0),
        (True, False, 51.0),
        (True, True, 52.0),
        (True, False, 52.0),
    ]


def test_the_first_symbol_may_be_the_one_with_gaps() -> None:
    seen: list[tuple[bool, int]] = []

    class Looks(Strategy):
        universe = True

        def on_bar(self) -> None:
            seen.append((self.data.is_fresh, len(self.data)))

    assert run(Looks, list(reversed(gappy())), free()).error == ""
    assert seen == [(False, 0), (True, 1), (True, 2), (False, 2), (True, 3), (False, 3)]


def test_an_order_waits_for_a_bar_of_its_own_instrument() -> None:
    """Decided on day 2, BBB next trades on day 4: its open, not AAA's, and not day 3."""

    class Trades(Strategy):
        universe = True

        def on_bar(self) -> None:
            if len(self.data) == 3:
                self.buy(5, symbol="BBB")

    record = run(Trades, gappy(), free())
    assert record.error == ""
    (fill,) = record.fills
    assert fill.time == record.bars[1].close_time[2]
    assert fill.price == 52.0


def test_an_order_for_a_symbol_without_any_bar_yet_is_refused() -> None:
    class Trades(Strategy):
        universe = True

        def on_bar(self) -> None:
            if len(self.data) == 1:
                self.buy(5, symbol="BBB")
                self.go_long(symbol="BBB")
                self.target(3, symbol="BBB")
                self.target_weights({"BBB": 0.2})

    record = run(Trades, gappy(), free())
    assert record.error == ""
    assert record.fills == ()
    assert {r.rule for r in record.refused} == {"no_price"}
    assert all(r.side is Side.BUY for r in record.refused)


def test_isolated_instances_wake_only_on_their_own_bars() -> None:
    woken: list[tuple[str, int]] = []
    played(lambda s, bar: woken.append((s.data.symbol, bar)), gappy())
    assert [bar for symbol, bar in woken if symbol == "BBB"] == [0, 1, 2]
    assert [bar for symbol, bar in woken if symbol == "AAA"] == [0, 1, 2, 3, 4, 5]


def test_equity_carries_the_last_close_over_a_gap() -> None:
    class Trades(Strategy):
        universe = True

        def on_bar(self) -> None:
            if len(self.data) == 2:
                self.buy(10, symbol="BBB")

    record = run(Trades, gappy(), free())
    assert record.error == ""
    # bought at 51 on day 2; 51 carried on day 3, 52 on days 4 and 5
    assert list(record.equity) == [100_000.0] * 4 + [100_010.0] * 2


def test_order_of_fills_at_one_instant_follows_the_subscription() -> None:
    for names in (("AAA", "BBB"), ("BBB", "AAA")):
        record = played(
            {0: [lambda s: s.buy(1, symbol="AAA"), lambda s: s.buy(1, symbol="BBB")]},
            [still(name) for name in names],
            universe=True,
        )
        assert [f.symbol for f in record.fills] == list(names)


# longer frames -----------------------------------------------------------------------------


def test_every_shows_completed_bars_only() -> None:
    """Two sessions of 78 five-minute bars; the day's bar appears with the last of them."""
    closes = [100.0 + i for i in range(78 * 3)]
    seen: list[tuple[int, float | None]] = []

    class Looks(Strategy):
        def setup(self) -> None:
            self.days = self.data.every("1d")

        def on_bar(self) -> None:
            seen.append((len(self.days), self.days.close[-1] if len(self.days) else None))

    record = run(Looks, [five_minutes(flat_rows(closes), 78)], free())
    assert record.error == ""
    assert seen[:77] == [(0, None)] * 77
    assert seen[77:155] == [(1, 177.0)] * 78
    assert seen[155:233] == [(2, 255.0)] * 78
    assert seen[233] == (3, 333.0)


def test_every_in_setup_feeds_indicators_and_conditions() -> None:
    closes = [100.0] * 78 + [110.0] * 78 + [90.0] * 78

    class Daily(Strategy):
        def setup(self) -> None:
            days = self.data.every("1d")
            self.when(days.close > 105, self.go_long)
            self.when(days.close < 95, self.close)

    record = run(Daily, [five_minutes(flat_rows(closes), 78)], free())
    assert record.error == ""
    # known at the close of the second session, so bought at the third's open
    (fill,) = record.fills
    assert fill.time == record.instants[156]
    assert fill.price == 90.0


def test_every_is_folded_from_its_own_bars() -> None:
    rng = np.random.default_rng(3)
    rows = [
        (o, o + 2, o - 2, o + d)
        for o, d in zip(rng.uniform(90, 110, 156), rng.uniform(-1, 1, 156), strict=True)
    ]
    seen: list[tuple[float, float, float, float]] = []

    def act(s: Strategy, bar: int) -> None:
        if bar in (77, 155):
            day = s.data.every("1d")
            seen.append((day.open[-1], day.high[-1], day.low[-1], day.close[-1]))

    played(act, five_minutes(rows, 78))
    for number, found in enumerate(seen):
        part = np.array(rows[number * 78 : number * 78 + 78])
        assert found == (part[0, 0], part[:, 1].max(), part[:, 2].min(), part[-1, 3])


def test_every_shorter_than_the_bars_is_an_error() -> None:
    record = run(scripted({0: lambda s: s.data.every("5m")}), [still("AAA")], free())
    assert "shorter" in record.error
