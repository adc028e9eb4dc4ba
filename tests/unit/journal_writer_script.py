"""A process that writes a journal until it is killed, and says of each intent that it is sent."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from framework.engine.journal import open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Instant, Started, Submit
from tests.builders import bracket_of, order_of


def main(path: Path) -> None:
    journal = open_journal(path, Trader("DU1234567", 1), iter(range(1, 1 << 40)).__next__)
    journal.append(Started(0, "paper", "DU*****67", 1, "Writer"))
    first = journal.number
    for number in count(first):
        journal.append(Instant(number, 1, ()))
        family = bracket_of(order_of("market", id=f"w-{number}"), 95.0, 110.0)
        journal.append(Submit(number, 1, tuple(family)))
        print(family[0].id, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
