"""`POST /audio/transcriptions` and `/audio/translations`: a form in, a `ListenCall` and its rendering out.

What lives here: OpenAI's fields and their limits. Lists may be written `name[]`, `name`, or as one JSON list, objects
`name[key]`, or as one JSON object; a vendor's own fields stay as the client wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from router.api.brackets import check_count, check_depth, nested, path_of
from router.api.forms import Form
from router.api.own_routes import parse_route
from router.wire.calls import LONGEST_MODEL, ListenCall
from router.wire.errors import InvalidCall
from router.wire.render import RESPONSE_FORMATS, Rendering, wants_of

__all__ = ["ListenKind", "ListenRequest", "parse_listening"]

TEXTS = frozenset({"model", "language", "prompt", "response_format", "temperature", "stream"})
NOT_ONLY_TEXTS = frozenset({"temperature", "stream"})  # in JSON they are a number and a boolean
LISTS = ("timestamp_granularities", "include", "languages", "keywords")
LISTS_FOR_VENDORS = ("known_speaker_names", "known_speaker_references")
ABSENT = (None, "", "null")  # what a client's null becomes on the way into a form
LONGEST_SHOWN = 40
MOST_VALUES = 256  # in one field that holds JSON: as many as a form has parts

ListenKind = Literal["transcription", "translation"]
Lists = Mapping[str, Sequence[str]]


class ListenRequest(Struct, frozen=True):
    """The call, and how its transcript is to be written."""

    call: ListenCall
    rendering: Rendering


def parse_listening(form: Form, kind: ListenKind) -> ListenRequest:
    """Raises `InvalidCall` naming the field."""
    texts, values = _sorted(form.fields)
    lists = {name: _list(name, values.pop(name, None)) for name in LISTS}
    route = parse_route(_last(values.pop("route", None)))
    extras = _extras(values, {name for name, _ in form.fields})
    if form.file is None:
        raise InvalidCall("Missing required parameter: 'file'.", param="file", code="missing_required_parameter")
    if form.file.size == 0:
        raise InvalidCall("The file is empty.", param="file", code="invalid_value")
    rendering = _rendering(texts, lists, kind)
    as_events = _flag("stream", texts.get("stream"))
    tunables = {
        "language": texts.get("language") or (lists["languages"][0] if len(lists["languages"]) == 1 else None),
        "languages": None if len(lists["languages"]) < 2 else tuple(lists["languages"]),
        "prompt": texts.get("prompt") or None,
        "temperature": _temperature(texts.get("temperature")),
        "keywords": tuple(lists["keywords"]) or None,
    }
    call = ListenCall(
        kind=kind,
        model=_model(texts),
        audio=form.file,
        wants=_wants(rendering, as_events=as_events),
        tunables={name: value for name, value in tunables.items() if value is not None},
        extras=extras,
        as_events=as_events,
        route=route,
    )
    return ListenRequest(call, rendering)


# ------------------------------------------------------------------ shapes


def _sorted(fields: Sequence[tuple[str, Any]]) -> tuple[dict[str, str], dict[str, Any]]:
    """OpenAI's texts, of which the last wins, and everything else by its top-level name."""
    texts: dict[str, str] = {}
    others: list[tuple[str, Any]] = []
    for name, value in fields:
        base = path_of(name)[0]
        if base not in TEXTS:
            others.append((name, value))
        elif name != base:
            raise _invalid_type(base, "one text")
        else:
            texts[base] = "" if value in ABSENT else _text(base, value)
    return texts, nested(others)


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name in NOT_ONLY_TEXTS and isinstance(value, bool | int | float):
        return str(value).lower()
    raise _invalid_type(name, "one text")


def _list(name: str, value: Any) -> list[str]:
    if value in ABSENT:
        return []
    given = value if isinstance(value, list) else [value]
    return [item for one in given for item in _items(name, one) if item]


def _items(name: str, value: Any) -> list[str]:
    """One item, or several as a list of JSON's; a text that only begins like such a list is an item."""
    try:
        if not isinstance(value, str):
            return msgspec.convert(value, list[str])
        return _decoded(name, value, list[str]) if value.startswith("[") else [value]
    except msgspec.DecodeError as error:
        if isinstance(value, str):
            return [value]
        raise _invalid_type(name, "a list of texts") from error


def _extras(values: dict[str, Any], sent: set[str]) -> dict[str, Any]:
    """What vendors get: OpenAI's in one shape; a list of a vendor's own keeps the `[]` that `sent` had in its name."""
    strategy = _strategy(values.pop("chunking_strategy", None))
    ours = {name: _list(name, values.pop(name, None)) or None for name in LISTS_FOR_VENDORS}
    theirs = {
        f"{name}[]" if isinstance(value, list) and name not in sent else name: value for name, value in values.items()
    }
    extras = {"chunking_strategy": strategy, **ours, **theirs}
    return {name: value for name, value in extras.items() if value is not None}


def _strategy(value: Any) -> str | dict[str, Any] | None:
    """`auto`, or an object, which may come as JSON."""
    value = _last(value)
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = _decoded("chunking_strategy", value, Any)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _invalid_type("chunking_strategy", "one word or an object") from error
        check_depth("chunking_strategy", value)
    if value is not None and not isinstance(value, str | dict):
        raise _invalid_type("chunking_strategy", "one word or an object")
    return value


def _last(value: Any) -> Any:
    """Of several the last wins, as with any text."""
    if isinstance(value, list):
        value = value[-1] if value else None
    return None if value in ABSENT else value


def _decoded(name: str, value: str, kind: Any) -> Any:
    """JSON that stands in a field, no larger than a form. Raises `msgspec.DecodeError`."""
    check_count({name: msgspec.Raw(value.encode())}, MOST_VALUES)
    return msgspec.json.decode(value, type=kind)


# ------------------------------------------------------------------ values


def _model(texts: Mapping[str, str]) -> str:
    if not (model := texts.get("model")):
        raise InvalidCall("Missing required parameter: 'model'.", param="model", code="missing_required_parameter")
    if len(model) > LONGEST_MODEL:
        raise _invalid_value("model", f"at most {LONGEST_MODEL} characters")
    return model


def _rendering(texts: Mapping[str, str], lists: Lists, kind: ListenKind) -> Rendering:
    asked = texts.get("response_format") or "json"
    if asked not in RESPONSE_FORMATS or (kind == "translation" and asked == "diarized_json"):
        known = ", ".join(RESPONSE_FORMATS if kind == "transcription" else RESPONSE_FORMATS[:-1])
        raise _invalid_value("response_format", f"{asked[:LONGEST_SHOWN]!r}; supported are {known}")
    if kind == "translation":  # none of the lists is a field of that endpoint
        return Rendering(format=asked, task="translate")
    times = set(lists["timestamp_granularities"]) or {"segment"}
    _check_among("timestamp_granularities", times, {"word", "segment"})
    include = set(lists["include"])
    _check_among("include", include, {"logprobs"})
    return Rendering(
        format=asked,
        has_words="word" in times,
        has_segments="segment" in times,
        has_logprobs="logprobs" in include,
        has_languages=bool(lists["languages"]),
    )


def _wants(rendering: Rendering, *, as_events: bool) -> frozenset[str]:
    """Events have no captions and no times, but those of speakers."""
    is_text = as_events and rendering.format != "diarized_json"
    return wants_of(replace(rendering, format="json") if is_text else rendering)


def _check_among(name: str, given: set[str], known: set[str]) -> None:
    if strange := given - known:
        shown = ", ".join(sorted(strange))[:LONGEST_SHOWN]
        raise _invalid_value(name, f"{shown!r}; expected {' or '.join(sorted(known))}")


def _temperature(text: str | None) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise _invalid_value("temperature", f"{text[:LONGEST_SHOWN]!r}; expected a number from 0 to 1")
    return value


def _flag(name: str, text: str | None) -> bool:
    match (text or "false").lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise _invalid_value(name, "expected true or false")


def _invalid_value(name: str, why: str) -> InvalidCall:
    return InvalidCall(f"Invalid value for '{name}': {why}.", param=name, code="invalid_value")


def _invalid_type(name: str, expected: str) -> InvalidCall:
    return InvalidCall(f"Invalid type for '{name}': expected {expected}.", param=name, code="invalid_type")
