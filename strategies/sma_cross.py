"""SMA cross: long while the fast average is above the slow one."""

from framework import Strategy, crosses_above, crosses_below, sma


class SmaCross(Strategy):
    """Long while the fast average is above the slow one, flat otherwise."""

    fast: int = 20
    slow: int = 100

    def setup(self) -> None:
        """Two averages and their crossings."""
        fast = self.indicator(sma, self.fast)
        slow = self.indicator(sma, self.slow)
        self.when(crosses_above(fast, slow), self.go_long)
        self.when(crosses_below(fast, slow), self.close)
