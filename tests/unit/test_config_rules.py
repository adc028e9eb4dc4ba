"""The rules of broker and exchange as a user names them: sets, changes, defaults, run files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from framework import FillPolicy, run_backtest
from framework.cli.flags import RunFlags, overlay
from framework.components.registry import build, describe, spec_of
from framework.components.venue.day_trading import DayTrading
from framework.components.venue.prices import MinimumTick
from framework.components.venue.products import WholeUnits
from framework.components.venue.sets import IB_RULES
from framework.config.parts import order_rules_of
from framework.config.plan import plan_of, run_file_of
from framework.config.request import Request, request_of
from framework.config.runfile import dump, validate
from framework.domain.orders import Side
from framework.errors import ConfigError
from framework.ports import OrderRule
from framework.research.settings import settings_of
from tests.builders import bars_of, flat_rows, scripted

LOOSE = WholeUnits(fractional=True)
NEW = DayTrading(rule="intraday")
CHANGED = tuple(LOOSE if rule.name == "lot" else rule for rule in IB_RULES)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ("ib", IB_RULES),
        ("none", ()),
        (["none"], ()),
        (["ib"], IB_RULES),
        (["ib", "lot:fractional=true"], CHANGED),
        (["lot:fractional=true", "ib"], None),
        (["ib", {"name": "lot", "fractional": True}], CHANGED),
        (["ib", LOOSE], CHANGED),
        ("lot:true", (LOOSE,)),
        (["none", "day_trading:intraday"], (NEW,)),
        ([NEW, LOOSE], (NEW, LOOSE)),
        ((), ()),
    ],
)
def test_sets_and_changes(given: object, rules: tuple[OrderRule, ...] | None) -> None:
    found = order_rules_of(given)  # type: ignore[arg-type]
    assert set(found) == set(IB_RULES) if rules is None else found == rules


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("ibkr", "no rule component 'ibkr'"),
        ("lot:fraction=true", "no parameter 'fraction'"),
        (7, "7 is no rule component"),
    ],
)
def test_what_is_no_rule_is_named(given: object, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        order_rules_of([given])  # type: ignore[list-item]


def test_a_rule_of_ones_own_needs_a_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    body = "    def refusal(self, order, context):\n        return 'closed' if order else ''\n"
    file.write_text(f"class Named:\n    name = 'mine'\n{body}\nclass Nameless:\n{body}", "utf-8")
    (rule,) = order_rules_of(f"{file}:Named")
    assert rule.name == "mine"
    with pytest.raises(ConfigError, match="Nameless has no name"):
        order_rules_of(f"{file}:Nameless")


def test_every_rule_is_listed_and_written_back() -> None:
    listed = [item.name for item in describe() if item.kind == "rule"]
    assert listed == sorted(rule.name for rule in IB_RULES)
    for rule in (*IB_RULES, LOOSE, NEW):
        assert build("rule", spec_of(rule)) == rule


@pytest.mark.parametrize(
    ("fill", "rules", "count", "shown"),
    [
        (None, None, len(IB_RULES), "ib"),
        ("backtesting_py", None, 0, "none"),
        (FillPolicy(limit_fill="through"), None, len(IB_RULES), "ib"),
        ("backtesting_py", "ib", len(IB_RULES), "ib"),
        (None, "none", 0, "none"),
        (None, ["ib", LOOSE], len(IB_RULES), "ib, lot(fractional=True, table=None)"),
        (None, [LOOSE], 1, "lot(fractional=True, table=None)"),
    ],
)
def test_defaults_what_is_shown_and_the_run_file(
    fill: object, rules: object, count: int, shown: str
) -> None:
    plan = plan_of(Request("sma_cross", fill=fill, rules=rules))  # type: ignore[arg-type]
    assert len(plan.settings.order_rules) == count
    assert ("Rules", shown) in settings_of(plan)
    again = plan_of(request_of(validate(yaml.safe_load(dump(run_file_of(plan))))))
    assert again.settings.order_rules == plan.settings.order_rules


@pytest.mark.parametrize(("rules", "tick", "limit"), [("ib", 0.0001, 0.5055), ("none", 0.01, 0.50)])
def test_below_a_dollar_prices_have_four_decimals(rules: str, tick: float, limit: float) -> None:
    cls = scripted({1: lambda s: s.buy(10, limit=0.50559)})
    bars = bars_of(flat_rows([0.52, 0.52, 0.51, 0.51]))
    result = run_backtest(cls, data=bars, rules=rules)
    assert result.record.bars[0].instrument.tick_at(0.5) == tick
    (order,) = result.record.orders
    assert order.order.limit == pytest.approx(limit)


def test_a_refusal_is_in_the_results() -> None:
    cls = scripted({1: lambda s: s.buy(10, limit=99.0, tif="FOK")})
    result = run_backtest(cls, data=bars_of(flat_rows([100.0] * 4)))
    ((rule, count),) = result.summary.refused
    assert (rule, count) == ("time_in_force", 1)
    (refusal,) = result.record.refused
    assert refusal.side is Side.BUY
    assert refusal.reason == "FOK does not go with a limit order of a stock"
    assert np.all(result.record.equity == 100_000.0)


def test_the_grid_follows_a_table_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "products: {stock: {order_types: any, times_in_force: {DAY: any}}}\n"
        "ticks: [{type: stock, currency: USD, from: 1990-01-01, bands: [[0, 0.05], [1, 0.1]]}]\n",
        "utf-8",
    )
    cls = scripted({1: lambda s: s.buy(10, limit=0.57)})
    result = run_backtest(cls, data=bars_of(flat_rows([0.6] * 4)), rules=MinimumTick(str(file)))
    assert result.record.orders[0].order.limit == pytest.approx(0.55)


def test_flags_replace_the_rules_of_a_run_file() -> None:
    file = {"strategy": "sma_cross", "rules": ["none"]}
    merged, _ = overlay(file, RunFlags(rules=("ib", "lot:true")))
    assert merged["rules"] == ["ib", "lot:true"]
    assert overlay(file, RunFlags())[0]["rules"] == ["none"]
    found = plan_of(request_of(validate(merged))).settings.order_rules
    assert found == CHANGED
