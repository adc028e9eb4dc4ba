"""A second journal on the same account and client id: what the first one did is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework import Strategy
from framework.domain.orders import OrderStatus
from framework.domain.references import References
from framework.emulator.exchange.placed import Placed
from framework.engine import journal_facts
from framework.engine.journal import read_journal
from framework.engine.journal_rows import Started
from framework.session.guards import UnreconciledError
from tests.unit.test_voyage import ACCOUNT, MINUTE, Patient, Ship, on_a_gateway


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


def placed(ship: Ship) -> list[Placed]:
    return ship.gateway.hub.exchange.placed()


def resting(ship: Ship) -> list[Placed]:
    return [one for one in placed(ship) if not one.is_done]


def begun(journal: Path) -> list[Started]:
    with read_journal(journal) as reader:
        return [entry.row for entry in reader.entries() if isinstance(entry.row, Started)]


def guarded(ship: Ship) -> bool:
    return ship.fills == 1 and ship.working == 1


def test_executions_of_the_first_are_not_booked_by_the_second(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills >= 3)
        first, left = executions(ship), ship.gateway.book(ACCOUNT).positions["AAPL"].quantity
        second = another(ship, tmp_path)
        with pytest.raises(UnreconciledError, match=r"no journal of ours"):
            await second.sail()
        await second.sail(until=lambda one: one.fills >= 4, adopts=True)
        assert not executions(second) & first
        tickets = second.voyage.bridge.core.blotter.tickets
        assert next(iter(tickets)) == "Flip-1", "ids stay as they are"
        assert all(one.filled <= one.order.quantity for one in tickets.values())
        truth = ship.gateway.book(ACCOUNT).positions["AAPL"].quantity
        assert held(second) + left == truth

    on_a_gateway(tmp_path, play)


def test_money_the_first_has_moved_is_adopted_once(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills >= 1)
        second = another(ship, tmp_path)
        await second.sail(Patient, lambda one: one.working == 1, adopts=True)
        assert not any(line.startswith("UNEXPLAINED") for line in second.said)

    on_a_gateway(tmp_path, play)


def test_an_order_the_first_left_working_is_let_alone(tmp_path: Path) -> None:
    """And what becomes of it, such as a cancel in TWS, does not become of one's own."""

    async def play(ship: Ship) -> None:
        await ship.sail(Patient, lambda one: one.working == 1)
        (old,) = resting(ship)
        second, seen = another(ship, tmp_path), list[int]()

        def cancelled_by_hand(one: Ship) -> bool:
            if one.working == 1 and not seen:
                seen.append(one.voyage.bridge.last)
            if len(seen) == 1 and one.voyage.bridge.last > seen[0] + 2 * MINUTE:
                assert not old.is_done
                ship.gateway.hub.exchange.cancel(old.client_id, old.order_id)
                ship.gateway.tell()
                seen.append(one.voyage.bridge.last)
            return len(seen) == 2 and one.voyage.bridge.last > seen[1] + 2 * MINUTE

        await second.sail(Patient, cancelled_by_hand, adopts=True)
        (ticket,) = second.voyage.bridge.core.blotter.tickets.values()
        assert ticket.status is OrderStatus.WORKING
        assert len(resting(ship)) == 1
        assert len(placed(ship)) == 2

    on_a_gateway(tmp_path, play)


def test_ones_own_order_is_cancelled_at_the_end_and_no_other(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(Patient, lambda one: one.working == 1)
        (old,) = resting(ship)
        second = another(ship, tmp_path)
        outcome = await second.sail(
            Patient, lambda one: one.working == 1, adopts=True, at_end="cancel"
        )
        assert outcome.working == 0
        (ticket,) = second.voyage.bridge.core.blotter.tickets.values()
        assert ticket.status is OrderStatus.CANCELLED
        assert resting(ship) == [old]

    on_a_gateway(tmp_path, play)


def test_stops_of_two_journals_are_in_groups_of_their_own(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(Guarded, guarded)
        (old,) = resting(ship)
        await another(ship, tmp_path).sail(Guarded, guarded, adopts=True)
        stops = resting(ship)
        assert len(stops) == 2
        assert old in stops
        assert len({one.order.oca_group for one in stops}) == 2
        assert [one.remaining for one in stops] == [100.0, 100.0]

    on_a_gateway(tmp_path, play)


def test_the_tag_is_the_journals_for_good(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills >= 1)
        await ship.sail(until=lambda one: one.fills >= 3)
        first, again = begun(ship.journal)
        assert first.tag == again.tag != ""
        names = References(first.tag)
        tickets = ship.voyage.bridge.core.blotter.tickets
        assert {one.order.order_ref for one in placed(ship)} == {
            names.outward(name) for name in tickets
        }

    on_a_gateway(tmp_path, play)


def test_a_journal_begun_without_a_tag_stays_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(ship: Ship) -> None:
        with monkeypatch.context() as before:
            before.setattr(journal_facts, "tag_of", lambda _time, _client: "")
            await ship.sail(Patient, lambda one: one.working == 1)
        await ship.sail(Patient, lambda one: one.working == 1)
        assert [one.tag for one in begun(ship.journal)] == ["", ""]
        assert [one.order.order_ref for one in placed(ship)] == ["Patient-1"]
        assert not any(line.startswith("UNEXPLAINED") for line in ship.said)

    on_a_gateway(tmp_path, play)
