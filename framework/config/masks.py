"""Account ids and secrets as they may be shown: the same account always looks the same, and tells
little; a secret never looks like anything."""

from __future__ import annotations

__all__ = ["HIDDEN", "Mask", "MaskedRecords", "masked", "masked_text"]

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from framework.engine.journal_lock import masked as masked_digits
from framework.engine.journal_lock import masked_text as masked_usual

HIDDEN = "***"
"""What stands in a secret's place."""

_SHOWN = 2
_SHORTEST = 4
"""Characters from which on a secret is searched for in texts; a shorter one would be found in every
other word."""
_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/?#:@]*):[^\s/?#@]+@", re.IGNORECASE)
_NAMED = re.compile(
    r"([?&](?:\w*(?:key|token|pass|password|passwd|pwd|secret|sig|signature)))=[^&\s#]+",
    re.IGNORECASE,
)


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


class Mask:
    """Hides account ids and secrets in texts, and can learn of more while it is in use.

    Besides what it knows it hides every account id of the usual forms, and in URLs passwords and
    what is named a key, token, password, secret or signature.

    Args:
        accounts: ids that are known, whatever they look like.
        secrets: texts that must not be shown.
    """

    def __init__(self, accounts: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        self._accounts: frozenset[str] = frozenset()
        self._secrets: frozenset[str] = frozenset()
        self.know(accounts, secrets)

    def know(self, accounts: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        """Hide these too, from now on."""
        self._accounts |= frozenset(accounts) - {""}
        forms = {
            form for one in secrets for form in (one, quote(one, safe=""), quote_plus(one, safe=""))
        }
        self._secrets |= {one for one in forms if len(one) >= _SHORTEST}
        self._account = re.compile(rf"(?<!\w)(?:{_any_of(self._accounts)})(?!\w)")
        self._secret = re.compile(_any_of(self._secrets))

    def __call__(self, text: str) -> str:
        """A text with all of it hidden."""
        if self._secrets:
            text = self._secret.sub(HIDDEN, text)
        if "://" in text:
            text = _NAMED.sub(rf"\1={HIDDEN}", _LOGIN.sub(rf"\1:{HIDDEN}@", text))
        if self._accounts:
            text = self._account.sub(_masked_match, text)
        return masked_usual(text)


def _any_of(texts: Iterable[str]) -> str:
    """A pattern of any of them, the longest first."""
    return "|".join(map(re.escape, sorted(texts, key=len, reverse=True)))


def _masked_match(found: re.Match[str]) -> str:
    return masked(found[0])


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
