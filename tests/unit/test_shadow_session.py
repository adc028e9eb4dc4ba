"""A session in shadow: a backtest's fills on bars as they come, a restart at any row, and a wire on
which no order ever leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from framework.backtest.record import RunRecord
from framework.backtest.roles import Fleet, Role, Strategies
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PerShare
from framework.components.slippage import PercentSlippage
from framework.domain.bars import Bars
from framework.domain.orders import pct
from framework.engine.journal import Journal, open_journal
from framework.engine.journal_errors import DivergenceError
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import EventBatch, Instant, Row, Started, Submit
from framework.engine.reconcile import reconcile
from framework.errors import ConfigError, ReconcileError
from framework.feeds.resample import resample
from framework.feeds.sample import sample
from framework.session.bridge import Bridge, Cargo
from framework.session.shadowing import NOTE, ShadowBooks, ShadowMarket
from framework.strategy import Strategy
from tests.live_runs import differences, history_of, rows_at
from tests.unit.tapped import wire
from tests.unit.test_voyage import Patient, Ship, on_a_gateway

ASKING = frozenset({1, 2, 9, 20, 25, 49, 59, 71, 91})
"""Messages that ask for contracts, bars, quotes, the time and steps of prices; and the one that
begins."""
STARTED = Started(0, "shadow", "DU*****67", 97, "Swings")
HISTORY = 40
SETTINGS = BacktestSettings(
    commission=PerShare(0.01),
    slippage=PercentSlippage(0.1),
    policy=FillPolicy(intrabar="path"),
)


class Swings(Strategy):
    """Long and short with stops and targets, and a counter of its own."""

    def setup(self) -> None:
        self.fills = 0

    def on_fill(self, _: object) -> None:
        self.fills += 1

    def on_bar(self) -> None:
        number = len(self.data.close)
        if number % 7 == 2:
            self.go_long(stop_loss=pct(0.3), take_profit=pct(0.5))
        elif number % 7 == 4:
            self.go_short(trail=pct(0.2))
        elif number % 7 == 6:
            self.sell(10 + self.fills % 3, limit=float(self.data.close[-1]) * 1.001)


class Once(Strategy):
    """Long from its first decision to the end."""

    def on_bar(self) -> None:
        if len(self.data.close) == HISTORY + 2:
            self.go_long()


def bars() -> Bars:
    (found,) = sample("synthetic-5m").bars
    return resample(found.take(0, 450), "15m")


@dataclass
class Ashore:
    """A session in shadow without a clock or a wire: its journal is a file, its market is ours."""

    folder: Path
    series: Sequence[Bars]
    settings: BacktestSettings = SETTINGS
    strategy: Strategies = Swings

    def __post_init__(self) -> None:
        self.market = ShadowMarket()
        self.journal = self._opened()
        cargo = Cargo(self.strategy, {}, self.settings)
        ticks = count(1)
        self.bridge = Bridge(
            cargo, self.journal, self.market, lambda: next(ticks), market=self.market
        )

    def _opened(self) -> Journal:
        ticks = count(1)
        trader = Trader("DU1234567", 97)
        path = self.folder / "journal.sqlite"
        return open_journal(path, trader, lambda: next(ticks), synced=False)

    def begin(self) -> None:
        self.bridge.begin(STARTED, history_of(self.series, HISTORY))

    def recover(self) -> None:
        recovered = self.bridge.recover(STARTED, list(self.journal.entries()))
        assert not recovered.pending
        assert not recovered.unconfirmed

    def go_on(self, until: int | None = None) -> RunRecord:
        """Through the instants it has not seen; what has come of it."""
        for time, rows in rows_at(self.series, HISTORY):
            if time > self.bridge.last and (until is None or time <= until):
                self.bridge.instant(time, rows)
        return self.bridge.core.record()

    def close(self) -> None:
        self.journal.close()


def sailed(folder: Path, **parts: object) -> tuple[RunRecord, list[Row]]:
    """A session from its beginning to the end of the data, and its journal."""
    ashore = Ashore(folder, [bars()], **parts)  # type: ignore[arg-type]
    ashore.begin()
    record = ashore.go_on()
    rows = [entry.row for entry in ashore.journal.entries()]
    assert reconcile(ashore.bridge.core.ledgers, ashore.market.book()) == []
    ashore.close()
    return record, rows


def backtested(settings: BacktestSettings = SETTINGS) -> RunRecord:
    series = bars()
    return run(Swings, [series], replace(settings, start=int(series.close_time[HISTORY])))


# parity ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        FillPolicy(),
        FillPolicy(intrabar="path"),
        FillPolicy.backtesting_py(),
        FillPolicy.backtrader(),
    ],
)
def test_over_the_same_bars_it_is_a_backtest(policy: FillPolicy, tmp_path: Path) -> None:
    """Whatever the policy, those no broker can honour among them."""
    settings = replace(SETTINGS, policy=policy)
    record, _ = sailed(tmp_path, settings=settings)
    backtest = backtested(settings)
    assert len(backtest.fills) > 20
    assert differences(backtest, record) == []


def test_of_several_strategies_each_has_a_position_of_its_own(tmp_path: Path) -> None:
    """Two on one symbol: each with its own books, as in a backtest, also after a restart."""
    fleet = Fleet((Role(Swings, name="one", weight=0.5), Role(Once, name="two", weight=0.5)))
    series = bars()
    record, rows = sailed(tmp_path / "whole", strategy=fleet)
    start = int(series.close_time[HISTORY])
    backtest = run(fleet, [series], replace(SETTINGS, start=start))
    assert {fill.order.id.partition("-")[0] for fill in backtest.fills} == {"one", "two"}
    assert differences(backtest, record) == []
    for end in range(len(rows) // 3, len(rows), len(rows) // 7):
        ashore = Ashore(tmp_path / str(end), [series], strategy=fleet)
        for row in rows[:end]:
            ashore.journal.append(row)
        ashore.recover()
        assert differences(record, ashore.go_on()) == [], f"cut after row {end}"
        ashore.close()


def test_a_policy_that_needs_finer_bars_is_refused(tmp_path: Path) -> None:
    ashore = Ashore(tmp_path, [bars()], replace(SETTINGS, policy=FillPolicy(intrabar="finer")))
    with pytest.raises(ConfigError, match="finer bars"):
        ashore.begin()


# recovery ----------------------------------------------------------------------------------------


def test_killed_after_any_row_it_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    """The journal cut after each row in turn: taken up there, it makes the same orders, the same
    fills and the same equity, and its market has the same book."""
    whole, rows = sailed(tmp_path / "whole")
    first = next(n for n, row in enumerate(rows) if isinstance(row, Instant))
    kinds = {type(row) for row in rows[first:]}
    assert {Instant, Submit, EventBatch} <= kinds
    for end in range(first, len(rows), 3):
        ashore = Ashore(tmp_path / str(end), [bars()])
        for row in rows[:end]:
            ashore.journal.append(row)
        ashore.recover()
        record = ashore.go_on()
        assert differences(whole, record) == [], f"cut after row {end}"
        assert reconcile(ashore.bridge.core.ledgers, ashore.market.book()) == []
        ashore.close()


def test_killed_again_and_again_between_instants(tmp_path: Path) -> None:
    whole, _ = sailed(tmp_path / "whole")
    ashore = Ashore(tmp_path / "often", [bars()])
    ashore.begin()
    for end in range(HISTORY, len(whole.bars[0]), 17):
        ashore.go_on(until=int(whole.bars[0].close_time[end]))
        ashore.close()
        ashore = Ashore(tmp_path / "often", [bars()])
        ashore.recover()
    assert differences(whole, ashore.go_on()) == []
    ashore.close()


def test_another_market_is_noticed_after_a_restart(tmp_path: Path) -> None:
    """Taken up with another slippage it would fill at other prices than it wrote down."""
    _, rows = sailed(tmp_path / "whole")
    other = replace(SETTINGS, slippage=PercentSlippage(0.2))
    ashore = Ashore(tmp_path / "other", [bars()], other)
    for row in rows:
        ashore.journal.append(row)
    with pytest.raises(DivergenceError):
        ashore.recover()
    ashore.close()


def test_books_that_differ_end_it(tmp_path: Path) -> None:
    ashore = Ashore(tmp_path, [bars()])
    ashore.begin()
    ashore.go_on()
    books = ShadowBooks(ashore.bridge, ashore.market)
    assert asyncio.run(books.look(0)) == ()
    ashore.bridge.core.ledgers[0].cash += 0.02
    with pytest.raises(ReconcileError, match="disagree"):
        asyncio.run(books.look(0))
    ashore.close()


# on the wire -------------------------------------------------------------------------------------


def test_it_trades_survives_a_restart_and_sends_no_order(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        with wire(ship.gateway.port) as tap:
            first = await ship.sail(
                until=lambda one: one.fills >= 3, port=tap.port, fills="simulated"
            )
            assert first.exit_code == 0
            core = ship.voyage.bridge.core
            before = list(core.blotter.fills)
            again = await ship.sail(
                until=lambda one: one.fills >= len(before) + 2, port=tap.port, fills="simulated"
            )
            assert again.exit_code == 0
            assert list(ship.voyage.bridge.core.blotter.fills)[: len(before)] == before
            assert tap.connections == 2
            assert set(tap.messages) <= ASKING
        assert ship.gateway.book("DU1234567").positions["AAPL"].is_flat
        assert any("recovered from" in line for line in ship.said)
        assert any(line.startswith(f"{NOTE}order: Flip-1 buy 100 AAPL") for line in ship.said)
        assert any(line.startswith(f"{NOTE}fill: Flip-1 bought 100 AAPL") for line in ship.said)
        assert all(line.startswith(NOTE) for line in ship.said)
        started = [row for row in rows_of(ship.journal) if isinstance(row, Started)]
        assert [row.mode for row in started] == ["shadow", "shadow"]

    on_a_gateway(tmp_path, play)


def test_its_orders_can_be_cancelled_at_the_end(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        with wire(ship.gateway.port) as tap:
            outcome = await ship.sail(
                Patient,
                lambda one: one.working == 1,
                port=tap.port,
                fills="simulated",
                at_end="cancel",
            )
            assert outcome.working == 0
            assert set(tap.messages) <= ASKING

    on_a_gateway(tmp_path, play)


def test_beside_a_session_that_trades(tmp_path: Path) -> None:
    """Two clients of one gateway: the account moves by one of them alone."""

    async def play(ship: Ship) -> None:
        shadow = Ship(ship.gateway, tmp_path / "shadow.sqlite")
        with wire(ship.gateway.port) as tap:
            watching = asyncio.get_running_loop().create_task(
                shadow.sail(
                    until=lambda one: one.fills >= 2, port=tap.port, fills="simulated", client_id=97
                )
            )
            await ship.sail(until=lambda one: one.fills >= 2)
            outcome = await watching
            assert outcome.exit_code == 0
            assert set(tap.messages) <= ASKING
        held = ship.gateway.book("DU1234567").positions["AAPL"].quantity
        assert ship.voyage.bridge.core.ledgers[0].positions["AAPL"].quantity == held

    on_a_gateway(tmp_path, play)


def rows_of(path: Path) -> list[Row]:
    trader = Trader("DU1234567", 1)
    with open_journal(path, trader, lambda: 1, synced=False) as journal:
        return [entry.row for entry in journal.entries()]
