"""What a vendor's own OpenAPI document says of a request or a reply: the judge where there is no official SDK.

The documents are not ours to keep: they are found in the folder that SPECS_DIR names, and tests that need one skip
without it. What lives here: reading them (3.0 and 3.1) as JSON Schema, and judging by them. Requests are judged
strictly: a field that is not described, at whatever depth, is an error. Replies may hold more than is described.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from tests.vendors.evidence import Reply, Request

__all__ = ["Described", "described", "needs_specs"]

FOLDER = os.environ.get("SPECS_DIR")
needs_specs = pytest.mark.skipif(not FOLDER, reason="SPECS_DIR names no folder of the vendors' OpenAPI documents")

FILE = ("a file",)
"""What stands for an upload: nothing that a text or an object could be taken for."""

EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


class Described(Struct, frozen=True):
    """An OpenAPI document."""

    document: Mapping[str, Any]

    def check_request(self, request: Request) -> None:
        """Method, path, query and body are as described. Raises AssertionError or ValidationError."""
        operation = self._operation(request.method, request.path)
        self._check_query(operation, request)
        if request.body.get("raw", {}).get("bytes") == 0:
            assert not self._resolved(operation.get("requestBody", {})).get("required"), "a body is due"
        else:
            self._check(self._schema_of(operation, request), _value(request.body), is_strict=True)

    def check_reply(self, method: str, path: str, reply: Reply) -> None:
        """A JSON document has the status, the fields and the types that are described for its request."""
        responses = self._operation(method, path)["responses"]
        ways = (str(reply.status), f"{reply.status // 100}XX", "default")
        response = next((responses[way] for way in ways if way in responses), None)
        assert response, f"no reply with status {reply.status} is described"
        content = self._resolved(response)["content"]
        self._check(content["application/json"]["schema"], reply.body, is_strict=False)

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        bases = {urlsplit(server["url"]).path.rstrip("/") for server in self.document.get("servers", ())} | {""}
        paths = [path.removeprefix(base) for base in sorted(bases, key=len, reverse=True) if path.startswith(base)]
        for template, item in sorted(self.document["paths"].items(), key=lambda one: one[0].count("{")):
            if method.lower() in item and any(re.fullmatch(_pattern(template), one) for one in paths):
                operation: Mapping[str, Any] = item[method.lower()]
                return {**operation, "parameters": [*item.get("parameters", ()), *operation.get("parameters", ())]}
        raise AssertionError(f"{method} {path} is not described")

    def _check_query(self, operation: Mapping[str, Any], request: Request) -> None:
        said = [self._resolved(one) for one in operation["parameters"]]
        known = {one["name"]: one for one in said if one["in"] == "query"}
        query = _gathered(request.query)
        assert {name for name, one in known.items() if one.get("required")} <= query.keys() <= known.keys()
        for name, value in query.items():
            self._check(known[name]["schema"], value, is_strict=True)

    def _schema_of(self, operation: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
        """Of the body. A form may be described as the JSON that some vendors take instead."""
        content = self._resolved(operation["requestBody"])["content"]
        kinds = [request.content_type, *(["application/json"] if "form" in request.body else [])]
        kind = next((kind for kind in kinds if kind in content), None)
        assert kind, f"{request.content_type} is not described, only {', '.join(content)}"
        schema: Mapping[str, Any] = content[kind]["schema"]
        return schema

    def _check(self, schema: Any, value: Any, *, is_strict: bool) -> None:
        within = self.document.get("components", {}).get("schemas", {})
        modern = _modern(schema, is_strict=is_strict)
        whole = {**(_closed(modern) if is_strict else modern)}
        whole["components"] = {"schemas": _modern(within, is_strict=is_strict)}
        Draft202012Validator(whole).validate(value)

    def _resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            found: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name.replace("~1", "/").replace("~0", "~")]
            part = found
        return part


@cache
def described(name: str) -> Described:
    """The document of that file name, where SPECS_DIR says."""
    assert FOLDER
    file = Path(FOLDER) / name
    decode = msgspec.json.decode if file.suffix == ".json" else msgspec.yaml.decode
    return Described(decode(file.read_bytes()))


# ------------------------------------------------------------------ what is judged


def _value(body: Mapping[str, Any]) -> Any:
    """A body as a value: the JSON document, or the parts of a form by their names."""
    if "form" in body:
        return _gathered((name, FILE if isinstance(value, dict) else value) for name, value in body["form"])
    return body["json"]


def _gathered(pairs: Iterable[Any]) -> dict[str, Any]:
    """Names and texts as an object: those of one name are a list, and a text that reads as JSON is what it reads as."""
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name.removesuffix("[]"), []).append(value if value is FILE else _read(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _read(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _pattern(template: str) -> str:
    return re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))


# ------------------------------------------------------------------ OpenAPI's schemas as those of JSON Schema 2020-12


def _modern(schema: Any, *, is_strict: bool) -> Any:
    """`nullable` and exclusive bounds of 3.0, uploads, and, where it `is_strict`, nothing beyond what is named.

    Of alternatives any may fit: that two of them do, is the document's carelessness and not the request's.
    """
    if isinstance(schema, list):
        return [_modern(one, is_strict=is_strict) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "binary" or schema.get("contentMediaType") == "application/octet-stream":
        return {"const": FILE}
    whole: dict[str, Any] = {
        ("anyOf" if name == "oneOf" else name): _modern(one, is_strict=is_strict) for name, one in schema.items()
    }
    for exclusive, bound in EXCLUSIVE.items():
        if isinstance(whole.get(exclusive), bool) and whole.pop(exclusive):
            whole[exclusive] = whole.pop(bound)
    if whole.get("type") == "object" and not _is_shaped(whole):
        whole.setdefault("additionalProperties", True)
    if is_strict and isinstance(whole.get("properties"), dict):
        whole["properties"] = {name: _closed(one) for name, one in whole["properties"].items()}
    if is_strict and "items" in whole:
        whole["items"] = _closed(whole["items"])
    return {"anyOf": [whole, {"type": "null"}]} if whole.get("nullable") is True else whole


def _closed(schema: Any) -> Any:
    return {**schema, "unevaluatedProperties": False} if isinstance(schema, dict) and _is_shaped(schema) else schema


def _is_shaped(schema: Mapping[str, Any]) -> bool:
    """Whether it says which fields there are, itself or by others."""
    return not schema.keys().isdisjoint(("properties", "$ref", "allOf", "anyOf", "oneOf"))
