"""Metrics against published figures: empyrical's test suite, and the Sharpe ratio papers."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import inf, sqrt
from pathlib import Path

import numpy as np
import pytest

from framework.research import metrics as m
from framework.research import significance as s

FILE = json.loads((Path(__file__).parent / "cases" / "metrics.json").read_text("utf-8"))
SERIES = {name: np.array(values, dtype=float) for name, values in FILE["inputs"].items()}
MIXED = SERIES["mixed"]
DAYS = 250
PAPER = {
    "sharpe": 2.5 / sqrt(DAYS),
    "variance": 0.5 / DAYS,
    "observations": 1250,
    "skew": -3.0,
    "kurtosis": 10.0,
}


def track_record_years(periods: float) -> float:
    return s.minimum_track_record(2 / sqrt(periods), 1 / sqrt(periods)) / periods


ANSWERS: dict[str, Callable[[], float | list[float]]] = {
    "F01": lambda: m.max_drawdown(MIXED),
    "F04": lambda: m.annual_return(MIXED),
    "F07": lambda: m.annual_volatility(MIXED),
    "F09": lambda: m.calmar(MIXED),
    "F13": lambda: m.sharpe(MIXED),
    "F19": lambda: m.sortino(MIXED),
    "F23": lambda: m.beta(MIXED, SERIES["negative"]),
    "F26": lambda: m.tail_ratio(MIXED),
    "F30": lambda: s.expected_max_sharpe(100, PAPER["variance"]),
    "F31": lambda: s.deflated_sharpe(trials=100, **PAPER),
    "F32": lambda: s.deflated_sharpe(trials=46, **PAPER),
    "F36": lambda: [track_record_years(periods) for periods in (252, 52, 12)],
}
PRINTED = {"F26": 0.05, "F30": 5e-5, "F31": 5e-5, "F32": 5e-5, "F36": 5e-3}
"""How far a figure may be off because it was published rounded."""


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["id"])
def test_a_published_figure_is_reproduced(case: dict) -> None:
    tolerance = PRINTED.get(case["id"], 1e-12)
    assert ANSWERS[case["id"]]() == pytest.approx(case["expected"], rel=1e-12, abs=tolerance)


def test_every_case_of_the_file_has_an_answer() -> None:
    assert {case["id"] for case in FILE["cases"]} == set(ANSWERS)


def test_minimum_backtest_length_of_the_paper() -> None:
    """Five years of data allow no more than 45 trials before an annual Sharpe of 1 is luck."""
    assert s.minimum_backtest_length(45, 1.0) < 5.0 < s.minimum_backtest_length(46, 1.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (s.expected_max_sharpe(1, 0.5), 0.0),
        (s.minimum_track_record(0.1, 0.1), inf),
        (s.minimum_backtest_length(10, 0.0), inf),
        (s.probabilistic_sharpe(0.1, 0.1, 100), 0.5),
    ],
)
def test_edges(found: float, expected: float) -> None:
    assert found == expected
