"""Three entries of which one may trade, then two exits of which one may."""

import datetime

import backtrader as bt


class OcoEntries(bt.Strategy):
    params = (
        ("near", 0.004),
        ("far", 0.012),
        ("breakout", 0.010),
        ("days", 6),
        ("gain", 0.02),
        ("loss", 0.015),
    )

    def __init__(self):
        self.momentum = self.data.close - self.data.close(-5)
        self.working = []

    def notify_order(self, order):
        if order.status != order.Submitted:
            print(
                f"{self.datetime.date()} {order.getordername()} {order.getstatusname()} "
                f"{order.executed.price:.6f}"
            )
        if not order.alive():
            self.working = [one for one in self.working if one.ref != order.ref]

    def next(self):
        if self.working:
            return
        close = self.data.close[0]
        if self.position:
            held, average = abs(self.position.size), self.position.price
            target = self.sell(
                size=held, exectype=bt.Order.Limit, price=average * (1.0 + self.p.gain)
            )
            stop = self.sell(
                size=held,
                exectype=bt.Order.Stop,
                price=average * (1.0 - self.p.loss),
                oco=target,
            )
            self.working = [target, stop]
            return
        if self.momentum[0] > 0:
            life = datetime.timedelta(days=self.p.days)
            near = self.buy(
                size=10, exectype=bt.Order.Limit, price=close * (1.0 - self.p.near), valid=life
            )
            far = self.buy(
                size=20,
                exectype=bt.Order.Limit,
                price=close * (1.0 - self.p.far),
                valid=life,
                oco=near,
            )
            above = self.buy(
                size=5,
                exectype=bt.Order.Stop,
                price=close * (1.0 + self.p.breakout),
                valid=life,
                oco=far,
            )
            self.working = [near, far, above]
