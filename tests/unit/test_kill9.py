"""kill -9 of live sessions: each point once here, and a hundred times over where time allows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kill9.compare import compared, held_against
from tests.kill9.points import POINTS, RECOVERY
from tests.kill9.runs import plan_of

ROOT = Path(__file__).resolve().parents[2]


def killed(*flags: str, seconds: float) -> str:
    """What the harness says; a difference is a failure."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill9", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


def test_a_session_killed_at_each_point_goes_on_as_if_nothing_had_happened() -> None:
    said = killed("--seeds", "1", "--jobs", "2", seconds=300)
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.strip()}
    for point in POINTS:
        assert rows[point] == ["1", "1", "0", "0", "0", "0", "0", "0"], (point, rows[point])
    for point in RECOVERY:
        assert rows[f"twice-{point}"][:2] == ["1", "2"], (point, rows[f"twice-{point}"])


@pytest.mark.slow
def test_a_hundred_sessions_killed_at_each_point() -> None:
    killed("--seeds", "100", "--jobs", "2", seconds=4 * 3600)


# the oracle sees what it is there for ---------------------------------------------------------


def told() -> dict[str, Any]:
    """A session with one order that has filled."""
    return {
        "fills": [["C-1", "KEEL", 5, 10.0, 80.0, "e1.01"]],
        "commissions": [["C-1/e1.01", 1.0, 5]],
        "orders": [["C-1 buy 10 KEEL", "C-1", "filled", 10.0, 80.0, 5, 1.0, 0.0]],
        "refused": [],
        "equity": [100.0, 99.0],
        "cash": -701.0,
        "positions": {"KEEL": 10.0},
        "logbook": [1],
        "error": "",
    }


def truth() -> dict[str, Any]:
    """The broker's books beside it."""
    return {
        "orders": [["C-1", 1, 7, 1001, "Filled", 10.0, 1.0]],
        "executions": [["e1.01", "C-1", "KEEL", 10.0, 80.0, 1.0]],
        "cash": -701.0,
        "positions": {"KEEL": 10.0},
        "equity": 99.0,
    }


def test_books_that_agree_are_left_alone() -> None:
    assert held_against(told(), truth()).first == ""
    assert compared(told(), told()) == []


def test_a_lost_fill_is_seen() -> None:
    ours = told() | {"fills": []}
    assert held_against(ours, truth()).lost == [
        "e1.01 traded and was never booked: ['e1.01', 'C-1', 'KEEL', 10.0, 80.0, 1.0]"
    ]


def test_a_fill_booked_twice_is_seen() -> None:
    ours = told()
    ours["fills"] *= 2
    assert held_against(ours, truth()).lost == ["e1.01 was booked 2 times"]


def test_an_order_sent_twice_is_seen() -> None:
    theirs = truth()
    theirs["orders"].append(["C-1", 1, 8, 1002, "Submitted", 0.0, 0.0])
    assert "order C-1 is at the broker 2 times" in held_against(told(), theirs).doubled


def test_a_number_used_twice_is_seen() -> None:
    theirs = truth()
    theirs["orders"].append(["C-2", 1, 7, 1002, "Submitted", 0.0, 0.0])
    doubled = held_against(told(), theirs).doubled
    assert "order number (1, 7) is at the broker 2 times" in doubled
    assert "order C-2 is nobody's" in doubled


@pytest.mark.parametrize(
    ("name", "value"),
    [("cash", -700.0), ("positions", {}), ("equity", 98.0)],
)
def test_books_that_differ_are_seen(name: str, value: object) -> None:
    assert held_against(told(), truth() | {name: value}).books


def test_an_order_that_is_not_as_the_broker_has_it_is_seen() -> None:
    ours = told()
    ours["orders"][0][2] = "working"
    assert held_against(ours, truth()).books == ["C-1 is working 10, the broker's Filled 10"]


def test_other_trades_are_seen() -> None:
    other = told()
    other["fills"][0][4] = 81.0
    assert compared(told(), other)[0].startswith("fills: 0:")
    assert compared(told(), told() | {"fills": []})[0].startswith("fills: 1 became 0")


def test_the_plan_of_a_run_is_its_seeds() -> None:
    counts = dict.fromkeys(POINTS, 9)
    for point in (*POINTS, "twice-looking", "storm"):
        assert plan_of(point, 3, counts) == plan_of(point, 3, counts)
    assert plan_of("order-sent", 1, {}) == ()
    assert {plan_of("order-sent", seed, counts)[0].occurrence for seed in range(60)} == set(
        range(1, 10)
    )
    assert len(plan_of("storm", 1, counts)) == 5
