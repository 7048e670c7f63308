"""YAML text -> plain data, with the line of every value and the variables filled in.

What lives here: positions, doubled keys, aliases and merge keys, `${…}`. What the data means is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET, Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from router.config.problems import ConfigError, Place, Problem, Source, render_path
from router.config.syntax import MAX_DEPTH, MERGE, SCALARS, TEXT, compose, type_of
from router.config.variables import substitute

__all__ = ["BROKEN", "Reading", "read_yaml"]

MAX_VALUES = 100_000  # aliases of aliases make billions out of a few lines

BROKEN = object()
"""Stands for a value that could not be read: the problem is known, and fits no type."""

_Entries = dict[str, tuple[Node, Node]]


class Reading(Struct, frozen=True):
    """A document as plain data: `value` (None for an empty file), where everything stands, what was wrong.

    A value that could not be read is `BROKEN`. `unset`: the places of values that were left out, and the variables each
    lacked.
    """

    value: Any
    source: Source
    problems: tuple[Problem, ...]
    unset: tuple[tuple[Place, tuple[str, ...]], ...]


def read_yaml(text: str, file: str, environment: Mapping[str, str], may_lack: Callable[[Place], bool]) -> Reading:
    """Read a document. Raises `ConfigError` where it is no YAML at all; all else that is wrong is in the reading.

    Where `may_lack` holds, a value with an unset variable is left out instead of being a problem, one that comes out
    empty is left out silently, and what is filled in stays text whatever it looks like.
    """
    root = compose(text, file)
    reader = _Reader(file, environment, may_lack)
    value = None if root is None else reader.value(root, ())
    source = Source(file, reader.lines)
    return Reading(value, source, tuple(reader.problems), tuple(reader.unset))


class _Reader:
    """Walks the nodes once, an alias as often as it is used; collects on the way."""

    def __init__(self, file: str, environment: Mapping[str, str], may_lack: Callable[[Place], bool]) -> None:
        self._file = file
        self._environment = environment
        self._may_lack = may_lack
        self._seen: set[int] = set()  # nodes, which all live as long as their root
        self._repeats = 0
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self.unset: list[tuple[Place, tuple[str, ...]]] = []

    def value(self, node: Node, path: Place) -> Any:
        self._visit(node, path)
        self.lines[path] = _line(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, SequenceNode) and node.tag.endswith(":seq"):
            return self._sequence(node, path)
        if isinstance(node, MappingNode) and node.tag.endswith(":map"):
            return self._mapping(node, path)
        return self._broken(node, path, "YAML tags are not supported")

    def _sequence(self, node: SequenceNode, path: Place) -> list[Any]:
        values: list[Any] = []
        for item in node.value:
            if (value := self.value(item, (*path, len(values)))) is not UNSET:
                values.append(value)
        return values

    def _mapping(self, node: MappingNode, path: Place) -> dict[str, Any]:
        mapping = {}
        for name, (key, child) in self._entries(node, path, 0).items():
            value = self.value(child, (*path, name))
            self.lines[*path, name] = _line(key)
            if value is not UNSET:
                mapping[name] = value
        return mapping

    def _entries(self, node: MappingNode, path: Place, depth: int) -> _Entries:
        """Keys and values of a mapping; its own go over those it merges (`<<`)."""
        self._visit(node, path)
        own: _Entries = {}
        merged: _Entries = {}
        for key, child in node.value:
            if key.tag == MERGE:
                merged = self._merged(child, path, depth + 1) | merged
            elif (name := self._key(key, path)) is None:
                continue
            elif name in own:
                self._report(key, (*path, name), f"doubled key, first on line {_line(own[name][0])}")
            else:
                own[name] = key, child
        return own | {name: entry for name, entry in merged.items() if name not in own}

    def _merged(self, node: Node, path: Place, depth: int) -> _Entries:
        """Of several merged mappings the earlier goes over the later."""
        found: _Entries = {}
        for other in node.value if isinstance(node, SequenceNode) else [node]:
            if isinstance(other, MappingNode) and depth < MAX_DEPTH:
                found = self._entries(other, path, depth) | found
            else:
                self._report(other, path, "<< takes a mapping or a list of mappings, and never itself")
        return found

    def _key(self, node: Node, path: Place) -> str | None:
        if not isinstance(node, ScalarNode) or node.tag != TEXT:
            self._report(node, path, "a key must be text: put it in quotes")
        elif "${" in node.value:
            self._report(node, path, "a key cannot hold ${…}: only values are filled in")
        elif not _is_unicode(node.value):
            self._report(node, path, "a key must be Unicode text")
        else:
            return str(node.value)
        return None

    def _scalar(self, node: ScalarNode, path: Place) -> Any:
        try:
            filled = substitute(node.value, self._environment)
        except ValueError as error:
            return self._broken(node, path, str(error))
        if not _is_unicode(filled.text):
            return self._broken(node, path, "the text is not Unicode")
        if filled.is_changed and self._may_lack(path):
            if filled.unset:
                self.unset.append((path, filled.unset))
            return filled.text if filled.text and not filled.unset else UNSET
        if filled.unset:
            name = filled.unset[0]
            return self._broken(node, path, f"{name} is not set: set it, or write ${{{name}:-default}}")
        is_plain = filled.is_changed and node.style is None and node.tag == TEXT
        return self._typed(node, path, type_of(filled.text) if is_plain else node.tag, filled.text)

    def _typed(self, node: ScalarNode, path: Place, tag: str, text: str) -> Any:
        scalar = SCALARS.get(tag)
        if scalar is None or not scalar.spelling.match(text):
            return self._broken(node, path, "YAML tags are not supported")
        try:
            return scalar.read(text)
        except ValueError as error:
            return self._broken(node, path, str(error))

    def _visit(self, node: Node, path: Place) -> None:
        self._repeats += id(node) in self._seen
        self._seen.add(id(node))
        if self._repeats > MAX_VALUES or len(path) > MAX_DEPTH:
            message = f"aliases make more than {MAX_VALUES:,} values or {MAX_DEPTH} levels"
            raise ConfigError([*self.problems, Problem(self._file, _line(node), "", message)])

    def _broken(self, node: Node, path: Place, message: str) -> object:
        self._report(node, path, message)
        return BROKEN

    def _report(self, node: Node, path: Place, message: str) -> None:
        self.problems.append(Problem(self._file, _line(node), render_path(path), message))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _is_unicode(text: str) -> bool:
    """Whether it can be sent: surrogates come from escapes, and from an environment that is not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
