"""Handing the turn over and taking it back: one of two runs, never both."""

from __future__ import annotations

import pytest

from framework.emulator.server.handoff import Handoff


def test_work_stops_where_it_pauses_and_goes_on_when_told() -> None:
    said: list[str] = []
    handoff = Handoff()

    def work() -> None:
        said.append("first")
        handoff.pause()
        said.append("second")

    assert handoff.start(work)
    said.append("meanwhile")
    assert not handoff.resume()
    assert said == ["first", "meanwhile", "second"]
    handoff.close()


def test_what_the_work_raises_comes_to_the_caller() -> None:
    handoff = Handoff()
    with pytest.raises(ValueError, match="no"):
        handoff.start(lambda: (_ for _ in ()).throw(ValueError("no")).__next__())
    handoff.close()


def test_work_that_nobody_takes_up_again_ends_and_no_handler_of_its_own_goes_on() -> None:
    said: list[str] = []
    handoff = Handoff()

    def work() -> None:
        try:
            handoff.pause()
        except Exception:  # what a strategy might do; the end of the work must pass it by
            said.append("handled")
        finally:
            said.append("left")
        handoff.pause()

    assert handoff.start(work)
    running = handoff._running
    assert running is not None
    handoff.close()
    error = running.exception(timeout=10)
    assert error is not None
    assert not isinstance(error, Exception)
    assert said == ["left"]
