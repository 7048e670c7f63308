"""What is left of a broken document once its broken parts are out, so that one run can judge the rest of it too.

What lives here: taking out, never repairing. A target that is taken out leaves `STAND_IN`, so that the others keep
their places.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.config.checking import find_faults
from router.config.problems import Place
from router.config.reading import BROKEN

__all__ = ["STAND_IN", "salvage"]

STAND_IN = "0/0"
"""In the place of a target whose problem is told already."""

_ONLY_STAND_INS = {"0": {"targets": [STAND_IN]}}
_ROUNDS = 8  # more than there are levels in a table


def salvage(document: Any) -> Any:
    """A document without faults, made of what is right in `document`; None where nothing is."""
    rest = _copied(document)
    if not isinstance(rest, dict):
        return None
    removed: set[Place] = set()
    for _ in range(_ROUNDS):
        if not rest.get("routes"):
            rest["routes"] = _copied(_ONLY_STAND_INS)
        faulty = {place for place, _ in find_faults(rest)} | set(_broken_places(rest, ()))
        if not faulty:
            return rest
        for place in faulty:
            out = place if place not in removed and _holds(rest, place) else place[:-1]
            removed.add(out)
            _take_out(rest, out)
    return None


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _broken_places(value: Any, place: Place) -> Iterator[Place]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        if one is BROKEN:
            yield (*place, key)
        else:
            yield from _broken_places(one, (*place, key))


def _holds(document: Any, place: Place) -> bool:
    try:
        for step in place:
            document = document[step]
    except (KeyError, IndexError, TypeError):
        return False
    return bool(place)


def _take_out(document: Any, place: Place) -> None:
    """Remove the value at `place`, where it still is."""
    if not place or not _holds(document, place):
        return
    *above, last = place
    holder: Any = document
    for step in above:
        holder = holder[step]
    if isinstance(holder, dict):
        del holder[last]
    elif above[-1] in {"targets", "translate_with"}:
        holder[last] = STAND_IN
    else:
        _take_out(document, tuple(above))
