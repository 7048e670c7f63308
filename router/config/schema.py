"""The JSON Schema of routes.yaml, made from the structs: one for what is read, a more patient one for editors.

What lives here: what msgspec cannot say by itself. Draft 2020-12.
"""

from __future__ import annotations

from typing import Any

import msgspec

from router.config.table import Table
from router.config.units import describe_unit

__all__ = ["json_schema", "strict_schema"]

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOTHING: Schema = {"type": "null"}
_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{", "description": "Filled in from the environment."}
_SPOKEN = ("title", "description", "default", "examples")


def strict_schema() -> Schema:
    """Say what a document must be once its variables are filled in: refuses exactly what the structs refuse."""
    schema = msgspec.json.schema(Table, schema_hook=describe_unit)
    vendor = schema["$defs"]["VendorEntry"]
    for own in ("settings", "unset"):  # ours, not the document's: the vendor's keys stand beside the others
        del vendor["properties"][own]
    vendor["additionalProperties"] = {"type": "string", "description": "A key or setting of this vendor."}
    return {"$schema": _DIALECT, "title": "routes.yaml of audio-router", **schema}


def json_schema() -> Schema:
    """Be patient for editors, which see `${PORT:-8080}` where a number will be, and sections with nothing in them."""
    schema = strict_schema()
    definitions = {name: _with_variables(definition) for name, definition in schema["$defs"].items()}
    sections = definitions["Table"]["properties"]
    vendors = sections["vendors"]
    vendors["additionalProperties"] = {"anyOf": [vendors["additionalProperties"], _NOTHING]}
    definitions["Table"]["properties"] = {name: _either(section, _NOTHING) for name, section in sections.items()}
    return {**schema, "$defs": definitions}


def _with_variables(schema: Schema) -> Schema:
    """Let a variable stand wherever its text would not do: in place of numbers, choices and patterns."""
    if _is_scalar(schema):
        return _either(schema, _VARIABLE)
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {name: _with_variables(child) for name, child in schema["properties"].items()}
    if "anyOf" in schema:
        changed["anyOf"] = [_with_variables(branch) for branch in schema["anyOf"]]
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            changed[inner] = _with_variables(schema[inner])
    return changed


def _is_scalar(schema: Schema) -> bool:
    return "enum" in schema or "pattern" in schema or schema.get("type") in ("integer", "number", "boolean")


def _either(schema: Schema, other: Schema) -> Schema:
    """One of the two; what is said about the first is said about both."""
    spoken = {word: schema[word] for word in _SPOKEN if word in schema}
    rule = {word: value for word, value in schema.items() if word not in _SPOKEN}
    return {**spoken, "anyOf": [rule, other]}
