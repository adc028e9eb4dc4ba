"""A second journal on the same account and client id: what the first one did is not its own."""

from __future__ import annotations

from pathlib import Path

from framework import Strategy
from framework.domain.orders import OrderStatus
from framework.emulator.exchange.placed import Placed
from tests.unit.test_voyage import ACCOUNT, Patient, Ship, on_a_gateway


class Guarded(Strategy):
    """In once, with a stop far away."""

    def on_bar(self) -> None:
        if not self.orders and not self.position:
            self.buy(100, stop_loss=self.data.close[-1] / 2)


def another(ship: Ship, path: Path) -> Ship:
    """The same strategy, account and client id, with a new journal."""
    return Ship(ship.gateway, path / "other.sqlite")


def executions(ship: Ship) -> set[str]:
    return {fill.id.rpartition("/")[2] for fill in ship.voyage.bridge.core.blotter.fills}


def held(ship: Ship) -> float:
    return ship.voyage.bridge.core.ledgers[0].positions["AAPL"].quantity


def resting(ship: Ship) -> list[Placed]:
    return [one for one in ship.gateway.hub.exchange.placed() if not one.is_done]


def test_executions_of_the_first_are_not_booked_by_the_second(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills >= 3)
        first, left = executions(ship), ship.gateway.book(ACCOUNT).positions["AAPL"].quantity
        second = another(ship, tmp_path)
        await second.sail(until=lambda one: one.fills >= 4, adopts=True)
        assert not executions(second) & first
        tickets = second.voyage.bridge.core.blotter.tickets
        assert next(iter(tickets)) == "Flip-1", "ids stay as they are"
        assert all(one.filled <= one.order.quantity for one in tickets.values())
        truth = ship.gateway.book(ACCOUNT).positions["AAPL"].quantity
        assert held(second) + left == truth

    on_a_gateway(tmp_path, play)


def test_an_order_the_first_left_working_is_let_alone(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(Patient, lambda one: one.working == 1)
        (old,) = resting(ship)
        second = another(ship, tmp_path)
        outcome = await second.sail(
            Patient, lambda one: one.working == 1, adopts=True, at_end="cancel"
        )
        assert outcome.working == 0
        assert second.voyage.bridge.core.blotter.tickets["Patient-1"].status is (
            OrderStatus.CANCELLED
        )
        assert resting(ship) == [old], "its own is cancelled, and not the first one's"
        assert len(ship.gateway.hub.exchange.placed()) == 2

    on_a_gateway(tmp_path, play)


def test_stops_of_two_journals_are_in_groups_of_their_own(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        guarded = lambda one: one.fills == 1 and one.working == 1  # noqa: E731
        await ship.sail(Guarded, guarded)
        (old,) = resting(ship)
        second = another(ship, tmp_path)
        await second.sail(Guarded, guarded, adopts=True)
        stops = resting(ship)
        assert len(stops) == 2
        assert old in stops
        assert len({one.order.oca_group for one in stops}) == 2
        assert [one.remaining for one in stops] == [100.0, 100.0]

    on_a_gateway(tmp_path, play)
