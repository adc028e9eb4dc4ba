"""Exchange rates: the last one known, either way round, and what is missing by name."""

from __future__ import annotations

import numpy as np
import pytest

from framework.domain.currency import Rates
from framework.errors import ConfigError, DataError, InputError
from tests.builders import bars_of

EURUSD = bars_of([(1.1,) * 4, (1.2,) * 4], "EUR.USD")
USDJPY = bars_of([(100.0,) * 4, (125.0,) * 4], "USD.JPY")


def test_the_last_rate_known() -> None:
    rates = Rates.of_bars("USD", [EURUSD, USDJPY])
    first, second = (int(t) for t in EURUSD.close_time)
    assert rates.rate("EUR", first) == 1.1
    assert rates.rate("EUR", second - 1) == 1.1
    assert rates.rate("EUR", second) == 1.2
    assert rates.rate("EUR", second + 10**15) == 1.2
    assert rates.rate("JPY", first) == 0.01
    assert rates.rate("USD", 0) == 1.0


def test_a_base_on_the_other_side() -> None:
    rates = Rates.of_bars("EUR", [EURUSD])
    assert rates.rate("USD", int(EURUSD.close_time[1])) == pytest.approx(1 / 1.2)


def test_along_the_run() -> None:
    rates = Rates.of_bars("USD", [EURUSD])
    first, second = (int(t) for t in EURUSD.close_time)
    instants = np.array([first - 1, first, second])
    assert rates.along("EUR", instants).tolist()[1:] == [1.1, 1.2]
    assert np.isnan(rates.along("EUR", instants)[0])
    assert rates.along("USD", instants).tolist() == [1.0, 1.0, 1.0]


def test_constant() -> None:
    rates = Rates.constant("USD", {"EUR": 1.25})
    assert rates.rate("EUR", 0) == rates.rate("EUR", 10**18) == 1.25


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: Rates().rate("GBP", 0), "no rate of GBP in USD.*GBP.USD"),
        (lambda: Rates.of_bars("USD", [EURUSD]).rate("EUR", 0), "EUR in USD is not known so early"),
        (lambda: Rates.of_bars("CHF", [EURUSD]), "EUR.USD give no rate of CHF.*EUR.CHF"),
        (lambda: Rates.of_bars("USD", [bars_of([(1.0,) * 4])]), "give no rate of USD"),
        (lambda: Rates.constant("USD", {"EUR": 0.0}), "rate of EUR is 0.0"),
        (lambda: Rates.constant("USD", {"EUR": float("nan")}), "rate of EUR is nan"),
    ],
)
def test_what_is_missing(ask: object, message: str) -> None:
    assert callable(ask)
    with pytest.raises(InputError, match=message) as caught:
        ask()
    assert isinstance(caught.value, ConfigError | DataError)
