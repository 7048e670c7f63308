"""What is wrong with a table, and where: a line of the file and a path in the document.

What lives here: places, problems, the one exception of this room. No message may hold a value of the document: it may
be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from router.config.loading import Loaded

__all__ = ["ConfigError", "Place", "Problem", "Source", "render_path"]

Place = tuple[str | int, ...]
"""The way from the root of the document to a value: keys, and positions in lists."""

_PLAIN_WORD = re.compile(r"[\w-]+")


def render_path(path: Sequence[str | int]) -> str:
    """As a person reads it: `routes.tts-1.targets[0].voices["*"]`; the root is empty."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{msgspec.json.encode(step).decode()}]"
    return text


class Problem(Struct, frozen=True):
    """One thing to mend. `line` counts from 1, 0 means the file as a whole; `path` is empty at the root."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(Exception):
    """The table cannot be used. `problems` holds everything that is wrong with it, in the order of its lines.

    `rest` is what can still be read of it: not to be served, but judged by who knows more than its shape.
    """

    def __init__(self, problems: Iterable[Problem], rest: Loaded | None = None) -> None:
        self.rest = rest
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.path)))
        super().__init__("\n".join(map(str, self.problems)))


class Source(Struct, frozen=True):
    """Where every value of a document stands in its file. Lines count from 1."""

    file: str
    lines: Mapping[Place, int]

    def problem(self, path: Sequence[str | int], message: str) -> Problem:
        """Place a problem at `path`; its line is that of the nearest ancestor that is written in the file."""
        known = (tuple(path[:length]) for length in range(len(path), -1, -1))
        line = next((self.lines[place] for place in known if place in self.lines), 0)
        return Problem(self.file, line, render_path(path), message)
