"""Masking: account ids never reach a screen or a log as they are."""

from __future__ import annotations

__all__ = ["MaskedRecords", "masked", "masked_text"]

import logging
from collections.abc import Iterable

from framework.config.masks import masked, masked_text


class MaskedRecords(logging.Filter):
    """A filter of handlers that masks every account id in what is logged, tracebacks included.

    Args:
        accounts: ids that are known, whatever they look like; the usual forms are found anyway.
    """

    def __init__(self, accounts: Iterable[str] = ()) -> None:
        super().__init__()
        self._accounts = tuple(accounts)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record; it is always kept."""
        record.msg = masked_text(record.getMessage(), self._accounts)
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = masked_text(record.exc_text, self._accounts)
        return True
