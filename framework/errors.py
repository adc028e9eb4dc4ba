"""Every error Slipway raises on purpose; each names the thing, the value and the remedy.

SlipwayError                 base; `exit_code` is what the command line returns
├── InputError           2   what the user gave cannot be used
│   ├── DataError            a bar file, a row in it, a symbol, an unanswered question about it
│   ├── ConfigError          a flag, a run file, a component name or a parameter
│   ├── OrderError           a verb called with arguments no broker could take
│   └── StrategyError        the strategy's own code raised; its line is in the message
├── LookaheadError       1   an indicator or condition that knows the future
├── ReconcileError       1   the ledger and the broker's book disagree
└── ConnectError, LinkLostError, PacingError, RequestError
                         1   the connection to a broker: in framework/brokers/ib/problems.py
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DataError",
    "InputError",
    "LookaheadError",
    "OrderError",
    "ReconcileError",
    "SlipwayError",
    "StrategyError",
    "did_you_mean",
]

from collections.abc import Iterable
from difflib import get_close_matches


class SlipwayError(Exception):
    """Base of every deliberate error.

    Args:
        problem: one sentence naming the thing and the value.
        remedy: one sentence saying what to do; appended to the message.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}".strip())


class InputError(SlipwayError):
    """What the user gave cannot be used; nothing has run."""

    exit_code = 2


class DataError(InputError):
    """A bar file, a row in it, a symbol, or an unanswered question about them."""


class ConfigError(InputError):
    """A flag, a run file, a component name or a parameter."""


class OrderError(InputError):
    """A strategy verb called with arguments no broker could take."""


class StrategyError(InputError):
    """The strategy's own code raised, or cannot be loaded."""


class LookaheadError(SlipwayError):
    """An indicator or condition whose past values change when the future is cut off."""


class ReconcileError(SlipwayError):
    """The ledger and the broker's book disagree."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy sentence for a misspelt name: the nearest known ones, then all of them."""
    options = sorted(known)
    near = get_close_matches(name.lower(), [option.lower() for option in options], n=1, cutoff=0.6)
    listing = f"Known: {', '.join(options)}." if options else "There are none."
    if not near:
        return listing
    best = next(option for option in options if option.lower() == near[0])
    return f"Did you mean {best!r}? {listing}"
