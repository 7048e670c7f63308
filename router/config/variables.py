"""`${VAR}` and `${VAR:-default}` inside a text; `$${` stands for a plain `${`.

The environment is an argument. What is put in is not looked at again: a value that holds `${` stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

__all__ = ["Substituted", "substitute"]

# A bare ${ matches too, without a name: that is the malformed one. A default ends at the first } and holds no ${.
_REFERENCE = re.compile(
    r"(?P<escaped>\$\$\{)|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:(?!\$\{)[^}])*))?\})?"
)


class Substituted(Struct, frozen=True):
    """The text with its variables filled in, which were unset, and whether there was anything to fill in."""

    text: str
    unset: tuple[str, ...]
    is_changed: bool


def substitute(text: str, environment: Mapping[str, str]) -> Substituted:
    """Fill in every variable; one set to an empty value counts as unset, one unset without a default as empty.

    Raises ValueError for a `${` that begins neither form; the message says what to write, and no value.
    """
    unset: list[str] = []

    def fill(reference: re.Match[str]) -> str:
        if reference["escaped"]:
            return "${"
        name, default = reference["name"], reference["default"]
        if name is None:
            raise ValueError("malformed ${: write ${NAME} or ${NAME:-default}, and $${ where ${ itself is meant")
        value = environment.get(name) or default
        if value is None:
            unset.append(name)
        return value or ""

    filled, count = _REFERENCE.subn(fill, text)
    return Substituted(filled, tuple(dict.fromkeys(unset)), bool(count))
