"""Every mutation still fits the code it breaks, and every row it is for has one."""

from __future__ import annotations

import pytest

from tests.mutations.bench import ROOT
from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS, ROWS


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"{one.label} {one.handling}")
def test_a_mutation_fits_its_file(mutation: Mutation) -> None:
    text = (ROOT / "framework" / mutation.file).read_text()
    mutated = mutation.applied(text)
    assert mutated != text
    compile(mutated, mutation.file, "exec")
    assert (ROOT / "tests" / "unit" / mutation.tests).is_file()


def test_every_row_has_a_mutation() -> None:
    assert {row for one in MUTATIONS for row in one.rows} == ROWS


def test_text_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="found 0 times"):
        MUTATIONS[0].applied("")
