"""The whole session of ib_insync or ib_async, in order."""

from __future__ import annotations

import async_account
import async_combos
import async_connection
import async_contracts
import async_data
import async_more
import async_orders
import async_refusals
from async_session import Session
from steps import run_awaited

SECONDS = 30.0
"""How long one step may take."""


async def play(session: Session) -> bool:
    """Run the steps; answers whether all went well."""
    if session.options.read_only:
        listed = [*async_connection.COMING.listed[:-1], *async_refusals.READ_ONLY.listed]
        listed += [async_contracts.STEPS.listed[0], *async_connection.LEAVING.listed[-3:]]
    elif session.options.accounts > 1:
        listed = [*async_connection.COMING.listed, async_contracts.STEPS.listed[0]]
        listed += [*async_account.TWO_ACCOUNTS.listed, *async_connection.LEAVING.listed[-3:]]
    else:
        listed = [
            *async_connection.COMING.listed,
            *async_contracts.STEPS.listed,
            *async_data.HISTORY.listed,
            *async_data.LIVE.listed,
            *async_more.DATA.listed,
            *async_orders.STEPS.listed,
            *async_combos.STEPS.listed,
            *async_more.ORDERS.listed,
            *async_refusals.STEPS.listed,
            *async_account.STEPS.listed,
            *async_data.LATER.listed,
            *async_connection.LEAVING.listed,
        ]
    return await run_awaited(listed, session, SECONDS)
