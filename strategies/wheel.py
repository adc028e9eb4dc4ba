"""The wheel: sell puts until the shares come, then calls until they go, and begin again."""

from framework import Strategy, call, put


class Wheel(Strategy):
    """Sell a put of a given delta; once its shares are delivered, sell calls on them.

    The options are American and settled in shares: a put in the money at its expiry buys them, a
    call in the money sells them. Early assignment happens too.
    """

    sample = "sp500-vix"
    option_model = {"volatility": "vix", "rate": 0.01, "dividend_yield": 0.02, "multiplier": 10}

    days: int = 30
    delta: float = 0.3
    count: int = 4
    """Contracts, each on ten units."""

    def on_bar(self) -> None:
        """Sell the next ones once nothing is held."""
        if not self.options.is_flat:
            return
        sentence = self.options.on().expiring(at_least=self.days, within=45)
        if self.position.is_flat:
            wanted = sentence.sell(put, delta=-self.delta)
        else:
            wanted = sentence.sell(call, delta=self.delta)
        self.options.sell(wanted.legs[0].instrument, self.count)
