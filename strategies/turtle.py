"""Turtle: break out of a long channel, leave by a shorter one, stop two N away."""

from framework import ConfigError, Strategy, atr, average_true_range, highest, long, lowest, short


class Turtle(Strategy):
    """The turtles' System 2, both sides, one unit at a time, judged on closes.

    Enter beyond the extreme of the 55 bars before, leave beyond that of the 20 bars before, stop
    2 N from the fill; N is the 20-bar average true range (Faith, "Way of the Turtle", 2007).
    A unit moves 1 % of equity per N, and is at most what the account can pay for.
    """

    sizing = ("atr:percent=1,period=20", "percent:95")

    entry: int = 55
    leave: int = 20
    period: int = 20
    stop: float = 2.0

    def setup(self) -> None:
        """Two channels, seen from the bar after; a breakout counts once N is known."""
        if self.leave > self.entry:
            raise ConfigError(
                f"Turtle: leave={self.leave} is longer than entry={self.entry}.",
                "Give a leave of at most entry, such as entry=55 and leave=20.",
            )
        close = self.data.close
        n = self.indicator(average_true_range, self.period, on=("high", "low", "close"))
        breaks_up = close > self.indicator(highest, self.entry, on="high").shift(1)
        breaks_down = close < self.indicator(lowest, self.entry, on="low").shift(1)
        turns_up = close > self.indicator(highest, self.leave, on="high").shift(1)
        turns_down = close < self.indicator(lowest, self.leave, on="low").shift(1)

        stop = atr(self.stop, self.period)
        self.when(long & turns_down, self.close)
        self.when(short & turns_up, self.close)
        self.when(breaks_up & (n > 0.0) & ~long, self.go_long, stop_loss=stop)
        self.when(breaks_down & (n > 0.0) & ~short, self.go_short, stop_loss=stop)
