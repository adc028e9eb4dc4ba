"""MACD trend: ride momentum in the direction of the long trend behind a trailing stop."""

from framework import (
    ConfigError,
    Strategy,
    atr,
    crosses_above,
    crosses_below,
    macd,
    macd_signal,
    sma,
)


class MacdTrend(Strategy):
    """Buy MACD crossing above its signal while the close is above its long average.

    The position trails its best close by `trail` average true ranges and is closed when MACD
    crosses back below its signal (Appel's 12, 26, 9).
    """

    fast: int = 12
    slow: int = 26
    signal: int = 9
    trend: int = 200
    trail: float = 3.0

    def setup(self) -> None:
        """MACD against its signal, filtered by the trend."""
        if self.fast >= self.slow:
            raise ConfigError(
                f"MacdTrend: fast={self.fast} is not shorter than slow={self.slow}.",
                "Give a fast below slow, such as fast=12 and slow=26.",
            )
        line = self.indicator(macd, self.fast, self.slow)
        signal = self.indicator(macd_signal, self.fast, self.slow, self.signal)
        rising = self.data.close > self.indicator(sma, self.trend)
        self.when(crosses_above(line, signal) & rising, self.go_long, trail=atr(self.trail))
        self.when(crosses_below(line, signal), self.close)
