"""The OpenAPI 3.1 document: every path that is served, as it is served.

What lives here: the paths. What goes in and out has its shape in `requests`, `replies` and `api.lists`; how the
document is shown is `page`'s. Tests hold it against the routes of the application and against real replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from router.api.docs import replies, requests
from router.api.docs.schemas import reference, schemas
from router.api.docs.statuses import ALWAYS, ANONYMOUS, ERRORS, HEADERS, OF_CALLS, OF_OTHERS, PLAIN
from router.api.lists import ListedModel, ModelList, VoiceList
from router.api.speech import SpeechBody
from router.config import Server
from router.routing.explain import Explanation
from router.wire.audio import CONTENT_TYPES

__all__ = ["openapi"]

Json = dict[str, Any]

JSON = "application/json"
EVENTS = "text/event-stream"

ALIASES: Mapping[str, Sequence[str]] = {
    "/v1/audio/speech": ["/audio/speech"],
    "/v1/audio/transcriptions": ["/audio/transcriptions", "/v1/speech/transcriptions"],
    "/v1/audio/translations": ["/audio/translations"],
    "/v1/models": ["/models", "/v1/audio/models", "/audio/models"],
    "/v1/models/{name}": ["/models/{name}"],
    "/v1/audio/voices": ["/audio/voices"],
    "/v1/routes/explain": ["/routes/explain"],
    "/": ["/v1"],
}
"""Paths of the same handlers."""

ABOUT = """\
OpenAI's audio calls, answered by whichever vendor the router's table puts first, and by the next one when that fails.
Give any OpenAI SDK this server's address with `/v1` behind it as `base_url`.

Every reply has `x-request-id`: the request's own where it is at most 128 of `A-Z a-z 0-9 . _ : -`, else a new one.
Whatever is not a success is JSON, `{"error": {"message", "type", "param", "code"}}`. A path that is not here is
answered by 404, a method that is not here by 405 with `allow`. `OPTIONS` is answered by 204 with `allow`, on the audio
paths by 405: there is no CORS, so the pages of other sites cannot call this server. Headers of more than 64 KiB are
answered by 431, what is no HTTP by 400; both end the connection.
"""

EACH_EVENT = """\
Each event is one line, `data: ` and one of these, and a blank line behind it. An error ends the stream; lines that
begin with a colon keep a slow one alive."""


def openapi(server: Server, *, version: str, is_open: bool) -> Json:
    """The document. `server`: the limits that hold here; `is_open`: no key is asked for."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "audio-router", "version": version, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "security": [{"key": []}, *([{}] if is_open else [])],
        "tags": [{"name": "Audio"}, {"name": "Lists"}, {"name": "Health"}, {"name": "Other paths of the same"}],
        "paths": _with_aliases({**_audio(server), **_lists(), **_explaining(), **_health()}),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of this router's."}},
            "headers": {name: _header(name) for name in HEADERS},
            "responses": {
                **{f"Call{status}": _error(status, OF_CALLS) for status in ERRORS if status not in ANONYMOUS},
                **{f"Error{status}": _error(status, OF_OTHERS) for status in (*PLAIN, *ANONYMOUS)},
            },
            "schemas": schemas(server),
        },
    }


# ------------------------------------------------------------------ paths


def _audio(server: Server) -> Json:
    """The calls."""
    upload = (
        f"The file may have {server.max_upload:,} bytes, all other fields together {server.max_body:,}. A form is "
        "written to disk as it arrives; a file in base64 is decoded in memory."
    )
    speech = {name: (f"`{asked}`", dict(requests.BINARY)) for asked, name in CONTENT_TYPES.items()}
    speech[EVENTS] = _events(replies.SpeechAudioDelta, replies.SpeechAudioDone)
    return {
        "/v1/audio/speech": {
            "post": _call(
                "createSpeech",
                "Speak a text",
                f"Audio comes as the vendor makes it; a format that it lacks is made while it streams. A body may have "
                f"{server.max_body:,} bytes. A vendor that fails after the first byte is a transfer that breaks off, "
                "never a clean end.",
                {JSON: reference(SpeechBody)},
                speech,
                errors=[status for status in ERRORS if status != 415],
            )
        },
        "/v1/audio/transcriptions": {
            "post": _call(
                "createTranscription",
                "Write down what is said",
                upload,
                {
                    "multipart/form-data": reference(requests.TranscriptionForm),
                    JSON: reference(requests.TranscriptionBody),
                },
                _transcripts(replies.DiarizedTranscription),
            )
        },
        "/v1/audio/translations": {
            "post": _call(
                "createTranslation",
                "Write down in English what is said",
                f"{upload} OpenAI ends this endpoint; here it stays.",
                {"multipart/form-data": reference(requests.TranslationForm), JSON: reference(requests.TranslationBody)},
                _transcripts(),
            )
        },
    }


def _lists() -> Json:
    """What can be asked for."""
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    name["description"] = "A route, or `vendor/model`; slashes as they are, or as `%2F`."
    filters = [
        _filter("model", "Only voices that this model can speak, as it would speak them."),
        _filter("vendor", "Only voices of this vendor."),
    ]
    models = _read("listModels", "What can be asked for", ModelList, [401])
    return {
        "/v1/models": {"get": models, "head": _head_of(models)},
        "/v1/models/{name}": {
            "get": {**_read("showModel", "One of them", ListedModel, [401, 404]), "parameters": [name]}
        },
        "/v1/audio/voices": {
            "get": {**_read("listVoices", "Who can speak", VoiceList, [400, 401, 404]), "parameters": filters}
        },
    }


def _explaining() -> Json:
    """Calls that nobody makes."""
    explained = _read("explainRoute", "What would become of a call", Explanation, [400, 401, 403, 404, 408, 413])
    about = "Who would be tried, in which order, at what cost, and why the others would not. No vendor is called."
    asked = {"required": True, "content": {JSON: {"schema": reference(requests.ExplainBody)}}}
    return {"/v1/routes/explain": {"post": {**explained, "description": about, "requestBody": asked}}}


def _health() -> Json:
    """For load balancers, and for whoever looks whether this is the right address. No key is asked for."""
    live = _public(_read("isLive", "Whether the process answers", replies.Alive))
    ready = _public(_read("isReady", "Whether calls can be answered", replies.Ready))
    hello = _public(_read("hello", "Who answers here", replies.Welcome))
    return {
        "/health/live": {"get": live, "head": _head_of(live)},
        "/health/ready": {"get": ready, "head": _head_of(ready)},
        "/": {"get": hello},
    }


def _with_aliases(paths: Json) -> Json:
    """The same operations under their other paths, with identifiers of their own."""
    others: Json = {}
    for path, aliases in ALIASES.items():
        for number, alias in enumerate(aliases, start=2):
            others[alias] = {
                method: {
                    **operation,
                    "operationId": f"{operation['operationId']}{number}",
                    "tags": ["Other paths of the same"],
                    "summary": f"As {method.upper()} {path}",
                    "description": f"The same handler as `{method.upper()} {path}`.",
                }
                for method, operation in paths[path].items()
            }
    return {**paths, **others}


# ------------------------------------------------------------------ operations


def _call(
    name: str, summary: str, about: str, asked: Json, told: Mapping[str, Any], errors: Sequence[int] = tuple(ERRORS)
) -> Json:
    content = {kind: {"schema": {**schema, "description": says}} for kind, (says, schema) in told.items()}
    return {
        "operationId": name,
        "tags": ["Audio"],
        "summary": summary,
        "description": about,
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in asked.items()}},
        "responses": {
            "200": {"description": "The answer.", "headers": _headers(OF_CALLS), "content": content},
            **{str(status): _ref_to("responses", _name_of(status)) for status in errors},
        },
    }


def _read(name: str, summary: str, told: type[Struct], errors: Sequence[int] = ()) -> Json:
    content = {JSON: {"schema": reference(told)}}
    return {
        "operationId": name,
        "tags": ["Lists"],
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "headers": _headers(OF_OTHERS), "content": content},
            **{str(status): _ref_to("responses", f"Error{status}") for status in (*errors, 500, 503)},
        },
    }


def _public(operation: Json) -> Json:
    return {**operation, "tags": ["Health"], "security": []}


def _head_of(operation: Json) -> Json:
    done = {"description": "The head alone.", "headers": _headers(OF_OTHERS)}
    return {
        **operation,
        "operationId": f"{operation['operationId']}Head",
        "summary": f"{operation['summary']}: the head alone",
        "responses": {**operation["responses"], "200": done},
    }


def _filter(name: str, says: str) -> Json:
    return {"name": name, "in": "query", "description": says, "schema": {"type": "string"}}


def _transcripts(*more: type[Struct]) -> Mapping[str, tuple[str, Json]]:
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
        EVENTS: _events(replies.TranscriptTextDelta, *turns, replies.TranscriptTextDone),
    }


def _events(*shapes: type[Struct]) -> tuple[str, Json]:
    told: Sequence[type[Struct]] = [*shapes, replies.Error]
    return EACH_EVENT, {"anyOf": [reference(shape) for shape in told]}


def _name_of(status: int) -> str:
    return f"Error{status}" if status in ANONYMOUS else f"Call{status}"


def _error(status: int, headers: Sequence[str]) -> Json:
    says, more = ERRORS[status]
    content = {JSON: {"schema": reference(replies.Error)}}
    return {"description": says, "headers": _headers([*headers, *more]), "content": content}


def _headers(names: Sequence[str]) -> Json:
    return {name: _ref_to("headers", name) for name in names}


def _header(name: str) -> Json:
    says, schema = HEADERS[name]
    return {"description": says, "required": name in ALWAYS, "schema": schema}


def _ref_to(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
