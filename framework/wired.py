"""Wired: what stands behind a strategy, its market, its desk and what `setup` has declared."""

from __future__ import annotations

__all__ = ["Wired"]

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.ledger import Position
from framework.errors import OrderError, StrategyError, did_you_mean
from framework.ports import Desk
from framework.series import Series, When
from framework.views import COLUMNS, NO_POSITION_YET, MarketData

if TYPE_CHECKING:
    from framework.options.option_market import OptionMarket
    from framework.options.trading import Options


class Wired:
    """The wiring of a strategy: what the composition roots give it, and what they read from it."""

    data: MarketData
    """The bars so far of this instrument; `data["SPY"]` is another's."""

    position: Position
    """What is held of this strategy's (first) instrument."""

    _desk: Desk
    _symbols: tuple[str, ...]
    _indicators: list[Series]
    _whens: list[When]
    _started = False
    _muted = False

    def bind(
        self,
        data: MarketData,
        symbols: tuple[str, ...],
        desk: Desk,
        options: Mapping[str, OptionMarket] = MappingProxyType({}),
    ) -> None:
        """Give it its market and its desk; the composition roots call this before `setup`.

        Args:
            data: of its first instrument.
            symbols: of all of them.
            desk: notes what `setup` sets, and refuses the rest.
            options: the option markets, by underlying.
        """
        self.data = data
        self._symbols = symbols
        self._desk = desk
        self._option_markets = options
        self._options: Options | None = None
        self.position = NO_POSITION_YET

    def start(self, desk: Desk, muted: bool = False) -> None:
        """Exchange the desk of `setup` for the real one; nothing can be declared from here on.

        Args:
            desk: the way to the order door.
            muted: keep `log` silent, for runs that only check.
        """
        self._desk = desk
        self._muted = muted
        self._started = True
        self.position = desk.position(self.data.symbol)

    @property
    def whens(self) -> tuple[When, ...]:
        """What `setup` declared with `when`, in order."""
        return tuple(self._whens)

    @property
    def indicators(self) -> tuple[Series, ...]:
        """What `setup` declared with `indicator`, in order."""
        return tuple(self._indicators)

    @property
    def options(self) -> Options:
        """The options on its first instrument; `self.options["SPY"]` are those on another.

        Raises:
            StrategyError: the run has no options.
        """
        if self._options is None:
            from framework.options.trading import Options  # noqa: PLC0415  # it loads scipy

            if not self._option_markets:
                raise StrategyError(
                    f"{type(self).__name__} uses options, and this run has none.",
                    "Give them a volatility: --volatility 0.2, or `options:` in the run file.",
                )
            self._options = Options(
                self.data.symbol, self._option_markets, self._row_of, lambda: self._desk
            )
        return self._options

    def _row_of(self, symbol: str) -> int:
        """The present row of an instrument, -1 before its first."""
        return len(self.data[symbol]) - 1

    def _only_in_setup(self, what: str) -> None:
        if self._started:
            raise StrategyError(
                f"{what} was used after setup.", f"Declare it in setup with self.{what}(...)."
            )

    def _symbol(self, symbol: str | None) -> str:
        if symbol is None:
            return self.data.symbol
        if symbol not in self._symbols:
            raise OrderError(f"{symbol!r} is not subscribed.", did_you_mean(symbol, self._symbols))
        return symbol

    def _column(self, column: str | Series) -> Series:
        if isinstance(column, Series):
            return column
        if column not in COLUMNS:
            raise StrategyError(f"There is no column {column!r}.", did_you_mean(column, COLUMNS))
        return self.data.column(column)
