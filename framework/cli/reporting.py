"""How an error leaves: one sentence on stderr and an exit code; a traceback if asked for."""

from __future__ import annotations

__all__ = ["INTERRUPTED", "complain", "reporting"]

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from framework.errors import SlipwayError

INTERRUPTED = 130
"""Exit code of a run cut short by Ctrl-C."""


@contextmanager
def reporting(debug: bool, quiet: bool = False) -> Iterator[None]:
    """Turn whatever is raised inside into a message and an exit code, and show the log.

    Args:
        debug: show tracebacks, and everything that is logged.
        quiet: show no line of the log below a warning.
    """
    logger = logging.getLogger("slipway")
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    usual = logging.WARNING if quiet else logging.INFO
    logger.setLevel(logging.DEBUG if debug else usual)
    try:
        yield
    except (typer.Exit, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        complain("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    except SlipwayError as error:
        _show_trace(debug)
        complain(f"Error: {error}")
        raise typer.Exit(error.exit_code) from None
    except Exception as error:  # the last line of defence: whatever it is, say what to do
        _show_trace(debug)
        remedy = "please report it" if debug else "run again with --debug and report what it shows"
        complain(f"Error: a defect of Slipway ({type(error).__name__}: {error}); {remedy}.")
        raise typer.Exit(1) from None
    finally:
        logger.removeHandler(handler)


def complain(text: str) -> None:
    """A line on stderr."""
    typer.echo(text, err=True)


def _show_trace(debug: bool) -> None:
    if debug:
        complain(traceback.format_exc())
