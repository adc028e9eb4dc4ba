"""Verdict: whether a mutation was noticed; and the table in which all are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from tests.mutations.bench import Ending, Run
from tests.mutations.mutation import Mutation


class Verdict(StrEnum):
    """What became of a mutation."""

    KILLED = "killed"
    """A test failed with it."""
    SURVIVED = "SURVIVED"
    """All tests passed with it."""
    UNJUDGED = "NOT JUDGED"
    """Its tests fail without it, too."""


def verdict_of(run: Run | None) -> Verdict:
    """The verdict on a mutation from the run of its tests; None where they could not be run."""
    if run is None:
        return Verdict.UNJUDGED
    return Verdict.SURVIVED if run.ending is Ending.PASSED else Verdict.KILLED


class Table:
    """Prints one line for each mutation, and the count.

    Args:
        chosen: the mutations there will be.
    """

    def __init__(self, chosen: Sequence[Mutation]) -> None:
        self._rows = max(4, *(len(one.label) for one in chosen))
        self._words = max(len(one.handling) for one in chosen)
        self._verdicts = max(map(len, Verdict))

    def head(self) -> None:
        """Print what the columns are."""
        self._print("rows", "handling that is taken away", "verdict", "seconds")

    def row(self, one: Mutation, verdict: Verdict, run: Run | None) -> None:
        """Print one line."""
        seconds = "" if run is None else f"{run.seconds:.1f}"
        self._print(one.label, one.handling, verdict, seconds)

    def foot(self, verdicts: Mapping[Mutation, Verdict]) -> int:
        """Print the count and whatever was not killed; the exit code."""
        left = [one for one, verdict in verdicts.items() if verdict is not Verdict.KILLED]
        killed = len(verdicts) - len(left)
        rows = {row for one in verdicts for row in one.rows}
        print(f"{killed} of {len(verdicts)} killed, of {len(rows)} rows")
        for one in left:
            print(f"{verdicts[one]}: {one.label} {one.handling}")
        return 1 if left else 0

    def _print(self, rows: str, words: str, verdict: str, seconds: str) -> None:
        line = f"{rows:{self._rows}}  {words:{self._words}}  {verdict:{self._verdicts}}"
        print(f"{line}  {seconds:>7}".rstrip(), flush=True)
