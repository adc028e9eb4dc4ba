"""Bollinger reversion: fade a close outside the bands, back to their middle."""

from framework import (
    ConfigError,
    Strategy,
    bollinger_lower,
    bollinger_upper,
    crosses_above,
    crosses_below,
    long,
    pct,
    short,
    sma,
)


class BollingerReversion(Strategy):
    """Buy a close falling out of the bands, short one rising out; leave at the middle band.

    Bands as by Bollinger (2001): a 20-bar average, two standard deviations to each side. A stop
    `stop` percent from the fill bounds the loss when the price keeps running.
    """

    period: int = 20
    width: float = 2.0
    stop: float = 8.0

    def setup(self) -> None:
        """Leave first, so that a move through the middle and out again can turn round."""
        if self.period < 2 or self.width <= 0.0:
            raise ConfigError(
                f"BollingerReversion: period={self.period}, width={self.width:g} make no bands.",
                "Give a period of 2 or more and a width above 0.",
            )
        close = self.data.close
        lower = self.indicator(bollinger_lower, self.period, self.width)
        middle = self.indicator(sma, self.period)
        upper = self.indicator(bollinger_upper, self.period, self.width)
        self.when(long & (close >= middle), self.close)
        self.when(short & (close <= middle), self.close)
        self.when(crosses_below(close, lower), self.go_long, stop_loss=pct(self.stop))
        self.when(crosses_above(close, upper), self.go_short, stop_loss=pct(self.stop))
