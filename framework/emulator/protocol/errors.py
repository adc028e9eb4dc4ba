"""What a message that cannot be read, or cannot be written, is answered with."""

from __future__ import annotations

__all__ = ["ProtocolError"]

from framework.errors import SlipwayError


class ProtocolError(SlipwayError):
    """Bytes that are no message of the negotiated version, or a noun that has no bytes there.

    Args:
        problem: one sentence naming the message, the field and the value.
        message_id: number of the message where it is known.
    """

    def __init__(self, problem: str, message_id: int | None = None) -> None:
        super().__init__(problem)
        self.message_id = message_id
