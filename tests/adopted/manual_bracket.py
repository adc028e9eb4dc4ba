"""A bracket put together by hand: a stop entry, a trailing stop and a target, sent as one."""

import backtrader as bt


class ManualBracket(bt.Strategy):
    params = (("period", 10), ("trail", 0.02), ("target", 0.02), ("patience", 6))

    def __init__(self):
        self.high = bt.ind.Highest(self.data.high, period=self.p.period)
        self.family = []
        self.placed = 0

    def notify_order(self, order):
        print(f"{len(self)} {order.getordername()} {order.getstatusname()} {order.executed.size}")
        self.family = [one for one in self.family if one.ref != order.ref or order.alive()]

    def next(self):
        if self.family:
            if not self.position and len(self) - self.placed >= self.p.patience:
                self.cancel(self.family[0])
            return
        if self.position:
            return
        price = self.high[0]
        entry = self.buy(size=30, exectype=bt.Order.Stop, price=price, transmit=False)
        trail = self.sell(
            size=entry.size,
            exectype=bt.Order.StopTrail,
            trailpercent=self.p.trail,
            price=price,
            parent=entry,
            transmit=False,
        )
        target = self.sell(
            size=entry.size,
            exectype=bt.Order.Limit,
            price=price * (1.0 + self.p.target),
            parent=entry,
            transmit=True,
        )
        self.family = [entry, trail, target]
        self.placed = len(self)
