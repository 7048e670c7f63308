"""`POST /audio/transcriptions` and `/audio/translations`: a form in, a `ListenCall` and its rendering out.

What lives here: OpenAI's fields and their limits; lists may be written `name[]`, `name`, or as one JSON list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from router.api.forms import Form
from router.wire.calls import LONGEST_MODEL, NOT_FOR_VENDORS, ListenCall
from router.wire.errors import InvalidCall
from router.wire.render import RESPONSE_FORMATS, Rendering, wants_of

__all__ = ["ListenRequest", "parse_listening"]

LISTS = frozenset({"timestamp_granularities", "include", "languages", "keywords"})
TEXTS = frozenset({"model", "language", "prompt", "response_format", "temperature", "stream"})


class ListenRequest(Struct, frozen=True):
    """The call, how its transcript is to be written, and whether as a stream of events."""

    call: ListenCall
    rendering: Rendering
    is_stream: bool


def parse_listening(form: Form, kind: Literal["transcription", "translation"]) -> ListenRequest:
    """Raises `InvalidCall` naming the field."""
    texts, lists, extras = _sorted(form.fields)
    if form.file is None:
        raise InvalidCall("Missing required parameter: 'file'.", param="file", code="missing_required_parameter")
    if form.file.size == 0:
        raise InvalidCall("The file is empty.", param="file", code="invalid_value")
    if not (model := texts.get("model")):
        raise InvalidCall("Missing required parameter: 'model'.", param="model", code="missing_required_parameter")
    if len(model) > LONGEST_MODEL:
        raise InvalidCall(
            f"Invalid value for 'model': at most {LONGEST_MODEL} characters.", param="model", code="invalid_value"
        )
    rendering = _rendering(texts, lists, kind)
    tunables = {
        "language": texts.get("language") or next(iter(lists.get("languages", ())), None),
        "prompt": texts.get("prompt") or None,
        "temperature": _temperature(texts.get("temperature")),
        "keywords": tuple(lists.get("keywords", ())) or None,
    }
    call = ListenCall(
        kind=kind,
        model=model,
        audio=form.file,
        wants=wants_of(rendering),
        tunables={name: value for name, value in tunables.items() if value is not None},
        extras=extras,
    )
    return ListenRequest(call, rendering, is_stream=_flag("stream", texts.get("stream")))


def _sorted(fields: Sequence[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]], dict[str, Any]]:
    """Texts, lists and the rest. The last of a repeated text wins; an item with several parts is a list."""
    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    extras: dict[str, Any] = {}
    for name, value in fields:
        base = name.removesuffix("[]")
        if base in LISTS:
            lists.setdefault(base, []).extend(_items(value))
        elif name in TEXTS:
            texts[name] = value
        elif name not in NOT_FOR_VENDORS:
            extras[name] = [*_as_list(extras[name]), value] if name in extras else value
    return texts, lists, extras


def _items(value: str) -> list[str]:
    """One item, or a JSON list of them as some clients send it."""
    if value.startswith("["):
        try:
            return msgspec.json.decode(value, type=list[str])
        except msgspec.DecodeError:
            return [value]
    return [value] if value else []


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _rendering(
    texts: Mapping[str, str], lists: Mapping[str, list[str]], kind: Literal["transcription", "translation"]
) -> Rendering:
    asked = texts.get("response_format") or "json"
    if asked not in RESPONSE_FORMATS or (kind == "translation" and asked == "diarized_json"):
        known = ", ".join(RESPONSE_FORMATS if kind == "transcription" else RESPONSE_FORMATS[:-1])
        raise InvalidCall(
            f"Invalid value for 'response_format': {asked!r}; supported are {known}.",
            param="response_format",
            code="invalid_value",
        )
    times = set(lists.get("timestamp_granularities", ())) or {"segment"}
    _check_among("timestamp_granularities", times, {"word", "segment"})
    include = set(lists.get("include", ()))
    _check_among("include", include, {"logprobs"})
    return Rendering(
        format=asked,
        task="translate" if kind == "translation" else "transcribe",
        has_words="word" in times,
        has_segments="segment" in times,
        has_logprobs="logprobs" in include,
    )


def _check_among(name: str, given: set[str], known: set[str]) -> None:
    if strange := given - known:
        expected = " or ".join(sorted(known))
        raise InvalidCall(
            f"Invalid value for '{name}': {', '.join(sorted(strange))!r}; expected {expected}.",
            param=name,
            code="invalid_value",
        )


def _temperature(text: str | None) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise InvalidCall(
            f"Invalid value for 'temperature': {text[:40]!r}; expected a number from 0 to 1.",
            param="temperature",
            code="invalid_value",
        )
    return value


def _flag(name: str, text: str | None) -> bool:
    match (text or "false").lower():
        case "true" | "1":
            return True
        case "false" | "0" | "null":
            return False
        case _:
            raise InvalidCall(f"Invalid value for '{name}': expected true or false.", param=name, code="invalid_value")
