"""The picture: what is drawn, on few and on a million points, and where it is saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from framework.errors import ConfigError
from framework.research.axis import date_ticks, extremes
from framework.research.plots import figure_of, plot
from framework.research.results import Result, result_of
from tests.unit.records import DAY, bars_of, fill_of, record_of

PNG = b"\x89PNG"


def wave(count: int) -> np.ndarray:
    return 100 + 20 * np.sin(np.arange(count) / 7) + np.arange(count) * 0.01


def traded(count: int, symbols: int = 1, per_session: int = 1, every: int = 5) -> Result:
    bars = [bars_of(wave(count) + k, f"S{k}", per_session) for k in range(symbols)]
    fills = []
    for part in bars:
        for number, row in enumerate(range(1, count, every)):
            fills.append(fill_of(part, row, (10, -10, -10, 10)[number % 4]))
    fills.sort(key=lambda fill: fill.time)
    return result_of(record_of(bars, fills), strategy="Wave", parameters=[("n", "7")])


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(traded(50), id="candles"),
        pytest.param(traded(800), id="daily"),
        pytest.param(traded(300, symbols=9), id="several symbols"),
        pytest.param(traded(400, per_session=40), id="intraday"),
        pytest.param(traded(50, every=100), id="one open trade"),
        pytest.param(result_of(record_of(bars_of([1.0])), strategy="One"), id="one bar"),
        pytest.param(
            result_of(replace(record_of(bars_of([1.0, 2.0])), stop=0), strategy="Zero"), id="none"
        ),
    ],
)
def test_a_picture_of_1600_by_1000_pixels_is_saved(result: Result, tmp_path: Path) -> None:
    plot(result, tmp_path / "new" / "out.png")
    content = (tmp_path / "new" / "out.png").read_bytes()
    assert content.startswith(PNG)
    assert np.frombuffer(content[16:24], dtype=">u4").tolist() == [1600, 1000]


def test_the_same_run_gives_the_same_picture(tmp_path: Path) -> None:
    plot(traded(60), tmp_path / "a.png")
    plot(traded(60), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def marks(result: Result) -> dict[str, np.ndarray]:
    price = figure_of(result).axes[0]
    return {
        str(item.get_label()): np.asarray(item.get_offsets())
        for item in price.collections
        if not str(item.get_label()).startswith("_")
    }


def test_every_trade_is_marked_at_its_bar_and_price() -> None:
    bars = bars_of([100, 102, 104, 110, 108, 90, 95, 96])
    rows = ((1, 10), (3, -10), (4, -10), (5, 10), (6, -10), (7, 10))
    result = result_of(
        record_of(bars, [fill_of(bars, *row) for row in rows], start=1), strategy="T"
    )
    found = marks(result)
    assert found["long entry"].tolist() == [[0, 100]]
    assert sorted(found["short entry"].tolist()) == [[3, 110], [5, 90]]
    assert sorted(found["exit with profit"].tolist()) == [[2, 104], [4, 108]]
    assert found["exit with loss"].tolist() == [[6, 95]]
    assert "still open" not in found


def test_marks_are_limited_to_the_largest_trades() -> None:
    found = marks(traded(3000, every=2))
    entries = sum(len(found[name]) for name in ("long entry", "short entry"))
    assert entries == 300


def test_equity_and_buy_and_hold_share_a_panel_and_drawdown_has_its_own() -> None:
    result = traded(800)
    _, equity, drawdown = figure_of(result).axes
    lines = {line.get_label(): line.get_ydata() for line in equity.lines}
    assert lines["Strategy"][-1] == result.record.equity[-1]
    assert lines["Buy and hold"][-1] == result.buy_and_hold[-1]
    assert min(line.get_ydata().min() for line in drawdown.lines) < 0
    assert len(drawdown.collections) == 1


def test_the_dot_at_the_deepest_drawdown_is_in_the_legend() -> None:
    result = traded(800)
    drawdown = figure_of(result).axes[2]
    legend = drawdown.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["deepest drawdown"]
    dot = next(line for line in drawdown.lines if line.get_label() == "deepest drawdown")
    assert dot.get_ydata()[0] == result.summary.strategy.max_drawdown < 0.0


def test_several_symbols_start_together() -> None:
    price = figure_of(traded(300, symbols=3)).axes[0]
    assert [line.get_ydata()[0] for line in price.lines] == pytest.approx([100, 100, 100])


def test_symbols_look_different_and_idle_ones_grey() -> None:
    bars = [bars_of(wave(300) + k, f"S{k}") for k in range(9)]
    fills = [fill_of(part, 5, 10) for part in bars[1:]]
    price, equity, _ = figure_of(result_of(record_of(bars, fills), strategy="T")).axes
    idle, *traded = [np.array(to_rgb(line.get_color())) for line in price.lines]
    assert np.ptp(idle) < 0.1
    hold = np.array(to_rgb(equity.lines[0].get_color()))
    for number, colour in enumerate(traded):
        for other in (*traded[:number], idle, hold):
            assert np.abs(colour - other).max() > 0.2


def test_marks_stand_on_the_fill_s_price() -> None:
    price = figure_of(traded(50)).axes[0]
    found = [item for item in price.collections if not str(item.get_label()).startswith("_")]
    assert len(found) > 2
    for item in found:
        place = item.get_offset_transform().transform((3.0, 100.0))
        assert place == pytest.approx(price.transData.transform((3.0, 100.0)))


def test_a_symbol_that_comes_late_is_drawn_from_its_first_bar() -> None:
    early, late = bars_of(wave(300), "A"), bars_of(wave(300), "B").take(200, 300)
    price = figure_of(result_of(record_of([early, late]), strategy="T")).axes[0]
    assert price.lines[1].get_xdata()[0] == 200
    assert price.lines[1].get_ydata()[0] == pytest.approx(100)


def test_the_title_names_strategy_symbols_dates_and_figures() -> None:
    text = " ".join(item.get_text() for item in figure_of(traded(50)).texts)
    for part in ("Wave(n=7) on S0", "2020-01-02 to 2020-02-20", "Sharpe", "max drawdown", "won"):
        assert part in text


def test_synthetic_bars_are_called_so() -> None:
    result = result_of(record_of(replace(bars_of(wave(9)), synthetic=True)), strategy="T")
    assert "synthetic" in figure_of(result).texts[0].get_text()


def test_saving_leaves_the_backend_alone(tmp_path: Path) -> None:
    before = dict.__getitem__(mpl.rcParams, "backend")
    plot(traded(20), tmp_path / "out.svg")
    assert dict.__getitem__(mpl.rcParams, "backend") is before


@pytest.mark.parametrize("name", ["out.gif", "out"])
def test_an_unknown_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be saved as .*\.png"):
        plot(traded(20), tmp_path / name)


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written.*--plot"):
        plot(traded(20), tmp_path / "file" / "out.png")


def test_without_a_screen_a_file_is_asked_for(monkeypatch) -> None:
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "agg")
    with pytest.raises(ConfigError, match=r"--plot out.png"):
        plot(traded(20))


# long series


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(1, 20))
def test_thinning_keeps_the_ends_and_every_extreme(values, buckets) -> None:
    series = np.array(values)
    keep = extremes(series, buckets)
    assert keep[0] == 0
    assert keep[-1] == len(series) - 1
    assert (np.diff(keep) > 0).all()
    assert len(keep) <= max(4 * buckets, 2 * buckets + 2)
    assert (series[keep].min(), series[keep].max()) == (series.min(), series.max())


def test_a_million_points_become_a_few_thousand() -> None:
    assert len(extremes(wave(1_000_000))) < 3300


def days(count: int, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    session = 10_957 + np.arange(count) * step
    return session * DAY + DAY // 2, session


@pytest.mark.parametrize(
    ("count", "first", "last"),
    [
        (8, "01 Jan 2000", "08 Jan 2000"),
        (200, "Feb 2000", "Jul 2000"),
        (1000, "Apr 2000", "Jul 2002"),
        (3650, "2001", "2009"),
        (36_500, "2010", "2090"),
    ],
)
def test_dates_are_as_fine_as_there_is_room_for(count, first, last) -> None:
    ticks = date_ticks(*days(count))
    assert (ticks[0].label, ticks[-1].label) == (first, last)
    assert 2 <= len(ticks) <= 11


def test_a_single_session_shows_hours() -> None:
    times, session = days(1)
    minutes = np.arange(390) * 60_000_000_000
    ticks = date_ticks(times[0] + minutes, np.repeat(session, 390))
    assert [tick.label for tick in ticks][:2] == ["13:00", "14:00"]


def test_no_bars_no_dates() -> None:
    assert date_ticks(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)) == ()
