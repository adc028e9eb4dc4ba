"""Pacing: who goes first, how much in how long, and what is not sent any more."""

from __future__ import annotations

import asyncio

import pytest

from framework.brokers.ib.limits import HistoryAsk, Limits, Window
from framework.brokers.ib.pacing import Errand, Pacer, Priority
from framework.brokers.ib.problems import PacingError
from framework.brokers.ib.times import SECOND


class Stepped:
    """A clock a test moves, and a sleep that moves it."""

    def __init__(self) -> None:
        self.time = 0

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += int(seconds * SECOND) + 1


def pacer_of(clock: Stepped, **limits: int) -> Pacer:
    return Pacer(clock, Limits(**limits), clock.sleep)  # type: ignore[arg-type]


def run(scene: object) -> None:
    asyncio.run(scene)  # type: ignore[arg-type]


def test_cancels_go_before_orders_and_orders_before_data() -> None:
    async def scene() -> None:
        clock, sent = Stepped(), []
        pacer = pacer_of(clock, messages=1)
        pacer.put(Errand(Priority.DATA, lambda: sent.append("first")))
        for priority in (Priority.DATA, Priority.ORDER, Priority.CANCEL, Priority.ORDER):
            pacer.put(Errand(priority, lambda p=priority: sent.append(p.name)))
        for _ in range(4):
            clock.time += 2 * SECOND
            pacer.pump()
        assert sent == ["first", "CANCEL", "ORDER", "ORDER", "DATA"]
        pacer.close()

    run(scene())


def test_no_more_than_forty_messages_in_any_second() -> None:
    async def scene() -> None:
        clock = Stepped()
        times: list[int] = []
        pacer = pacer_of(clock)
        for _ in range(100):
            pacer.put(Errand(Priority.ORDER, lambda: times.append(clock.time)))
        while pacer.waiting:
            clock.time += SECOND // 50
            pacer.pump()
        worst = max(sum(1 for t in times if start <= t < start + SECOND) for start in times)
        assert worst == 40
        assert times[-1] <= 2.5 * SECOND + SECOND // 25
        pacer.close()

    run(scene())


def test_a_family_goes_whole_or_waits() -> None:
    async def scene() -> None:
        clock, sent = Stepped(), []
        pacer = pacer_of(clock, messages=3)
        pacer.put(Errand(Priority.ORDER, lambda: sent.append("one")))
        pacer.put(Errand(Priority.ORDER, lambda: sent.append("three"), 3))
        assert sent == ["one"]
        clock.time += 2 * SECOND
        pacer.pump()
        assert sent == ["one", "three"]
        pacer.close()

    run(scene())


def test_what_has_waited_too_long_is_not_sent_and_says_so() -> None:
    async def scene() -> None:
        clock, sent, why = Stepped(), [], []
        pacer = pacer_of(clock, messages=1)
        pacer.put(Errand(Priority.ORDER, lambda: sent.append("a")))
        pacer.put(
            Errand(Priority.ORDER, lambda: sent.append("b"), expires=SECOND, dropped=why.append)
        )
        clock.time = 2 * SECOND
        pacer.pump()
        assert sent == ["a"]
        assert why == ["it had waited too long to be sent"]
        pacer.close()

    run(scene())


def test_a_closed_gate_holds_orders_and_lets_data_pass() -> None:
    async def scene() -> None:
        clock, sent = Stepped(), []
        pacer = pacer_of(clock)
        pacer.gate = lambda priority: priority is Priority.DATA
        pacer.put(Errand(Priority.ORDER, lambda: sent.append("order")))
        pacer.put(Errand(Priority.DATA, lambda: sent.append("data")))
        assert sent == ["data"]
        pacer.gate = lambda _: True
        pacer.pump()
        assert sent == ["data", "order"]

    run(scene())


def ask(request: str, contract: str = "AAPL", double: bool = False) -> HistoryAsk:
    return HistoryAsk(contract, request, double)


def test_the_same_history_request_waits_fifteen_seconds() -> None:
    async def scene() -> None:
        clock = Stepped()
        pacer = pacer_of(clock)
        await pacer.history_turn(ask("x"), 100.0)
        await pacer.history_turn(ask("x"), 100.0)
        assert 15 * SECOND <= clock.time < 16 * SECOND

    run(scene())


def test_six_for_one_contract_in_two_seconds_are_too_many() -> None:
    async def scene() -> None:
        clock = Stepped()
        pacer = pacer_of(clock)
        for number in range(5):
            await pacer.history_turn(ask(f"{number}"), 100.0)
        assert clock.time == 0
        await pacer.history_turn(ask("other", "MSFT"), 100.0)
        assert clock.time == 0
        await pacer.history_turn(ask("5"), 100.0)
        assert clock.time >= 2 * SECOND

    run(scene())


@pytest.mark.parametrize(("double", "many"), [(False, 60), (True, 30)])
def test_sixty_in_ten_minutes_and_bid_ask_counts_twice(double: bool, many: int) -> None:
    async def scene() -> None:
        clock = Stepped()
        pacer = pacer_of(clock, messages=0)
        for number in range(many):
            await pacer.history_turn(ask(f"{number}", f"{number}", double), 0.0)
        with pytest.raises(PacingError, match="60 in ten minutes"):
            await pacer.history_turn(ask("more", "more"), 10.0)
        await pacer.history_turn(ask("more", "more"), 700.0)
        assert clock.time >= 600 * SECOND

    run(scene())


def test_all_lines_in_use_is_an_error_and_a_freed_one_can_be_had() -> None:
    async def scene() -> None:
        pacer = pacer_of(Stepped(), lines=2)
        await pacer.line_turn("A", 1.0)
        await pacer.line_turn("B", 1.0)
        await pacer.line_turn("A", 1.0)
        with pytest.raises(PacingError, match="2 market data lines"):
            await pacer.line_turn("C", 1.0)
        pacer.free_line("A")
        await pacer.line_turn("C", 1.0)

    run(scene())


def test_a_hundred_requests_of_quotes_in_ten_seconds() -> None:
    async def scene() -> None:
        clock = Stepped()
        pacer = pacer_of(clock, messages=0, lines=0)
        for number in range(100):
            await pacer.line_turn(f"{number}", 0.0)
        with pytest.raises(PacingError, match="quotes"):
            await pacer.line_turn("more", 1.0)
        await pacer.line_turn("more", 20.0)
        assert clock.time >= 10 * SECOND

    run(scene())


def test_no_limit_is_no_limit() -> None:
    window = Window(0, 1.0)
    for _ in range(1000):
        assert window.wait(0) == 0
        window.spend(0)
