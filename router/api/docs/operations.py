"""Operations of the OpenAPI document, put together: what goes in, what comes out, which errors and headers there are.

What lives here: the forms that all paths share. The paths themselves: `openapi`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from router.api.docs import replies
from router.api.docs.schemas import reference
from router.api.docs.statuses import ALWAYS, ANONYMOUS, ERRORS, HEADERS, OF_CALLS, OF_OTHERS, UNSURE

__all__ = [
    "EVENTS",
    "JSON",
    "call",
    "error_of",
    "events",
    "filter_of",
    "head_of",
    "header_of",
    "public",
    "read",
    "ref_to",
    "transcripts",
]

Json = dict[str, Any]

JSON = "application/json"
EVENTS = "text/event-stream"

EACH_EVENT = """\
Each event is one line, `data: ` and one of these, and a blank line behind it. An error ends the stream; lines that
begin with a colon keep a slow one alive."""


def call(name: str, summary: str, about: str, asked: Json, told: Mapping[str, Any], errors: Sequence[int]) -> Json:
    content = {kind: {"schema": {**schema, "description": says}} for kind, (says, schema) in told.items()}
    return {
        "operationId": name,
        "tags": ["Audio"],
        "summary": summary,
        "description": about,
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in asked.items()}},
        "responses": {
            "200": {"description": "The answer.", "headers": _headers(OF_CALLS), "content": content},
            **{str(status): ref_to("responses", _name_of(status)) for status in errors},
        },
    }


def read(name: str, summary: str, told: type[Struct], errors: Sequence[int] = ()) -> Json:
    content = {JSON: {"schema": reference(told)}}
    return {
        "operationId": name,
        "tags": ["Lists"],
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "headers": _headers(OF_OTHERS), "content": content},
            **{str(status): ref_to("responses", f"Error{status}") for status in (*errors, 500, 503)},
        },
    }


def public(operation: Json) -> Json:
    return {**operation, "tags": ["Health"], "security": []}


def head_of(operation: Json) -> Json:
    done = {"description": "The head alone.", "headers": _headers(OF_OTHERS)}
    return {
        **operation,
        "operationId": f"{operation['operationId']}Head",
        "summary": f"{operation['summary']}: the head alone",
        "responses": {**operation["responses"], "200": done},
    }


def filter_of(name: str, says: str) -> Json:
    return {"name": name, "in": "query", "description": says, "schema": {"type": "string"}}


def transcripts(*more: type[Struct]) -> Mapping[str, tuple[str, Json]]:
    documents: Sequence[type[Struct]] = [replies.Transcription, replies.VerboseTranscription, *more]
    turns = [replies.TranscriptTextSegment] if more else []
    return {
        JSON: (
            "`json`, `verbose_json`, and `diarized_json` where speakers can be told.",
            {"anyOf": [reference(shape) for shape in documents]},
        ),
        "text/plain": ("`text`", {"type": "string"}),
        "application/x-subrip": ("`srt`", {"type": "string"}),
        "text/vtt": ("`vtt`", {"type": "string"}),
        EVENTS: events(replies.TranscriptTextDelta, *turns, replies.TranscriptTextDone),
    }


def events(*shapes: type[Struct]) -> tuple[str, Json]:
    told: Sequence[type[Struct]] = [*shapes, replies.Error]
    return EACH_EVENT, {"anyOf": [reference(shape) for shape in told]}


def _name_of(status: int) -> str:
    return f"Error{status}" if status in ANONYMOUS else f"Call{status}"


def error_of(status: int, headers: Sequence[str]) -> Json:
    says, more = ERRORS[status]
    content = {JSON: {"schema": reference(replies.Error)}}
    told = _headers([*headers, *more])
    if status in UNSURE:
        told |= {name: {**header_of(name), "required": False} for name in headers if name not in OF_OTHERS}
    return {"description": says, "headers": told, "content": content}


def _headers(names: Sequence[str]) -> Json:
    return {name: ref_to("headers", name) for name in names}


def header_of(name: str) -> Json:
    says, schema = HEADERS[name]
    return {"description": says, "required": name in ALWAYS, "schema": schema}


def ref_to(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
