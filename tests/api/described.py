"""A real reply against what the OpenAPI document says of it: status, headers, content type, and every field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from jsonschema import Draft202012Validator

__all__ = ["check_body", "check_reply", "closed"]

PLAIN = {"content-type", "content-length", "transfer-encoding", "date", "connection", "cache-control", "vary"}
OF_STREAMS = {"x-accel-buffering"}


async def check_reply(document: Mapping[str, Any], path: str, reply: aiohttp.ClientResponse) -> bytes:
    """The body of a reply that is all described; `path` as the document writes it."""
    operation = document["paths"][path][reply.method.lower()]
    response = _resolved(document, operation["responses"][str(reply.status)])
    body = await reply.read()
    _check_headers(document, response, reply)
    if reply.method != "HEAD":
        schema = response["content"][reply.content_type]["schema"]
        for value in _values(reply.content_type, body):
            check_body(document, schema, value)
    return body


def check_body(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> None:
    """Types and required keys hold, and no key is there that is not described."""
    components = {"schemas": {name: closed(one) for name, one in document["components"]["schemas"].items()}}
    Draft202012Validator({**schema, "components": components}).validate(value)


def closed(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**schema, "additionalProperties": False} if "properties" in schema else schema


def _check_headers(document: Mapping[str, Any], response: Mapping[str, Any], reply: aiohttp.ClientResponse) -> None:
    described = {name: _resolved(document, one) for name, one in response["headers"].items()}
    told = {name.lower(): value for name, value in reply.headers.items()}
    assert told.keys() - PLAIN - OF_STREAMS <= described.keys()
    assert {name for name, one in described.items() if one["required"]} <= told.keys()
    for name, one in described.items():
        if name in told:
            is_number = one["schema"]["type"] == "integer"
            Draft202012Validator(one["schema"]).validate(int(told[name]) if is_number else told[name])


def _values(kind: str, body: bytes) -> list[Any]:
    """What the schema describes: the document, each event of a stream, or the text."""
    match kind:
        case "application/json":
            return [msgspec.json.decode(body)]
        case "text/event-stream":
            blocks = body.decode().removesuffix("\n\n").split("\n\n")
            events = [block.removeprefix("data: ") for block in blocks if not block.startswith(":")]
            return [msgspec.json.decode(event) for event in events]
        case _:
            return [body.decode("latin-1")]


def _resolved(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    _, _, kind, name = value["$ref"].split("/")
    return document["components"][kind][name]
