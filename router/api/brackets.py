"""Names of fields as paths, their values as nested ones: `vendor[a]`, `vendor[list][]`, `vendor[0][x]`.

What lives here: the spelling that OpenAI's SDKs, browsers and PHP share; how deep and how many nested values may be.
What a field means is `listening`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Raw

from router.wire.errors import InvalidCall

__all__ = ["check_count", "check_depth", "nested", "path_of"]

DEEPEST = 8
"""Lists and objects within one another under one name."""

LONGEST_SHOWN = 64
_BRACKETED = re.compile(r"[^\[\]]+((?:\[[^\[\]]*\])+)")
_ITEM_OR_OTHER = re.compile(
    rb"""[^",\[{]*+ (?: ( , | [\[{](?!\s*+[\]}]) ) | [\[{] | "[^"\\]*+(?:\\.[^"\\]*+)*+"? | \Z )""",
    re.DOTALL | re.VERBOSE,
)
"""Possessive, and matches wherever it starts: one pass over any bytes at all."""

Path = tuple[str, ...]
Part = tuple[Path, Any]


def path_of(name: str) -> Path:
    """`a[b][]` is ("a", "b", ""); a name that opens no bracket behind a word is its own path.

    Raises `InvalidCall` for brackets that do not close, and for too many.
    """
    base, opened, _ = name.partition("[")
    if not (opened and base) or "]" in base:
        return (name,)
    if not (match := _BRACKETED.fullmatch(name)):
        raise _invalid(base, f"the brackets of {name[:LONGEST_SHOWN]!r} do not match", "invalid_field_name")
    keys = match[1][1:-1].split("][")
    if len(keys) > DEEPEST:
        raise _too_deep(base)
    return (base, *keys)


def nested(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The values by the first words of their paths: as given, or lists and objects of them.

    A repeated name is a list, and so are the keys 0, 1, 2, …. Raises `InvalidCall` naming the field where it is two
    things at once, or too deep.
    """
    parts: dict[str, list[Part]] = {}
    for name, value in fields:
        base, *keys = path_of(name)
        parts.setdefault(base, []).append((tuple(keys), value))
    values = {name: _value(name, own) for name, own in parts.items()}
    for name, value in values.items():
        check_depth(name, value)
    return values


def check_count(fields: Mapping[str, Raw], most: int) -> None:
    """Raises `InvalidCall` naming the field with which fields, items and members, at any depth, are more than `most`.

    They are counted in the JSON, before any of it is decoded: a list takes many times the memory of its text.
    """
    left = most
    for name, json in fields.items():
        left -= 1 + _count(json, left)
        if left < 0:
            raise _invalid(name, f"with it there are more than {most:,} fields, items and members", "invalid_value")


def _count(json: Raw, enough: int) -> int:
    """Items and members, but not beyond `enough`: one behind every comma and every opening that is not empty."""
    found = (match for match in _ITEM_OR_OTHER.finditer(json) if match.lastindex)
    return sum(1 for _ in islice(found, enough))


def check_depth(name: str, value: Any, left: int = DEEPEST) -> None:
    """Raises `InvalidCall` naming the field if lists and objects lie deeper than `left` in one another."""
    if not isinstance(value, dict | list):
        return
    if not left:
        raise _too_deep(name)
    for one in value.values() if isinstance(value, dict) else value:
        check_depth(name, one, left - 1)


def _value(name: str, parts: Sequence[Part]) -> Any:
    firsts = {path[:1] for path, _ in parts}
    if firsts == {()} and len(parts) == 1:
        return parts[0][1]
    if firsts <= {(), ("",)}:
        return _items(name, parts)
    if () in firsts or ("",) in firsts:
        raise _invalid(name, "it is given in shapes that exclude each other", "invalid_type")
    return _members(name, parts)


def _items(name: str, parts: Sequence[Part]) -> list[Any]:
    """A part like `[][x]` belongs to the item before it, until that has an `x`: as Rack and the SDKs mean it."""
    items: list[list[Part]] = []
    taken: set[Path] = set()
    for path, value in parts:
        rest = path[1:]
        if not taken or () in taken or not rest or (rest in taken and "" not in rest):
            items.append([])
            taken = set()
        items[-1].append((rest, value))
        taken.add(rest)
    return [_value(name, item) for item in items]


def _members(name: str, parts: Sequence[Part]) -> dict[str, Any] | list[Any]:
    members: dict[str, list[Part]] = {}
    for (key, *rest), value in parts:
        members.setdefault(key, []).append((tuple(rest), value))
    values = {key: _value(name, own) for key, own in members.items()}
    indices = [str(index) for index in range(len(values))]
    return [values[index] for index in indices] if values.keys() == set(indices) else values


def _too_deep(name: str) -> InvalidCall:
    return _invalid(name, f"at most {DEEPEST} lists and objects in one another are taken", "invalid_value")


def _invalid(name: str, why: str, code: str) -> InvalidCall:
    shown = name[:LONGEST_SHOWN]
    return InvalidCall(f"Invalid value for '{shown}': {why}.", param=shown, code=code)
