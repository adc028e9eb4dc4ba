"""RejectedError: why a request is not taken, with TWS's code and words."""

from __future__ import annotations

__all__ = ["RejectedError"]


class RejectedError(Exception):
    """A request is not taken.

    Args:
        code: TWS's error code.
        text: the message sent with it.
    """

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"{code}: {text}")
