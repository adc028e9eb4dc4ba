"""A process that holds the locks of a session until it is ended: berth, then account."""

from __future__ import annotations

import sys
from pathlib import Path

from framework.engine.journal import open_journal
from framework.engine.journal_lock import Berth, Trader
from framework.errors import SlipwayError


def main(journal: str, locks: str, host: str, port: str, client: str, account: str) -> None:
    """Take both locks and say so; an account of "-" is one the broker has not told yet."""
    berth = Berth(host, int(port), int(client))
    with open_journal(Path(journal), berth, lambda: 1, Path(locks), synced=False) as opened:
        if account != "-":
            opened.claim(Trader(account, int(client)))
        print("holds", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SlipwayError as error:
        print(error, flush=True)
        sys.exit(error.exit_code)
