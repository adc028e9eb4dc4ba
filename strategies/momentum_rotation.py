"""Momentum rotation: once a month, hold the strongest few of a universe in equal parts."""

from framework import ConfigError, Strategy, rate_of_change


class MomentumRotation(Strategy):
    """Hold the `top` symbols by return over `lookback` bars, those that rose only.

    Decided at the first bar of each month. A place nobody deserves stays in cash; a holding within
    `tolerance` of its weight is left alone. A symbol takes part once it has a lookback of history,
    and as long as it had a bar in the past week.
    """

    universe = True
    sample = "synthetic-universe"

    top: int = 3
    lookback: int = 126
    invested: float = 0.95
    tolerance: float = 0.02

    def setup(self) -> None:
        """The momentum of every symbol."""
        if self.top < 1 or not 0.0 < self.invested <= 1.0 or self.tolerance < 0.0:
            raise ConfigError(
                f"MomentumRotation: top={self.top}, invested={self.invested:g}, "
                f"tolerance={self.tolerance:g} make no portfolio.",
                "Give a top of 1 or more, invested above 0 and at most 1, tolerance 0 or more.",
            )
        self._month = 0
        self._momentum = {
            symbol: self.indicator(rate_of_change, self.lookback, on=self.data[symbol].close)
            for symbol in self.symbols
        }

    def on_bar(self) -> None:
        """Rebalance when the month is new."""
        if self.now.month == self._month:
            return
        self._month = self.now.month
        scores = {s: self._momentum[s][-1] for s in self.symbols if self._trades(s)}
        rising = [symbol for symbol, score in scores.items() if score > 0.0]
        best = sorted(rising, key=lambda symbol: scores[symbol], reverse=True)[: self.top]
        weight = self.invested / self.top
        self.target_weights(dict.fromkeys(best, weight), tolerance=self.tolerance)

    def _trades(self, symbol: str) -> bool:
        data, today = self.data[symbol], self.now.timestamp() / 86_400
        return len(data) > 0 and today - data.session[-1] < 8
