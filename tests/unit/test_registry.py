"""The registry: names to components and back, and every way a spec can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.components.commission import IbkrFixed, PercentCommission, PerShare
from framework.components.limits import AllowedInstruments, MaxGrossExposure
from framework.components.registry import (
    KINDS,
    ComponentInfo,
    build,
    component_name,
    describe,
    is_breaker,
    spec_of,
    specs_of,
)
from framework.components.sizing import PercentOfEquity, RiskPerTrade, Shares, SmallestOf
from framework.domain.events import Refused, Trip
from framework.domain.instruments import Instrument
from framework.domain.options import BookGreeks
from framework.domain.orders import Order, OrderType, Side
from framework.errors import ConfigError
from framework.ports import AccountState, BreakerState

OWN = '''
from __future__ import annotations
from dataclasses import dataclass

@dataclass(frozen=True, slots=True)
class Half:
    """Half of the cash.

    Attributes:
        part: share of cash.
    """

    part: float = 0.5

    def quantity(self, request):
        return request.cash * self.part / request.price

class NoMethod:
    pass

class Picky:
    def __init__(self, size: int) -> None:
        if size > 5:
            raise ValueError("size must be at most 5")

    def quantity(self, request):
        return 1.0
'''


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return str(file)


@pytest.mark.parametrize(
    ("kind", "spec", "component"),
    [
        ("commission", "ibkr_fixed", IbkrFixed()),
        ("commission", "percent:0.1", PercentCommission(0.1)),
        ("commission", "percent:0.1,minimum=2", PercentCommission(0.1, minimum=2.0)),
        ("commission", "percent: 0.1 , 3", PercentCommission(0.1, 3.0)),
        ("commission", "per_share:0.005,minimum=none", PerShare(0.005)),
        ("commission", {"name": "per_share", "rate": 0.005, "minimum": 1}, PerShare(0.005, 1.0)),
        ("sizing", "risk", RiskPerTrade()),
        ("sizing", "risk:percent=1.5", RiskPerTrade(1.5)),
        ("sizing", {"name": "risk", "percent": "1.5"}, RiskPerTrade(1.5)),
        ("limit", "max_gross_exposure:money=50000", MaxGrossExposure(100.0, 50_000.0)),
        ("limit", "allowed_instruments:SPY+QQQ", AllowedInstruments(("SPY", "QQQ"))),
        (
            "limit",
            {"name": "allowed_instruments", "symbols": ["SPY"]},
            AllowedInstruments(("SPY",)),
        ),
    ],
)
def test_build(kind: str, spec: object, component: object) -> None:
    assert build(kind, spec) == component


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("limits", "max_orders", "no component kind 'limits'. Did you mean 'limit'?"),
        ("sizing", "rsk", "no sizing component 'rsk'. Did you mean 'risk'?"),
        ("sizing", "risk:percnt=2", "no parameter 'percnt'. Did you mean 'percent'?"),
        ("sizing", "risk:abc", "sizing risk: percent is 'abc'. Give a number."),
        ("sizing", {"name": "risk", "percent": True}, "percent is True. Give a number."),
        ("sizing", {"name": "risk", "percent": None}, "percent is None. Give a number."),
        ("sizing", {"name": "risk", "percent": [1]}, "percent is [1]. Give a number."),
        ("sizing", "risk:nan", "RiskPerTrade: percent is nan."),
        ("sizing", "risk:-2", "RiskPerTrade: percent is -2.0."),
        ("sizing", "atr:period=2.5", "period is '2.5'. Give a whole number."),
        ("sizing", "risk:1,2", "2 values for 1 parameters. Its parameters: percent."),
        ("sizing", "risk:1,percent=2", "percent is given twice"),
        ("sizing", "atr:percent=1,percent=2", "percent is given twice"),
        ("sizing", "atr:percent=1,20", "'20' follows a named parameter. Name it too."),
        ("sizing", "risk:percent=", "'percent=' is incomplete"),
        ("sizing", "atr:1,,2", "'' is incomplete"),
        ("sizing", "", "the component has no name"),
        ("sizing", ":5", "the component has no name"),
        ("sizing", {"percent": 2}, "has no name. Add name: NAME."),
        ("sizing", {"name": "risk:2"}, "the name 'risk:2' carries parameters"),
        ("sizing", {"name": "risk", 5: 2}, "the parameter name 5 is no text"),
        ("sizing", 5, "A sizing component is 5."),
        ("exit", "time_stop", "exit time_stop: bars is missing. Write time_stop:bars=VALUE."),
        ("commission", "none:3", "1 values for 0 parameters. Its parameters: none."),
        ("sizing", "gone.py:Half", "there is no file gone.py"),
    ],
)
def test_a_wrong_spec_names_the_part_and_the_remedy(kind: str, spec: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(kind, spec)
    assert message in str(caught.value)


def test_the_users_own_class(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    built = build("sizing", f"{own}:Half:0.25")
    assert repr(built) == "Half(part=0.25)"
    assert built == build("sizing", {"name": f"{own}:Half", "part": 0.25})
    assert build("sizing", spec_of(built)) == built
    monkeypatch.chdir(Path(own).parent)
    assert spec_of(built) == {"name": "own.py:Half", "part": 0.25}
    assert build("sizing", "own.py:Half") == build("sizing", f"{own}:Half")


def test_an_edited_file_is_read_again(own: str) -> None:
    build("sizing", f"{own}:Half")
    Path(own).write_text(OWN.replace("part: float = 0.5", "part: float = 0.75"))
    assert repr(build("sizing", f"{own}:Half")) == "Half(part=0.75)"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("Haf", "has no class 'Haf'. Did you mean 'Half'?"),
        ("dataclass", "has no class 'dataclass'"),
        ("NoMethod", "has no method 'quantity'"),
        ("Half:x=1", "there is no parameter 'x'. Known: part."),
        ("Half:part=y", "part is 'y'. Give a number."),
        ("Picky:9", "size must be at most 5"),
        ("Picky", "size is missing"),
    ],
)
def test_what_is_wrong_with_the_users_own_class(own: str, spec: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build("sizing", f"{own}:{spec}")
    assert message in str(caught.value)


def test_a_file_that_does_not_import(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("raise KeyError('oops')")
    with pytest.raises(ConfigError, match=r"broken.py, line 1, .*KeyError: 'oops'"):
        build("sizing", f"{file}:Half")


def test_a_class_without_a_file_of_its_own_has_no_spec() -> None:
    class Local:
        """Nowhere."""

    with pytest.raises(ConfigError, match="Local cannot be written to a run file"):
        spec_of(Local())


def test_specs_hold_plain_values_of_the_parameters_types() -> None:
    assert spec_of(RiskPerTrade(2)) == {"name": "risk", "percent": 2.0}
    assert isinstance(spec_of(RiskPerTrade(2))["percent"], float)
    assert spec_of(MaxGrossExposure(80))["money"] is None
    assert spec_of(AllowedInstruments(("SPY",)))["symbols"] == ["SPY"]


def test_composed_sizers_are_several_specs() -> None:
    both = SmallestOf((PercentOfEquity(), Shares(5)))
    assert specs_of(both) == [
        {"name": "percent", "percent": 95.0},
        {"name": "shares", "count": 5.0},
    ]
    assert specs_of(Shares(5)) == [{"name": "shares", "count": 5.0}]


REQUIRED = {
    "shares": "5",
    "allowed_instruments": "SPY",
    "time_stop": "5",
    "trailing_amount": "1",
    "per_order": "1",
    "per_share": "0.005",
    "fixed": "0.01",
    "percent": "0.1",
    "simple": "15",
    "band": "50",
    "leland": "0.01",
    "max_net_delta": "500",
    "max_net_gamma": "50",
    "max_net_vega": "50000",
    "vega": "100",
    "whalley_wilmott": "0.005,0.0001",
}


@pytest.mark.parametrize("info", describe(), ids=lambda info: f"{info.kind}-{info.name}")
def test_every_component_is_described_and_rebuilt(info: ComponentInfo) -> None:
    assert info.kind in KINDS
    assert info.summary.endswith(".")
    for parameter in info.parameters:
        assert parameter.description, parameter.name
        assert parameter.required or parameter.default is not None or "none" in parameter.type
    value = REQUIRED.get(info.name)
    spec = info.name if value is None else f"{info.name}:{value}"
    built = build(info.kind, spec)
    assert component_name(built) == info.name
    assert build(info.kind, spec_of(built)) == built


STRICT = {
    "allowed_instruments": "allowed_instruments:SPY",
    "max_concentration": "max_concentration:1e-6",
    "max_gross_exposure": "max_gross_exposure:1e-6",
    "max_net_delta": "max_net_delta:1e-6",
    "max_net_exposure": "max_net_exposure:1e-6",
    "max_net_gamma": "max_net_gamma:1e-6",
    "max_net_vega": "max_net_vega:1e-6",
    "max_order_notional": "max_order_notional:0.01",
    "max_orders": "max_orders:1",
    "max_position_percent": "max_position_percent:1e-6",
    "max_positions": "max_positions:1",
    "max_risk_per_trade": "max_risk_per_trade:1e-6",
    "max_shares": "max_shares:0.5",
    "price_collar": "price_collar:1",
    "daily_loss": "daily_loss",
    "daily_loss_money": "daily_loss_money",
    "error_rate": "error_rate",
    "max_drawdown": "max_drawdown",
}


@pytest.mark.parametrize("name", [info.name for info in describe() if info.kind == "limit"])
def test_a_limit_answers_under_its_registry_name(name: str) -> None:
    limit = build("limit", STRICT[name])
    if is_breaker(limit):
        trip = limit.check(BreakerState(1, 10.0, 1e6, 1e6, 50, 50))
        assert isinstance(trip, Trip)
        assert trip.breaker == name
        return
    order = Order("o-1", "ACME", Side.BUY, 100.0, OrderType.LIMIT, 7, 50.0, limit=60.0)
    account = AccountState(
        7, 1e5, 1e5, Instrument("ACME"), 50.0, 45.0, {"X": 1.0}, {"X": 50.0}, (), 5,
        unit=BookGreeks(1.0, 1.0, 1.0),
    )  # fmt: skip
    verdict = limit.check(order, account)
    assert isinstance(verdict, Refused)
    assert verdict.rule == name
