"""Which happenings are worth an alert, in which words, and how many of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.config.alert import AlertName, Rate
from framework.operations.alert_rates import AlertRates
from framework.operations.alert_rules import WATCHED, Alert, AlertRules, Subject
from framework.operations.happenings import Gravity, Happening, Kind

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND
ALL = frozenset(AlertName)
SUBJECT = Subject("paper", "SmaCross", "paper-sma_cross-1", is_emulator=True)


def at(
    seconds: float, kind: Kind, text: str = "as told", symbol: str = "", order: str = ""
) -> Happening:
    return Happening(NOON + int(seconds * SECOND), kind, text, symbol, order, 7)


def told(
    *happenings: Happening, now: float | None = None, names: frozenset[AlertName] = ALL
) -> list[Alert]:
    rules = AlertRules(SUBJECT, names)
    found = [alert for one in happenings for alert in rules.see(one)]
    if now is not None:
        found += rules.due(NOON + int(now * SECOND))
        assert rules.due(NOON + int(now * SECOND)) == ()  # once
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.STARTED, AlertName.START),
        (Kind.STOPPED, AlertName.STOP),
        (Kind.LOGIN, AlertName.LOGIN),
        (Kind.REJECTED, AlertName.REJECTION),
        (Kind.HALTED, AlertName.BREAKER),
        (Kind.FINDING, AlertName.FINDING),
        (Kind.UNPROTECTED, AlertName.UNPROTECTED),
        (Kind.STALE, AlertName.STALE),
        (Kind.KILL, AlertName.KILL),
        (Kind.OVERRIDE, AlertName.OVERRIDE),
        (Kind.ERROR, AlertName.ERROR),
        (Kind.CONNECTED, None),
        (Kind.DISCONNECTED, None),
        (Kind.ORDER, None),
        (Kind.STATUS, None),
        (Kind.FILL, None),
        (Kind.REFUSED, None),
        (Kind.EXPLAINED, None),
        (Kind.DATA, None),
        (Kind.NOTICE, None),
    ],
)
def test_one_happening_is_one_alert_or_none(kind: Kind, name: AlertName | None) -> None:
    found = told(at(0, kind))
    assert [one.name for one in found] == ([] if name is None else [name])
    assert name is None or kind in WATCHED
    assert told(at(0, kind), names=ALL - {name} if name else ALL) == []


def test_every_kind_is_in_the_table() -> None:
    marks = [
        m for m in test_one_happening_is_one_alert_or_none.pytestmark if m.name == "parametrize"
    ]
    assert {row[0] for row in marks[0].args[1]} == set(Kind)
    assert {row[1] for row in marks[0].args[1]} - {None} == ALL - {AlertName.DISCONNECT}


LOST, BACK = Kind.DISCONNECTED, Kind.CONNECTED


@pytest.mark.parametrize(
    ("happenings", "now", "times"),
    [
        ([(0, LOST)], 59.9, []),
        ([(0, LOST)], 60, [0]),
        ([(0, LOST)], 500, [0]),
        ([(0, LOST), (30, BACK)], 500, []),
        ([(0, LOST), (61, BACK)], 500, [0]),  # nobody looked at the clock in between
        ([(0, LOST), (30, LOST), (59, LOST)], 60, [0]),
        ([(0, LOST), (30, BACK), (40, LOST)], 99, []),
        ([(0, LOST), (30, BACK), (40, LOST)], 100, [40]),
        ([(0, LOST), (70, LOST), (140, LOST)], 500, [0]),
        ([(0, LOST), (70, BACK), (80, LOST), (150, BACK)], 500, [0, 80]),
        ([(0, LOST), (10, Kind.STOPPED)], 500, []),
        ([(0, LOST), (90, Kind.FILL)], 91, [0]),
    ],
)
def test_a_connection_away_for_a_minute_is_told_once(
    happenings: list[tuple[float, Kind]], now: float, times: list[float]
) -> None:
    found = told(*(at(time, kind) for time, kind in happenings), now=now)
    lost = [one for one in found if one.name is AlertName.DISCONNECT]
    assert [one.time for one in lost] == [NOON + int(time * SECOND) for time in times]


def test_the_words() -> None:
    (alert,) = told(at(0, Kind.REJECTED, "error 201: no margin", "AAPL", "SmaCross-3"))
    assert alert.title == "PAPER (emulator) SmaCross: order rejected, AAPL"
    assert alert.gravity is Gravity.ERROR
    assert alert.body.splitlines() == [
        "error 201: no margin",
        "",
        "Time: 2023-11-14 22:13:20 UTC",
        "Order: SmaCross-3",
        "Symbol: AAPL",
        "Session: paper-sma_cross-1",
        "Journal row: 7",
    ]
    assert str(Subject("live", "A\nB")) == "LIVE A\nB"
    rules = AlertRules(Subject("live", "A\nB"), ALL)
    (stopped,) = rules.see(Happening(NOON, Kind.STOPPED, "by the user"))
    assert stopped.title == "LIVE A B: stopped"


NAMES = st.sampled_from([AlertName.REJECTION, AlertName.STALE])


@given(
    st.lists(st.tuples(NAMES, st.integers(0, 50)), max_size=60),
    st.integers(1, 4),
    st.integers(1, 40),
)
def test_no_span_holds_more_than_the_rate_and_none_is_forgotten(
    steps: list[tuple[AlertName, int]], count: int, seconds: int
) -> None:
    rates = AlertRates(Rate(count, seconds))
    now, singly, counted = 0, 0, 0
    out: list[tuple[AlertName, int]] = []
    for name, wait in steps:
        now += wait * SECOND
        for back in rates.due(now):
            out.append((back.name, now))
            counted += back.count
        if rates.admit(name, now):
            out.append((name, now))
            singly += 1
    for name, start in out:
        span = [t for n, t in out if n is name and start <= t < start + seconds * SECOND]
        assert len(span) <= count
    counted += sum(back.count for back in rates.rest())
    assert singly + counted == len(steps)
    assert rates.rest() == ()


def test_what_was_held_back_is_counted_and_told() -> None:
    rates = AlertRates(Rate(2, 60))
    name = AlertName.REJECTION
    assert [rates.admit(name, time * SECOND) for time in (0, 1, 2, 3)] == [True, True, False, False]
    assert rates.admit(AlertName.STALE, 3 * SECOND)
    assert rates.due(59 * SECOND) == ()
    (held,) = rates.due(60 * SECOND)
    assert (held.name, held.count, held.since) == (name, 2, 2 * SECOND)
    assert not rates.admit(name, 60 * SECOND)  # the one at 1 s and the summary
    assert [one.count for one in rates.rest()] == [1]
    assert rates.rest() == ()
    alert = AlertRules(SUBJECT, ALL).held_back(name, 2, NOON)
    assert alert.title == "PAPER (emulator) SmaCross: 2 more of 'rejection'"
    assert "2 more of 'rejection' were held back since 2023-11-14 22:13:20 UTC" in alert.text
