"""Mutation: a change of one file that takes the handling of a failure away."""

from __future__ import annotations

from dataclasses import dataclass

IB = "brokers/ib/"
CONNECTION = "test_ib_fault_connection.py"
ORDERS = "test_ib_fault_orders.py"
FILLS = "test_ib_fault_fills.py"
FEED = "test_ib_feed.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is broken, and which tests are to notice.

    Attributes:
        rows: of the table of failures.
        handling: what is taken away, in words.
        file: below framework/.
        old: text that occurs once in it.
        new: what stands there instead.
        tests: file below tests/unit/.
        select: pytest's -k.
    """

    rows: tuple[int, ...]
    handling: str
    file: str
    old: str
    new: str
    tests: str
    select: str

    @property
    def label(self) -> str:
        """Its rows as they are printed."""
        return ",".join(map(str, self.rows))

    def is_named(self, name: str) -> bool:
        """Whether it is meant by a row's number, or by a part of its words."""
        return name in self.label.split(",") or (not name.isdigit() and name in self.handling)

    def applied(self, text: str) -> str:
        """The file's text, mutated.

        Raises:
            ValueError: its old text is not there exactly once.
        """
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.label} {self.handling}: found {found} times in {self.file}")
        return text.replace(self.old, self.new)
