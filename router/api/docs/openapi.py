"""The OpenAPI 3.1 document: every path that is served, as it is served.

What lives here: the paths. What goes in and out has its shape in `requests`, `replies` and `api.lists`; how the
document is shown is `page`'s. Tests hold it against the routes of the application and against real replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from router.api.docs import replies, requests
from router.api.docs.operations import (
    EVENTS,
    JSON,
    call,
    error_of,
    events,
    filter_of,
    head_of,
    header_of,
    public,
    read,
    ref_to,
    transcripts,
)
from router.api.docs.schemas import reference, schemas
from router.api.docs.statuses import ANONYMOUS, ERRORS, HEADERS, OF_CALLS, OF_OTHERS, PLAIN, UNSURE
from router.api.lists import ListedModel, ModelList, VoiceList
from router.api.sounds import SoundBody
from router.api.speech import SpeechBody
from router.api.tasks import ShownTask, TaskGone
from router.config import Server
from router.routing.explain import Explanation
from router.wire.audio import CONTENT_TYPES

__all__ = ["openapi"]

Json = dict[str, Any]

ALIASES: Mapping[str, Sequence[str]] = {
    "/v1/audio/speech": ["/audio/speech"],
    "/v1/audio/transcriptions": ["/audio/transcriptions", "/v1/speech/transcriptions"],
    "/v1/audio/translations": ["/audio/translations"],
    "/v1/audio/sound-effects": ["/audio/sound-effects"],
    "/v1/audio/music": ["/audio/music"],
    "/v1/audio/tasks/{task_id}": ["/audio/tasks/{task_id}"],
    "/v1/audio/tasks/{task_id}/content": ["/audio/tasks/{task_id}/content"],
    "/v1/models": ["/models", "/v1/audio/models", "/audio/models"],
    "/v1/models/{name}": ["/models/{name}"],
    "/v1/audio/voices": ["/audio/voices"],
    "/v1/routes/explain": ["/routes/explain"],
    "/": ["/v1"],
}
"""Paths of the same handlers."""

OF_FORMS = [status for status in ERRORS if status != 409]
OF_JSON = [status for status in OF_FORMS if status != 415]

ABOUT = """\
OpenAI's audio calls, answered by whichever vendor the router's table puts first, and by the next one when that fails.
Give any OpenAI SDK this server's address with `/v1` behind it as `base_url`.

Every reply has `x-request-id`: the request's own where it is at most 128 of `A-Z a-z 0-9 . _ : -`, else a new one.
Whatever is not a success is JSON, `{"error": {"message", "type", "param", "code"}}`. A path that is not here is
answered by 404, a method that is not here by 405 with `allow`. `OPTIONS` is answered by 204 with `allow`, on the audio
paths by 405. Headers of more than 64 KiB are answered by 431, what is no HTTP by 400; both end the connection.

Web pages may call from the origins that the router's table lists (`server.cors`): their preflights are answered by 204,
and each reply shows them its headers. No other page can read a reply. While no key is asked for, any path answers by
403 what names another host than this machine (`foreign_host`), and what a page of another origin sends
(`foreign_origin`).
"""


def openapi(server: Server, *, version: str, is_open: bool) -> Json:
    """The document. `server`: the limits that hold here; `is_open`: no key is asked for."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "audio-router", "version": version, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "security": [{"key": []}, *([{}] if is_open else [])],
        "tags": [{"name": "Audio"}, {"name": "Lists"}, {"name": "Health"}, {"name": "Other paths of the same"}],
        "paths": _with_aliases(
            {**_audio(server), **_sounds(server), **_tasks(), **_lists(), **_explaining(), **_health()}
        ),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of this router's."}},
            "headers": {name: header_of(name) for name in HEADERS},
            "responses": {
                **{f"Call{status}": error_of(status, OF_CALLS) for status in ERRORS if status not in ANONYMOUS},
                **{f"Error{status}": error_of(status, OF_OTHERS) for status in (*PLAIN, *ANONYMOUS, *UNSURE)},
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
    speech[EVENTS] = events(replies.SpeechAudioDelta, replies.SpeechAudioDone)
    return {
        "/v1/audio/speech": {
            "post": call(
                "createSpeech",
                "Speak a text",
                f"Audio comes as the vendor makes it; a format that it lacks is made while it streams. A body may have "
                f"{server.max_body:,} bytes. A vendor that fails after the first byte is a transfer that breaks off, "
                "never a clean end.",
                {JSON: reference(SpeechBody)},
                speech,
                errors=OF_JSON,
            )
        },
        "/v1/audio/transcriptions": {
            "post": call(
                "createTranscription",
                "Write down what is said",
                upload,
                {
                    "multipart/form-data": reference(requests.TranscriptionForm),
                    JSON: reference(requests.TranscriptionBody),
                },
                transcripts(replies.DiarizedTranscription),
                errors=OF_FORMS,
            )
        },
        "/v1/audio/translations": {
            "post": call(
                "createTranslation",
                "Write down in English what is said",
                f"{upload} OpenAI ends this endpoint; here it stays.",
                {"multipart/form-data": reference(requests.TranslationForm), JSON: reference(requests.TranslationBody)},
                transcripts(),
                errors=OF_FORMS,
            )
        },
    }


def _sounds(server: Server) -> Json:
    """What is described rather than spoken."""
    audio = {name: (f"`{asked}`", dict(requests.BINARY)) for asked, name in CONTENT_TYPES.items()}
    audio[EVENTS] = events(replies.AudioProgress, replies.AudioDelta, replies.AudioDone)
    about = (
        f"The bytes come once they are made, for which {server.max_wait:g} s are waited at most; events keep a "
        "connection alive for as long as it takes, and `background` needs none."
    )
    taken = {
        "description": "Taken in: a task, to be looked at.",
        "headers": {name: ref_to("headers", name) for name in (*OF_CALLS, "location")},
        "content": {JSON: {"schema": reference(ShownTask)}},
    }
    paths = {}
    for path, name, summary in (
        ("/v1/audio/sound-effects", "createSoundEffect", "Make a sound"),
        ("/v1/audio/music", "createMusic", "Make music"),
    ):
        made = call(name, summary, about, {JSON: reference(SoundBody)}, audio, errors=OF_JSON)
        paths[path] = {"post": {**made, "responses": {**made["responses"], "202": taken}}}
    return paths


def _tasks() -> Json:
    """What runs in the background; each key sees its own alone."""
    name = {"name": "task_id", "in": "path", "required": True, "schema": {"type": "string"}}
    shown = read("showTask", "How it stands", ShownTask, [401, 404])
    gone = read("deleteTask", "End it, or forget what has ended", ShownTask, [401, 404])
    gone["responses"]["200"]["content"] = {
        JSON: {"schema": {"anyOf": [reference(ShownTask), reference(TaskGone)]}},
    }
    content = read("taskContent", "What came of it", ShownTask, [401, 404, 409])
    content["responses"]["200"] = {
        "description": "The bytes.",
        "headers": {name: ref_to("headers", name) for name in OF_OTHERS},
        "content": {name: {"schema": dict(requests.BINARY)} for name in CONTENT_TYPES.values()},
    }
    tagged = [{**operation, "tags": ["Audio"], "parameters": [name]} for operation in (shown, gone, content)]
    return {
        "/v1/audio/tasks/{task_id}": {"get": tagged[0], "delete": tagged[1]},
        "/v1/audio/tasks/{task_id}/content": {"get": tagged[2]},
    }


def _lists() -> Json:
    """What can be asked for."""
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    name["description"] = "A route, or `vendor/model`; slashes as they are, or as `%2F`."
    filters = [
        filter_of("model", "Only voices that this model can speak, as it would speak them."),
        filter_of("vendor", "Only voices of this vendor."),
    ]
    models = read("listModels", "What can be asked for", ModelList, [401])
    return {
        "/v1/models": {"get": models, "head": head_of(models)},
        "/v1/models/{name}": {
            "get": {**read("showModel", "One of them", ListedModel, [401, 404]), "parameters": [name]}
        },
        "/v1/audio/voices": {
            "get": {**read("listVoices", "Who can speak", VoiceList, [400, 401, 404]), "parameters": filters}
        },
    }


def _explaining() -> Json:
    """Calls that nobody makes."""
    explained = read("explainRoute", "What would become of a call", Explanation, [400, 401, 403, 404, 408, 413])
    about = "Who would be tried, in which order, at what cost, and why the others would not. No vendor is called."
    asked = {"required": True, "content": {JSON: {"schema": reference(requests.ExplainBody)}}}
    return {"/v1/routes/explain": {"post": {**explained, "description": about, "requestBody": asked}}}


def _health() -> Json:
    """For load balancers, for Prometheus, and for whoever looks whether this is the right address."""
    live = public(read("isLive", "Whether the process answers", replies.Alive))
    ready = public(read("isReady", "Whether calls can be answered", replies.Ready))
    hello = public(read("hello", "Who answers here", replies.Welcome))
    figures = {**read("metrics", "Figures, as Prometheus reads them", replies.Alive, [401]), "tags": ["Health"]}
    figures["description"] = "A key is asked for where calls ask for one, unless the table has `metrics: open`."
    figures["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "/health/live": {"get": live, "head": head_of(live)},
        "/health/ready": {"get": ready, "head": head_of(ready)},
        "/metrics": {"get": figures},
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
