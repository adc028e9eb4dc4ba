"""One plan for each known failure, and whatever a plan is: the same calls, the same answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.emulator.faults import acts, rows
from framework.emulator.faults.fault import Fault
from framework.emulator.faults.injector import Injector, Step
from framework.emulator.faults.message import ConnectVerdict, Delivery, Direction, MessageView
from framework.emulator.faults.plan import FaultPlan, plan_of
from framework.emulator.faults.random_plan import random_plan
from framework.emulator.faults.rows import NOT_INJECTED, known_rows, load_row
from framework.emulator.faults.triggers import OnAnswer
from framework.emulator.faults.values import Span
from framework.emulator.faults.verbs_message import Hold, Swap
from framework.emulator.protocol.answers import (
    Candle,
    ContractDetails,
    Details,
    Error,
    HistoricalDataUpdate,
    ManagedAccounts,
    NextValidId,
    PositionEnd,
    TickPrice,
    UpdateAccountValue,
)
from framework.emulator.protocol.codec import fields_of
from framework.emulator.protocol.requests import (
    CancelOrder,
    ReqContractDetails,
    ReqExecutions,
    ReqHistoricalData,
    ReqMktData,
    ReqPositions,
    ReqRealTimeBars,
    StartApi,
)
from framework.errors import ConfigError
from tests.unit.test_emulator_faults_triggers import (
    STOCK,
    commission,
    executed,
    opened,
    placed,
    status,
    view_of,
)

NUMBERS = [row.number for row in known_rows()]


def a_day() -> list[object]:
    """Messages of a session in which everything happens that a row waits for."""
    what_if = opened(9)
    what_if = replace(what_if, order=replace(what_if.order, what_if=True))
    combo = executed(8)
    combo = replace(combo, contract=replace(combo.contract, sec_type="BAG"))
    details = ContractDetails(1, Details(contract=STOCK))
    day = ReqHistoricalData(21, STOCK, "", "1 day", "1 D", True, "TRADES", 1, False, "")
    update = HistoricalDataUpdate(21, Candle("20240102", 1.0, 2.0, 1.0, 2.0, 5.0, 1.5, 1))
    return [
        StartApi(7, ""),
        ManagedAccounts("DU1234567"),
        *[NextValidId(100)] * 3,
        *[StartApi(7, "")] * 2,
        *[ReqPositions()] * 3,
        *[PositionEnd()] * 2,
        UpdateAccountValue("CashBalance", "1", "USD", "DU1234567"),
        *[ReqContractDetails(1, STOCK), details] * 2,
        *[ReqMktData(31, STOCK, "", False, False)] * 4,
        *[TickPrice(31, 1, 10.0, 5.0, 0)] * 8,
        *[day] * 2,
        *[update] * 5,
        *[ReqRealTimeBars(22, STOCK, 5, "TRADES", True, "")] * 2,
        *[what_if] * 2,
        placed(5),
        placed(6),
        opened(5),
        opened(6),
        status(5),
        status(5, "Filled"),
        executed(5),
        combo,
        *[commission()] * 4,
        placed(5),
        ReqExecutions(3),
        *[CancelOrder(6, "")] * 3,
        Error(6, 202, "Order Canceled - reason:"),
        status(6, "Cancelled"),
        *[ReqPositions()] * 60,
    ]


def lived(plan: FaultPlan) -> tuple[Injector, list[Step], list[ConnectVerdict]]:
    """What a plan makes of that day, three connections and some minutes."""
    injector = Injector(plan)
    steps: list[Step] = list(injector.due(0.0))
    verdicts = [injector.on_connect(number, 0.0) for number in (1, 2, 3)]
    for noun in a_day():
        steps += shown(injector, view_of(noun), 0.5)
    while (time := injector.next_due()) is not None and time < 500.0:
        steps += injector.due(time)
    return injector, steps, verdicts


def shown(injector: Injector, view: MessageView, now: float) -> tuple[Step, ...]:
    if view.direction is Direction.REQUEST:
        return injector.on_request(view, now)
    return injector.on_answer(view, now)


def answers_among(steps: list[Step]) -> list[list[str]]:
    return [
        fields_of(one.payload)
        for one in steps
        if isinstance(one, Delivery) and one.direction is Direction.ANSWER
    ]


def test_every_failure_has_a_plan_or_a_reason() -> None:
    assert sorted([*NUMBERS, *NOT_INJECTED]) == list(range(1, 61))
    assert len({row.name for row in known_rows()}) == len(NUMBERS)
    assert all(row.path.is_file() for row in known_rows())


@pytest.mark.parametrize("number", NUMBERS)
def test_a_row_loads_and_survives_its_text(number: int) -> None:
    plan = load_row(number)
    assert plan.title.startswith(f"{number}: ")
    assert plan_of(plan.to_yaml()) == plan
    assert load_row(number, 99) == replace(plan, seed=99)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_fault_of_a_row_strikes(number: int) -> None:
    injector, _, _ = lived(load_row(number))
    report = injector.report()
    assert report.idle == ()
    assert [one.note for one in report.fired if one.note] == []


ACTS: dict[int, list[type]] = {
    1: [acts.GoDown, acts.ComeUp],
    2: [acts.StopData, acts.ResumeData, acts.SendError],
    3: [acts.StopData, acts.ResumeData, acts.SendError, acts.LoseSubscriptions],
    4: [acts.StopData, acts.ResumeData, acts.SendError, acts.FillOrder],
    5: [acts.ResetConnection],
    6: [acts.Mute],
    7: [acts.ClosePort, acts.OpenPort],
    8: [acts.ResetConnection],
    9: [acts.SendError, acts.HalfClose],
    10: [acts.StopData, acts.SendDataError, acts.ResumeData],
    11: [acts.StopData, acts.SendError],
    12: [acts.SendError],
    13: [acts.SendError, acts.HalfClose],
    14: [acts.SendError],
    15: [acts.ClosePort],
    16: [],
    17: [acts.SendRaw],
    18: [],
    19: [],
    20: [acts.SendError, acts.CancelAtBroker],
    21: [acts.SendError],
    22: [acts.SendError],
    23: [acts.SendError],
    24: [acts.SendError],
    25: [acts.SendError, acts.FillOrder],
    26: [acts.SendError],
    27: [acts.StopData, acts.SendError, acts.ResumeData, acts.ForkPermId],
    28: [acts.SendError],
    29: [],
    30: [],
    31: [acts.ManualOrder],
    **{number: [] for number in range(32, 38)},
    38: [acts.FillOrder],
    39: [acts.SendError],
    40: [],
    41: [acts.FillOrder],
    42: [],
    43: [],
    44: [acts.SendError],
    45: [acts.ReadOnly],
    46: [acts.ManualOrder],
    47: [acts.SendError],
    48: [acts.ExpireDay],
    49: [],
    50: [],
    51: [],
    52: [acts.CorrectExecution],
    53: [acts.ResetConnection, acts.ClosePort, acts.OpenPort, acts.FillOrder],
    54: [],
    55: [],
    57: [acts.SendError, acts.SendRaw],
    58: [acts.StopData, acts.ResumeData],
    59: [acts.SkewClock],
    60: [acts.SendError],
}
"""What each row asks of the server, beyond messages that are not as they were."""


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_row_asks_of_the_server(number: int) -> None:
    _, steps, _ = lived(load_row(number))
    assert {type(one) for one in steps} - {Delivery} == set(ACTS[number])


CODES: dict[int, set[int]] = {
    2: {1100, 1102},
    3: {1100, 1101},
    4: {1100, 1102},
    9: {326},
    11: {2103, 2104, 2105, 2106},
    12: {2107, 2108, 2110, 2157, 2158, 2199},
    13: {100},
    14: {162, 420},
    20: {201},
    21: {200},
    22: {399, 404},
    23: {110},
    24: {2109},
    25: {10349},
    26: {201},
    27: {1100, 1102},
    28: {103},
    39: {161, 10147, 10148},
    44: {109},
    47: {321},
    57: {354, 10089, 10090, 10167, 10168},
    60: {200},
}


@pytest.mark.parametrize("number", NUMBERS)
def test_which_errors_a_row_sends(number: int) -> None:
    _, steps, _ = lived(load_row(number))
    sent = {one.code for one in steps if isinstance(one, acts.SendError)}
    assert sent == CODES.get(number, set())


CHANGES: dict[int, tuple[set[str], set[str]]] = {
    8: ({"ReqPositions"}, set()),
    9: ({"StartApi"}, set()),
    13: ({"ReqPositions"}, set()),
    14: ({"ReqHistoricalData", "ReqRealTimeBars"}, set()),
    21: ({"PlaceOrder"}, set()),
    23: ({"PlaceOrder"}, set()),
    26: ({"PlaceOrder"}, set()),
    28: ({"PlaceOrder"}, set()),
    32: (set(), {"OrderStatus"}),
    34: ({"OrderStatus"}, set()),
    36: ({"OpenOrder", "OrderStatus", "ExecDetails", "CommissionReport"}, set()),
    39: ({"CancelOrder"}, set()),
    44: ({"PlaceOrder"}, set()),
    51: ({"CommissionReport"}, set()),
    54: ({"PositionEnd"}, set()),
    60: ({"ReqContractDetails"}, set()),
}
"""Messages there are fewer of, and messages there are more of, unchanged."""


@pytest.mark.parametrize("number", CHANGES)
def test_what_a_row_drops_and_doubles(number: int) -> None:
    _, steps, _ = lived(load_row(number))
    came = Counter(view_of(noun).payload for noun in a_day())
    went = Counter(one.payload for one in steps if isinstance(one, Delivery))
    names = {view_of(noun).payload: type(noun).__name__ for noun in a_day()}
    fewer = {names[payload] for payload in came if went[payload] < came[payload]}
    more = {names[payload] for payload in came if went[payload] > came[payload]}
    assert (fewer, more) == CHANGES[number]


@pytest.mark.parametrize(
    ("number", "message", "place", "text"),
    [
        (18, 11, 19, "1O0"),
        (20, 3, 2, "Inactive"),
        (29, 9, 2, "1"),
        (29, 9, 2, "1000100"),
        (30, 3, 6, "1999999999"),
        (30, 11, 21, "1999999999"),
        (42, 3, 10, "locate"),
        (47, 15, 2, "DU1234567,DU2"),
        (49, 11, 5, "STK"),
        (51, 59, 3, "1.7976931348623157E308"),
        (51, 59, 3, "-1"),
        (55, 6, 4, "EUR"),
        (55, 6, 4, "BASE"),
        (57, 1, 4, "-1"),
        (57, 1, 4, "NaN"),
        (60, 10, 12, "999999001"),
    ],
)
def test_what_a_row_writes_into_a_message(number: int, message: int, place: int, text: str) -> None:
    _, steps, _ = lived(load_row(number))
    told = answers_among(steps)
    assert text in [found[place] for found in told if found[0] == str(message)]


@pytest.mark.parametrize(
    ("number", "first", "second"),
    [
        (33, ("3", "Filled"), ("3", "Submitted")),
        (35, ("11", ""), ("5", "")),
        (50, ("59", ""), ("11", "")),
        (40, ("3", "Cancelled"), ("4", "")),
    ],
)
def test_what_a_row_turns_round(
    number: int, first: tuple[str, str], second: tuple[str, str]
) -> None:
    _, steps, _ = lived(load_row(number))
    told = answers_among(steps)
    places = [
        next(
            at for at, found in enumerate(told) if found[0] == kind and (not word or word in found)
        )
        for kind, word in (first, second)
    ]
    assert places[0] < places[1]


def test_the_verdicts_of_rows() -> None:
    assert lived(load_row(16))[2] == [ConnectVerdict.SILENT] * 3
    assert lived(load_row(15))[2] == [ConnectVerdict.REFUSE] * 3
    assert lived(load_row(7))[2] == [ConnectVerdict.REFUSE] * 3
    assert lived(load_row(1))[2] == [ConnectVerdict.SERVE] * 3


def test_rows_that_are_not_there() -> None:
    with pytest.raises(ConfigError, match="Failure 56 has no plan"):
        load_row(56)
    with pytest.raises(ConfigError, match=r"There is no failure 61. Known: 1, 2, 3"):
        load_row(61)


def test_a_broken_row_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "17-poison-length.yaml").write_text("faults: [{when: start, do: rset}]")
    monkeypatch.setattr(rows, "_FOLDER", tmp_path)
    with pytest.raises(ConfigError, match=r"17-poison-length.yaml: fault 1: do: there is no verb"):
        load_row(17)


EVENTS = [view_of(noun) for noun in dict.fromkeys(a_day())]
SCRIPTS = st.lists(
    st.tuples(
        st.sampled_from(["message"] * 8 + ["due", "connect", "close", "status"]),
        st.integers(0, len(EVENTS) - 1),
        st.integers(1, 4),
        st.sampled_from([0.0, 0.001, 0.3, 2.0, 11.0]),
    ),
    max_size=60,
)


def played(plan: FaultPlan, script: list[tuple[str, int, int, float]]) -> list[object]:
    """Everything a plan answers to a script of calls."""
    injector, now, told = Injector(plan), 0.0, list[object]()
    for call, event, session, seconds in script:
        now += seconds
        if call == "message":
            told.append(shown(injector, replace(EVENTS[event], session=session), now))
        elif call == "connect":
            told.append(injector.on_connect(session, now))
        elif call == "close":
            injector.on_close(session, now)
        elif call == "status":
            told.append(injector.on_status(7, event, "Filled", now))
        else:
            told.append(injector.due(now))
        told.append(injector.next_due())
    return [*told, injector.due(1e6), injector.lift(1e6), injector.report()]


PLANS = st.one_of(
    st.integers(0, 10**6).map(lambda seed: random_plan(seed, 1.0)),
    st.tuples(st.sampled_from(NUMBERS), st.integers(0, 99)).map(lambda both: load_row(*both)),
)


@given(plan=PLANS, script=SCRIPTS)
@settings(max_examples=150, deadline=None)
def test_the_same_plan_seed_and_calls_give_the_same_answers(
    plan: FaultPlan, script: list[tuple[str, int, int, float]]
) -> None:
    first = played(plan, script)
    assert played(plan, script) == first
    assert played(plan_of(str(plan)), script) == first


HOLDERS = st.lists(
    st.tuples(
        st.sampled_from(["OrderStatus", "OpenOrder", "ExecDetails", "TickPrice"]),
        st.one_of(
            st.just(Hold(Span(1.0, 3.0))),
            st.just(Hold(Span(0.0, 0.0), ("CommissionReport",))),
            st.just(Swap()),
            st.just(Swap(("ExecDetails",), 0.0)),
        ),
        st.sampled_from([0.3, 1.0]),
    ),
    min_size=1,
    max_size=4,
)


@given(holders=HOLDERS, script=SCRIPTS, seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_nothing_is_lost_or_doubled_by_holding_and_swapping(
    holders: list[tuple[str, Hold | Swap, float]],
    script: list[tuple[str, int, int, float]],
    seed: int,
) -> None:
    faults = [
        Fault(f"f{number}", OnAnswer((message,)), (verb,), None, chance)
        for number, (message, verb, chance) in enumerate(holders)
    ]
    injector, now = Injector(FaultPlan(tuple(faults), seed)), 0.0
    came: list[object] = []
    went: list[object] = []
    for _, event, session, seconds in script:
        now += seconds
        view = replace(EVENTS[event], session=session)
        came.append(Delivery(session, view.direction, view.payload))
        went += shown(injector, view, now)
        went += injector.due(now)
    went += injector.due(1e6) + injector.lift(1e6)
    assert Counter(came) == Counter(went)
