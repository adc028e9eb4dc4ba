"""The session of ib_insync.

python tests/clients/session_ib_insync.py --port N [--client-id 1] [--accounts 2] [--read-only]
"""

from __future__ import annotations

import asyncio
import sys

import ib_insync
from async_run import play
from async_session import Session
from steps import options


async def main() -> bool:
    """Play the session in this loop."""
    return await play(Session(ib_insync, options(__doc__)))


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
