"""Where two nouns differ, field by field, in words."""

from __future__ import annotations

__all__ = ["first_difference", "told"]

from dataclasses import fields, is_dataclass

from framework.engine.journal_rows import Cancel, Intent, Replace, Submit


def first_difference(journalled: object, replayed: object, name: str = "it") -> str:
    """The first field in which two values differ, such as "orders[1].stop is 94.0 and was 95.0";
    empty if none does."""
    if type(journalled) is not type(replayed):
        return f"{name} is {replayed!r} and was {journalled!r}"
    if isinstance(journalled, tuple) and isinstance(replayed, tuple):
        return _first_of_lists(journalled, replayed, name)
    if is_dataclass(journalled):
        for item in fields(journalled):
            if item.compare:
                inner = item.name if name == "it" else f"{name}.{item.name}"
                pair = (getattr(journalled, item.name), getattr(replayed, item.name))
                found = first_difference(*pair, inner)
                if found:
                    return found
        return ""
    if journalled == replayed or str(journalled) == str(replayed) == "nan":
        return ""
    return f"{name} is {replayed} and was {journalled}"


def _first_of_lists(journalled: tuple[object, ...], replayed: tuple[object, ...], name: str) -> str:
    if len(journalled) != len(replayed):
        return f"there are {len(replayed)} {name} and were {len(journalled)}"
    for number, pair in enumerate(zip(journalled, replayed, strict=True)):
        found = first_difference(*pair, f"{name}[{number}]")
        if found:
            return found
    return ""


def told(intent: Intent) -> str:
    """An intent in words, such as "submit SmaCross-3 buy 10 AAA limit 95 DAY and 2 children"."""
    match intent:
        case Submit():
            first, *rest = intent.orders
            more = f" and {len(rest)} more" if rest else ""
            return f"submit {first}{more}"
        case Replace():
            return f"replace {intent.order}"
        case Cancel():
            return f"cancel {intent.order}"
