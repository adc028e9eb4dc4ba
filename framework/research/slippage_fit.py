"""Slippage fit: the component of a backtest that comes nearest to what trading really cost.

Every form is one size times something known beforehand: `percent` of the price, a `fixed` amount, a
number of ticks (`half_spread`), or the price times the squared share of the bar's volume
(`volume_share`). The size is the quantile of the orders' ratios of cost to that, each weighing as
its price says: quantile regression through the origin (R. Koenker and G. Bassett, "Regression
Quantiles", Econometrica 46 (1), 1978), which a few wild fills do not move. The form is the one with
the smallest mean absolute error on orders it was not fitted to (five parts, every fifth order);
`percent`, the simplest, stays unless another is better by 5 % and by 0.01 basis points. The
interval of the size is a bootstrap's (B. Efron, "Bootstrap Methods", The Annals of Statistics 7
(1), 1979).
"""

from __future__ import annotations

__all__ = ["FEWEST", "FormError", "SlippageFit", "fit_slippage"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from framework.domain.bars import FloatArray
from framework.errors import DataError
from framework.research.executions import FilledOrder

FEWEST = 30
"""Orders below which a fit is refused: the interval of a median of fewer says next to nothing."""
_PARTS = 5
_BETTER, _WORTH = 0.95, 0.01
_DRAWS = 1_000
_DIGITS = 6
_BASIS = 10_000.0


@dataclass(frozen=True, slots=True)
class FormError:
    """How well a form foretells orders it was not fitted to.

    Attributes:
        name: of the component.
        error: mean absolute error, basis points of the price.
    """

    name: str
    error: float


@dataclass(frozen=True, slots=True)
class SlippageFit:
    """A fitted component, and how sure it is.

    Attributes:
        spec: what a run file's `slippage` says.
        parameter: the one that was fitted.
        quantile: of the orders' cost that it stands for; 0.5 is the median.
        low, high: 95 % interval of the parameter.
        orders: it was fitted to: those that take liquidity, options aside.
        options_aside: orders of options that were left out.
        median, lower_quartile, upper_quartile, upper: median, quartiles and 90 % quantile of the
            cost, basis points of the price.
        forms: every form tried, the best first.
    """

    spec: Mapping[str, object]
    parameter: str
    quantile: float
    low: float
    high: float
    orders: int
    options_aside: int
    median: float
    lower_quartile: float
    upper_quartile: float
    upper: float
    forms: tuple[FormError, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What it rests on, in sentences."""
        which = "the median" if self.quantile == 0.5 else f"the {self.quantile:.0%} quantile"
        lines = [
            f"Fitted to {self.orders:,} orders that take liquidity, to {which} of their cost.",
            f"Their cost in basis points: median {self.median:.2f}, half of them between "
            f"{self.lower_quartile:.2f} and {self.upper_quartile:.2f}, one in ten above "
            f"{self.upper:.2f}.",
        ]
        if self.orders < FEWEST:
            lines.append(f"Fewer than {FEWEST} orders: mistrust it.")
        if self.median < 0.0:
            lines.append("Fills were better than their reference; no component improves a price.")
        if self.options_aside:
            lines.append(f"{self.options_aside:,} orders of options are left out.")
        return tuple(lines)


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Orders as columns, shape (n,): cost of a unit and price, and what the forms look at."""

    cost: FloatArray
    price: FloatArray
    tick: FloatArray
    share: FloatArray


@dataclass(frozen=True, slots=True)
class _Form:
    """One form: its component, its parameter, what that multiplies, and the largest it can be."""

    name: str
    parameter: str
    per: Callable[[_Sample], FloatArray]
    most: float


_FORMS = (
    _Form("percent", "percent", lambda s: s.price / 100.0, 100.0),
    _Form("fixed", "amount", lambda s: np.ones_like(s.price), inf),
    _Form("half_spread", "ticks", lambda s: 0.5 * s.tick, inf),
    _Form("volume_share", "impact", lambda s: s.price * s.share**2, 1.0),
)


def fit_slippage(
    orders: Sequence[FilledOrder], quantile: float = 0.5, fewest: int = FEWEST
) -> SlippageFit:
    """The component that comes nearest.

    Args:
        orders: filled ones; only those that take liquidity count, and no options, whose spreads a
            backtest keeps apart.
        quantile: of the cost, 0..1: 0.5 for what is usual, 0.9 to be careful.
        fewest: orders below which it is refused.

    Raises:
        DataError: there are fewer, or none.
    """
    taking = [one for one in orders if one.takes and one.reference > 0.0]
    used = [one for one in taking if not one.is_option]
    if len(used) < max(1, fewest):
        raise DataError(
            f"Slippage cannot be calibrated from {len(used)} orders that take liquidity.",
            f"Trade until there are {fewest}"
            + (", or give --few and mistrust the figure." if used else "."),
        )
    sample = _sample(used)
    forms = [form for form in _FORMS if bool((form.per(sample) > 0.0).all())]
    errors = {form: _held_out(form, sample) for form in forms}
    best = forms[0]
    for form in forms[1:]:
        if errors[form] < min(_BETTER * errors[best], errors[best] - _WORTH):
            best = form
    size = _size(best, sample, quantile)
    low, high = _interval(best, sample, quantile)
    points = _BASIS * sample.cost / sample.price
    lower, median, upper_quartile, upper = np.quantile(points, [0.25, 0.5, 0.75, 0.9]).tolist()
    ranked = sorted(forms, key=lambda form: (form is not best, errors[form]))
    return SlippageFit(
        spec={"name": best.name, **_parameters(best, size, sample, quantile)},
        parameter=best.parameter,
        quantile=quantile,
        low=low,
        high=high,
        orders=len(used),
        options_aside=len(taking) - len(used),
        median=median,
        lower_quartile=lower,
        upper_quartile=upper_quartile,
        upper=upper,
        forms=tuple(FormError(form.name, errors[form]) for form in ranked),
    )


def _sample(orders: Sequence[FilledOrder]) -> _Sample:
    shares = [min(one.units / one.volume, 1.0) if one.volume > 0.0 else 0.0 for one in orders]
    return _Sample(
        np.array([one.side * (one.price - one.reference) for one in orders]),
        np.array([one.reference for one in orders]),
        np.array([one.tick for one in orders]),
        np.array(shares),
    )


def _parameters(form: _Form, size: float, sample: _Sample, quantile: float) -> dict[str, float]:
    """Of the component: the fitted one, and what it needs besides."""
    found = {form.parameter: _rounded(size)}
    if form.name == "half_spread":
        return {"percent": 0.0} | found
    if form.name == "volume_share":
        return found | {"without_volume": _rounded(_size(_FORMS[0], sample, quantile))}
    return found


def _rounded(size: float) -> float:
    return float(f"{size:.{_DIGITS}g}")


def _size(form: _Form, sample: _Sample, quantile: float) -> float:
    """The fitted size; a component cannot improve a price, so it is no less than 0."""
    per = form.per(sample)
    return _bounded(form, _weighted(sample.cost / per, per / sample.price, quantile))


def _bounded(form: _Form, size: float) -> float:
    return min(max(size, 0.0), form.most)


def _weighted(values: FloatArray, weights: FloatArray, quantile: float) -> float:
    """The quantile of weighted values: where the weights below it reach that share; the middle
    between two values where they reach it exactly."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    aim = quantile * sums[-1]
    slack = 1e-12 * sums[-1]
    left = int(np.searchsorted(sums, aim - slack))
    right = int(np.searchsorted(sums, aim + slack))
    last = len(values) - 1
    ends = values[order[[min(left, last), min(right, last)]]]
    return float(ends.mean())


def _held_out(form: _Form, sample: _Sample) -> float:
    """Mean absolute error on every fifth order, fitted to the others; basis points.

    The median is fitted: a form is judged by what is usual.
    """
    count = len(sample.cost)
    part = np.arange(count) % min(_PARTS, count)
    per, missed = form.per(sample), np.zeros(count)
    ratio, weight = sample.cost / per, per / sample.price
    for number in range(part.max() + 1):
        out = part == number
        kept = ~out if count > 1 else out
        size = _bounded(form, _weighted(ratio[kept], weight[kept], 0.5))
        missed[out] = np.abs(sample.cost[out] - size * per[out])
    return float(np.mean(_BASIS * missed / sample.price))


def _interval(form: _Form, sample: _Sample, quantile: float) -> tuple[float, float]:
    """95 % of the sizes fitted to orders drawn anew from these, seeded."""
    per = form.per(sample)
    ratio, weight = sample.cost / per, per / sample.price
    source, count = np.random.default_rng(0), len(ratio)
    sizes = []
    for _ in range(_DRAWS):
        drawn = source.integers(0, count, count)
        sizes.append(_bounded(form, _weighted(ratio[drawn], weight[drawn], quantile)))
    low, high = np.quantile(sizes, [0.025, 0.975]).tolist()
    return _rounded(low), _rounded(high)
