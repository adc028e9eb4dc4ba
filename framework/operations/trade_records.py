"""Trade records: what a session bought and sold, and what came of it, as Parquet files by date."""

from __future__ import annotations

__all__ = ["TradeRecords"]

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from framework.backtest.record import RunRecord
from framework.calendar import DAY
from framework.operations.storage import storage_of
from framework.operations.trade_tables import fill_tables, trade_tables
from framework.operations.worker import Tell, Worker, logged
from framework.research.trades import trades_of


class TradeRecords:
    """Keeps `<date>/fills-<session>.parquet` and `<date>/trades-<session>.parquet`.

    A file holds all of its day, so writing it twice changes nothing, and a fee that comes late
    corrects it. A thread of its own does the writing. A day that cannot be written is told and
    tried again with the next; the journal has it all.

    Args:
        place: a folder, or an address of fsspec's, such as s3://bucket/trades.
        session: name of the session's folder; it stands in every row.
        mask: hides what must not be shown, in what is told.
        tell: told what went wrong.

    Raises:
        ConfigError: nothing installed can reach the place.
    """

    def __init__(
        self,
        place: str | Path,
        session: str,
        mask: Callable[[str], str],
        *,
        tell: Tell | None = None,
    ) -> None:
        self._place = mask(str(place))
        self._session = session
        self._mask = mask
        self._tell = logged("slipway.trades") if tell is None else tell
        self._storage = storage_of(place)
        self._kept: dict[str, bytes] = {}
        self._failed = False
        self._day = 0
        self._worker: Worker[RunRecord] = Worker("trade records", self._work, self._tell, room=16)

    def is_due(self, now: int) -> bool:
        """Whether a day has begun since this was last asked; the first time, no.

        Args:
            now: nanoseconds UTC.
        """
        before, self._day = self._day, now // DAY
        return before not in (0, self._day)

    def keep(self, record: RunRecord) -> None:
        """Write what has happened so far, as far as it is not written yet. It does not wait.

        Args:
            record: everything the session has done, what it did before a restart included.
        """
        self._worker.give(record, insists=True)

    def close(self, deadline: float = 5.0) -> bool:
        """Wait until it is written, for `deadline` seconds at most.

        Returns:
            Whether it is.
        """
        is_done = self._worker.close(deadline)
        if not is_done:
            self._tell(
                f"Trade records: the session ended before they were written to {self._place}."
            )
        return is_done and not self._failed

    # in the worker's thread ------------------------------------------------------------------

    def _work(self, records: Sequence[RunRecord], _is_last: bool) -> None:
        if not records:
            return
        self._failed = True  # until it is known better
        found = [self._put(name, table) for name, table in self._files(records[-1])]
        failures = [reason for reason in found if reason]
        self._failed = bool(failures)
        if failures:
            self._tell(
                f"Trade records: {len(failures)} files cannot be written to {self._place}: "
                f"{self._mask(failures[0])}. The journal has what is in them."
            )

    def _files(self, record: RunRecord) -> Iterator[tuple[str, pa.Table]]:
        trades = trade_tables(trades_of(record), record.currency, self._session)
        kinds: Mapping[str, Mapping[str, pa.Table]] = {
            "fills": fill_tables(record, self._session),
            "trades": trades,
        }
        for kind, tables in kinds.items():
            for day, table in tables.items():
                yield f"{day}/{kind}-{self._session}.parquet", table

    def _put(self, name: str, table: pa.Table) -> str:
        """Why a file could not be written; empty if it is, or was before."""
        buffer = pa.BufferOutputStream()
        pq.write_table(table, buffer, compression="zstd")
        content = buffer.getvalue().to_pybytes()
        mark = sha256(content).digest()
        if self._kept.get(name) == mark:
            return ""
        try:
            self._storage.put(name, content)
        except Exception as error:  # the storages are other people's code
            return f"{type(error).__name__}: {error}"
        self._kept[name] = mark
        return ""
