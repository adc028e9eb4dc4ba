"""What can go wrong with a broker at the other end of a wire; each names its remedy.

SlipwayError
├── ConfigError
│   └── ClientLibraryError     no client library, or two that share a folder
├── ConnectError               no session with TWS: carries the diagnosis
├── LinkLostError              the connection ended while something was awaited
├── PacingError                a limit on requests would be, or was, exceeded
├── RequestError               a request was refused, or not answered in time
└── DataError
    └── ContractError          no contract, or several, where one is needed
"""

from __future__ import annotations

__all__ = [
    "ClientLibraryError",
    "ConnectError",
    "ContractError",
    "LinkLostError",
    "PacingError",
    "RequestError",
]

from framework.errors import ConfigError, DataError, SlipwayError


class ClientLibraryError(ConfigError):
    """There is no client library, or there are two."""


class ConnectError(SlipwayError):
    """No session with TWS or IB Gateway could be made.

    Args:
        cause: short name of the diagnosis, such as "not_running".
        problem, remedy: see SlipwayError.
    """

    def __init__(self, cause: str, problem: str, remedy: str = "") -> None:
        self.cause = cause
        super().__init__(problem, remedy)


class LinkLostError(SlipwayError):
    """The connection ended while something was awaited."""


class PacingError(SlipwayError):
    """A limit on requests would be exceeded, or the broker says it was."""


class RequestError(SlipwayError):
    """A request was refused, or not answered in time.

    Args:
        code: the broker's error code; 0 where there was no answer.
        problem, remedy: see SlipwayError.
    """

    def __init__(self, code: int, problem: str, remedy: str = "") -> None:
        self.code = code
        super().__init__(problem, remedy)


class ContractError(DataError):
    """No contract, or several, where exactly one is needed."""
