"""Opening-range breakout: trade the first break of the first half hour, flat by the close."""

from framework import ConfigError, Strategy, points


class OpeningRangeBreakout(Strategy):
    """Follow the first close outside the session's opening range, one trade a day.

    The stop is the far side of the range, the target `reward` times as far from the fill as the
    stop was from the breakout. Decisions end, and what is open is closed, `flat_before` minutes
    before the close, or one bar before it if bars are longer. To risk 1 % of equity a trade:
    `--sizing risk:1 --sizing percent:95`.
    """

    sample = "synthetic-5m"

    minutes: int = 30
    reward: float = 2.0
    flat_before: int = 15

    def setup(self) -> None:
        """The range is the first completed bar of its length in each session."""
        if self.minutes < 1 or self.reward <= 0.0 or self.flat_before < 0:
            raise ConfigError(
                f"OpeningRangeBreakout: minutes={self.minutes}, reward={self.reward:g}, "
                f"flat_before={self.flat_before} cannot be traded.",
                "Give minutes of 1 or more, a reward above 0 and flat_before of 0 or more.",
            )
        self._opening = self.data.every(f"{self.minutes}m")
        self._day = self._high = self._low = 0.0
        self._waiting = False

    def on_bar(self) -> None:
        """Note the range, wait for a close outside it, be flat in time."""
        today, left = self.data.session[-1], self.data.minutes_to_close[-1]
        bar = self.data.minutes_to_close[-2] - left if len(self.data) > 1 else 0.0
        if left <= max(self.flat_before, bar):
            self.close()
            return
        if len(self._opening) and self._opening.session[-1] == today != self._day:
            self._day, self._waiting = today, True
            self._high, self._low = self._opening.high[-1], self._opening.low[-1]
        if self._waiting and today == self._day:
            self._enter(self.data.close[-1])

    def _enter(self, close: float) -> None:
        if close > self._high:
            self._waiting = False
            self.go_long(self._low, take_profit=points(self.reward * (close - self._low)))
        elif close < self._low:
            self._waiting = False
            self.go_short(self._high, take_profit=points(self.reward * (self._high - close)))
