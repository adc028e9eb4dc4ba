"""Salvage: in the place of a session that is dead, only to use the kill switch."""

from __future__ import annotations

__all__ = ["HASTE", "TRIES", "Salvage"]

from framework.brokers.ib.settings import Timings
from framework.operations.stop_flag import Strike
from framework.session.striking import Aftermath
from framework.session.voyage import Voyage

HASTE = Timings(first_wait=0.5, longest_wait=2.0)
"""Waits of a connection in a dead session's place."""
TRIES = 6
"""Tries to connect: TWS may not have noticed yet that the one before is gone."""


class Salvage(Voyage):
    """A session that takes up a dead one's journal, and ends it."""

    async def salvage(self, strike: Strike, everything: bool, patience: float) -> Aftermath:
        """Connect, recover, and use the kill switch.

        Args:
            strike: what is asked for.
            everything: whether other people's orders are to be cancelled, too.
            patience: seconds to wait for the proof.

        Raises:
            SlipwayError: it cannot be done.
        """
        rigging = self._rigging
        rigging.connection.watch(self._noticed)
        try:
            await rigging.connection.open(attempts=TRIES)
            self._check_account()
            await self._look_up()
            await self._begin()
            await self._show()
            await self._compare()
            aftermath = await self.strike(strike, patience)
            if everything:
                rigging.broker.cancel_everything()
            self._reason = f"the kill switch was used: {strike.reason}"
            await self._end()
            return aftermath
        finally:
            await self._post.close()
            await rigging.connection.close()
