"""A fault plan: a list of faults and a seed, read from a YAML file and written back to one."""

from __future__ import annotations

__all__ = ["FaultPlan", "load_plan", "plan_of"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from framework.emulator.faults.fault import Fault, problem_with
from framework.emulator.faults.fields import check_fields
from framework.emulator.faults.kinds import check_messages
from framework.emulator.faults.reading import fault_of, keyed, plain_fault
from framework.emulator.faults.triggers import OnFault
from framework.errors import ConfigError, did_you_mean

_KEYS = ("title", "seed", "faults")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults, and the seed of every chance among them.

    Attributes:
        faults: in the order in which they see a message.
        seed: from 0.
        title: what the plan is about.
    """

    faults: tuple[Fault, ...] = ()
    seed: int = 0
    title: str = ""

    def __post_init__(self) -> None:
        _check(self.faults, self.seed, self.title or "the fault plan")

    def to_yaml(self) -> str:
        """The text of a file that loads as an equal plan."""
        content: dict[str, object] = {"title": self.title} if self.title else {}
        content |= {"seed": self.seed, "faults": [plain_fault(fault) for fault in self.faults]}
        text: str = yaml.safe_dump(
            content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
        )
        return text

    def __str__(self) -> str:
        return self.to_yaml()


def load_plan(path: Path | str, seed: int | None = None) -> FaultPlan:
    """The plan in a YAML file.

    Args:
        path: of the file.
        seed: instead of the file's own.

    Raises:
        ConfigError: naming file, fault, key, value and remedy.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Check the path.") from None
    return plan_of(text, file.name, seed)


def plan_of(text: str, file: str = "the fault plan", seed: int | None = None) -> FaultPlan:
    """The plan a YAML text describes.

    Args:
        text: of a file.
        file: what errors call it.
        seed: instead of the text's own.

    Raises:
        ConfigError: as `load_plan`.
    """
    try:
        content = keyed(file, yaml.safe_load(text), _KEYS)
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is no YAML: {_line(error)}.", "Correct it there.") from None
    rows = content.get("faults")
    if not isinstance(rows, list):
        raise ConfigError(f"{file}: faults is {rows!r}.", "Write a list: - {when: ..., do: ...}.")
    title = content.get("title", "")
    if not isinstance(title, str):
        raise ConfigError(f"{file}: title is {title!r}.", "Give text; quote it.")
    faults = tuple(fault_of(row, number, file) for number, row in enumerate(rows, start=1))
    chosen = _seed(content, file) if seed is None else seed
    _check(faults, chosen, file)
    return FaultPlan(faults, chosen, title)


def _line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)


def _seed(content: Mapping[str, object], file: str) -> int:
    seed = content.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"{file}: seed is {seed!r}.", "Give a whole number from 0.")
    return seed


def _check(faults: Sequence[Fault], seed: int, file: str) -> None:
    """What no single fault can know.

    Raises:
        ConfigError: a bad seed, a name twice, an unknown fault or message, faults in a circle.
    """
    if seed < 0:
        raise ConfigError(f"{file}: seed is {seed}.", "Give a whole number from 0.")
    names: set[str] = set()
    for row, fault in enumerate(faults, start=1):
        where = f"{file}: fault {row} ({fault.name})"
        if fault.name in names:
            raise ConfigError(f"{where} has the name of another one.", "Give each its own.")
        names.add(fault.name)
        problem = problem_with(fault)
        if problem is not None:
            raise ConfigError(f"{where}: {problem[0]}.", problem[1])
        check_messages(fault, where)
        check_fields(fault, where)
    parents = {fault.name: _parents(fault) for fault in faults}
    for row, fault in enumerate(faults, start=1):
        where = f"{file}: fault {row} ({fault.name})"
        until = getattr(fault.when, "until", "")
        for other in [*parents[fault.name], *([until] if until else [])]:
            if other not in names:
                raise ConfigError(
                    f"{where} waits for the fault {other!r}, which is not there.",
                    did_you_mean(other, names),
                )
        if _waits_for_itself(fault.name, parents):
            raise ConfigError(
                f"{where} waits for itself.", "Let one of the circle wait for something else."
            )


def _parents(fault: Fault) -> list[str]:
    after = [fault.when.fault] if isinstance(fault.when, OnFault) else []
    since = getattr(fault.when, "since", "")
    return [*after, *([since] if since else [])]


def _waits_for_itself(name: str, parents: Mapping[str, list[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(parents[name])
    while waiting:
        one = waiting.pop()
        if one == name:
            return True
        if one not in seen:
            seen.add(one)
            waiting += parents.get(one, [])
    return False
