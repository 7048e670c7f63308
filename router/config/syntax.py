"""YAML text -> a tree of nodes, each with its place in the text; and why a text is no YAML, in plain words.

What lives here: all that is known of PyYAML's inside. Scalars are typed as YAML 1.2 types them, as editors do: `no`,
`on`, `1:30` and dates are text. PyYAML's own scanner is used, not libyaml: so nesting can be bounded, and errors read
alike on every platform.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import yaml
from msgspec import Struct
from yaml.composer import ComposerError
from yaml.error import MarkedYAMLError
from yaml.nodes import Node
from yaml.reader import ReaderError

from router.config.problems import ConfigError, Problem

__all__ = ["MAX_DEPTH", "MERGE", "SCALARS", "TEXT", "Scalar", "compose", "type_of"]

MAX_DEPTH = 32

_TAG = "tag:yaml.org,2002:"
TEXT, MERGE = f"{_TAG}str", f"{_TAG}merge"


class Scalar(Struct, frozen=True):
    """A type of scalar: how it is spelled, and its value. `read` raises ValueError for one that is out of bounds."""

    spelling: re.Pattern[str]
    read: Callable[[str], Any]


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:  # what a JSON encoder takes
        raise ValueError("the number is out of range")
    return int(text)


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("the number is out of range")
    return number


SCALARS = {
    f"{_TAG}null": Scalar(re.compile(r"(?:~|null|Null|NULL|)\Z"), lambda _: None),
    f"{_TAG}bool": Scalar(re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), lambda text: text.lower() == "true"),
    f"{_TAG}int": Scalar(re.compile(r"[-+]?[0-9]+\Z"), _integer),
    f"{_TAG}float": Scalar(re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"), _number),
    MERGE: Scalar(re.compile(r"<<\Z"), str),
    TEXT: Scalar(re.compile(""), str),
}
"""Tag -> type; the first that fits a plain scalar is its own."""

_IN_PLAIN_WORDS = {
    r"found character '\\t'": "a tab cannot indent: use spaces",
    r"expected <block end>": "a line that is indented differently from its neighbours",
    r"mapping values are not allowed here": "no key can stand here: check the indentation, quote a text with a colon",
    r"could not find expected ':'": "a key without its colon",
    r".*(<stream end>|end of stream)": "the file ends in the middle of a value in quotes or brackets",
}


def type_of(plain: str) -> str:
    """Find the tag of a plain scalar (one without quotes)."""
    return next(tag for tag, scalar in SCALARS.items() if scalar.spelling.match(plain))


class _Composer(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's name, and by its stub an instance's
        None: [(tag, scalar.spelling) for tag, scalar in SCALARS.items()]
    }
    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ComposerError(problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=self.get_mark())
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def compose(text: str, file: str) -> Node | None:
    """Find the root of the document, None where there is none; `ConfigError` for what is no YAML."""
    line = 0
    try:
        composer = _Composer(text)
        try:
            return composer.get_single_node()
        finally:
            line = composer.line + 1
            composer.dispose()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character U+{error.character:04X} is not allowed in YAML"
    except MarkedYAMLError as error:
        line, message = _explain(error, text, line)
    except (ValueError, OverflowError):  # what PyYAML lets out of chr() for an escape such as "\UFFFFFFFF"
        message = "not valid YAML: an escape in double quotes that is no character"
    raise ConfigError([Problem(file, line, "", message)])


def _explain(error: MarkedYAMLError, text: str, line: int) -> tuple[int, str]:
    """Say where and why, PyYAML's words replaced where they speak of its inside."""
    mark, start = error.problem_mark, error.context_mark
    problem, context = error.problem or "", error.context or ""
    if mark and text[max(mark.index - 1, 0) : mark.index + 1] == "${":
        problem = "inside { } and [ ] a value with ${…} must be in quotes"
    elif plain := next((plain for pattern, plain in _IN_PLAIN_WORDS.items() if re.match(pattern, problem)), None):
        problem = plain
    elif context.startswith("while") and start:
        problem = f"{problem}, {context} that begins on line {start.line + 1}"
    elif context and not context.startswith("while"):
        problem = f"{context}, {problem}"
    return (mark.line + 1 if mark else line), f"not valid YAML: {problem}"
