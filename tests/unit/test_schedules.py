"""Fee files: what is shipped is complete and sourced, what cannot be used is named."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

import framework.components
from framework.components.schedule_files import read_schedule, shipped_schedule
from framework.components.schedules import Dated, root_matches
from framework.domain.instruments import AssetType
from framework.errors import ConfigError

FEES = Path(framework.components.__file__).parent / "fees"
ENTRIES = [
    pytest.param(entry, id=f"{section}-{entry['valid_from']}")
    for file in sorted(FEES.glob("*.yaml"))
    for section, entries in yaml.safe_load(file.read_text("utf-8")).items()
    for entry in entries
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_shipped_entry_says_where_it_was_read_and_when(entry: dict[str, object]) -> None:
    assert len(str(entry["source"])) > 20
    assert "://" not in str(entry["source"])
    assert entry["seen"] >= entry["valid_from"]  # type: ignore[operator]


def test_the_shipped_schedule_prices_every_kind_that_trades() -> None:
    kinds = set(shipped_schedule().plans)
    assert kinds == set(AssetType) - {AssetType.INDEX}
    assert shipped_schedule() is shipped_schedule()


def test_of_dated_values_the_last_one_begun_holds() -> None:
    dated = Dated((10, 20, 30), ("a", "b", "c"))
    expected = {-5: "a", 10: "a", 19: "a", 20: "b", 29: "b", 30: "c", 99: "c"}
    assert {day: dated.at(day) for day in expected} == expected
    for day in expected:
        first, until = dated.span(day)
        assert first <= day < until
        assert {dated.at(near) for near in range(-9, 99) if first <= near < until} == {
            dated.at(day)
        }
    assert all(a < b for a, b in pairwise(dated.starts))


@pytest.mark.parametrize(
    ("root", "symbol", "fits"),
    [
        ("ES", "ES", True),
        ("ES", "ESZ5", True),
        ("ES", "ESZ2025", True),
        ("ES", "ESTX50", False),
        ("ES", "ESA5", False),
        ("ES", "ESZ", False),
        ("ES", "MES", False),
        ("E", "ESZ5", False),
        ("2YY", "2YYF6", True),
    ],
)
def test_a_root_names_its_months(root: str, symbol: str, fits: bool) -> None:
    assert root_matches(root, symbol) is fits


HEAD = "valid_from: 2024-01-01, source: a letter, seen: 2024-02-01"


def stock(table: str) -> str:
    return f"stock: [{{{HEAD}, both: {{any: {table}}}}}]"


BROKEN = {
    "empty": ("", "has no entries"),
    "no yaml": ("stock: [", "is not valid YAML"),
    "a list": ("[1]", r"is \[1\]"),
    "section": ("stocks: []", r"unknown key 'stocks'\. Did you mean 'stock'"),
    "no list": ("stock: 3", "stock is 3. Write a list"),
    "no entries": ("stock: []", "Write a list with at least one entry"),
    "entry": ("stock: [3]", "stock, entry 1 is 3"),
    "date": (stock("{rate: 1}").replace("2024-01-01", "soon"), "valid_from is 'soon'"),
    "no date": ("stock: [{source: x}]", "valid_from is None"),
    "order": (
        f"section_31: [{{{HEAD}, per_million: 1}}, {{{HEAD}, per_million: 2}}]",
        "section_31, entry 2: valid_from is .* a later day",
    ),
    "source": (stock("{rate: 1}").replace("source: a letter, ", ""), "source is None"),
    "seen": (stock("{rate: 1}").replace(", seen: 2024-02-01", ""), "seen is None"),
    "key": (stock("{rate: 1}").replace("both", "fixd"), "unknown key 'fixd'.*'fixed'"),
    "no plan": (f"stock: [{{{HEAD}}}]", "Give fixed and tiered"),
    "both and one": (
        f"stock: [{{{HEAD}, both: {{any: {{rate: 1}}}}, fixed: {{any: {{rate: 1}}}}}}]",
        "or both alone",
    ),
    "no rate": (stock("{minimum: 1}"), "entry 1, both, any needs one of rate and percent"),
    "two rates": (stock("{rate: 1, percent: 1}"), "needs one of rate and percent"),
    "negative": (stock("{rate: -1}"), "rate is -1. Give a number of at least 0"),
    "text": (stock("{rate: free}"), "rate is 'free'"),
    "yes": (stock("{rate: yes}"), "rate is True"),
    "infinite": (stock("{rate: .inf}"), "rate is inf"),
    "minimum": (stock("{rate: 1, minimum: -1}"), "minimum is -1"),
    "cap": (stock("{rate: 1, maximum_percent: x}"), "maximum_percent is 'x'"),
    "rate and tiers": (stock("{rate: 1, tiers: [{rate: 1}]}"), "has tiers and rate"),
    "bands and rate": (stock("{rate: 1, bands: [{price_from: 0, rate: 1}]}"), "bands and rate"),
    "open tier": (stock("{tiers: [{rate: 1}, {rate: 2}]}"), "tier 1: up_to is None"),
    "closed tier": (stock("{tiers: [{up_to: 5, rate: 1}]}"), "tier 1: up_to is 5"),
    "falling": (
        stock("{tiers: [{up_to: 5, rate: 1}, {up_to: 5, rate: 1}, {rate: 1}]}"),
        "tier 2: up_to is 5",
    ),
    "mixed": (stock("{tiers: [{up_to: 5, rate: 1}, {percent: 1}]}"), "mixes rate and percent"),
    "first band": (stock("{bands: [{price_from: 1, rate: 1}]}"), "price_from is 1"),
    "bands": (
        stock("{bands: [{price_from: 0, rate: 1}, {price_from: 0, rate: 1}]}"),
        "band 2: price_from is 0",
    ),
    "root": (
        f"future: [{{{HEAD}, both: {{USD: {{rate: 1}}}}, products: [{{roots: [3]}}]}}]",
        "product 1, roots has 3",
    ),
    "currency": (
        f"exchange_fees: [{{{HEAD}, products: [{{roots: [ES], rate: 1}}]}}]",
        "currency has None",
    ),
    "activity": (
        f"trading_activity: [{{{HEAD}, stock: 1, option: 1}}]",
        "maximum is None",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fee_file_that_cannot_be_used_is_named(name: str, tmp_path: Path) -> None:
    text, message = BROKEN[name]
    path = tmp_path / "fees.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as raised:
        read_schedule(str(path))
    assert str(raised.value).startswith(str(path))


def test_sections_left_out_are_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "fees.yaml"
    path.write_text(f"section_31: [{{{HEAD}, per_million: 7}}]")
    own, shipped = read_schedule(str(path)), shipped_schedule()
    assert own.section_31.at(0) == 7.0
    assert own.plans == shipped.plans
    assert own.exchange_fees == shipped.exchange_fees
