"""instruments.yaml is read with its mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.calendar import day_of
from framework.domain.instruments import AssetType, Instrument
from framework.errors import InputError
from framework.feeds.instruments import load_instruments


def load(folder: Path, text: str) -> dict[str, Instrument]:
    path = folder / "instruments.yaml"
    path.write_text(text)
    return dict(load_instruments(path))


def test_entries_and_defaults(tmp_path: Path) -> None:
    text = (
        "ES: {type: future, currency: USD, calendar: CMES, tick: 0.25, lot: 1, multiplier: 50}\n"
        "EUR.USD:\n  type: forex\n  calendar: '24/5'\n  tick: 0.00005\n"
        "BRK.B: {}\n"
    )
    assert load(tmp_path, text) == {
        "ES": Instrument("ES", AssetType.FUTURE, "USD", "CMES", 0.25, 1.0, 50.0),
        "EUR.USD": Instrument("EUR.USD", AssetType.FOREX, calendar="24/5", tick=0.00005),
        "BRK.B": Instrument("BRK.B"),
    }


def test_a_contract(tmp_path: Path) -> None:
    text = (
        "ESH4: {type: future, expiry: 2024-03-15, next_contract: ESM4, roll_days: 0,\n"
        "  initial_margin: 15400, maintenance_margin: 14000.5, tick_bands: [[0, 0.05], [3, 0.1]]}\n"
    )
    assert load(tmp_path, text)["ESH4"] == Instrument(
        "ESH4",
        AssetType.FUTURE,
        tick_bands=((0.0, 0.05), (3.0, 0.1)),
        expiry=day_of("2024-03-15"),
        next_contract="ESM4",
        roll_days=0,
        initial_margin=15_400.0,
        maintenance_margin=14_000.5,
    )


def test_only_comments(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n") == {}


def test_the_one_in_the_repository_loads_also_without_its_comment_marks(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "data" / "instruments.yaml"
    assert load_instruments(path) == {}
    examples = path.read_text().split("\n#\n", 1)[1]
    found = load(tmp_path, "\n".join(line[2:] for line in examples.splitlines()))
    assert found["ES"].multiplier == 50
    assert set(found) == {"ES", "ESH4", "EUR.USD", "PENNY", "SP500"}
    assert found["PENNY"].tick_at(0.5) == 0.0001
    assert found["ESH4"].expiry == day_of("2024-03-15")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ES: {tik: 0.25}", r"ES has an unknown key 'tik'.*'tick'"),
        ("ES: {tick: quarter}", r"ES: tick is 'quarter'.*number"),
        ("ES: {tick: true}", r"ES: tick is True.*number"),
        ("ES: {tick: -1}", r"ES: tick is -1"),
        ("ES: {multiplier: 0}", r"ES: multiplier is 0"),
        ("ES: {type: futur}", r"type is 'futur'.*'future'"),
        ("ES: {currency: 1}", r"currency is 1.*word"),
        ("ES: {calendar: CMESS}", r"Unknown calendar 'CMESS'.*'CMES'"),
        ("ES: 50", r"ES is 50.*facts"),
        ("[ES]", r"must map symbols"),
        ("ES: {expiry: March}", r"expiry is 'March'.*2024-03-15"),
        ("ES: {expiry: 2024-03-15 10:00:00}", r"expiry is datetime"),
        ("ES: {expiry: }", r"expiry is None"),
        ("ES: {next_contract: ES}", r"ES has itself as next_contract"),
        ("ES: {next_contract: 5}", r"next_contract is 5.*word"),
        ("ES: {roll_days: -1}", r"roll_days is -1.*0 or more"),
        ("ES: {roll_days: 1.5}", r"roll_days is 1.5"),
        ("ES: {initial_margin: 0}", r"initial_margin is 0.*above 0"),
        ("ES: {maintenance_margin: much}", r"maintenance_margin is 'much'.*number"),
        ("ES: {tick_bands: 0.01}", r"tick_bands are 0.01.*pairs"),
        ("ES: {tick_bands: [0.01]}", r"a tick band is 0.01.*pairs"),
        ("ES: {tick_bands: [[0, a]]}", r"tick_bands is 'a'.*number"),
        ("ES: {tick_bands: [[1, 0.1], [0, 0.1]]}", r"tick_bands are .*rising"),
        ("ES: {tick: 0.25", r"not valid YAML"),
    ],
)
def test_mistakes(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, text)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.yaml cannot be read"):
        load_instruments(tmp_path / "nowhere.yaml")
