"""When faults strike: every trigger, the n-th, rates, gates, chance; and what the report says."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from framework.emulator.faults import acts
from framework.emulator.faults.acts import OrderRef
from framework.emulator.faults.injector import Injector, Step
from framework.emulator.faults.message import ConnectVerdict, Delivery, Direction, MessageView
from framework.emulator.faults.plan import plan_of
from framework.emulator.faults.report import Fired, Idle
from framework.emulator.protocol.answers import (
    CommissionReport,
    Error,
    ExecDetails,
    NextValidId,
    OpenOrder,
    OrderStatus,
)
from framework.emulator.protocol.codec import encode_answer, encode_request, message_id
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import Execution, OrderState, WireOrder
from framework.emulator.protocol.requests import (
    CancelOrder,
    PlaceOrder,
    ReqHistoricalData,
    ReqPositions,
    StartApi,
)

STOCK = WireContract(con_id=7, symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")


def view_of(
    noun: object, session: int = 1, client: int | None = 7, version: int = 178
) -> MessageView:
    """A message as the server shows it."""
    name = type(noun).__name__
    request = name.startswith(("Req", "Place", "Cancel", "Start"))
    encode = encode_request if request else encode_answer
    order = noun.req_id if isinstance(noun, Error) else getattr(noun, "order_id", None)
    return MessageView(
        Direction.REQUEST if request else Direction.ANSWER,
        session,
        client,
        name,
        message_id(type(noun)),
        encode(noun, version),  # type: ignore[operator]
        order,
        getattr(noun, "req_id", None),
        version,
    )


def status(order: int = 5, text: str = "Submitted", client: int = 7) -> OrderStatus:
    return OrderStatus(order, text, 0.0, 10.0, perm_id=900 + order, client_id=client)


def placed(order: int = 5) -> PlaceOrder:
    wire = WireOrder(action="BUY", total_quantity=10.0, order_type="LMT", lmt_price=50.0)
    return PlaceOrder(order, STOCK, wire)


def opened(order: int = 5) -> OpenOrder:
    wire = WireOrder(
        action="BUY", total_quantity=10.0, order_type="LMT", lmt_price=50.0, outside_rth=True
    )
    return OpenOrder(order, STOCK, wire, OrderState(status="Submitted"))


def executed(order: int = 5) -> ExecDetails:
    execution = Execution(
        exec_id="0001.01", time="20240102 15:30:00 UTC", side="BOT", shares=10.0, price=50.0
    )
    return ExecDetails(-1, order, STOCK, execution)


def commission() -> CommissionReport:
    return CommissionReport("0001.01", 1.0, "USD", None, None, 0)


@dataclass
class Bench:
    """A plan at work, and a server that only notes what it is told to do."""

    text: str
    seed: int = 0
    started: float = 0.0
    injector: Injector = field(init=False)

    def __post_init__(self) -> None:
        self.injector = Injector(plan_of(self.text, "plan.yaml", self.seed), self.started)

    def connect(self, *sessions: int, now: float = 0.0) -> list[ConnectVerdict]:
        return [self.injector.on_connect(session, now) for session in sessions]

    def show(
        self, noun: object, now: float = 0.0, session: int = 1, client: int | None = 7
    ) -> list[Step]:
        view = view_of(noun, session, client)
        if view.direction is Direction.REQUEST:
            return list(self.injector.on_request(view, now))
        return list(self.injector.on_answer(view, now))

    def due(self, now: float) -> list[Step]:
        return list(self.injector.due(now))

    def strikes(self, noun: object, now: float = 0.0, session: int = 1, client: int = 7) -> bool:
        """Whether a message of a plan of drops is dropped."""
        return self.show(noun, now, session, client) == []


def passed(noun: object, session: int = 1, client: int | None = 7) -> Delivery:
    view = view_of(noun, session, client)
    return Delivery(session, view.direction, view.payload)


def faults(*rows: str) -> str:
    return "faults:\n" + "".join(f"- {row}\n" for row in rows)


def test_without_faults_everything_passes() -> None:
    bench = Bench("faults: []")
    assert bench.connect(1) == [ConnectVerdict.SERVE]
    for noun in (StartApi(7, ""), placed(), status(), executed()):
        assert bench.show(noun) == [passed(noun)]
    assert bench.due(1e9) == []
    assert bench.injector.next_due() is None
    assert str(bench.injector.report()) == "no faults"


@pytest.mark.parametrize(
    ("when", "struck"),
    [
        ("{answer: OrderStatus}", "SSSSSS"),
        ("{answer: any}", "SSSSSS"),
        ("{answer: [OpenOrder, OrderStatus]}", "SSSSSS"),
        ("{answer: OpenOrder}", "......"),
        ("{request: PlaceOrder}", "......"),
        ("{answer: OrderStatus, client: 7}", "SSS.S."),
        ("{answer: OrderStatus, client: 8}", "...S.S"),
        ("{answer: OrderStatus, client: 9}", "......"),
        ("{answer: OrderStatus, order: 6}", ".S.S.."),
        ("{answer: OrderStatus, nth: 3}", "..S..."),
        ("{answer: OrderStatus, nth: 2, per: order}", "..S..."),
        ("{answer: OrderStatus, nth: 2, per: session}", ".S...S"),
        ("{answer: OrderStatus, nth: 2, per: client}", ".S...S"),
        ("{answer: OrderStatus, nth: 2, order: 6}", "...S.."),
        ("{answer: OrderStatus, where: {status: Filled}}", "....SS"),
        ("{answer: OrderStatus, where: {2: Filled}}", "....SS"),
        ("{answer: OrderStatus, where: {status: Filled, order_id: 8}}", ".....S"),
        ("{answer: OrderStatus, where: {remaining: 10.0}}", "SSSSSS"),
        ("{answer: OrderStatus, where: {99: x}}", "......"),
        ("{answer: OrderStatus, rate: 2}", "..SSSS"),
        ("{answer: OrderStatus, rate: 2, per: client}", "..S.S."),
    ],
)
def test_message_triggers(when: str, struck: str) -> None:
    bench = Bench(faults(f"{{when: {when}, do: drop, times: all}}"))
    bench.connect(1, 2)
    told = [(5, 7), (6, 7), (5, 7), (6, 8), (7, 7), (8, 8)]
    texts = ["Submitted"] * 4 + ["Filled"] * 2
    found = ""
    for (order, client), text in zip(told, texts, strict=True):
        hit = bench.strikes(status(order, text, client), 0.0, client - 6, client)
        found += "S" if hit else "."
    assert found == struck


def test_requests_strike_as_answers_do() -> None:
    bench = Bench(faults("{when: {request: [PlaceOrder, CancelOrder], order: 6}, do: drop}"))
    bench.connect(1)
    assert not bench.strikes(placed(5))
    assert not bench.strikes(ReqPositions())
    assert bench.strikes(placed(6))
    assert not bench.strikes(placed(6))  # once is all it may


@pytest.mark.parametrize(("times", "expected"), [("1", 1), ("3", 3), ("all", 10)])
def test_times(times: str, expected: int) -> None:
    bench = Bench(faults(f"{{when: {{answer: OrderStatus}}, do: drop, times: {times}}}"))
    assert sum(bench.strikes(status()) for _ in range(10)) == expected


def test_a_rate_is_of_the_last_second() -> None:
    bench = Bench(faults("{when: {request: any, rate: 3}, do: drop, times: all}"))
    slowly = [bench.strikes(ReqPositions(), now=0.34 * one) for one in range(10)]
    assert slowly == [False] * 10
    quickly = [bench.strikes(ReqPositions(), now=10 + 0.3 * one) for one in range(5)]
    assert quickly == [False, False, False, True, True]
    row = "{when: {request: any, rate: 1}, do: drop, times: all}"
    bench = Bench(faults(row))
    assert [bench.strikes(ReqPositions(), now=one) for one in (0.0, 1.0, 1.5)] == [
        False,
        False,
        True,
    ]


def test_the_client_of_a_start_is_in_the_message() -> None:
    bench = Bench(faults("{when: {request: StartApi, client: 7}, do: drop, times: all}"))
    bench.connect(1, 2)
    assert bench.show(StartApi(8, ""), session=2, client=None) != []
    assert bench.show(StartApi(7, ""), session=1, client=None) == []


def test_since_and_until() -> None:
    bench = Bench(
        faults(
            "{name: opens, when: {request: PlaceOrder}, do: mark}",
            "{name: closes, when: {request: CancelOrder}, do: mark}",
            "{when: {answer: OrderStatus, since: opens, until: closes}, do: drop, times: all}",
        )
    )
    assert not bench.strikes(status())
    assert bench.show(placed()) == [passed(placed())]
    assert bench.strikes(status())
    assert bench.strikes(status())
    bench.show(CancelOrder(5, ""))
    assert not bench.strikes(status())


def test_the_nth_counts_what_came_before_since() -> None:
    bench = Bench(
        faults(
            "{name: opens, when: {answer: NextValidId}, do: mark}",
            "{when: {answer: OrderStatus, nth: 3, since: opens}, do: drop}",
        )
    )
    assert [bench.strikes(status()) for _ in range(2)] == [False, False]
    bench.show(NextValidId(1))
    assert bench.strikes(status())


def test_acts_come_before_or_after_the_message() -> None:
    for place, expected in (("before", 0), ("after", 1)):
        bench = Bench(faults(f"{{when: {{request: PlaceOrder, place: {place}}}, do: rst}}"))
        bench.connect(1)
        steps = bench.show(placed())
        assert steps[expected] == acts.ResetConnection(1)
        assert steps[1 - expected] == passed(placed())


def test_seconds_put_it_off() -> None:
    bench = Bench(faults("{when: {request: PlaceOrder, seconds: 2}, do: rst}"))
    bench.connect(1)
    assert bench.show(placed(), now=1.0) == [passed(placed())]
    assert bench.injector.next_due() == 3.0
    assert bench.due(2.999) == []
    assert bench.due(3.0) == [acts.ResetConnection(1)]
    assert bench.injector.next_due() is None


def test_drawn_seconds_lie_between_and_hang_on_the_seed() -> None:
    times = set()
    for seed in range(30):
        bench = Bench(faults("{when: {start: [1, 2]}, do: expire_day}"), seed)
        time = bench.injector.next_due()
        assert time is not None
        assert 1.0 <= time < 2.0
        times.add(time)
    assert len(times) == 30


def test_time_since_the_start_and_again() -> None:
    bench = Bench(faults("{when: {start: 3, every: 2}, do: expire_day, times: 3}"), started=100.0)
    assert bench.injector.next_due() == 103.0
    assert bench.due(102.9) == []
    assert bench.due(103.0) == [acts.ExpireDay()]
    assert bench.injector.next_due() == 105.0
    assert bench.due(200.0) == [acts.ExpireDay()] * 2
    assert bench.injector.next_due() is None


def test_a_timed_fault_is_for_those_connected_by_then() -> None:
    bench = Bench(faults("{when: {start: 3}, do: rst}", "{when: {start: 4, client: 8}, do: fin}"))
    bench.connect(1, 2, 3)
    bench.show(StartApi(8, ""), session=2, client=None)
    bench.show(ReqPositions(), session=2, client=None)
    bench.injector.on_close(1, 2.0)
    assert bench.due(3.0) == [acts.ResetConnection(2), acts.ResetConnection(3)]
    assert bench.due(4.0) == [acts.HalfClose(2)]


@pytest.mark.parametrize(
    ("connect", "verdicts"),
    [("any", "SSSS"), ("1", "S..."), ("3", "..S.")],
)
def test_connections(connect: str, verdicts: str) -> None:
    bench = Bench(faults(f"{{when: {{connect: {connect}}}, do: silent, times: all}}"))
    letters = {ConnectVerdict.SERVE: ".", ConnectVerdict.SILENT: "S"}
    assert "".join(letters[one] for one in bench.connect(1, 2, 3, 4)) == verdicts


def test_once_is_once_for_connections_too() -> None:
    bench = Bench(faults("{when: connect, do: silent}"))
    assert bench.connect(1, 2) == [ConnectVerdict.SILENT, ConnectVerdict.SERVE]


def test_who_was_refused_is_not_there() -> None:
    bench = Bench(faults("{when: {connect: 1}, do: {refuse: 0}}", "{when: {start: 1}, do: rst}"))
    assert bench.connect(1, 2) == [ConnectVerdict.REFUSE, ConnectVerdict.SERVE]
    assert bench.due(1.0) == [acts.ResetConnection(2)]


def test_seconds_after_a_connection() -> None:
    bench = Bench(faults("{when: {connect: 2, seconds: 3}, do: {error: 2103}}"))
    bench.connect(1, 2, now=5.0)
    assert bench.injector.next_due() == 8.0
    (error,) = bench.due(8.0)
    assert isinstance(error, acts.SendError)
    assert (error.session, error.req_id, error.code) == (2, -1, 2103)


def test_acts_at_a_connection_wait_for_due() -> None:
    bench = Bench(faults("{when: connect, do: {error: 2110}}"))
    assert bench.connect(4, now=1.0) == [ConnectVerdict.SERVE]
    assert bench.injector.next_due() == 1.0
    assert [type(one) for one in bench.due(1.0)] == [acts.SendError]


def test_a_status_is_reached_once() -> None:
    bench = Bench(faults("{when: {status: Filled, order: 5}, do: correct, times: all}"))
    bench.connect(1)
    assert bench.show(status(5)) == [passed(status(5))]
    assert bench.show(status(6, "Filled")) == [passed(status(6, "Filled"))]
    filled = status(5, "Filled")
    assert bench.show(filled) == [passed(filled), acts.CorrectExecution(OrderRef(5, 7))]
    assert bench.show(filled) == [passed(filled)]
    assert bench.injector.on_status(7, 5, "Filled", 0.0) == ()
    assert bench.injector.on_status(7, 5, "Submitted", 0.0) == ()
    assert len(bench.injector.on_status(7, 5, "Filled", 0.0)) == 1


def test_a_status_is_reached_with_the_client_away() -> None:
    text = "{when: {status: Filled, client: 7, seconds: 1}, do: [rst, {fork: newest}]}"
    bench = Bench(faults(text))
    assert bench.injector.on_status(8, 5, "Filled", 1.0) == ()
    assert bench.injector.on_status(7, 5, "Filled", 1.0) == ()
    assert bench.due(2.0) == [acts.ForkPermId(OrderRef(None, 7))]


def test_a_status_another_client_hears_of_is_its_owners() -> None:
    bench = Bench(faults("{when: {status: Filled, client: 7}, do: fork, times: all}"))
    filled = status(5, "Filled", client=7)
    assert len(bench.show(filled, session=1, client=7)) == 2
    assert len(bench.show(filled, session=2, client=0)) == 1
    foreign = status(6, "Filled", client=8)
    assert len(bench.show(foreign, session=1, client=7)) == 1


def test_statuses_that_cannot_be_read_reach_nothing() -> None:
    bench = Bench(faults("{when: {status: Filled}, do: fork}"))
    view = view_of(status(5, "Filled"))
    broken = MessageView(view.direction, 1, 7, "OrderStatus", 3, b"3\0x\0Filled\0", 5)
    assert len(bench.injector.on_answer(broken, 0.0)) == 1


def test_faults_follow_faults() -> None:
    bench = Bench(
        faults(
            "{name: one, when: {request: PlaceOrder}, do: {error: 1100}, times: all}",
            "{name: two, when: {fault: one, nth: 2}, do: fork}",
            "{name: three, when: {fault: two, seconds: 5}, do: {fill: {tell: false}}}",
        )
    )
    bench.connect(1)
    assert [type(one) for one in bench.show(placed(4))] == [Delivery, acts.SendError]
    steps = bench.show(placed(5), now=1.0)
    assert [type(one) for one in steps] == [Delivery, acts.SendError, acts.ForkPermId]
    assert steps[2] == acts.ForkPermId(OrderRef(5, 7))
    assert bench.due(6.0) == [acts.FillOrder(OrderRef(5, 7), None, None, False)]


def test_chance_is_drawn_per_opportunity_from_the_seed() -> None:
    text = faults("{when: {answer: OrderStatus}, do: drop, times: all, chance: 0.3}")
    runs = []
    for seed in (1, 2, 1):
        bench = Bench(text, seed)
        runs.append([bench.strikes(status()) for _ in range(2000)])
    assert runs[0] == runs[2]
    assert runs[0] != runs[1]
    assert 0.26 < sum(runs[0]) / 2000 < 0.34


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 0), (1.0, 50)])
def test_chances_that_are_none(chance: float, expected: int) -> None:
    row = f"{{when: {{answer: OrderStatus}}, do: drop, times: all, chance: {chance}}}"
    bench = Bench(faults(row))
    assert sum(bench.strikes(status()) for _ in range(50)) == expected


def test_the_dice_of_one_fault_move_no_other() -> None:
    row = "{when: {answer: OrderStatus}, do: drop, times: all, chance: 0.5}"
    other = "{when: {answer: ExecDetails}, do: drop, times: all, chance: 0.5}"
    alone, together = Bench(faults(row)), Bench(faults(row, other))
    for _ in range(100):
        together.show(executed())
        assert alone.strikes(status()) == together.strikes(status())


def test_faults_have_dice_of_their_own() -> None:
    row = "{when: {answer: OrderStatus}, do: dup, times: all, chance: 0.5}"
    bench = Bench(faults(row, row))
    assert {len(bench.show(status())) for _ in range(50)} == {1, 2, 4}
    assert len(bench.injector.report().fired) not in (0, 100)


def test_the_chance_of_a_seed_is_pinned() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: drop, times: all, chance: 0.5}"), 7)
    assert "".join(str(int(bench.strikes(status()))) for _ in range(24)) == PINNED


PINNED = "000110100111110000001101"
"""numpy promises that the raw stream of PCG64 never changes."""


def test_the_report() -> None:
    bench = Bench(
        faults(
            "{name: hit, when: {answer: OrderStatus, order: 5}, do: [drop, {error: 1100}]}",
            "{name: timed, when: {start: 9}, do: rst}",
            "{name: unlucky, when: {answer: OrderStatus}, do: drop, chance: 0, times: all}",
            "{name: never, when: {request: CancelOrder, client: 3}, do: drop}",
            "{name: gone, when: {answer: NextValidId}, do: {mutate: {set: {77: x}}}}",
            "{name: late, when: {request: PlaceOrder, seconds: 99}, do: rst}",
        )
    )
    bench.connect(1)
    bench.show(status(5), now=1.25)
    bench.show(status(6), now=1.5)
    bench.show(NextValidId(4), now=2.0)
    bench.show(placed(), now=3.0)
    bench.due(9.0)
    report = bench.injector.report()
    assert report.fired == (
        Fired("hit", 1.25, "OrderStatus order 5 to connection 1 (client 7)", "drop, error: 1100"),
        Fired(
            "gone",
            2.0,
            "NextValidId order 4 to connection 1 (client 7)",
            "mutate: {set: {'77': x}}",
            "no field 77",
        ),
        Fired("timed", 9.0, "the time", "rst"),
    )
    assert report.idle == (
        Idle("unlucky", "answer: OrderStatus", 2),
        Idle("never", "request: CancelOrder, client: 3", 0),
        Idle("late", "request: PlaceOrder, seconds: 99.0", 1, 1),
    )
    lines = str(report).splitlines()
    assert lines[0].split() == ["seconds", "fault", "did", "on"]
    assert lines[2].endswith("(no field 77)")
    assert "2 opportunities passed by" in lines[4]
    assert "no opportunity" in lines[5]
    assert "not due yet" in lines[6]
    assert {line.index("drop, error") for line in lines if "drop, error" in line} == {
        lines[0].index("did")
    }


def test_pacing_is_shown_as_the_plan_writes_it() -> None:
    bench = Bench(faults("{when: {request: ReqHistoricalData}, do: pacing}"))
    bench.connect(1)
    asked = ReqHistoricalData(3, STOCK, "", "1 day", "1 D", True, "TRADES", 1, False, "")
    assert [type(one) for one in bench.show(asked)] == [acts.SendError]
    assert [one.did for one in bench.injector.report().fired] == ["pacing"]
