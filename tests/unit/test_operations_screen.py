"""The screen of a session: what a person reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from framework.operations.happenings import Happening, Kind
from framework.operations.screen import plain, screen
from framework.operations.status import DataAge, HedgeLine, OrderLine, PositionLine, Status

S = 1_000_000_000
T = 1_798_000_000 * S
STATUS = Status(
    time=T,
    pid=1,
    mode="paper",
    account="DU*****67",
    where="127.0.0.1:7497",
    client_id=1,
    strategy="SmaCross",
    journal="sessions/x/journal.sqlite",
    began=T - 3600 * S,
    connection="ready",
    data=(DataAge("SPY", T - 63 * S),),
    next_decision=T + 237 * S,
    cash=51_234.5,
    equity=100_431.22,
    day_profit=-812.4,
    day_limit=1000.0,
    positions=(
        PositionLine("SmaCross", "SPY", 100.0, 485.123, 470.0, 47_000.0, -1512.3, 450.07),
        PositionLine("SmaCross", "QQQ", -10.0, 400.0, 401.25, -4012.5, -12.5, None),
    ),
    orders=(OrderLine("SmaCross-2", "sell 100 SPY, stop 450.07", "working", 0, 100, T - 40 * S),),
    hedges=(HedgeLine("SPY", -3.2, 12.5),),
    events=(Happening(T - 60 * S, Kind.FILL, "bought 100 SPY"),),
)
BLANK = "\n\n"


def shown(status: Status = STATUS, later: float = 2.0, is_alive: bool = True) -> str:
    return plain(status, T + int(later * S), is_alive)


def test_everything_is_on_it() -> None:
    assert (
        shown()
        == """\
 PAPER  SmaCross  account DU*****67, client id 1, at 127.0.0.1:7497
healthy, seen 2 s ago

connection     ready
data           SPY 65 s old
next decision  in 4 min, the bar of 2026-12-23 04:30:37 UTC
equity         100,431.22   cash 51,234.50
day P&L        -812.40   81% of the limit of 1,000.00 used

position  quantity  average   price      value        P&L    stop
SPY            100  485.123  470.00  47,000.00  -1,512.30  450.07
QQQ            -10   400.00  401.25  -4,012.50     -12.50    none

order                                  state      filled     since
SmaCross-2  sell 100 SPY, stop 450.07  working  0 of 100  42 s ago

hedge  delta  cost today
SPY    -3.20       12.50

04:25:40  bought 100 SPY"""
    )


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (replace(STATUS, connection="waiting", reason="1100"), "connection     waiting: 1100"),
        (replace(STATUS, blocked="halted by daily_loss"), "none: halted by daily_loss"),
        (replace(STATUS, data=(DataAge("SPY", 0),)), "SPY no bar yet"),
        (replace(STATUS, positions=()), f"used{BLANK}flat{BLANK}order"),
        (replace(STATUS, orders=()), "no working orders"),
        (replace(STATUS, next_decision=0), "next decision  not known"),
        (replace(STATUS, next_decision=T), "due now"),
        (replace(STATUS, where="emulator at 127.0.0.1:4321"), "EMULATOR: no broker"),
        (replace(STATUS, ended="stopped by the user"), "not running: stopped by the user"),
        (replace(STATUS, day_limit=None), "day P&L        -812.40\n"),
    ],
)
def test_what_differs_is_told(status: Status, says: str) -> None:
    assert says in shown(status)
    assert says not in shown()


def test_two_strategies_are_told_apart() -> None:
    other = replace(STATUS.positions[0], strategy="Other")
    text = shown(replace(STATUS, positions=(STATUS.positions[0], other)))
    assert "SPY  SmaCross" in text
    assert "SPY  Other" in text


def test_a_dead_or_hung_session_is_not_healthy() -> None:
    assert "process 1 is gone" in shown(is_alive=False)
    assert "process 1 hangs" in shown(later=60.0)


def test_it_is_in_colour_on_a_terminal() -> None:
    console = Console(force_terminal=True, width=100, color_system="standard")
    with console.capture() as seen:
        console.print(screen(STATUS, T, True))
    assert "\x1b[" in seen.get()
    assert "\x1b[" not in shown()


def test_nothing_in_it_is_taken_for_markup() -> None:
    odd = Happening(T, Kind.NOTICE, "[bold]not markup[/]")
    assert "[bold]not markup[/]" in shown(replace(STATUS, events=(odd,)))
