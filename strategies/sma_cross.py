"""SMA cross: long while the fast average is above the slow one."""

from framework import ConfigError, Strategy, crosses_above, crosses_below, sma


class SmaCross(Strategy):
    """Long from the bar the fast average crosses above the slow one until it crosses back."""

    fast: int = 20
    slow: int = 100

    def setup(self) -> None:
        """Two averages and their crossings."""
        if self.fast >= self.slow:
            raise ConfigError(
                f"SmaCross: fast={self.fast} is not shorter than slow={self.slow}.",
                "Give a fast below slow, such as fast=20 and slow=100.",
            )
        fast = self.indicator(sma, self.fast)
        slow = self.indicator(sma, self.slow)
        self.when(crosses_above(fast, slow), self.go_long)
        self.when(crosses_below(fast, slow), self.close)
