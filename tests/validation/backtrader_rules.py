"""The rules behind the cases published with backtrader, written as strategies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from framework.domain.events import Fill, OrderUpdate
from framework.domain.orders import Order, OrderStatus, pct, points
from framework.domain.terms import Terms
from framework.indicators import sma
from framework.series import Series
from framework.strategy import Strategy
from tests.validation.backtrader_cases import Case
from tests.validation.backtrader_terms import beyond_stop

UP, DOWN = 1, -1


class Rule(Strategy):
    """What all of them share: the parameters of the case, and crosses read bar by bar."""

    params: ClassVar[Mapping[str, float]] = {}
    stake: ClassVar[float] = 1.0

    def cross(self, fast: Series, slow: Series) -> int:
        """Whether `fast` has just come to the other side of `slow`; equality is no side."""
        count = len(self.data)
        gaps = [f - s for f, s in zip(fast.last(count), slow.last(count), strict=True)]
        now, before = gaps[-1], next((gap for gap in gaps[-2::-1] if gap != 0.0), 0.0)
        if before < 0.0 < now:
            return UP
        return DOWN if now < 0.0 < before else 0


class Hold(Rule):
    """After two falls in a row buy; sell `hold` bars after the bar of the fill. Without selling,
    buy after every two falls."""

    def setup(self) -> None:
        self.entered = 0

    def on_fill(self, fill: Fill) -> None:
        self.entered = len(self.data)

    def on_bar(self) -> None:
        close = self.data.close.last(3)
        falls = len(close) == 3 and close[2] < close[1] < close[0]
        if not self.params.get("sell", True):
            if falls:
                self.buy(self.stake)
        elif self.orders:
            return
        elif self.position.is_flat:
            if falls:
                self.buy(self.stake)
        elif len(self.data) >= self.entered + self.params["hold"]:
            self.sell(self.stake)


class AboveAverage(Rule):
    """Long while the close is above its average; one order at a time."""

    def setup(self) -> None:
        self.average = self.indicator(sma, int(self.params["n"]))

    def on_bar(self) -> None:
        if self.orders:
            return
        if self.position.is_flat:
            if self.data.close[-1] > self.average[-1]:
                self.buy(self.stake)
        elif self.data.close[-1] < self.average[-1]:
            self.sell(self.stake)


class CrossAverage(Rule):
    """Buy when the close crosses above its average, close when it crosses below."""

    def setup(self) -> None:
        self.average = self.indicator(sma, int(self.params["n"]))

    def on_bar(self) -> None:
        way = self.cross(self.data.close, self.average)
        if self.position.is_flat and way is UP:
            self.buy(self.stake)
        elif not self.position.is_flat and way is DOWN:
            self.close()


class Bracket(Rule):
    """On an upward cross a limit entry below the close, with a stop and a target around it."""

    def setup(self) -> None:
        self.fast = self.indicator(sma, 5)
        self.slow = self.indicator(sma, 15)

    def on_bar(self) -> None:
        if self.orders or not self.position.is_flat or self.cross(self.fast, self.slow) is not UP:
            return
        close = float(self.data.close[-1])
        entry = close * (1.0 - self.params["limit"])
        self.buy(
            self.stake,
            limit=entry,
            terms=Terms(good_till=self.now + timedelta(days=self.params["d1"])),
            stop_loss=entry - 0.02 * close,
            take_profit=entry + 0.02 * close,
        )


class Trail(Rule):
    """Buy on an upward cross; at the first bar with a position send its trailing stop."""

    def setup(self) -> None:
        self.fast = self.indicator(sma, 10)
        self.slow = self.indicator(sma, 30)

    def on_bar(self) -> None:
        if self.position.is_flat:
            if self.cross(self.fast, self.slow) is UP:
                self.buy(self.stake)
        elif not self.orders:
            amount, percent = self.params["amt"], self.params["pct"]
            away = points(amount) if amount else pct(100.0 * percent)
            offset = self.params.get("limoff")
            terms = None if offset is None else beyond_stop(-offset)
            self.sell(self.stake, trailing=away, tif="GTC", terms=terms)


class LongShort(Rule):
    """Turn with every cross of two averages: close what is held, then open the other side."""

    def setup(self) -> None:
        self.fast = self.indicator(sma, int(self.params["f"]))
        self.slow = self.indicator(sma, int(self.params["s"]))

    def on_bar(self) -> None:
        way = self.cross(self.fast, self.slow)
        held = self.position.quantity if self.params.get("exits", True) else 0.0
        if self.params.get("guard") and self.orders:
            return
        if way is UP:
            if held < 0.0:
                self.buy(-held)
            if "L" in str(self.params["mode"]):
                self.buy(self.stake)
        elif way is DOWN:
            if held > 0.0:
                self.sell(held)
            if "S" in str(self.params["mode"]):
                self.sell(self.stake)


class Stops(Rule):
    """Every fifth bar a stop entry for five days; once long a plain stop and a plain target, of
    which the survivor is cancelled."""

    def setup(self) -> None:
        self.exits: list[Order] = []
        self.paid = 0.0

    def on_fill(self, fill: Fill) -> None:
        self.paid = fill.price

    def on_bar(self) -> None:
        if self.position.is_long and not self.exits:
            stop = self.sell(self.stake, stop=self.paid * 0.99, tif="GTC")
            target = self.sell(self.stake, limit=self.paid * 1.01, tif="GTC")
            self.exits = [one for one in (stop, target) if isinstance(one, Order)]
            return
        if self.position.is_flat:
            for one in self.exits:
                self.cancel(one)
            self.exits = []
        if self.position.is_flat and not self.orders and len(self.data) % 5 == 0:
            self.buy(
                self.stake,
                stop=float(self.data.close[-1]) * 1.005,
                terms=Terms(good_till=self.now + timedelta(days=5)),
            )


class ShareOfVolume(Rule):
    """Buy a share of the first bar's volume, wait, close, wait, and so on."""

    def setup(self) -> None:
        self.next_at = 1

    def on_order(self, update: OrderUpdate) -> None:
        if update.status is OrderStatus.FILLED:
            self.next_at = len(self.data) + int(self.params["brk"])
        elif update.status is OrderStatus.REJECTED:
            self.next_at = 0

    def on_bar(self) -> None:
        if self.orders or len(self.data) != self.next_at:
            return
        if self.position.is_flat:
            volume = float(self.data.volume[-1])
            self.buy(int(volume * self.params["pc"] / 100.0), tif="GTC")
        else:
            self.sell(abs(self.position.quantity), tif="GTC")


RULES: Mapping[str, type[Rule]] = {
    "hold5": Hold,
    "sma15": AboveAverage,
    "unit": CrossAverage,
    "bracket": Bracket,
    "trail": Trail,
    "ls": LongShort,
    "short": LongShort,
    "stops": Stops,
    "vol": ShareOfVolume,
}
"""By a word in the case's name."""


def rule_of(case: Case) -> type[Rule] | None:
    """The strategy of a case with its parameters, None if its rule is not written here."""
    words = case.folder.name.split("_")
    found = next((RULES[word] for word in words if word in RULES), None)
    if found is None or case.spec["sizer"] is not None:
        return None
    given = dict(case.spec["params"] or {})  # type: ignore[call-overload]
    size = float(case.spec["stake"])  # type: ignore[arg-type]
    return type(found.__name__, (found,), {"params": given, "stake": size})
