"""Result: one run with its trades, its figures, and the conventions they were computed by."""

from __future__ import annotations

__all__ = ["Result", "result_of"]

from collections.abc import Sequence
from dataclasses import dataclass

from framework.backtest.record import EMULATED, RunRecord
from framework.domain.bars import FloatArray, PriceBasis
from framework.research.attribute import attribution_of
from framework.research.attribution import Attribution
from framework.research.curves import buy_and_hold
from framework.research.metrics import TRADING_DAYS
from framework.research.summary import Summary, summarise
from framework.research.trades import Trade, trades_of

_RETURNS = {
    PriceBasis.RAW: "price return, splits not adjusted for",
    PriceBasis.SPLIT: "price return, without dividends",
    PriceBasis.TOTAL: "total return, dividends reinvested",
}


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A run and what it means.

    Attributes:
        strategy: name of the strategy.
        parameters: its parameters as (name, value), as they are to be shown.
        settings: everything else that shaped the run as (name, value), printed with it.
        record: the facts.
        trades: round trips and open lots.
        buy_and_hold: what holding the symbols in equal parts would have come to, shape (N,): one
            value for each instant from `record.start` to `record.stop`.
        summary: the figures.
        risk_free: annual risk-free rate they were computed with.
        periods: sessions a year they were computed with.
    """

    strategy: str
    parameters: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    record: RunRecord
    trades: Sequence[Trade]
    buy_and_hold: FloatArray
    summary: Summary
    risk_free: float
    periods: float

    def title(self, most: int | None = None) -> str:
        """The strategy with its parameters, such as "SmaCross(fast=10, slow=30)".

        Args:
            most: how many parameters at most; all of them without it. Empty ones are left out.
        """
        shown = [f"{name}={value}" for name, value in self.parameters if value][:most]
        name = f"EMULATOR: {self.strategy}" if self.record.path == EMULATED else self.strategy
        return f"{name}({', '.join(shown)})" if shown else name

    def strategy_of(self, trade: Trade) -> str:
        """Whose trade this is, of several strategies on the account; empty for nobody's."""
        return self.record.strategy_of(trade.entry_order) or self.record.strategy_of(
            trade.exit_order
        )

    @property
    def attribution(self) -> tuple[Attribution, ...]:
        """What options and their hedge made, by underlying; worked out anew whenever asked for."""
        return attribution_of(self.record)

    @property
    def hold_label(self) -> str:
        """What the buy-and-hold figures mean: price or total return."""
        if self.record.actions:
            return "with the dividends and splits given, dividends not reinvested"
        bases = {bars.prices for bars in self.record.bars}
        return _RETURNS[bases.pop()] if len(bases) == 1 else "price and total returns mixed"

    @property
    def conventions(self) -> tuple[str, ...]:
        """How the figures were computed, one sentence each."""
        return (
            f"Returns are sampled at each session's last bar; {self.periods:g} sessions a year.",
            f"Risk-free rate {100 * self.risk_free:g} % a year; drawdowns at every bar close.",
            "Profits are net of commission and slippage; open trades are marked at the last close.",
            f"Buy and hold: equal parts, bought at the first close, no costs; {self.hold_label}.",
            *self._sharing,
        )

    @property
    def _sharing(self) -> tuple[str, ...]:
        if not self.record.strategies:
            return ()
        return ("Several strategies: each has a ledger of its own; the broker holds the net.",)


def result_of(
    record: RunRecord,
    *,
    strategy: str,
    parameters: Sequence[tuple[str, str]] = (),
    settings: Sequence[tuple[str, str]] = (),
    risk_free: float = 0.0,
    periods: float = TRADING_DAYS,
) -> Result:
    """Interpret a run.

    Args:
        record: the facts.
        strategy: name of the strategy.
        parameters: its parameters as (name, value).
        settings: whatever else shaped the run as (name, value).
        risk_free: annual risk-free rate, 0.02 is two percent.
        periods: sessions in a year.
    """
    trades = trades_of(record)
    hold = buy_and_hold(record)
    return Result(
        strategy=strategy,
        parameters=tuple(parameters),
        settings=tuple(settings),
        record=record,
        trades=trades,
        buy_and_hold=hold,
        summary=summarise(record, trades, hold, risk_free, periods),
        risk_free=risk_free,
        periods=periods,
    )
