"""The picture of a sweep: a line, a heat map, and which two parameters of many it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framework import SweepResult, sweep
from framework.errors import ConfigError
from framework.sweeps import work
from framework.sweeps.picture import figure_of_sweep, save_picture
from framework.sweeps.rows import FIGURES, Row, refused_row

AT = FIGURES.index("sharpe")


class _Formula:
    """Rows by a formula of the parameters instead of a run."""

    def __init__(self, text: str) -> None:
        self._code = compile(text, "formula", "eval")

    def __call__(self, plan: object, sets: list[dict[str, object]], total: int) -> list[Row]:
        return [self._row(one) for one in sets]

    def _row(self, one: dict[str, object]) -> Row:
        value = eval(self._code, {}, dict(one))
        if value is None:
            return refused_row("no")
        figures = [float(value) if name == "sharpe" else 1 for name in FIGURES]
        return Row(tuple(figures), (100.0, 0.0, 3.0))


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(
        "from framework import Strategy\n\n\nclass Own(Strategy):\n"
        "    a: int = 1\n    b: float = 1.0\n    c: str = 'x'\n",
        "utf-8",
    )


def _swept(monkeypatch: pytest.MonkeyPatch, formula: str, **grid: str) -> SweepResult:
    monkeypatch.setattr(work, "evaluate", _Formula(formula))
    return sweep("own.py", grid, first="2018-01-01")


def test_one_parameter_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _swept(monkeypatch, "-(a - 3) ** 2 if a != 5 else None", a="1:6:1", b="2,2.5")
    found = _swept(monkeypatch, "-(a - 3) ** 2 if a != 5 else None", a="1:6:1")
    (axes,) = figure_of_sweep(found).axes
    heights = axes.lines[0].get_ydata()
    np.testing.assert_array_equal(heights, [-4, -1, 0, -1, np.nan, -9])
    assert [text.get_text() for text in axes.get_xticklabels()] == list("123456")
    assert axes.lines[1].get_xydata().tolist() == [[2.0, 0.0]]


def test_two_parameters_are_a_heat_map(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _swept(monkeypatch, "a * b if a + b < 5 else None", a="1:3:1", b="1,1.5,2,2.5")
    figure = figure_of_sweep(found)
    image = figure.axes[0].images[0].get_array()
    wanted = [[a * b if a + b < 5 else np.nan for b in (1, 1.5, 2, 2.5)] for a in (1, 2, 3)]
    np.testing.assert_array_equal(np.ma.filled(image, np.nan), wanted)
    axes = figure.axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("a", "b")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "1.5", "2", "2.5"]
    assert axes.patches[0].get_xy() == (2.5, 0.5)
    written = {text.get_text() for text in axes.texts}
    assert {"1", "4.5", "5"} <= written


def test_of_three_the_two_that_matter_are_shown_at_the_best_of_the_third(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = _swept(monkeypatch, "a * 10 + 'xy'.index(c) * 5 + b", a="1:3:1", b="1,2", c="x,y")
    figure = figure_of_sweep(found)
    axes = figure.axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("a", "c")
    image = np.ma.filled(axes.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(image, [[a * 10 + c + 2 for c in (0, 5)] for a in (1, 2, 3)])
    assert any("each at the best of b" in text.get_text() for text in figure.texts)


def test_best_is_low_where_low_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "evaluate", _Volatile())
    found = sweep("own.py", {"a": "1:3:1", "b": "1,2"}, first="2018-01-01", metric="volatility")
    axes = figure_of_sweep(found).axes[0]
    assert axes.patches[0].get_xy() == (-0.5, -0.5)


class _Volatile:
    def __call__(self, plan: object, sets: list[dict[str, int]], total: int) -> list[Row]:
        return [
            Row(
                tuple(one["a"] * one["b"] if name == "volatility" else 1 for name in FIGURES),
                (100.0, 0.0, 3.0),
            )
            for one in sets
        ]


def test_without_the_metric_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _swept(monkeypatch, "float('nan')", a="1:3:1")
    assert save_picture(found, Path("picture.png")) is None
    with pytest.raises(ConfigError, match="No set of parameters has a sharpe"):
        figure_of_sweep(found)


def test_a_picture_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _swept(monkeypatch, "a", a="1:3:1")
    for name in ("no/folder/picture.png", "picture.odd"):
        with pytest.raises(ConfigError, match="cannot be written"):
            save_picture(found, Path(name))
    assert save_picture(found, Path("picture.svg")) == Path("picture.svg")
