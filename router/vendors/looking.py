"""Where a vendor's document says something: dotted paths, followed leniently. Pure.

What lives here: the one reader of such paths, for vendor files and for who reads answers by their facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.vendors.replies import Json

__all__ = ["look"]

NOTHING: Mapping[str, str] = {}


def look(paths: str, document: Json, headers: Mapping[str, str] = NOTHING) -> str | int | float | bool | None:
    """The first scalar found along `paths`: alternatives split by `|`, `header:` reads a header; else None."""
    for path in paths.split("|"):
        value: Json = headers.get(path[7:]) if path.startswith("header:") else _follow(path, document)
        if value is not None and not isinstance(value, dict | list):
            return value  # type: ignore[no-any-return]  # a scalar of JSON
    return None


def _follow(path: str, value: Json) -> Json:
    for key in path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
