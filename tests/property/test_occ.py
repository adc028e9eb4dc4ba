"""Whatever option is named in whatever form, its name reads back to the same contract."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.options.contracts import option_contract, option_symbol
from framework.options.occ import OptionSymbol, day_of, parse_symbol

ROOTS = st.text(string.ascii_uppercase + string.digits + "./", min_size=1, max_size=6)
DAYS = st.integers(day_of("2000-01-01"), day_of("2099-12-31"))
THOUSANDTHS = st.integers(1, 99_999_999)


@given(ROOTS, DAYS, st.sampled_from(Right), THOUSANDTHS)
def test_every_form_reads_back(root: str, day: int, right: Right, thousandths: int) -> None:
    parts = OptionSymbol(root, day, right, thousandths / 1000.0)
    assert len(parts.occ) == 21
    for form in (parts.occ, parts.compact, parts.short):
        assert parse_symbol(form) == parts
    again = parse_symbol(parts.short)
    assert (again.occ, again.compact, again.short) == (parts.occ, parts.compact, parts.short)


@given(ROOTS, DAYS, st.sampled_from(Right), THOUSANDTHS)
def test_a_contract_carries_its_name(root: str, day: int, right: Right, thousandths: int) -> None:
    made = option_contract(Instrument(root), day, right, thousandths / 1000.0)
    parts = option_symbol(made)
    assert made.option is not None
    assert (parts.root, parts.expiry) == (made.option.underlying, made.expiry)
    assert (parts.right, parts.strike) == (made.option.right, made.option.strike)


@given(ROOTS, DAYS, st.sampled_from(Right), st.integers(1, 9_999_999_999))
def test_the_short_form_carries_larger_strikes(
    root: str, day: int, right: Right, thousandths: int
) -> None:
    parts = OptionSymbol(root, day, right, thousandths / 1000.0)
    assert parse_symbol(parts.short) == parts
