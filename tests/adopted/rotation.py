"""Several feeds: on a timer, equal shares of the value in those with the best momentum."""

import datetime

import backtrader as bt


class Rotation(bt.Strategy):
    params = (("period", 10), ("best", 2), ("share", 0.40), ("reserve", 0.15))

    def __init__(self):
        self.momentum = {
            data: bt.ind.RateOfChange(data, period=self.p.period) for data in self.datas
        }
        self.add_timer(when=datetime.time(0, 0), weekdays=[1], weekcarry=True)
        self.due = False

    def notify_timer(self, timer, when, *args, **kwargs):
        self.due = True

    def notify_order(self, order):
        if order.status in (order.Completed, order.Margin, order.Rejected):
            print(
                f"{self.datetime.date()} {order.data._name} {order.getstatusname()} "
                f"{order.executed.size} at {order.executed.price:.6f}"
            )

    def notify_cashvalue(self, cash, value):
        self.seen = (cash, value)

    def next(self):
        if not self.due:
            return
        self.due = False
        ranked = sorted(self.datas, key=lambda data: self.momentum[data][0], reverse=True)
        chosen = [data for data in ranked[: self.p.best] if self.momentum[data][0] > 0]
        for data in self.datas:
            if data not in chosen and self.getposition(data).size:
                self.order_target_percent(data, target=0.0)
        for data in chosen:
            self.order_target_percent(data=data._name, target=self.p.share)
        print(f"{self.datetime.date()} value {self.seen[1]:.4f} of it cash {self.seen[0]:.4f}")
