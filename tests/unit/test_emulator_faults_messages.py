"""What faults do to messages: dropped, held, doubled, swapped, changed, in any company."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest

from framework.emulator.faults import acts
from framework.emulator.faults.fields import place_of
from framework.emulator.faults.message import Delivery, Direction, MessageView
from framework.emulator.protocol.answers import (
    ContractDetails,
    CurrentTime,
    Details,
    Error,
    ManagedAccounts,
    NextValidId,
    TickPrice,
)
from framework.emulator.protocol.codec import decode_answer, decode_request, fields_of
from framework.emulator.protocol.requests import CancelOrder, ReqCurrentTime, ReqMktData
from tests.unit.test_emulator_faults_triggers import (
    STOCK,
    Bench,
    commission,
    executed,
    faults,
    opened,
    passed,
    placed,
    status,
    view_of,
)

VERSIONS = (157, 163, 166, 170, 176, 177, 178)


def texts_of(step: object) -> list[str]:
    assert isinstance(step, Delivery)
    return fields_of(step.payload)


def test_drop() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: drop}"))
    assert bench.show(status()) == []
    assert bench.show(status()) == [passed(status())]


def test_hold_for_a_time() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: {hold: 2}}"))
    assert bench.show(status(5), now=1.0) == []
    assert bench.show(status(6), now=1.5) == [passed(status(6))]
    assert bench.injector.next_due() == 3.0
    assert bench.due(2.9) == []
    assert bench.due(3.0) == [passed(status(5))]
    assert bench.due(9.0) == []


def test_hold_for_a_drawn_time() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: {hold: [1, 3]}, times: all}"))
    times = []
    for number in range(50):
        bench.show(status(number), now=0.0)
    while (time := bench.injector.next_due()) is not None:
        times += [time] * len(bench.due(time))
    assert len(times) == 50
    assert 1.0 <= min(times) < 1.3
    assert 2.7 < max(times) < 3.0


def test_hold_until_a_message() -> None:
    bench = Bench(faults("{when: {answer: OpenOrder}, do: {hold: {until: ExecDetails}}}"))
    assert bench.show(opened(5)) == []
    assert bench.injector.next_due() is None
    assert bench.show(status(5)) == [passed(status(5))]
    assert bench.show(executed(6)) == [passed(executed(6))]  # another order's
    assert bench.show(executed(5), session=2) == [passed(executed(5), 2)]  # another connection
    assert bench.show(executed(5)) == [passed(executed(5)), passed(opened(5))]
    assert bench.show(executed(5)) == [passed(executed(5))]


def test_hold_until_a_message_but_no_longer() -> None:
    row = "{when: {answer: OpenOrder}, do: {hold: {until: [ExecDetails, Error], seconds: 4}}}"
    bench = Bench(faults(row))
    bench.show(opened(5), now=1.0)
    assert bench.due(5.0) == [passed(opened(5))]
    assert bench.show(executed(5), now=6.0) == [passed(executed(5))]


def test_an_answer_held_until_a_request() -> None:
    row = "{when: {answer: OrderStatus}, do: {hold: {until: CancelOrder, seconds: 60}}}"
    bench = Bench(faults(row))
    bench.show(status(5), now=0.0)
    cancel = CancelOrder(5, "")
    assert bench.show(cancel, now=1.0) == [passed(cancel), passed(status(5))]
    assert bench.due(99.0) == []


def test_a_request_held() -> None:
    bench = Bench(faults("{when: {request: PlaceOrder}, do: {hold: 1}}"))
    assert bench.show(placed()) == []
    assert bench.due(1.0) == [passed(placed())]


def test_what_is_held_of_a_connection_ends_with_it() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: {hold: 2}, times: 2}"))
    bench.connect(1, 2)
    bench.show(status(5), session=1)
    bench.show(status(6), session=2)
    bench.injector.on_close(1, 0.5)
    assert bench.due(9.0) == [passed(status(6), 2)]


def test_dup() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: dup}"))
    assert bench.show(status()) == [passed(status())] * 2
    assert bench.show(status()) == [passed(status())]


def test_dup_often_and_of_requests() -> None:
    bench = Bench(faults("{when: {request: PlaceOrder}, do: {dup: 2000}}"))
    assert bench.show(placed()) == [passed(placed())] * 2001


def test_dup_later() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: {dup: {count: 2, seconds: 3}}}"))
    assert bench.show(status(), now=1.0) == [passed(status())]
    assert bench.due(3.9) == []
    assert bench.due(4.0) == [passed(status())] * 2


def test_dup_with_changes() -> None:
    row = "{when: {answer: ExecDetails}, do: {dup: {set: {exec_id: '0001.02'}, add: {shares: 5}}}}"
    first, second = Bench(faults(row)).show(executed())
    assert first == passed(executed())
    correction = decode_answer(second.payload, 178)  # type: ignore[union-attr]
    was = executed()
    changed = replace(was.execution, exec_id="0001.02", shares=15.0)
    assert correction == replace(was, execution=changed)


def test_swap_with_its_own_kind() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: swap}"))
    assert bench.show(status(5)) == []
    assert bench.show(status(6)) == [passed(status(6))]  # another order's
    filled = status(5, "Filled")
    assert bench.show(filled) == [passed(filled), passed(status(5))]


def test_swap_with_another_kind() -> None:
    bench = Bench(faults("{when: {answer: ExecDetails}, do: {swap: CommissionReport}}"))
    assert bench.show(executed()) == []
    assert bench.show(commission()) == [passed(commission()), passed(executed())]


def test_pairs_are_swapped_as_pairs() -> None:
    bench = Bench(faults("{when: {answer: OrderStatus}, do: swap, times: all}"))
    steps = [bench.show(status(5, text)) for text in ("A", "B", "C", "D")]
    names = [[texts_of(one)[2] for one in step] for step in steps]
    assert names == [[], ["B", "A"], [], ["D", "C"]]


def test_a_swap_waits_no_longer_than_it_may() -> None:
    for seconds, expected in (("", 5.0), ("seconds: 1", 1.0), ("seconds: 0", None)):
        bench = Bench(faults(f"{{when: {{answer: OrderStatus}}, do: {{swap: {{{seconds}}}}}}}"))
        bench.show(status(5))
        assert bench.injector.next_due() == expected
        if expected is not None:
            assert bench.due(expected) == [passed(status(5))]


def test_a_swap_is_with_what_goes_the_same_way() -> None:
    bench = Bench(faults("{when: {request: PlaceOrder}, do: {swap: CancelOrder}}"))
    bench.show(placed(5))
    cancel = CancelOrder(5, "")
    assert bench.show(cancel) == [passed(cancel), passed(placed(5))]


@pytest.mark.parametrize(
    ("noun", "mutation", "place", "text"),
    [
        (status(), "{set: {why_held: locate}}", 10, "locate"),
        (status(), "{set: {10: locate}}", 10, "locate"),
        (status(), "{add: {perm_id: 1}}", 6, "906"),
        (status(), "{add: {4: -10.5}}", 4, "-0.5"),
        (NextValidId(100), "{add: {order_id: -99}}", 2, "1"),
        (NextValidId(100), "{add: {order_id: 1000000}}", 2, "1000100"),
        (status(), "{set: {perm_id: $order}}", 6, "5"),
        (ManagedAccounts("DU1"), '{set: {accounts: "$text,DU2"}}', 2, "DU1,DU2"),
        (executed(), '{set: {shares: "1O0"}}', 19, "1O0"),
        (executed(), "{set: {execution.shares: 3}}", 19, "3"),
        (executed(), "{set: {symbol: MSFT}}", 4, "MSFT"),
        (opened(), "{set: {outside_rth: false}}", None, "0"),
        (opened(), "{set: {status: Inactive}}", None, "Inactive"),
        (
            commission(),
            '{set: {commission: "1.7976931348623157E308"}}',
            3,
            "1.7976931348623157E308",
        ),
        (TickPrice(3, 1, 10.0, 5.0, 0), "{set: {price: -1}}", 4, "-1"),
        (TickPrice(3, 1, 10.5, 5.0, 0), "{add: {price: 0.5}}", 4, "11.0"),
        (placed(), "{set: {lmt_price: 49}}", None, "49"),
        (placed(), "{set: {account: $client}}", None, "7"),
        (CurrentTime(1000), "{add: {time: 3600}}", 2, "4600"),
    ],
)
def test_mutate_changes_one_field(
    noun: object, mutation: str, place: int | None, text: str
) -> None:
    way = "request" if type(noun).__name__ == "PlaceOrder" else "answer"
    row = f"{{when: {{{way}: {type(noun).__name__}}}, do: {{mutate: {mutation}}}}}"
    bench = Bench(faults(row))
    (step,) = bench.show(noun)
    before, after = fields_of(passed(noun).payload), texts_of(step)
    different = [one for one in range(len(before)) if before[one] != after[one]]
    assert len(after) == len(before)
    assert len(different) == 1
    assert after[different[0]] == text
    assert place is None or different == [place]
    assert [one.note for one in bench.injector.report().fired] == [""]


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_are_found_in_every_version(version: int) -> None:
    """Where they stand moves; that the decoder finds the new value there is the proof."""
    cases = (
        (opened(), "outside_rth", "order", False, "0"),
        (opened(), "status", "state", "Inactive", "Inactive"),
        (opened(), "init_margin_change", "state", 3.0, "3"),
        (executed(), "shares", "execution", 3.0, "3"),
        (executed(), "avg_price", "execution", 3.0, "3"),
        (placed(), "total_quantity", "order", 3.0, "3"),
        (placed(), "what_if", "order", True, "1"),
    )
    for noun, field, inside, value, text in cases:
        request = type(noun).__name__ == "PlaceOrder"
        way = "request" if request else "answer"
        kind = type(noun).__name__
        bench = Bench(
            faults(f"{{when: {{{way}: {kind}}}, do: {{mutate: {{set: {{{field}: {text}}}}}}}}}")
        )
        view = view_of(noun, version=version)
        ask = bench.injector.on_request if request else bench.injector.on_answer
        (step,) = ask(view, 0.0)
        assert isinstance(step, Delivery)
        read = (decode_request if request else decode_answer)(step.payload, version)
        assert getattr(getattr(read, inside), field) == value


@pytest.mark.parametrize("version", VERSIONS)
def test_no_field_is_taken_for_another(version: int) -> None:
    """Whatever a name stands for, the place found is one the decoder reads that field from."""
    for noun in (opened(), placed(), executed(), status()):
        view = view_of(noun, version=version)
        read = decode_request if view.direction is Direction.REQUEST else decode_answer
        texts = fields_of(view.payload)
        whole = plain(read(view.payload, version))
        for name in whole:
            place = place_of(view, name)
            if place is None or not texts[place].replace(".", "").isdecimal():
                continue
            other = "0" if float(texts[place]) else "1"
            texts_now = [*texts[:place], other, *texts[place + 1 :]]
            payload = "".join(f"{text}\0" for text in texts_now).encode()
            now = plain(read(payload, version))
            assert [one for one in whole if now[one] != whole[one]] == [name]


def test_fields_move_with_what_is_in_an_order() -> None:
    benchmark, algo = opened(), opened()
    benchmark = replace(benchmark, order=replace(benchmark.order, order_type="PEG BENCH"))
    params = (("a", "1"), ("b", "2"))
    wire = replace(algo.order, algo_strategy="Twap", algo_params=params)
    views = [view_of(benchmark), view_of(replace(algo, order=wire))]
    lengths = {len(fields_of(view.payload)) for view in views}
    places = {place_of(view, "what_if") for view in views}
    assert (len(lengths), len(places)) == (1, 2)


def test_fields_move_with_the_version() -> None:
    noun = ContractDetails(1, Details(contract=STOCK))
    places = [place_of(view_of(noun, version=version), "con_id") for version in VERSIONS]
    assert len(set(places)) > 1
    for version, place in zip(VERSIONS, places, strict=True):
        assert place is not None
        assert fields_of(view_of(noun, version=version).payload)[place] == "7"


def plain(noun: object, before: str = "") -> dict[str, object]:
    """Every scalar in a noun by its dotted name."""
    found: dict[str, object] = {}
    for field in fields(noun):  # type: ignore[arg-type]
        value = getattr(noun, field.name)
        if is_dataclass(value):
            found |= plain(value, f"{before}{field.name}.")
        elif value is None or isinstance(value, str | int | float):
            found[before + field.name] = value
    return {name: value for name, value in found.items() if name not in UNKNOWN}


UNKNOWN = {"contract.delta_neutral"}
"""Nouns that are not there look like fields that are not set."""


def test_what_cannot_be_changed_is_said() -> None:
    for mutation, note in (
        ("{set: {50: x}}", "no field 50"),
        ("{add: {50: 1}}", "no field 50"),
        ("{add: {status: 1}}", "status is no number"),
    ):
        bench = Bench(faults(f"{{when: {{answer: OrderStatus}}, do: {{mutate: {mutation}}}}}"))
        assert bench.show(status()) == [passed(status())]
        assert [one.note for one in bench.injector.report().fired] == [note]


def test_a_message_nobody_can_read_has_numbers_only() -> None:
    view = MessageView(Direction.ANSWER, 1, 7, "OpenOrder", 5, b"5\x005\x00half", 5)
    assert place_of(view, "outside_rth") is None
    assert place_of(view, "1") == 1
    row = "{when: {answer: OpenOrder}, do: {mutate: {set: {outside_rth: 0, 1: 6}}}}"
    bench = Bench(faults(row))
    (step,) = bench.injector.on_answer(view, 0.0)
    assert isinstance(step, Delivery)
    assert step.payload == b"5\x006\x00"
    assert [one.note for one in bench.injector.report().fired] == ["no field outside_rth"]


def test_bytes_that_are_no_text_survive() -> None:
    view = MessageView(Direction.ANSWER, 1, 7, "OrderStatus", 3, b"3\x005\x00\xff\xfe\x00", 5)
    bench = Bench(faults("{when: {answer: OrderStatus}, do: {mutate: {set: {1: 6}}}}"))
    (step,) = bench.injector.on_answer(view, 0.0)
    assert isinstance(step, Delivery)
    assert step.payload == b"3\x006\x00\xff\xfe\x00"


def test_verbs_work_on_what_the_ones_before_left() -> None:
    row = (
        "{when: {answer: OrderStatus}, "
        "do: [dup, {mutate: {set: {status: X}}}, {dup: {set: {status: Y}}}, {hold: 1}]}"
    )
    bench = Bench(faults(row))
    assert bench.show(status()) == []
    assert [texts_of(one)[2] for one in bench.due(1.0)] == ["X", "X", "Y", "Y"]


def test_faults_work_on_a_message_in_the_order_of_the_plan() -> None:
    bench = Bench(
        faults(
            "{when: {answer: OrderStatus}, do: {mutate: {set: {status: X}}}}",
            "{when: {answer: any}, do: dup}",
            "{when: {answer: OrderStatus, place: before}, do: {error: 1100}}",
            "{when: {answer: OrderStatus}, do: fin}",
        )
    )
    bench.connect(1)
    error, one, two, fin = bench.show(status())
    assert isinstance(error, acts.SendError)
    assert texts_of(one)[2] == texts_of(two)[2] == "X"
    assert fin == acts.HalfClose(1)


def test_a_dropped_message_still_frees_what_waits_for_it() -> None:
    bench = Bench(
        faults(
            "{when: {answer: OpenOrder}, do: {hold: {until: ExecDetails}}}",
            "{when: {answer: ExecDetails}, do: drop}",
        )
    )
    bench.show(opened())
    assert bench.show(executed()) == [passed(opened())]


def test_errors_are_held_by_the_order_they_are_about() -> None:
    bench = Bench(faults("{when: {answer: Error, where: {code: 202}}, do: {swap: OrderStatus}}"))
    confirmed = Error(5, 202, "Order Canceled - reason:")
    assert bench.show(Error(5, 399, "note")) == [passed(Error(5, 399, "note"))]
    assert bench.show(confirmed) == []
    gone = status(5, "Cancelled")
    assert bench.show(gone) == [passed(gone), passed(confirmed)]


def test_lift_hands_on_what_is_held_and_ends_what_lasts() -> None:
    bench = Bench(
        faults(
            "{when: {answer: OpenOrder}, do: {hold: {until: ExecDetails}}}",
            "{when: {answer: OrderStatus}, do: [{hold: 9}, mute]}",
            "{when: {answer: ExecDetails}, do: refuse}",
        )
    )
    bench.connect(1)
    assert bench.show(opened(4)) == []
    assert bench.show(status(5)) == [acts.Mute(1)]
    assert bench.show(executed(5)) == [passed(executed(5)), acts.ClosePort()]
    assert bench.injector.lift(1.0) == (
        acts.Unmute(1),
        acts.OpenPort(),
        passed(opened(4)),
        passed(status(5)),
    )
    assert bench.injector.lift(1.0) == ()
    assert bench.due(99.0) == []


def test_requests_without_orders_pass_by_filters_of_orders() -> None:
    bench = Bench(faults("{when: {request: any, order: 5}, do: drop, times: all}"))
    asked = ReqMktData(5, STOCK, "", False, False)
    assert bench.show(asked) == [passed(asked)]
    assert bench.show(ReqCurrentTime()) == [passed(ReqCurrentTime())]
    assert bench.show(placed(5)) == []
