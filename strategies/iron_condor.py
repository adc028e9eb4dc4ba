"""Sell iron condors on the S&P 500: paid while it stays in a range, with a loss that is bounded."""

from framework import Strategy, call, put


class IronCondor(Strategy):
    """Sell a put and a call of a given delta and buy the ones `width` points farther out.

    Sized by the most it can lose: two percent of equity at a time by default.
    """

    sample = "sp500-vix"
    sizing = ("max_loss:2",)
    option_model = {
        "volatility": "vix",
        "rate": 0.01,
        "dividend_yield": 0.02,
        "style": "european",
        "settlement": "cash",
        "multiplier": 10,
        "horizon": 75,
    }

    days: int = 45
    delta: float = 0.16
    width: float = 50.0

    def on_bar(self) -> None:
        """Sell the next ones once nothing is held."""
        if not self.options.is_flat:
            return
        condor = (
            self.options.on()
            .expiring(in_days=self.days)
            .sell(put, delta=-self.delta)
            .buy(put, below=self.width)
            .sell(call, delta=self.delta)
            .buy(call, above=self.width)
            .combo()
        )
        count = self.options.quantity(condor)
        if count:
            self.options.buy(condor, count)
