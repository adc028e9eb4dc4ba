"""Financing models: the broker's own published examples, and the user's file of terms."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from framework.calendar import day_of
from framework.components.financing import (
    IbkrFinancing,
    NoFinancing,
    SimpleInterest,
    borrow_collateral,
)
from framework.components.financing_file import load_terms
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Position
from framework.errors import ConfigError

STOCK = Instrument("AAA")
DAY = day_of("2024-03-05")


@pytest.mark.parametrize(
    ("model", "balance", "days", "interest"),
    [
        # "Interest charged examples": 100,000 x (5.32 % + 1.50 %) / 360 = 18.94 a day
        (IbkrFinancing(5.32), -100_000.0, 1, -18.944444),
        (IbkrFinancing(5.32), -100_000.0, 3, -56.833333),
        # (5.33 % - 0.5 %) on what exceeds 10,000
        (IbkrFinancing(5.33), 100_000.0, 1, 90_000.0 * 0.0483 / 360.0),
        (IbkrFinancing(5.33), 10_000.0, 30, 0.0),
        (IbkrFinancing(5.33), 0.0, 30, 0.0),
        (IbkrFinancing(0.3), 100_000.0, 1, 0.0),
        # a negative benchmark counts as 0
        (IbkrFinancing(-0.5), -36_000.0, 1, -1.5),
        (IbkrFinancing(-0.5), 100_000.0, 1, 0.0),
        (IbkrFinancing(4.0, 2.0, 1.0, 0.0), 36_000.0, 10, 30.0),
        (IbkrFinancing(4.0, 2.0, 1.0, 0.0), -36_000.0, 10, -60.0),
        (NoFinancing(), -100_000.0, 30, 0.0),
        (SimpleInterest(15.0), -100_000.0, 30, 0.0),
    ],
)
def test_interest(
    model: IbkrFinancing | NoFinancing | SimpleInterest,
    balance: float,
    days: int,
    interest: float,
) -> None:
    assert model.interest(balance, days, DAY) == pytest.approx(interest, abs=1e-6)


@pytest.mark.parametrize(
    ("price", "collateral"),
    [(100.0, 102.0), (42.8, 44.0), (0.1, 1.0), (50.0, 51.0), (50.01, 52.0)],
)
def test_a_loan_is_charged_on_102_percent_rounded_up(price: float, collateral: float) -> None:
    assert borrow_collateral(price, 1.0) == collateral
    fee = IbkrFinancing(borrow=0.36).borrow_fee(STOCK, 1_000.0, price, 10, DAY)
    assert fee == pytest.approx(collateral * 1_000.0 * 0.0036 / 360.0 * 10)


def test_only_what_is_borrowed_pays_a_loan() -> None:
    model = IbkrFinancing(borrow=10.0)
    for kind in (AssetType.FUTURE, AssetType.FOREX, AssetType.OPTION, AssetType.CRYPTO):
        assert model.borrow_fee(Instrument("X", kind), 100.0, 50.0, 30, DAY) == 0.0
    assert model.borrow_fee(Instrument("X", AssetType.INDEX), 100.0, 50.0, 30, DAY) > 0.0
    assert NoFinancing().borrow_fee(STOCK, 100.0, 50.0, 30, DAY) == 0.0
    assert SimpleInterest(15.0).borrow_fee(STOCK, 100.0, 50.0, 30, DAY) == 0.0


@pytest.mark.parametrize(
    ("model", "position", "days", "fee"),
    [
        (SimpleInterest(15.0), Position("A", -10.0, 3_650.0), 2, 2 * 0.15 / 365 * 10 * 3_650.0),
        (SimpleInterest(15.0), Position("A", 10.0, 3_650.0), 2, 0.0),
        (SimpleInterest(15.0, True), Position("A", 10.0, 3_650.0), 2, 30.0),
        (SimpleInterest(15.0), Position("A", -10.0, 3_650.0, 50.0), 2, 30.0),
        (SimpleInterest(15.0, True), Position("A"), 2, 0.0),
    ],
)
def test_simple_interest(model: SimpleInterest, position: Position, days: int, fee: float) -> None:
    assert model.holding_fee(position, days) == pytest.approx(fee, abs=1e-9)


def test_a_file_of_terms(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(
        "benchmark: {2023-01-01: 4.33, 2022-01-01: 0.08}\n"
        "symbols:\n  GME: {fee: 36, available: 5000}\n  AMC: {available: 0}\n"
    )
    model = IbkrFinancing(1.0, spread=0.0, file=str(path))
    rates = {"2021-12-31": 1.0, "2022-01-01": 0.08, "2022-12-31": 0.08, "2023-01-01": 4.33}
    for day, rate in rates.items():
        assert model.interest(-36_000.0, 1, day_of(day)) == pytest.approx(-rate)
    assert model.borrow_fee(Instrument("GME"), 100.0, 50.0, 1, DAY) == pytest.approx(5.1)
    assert model.borrow_fee(Instrument("AMC"), 100.0, 50.0, 72, DAY) == pytest.approx(2.55)
    assert model.shortable(Instrument("GME"), DAY) == 5_000.0
    assert model.shortable(Instrument("AMC"), DAY) == 0.0
    assert model.shortable(STOCK, DAY) == inf
    assert NoFinancing().shortable(STOCK, DAY) == SimpleInterest(1.0).shortable(STOCK, DAY) == inf


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "it is .*not a mapping"),
        ("benchmarks: {}", r"unknown key 'benchmarks'.*'benchmark'"),
        ("benchmark: 5", "benchmark is 5, not a mapping"),
        ("benchmark: {soon: 5}", "date is 'soon'.*2023-01-31"),
        ("benchmark: {2022-01-01 10:00:00: 5}", "date is datetime"),
        ("benchmark: {2022-01-01: five}", "2022-01-01 is 'five'.*number"),
        ("benchmark: {2022-01-01: .nan}", "2022-01-01 is nan.*number"),
        ("symbols: {GME: 5}", "GME is 5, not a mapping"),
        ("symbols: {GME: {fees: 5}}", "GME has an unknown key 'fees'.*'fee'"),
        ("symbols: {GME: {fee: true}}", "GME: fee is True.*number"),
        ("symbols: {GME: {fee: -1}}", "GME: fee is -1.*0 or more"),
        ("symbols: {GME", "not valid YAML"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_terms(str(path))


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("# nothing\n")
    assert load_terms(str(path)).benchmark_on(0, 2.5) == 2.5
    with pytest.raises(ConfigError, match=r"nowhere.yaml cannot be read"):
        load_terms(str(tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IbkrFinancing(float("inf")), "benchmark is inf"),
        (lambda: IbkrFinancing(spread=-1.0), "spread is -1.0"),
        (lambda: IbkrFinancing(borrow=-1.0), "borrow is -1.0"),
        (lambda: SimpleInterest(-1.0), "percent is -1.0"),
    ],
)
def test_bad_parameters(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ConfigError, match=message):
        make()
