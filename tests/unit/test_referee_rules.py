"""Every rule of the referee: a scene it explains, and a cent or a unit more that it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.slippage import FixedSlippage, NoSlippage
from framework.domain.orders import pct, points
from framework.referee import twin
from framework.referee.compare import Verdict, referee
from framework.referee.outcome import Outcome
from framework.referee.round import Bar, Round
from framework.referee.rules import RULES, Rule, explanation
from tests.builders import Act, Row, bars_of, free, scripted

QUIET: Row = (100.0, 100.5, 99.5, 100.0)


@dataclass(frozen=True)
class Scene:
    """What is done at the close of which bar, on which bars, and the rules that takes."""

    script: Mapping[int, Act | Sequence[Act]]
    rows: Sequence[Row]
    rules: Mapping[str, str]
    slips: float = 0.0
    other: Sequence[int] = field(default=())
    policy: FillPolicy = field(default_factory=FillPolicy)


SCENES: dict[str, Scene] = {
    "a word backtrader lacks": Scene(
        {0: lambda s: s.buy(10, touch=99.0, tif="GTC")},
        [QUIET, (100.0, 100.5, 98.0, 100.0), QUIET],
        {"Scripted-1": "NOT_IN_BACKTRADER"},
    ),
    "with the children it would have had": Scene(
        {0: lambda s: s.buy(10, touch=99.0, tif="GTC", stop_loss=98.5)},
        [QUIET, (100.0, 100.5, 98.0, 100.0), QUIET],
        {"Scripted-1": "NOT_IN_BACKTRADER", "Scripted-2": "NOT_IN_BACKTRADER"},
    ),
    "and with one that comes later": Scene(
        {
            0: lambda s: s.buy(10, touch=90.0, tif="GTC"),
            1: lambda s: s.go_long(stop_loss=99.0),
        },
        [QUIET, QUIET, (100.0, 100.5, 98.0, 100.0), QUIET],
        {"Scripted-1": "NOT_IN_BACKTRADER", "Scripted-2": "NOT_IN_BACKTRADER"},
        policy=FillPolicy.backtrader(),
    ),
    "stopped in the bar of a market entry": Scene(
        {0: lambda s: s.buy(10, stop_loss=99.0)},
        [QUIET, (100.0, 100.5, 98.5, 99.5), QUIET],
        {"Scripted-2": "PROTECTION_IN_ENTRY_BAR"},
        slips=0.05,
    ),
    "and its target goes with it": Scene(
        {0: lambda s: s.buy(10, stop_loss=99.0, take_profit=104.0)},
        [QUIET, (100.0, 100.5, 98.5, 99.5), QUIET],
        {"Scripted-2": "PROTECTION_IN_ENTRY_BAR", "Scripted-3": "FOLLOWS"},
    ),
    "target in the bar of a market entry": Scene(
        {0: lambda s: s.sell(10, take_profit=points(1))},
        [QUIET, (100.0, 100.5, 98.5, 99.5), QUIET],
        {"Scripted-2": "PROTECTION_IN_ENTRY_BAR"},
    ),
    "stopped in the bar of a stop entry": Scene(
        {0: lambda s: s.sell(10, stop=99.5, stop_loss=pct(0.5), tif="GTC")},
        [QUIET, (100.0, 100.5, 99.0, 99.2), QUIET],
        {"Scripted-2": "PROTECTION_IN_ENTRY_BAR"},
        slips=0.05,
    ),
    "a limit better than the open": Scene(
        {0: lambda s: s.buy(10, limit=100.4)},
        [QUIET, (100.0, 100.5, 99.5, 100.0), QUIET],
        {"Scripted-1": "LIMIT_SLIPS_AT_OPEN"},
        slips=0.05,
    ),
    "a stop-limit inside the bar": Scene(
        {0: lambda s: s.buy(10, stop=101.0, limit=102.0)},
        [QUIET, (100.0, 103.0, 99.5, 102.5), QUIET],
        {"Scripted-1": "STOP_LIMIT_SLIPS"},
        slips=0.05,
    ),
    "a stop-limit the bar comes back to": Scene(
        {0: lambda s: s.buy(10, stop=102.0, limit=101.0, tif="GTC")},
        [QUIET, (101.8, 102.5, 99.5, 100.5), (102.0, 103.0, 101.5, 102.0)],
        {"Scripted-1": "STOP_LIMIT_RETURNS"},
    ),
    "target at the open, stop later": Scene(
        {0: lambda s: s.buy(10, stop_loss=98.0, take_profit=102.0)},
        [QUIET, QUIET, (103.0, 103.5, 97.0, 98.0), QUIET],
        {"Scripted-2": "SEQUENCE", "Scripted-3": "SEQUENCE"},
    ),
    "the nearer of two": Scene(
        {0: [
            lambda s: s.buy(10, stop=103.0, tif="GTC", oca="pair"),
            lambda s: s.sell(10, stop=99.0, tif="GTC", oca="pair"),
        ]},
        [QUIET, (100.0, 104.0, 98.0, 100.0), QUIET],
        {"Scripted-1": "SEQUENCE", "Scripted-2": "SEQUENCE"},
    ),
    "two that close the same position": Scene(
        {
            0: lambda s: s.buy(10),
            1: [
                lambda s: s.sell(10, stop=98.0, tif="GTC"),
                lambda s: s.sell(4, limit=101.0, tif="GTC"),
            ],
        },
        [QUIET, QUIET, (102.0, 102.5, 97.0, 98.0), QUIET],
        {"Scripted-2": "SEQUENCE", "Scripted-3": "SEQUENCE"},
    ),
    "one of a group is cancelled": Scene(
        {
            0: [
                lambda s: s.buy(10, limit=90.0, tif="GTC", oca="pair"),
                lambda s: s.sell(10, limit=110.0, tif="GTC", oca="pair"),
            ],
            1: lambda s: s.cancel(s.orders[0]),
        },
        [QUIET, QUIET, QUIET, QUIET],
        {"Scripted-2": "GROUP_CANCELLED"},
    ),
    "no new bar of this one": Scene(
        {1: lambda s: s.buy(10, limit=99.7, tif="GTC")},
        [QUIET, QUIET, (100.0, 100.5, 99.8, 100.0), (99.0, 99.5, 98.5, 99.0)],
        {"Scripted-1": "OLD_BAR"},
        other=(0, 1, 2, 3, 4, 5),
    ),
    "triggered by an old bar": Scene(
        {1: lambda s: s.buy(10, stop=100.2, limit=90.0, tif="GTC")},
        [QUIET, QUIET, (99.0, 99.5, 98.8, 99.0), (99.0, 99.5, 98.5, 99.0)],
        {"Scripted-1": "OLD_BAR"},
        other=(0, 1, 2, 3, 4, 5),
    ),
    "a stop-limit and a stop that close the same position": Scene(
        {
            0: lambda s: s.sell(10),
            1: [
                lambda s: s.buy(19, stop=101.6, limit=102.5, tif="GTC"),
                lambda s: s.buy(4, stop=101.5, tif="GTC"),
            ],
        },
        [QUIET, QUIET, (101.0, 103.0, 100.5, 102.0), QUIET],
        {"Scripted-2": "SEQUENCE", "Scripted-3": "SEQUENCE"},
        slips=0.05,
    ),
    "at the close last": Scene(
        {
            0: lambda s: s.buy(10),
            1: [lambda s: s.sell(10, at="close"), lambda s: s.sell(4, limit=101.0)],
        },
        [QUIET, QUIET, (100.5, 101.5, 100.0, 100.8), QUIET],
        {"Scripted-2": "SEQUENCE", "Scripted-3": "SEQUENCE"},
    ),
    "starved by an order backtrader lacks": Scene(
        {
            0: lambda s: s.buy(10),
            1: [lambda s: s.sell(4, limit=101.0), lambda s: s.sell(10, touch=100.6, tif="GTC")],
        },
        [QUIET, QUIET, (100.5, 101.5, 100.0, 100.8), QUIET],
        {"Scripted-2": "SEQUENCE", "Scripted-3": "NOT_IN_BACKTRADER"},
    ),
    "nothing left to close for a while": Scene(
        {
            0: lambda s: s.buy(10),
            1: [
                lambda s: s.sell(10, limit=101.0, tif="GTC"),
                lambda s: s.sell(2, stop=90.0, tif="GTC"),
                lambda s: s.buy(4, stop=100.2, tif="GTC"),
            ],
        },
        [QUIET, QUIET, (100.5, 101.5, 100.0, 100.8), QUIET],
        {"Scripted-3": "SEQUENCE"},
    ),
    "one of a group has nothing left to close": Scene(
        {
            0: lambda s: s.buy(10, stop_loss=98.0),
            1: [
                lambda s: s.sell(4, stop=90.0, tif="GTC", oca="pair"),
                lambda s: s.buy(5, limit=80.0, tif="GTC", oca="pair"),
            ],
        },
        [QUIET, QUIET, (99.0, 99.5, 97.0, 98.0), QUIET],
        {"Scripted-4": "GROUP_CANCELLED"},
    ),
    "an entry whose group has ended it": Scene(
        {
            0: [
                lambda s: s.buy(10, limit=90.0, tif="GTC", oca="pair", stop_loss=pct(5)),
                lambda s: s.sell(10, limit=110.0, tif="GTC", oca="pair"),
            ],
            1: lambda s: s.cancel(next(one for one in s.orders if one.limit == 110.0)),
        },
        [QUIET, QUIET, QUIET, QUIET],
        {"Scripted-1": "GROUP_CANCELLED", "Scripted-2": "GROUP_CANCELLED"},
    ),
    "protection of an entry backtrader's sequence ends": Scene(
        {0: [
            lambda s: s.buy(10, limit=99.0, tif="GTC", oca="pair"),
            lambda s: s.buy(10, stop=102.0, tif="GTC", oca="pair", stop_loss=pct(1)),
        ]},
        [QUIET, (102.5, 103.0, 98.5, 99.5), QUIET],
        {
            "Scripted-1": "SEQUENCE",
            "Scripted-2": "SEQUENCE",
            "Scripted-3": "PROTECTION_IN_ENTRY_BAR",
        },
    ),
    "a trailing child moved by an old bar": Scene(
        {0: lambda s: s.buy(10, trail=points(1), symbol="AAA")},
        [QUIET, (100.0, 102.2, 99.5, 102.0), (102.0, 102.5, 101.8, 102.0), QUIET],
        {"Scripted-2": "OLD_BAR"},
        other=(0, 1, 2, 3, 4, 5),
        policy=FillPolicy.backtrader(),
    ),
    "outliving a mate on another instrument": Scene(
        {1: [
            lambda s: s.buy(17, limit=99.7, tif="GTC", oca="both", symbol="AAA"),
            lambda s: s.sell(5, limit=100.4, tif="GTC", oca="both", symbol="BBB"),
        ]},
        [QUIET, QUIET, QUIET, QUIET],
        {"Scripted-1": "OLD_BAR", "Scripted-2": "FOLLOWS"},
        other=(0, 1, 2, 3, 4, 5),
        policy=FillPolicy.backtrader(),
    ),
    "a child of an entry an old bar has ended": Scene(
        {1: [
            lambda s: s.sell(5, limit=109.0, tif="GTC", oca="both", symbol="BBB", stop_loss=pct(9)),
            lambda s: s.buy(17, limit=99.7, tif="GTC", oca="both", symbol="AAA"),
        ]},
        [QUIET, QUIET, (101.0, 101.5, 100.5, 101.0), (101.0, 101.5, 100.5, 101.0)],
        {"Scripted-1": "FOLLOWS", "Scripted-2": "FOLLOWS", "Scripted-3": "OLD_BAR"},
        other=(0, 1, 2, 3, 4, 5),
    ),
}  # fmt: skip
ENDS_ONLY = "nothing left to close for a while"
"""A scene in which no order fills otherwise."""
SPARSE = (0, 1, 3, 5)
"""Sessions of the traded instrument in scenes with another one."""


def play(scene: Scene) -> Verdict:
    slippage = FixedSlippage(scene.slips) if scene.slips else NoSlippage()
    settings = free(slippage=slippage, policy=scene.policy)
    if not scene.other:
        return referee(scripted(scene.script), [bars_of(scene.rows)], settings)
    sparse = bars_of(scene.rows, sessions=SPARSE)
    full = bars_of([QUIET] * len(scene.other), "BBB", sessions=scene.other)
    return referee(scripted(scene.script, universe=True), [sparse, full], settings)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Round, str, Rule | None]]:
    """Every explanation asked for from now on."""
    asked: list[tuple[Round, str, Rule | None]] = []

    def noted(round_: Round, order_id: str) -> Rule | None:
        rule = explanation(round_, order_id)
        frozen = replace(round_, orders=dict(round_.orders), cover=deepcopy(round_.cover))
        asked.append((frozen, order_id, rule))
        return rule

    monkeypatch.setattr(twin, "explanation", noted)
    return asked


@pytest.mark.parametrize("name", SCENES)
def test_scene(name: str) -> None:
    scene = SCENES[name]
    verdict = play(scene)
    assert not verdict.ours.error
    found = {
        row.ours.order.id: {difference.rule for difference in row.differences}
        for row in verdict.rows
        if row.differences
    }
    assert found == {order_id: {rule} for order_id, rule in scene.rules.items()}


def test_every_rule_has_a_scene() -> None:
    used = {rule for scene in SCENES.values() for rule in scene.rules.values()}
    assert used == {rule.id for rule in RULES}
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("name", SCENES)
def test_a_price_a_cent_away_is_not_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = watched(monkeypatch)
    play(SCENES[name])
    changed = 0
    for round_, order_id, rule in asked:
        assert rule is not None
        for side in ("ours", "theirs"):
            outcomes: Mapping[str, Outcome] = getattr(round_, side)
            if not outcomes.get(order_id, Outcome(round_.orders[order_id])).quantity:
                continue
            changed += 1
            guessed = side == "ours" and rule.id == "NOT_IN_BACKTRADER"
            for factor in (1.05, 0.95) if guessed else (1.0001, 0.9999):
                one = replace(outcomes[order_id], value=outcomes[order_id].value * factor)
                tampered = replace(round_, **{side: {**outcomes, order_id: one}})
                assert explanation(tampered, order_id) is None, (side, order_id, factor)
    ends = set(SCENES[name].rules.values()) <= {"GROUP_CANCELLED", "NOT_IN_BACKTRADER"}
    assert changed or not asked or ends or name == ENDS_ONLY


@pytest.mark.parametrize("rule_id", ["FOLLOWS", "GROUP_CANCELLED"])
def test_an_end_without_its_cause_is_not_explained(
    rule_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watched(monkeypatch)
    for scene in SCENES.values():
        play(scene)
    ends = [(round_, order_id) for round_, order_id, rule in asked if rule and rule.id == rule_id]
    assert ends
    for round_, order_id in ends:
        orders = {order_id: round_.orders[order_id]}
        ours, theirs = (
            {key: one for key, one in outcomes.items() if key == order_id}
            for outcomes in (round_.ours, round_.theirs)
        )
        assert (
            explanation(replace(round_, orders=orders, ours=ours, theirs=theirs), order_id) is None
        )


def test_an_end_with_an_unexplained_cause_is_not_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = watched(monkeypatch)
    for scene in SCENES.values():
        play(scene)
    ends = [(round_, order_id) for round_, order_id, rule in asked if rule and rule.id == "FOLLOWS"]
    assert ends
    for round_, order_id in ends:
        ours, theirs = (
            {key: replace(one, value=one.value * 1.01) for key, one in outcomes.items()}
            for outcomes in (round_.ours, round_.theirs)
        )
        assert explanation(replace(round_, ours=ours, theirs=theirs), order_id) is None


@pytest.mark.parametrize("far", [10.0, 1000.0])
@pytest.mark.parametrize("name", SCENES)
def test_a_fill_in_a_bar_that_is_elsewhere_is_not_explained(
    name: str, far: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watched(monkeypatch)
    play(SCENES[name])
    for round_, order_id, rule in asked:
        assert rule is not None
        if not any(outcome.quantity for outcome in round_.both(order_id)):
            continue
        bars = {
            symbol: Bar(far, far, far, far, bar.fresh, bar.final)
            for symbol, bar in round_.bars.items()
        }
        assert explanation(replace(round_, bars=bars), order_id) is None


def test_a_difference_has_no_consequences() -> None:
    """After its entry differed, a trailing stop is where the close of the entry's bar put it."""
    script: dict[int, Act] = {0: lambda s: s.buy(10, limit=100.4, trail=points(1))}
    rows = [QUIET, (100.0, 103.2, 99.8, 103.0), (103.0, 103.5, 101.5, 102.0), QUIET]
    settings = free(slippage=FixedSlippage(0.05))
    verdict = referee(scripted(script), [bars_of(rows)], settings)
    assert [row.ours.average_price for row in verdict.rows] == pytest.approx([100.0, 101.95])
    assert [len(row.differences) for row in verdict.rows] == [1, 0]
    assert verdict.alone.fills[0].price == pytest.approx(100.05)
