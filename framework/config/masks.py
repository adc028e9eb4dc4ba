"""Account ids as they may be shown: the same account always looks the same, and tells little."""

from __future__ import annotations

__all__ = ["masked", "masked_text"]

import re
from collections.abc import Iterable

from framework.engine.journal_lock import masked as masked_digits
from framework.engine.journal_lock import masked_text as masked_usual

_SHOWN = 2


def masked(account: str) -> str:
    """An account's id as the journal writes it, U1234567 as U*****67; one without digits at its
    end shows its first and last letters."""
    found = masked_digits(account)
    if found != account or len(account) <= 2 * _SHOWN:
        return found
    return f"{account[:_SHOWN]}{'*' * (len(account) - 2 * _SHOWN)}{account[-_SHOWN:]}"


def masked_text(text: str, accounts: Iterable[str] = ()) -> str:
    """A text with every account id in it masked.

    Args:
        text: any.
        accounts: ids that are known, whatever they look like; the usual forms are found anyway.
    """
    for account in sorted(filter(None, accounts), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(account)}(?!\w)", masked(account), text)
    return masked_usual(text)
