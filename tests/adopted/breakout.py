"""Stop and stop-limit entries at the edges of a channel, sized by risk, left at a close."""

import backtrader as bt


class RiskSizer(bt.Sizer):
    """A share of the value for each average true range of risk; the whole position to leave."""

    params = (("share", 0.01), ("period", 8))

    def _getsizing(self, comminfo, cash, data, isbuy):
        held = self.broker.getposition(data).size
        if held:
            return abs(held)
        risk = self.strategy.atr[0]
        wanted = int(self.broker.getvalue() * self.p.share / risk)
        return min(wanted, comminfo.getsize(data.close[0], cash))


class Breakout(bt.Strategy):
    params = (("period", 15), ("leave", 6), ("beyond", 0.004), ("margin", None))

    def __init__(self):
        self.sizer = RiskSizer()
        self.atr = bt.ind.AverageTrueRange(period=8)
        self.top = bt.ind.Highest(self.data.high(-1), period=self.p.period)
        self.bottom = bt.ind.Lowest(self.data.low(-1), period=self.p.period)
        self.entries = []
        self.since = 0

    def notify_order(self, order):
        print(
            f"{len(self)} {order.getordername()} {order.getstatusname()} {order.size} "
            f"{order.executed.price:.6f}"
        )
        if order.status == order.Completed and order.exectype != order.Close:
            self.since = len(self)
            for other in self.entries:
                if other.ref != order.ref:
                    self.cancel(other)
        if not order.alive():
            self.entries = [one for one in self.entries if one.ref != order.ref]

    def next(self):
        if self.position:
            if len(self) - self.since == self.p.leave:
                self.close(exectype=bt.Order.Close)
            return
        if self.entries:
            if len(self) - self.since > 10:
                self.cancel(self.entries[0])
                self.since = len(self)
            return
        self.since = len(self)
        if len(self) % 2:
            self.entries.append(self.buy(exectype=bt.Order.Stop, price=self.top[0]))
        else:
            self.entries.append(
                self.buy(
                    exectype=bt.Order.StopLimit,
                    price=self.top[0],
                    plimit=self.top[0] * (1.0 + self.p.beyond),
                )
            )
        self.entries.append(self.sell(exectype=bt.Order.Stop, price=self.bottom[0]))
