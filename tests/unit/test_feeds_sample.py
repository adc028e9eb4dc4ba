"""The samples: real where they say so, synthetic where they say so, the same everywhere."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from framework.calendar import day_of, day_text
from framework.errors import ConfigError, DataError
from framework.feeds.sample import SAMPLES, sample, sp500
from framework.feeds.synthetic import synthetic_intraday, synthetic_universe


def test_sp500_is_the_published_history() -> None:
    bars = sp500()
    assert (len(bars), bars.symbol, bars.frame) == (5031, "SP500", "1d")
    assert (day_text(bars.session[0]), day_text(bars.session[-1])) == ("1999-01-04", "2018-12-31")
    # Closes of the index as published by S&P Dow Jones Indices.
    for day, close in (("2000-03-24", 1527.46), ("2009-03-09", 676.53), ("2018-12-31", 2506.85)):
        row = int(np.searchsorted(bars.session, day_of(day)))
        assert round(float(bars.close[row]), 2) == close
    assert bars.prices == "split"
    assert not bars.synthetic


def test_sp500_does_not_import_arch() -> None:
    code = (
        "import sys; from framework.feeds.sample import sp500; sp500(); "
        "sys.exit(any(name.split('.')[0] == 'arch' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_bars_make_sense(name: str) -> None:
    for bars in sample(name).bars:
        assert (np.diff(bars.close_time) > 0).all()
        assert (bars.low > 0).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.close_time <= bars.session_close).all()
        assert (bars.volume > 0).all()


def test_synthetic_intraday_has_the_shape_of_a_market() -> None:
    bars = synthetic_intraday()
    assert (bars.symbol, bars.frame, bars.synthetic) == ("SYNTH5M", "5m", True)
    days, counts = np.unique(bars.session, return_counts=True)
    assert len(days) == 60
    assert counts[days == day_of("2023-11-24")] == 42  # 9:30 to 13:00
    assert (np.delete(counts, np.flatnonzero(days == day_of("2023-11-24"))) == 78).all()
    whole = np.isin(bars.session, days[counts == 78])
    volume = bars.volume[whole].reshape(-1, 78).mean(axis=0)
    assert volume[:6].mean() > 2 * volume[36:42].mean()
    assert volume[-6:].mean() > 2 * volume[36:42].mean()
    assert np.array_equal(np.round(bars.close, 2), bars.close)


def test_synthetic_universe_differs_by_symbol() -> None:
    universe = synthetic_universe()
    assert [bars.symbol for bars in universe] == [f"SYN_{letter}" for letter in "ABCDEF"]
    returns = np.array([np.diff(np.log(bars.close)) for bars in universe])
    volatility = returns.std(axis=1) * 252**0.5
    assert volatility == pytest.approx([0.24, 0.17, 0.14, 0.34, 0.27, 0.20], rel=0.05)
    correlation = np.corrcoef(returns)
    assert correlation[0, 1] == pytest.approx(0.7 * 0.8, abs=0.06)
    assert correlation[0, 5] == pytest.approx(0.7 * -0.2, abs=0.06)
    assert all(bars.synthetic for bars in universe)


def test_seeds_make_the_same_bars_again_and_other_seeds_others() -> None:
    for name, wanted in (
        ("synthetic-5m", "2cbbec734903204c"),
        ("synthetic-universe", "ec2069a27ab74b5a"),
    ):
        digest = hashlib.sha256()
        for bars in sample(name).bars:
            for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
                digest.update(column.astype("<f8").tobytes())
        assert digest.hexdigest()[:16] == wanted
    assert not np.array_equal(synthetic_intraday(8).close, synthetic_intraday().close)
    assert not np.array_equal(synthetic_universe(8)[0].close, synthetic_universe()[0].close)


def test_sample_is_labelled_and_answers_its_questions() -> None:
    loaded = sample("synthetic-universe", ["SYN_C", "SYN_A"], "1w")
    assert [(bars.symbol, bars.frame) for bars in loaded.bars] == [("SYN_C", "1w"), ("SYN_A", "1w")]
    assert "synthetic" in loaded.warnings[0]
    assert (loaded.answers.calendar, loaded.answers.prices, loaded.guessed) == ("XNYS", "split", ())
    assert sample().warnings == ()


def test_unknown_sample_or_symbol() -> None:
    with pytest.raises(ConfigError, match=r"no sample 'sp50'.*'sp500'"):
        sample("sp50")
    with pytest.raises(DataError, match=r"sp500 has no symbol 'SP50'.*'SP500'"):
        sample("sp500", ["SP50"])
