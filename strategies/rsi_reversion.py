"""RSI reversion: buy a sharp dip in a rising market, sell the recovery."""

from framework import ConfigError, Strategy, flat, long, rsi, sma


class RsiReversion(Strategy):
    """Buy when RSI(2) is below 10 above the 200-bar average; sell above the 5-bar average.

    After Connors and Alvarez, "Short Term Trading Strategies That Work" (2008). The rules name no
    stop; attach one from outside with `--exit stop_percent:5`.
    """

    period: int = 2
    oversold: float = 10.0
    trend: int = 200
    recovery: int = 5

    def setup(self) -> None:
        """A trend filter, the dip, and the recovery."""
        if self.period < 2:
            raise ConfigError(
                f"RsiReversion: period={self.period} is too short.", "Give 2 or more."
            )
        if not 0.0 < self.oversold < 100.0:
            raise ConfigError(
                f"RsiReversion: oversold={self.oversold:g} is no RSI level.",
                "Give a level between 0 and 100, such as 10.",
            )
        close = self.data.close
        rising = close > self.indicator(sma, self.trend)
        dip = self.indicator(rsi, self.period) < self.oversold
        recovered = close > self.indicator(sma, self.recovery)
        self.when(flat & rising & dip, self.go_long)
        self.when(long & recovered, self.close)
