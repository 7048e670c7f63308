"""The JSON Schemas of the OpenAPI document, made of the structs that know each shape.

What may not live here: a shape, or a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from router.api.docs import replies, requests
from router.api.lists import ModelList, VoiceList
from router.api.own_routes import RouteBody
from router.api.sounds import SoundBody
from router.api.speech import SpeechBody
from router.api.tasks import ShownTask, TaskGone
from router.config import Server
from router.config.units import describe_unit
from router.routing.explain import Explanation

__all__ = ["reference", "schemas"]

_PLACE = "#/components/schemas/"
_REQUESTS: list[type[Struct]] = [
    requests.TranscriptionForm,
    requests.TranscriptionBody,
    requests.TranslationForm,
    requests.TranslationBody,
    requests.ExplainBody,
]
_REPLIES: list[type[Struct]] = [getattr(replies, name) for name in replies.__all__]


def schemas(server: Server) -> dict[str, Any]:
    """By name. Objects stay open: OpenAI's SDKs keep what they do not know, and vendors get what we do not know."""
    written = _components(ModelList, VoiceList, Explanation, ShownTask, TaskGone)
    lists = {name: _whole(schema) for name, schema in written.items()}
    return {
        **_asked(SpeechBody, requests.SPEECH_FIELDS, server.max_input),
        **_asked(SoundBody, requests.SOUND_FIELDS, server.max_input),
        **_components(*_REQUESTS, *_REPLIES),
        **lists,
    }


def reference(shape: type[Struct]) -> dict[str, Any]:
    """The place of a shape in the document."""
    return {"$ref": _PLACE + shape.__name__}


def _asked(shape: type[Struct], meaning: Mapping[str, Mapping[str, Any]], max_input: int) -> dict[str, Any]:
    """As it is decoded, with what its fields mean. `max_input`: characters."""
    components = _components(shape)
    fields = components[shape.__name__]["properties"]
    for name, more in meaning.items():
        fields[name] |= more
    fields["input"] |= {"maxLength": max_input}
    route = _components(RouteBody)
    fields["route"] = {**reference(RouteBody), "description": requests.A_ROUTE}
    return {**components, **route}


def _components(*shapes: type[Struct]) -> dict[str, Any]:
    return msgspec.json.schema_components(shapes, schema_hook=describe_unit, ref_template=_PLACE + "{name}")[1]


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    """Of a struct that is encoded as it is: no field is left out, those with a default included."""
    return {**schema, "required": list(schema["properties"])}
