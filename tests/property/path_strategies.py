"""Random strategies: conditions declared in `setup`, or decisions made at every bar."""

from __future__ import annotations

__all__ = ["Prices", "called", "declared", "seen_by"]

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from framework.domain.events import Refused
from framework.domain.orders import Offset, Order, atr, pct, points
from framework.errors import SlipwayError
from framework.indicators import sma
from framework.series import (
    Condition,
    Series,
    always,
    crosses_above,
    crosses_below,
    flat,
    long,
    short,
)
from framework.strategy import Strategy


@dataclass(frozen=True)
class Prices:
    """A kind of market: where prices begin, how far they go in a bar, and their grid.

    Attributes:
        level: first close.
        step: typical move of a bar, as a part of the price.
        digits: decimals of the bars' prices; None for all of them.
    """

    level: float
    step: float
    digits: int | None

    @classmethod
    def of(cls, chance: random.Random) -> Prices:
        """Ordinary prices, whole numbers full of ties, pennies, and large ones."""
        kinds = [(100.0, 0.01, 2), (40.0, 0.02, 0), (0.4, 0.05, 3), (5_000.0, 0.004, None)]
        return cls(*chance.choice([*kinds, kinds[0], (9.0, 0.03, None)]))


# declared conditions --------------------------------------------------------------------------


def declared(seed: int, market: Prices) -> type[Strategy]:
    """Up to five conditions. A calm strategy asks for nothing twice; a wild one for anything."""

    class Declared(Strategy):
        seen: list[object] = []  # noqa: RUF012

        def setup(self) -> None:
            chance = random.Random(seed)
            calm = chance.random() < 0.75
            for _ in range(chance.randint(1, 5)):
                self._declare(chance, calm)

        def _declare(self, chance: random.Random, calm: bool) -> None:
            condition = _condition(self, chance, market, 2)
            given = _given(self, chance, market)
            verb = chance.choice(["go_long", "go_long", "go_short", "go_short", "close", "order"])
            if verb == "close":
                self.when(condition, self.close)
            elif verb == "order":
                going, held = (self.buy, long) if chance.random() < 0.5 else (self.sell, short)
                if calm:
                    condition = condition & ~held & flat
                units = _units(chance)
                self.when(condition, going, quantity=units, symbol=self.data.symbol, **given)
            else:
                going, held = (self.go_long, long) if verb == "go_long" else (self.go_short, short)
                if calm and given:
                    condition = condition & ~held
                self.when(condition, going, **given)

    return Declared


def _condition(strategy: Strategy, chance: random.Random, market: Prices, depth: int) -> Condition:
    if depth and chance.random() < 0.45:
        first = _condition(strategy, chance, market, depth - 1)
        if chance.random() < 0.2:
            return ~first
        second = _condition(strategy, chance, market, depth - 1)
        return first & second if chance.random() < 0.6 else first | second
    data = strategy.data
    match chance.choice(_LEAVES):
        case "cross":
            crosses = crosses_above if chance.random() < 0.5 else crosses_below
            return crosses(_series(strategy, chance), _series(strategy, chance))
        case "compare":
            return _compared(_series(strategy, chance), _series(strategy, chance), chance)
        case "tie":
            return data.close == data.close.shift(1)
        case "level":
            return _compared(data.close, market.level * chance.uniform(0.9, 1.1), chance)
        case "clock":
            return data.minutes_to_close <= chance.choice([0.0, 60.0])
        case "always":
            return always
        case _:
            return chance.choice([flat, long, short])


_LEAVES = (*["cross"] * 5, *["compare"] * 3, "tie", "level", "clock", "always", "side", "side")


def _series(strategy: Strategy, chance: random.Random) -> Series | Any:
    data = strategy.data
    return chance.choice(
        [
            lambda: strategy.indicator(sma, chance.choice([2, 3, 5])),
            lambda: strategy.indicator(sma, chance.choice([4, 8, 13])),
            lambda: data.close,
            lambda: data.open,
            lambda: (data.high + data.low) / 2.0,
            lambda: data.close.shift(chance.choice([1, 3])),
        ]
    )()


def _compared(a: Series, b: Series | float, chance: random.Random) -> Condition:
    tests: list[Callable[[], Condition]] = [
        lambda: a > b,
        lambda: a < b,
        lambda: a >= b,
        lambda: a <= b,
        lambda: a == b,
        lambda: a != b,
    ]
    return chance.choice([*tests[:4], *tests])()


def _units(chance: random.Random) -> float:
    return chance.choice([1.0, 10.0, 10.0, 10.0, 30.0, 100.0, 250.0, 3.5, 0.01])


def _given(strategy: Strategy, chance: random.Random, market: Prices) -> dict[str, Any]:
    """Protection: none for every second verb, else any mix of prices, series and distances."""
    found: dict[str, Any] = {}
    if chance.random() < 0.5:
        return found
    close, way = strategy.data.close, chance.choice([1.0, -1.0])
    share = way * chance.choice([0.0, 0.005, 0.005, 0.02, 0.02, 0.3])
    for name, sign in (("stop_loss", -1.0), ("take_profit", 1.0)):
        if chance.random() < 0.55:
            found[name] = chance.choice(
                [
                    lambda sign=sign: close * (1.0 + sign * share),
                    lambda sign=sign: _extreme(strategy, sign * way),
                    lambda sign=sign: market.level * (1.0 + sign * share),
                    lambda sign=sign: strategy.indicator(sma, 5) * (1.0 + sign * share),
                    lambda: _distance(chance, market),
                    lambda: _distance(chance, market),
                    lambda: _distance(chance, market),
                ]
            )()
    if chance.random() < 0.3:
        found["trail"] = _distance(chance, market)
    return found


def _extreme(strategy: Strategy, way: float) -> Series:
    """The end of the bar above or below, which later bars often reach exactly."""
    return strategy.data.high if way > 0.0 else strategy.data.low


def _distance(chance: random.Random, market: Prices) -> Offset:
    return chance.choice(
        [
            pct(1),
            pct(4),
            pct(chance.choice([20, 150])),
            points(market.level * 0.015),
            points(market.level * chance.choice([0.1, 2.0])),
            atr(1.5, 5),
            atr(3),
        ]
    )


# called at every bar ------------------------------------------------------------------------------


def seen_by(strategy: type[Strategy]) -> list[object]:
    """What the instances of an `on_bar` strategy have been told so far, and answered."""
    return strategy.seen  # type: ignore[attr-defined, no-any-return]


def called(seed: int, market: Prices) -> type[Strategy]:
    """Some decisions a bar; what they are depends on the bar, what is held, and the answers."""
    style = random.Random(seed)
    calm, strays = style.random() < 0.8, style.random() < 0.15
    pace = style.choice([0.05, 0.3, 0.8])
    end = style.choice([ValueError, KeyboardInterrupt])
    ends_at = style.randint(5, 200) if style.random() < 0.1 else None

    class Called(Strategy):
        seen: list[object] = []  # noqa: RUF012

        def setup(self) -> None:
            self.average = self.indicator(sma, 5)
            self.answers: list[Order | Refused | None] = []

        def on_bar(self) -> None:
            k = len(self.data)
            chance = random.Random(f"{seed} {k}")
            for _ in range(1 if calm else chance.randint(1, 3)):
                if chance.random() < pace:
                    self._decide(chance)
            if k == ends_at:
                raise end(f"bar {k}")
            if strays and chance.random() < 0.03:
                _stray(self, chance)
            if self.answers and chance.random() < 0.2:
                self.seen.append(_told(chance.choice(self.answers)))

        def _decide(self, chance: random.Random) -> None:
            held = self.position
            self.seen.append(f"{self.now} {held} {self.positions} {self.average[-1]!r}")
            given = _given_now(self, chance, market)
            close = self.data.close[-1]
            choice = chance.choice(["long", "short", "close", "order", "order"])
            with suppress(*chance.choice([(), (SlipwayError,)])):
                if choice == "close":
                    self.close()
                elif choice == "long" and not (calm and given and held.is_long):
                    self.go_long(**given)
                elif choice == "short" and not (calm and given and held.is_short):
                    self.go_short(**given)
                elif choice == "order" and (held.is_flat or not calm):
                    send = self.buy if close > self.average[-1] else self.sell
                    answer = send(_units(chance), **given)
                    self.answers.append(answer)
                    self.seen.append((bool(answer), _told(answer)))

    Called.seen = []
    return Called


def _given_now(strategy: Strategy, chance: random.Random, market: Prices) -> dict[str, Any]:
    """Protection with prices as they are now; sometimes one no order can have."""
    given: dict[str, Any] = {}
    if chance.random() < 0.5:
        return given
    close, way = strategy.data.close[-1], chance.choice([1.0, -1.0])
    share = way * chance.choice([0.0, 0.005, 0.005, 0.02, 0.02, 0.3])
    if chance.random() < 0.55:
        low = _extreme(strategy, -way)[-1]
        given["stop_loss"] = chance.choice([close * (1.0 - share), low, _distance(chance, market)])
    if chance.random() < 0.55:
        top = _extreme(strategy, way)[-1]
        given["take_profit"] = chance.choice([close * (1 + share), top, _distance(chance, market)])
    if chance.random() < 0.3:
        given["trail"] = _distance(chance, market)
    if chance.random() < 0.01:
        given["stop_loss"] = -1.0
    return given


def _stray(strategy: Strategy, chance: random.Random) -> None:
    """What a strategy does beyond plain orders, by ways its own code does not show."""
    answers: Any = strategy.answers  # type: ignore[attr-defined]
    last = next((one for one in reversed(answers) if isinstance(one, Order)), None)
    with suppress(SlipwayError, RuntimeError):
        match chance.choice(
            ["cancel", "modify", "orders", "account", "target", "limit", "attribute"]
        ):
            case "cancel" if last is not None:
                getattr(strategy, "can" + "cel")(last)
            case "modify" if last is not None:
                getattr(strategy, "mod" + "ify")(last, quantity=last.quantity * 2.0)
            case "orders":
                answers.extend(getattr(strategy, "ord" + "ers"))
            case "account":
                strategy.seen.append(getattr(strategy, "acc" + "ount").cash)  # type: ignore[attr-defined]
            case "target":
                getattr(strategy, "tar" + "get")(10.0)
            case "limit":
                answers.append(strategy.buy(10.0, limit=strategy.data.close[-1] * 0.98))
            case _:
                strategy.seen.append(strategy._desk.account())  # type: ignore[attr-defined]


def _told(answer: object) -> object:
    """An answer as plain values, whichever class carries them."""
    if isinstance(answer, Order):
        return tuple(repr(getattr(answer, field.name)) for field in fields(Order))
    return repr(answer)
