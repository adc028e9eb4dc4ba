"""The messages a plan may name: the classes the protocol has, by direction."""

from __future__ import annotations

__all__ = ["check_messages", "noun_of"]

from functools import cache

from framework.emulator.faults.fault import Fault
from framework.emulator.faults.message import Direction
from framework.emulator.faults.triggers import OnAnswer, OnRequest
from framework.emulator.faults.verbs import expanded
from framework.emulator.faults.verbs_message import Hold, Swap
from framework.emulator.protocol.answers import ANSWERS
from framework.emulator.protocol.requests import REQUESTS
from framework.errors import ConfigError, did_you_mean


@cache
def _known(direction: Direction) -> dict[str, type]:
    table = REQUESTS if direction is Direction.REQUEST else ANSWERS
    return {one.noun.__name__: one.noun for messages in table.values() for one in messages}


def noun_of(direction: Direction, message: str) -> type:
    """The class of a message by its name."""
    return _known(direction)[message]


def check_messages(fault: Fault, where: str) -> None:
    """Refuse messages nobody sends.

    Raises:
        ConfigError: naming the message and the nearest one.
    """
    when = fault.when
    if isinstance(when, OnRequest):
        _check(when.request, Direction.REQUEST, f"{where}: when.request")
    if isinstance(when, OnAnswer):
        _check(when.answer, Direction.ANSWER, f"{where}: when.answer")
    for verb in expanded(fault.do):
        if isinstance(verb, Hold):
            both = {**_known(Direction.REQUEST), **_known(Direction.ANSWER)}
            for name in verb.until:
                if name not in both:
                    raise ConfigError(f"{where}: hold.until is {name!r}.", did_you_mean(name, both))
        if isinstance(verb, Swap):
            way = Direction.REQUEST if isinstance(when, OnRequest) else Direction.ANSWER
            _check(verb.other, way, f"{where}: swap.other")


def _check(names: tuple[str, ...], direction: Direction, where: str) -> None:
    known = _known(direction)
    other = Direction.ANSWER if direction is Direction.REQUEST else Direction.REQUEST
    for name in names:
        if name in known:
            continue
        if name in _known(other):
            raise ConfigError(
                f"{where} is {name!r}.", f"{name} is {_article(other)}: name it there."
            )
        raise ConfigError(f"{where} is {name!r}.", did_you_mean(name, known))


def _article(direction: Direction) -> str:
    return f"{'an' if direction is Direction.ANSWER else 'a'} {direction}"
