"""Topics: what the news in a session's journal can be about."""

from __future__ import annotations

__all__ = ["Topic"]

from enum import StrEnum


class Topic(StrEnum):
    """What a piece of news is about."""

    DOUBT = "doubt"
    """New risk is kept out, or let in again: an empty reason."""
    CANCEL = "cancel"
    """The user cancels an order."""
    KILL = "kill"
    """The kill switch is used."""
    LIFT = "lift"
    """It is taken back."""
    CAP = "cap"
    """To how many percent of equity positions are held; empty for no cap."""
    OVERRIDE = "override"
    """The user has set a safeguard aside, with the reason."""
