"""Salvage: in the place of a session that is dead, only to use the kill switch."""

from __future__ import annotations

__all__ = ["Salvage"]

from framework.operations.stop_flag import Strike
from framework.session.striking import Aftermath
from framework.session.voyage import Voyage


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
            await rigging.connection.open(attempts=1)
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
