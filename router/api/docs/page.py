"""`/docs`: the OpenAPI document as one page, to be read and to be tried. It loads nothing, not even from this server.

What lives here: HTML made of the document, its style and script within it, and the policy that makes browsers keep that
promise. It knows no path and no field of its own.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

import msgspec

__all__ = ["page", "policy"]

Json = Mapping[str, Any]

NO_ICON = "data:,"  # else browsers ask for /favicon.ico
BOUNDS = {"minimum": "at least {}", "maximum": "at most {}", "maxLength": "at most {} characters"}
_STYLE = files(__package__).joinpath("page.css").read_text("utf-8")
_SCRIPT = files(__package__).joinpath("page.js").read_text("utf-8")
_CODE = re.compile(r"`([^`]+)`")


def policy() -> str:
    """What a browser may do for the page: run its own script and style, call this server, play what that answers."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_digest(_SCRIPT)}'",
            f"style-src '{_digest(_STYLE)}'",
            "connect-src 'self'",
            "img-src data:",
            "media-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


# ------------------------------------------------------------------ the page


def page(document: Json) -> str:
    """The whole of it. Links to the document are relative: a proxy may serve us under any path."""
    info = document["info"]
    tags = "".join(_tag(document, tag["name"]) for tag in document["tags"])
    shapes = "".join(_shape(name, schema) for name, schema in document["components"]["schemas"].items())
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])}</title>
<link rel="icon" href="{NO_ICON}">
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(info["title"])} {escape(info["version"])}</h1>
{_prose(info["description"])}
<p>For programs: <a href="openapi.json">openapi.json</a></p>
<label>API key for the forms below, kept in this page only: <input id="key" type="password" autocomplete="off"></label>
{tags}
<h2>Shapes</h2>
{shapes}
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _tag(document: Json, tag: str) -> str:
    operations = "".join(
        _operation(document, method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if tag in operation["tags"]
    )
    return f"<h2>{escape(tag)}</h2>\n{operations}"


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    parts = [
        _prose(operation.get("description", "")),
        _table("Parameters", [_row(one["name"], one["schema"], one) for one in operation.get("parameters", ())]),
        *(_asked(document, kind, one["schema"]) for kind, one in _contents(operation.get("requestBody", {}))),
        _table("Replies", [_told(document, status, one) for status, one in operation["responses"].items()]),
        *_forms(document, method, path, operation),
    ]
    line = f'<span class="method">{method.upper()}</span> <span class="path">{escape(path)}</span>'
    summary = f"<summary>{line} {escape(operation['summary'])}</summary>"
    return f'<details id="{escape(operation["operationId"])}">{summary}\n{"".join(parts)}</details>\n'


def _asked(document: Json, kind: str, schema: Json) -> str:
    shape = _resolved(document, schema)
    heading = f"<p><b>Body</b> <code>{escape(kind)}</code>, {_type(schema)}: {_inline(shape['description'])}</p>"
    return heading + _table("", _fields(shape))


def _told(document: Json, status: str, response: Json) -> str:
    response = _resolved(document, response)
    headers = ", ".join(f"<code>{escape(name)}</code>" for name in response["headers"])
    says = f"{_inline(response['description'])}<small>{headers}</small>"
    kinds = "".join(
        f"<p><code>{escape(kind)}</code> {_inline(one['schema'].get('description', ''))} {_type(one['schema'])}</p>"
        for kind, one in _contents(response)
    )
    return f"<td><code>{status}</code></td><td>{says}{kinds}</td>"


def _shape(name: str, schema: Json) -> str:
    says = _prose(schema.get("description", ""))
    return f'<h3 id="shape-{name}">{name}</h3>\n{says}{_table("", _fields(schema))}'


def _fields(schema: Json) -> Sequence[str]:
    fields = schema.get("properties", {}).items()
    return [_row(name, one, {**one, "required": name in schema["required"]}) for name, one in fields]


def _row(name: str, schema: Json, facts: Json) -> str:
    need = " (required)" if facts.get("required") else ""
    says = _inline(facts.get("description", ""))
    return f"<td><code>{escape(name)}</code>{need}</td><td>{_type(schema)}</td><td>{says}</td>"


def _table(title: str, rows: Sequence[str]) -> str:
    if not rows:
        return ""
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    heading = f"<p><b>{title}</b></p>" if title else ""
    return f"{heading}<table>\n{body}</table>\n"


def _type(schema: Json) -> str:
    """A schema in words, with links to shapes."""
    match schema:
        case {"$ref": ref}:
            name = ref.rpartition("/")[2]
            words = f'<a href="#shape-{name}">{name}</a>'
        case {"anyOf": options}:
            words = " or ".join(_type(option) for option in options)
        case {"enum": values}:
            words = " ".join(f"<code>{escape(str(value))}</code>" for value in values)
        case {"items": items}:
            words = f"list of: {_type(items)}"
        case {"additionalProperties": dict() as values}:
            words = f"object of: {_type(values)}"
        case {"format": "binary"}:
            words = "bytes"
        case _:
            words = escape(schema.get("type", "anything"))
    return words + _bounds(schema)


def _bounds(schema: Json) -> str:
    said = [escape(words.format(schema[name])) for name, words in BOUNDS.items() if name in schema]
    if (default := schema.get("default")) is not None:
        said.append(f"unset: <code>{escape(msgspec.json.encode(default).decode(), quote=False)}</code>")
    return "".join(f", {one}" for one in said)


# ------------------------------------------------------------------ trying it


def _forms(document: Json, method: str, path: str, operation: Json) -> Iterator[str]:
    """A form for each kind of body, or one without; none for heads, which show nothing."""
    if method == "head":
        return
    places = "".join(_field(one["name"], one["in"]) for one in operation.get("parameters", ()))
    bodies = [_body(document, kind, one["schema"]) for kind, one in _contents(operation.get("requestBody", {}))]
    for shape, fields in bodies or [("", "")]:
        yield (
            f'<form data-method="{method.upper()}" data-path="{escape(path)}" data-body="{shape}">\n{places}{fields}'
            "<button>Send</button><output></output></form>\n"
        )


def _body(document: Json, kind: str, schema: Json) -> tuple[str, str]:
    """What the script makes of the form, and the fields for it."""
    shape = _resolved(document, schema)
    if kind == "multipart/form-data":
        fields = shape["properties"].items()
        return "form", "".join(_field(name, "form", is_file=one.get("format") == "binary") for name, one in fields)
    example = {name: _example(document, shape["properties"][name]) for name in shape["required"]}
    text = msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
    return "json", f'<textarea name="body" aria-label="body">{escape(text)}</textarea>'


def _example(document: Json, schema: Json) -> Any:
    schema = _resolved(document, schema)
    if "properties" in schema:
        return {name: _example(document, one) for name, one in schema["properties"].items()}
    return schema.get("examples", [""])[0]


def _field(name: str, place: str, *, is_file: bool = False) -> str:
    kind = "file" if is_file else "text"
    tag = f'<input type="{kind}" name="{escape(name)}" data-in="{place}">'
    return f"<label><span><code>{escape(name)}</code></span>{tag}</label>\n"


# ------------------------------------------------------------------ the document, and its words


def _contents(holder: Json) -> Sequence[tuple[str, Json]]:
    return list(holder.get("content", {}).items())


def _resolved(document: Json, value: Json) -> Json:
    """What a reference stands for."""
    if "$ref" not in value:
        return value
    _, _, kind, name = value["$ref"].split("/")
    found: Json = document["components"][kind][name]
    return found


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>\n" for part in text.split("\n\n") if part)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
