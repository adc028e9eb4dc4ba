"""The host: an emulator in lockstep that is told by a control socket when to go on, and outlives
whoever tells it."""

from __future__ import annotations

__all__ = ["CLIENT", "Host", "run_host"]

import asyncio
import json
import os
from collections.abc import Sequence

from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.emulator.build import lockstep_gateway
from framework.emulator.exchange.executions import Executed
from framework.emulator.exchange.placed import Placed
from framework.emulator.server.settings import LOOPBACK, GatewaySettings
from framework.session.lockstep import ACCOUNT

CLIENT = 1

Said = dict[str, object]


class Host:
    """A market, and whoever is connected to its control socket.

    Lines of JSON: `hello` answers with time and port, `step` with `stepped`, and with `quiet`
    wherever clients may react within the bar, which waits for `go`; `truth` answers with the books.

    Args:
        bars: what the market plays.
        settings: how its one account is treated.
    """

    def __init__(self, bars: Sequence[Bars], settings: BacktestSettings) -> None:
        serving = GatewaySettings(
            accounts=(ACCOUNT,),
            messages_per_second=0,
            market_data_lines=0,
            paces_history=False,
            master_client=CLIENT,
        )
        self._gateway = lockstep_gateway(bars, settings, serving)
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        await self._gateway.start()
        server = await asyncio.start_server(self._served, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._server = server

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                await self._answer(json.loads(line)["do"], reader, writer)
        except OSError:
            pass  # the session was killed: that is what this is for
        finally:
            writer.close()

    async def _answer(
        self, do: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async def quiet() -> None:
            self._say(writer, {"say": "quiet"})
            if not await reader.readline():
                raise ConnectionResetError("the session has gone")

        match do:
            case "hello":
                while CLIENT in self._gateway.hub.sessions:
                    await asyncio.sleep(0.001)
                self._say(writer, {"say": "hello", "port": self._gateway.port})
            case "step":
                more = await self._gateway.step_with(quiet)
                self._say(writer, {"say": "stepped", "more": more})
            case "truth":
                self._say(writer, {"say": "truth"} | self._truth())
        await writer.drain()

    def _say(self, writer: asyncio.StreamWriter, said: Said) -> None:
        present = {"now": self._gateway.hub.clock.now(), "midway": self._gateway.is_midway}
        writer.write(json.dumps(said | present).encode() + b"\n")

    def _truth(self) -> Said:
        """The true books: orders, executions, money and positions."""
        account = self._gateway.hub.exchange.accounts[ACCOUNT]
        held = {name: one.quantity for name, one in account.book.positions.items()}
        return {
            "orders": [_order_row(one) for one in self._gateway.hub.exchange.placed()],
            "executions": [_execution_row(one) for one in account.executions.all],
            "cash": account.book.cash,
            "positions": {name: units for name, units in held.items() if units},
            "equity": account.equity(),
        }


def _order_row(one: Placed) -> list[object]:
    names = (one.order.order_ref, one.client_id, one.order_id, one.perm_id)
    return [*names, one.status, one.filled, one.commission]


def _execution_row(one: Executed) -> list[object]:
    execution = one.details.execution
    units = execution.shares if execution.side == "BOT" else -execution.shares
    paid = 0.0 if one.commission is None else one.commission.commission
    return [execution.exec_id, execution.order_ref, one.symbol, units, execution.price, paid]


def run_host(bars: Sequence[Bars], settings: BacktestSettings, ready: int) -> None:
    """Play the market until killed.

    Args:
        bars, settings: as for `Host`.
        ready: file descriptor the port of the control socket is written to.
    """

    async def play() -> None:
        host = Host(bars, settings)
        await host.start()
        os.write(ready, str(host.port).encode())
        os.close(ready)
        await asyncio.Event().wait()

    asyncio.run(play())
