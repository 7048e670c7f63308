"""Everything in a document that the table refuses, each as one sentence at its place.

What lives here: JSON Schema's errors turned into words; jsonschema is loaded only when there is something to explain.
No sentence holds a value of the document: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from router.config.problems import Place
from router.config.reading import BROKEN
from router.config.schema import strict_schema

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

__all__ = ["find_faults"]

Finding = tuple[Place, str]

_KINDS = {"string": "text", "boolean": "true or false", "object": "a mapping", "array": "a list"}
_NOT_EMPTY = {
    "minLength": "text that is not empty",
    "minItems": "at least one entry",
    "minProperties": "at least one entry",
}
_NUMBERS = {"integer": "a whole number", "number": "a number"}
_BOUNDS = {"minimum": "from", "maximum": "to"}
_FOUND = {str: "text", bool: "true or false", int: "a number", float: "a number", dict: "a mapping", list: "a list"}


def find_faults(document: Any) -> list[Finding]:
    """List place and sentence of everything that is wrong with a document whose variables are filled in."""
    return list(dict.fromkeys(_explain_all(_validator().iter_errors(document))))


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - 0.15 s a good table need not wait for

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)  # 5.0 is none
    strict: type[Validator] = validators.extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]  # its stub
    return strict(strict_schema())


def _explain_all(errors: Iterable[ValidationError]) -> Iterator[Finding]:
    for error in errors:
        if error.instance is not BROKEN:  # that has its problem already
            yield from _explain(error)


def _explain(error: ValidationError) -> Iterator[Finding]:
    path: Place = tuple(error.absolute_path)
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "anyOf":
        yield from _explain_union(error, path)
    elif error.validator == "additionalProperties":
        known = list(schema["properties"])
        yield from (((*path, key), _unknown(key, known)) for key in instance if key not in known)
    elif error.validator == "required":
        yield from ((path, f"the key {key} is missing") for key in schema["required"] if key not in instance)
    elif "propertyNames" in error.schema_path:
        yield (*path, str(instance)), f"as a key: expected {_expected(error)}"
    else:
        yield path, f"expected {_expected(error)}{_found(instance, [error]) if error.validator == 'type' else ''}"


def _explain_union(error: ValidationError, path: Place) -> Iterator[Finding]:
    """Name the mistake within the branch that the value was meant for; where it fits none, what they are."""
    branches: dict[str | int, list[ValidationError]] = {}
    for child in error.context:
        branches.setdefault(child.relative_schema_path[0], []).append(child)
    meant = next((children for children in branches.values() if not any(map(_is_other_kind, children))), None)
    schema: Any = error.schema
    if meant:
        yield from _explain_all(meant)
    elif "title" in schema:
        yield path, f"expected {schema['title']}"
    else:
        kinds = filter(None, map(_expected, error.context))
        yield path, f"expected {' or '.join(kinds)}{_found(error.instance, error.context)}"


def _is_other_kind(error: ValidationError) -> bool:
    return error.validator in ("type", "enum") and not error.relative_path


def _unknown(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; known here: {', '.join(known)}"


def _expected(error: ValidationError) -> str:
    """Say what a schema asks for; nothing for null, which needs no mention."""
    schema: Any = error.schema
    kind = schema.get("type")
    if error.validator == "type" and kind in ("object", "array"):
        return _KINDS[kind]
    if "title" in schema:
        return str(schema["title"])
    if error.validator in _NOT_EMPTY:
        return _NOT_EMPTY[error.validator]
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if kind in _NUMBERS:
        bounds = (f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema)
        return " ".join([_NUMBERS[kind], *bounds])
    return _KINDS.get(kind, "")


def _found(instance: Any, errors: Iterable[ValidationError]) -> str:
    """Say what stands there instead, by its kind alone, and whether a pair of quotes would make it right."""
    schemas: list[Any] = [error.schema for error in errors]
    is_text_due = any(schema.get("type") == "string" and "title" not in schema for schema in schemas)
    advice = "; put it in quotes" if is_text_due and isinstance(instance, bool | int | float) else ""
    return f", found {_FOUND.get(type(instance), 'nothing')}{advice}"
