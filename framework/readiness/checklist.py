"""Checklist: what no program can know, asked of the person whose money it is."""

from __future__ import annotations

__all__ = ["QUESTIONS", "Question", "answered", "digest"]

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from framework.errors import ConfigError, did_you_mean


@dataclass(frozen=True, slots=True)
class Question:
    """One question, to be answered with yes.

    Attributes:
        name: short, as an answer file has it.
        text: as it is asked, and as docs/going-live.md has it.
    """

    name: str
    text: str


QUESTIONS = (
    Question("loss", "Can you lose the whole of what the daily and the total loss limit allow?"),
    Question("account", "Is the account the one you mean, with the permissions its orders need?"),
    Question("api", "Are TWS's API settings as docs/going-live.md has them, read-only off?"),
    Question("data", "Are the market data subscriptions live, for every symbol it trades?"),
    Question("restart", "Does TWS or IB Gateway restart by itself each day, and was that watched?"),
    Question("login", "Does somebody know when the weekly login is due, and can they do it?"),
    Question("service", "Does the session come back by itself after the machine restarts?"),
    Question("clock", "Is the machine's clock kept by NTP?"),
    Question("alerts", "Do alerts reach somebody who can act, at any hour it trades?"),
    Question("kill", "Can that person use the kill switch from where they are?"),
    Question("phone", "Do they know how to close positions in TWS or on the phone without this?"),
    Question("standby", "Is it settled what happens if the machine is lost, and was it tried?"),
    Question("backup", "Are journal and configuration backed up, and was a restore tried?"),
    Question("rollback", "Is it written down when to stop, and how to go back to paper?"),
)
"""All of them, in the order they are asked."""


def digest() -> str:
    """What changes when the questions do."""
    return sha256("\n".join(one.text for one in QUESTIONS).encode()).hexdigest()[:12]


def answered(answers: Mapping[str, object]) -> tuple[bool, str]:
    """Whether everything was answered with yes, and in one sentence what was not.

    Raises:
        ConfigError: an answer to no question, or one that is neither yes nor no.
    """
    known = [one.name for one in QUESTIONS]
    for name, answer in answers.items():
        if name not in known:
            raise ConfigError(f"There is no question {name!r}.", did_you_mean(name, known))
        if not isinstance(answer, bool):
            raise ConfigError(f"The answer to {name} is {answer!r}.", "Write yes or no.")
    missing = [name for name in known if name not in answers]
    refused = [name for name in known if answers.get(name) is False]
    if missing or refused:
        parts = [f"no to {', '.join(refused)}"] if refused else []
        parts += [f"no answer to {', '.join(missing)}"] if missing else []
        return False, "; ".join(parts)
    return True, f"all {len(known)} questions answered with yes ({digest()})"
