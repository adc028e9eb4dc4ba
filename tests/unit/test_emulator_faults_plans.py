"""Plan files: the grammar, the way back to text, and every way a file can be wrong."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.emulator.faults.fault import Fault
from framework.emulator.faults.plan import FaultPlan, load_plan, plan_of
from framework.emulator.faults.random_plan import random_plan
from framework.emulator.faults.triggers import (
    TRIGGERS,
    OnAnswer,
    OnConnect,
    OnFault,
    OnRequest,
    OnStart,
    OnStatus,
    Per,
    Place,
)
from framework.emulator.faults.values import Span, value_of
from framework.emulator.faults.verbs import MESSAGE_VERBS, VERBS, expanded
from framework.emulator.faults.verbs_broker import Restart
from framework.emulator.faults.verbs_message import Drop, Dup, Hold, Mutate, Swap
from framework.emulator.faults.verbs_wire import Error, Mute, Raw, Rst, Wait
from framework.errors import ConfigError

TEXT = """
title: a plan
seed: 11
faults:
- when: {request: PlaceOrder, client: 7, order: 3, nth: 2, per: order, seconds: 1}
  do: rst
- name: late
  when: {answer: [OrderStatus, OpenOrder], where: {0: 3}, place: before, rate: 5}
  do: [{hold: {until: ExecDetails, seconds: [1, 2]}}]
  times: all
  chance: 0.25
- {when: {status: Filled, order: 5}, do: {mute: null}}
- {when: {fault: late, nth: 2, seconds: 0.5}, do: [{error: 1100}, {wait: 3}, {error: {code: 1102}}]}
- {when: start, do: restart}
- {when: {start: 5, every: 60, client: 2, since: late}, do: {restart: 10}, times: 3}
- {when: connect, do: {refuse: 0}}
- {when: {connect: any}, do: {error: 2110}}
- {when: {connect: 2}, do: silent}
- when: {answer: any, until: late}
  do: {mutate: {set: {3: true, 4: 1.5, 5: x}, add: {6: -1}}}
- {when: {answer: OrderStatus}, do: {raw: [4, 2, -1, 1100, lost]}}
"""


def test_a_file_becomes_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(TEXT, encoding="utf-8")
    plan = load_plan(path)
    assert (plan.title, plan.seed) == ("a plan", 11)
    assert load_plan(str(path), 12) == FaultPlan(plan.faults, 12, "a plan")
    both = ("OrderStatus", "OpenOrder")
    one = Span(1.0, 1.0)
    assert plan.faults == (
        Fault(
            "fault_1",
            OnRequest(("PlaceOrder",), 7, 3, nth=2, per=Per.ORDER, seconds=one),
            (Rst(),),
        ),
        Fault(
            "late",
            OnAnswer(both, where=(("0", "3"),), place=Place.BEFORE, rate=5.0),
            (Hold(Span(1.0, 2.0), ("ExecDetails",)),),
            None,
            0.25,
        ),
        Fault("fault_3", OnStatus("Filled", order=5), (Mute(None),)),
        Fault(
            "fault_4",
            OnFault("late", 2, Span(0.5, 0.5)),
            (Error(1100), Wait(Span(3.0, 3.0)), Error(1102)),
        ),
        Fault("fault_5", OnStart(), (Restart(),)),
        Fault("fault_6", OnStart(Span(5.0, 5.0), 60.0, 2, "late"), (Restart(10.0),), 3),
        Fault("fault_7", OnConnect(), (VERBS["refuse"](0.0),)),
        Fault("fault_8", OnConnect(), (Error(2110),)),
        Fault("fault_9", OnConnect(2), (VERBS["silent"](),)),
        Fault(
            "fault_10",
            OnAnswer(until="late"),
            (Mutate((("3", "1"), ("4", "1.5"), ("5", "x")), (("6", -1.0),)),),
        ),
        Fault("fault_11", OnAnswer(("OrderStatus",)), (Raw(("4", "2", "-1", "1100", "lost")),)),
    )


def test_a_plan_prints_as_a_file_that_loads_as_it() -> None:
    plan = plan_of(TEXT)
    assert plan_of(plan.to_yaml()) == plan
    assert str(plan) == plan.to_yaml()
    assert plan_of(str(plan)).to_yaml() == plan.to_yaml()


def test_what_is_printed_is_short() -> None:
    text = "seed: 0\nfaults:\n- name: f\n  when: {answer: OrderStatus}\n  do: drop\n"
    assert str(plan_of(text)) == text
    text = "seed: 0\nfaults:\n- name: f\n  when: connect\n  do: {error: 1100}\n"
    assert str(plan_of(text)) == text


WRONG = [
    ("- x", "p.yaml is ['x'].", "Write a mapping"),
    ("", "p.yaml is None.", "Write a mapping"),
    ("fault: []", "p.yaml: there is no key 'fault'.", "Did you mean 'faults'?"),
    ("faults: 3", "p.yaml: faults is 3.", "Write a list"),
    ("seed: 3", "p.yaml: faults is None.", "Write a list"),
    ("faults: []\nseed: x", "p.yaml: seed is 'x'.", "whole number from 0"),
    ("faults: []\nseed: -3", "p.yaml: seed is -3.", "whole number from 0"),
    ("faults: []\nseed: true", "p.yaml: seed is True.", "whole number from 0"),
    ("faults: []\ntitle: 3", "p.yaml: title is 3.", "Give text"),
    ("faults: [", "p.yaml is no YAML: line 1", "Correct it there"),
    ("faults: !!python/object:os.system {}", "p.yaml is no YAML", "Correct it there"),
]


@pytest.mark.parametrize(("text", "problem", "remedy"), WRONG)
def test_files_that_are_no_plans(text: str, problem: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(text, "p.yaml")
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


BAD = [
    ("3", "fault 2 is 3.", "Write a mapping"),
    ("{when: start, do: rst, time: 2}", "fault 2: there is no key 'time'.", "mean 'times'"),
    ("{do: rst}", "fault 2 has no 'when'.", "Write {when:"),
    ("{when: start}", "fault 2 has no 'do'.", "Write {when:"),
    ("{name: x, when: start}", "fault 2 (x) has no 'do'.", "Write {when:"),
    ("{name: 3, when: start, do: rst}", "fault 2.name is 3.", "quote it"),
    ("{name: first, when: start, do: rst}", "fault 2 (first) has the name of another", "own"),
    ("{when: start, do: rst, times: 0}", "fault 2.times is 0.", "from 1, or all"),
    ("{when: start, do: rst, times: -1}", "times is -1.", "from 1, or all"),
    ("{when: start, do: rst, times: often}", "times is 'often'.", "from 1, or all"),
    ("{when: start, do: rst, times: true}", "times is True.", "from 1, or all"),
    ("{when: start, do: rst, chance: 1.5}", "chance is 1.5.", "from 0 to 1"),
    ("{when: start, do: rst, chance: x}", "chance is 'x'.", "Give a number"),
    ("{when: start, do: rst, chance: .nan}", "chance is nan.", "Give a number"),
    ("{when: 5, do: rst}", "fault 2: when is 5.", "Write a mapping"),
    ("{when: never, do: rst}", "when is 'never'.", "start or connect"),
    ("{when: {}, do: rst}", "when is {}.", "Give one of: answer"),
    ("{when: {client: 3}, do: rst}", "when is {'client': 3}.", "Give one of: answer"),
    ("{when: {start: 1, fault: first}, do: rst}", "when says start and fault.", "Give one of"),
    ("{when: {answr: any}, do: rst}", "when is {'answr': 'any'}.", "Give one of: answer"),
    ("{when: {answer: any, clint: 3}, do: rst}", "no key 'clint'", "mean 'client'"),
    ("{when: {start: 1, nth: 2}, do: rst}", "no key 'nth'", "Known: client, every"),
    ("{when: {start: -1}, do: rst}", "when.start is -1.", "from 0"),
    ("{when: {start: .inf}, do: rst}", "when.start is inf.", "Give a number"),
    ("{when: {start: [2, 1]}, do: rst}", "when.start is [2, 1].", "[least, most]"),
    ("{when: {start: [1]}, do: rst}", "when.start is [1].", "[least, most]"),
    ("{when: {start: 1, every: 0}, do: rst}", "when.every is 0.", "above 0"),
    ("{when: {answer: OrderStatu}, do: drop}", "is 'OrderStatu'.", "mean 'OrderStatus'"),
    ("{when: {request: OrderStatus}, do: drop}", "'OrderStatus'", "OrderStatus is an answer"),
    ("{when: {answer: PlaceOrder}, do: drop}", "'PlaceOrder'", "PlaceOrder is a request"),
    ("{when: {answer: []}, do: drop}", "when.answer is [].", "name of a message"),
    ("{when: {answer: 3}, do: drop}", "when.answer is 3.", "name of a message"),
    ("{when: {answer: any, client: x}, do: drop}", "when.client is 'x'.", "whole number"),
    ("{when: {answer: any, nth: 0}, do: drop}", "when.nth is 0.", "from 1"),
    ("{when: {answer: any, per: orders}, do: drop}", "per is 'orders'.", "mean 'order'"),
    ("{when: {answer: any, place: [1]}, do: drop}", "place is [1].", "Known: after, before"),
    ("{when: {answer: any, rate: -1}, do: drop}", "when.rate is -1.", "above 0"),
    ("{when: {answer: any, where: x}, do: drop}", "when.where is 'x'.", "{field: value}"),
    ("{when: {answer: any, where: {1: [2]}}, do: drop}", "where is {1: [2]}.", "text or"),
    ("{when: {answer: any, where: {status: x}}, do: drop}", "names the field", "number"),
    (
        "{when: {answer: OrderStatus, where: {statu: x}}, do: drop}",
        "when.where: OrderStatus has no field 'statu'",
        "mean 'status'",
    ),
    (
        "{when: {answer: [OrderStatus, OpenOrder]}, do: {mutate: {set: {why_held: x}}}}",
        "mutate: OpenOrder has no field 'why_held'",
        "Known",
    ),
    (
        "{when: {answer: OrderStatus}, do: {dup: {add: {perm: 1}}}}",
        "dup: OrderStatus has no field 'perm'",
        "mean 'perm_id'",
    ),
    (
        "{when: {fault: frist}, do: rst}",
        "waits for the fault 'frist', which is not",
        "mean 'first'",
    ),
    ("{when: {answer: any, since: no}, do: drop}", "when.since is False.", "quote it"),
    (
        "{when: {answer: any, since: frist}, do: drop}",
        "waits for the fault 'frist'",
        "mean 'first'",
    ),
    (
        "{when: {answer: any, until: frist}, do: drop}",
        "waits for the fault 'frist'",
        "mean 'first'",
    ),
    ("{name: me, when: {fault: me}, do: rst}", "fault 2 (me) waits for itself.", "circle"),
    ("{when: start, do: []}", "fault 2: do is empty.", "Known: cancel"),
    ("{when: start, do: 3}", "fault 2: do is 3.", "Write one verb"),
    ("{when: start, do: {rst: 1, fin: 2}}", "do is {'rst': 1, 'fin': 2}.", "one verb"),
    ("{when: start, do: rset}", "do: there is no verb 'rset'.", "mean 'rst'"),
    ("{when: start, do: {muute: 3}}", "do: there is no verb 'muute'.", "mean 'mute'"),
    ("{when: start, do: [rst, fim]}", "do[2]: there is no verb 'fim'.", "mean 'fin'"),
    ("{when: start, do: {rst: 3}}", "do.rst is 3.", "Write rst alone"),
    ("{when: start, do: {mute: x}}", "do.mute.seconds is 'x'.", "Give a number"),
    ("{when: start, do: {mute: -1}}", "do.mute.seconds is -1.", "from 0, or null"),
    ("{when: start, do: {mute: {second: 3}}}", "do.mute: there is no key", "mean 'seconds'"),
    ("{when: start, do: error}", "do.error: code is missing.", "Write code: VALUE"),
    ("{when: start, do: {error: x}}", "do.error.code is 'x'.", "such as 1100"),
    ("{when: start, do: {error: {code: 3, id: ordr}}}", "error.id is 'ordr'.", "order, req"),
    ("{when: start, do: {error: {code: 3, text: 3}}}", "error.text is 3.", "quote it"),
    ("{when: start, do: {error: {code: 3, everyone: 1}}}", "everyone is 1.", "true or false"),
    ("{when: start, do: raw}", "do.raw is {}.", "Give fields"),
    ("{when: start, do: {raw: {hex: xx}}}", "do.raw is {'hex': 'xx'}.", "pairs of 0-9"),
    ("{when: start, do: {raw: x}}", "do.raw.fields is 'x'.", "Give a list"),
    ("{when: start, do: {malformed: wrds}}", "do.malformed.kind is 'wrds'.", "'words'"),
    ("{when: start, do: {poison: -1}}", "do.poison.length is -1.", "0xFFFFFFFF"),
    ("{when: start, do: {farm: {code: 2104}}}", "do.farm.code is 2104.", "2103"),
    ("{when: start, do: {farm: {code: [1]}}}", "do.farm.code is [1].", "2103"),
    ("{when: start, do: {outage: {repeat: 9, every: 9}}}", "do.outage is", "longer than"),
    ("{when: start, do: {pacing: histori}}", "do.pacing.kind is 'histori'.", "'history'"),
    ("{when: start, do: ids}", "do.ids is {}.", "by: -50 or to: 1"),
    ("{when: start, do: {ids: {to: 1, by: 2}}}", "do.ids is", "by: -50 or to: 1"),
    ("{when: start, do: {ids: {to: 0}}}", "do.ids.to is 0.", "from 1"),
    ("{when: start, do: skew}", "do.skew: by is missing.", "Write by: VALUE"),
    ("{when: start, do: {fill: that}}", "do.fill.order is 'that'.", "this, newest, or"),
    ("{when: start, do: {fill: {price: 0}}}", "do.fill.price is 0.", "above 0"),
    ("{when: start, do: {manual: {action: BUYY}}}", "manual.action is 'BUYY'.", "'BUY'"),
    ("{when: start, do: {manual: {order_id: x}}}", "order_id is 'x'.", "whole number"),
    ("{when: start, do: {manual: {quantity: 0}}}", "quantity is 0.", "above 0"),
    ("{when: start, do: {wait: -1}}", "do.wait.seconds is -1.", "from 0"),
    ("{when: {answer: any}, do: hold}", "do.hold is {}.", "above 0, or until"),
    ("{when: {answer: any}, do: {hold: 0}}", "do.hold is {'seconds': 0}.", "above 0, or"),
    ("{when: {answer: any}, do: {hold: {until: Exec}}}", "hold.until is 'Exec'.", "Known"),
    ("{when: {answer: any}, do: {swap: PlaceOrder}}", "swap.other is", "a request"),
    ("{when: {answer: any}, do: mutate}", "do.mutate is {}.", "Write {set:"),
    ("{when: {answer: any}, do: {dup: 0}}", "do.dup.count is 0.", "from 1"),
    ("{when: start, do: drop}", "drop has no message to work on.", "Put it under"),
    ("{when: {status: Filled}, do: dup}", "dup has no message to work on.", "Put it"),
    ("{when: {answer: any, seconds: 1}, do: drop}", "drop has no message", "hold makes"),
    ("{when: {answer: any}, do: [{wait: 1}, swap]}", "swap has no message", "hold makes"),
    ("{when: start, do: pacing}", "drop has no message to work on.", "Put it under"),
    ("{when: start, do: silent}", "silent is for a connection", "when: {connect: 1}"),
    ("{when: {connect: 1, seconds: 1}, do: silent}", "silent is for", "without seconds"),
    ("{when: {connect: 1}, do: [rst, silent]}", "silent is for", "Put it first"),
    ("{when: start, do: {refuse: 0}}", "refuse: 0 is for a connection", "connect: 1"),
]


@pytest.mark.parametrize(("row", "problem", "remedy"), BAD, ids=[row for row, *_ in BAD])
def test_faults_that_are_wrong(row: str, problem: str, remedy: str) -> None:
    text = f"faults:\n- {{name: first, when: start, do: rst}}\n- {row}\n"
    with pytest.raises(ConfigError) as caught:
        plan_of(text, "p.yaml")
    assert caught.value.problem.startswith("p.yaml: fault 2")
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 2


def test_a_circle_of_two() -> None:
    text = (
        "faults:\n- {name: a, when: {fault: b}, do: rst}\n"
        "- {name: b, when: {start: 1, since: c}, do: rst}\n"
        "- {name: c, when: {fault: a}, do: rst}\n"
    )
    with pytest.raises(ConfigError, match=r"fault 1 \(a\) waits for itself"):
        plan_of(text)


def test_gates_that_close_may_look_back() -> None:
    plan_of(
        "faults:\n- {name: a, when: {answer: any, until: b}, do: drop}\n"
        "- {name: b, when: {fault: a}, do: rst}\n"
    )


def test_plans_made_in_python_are_checked_too() -> None:
    with pytest.raises(ConfigError, match="drop has no message"):
        FaultPlan((Fault("a", OnStart(), (Drop(),)),))
    with pytest.raises(ConfigError, match="seed is -1"):
        FaultPlan((), -1, "mine")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in ("none.yaml", "."):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_plan(tmp_path / name)
    (tmp_path / "latin.yaml").write_bytes(b"title: \xe9")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_plan(tmp_path / "latin.yaml")


@pytest.mark.parametrize("cls", [*VERBS.values(), *TRIGGERS.values()])
def test_every_field_knows_how_it_is_written(cls: type) -> None:
    for field in fields(cls):
        value_of(cls, field.name)


def test_the_first_field_of_a_trigger_is_its_key() -> None:
    assert all(fields(cls)[0].name == key for key, cls in TRIGGERS.items())


def _texts() -> st.SearchStrategy[str]:
    return st.sampled_from(["Filled", "x: y", "1", "true", "- a", "null", "ünï", "#", "'"])


def _spans() -> st.SearchStrategy[Span]:
    ends = st.tuples(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
    return ends.map(lambda both: Span(min(both), max(both)))


_PAIRS = st.dictionaries(st.sampled_from(["1", "2", "3", "44"]), _texts(), min_size=1, max_size=3)
_SETS = _PAIRS.map(lambda found: tuple(found.items()))
_MESSAGES = st.sampled_from([(), ("OrderStatus",), ("OpenOrder", "OrderStatus")])
_MAYBE = st.none() | st.integers(-5, 10**12)
_ON_MESSAGES = st.builds(
    OnAnswer,
    _MESSAGES,
    _MAYBE,
    _MAYBE,
    _SETS | st.just(()),
    st.none() | st.integers(1, 99),
    st.sampled_from(Per),
    st.none() | st.floats(0.1, 1e5),
    place=st.sampled_from(Place),
)
_VERBS = st.one_of(
    st.just(Drop()),
    st.builds(Hold, _spans(), _MESSAGES),
    st.builds(Dup, st.integers(1, 9), st.floats(0, 9), _SETS),
    st.builds(Swap, _MESSAGES, st.floats(0, 99)),
    st.builds(Mutate, _SETS),
    st.builds(Error, st.integers(0, 99999), _texts(), st.sampled_from([-1, "order", "data", 7])),
    st.builds(Mute, st.none() | st.floats(0, 99)),
    st.builds(Raw, st.lists(_texts(), min_size=1, max_size=4).map(tuple)),
)
_FAULTS = st.builds(
    Fault,
    _texts(),
    _ON_MESSAGES,
    st.lists(_VERBS, min_size=1, max_size=4).map(tuple),
    st.none() | st.integers(1, 99),
    st.floats(0, 1),
)
_PLANS = st.builds(
    FaultPlan,
    st.lists(_FAULTS, max_size=5, unique_by=lambda fault: fault.name).map(tuple),
    st.integers(0, 2**64),
    _texts() | st.just(""),
)


@given(plan=_PLANS)
@settings(max_examples=150, deadline=None)
def test_any_plan_survives_its_text(plan: FaultPlan) -> None:
    assert plan_of(plan.to_yaml()) == plan


@given(seed=st.integers(0, 2**64), intensity=st.floats(0.001, 1.0), seconds=st.floats(0.1, 1e5))
@settings(max_examples=100, deadline=None)
def test_random_plans_repeat_and_survive_their_text(
    seed: int, intensity: float, seconds: float
) -> None:
    plan = random_plan(seed, intensity, seconds)
    assert plan.seed == seed
    assert random_plan(seed, intensity, seconds) == plan
    assert plan_of(str(plan)) == plan
    starts = [one.when.start.high for one in plan.faults if isinstance(one.when, OnStart)]
    assert all(start <= seconds + 0.001 for start in starts)
    assert {one.chance for one in plan.faults if isinstance(one.when, OnStart)} <= {1.0}
    assert all(0.0 < one.chance <= 0.3 for one in plan.faults if not isinstance(one.when, OnStart))


def test_a_random_plan_is_pinned() -> None:
    """A seed in an old report makes the same plan for ever."""
    assert [one.name for one in random_plan(7).faults] == PINNED


PINNED = ["forked_1", "slow_request_2", "manual_3", "competing_4", "corrected_5", "doubled_6"]


def test_random_plans_differ_and_grow() -> None:
    assert len({random_plan(seed) for seed in range(50)}) == 50
    counts = [len(random_plan(3, part).faults) for part in (0.01, 0.25, 0.5, 1.0)]
    assert counts == [1, 3, 6, 12]
    plans = [random_plan(seed, 1.0) for seed in range(100)]
    kinds = {one.name.rsplit("_", 1)[0] for plan in plans for one in plan.faults}
    assert len(kinds) == 20
    verbs = {type(verb) for plan in plans for one in plan.faults for verb in expanded(one.do)}
    assert set(MESSAGE_VERBS) - {Mutate} <= verbs


@pytest.mark.parametrize(
    ("seed", "intensity", "seconds", "problem"),
    [
        (-1, 0.5, 60.0, "seed of a random plan is -1"),
        (1, 0.0, 60.0, "intensity of a random plan is 0.0"),
        (1, 1.1, 60.0, "intensity of a random plan is 1.1"),
        (1, float("nan"), 60.0, "intensity of a random plan is nan"),
        (1, 0.5, 0.0, "A random plan is for 0.0 s"),
        (1, 0.5, float("inf"), "A random plan is for inf s"),
    ],
)
def test_random_plans_that_cannot_be(
    seed: int, intensity: float, seconds: float, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        random_plan(seed, intensity, seconds)
