"""What faults do beyond messages: every verb, what it asks of the server, and when that ends."""

from __future__ import annotations

import pytest

from framework.emulator.faults import acts
from framework.emulator.faults.acts import DataKind, OrderRef
from framework.emulator.faults.message import ConnectVerdict, Delivery
from framework.emulator.faults.texts import TEXTS, text_of
from framework.emulator.faults.verbs import MESSAGE_VERBS, VERBS
from framework.emulator.protocol.answers import TickPrice
from framework.emulator.protocol.framing import Deframer
from framework.emulator.protocol.requests import ReqHistoricalData, ReqMktData, StartApi
from tests.unit.test_emulator_faults_triggers import (
    STOCK,
    Bench,
    executed,
    faults,
    passed,
    placed,
    status,
)

THIS = OrderRef(5, 7)
ANY = (1, 2)


def error(code: int, session: int = 1, about: int = -1, text: str = "") -> acts.SendError:
    return acts.SendError(session, about, code, text or text_of(code))


def raw(data: bytes, session: int = 1) -> acts.SendRaw:
    return acts.SendRaw(session, data)


ONE_ACT = [
    ("rst", [acts.ResetConnection(1)]),
    ("fin", [acts.HalfClose(1)]),
    ("mark", []),
    ("error: 1100", [error(1100)]),
    ("error: {code: 201, id: order}", [error(201, about=5)]),
    ("error: {code: 201, id: request}", [error(201, about=5)]),
    ("error: {code: 201, id: 44, text: never}", [error(201, about=44, text="never")]),
    ("error: {code: 77777}", [error(77777, text="Error 77777 of a fault plan.")]),
    ("error: {code: 1100, everyone: true}", [error(1100, one) for one in ANY]),
    (
        "error: {code: 10197, id: data}",
        [acts.SendDataError(1, 10197, "No market data during competing live session")],
    ),
    ("raw: {hex: '00ff'}", [raw(b"\x00\xff")]),
    ("raw: {hex: '00ff', framed: true}", [raw(b"\0\0\0\2\x00\xff")]),
    ("raw: [4, 2, $order, 1100, lost]", [raw(b"\0\0\0\x104\x002\x005\x001100\0lost\0")]),
    ("raw: {fields: [$client, $request]}", [raw(b"\0\0\0\x057\x00-1\0")]),
    ("malformed", [raw(b"\0\0\0\x0dorder\0status\0")]),
    ("malformed: empty", [raw(b"\0\0\0\0")]),
    ("malformed: unknown", [raw(b"\0\0\0\x079999\x001\0")]),
    ("malformed: half", [raw(b"\0\0\0\x403\x001\0Submi")]),
    ("poison", [raw(b"\xff\xff\xff\xf0")]),
    ("poison: 3", [raw(b"\0\0\0\3")]),
    ("ids: -50", [acts.MoveIds(None, -50, announce=False)]),
    ("ids: {to: 1, announce: true}", [acts.MoveIds(1, None, announce=True)]),
    ("lose_data", [acts.LoseSubscriptions()]),
    ("fill", [acts.FillOrder(THIS, None, None, True)]),
    ("fill: newest", [acts.FillOrder(OrderRef(None, 7))]),
    ("fill: {order: 9, tell: false}", [acts.FillOrder(OrderRef(9, 7), tell=False)]),
    ("fill: {quantity: 3, price: 10.5}", [acts.FillOrder(THIS, 3.0, 10.5)]),
    ("cancel", [acts.CancelAtBroker(THIS, tell=True)]),
    ("cancel: {tell: false}", [acts.CancelAtBroker(THIS, tell=False)]),
    ("expire_day", [acts.ExpireDay(tell=False)]),
    ("expire_day: true", [acts.ExpireDay(tell=True)]),
    ("manual", [acts.ManualOrder()]),
    (
        "manual: {symbol: MSFT, action: SELL, quantity: 5, limit: 9, order_id: -3, client_id: 4,"
        " tif: GTC, fill: true}",
        [acts.ManualOrder("MSFT", "SELL", 5.0, 9.0, -3, 4, "GTC", True)],
    ),
    ("fork", [acts.ForkPermId(THIS)]),
    ("correct", [acts.CorrectExecution(THIS)]),
    ("correct: {price: 9, quantity: 2}", [acts.CorrectExecution(THIS, 9.0, 2.0)]),
]

LASTING = [
    ("refuse", [acts.ClosePort()], [acts.OpenPort()]),
    ("mute", [acts.Mute(1)], [acts.Unmute(1)]),
    ("read_only", [acts.ReadOnly(True)], [acts.ReadOnly(False)]),
    ("stop_data", [acts.StopData(DataKind.ALL)], [acts.ResumeData(DataKind.ALL)]),
    (
        "competing",
        [acts.StopData(DataKind.TICKS), acts.SendDataError(1, 10197, text_of(10197))],
        [acts.ResumeData(DataKind.TICKS)],
    ),
]
"""Verbs that last, and what they begin and end with."""


def struck(do: str, now: float = 0.0) -> tuple[Bench, list[object]]:
    """The bench, and the acts of a fault that struck on an order status."""
    bench = Bench(faults(f"{{when: {{answer: OrderStatus}}, do: {_verb(do)}}}"))
    bench.connect(1, 2)
    first, *rest = bench.show(status(), now)
    assert first == passed(status())
    return bench, list(rest)


def _verb(do: str) -> str:
    return f"{{{do}}}" if ":" in do and not do.startswith("[") else do


@pytest.mark.parametrize(("do", "expected"), ONE_ACT, ids=[do for do, _ in ONE_ACT])
def test_a_verb_asks_for(do: str, expected: list[object]) -> None:
    bench, found = struck(do)
    assert found == expected
    assert bench.injector.next_due() is None
    assert bench.injector.lift(0.0) == ()


@pytest.mark.parametrize(("do", "begin", "end"), LASTING, ids=[do for do, *_ in LASTING])
def test_a_lasting_verb_ends(do: str, begin: list[object], end: list[object]) -> None:
    seconds = f"{do}: {{kind: all, seconds: 4}}" if do == "stop_data" else f"{do}: 4"
    bench, found = struck(seconds, now=1.0)
    assert found == begin
    assert bench.injector.next_due() == 5.0
    assert bench.due(4.9) == []
    assert bench.due(5.0) == end
    assert bench.due(99.0) == []


@pytest.mark.parametrize(("do", "begin", "end"), LASTING, ids=[do for do, *_ in LASTING])
def test_a_lasting_verb_without_a_time_lasts_until_told(
    do: str, begin: list[object], end: list[object]
) -> None:
    bench, found = struck(do)
    assert found == begin
    assert bench.injector.next_due() is None
    assert bench.injector.lift(3.0) == tuple(end)


def test_every_verb_is_tried_somewhere() -> None:
    tried = {do.split(":")[0] for do, *_ in [*ONE_ACT, *LASTING]}
    elsewhere = {"farm", "outage", "pacing", "restart", "silent", "skew", "wait"}
    on_messages = {name for name, cls in VERBS.items() if issubclass(cls, MESSAGE_VERBS)}
    assert tried | elsewhere | on_messages == set(VERBS)


def test_what_lasts_longer_wins() -> None:
    bench = Bench(
        faults(
            "{when: {start: 0}, do: {mute: 5}}",
            "{when: {start: 1}, do: {mute: 9}}",
            "{when: {start: 2}, do: {mute: 1}}",
            "{when: {start: 20}, do: mute}",
            "{when: {start: 21}, do: {mute: 1}}",
        )
    )
    bench.connect(1)
    assert bench.due(9.9) == [acts.Mute(1)] * 3
    assert bench.due(10.0) == [acts.Unmute(1)]
    assert bench.due(99.0) == [acts.Mute(1)] * 2


def test_a_mute_ends_with_its_connection() -> None:
    bench, _ = struck("mute: 5")
    bench.injector.on_close(1, 1.0)
    assert bench.due(9.0) == []


def test_acts_on_a_connection_that_is_gone_are_left_out() -> None:
    bench, found = struck(
        "[rst, {wait: 1}, {error: 1100}, {fill: {tell: false}}, {error: "
        "{code: 1102, everyone: true}}]"
    )
    assert found == [acts.ResetConnection(1)]
    bench.injector.on_close(1, 0.1)
    assert bench.due(1.0) == [acts.FillOrder(THIS, tell=False), error(1102, 2)]


def test_waits_put_off_what_follows() -> None:
    bench, found = struck("[{error: 1100}, {wait: 2}, rst, {wait: 1}, fork]", now=1.0)
    assert found == [error(1100)]
    assert bench.due(2.9) == []
    assert bench.due(3.0) == [acts.ResetConnection(1)]
    assert bench.injector.next_due() == 4.0
    assert bench.due(4.0) == [acts.ForkPermId(THIS)]


def test_a_wait_is_drawn() -> None:
    times = set()
    for seed in range(20):
        bench = Bench(faults("{when: start, do: [{wait: [1, 2]}, expire_day]}"), seed)
        bench.due(0.0)
        times.add(bench.injector.next_due())
    assert len(times) == 20


def test_a_wait_for_no_time_is_none() -> None:
    _, found = struck("[{wait: 0}, rst]")
    assert found == [acts.ResetConnection(1)]


def test_this_order_is_the_newest_where_there_is_none() -> None:
    bench = Bench(faults("{when: {start: 1}, do: [fill, {error: {code: 201, id: order}}]}"))
    bench.connect(1)
    assert bench.due(1.0) == [acts.FillOrder(OrderRef()), error(201)]


def test_the_orders_of_a_client() -> None:
    bench = Bench(faults("{when: {start: 1, client: 3}, do: [fill, {fork: 8}]}"))
    assert bench.due(1.0) == [
        acts.FillOrder(OrderRef(None, 3)),
        acts.ForkPermId(OrderRef(8, 3)),
    ]


def test_errors_about_requests() -> None:
    bench = Bench(
        faults("{when: {request: ReqMktData}, do: [drop, {error: {code: 354, id: request}}]}")
    )
    bench.connect(1)
    asked = ReqMktData(31, STOCK, "", False, False)
    assert bench.show(asked) == [error(354, about=31)]


def test_an_execution_is_about_its_order_or_its_request() -> None:
    for word, about in (("order", 5), ("request", -1)):
        bench = Bench(
            faults(f"{{when: {{answer: ExecDetails}}, do: {{error: {{code: 201, id: {word}}}}}}}")
        )
        bench.connect(1)
        assert bench.show(executed())[1:] == [error(201, about=about)]


def test_fields_of_raw_messages_take_ids() -> None:
    bench = Bench(faults("{when: {answer: TickPrice}, do: {raw: [45, 6, $request, 49, 1]}}"))
    bench.connect(1)
    _, step = bench.show(TickPrice(31, 1, 10.0, 5.0, 0))
    assert step == raw(b"\0\0\0\x0d45\x006\x0031\x0049\x001\0")


@pytest.mark.parametrize("kind", ["words", "unknown", "empty", "short", "unended", "bytes"])
def test_malformed_frames_are_frames(kind: str) -> None:
    _, (act,) = struck(f"malformed: {kind}")
    assert isinstance(act, acts.SendRaw)
    assert len(Deframer().feed(act.data)) == 1


@pytest.mark.parametrize(
    ("do", "verdict", "later"),
    [
        ("silent", ConnectVerdict.SILENT, []),
        ("{refuse: 0}", ConnectVerdict.REFUSE, []),
        ("{refuse: 3}", ConnectVerdict.REFUSE, [acts.ClosePort(), acts.OpenPort()]),
        ("[silent, {wait: 2}, rst]", ConnectVerdict.SILENT, [acts.ResetConnection(1)]),
        ("[{wait: 2}, refuse]", ConnectVerdict.SERVE, [acts.ClosePort()]),
        ("{error: 1100}", ConnectVerdict.SERVE, [error(1100)]),
    ],
)
def test_verdicts_on_connections(do: str, verdict: ConnectVerdict, later: list[object]) -> None:
    bench = Bench(faults(f"{{when: {{connect: 1}}, do: {do}}}"))
    assert bench.connect(1) == [verdict]
    assert bench.due(9.0) == later
    assert bench.connect(2, now=9.0) == [
        ConnectVerdict.REFUSE if do.startswith("[{wait") else ConnectVerdict.SERVE
    ]


def test_connections_are_refused_while_the_port_is_closed() -> None:
    bench = Bench(faults("{when: {start: 1}, do: {refuse: 5}}", "{when: {connect: 2}, do: silent}"))
    assert bench.connect(1, now=0.5) == [ConnectVerdict.SERVE]
    assert bench.due(1.0) == [acts.ClosePort()]
    assert bench.connect(2, 3, now=5.9) == [ConnectVerdict.REFUSE] * 2
    assert bench.connect(4, now=6.0) == [ConnectVerdict.SILENT]  # the second that came so far
    assert bench.due(6.0) == [acts.OpenPort()]
    assert bench.connect(5, now=6.0) == [ConnectVerdict.SERVE]


def test_restart() -> None:
    bench = Bench(faults("{when: {request: PlaceOrder}, do: {restart: {down: 60, forget: 1}}}"))
    bench.connect(1, 2)
    assert bench.show(placed(), now=1.0) == [passed(placed()), acts.GoDown(1.0)]
    bench.injector.on_close(1, 1.0)
    bench.injector.on_close(2, 1.0)
    assert bench.connect(3, now=60.0) == [ConnectVerdict.REFUSE]
    assert bench.due(61.0) == [acts.ComeUp()]
    assert bench.connect(4, now=61.0) == [ConnectVerdict.SERVE]


def test_restart_with_other_ids() -> None:
    _, found = struck("restart: {down: 1, move_ids: -20}")
    assert found == [acts.GoDown(0.0), acts.MoveIds(None, -20, announce=False)]


def test_outage_with_data_lost() -> None:
    bench, found = struck("outage: {seconds: 3}")
    assert found == [acts.StopData(DataKind.ALL), error(1100), error(1100, 2)]
    bench.connect(3, now=2.0)
    assert bench.due(2.9) == []
    assert bench.due(3.0) == [
        acts.ResumeData(DataKind.ALL),
        acts.LoseSubscriptions(),
        *(error(1101, one) for one in (1, 2, 3)),
    ]


def test_outage_with_data_kept_and_said_often() -> None:
    bench, found = struck("outage: {seconds: 3, lost: false, repeat: 3, every: 1}")
    assert found == [acts.StopData(DataKind.ALL), error(1100), error(1100, 2)]
    assert bench.due(1.0) == [error(1100, one) for one in ANY]
    assert bench.due(2.0) == [error(1100, one) for one in ANY]
    assert bench.due(3.0) == [acts.ResumeData(DataKind.ALL), *(error(1102, one) for one in ANY)]


@pytest.mark.parametrize(
    ("code", "well", "kind"),
    [(2103, 2104, DataKind.TICKS), (2105, 2106, DataKind.BARS), (2157, 2158, None)],
)
def test_farms(code: int, well: int, kind: DataKind | None) -> None:
    for dead in (False, True):
        stays = ", stays_dead: true" if dead else ""
        bench, found = struck(f"farm: {{code: {code}, farm: abc, seconds: 4{stays}}}")
        broken = [error(code, one, text=f"{TEXTS[code]}abc") for one in ANY]
        assert found == ([] if kind is None else [acts.StopData(kind)]) + broken
        ends = [] if kind is None or dead else [acts.ResumeData(kind)]
        assert bench.due(4.0) == ends + [error(well, one, text=f"{TEXTS[well]}abc") for one in ANY]
        assert bench.injector.lift(9.0) == (
            (acts.ResumeData(kind),) if dead and kind is not None else ()
        )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("history", [error(162, about=31)]),
        ("realtime", [error(420, about=31)]),
        ("messages", [error(100), acts.HalfClose(1)]),
    ],
)
def test_pacing(kind: str, expected: list[object]) -> None:
    bench = Bench(faults(f"{{when: {{request: ReqHistoricalData}}, do: {{pacing: {kind}}}}}"))
    bench.connect(1)
    asked = ReqHistoricalData(31, STOCK, "", "1 day", "1 D", True, "TRADES", 1, False, "")
    assert bench.show(asked) == expected


def test_skew() -> None:
    bench, found = struck("skew: {by: -90, seconds: 2}")
    assert found == [acts.SkewClock(-90.0)]
    assert bench.due(2.0) == [acts.SkewClock(0.0)]


def test_the_whole_of_a_client_id_in_use() -> None:
    bench = Bench(faults("{when: {request: StartApi}, do: [drop, {error: 326}, fin]}"))
    bench.connect(1)
    assert bench.show(StartApi(7, ""), client=None) == [error(326), acts.HalfClose(1)]


def test_an_execution_corrected_later() -> None:
    bench = Bench(faults("{when: {answer: ExecDetails, seconds: 1}, do: correct}"))
    bench.connect(1)
    assert bench.show(executed()) == [passed(executed())]
    assert bench.due(1.0) == [acts.CorrectExecution(THIS)]


def test_what_passes_is_one_delivery() -> None:
    bench, _ = struck("rst")
    (step,) = bench.show(status())
    assert isinstance(step, Delivery)
