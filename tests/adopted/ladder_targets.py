"""Target orders: the size steps up and down with the day of the month, as size or as value."""

import backtrader as bt


class LadderTargets(bt.Strategy):
    params = (("use_size", True), ("use_value", False), ("step", 3), ("unit", 400.0))

    def __init__(self):
        self.order = None

    def notify_order(self, order):
        if order.status == order.Completed:
            print(f"{self.datetime.date()} now {self.position.size} at {self.position.price:.6f}")
        if not order.alive():
            self.order = None

    def notify_trade(self, trade):
        if trade.isclosed:
            print(f"{self.datetime.date()} closed after {trade.barlen}, {trade.pnlcomm:.6f}")

    def next(self):
        if self.order:
            return
        day = self.data.datetime.date(0).day
        level = day if day <= 15 else 20 - day
        if self.p.use_size:
            self.order = self.order_target_size(target=self.p.step * level)
        elif self.p.use_value:
            self.order = self.order_target_value(target=self.p.unit * level)
        else:
            self.order = self.order_target_percent(target=level / 100.0)
