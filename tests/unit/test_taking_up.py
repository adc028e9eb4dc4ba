"""Taking a session up where its journal ends: in the midst of an instant, and of a bar."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from framework.brokers.ib.external import External, ExternalFee, ExternalFill, ExternalOrder
from framework.brokers.ib.library import library
from framework.brokers.ib.listed import Book
from framework.brokers.ib.translate_contract import gone, wanted_contract
from framework.domain.events import (
    CHANGE_REFUSED,
    REPLACED,
    BrokerEvent,
    Commission,
    Fill,
    OrderUpdate,
)
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.options import Right
from framework.domain.orders import Order, OrderStatus, Origin
from framework.emulator.server.handoff import Handoff
from framework.engine.blotter import Blotter
from framework.engine.journal_facts import Facts
from framework.engine.journal_replay import Recovered
from framework.engine.journal_rows import (
    INPUTS,
    Cancel,
    Entry,
    EventBatch,
    Instant,
    Replace,
    Row,
    Submit,
)
from framework.engine.journalled import ReplayBroker
from framework.options.contracts import option_contract
from framework.session.afresh import send_afresh
from framework.session.servicing import Servicing
from tests.builders import Market, order_of
from tests.journals import Bench, journal_in, machine_of, record
from tests.unit.test_journal_replay import BARS, SETTINGS, act, state

# in the midst of an instant -------------------------------------------------------------------


class Rest:
    """A broker that does what the rest of a journal says."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = deque(rows)
        self.polls = -1

    def begin(self, recovered: Recovered) -> Rest:
        assert self.polls == -1, "asked for twice"
        self.polls = recovered.polls
        return self

    def submit(self, orders: Sequence[Order]) -> None:
        row = self.rows.popleft()
        assert isinstance(row, Submit)
        assert row.orders == tuple(orders)

    def replace(self, order: Order) -> None:
        row = self.rows.popleft()
        assert isinstance(row, Replace)
        assert row.order == order

    def cancel(self, order_id: str) -> None:
        row = self.rows.popleft()
        assert isinstance(row, Cancel)
        assert row.order == order_id

    def poll(self) -> Sequence[BrokerEvent]:
        self.polls += 1
        row = self.rows[0] if self.rows else None
        if isinstance(row, EventBatch) and row.poll == self.polls:
            self.rows.popleft()
            return row.events
        return ()

    def book(self) -> Ledger:
        return Ledger(0.0, {})


def taken_up(entries: Sequence[Entry], rest: Rest) -> Blotter:
    """Replay some rows, and go on with the rest."""
    replay = ReplayBroker(entries, 100_000.0, goes_on=rest.begin)

    def market(_: Market) -> Market:
        return Bench(replay, None)  # type: ignore[return-value]

    def drive(total: int, tell: Callable[[int], None]) -> None:
        k = 0
        for row in replay.inputs():
            if isinstance(row, Instant):
                tell(k)
                k += 1
        replay.finish()

    machine = machine_of(act, BARS, market, SETTINGS)  # type: ignore[arg-type]
    machine._loop(None, drive)
    return machine.blotter


def test_an_instant_that_was_cut_short_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    record(journal, act, BARS, SETTINGS)
    entries = list(journal.entries())
    inputs = [n for n, entry in enumerate(entries) if isinstance(entry.row, INPUTS)]
    cut_short = 0
    for number, start in enumerate(inputs):
        end = inputs[number + 1] if number + 1 < len(inputs) else len(entries)
        (tmp_path / f"{number}").mkdir()
        whole = record(journal_in(tmp_path / f"{number}"), act, BARS, SETTINGS, stop=number + 1)
        for cut in range(start + 1, end + 1):
            rest = Rest([entry.row for entry in entries[cut:end]])
            assert state(taken_up(entries[:cut], rest)) == state(whole), (number, cut)
            assert not rest.rows
            cut_short += cut < end
    assert cut_short > 10


# what the journal knows of orders -------------------------------------------------------------


def batch(*events: BrokerEvent) -> EventBatch:
    return EventBatch(0, 1, events)


def test_facts_tell_what_was_reported_from_what_was_asked() -> None:
    facts = Facts()
    order = order_of("limit", limit=90.0)
    first, second = order_of("limit", limit=91.0), order_of("limit", limit=92.0)
    facts.fold(Submit(5, 1, (order,)))
    facts.fold(batch(OrderUpdate(order, OrderStatus.WORKING, 6)))
    facts.fold(Replace(7, 1, first))
    assert facts.submitted == {"o1": order}
    assert facts.reported["o1"].order == order
    assert facts.changes == {"o1": [first]}
    facts.fold(batch(OrderUpdate(first, OrderStatus.WORKING, 8, REPLACED)))
    assert facts.submitted == {"o1": first}
    assert facts.changes == {}
    facts.fold(Replace(9, 1, second))
    facts.fold(batch(OrderUpdate(first, OrderStatus.WORKING, 10, f"{CHANGE_REFUSED}: no")))
    assert facts.submitted == {"o1": first}
    assert facts.changes == {}
    facts.fold(Replace(11, 1, second))
    facts.fold(batch(OrderUpdate(first, OrderStatus.FILLED, 12)))
    assert facts.changes == {}


# what never arrived -----------------------------------------------------------------------------


class Sent:
    """Mailbox and broker in one, which write down what they are given."""

    def __init__(self, leaving: Sequence[str] = ()) -> None:
        self.said: list[str] = []
        self._leaving = leaving

    def submit(self, orders: Sequence[Order]) -> None:
        self.said.append(f"submit {' '.join(order.id for order in orders)}")

    def replace(self, order: Order) -> None:
        self.said.append(f"replace {order.id}")

    def repeat(self, order: Order) -> None:
        self.said.append(f"repeat {order.id}")

    def cancel(self, order_id: str) -> None:
        self.said.append(f"cancel {order_id}")

    def is_leaving(self, order_id: str) -> bool:
        return order_id in self._leaving

    async def send(self) -> None:
        self.said.append("sent")


def test_what_never_arrived_is_sent_in_the_order_in_which_it_was_written() -> None:
    known, parent = order_of("limit", id="known", limit=1.0), order_of("market", id="parent")
    child = order_of("stop", id="child", stop=1.0, parent="parent")
    rows = [
        Submit(0, 1, (known,)),
        Submit(0, 1, (parent, child)),
        Replace(0, 1, known),
        Cancel(0, 1, "known"),
        Cancel(0, 1, "over"),
        Cancel(0, 1, "child"),
    ]
    entries = [Entry(number, 1, 0, row) for number, row in enumerate(rows, start=1)]
    sent = Sent(leaving=["known"])
    asyncio.run(send_afresh(entries, {"child"}, sent, sent))  # type: ignore[arg-type]
    said = [one for one in sent.said if one != "sent"]
    assert said == ["submit child", "repeat known", "cancel known", "cancel child"]


# in the midst of a bar --------------------------------------------------------------------------


def test_work_that_has_paused_ends_when_nobody_resumes_it() -> None:
    handoff, done = Handoff(), []

    def work() -> None:
        handoff.pause()
        done.append("never")

    assert handoff.start(work)
    running = handoff._running
    assert running is not None
    handoff.close()
    assert running.exception(timeout=5.0) is not None
    assert done == []


# what the broker does by itself -----------------------------------------------------------------


class House:
    """A broker that shows what it is told to show."""

    def __init__(self, *shown: External) -> None:
        self.shown = list(shown)
        self.followed: list[Fill] = []

    def external(self) -> Sequence[External]:
        found, self.shown = self.shown, []
        return found

    def rate(self, symbol: str) -> float:
        return 1.0

    def follow(self, fill: Fill) -> None:
        self.followed.append(fill)


def execution(perm: int, units: float, name: str, origin: Origin = Origin.EXPIRY) -> ExternalFill:
    return ExternalFill(name, "AAA", units, 3.0, 50, perm, 0, 0, origin.value, "DU1")


def test_what_the_broker_shows_again_after_a_restart_is_not_told_again() -> None:
    house = House(execution(7, -4.0, "e1"), execution(8, 2.0, "e2"))
    told = Servicing(house, lambda: 60).events()
    orders = [one.order for one in told if isinstance(one, OrderUpdate)][::2]
    fills = [one for one in told if isinstance(one, Fill)]
    assert [order.id for order in orders] == ["expiry-1", "expiry-2"]
    again = House(execution(7, -4.0, "e1"), execution(8, 2.0, "e2"), execution(9, -1.0, "e3"))
    servicing = Servicing(again, lambda: 60)
    servicing.restore(orders, fills, [])
    (begun, fill, ended) = servicing.events()
    assert isinstance(begun, OrderUpdate)
    assert begun.order.id == "expiry-3"
    assert isinstance(fill, Fill)
    assert fill.quantity == -1.0
    assert isinstance(ended, OrderUpdate)
    assert again.followed == [fill]


def test_a_liquidation_goes_on_where_a_session_before_has_left_it() -> None:
    liquidation = Origin.LIQUIDATION
    announced = ExternalOrder(
        "AAA", -4.0, "MKT", None, None, "Submitted", 7, 0, 0, liquidation.value, "DU1"
    )
    first = Servicing(House(announced, execution(7, -3.0, "e1", liquidation)), lambda: 60).events()
    order = next(one.order for one in first if isinstance(one, OrderUpdate))
    fills = [one for one in first if isinstance(one, Fill)]
    house = House(
        announced,
        execution(7, -3.0, "e1", liquidation),
        ExternalFee("e1", 1.5, 61, liquidation.value),
        execution(7, -1.0, "e2", liquidation),
    )
    servicing = Servicing(house, lambda: 60)
    servicing.restore([order], fills, [])
    paid, fill, ended = servicing.events()
    assert isinstance(paid, Commission)
    assert (paid.fill_id, paid.amount) == (fills[0].id, 1.5)
    assert isinstance(fill, Fill)
    assert (fill.id, fill.quantity) == (f"{order.id}/2", -1.0)
    assert isinstance(ended, OrderUpdate)
    assert ended.status is OrderStatus.FILLED


def test_a_contract_that_has_expired_is_known_by_its_name() -> None:
    lib = library()
    option = option_contract(Instrument("SPY"), 19_741, Right.CALL, 450.0)
    wanted = wanted_contract(lib, option)
    book = Book([gone(option, wanted)])
    wanted.conId = 4711
    found = book.of(wanted)
    assert found is not None
    assert found.key == option.symbol
    assert book.by_con_id(0) is None
    wanted.strike = 451.0
    assert book.of(wanted) is None
