"""The session of IB's own client, of either release: 9.81.1 at version 157, 10.46.1 at 178.

python tests/clients/session_ibapi.py --port N [--client-id 1] [--accounts 2] [--read-only]
"""

from __future__ import annotations

import sys

import official_account
import official_data
import official_orders
from official import Session
from steps import options, run


def main() -> bool:
    """Play the session in order."""
    session = Session(options(__doc__))
    if session.options.read_only:
        listed = official_data.COMING.listed[:2] + official_data.CONTRACTS.listed[:1]
        listed += official_orders.READ_ONLY.listed + official_data.LEAVING.listed[-3:]
    elif session.options.accounts > 1:
        listed = official_data.COMING.listed + official_data.CONTRACTS.listed[:1]
        listed += official_account.TWO_ACCOUNTS.listed + official_data.LEAVING.listed[-3:]
    else:
        listed = [
            *official_data.COMING.listed,
            *official_data.CONTRACTS.listed,
            *official_data.DATA.listed,
            *official_orders.STEPS.listed,
            *official_orders.REFUSALS.listed,
            *official_account.STEPS.listed,
            *official_data.LATER.listed,
            *official_account.LEAVING.listed,
            *official_data.LEAVING.listed,
        ]
    return run(listed, session)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
