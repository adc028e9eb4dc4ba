"""Requests: a run file and the flags laid over it, as one run file and as what it asks for."""

from __future__ import annotations

__all__ = ["request_from", "run_file_from"]

from framework.cli.flags import RunFlags, overlay
from framework.config.request import Request, request_of
from framework.config.runfile import RunFile, read, validate


def run_file_from(flags: RunFlags) -> RunFile:
    """The run file that flags and `--config` come to.

    Raises:
        ConfigError: something in it cannot be used.
    """
    content = {} if flags.config is None else read(flags.config.expanduser())
    merged, places = overlay(content, flags)
    where = "the command line" if flags.config is None else flags.config.name
    return validate(merged, where, places)


def request_from(flags: RunFlags) -> Request:
    """What flags and `--config` ask for.

    Raises:
        ConfigError: something in it cannot be used, or no strategy is named.
    """
    return request_of(run_file_from(flags))
