"""From a vendor's draft to the request that leaves: address, query, the client's own fields, body, our key. Pure.

Three layers make a body or a query: the draft's opinions (`defaults`), over them the client's fields (`extras`), over
both what the draft itself sets. So a client can change an opinion and add a field, never what names or prices the call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from router.upstream.addresses import address_of
from router.upstream.transport import Body, Outgoing, Part
from router.vendors.spec import Draft, Vendor
from router.wire.arriving import Arriving, Passing
from router.wire.upload import Inline, Upload

__all__ = ["digest", "dress"]

_Parts = Callable[[str, Any], Iterator[tuple[str, Any]]]
_encode = msgspec.json.Encoder().encode


def digest(drafts: Iterable[Draft], vendor: Vendor, extras: Mapping[str, Any]) -> bytes:
    """What tells these requests from all others: everything that the vendor is sent, but for our key."""
    known = sha256()
    for draft in drafts:
        request = dress(draft, vendor, {}, extras, boundary="-")
        body = request.body if isinstance(request.body, bytes) else b"".join(map(_content, request.body))
        for part in (request.method.encode(), request.url.encode(), body):
            known.update(len(part).to_bytes(8) + part)
    return known.digest()


def _content(part: Part) -> bytes:
    assert not isinstance(part, Passing)  # what is kept is speech
    return part if isinstance(part, bytes) else b"".join(part.chunks())


def dress(
    draft: Draft,
    vendor: Vendor,
    settings: Mapping[str, str],
    extras: Mapping[str, Any],
    *,
    boundary: str | None = None,
) -> Outgoing:
    """The finished request. `settings` holds our key under the name that the vendor's `auth` gives.

    `boundary`: of a form's parts; a random one where none is given. Raises `Fault` for an address of the vendor's that
    is none of its own.
    """
    query = _layers(draft.defaults, extras, draft.query) if draft.extras == "query" else draft.query
    in_body = draft.extras == "body"
    address = address_of(draft.url, vendor)
    headers = dict(draft.headers)
    body: Body = b""
    if draft.json is not None:
        body = _json(_members(draft, extras))
        headers["content-type"] = "application/json"
    elif draft.form is not None:
        boundary = boundary or secrets.token_hex(16)
        fields = _layers(draft.defaults, extras, draft.form) if in_body else _pruned(draft.form)
        body = list(_form(fields, boundary, _bracketed if draft.objects == "brackets" else _repeated))
        headers["content-type"] = f"multipart/form-data; boundary={boundary}"
    elif draft.body is not None:
        body, headers["content-type"] = [_passed(draft.body, b"", is_form=False)], draft.body.content_type
    if address.is_vendors and vendor.auth and (secret := settings.get(vendor.auth.secret)):
        headers[vendor.auth.header] = vendor.auth.prefix + secret
    return Outgoing(draft.method, address.url + _query(query), headers, body, is_foreign=address.is_foreign)


def _members(draft: Draft, extras: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of a JSON body, with the client's fields among them or among those of the one they belong in."""
    match draft.extras:
        case "body":
            return _layers(draft.defaults, extras, draft.json)
        case None | "query":
            return _pruned(draft.json)
        case member:
            within = _layers(draft.defaults, extras, draft.json[member])
            return {**_pruned({name: value for name, value in draft.json.items() if name != member}), member: within}


def _json(members: Mapping[str, Any]) -> Body:
    """The document; uploads in it are put in while it is sent."""
    inside: list[Inline] = []
    mark = ""

    def hold(value: Any) -> str:
        nonlocal mark
        if not isinstance(value, Inline):
            raise TypeError(f"{type(value).__name__} cannot be JSON")
        inside.append(value)
        mark = mark or f"upload-{secrets.token_hex(16)}"  # which no client can have written
        return mark

    text = msgspec.json.encode(members, enc_hook=hold)
    if not inside:
        return text
    first, *others = text.split(mark.encode())
    return [first, *(part for upload, rest in zip(inside, others, strict=True) for part in (upload, rest))]


def _layers(defaults: Mapping[str, Any], extras: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    if not (defaults or extras):
        return _pruned(ours)
    written_apart = {name.partition("[")[0] for name in extras if "[" in name}  # a form's `name[]`
    opinions = {name: value for name, value in defaults.items() if name not in written_apart}
    return _over(_over(opinions, extras), _pruned(ours))


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, objects merged key by key."""
    for key, value in above.items():
        under = below.get(key)
        below[key] = _over(dict(under), value) if isinstance(under, dict) and isinstance(value, dict) else value
    return below


def _pruned(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without None, and without objects that held nothing else."""
    kept: dict[str, Any] = {}
    for key, one in value.items():
        inner = _pruned(one) if isinstance(one, dict) else one
        if inner is not None and not (isinstance(one, dict) and one and not inner):
            kept[key] = inner
    return kept


def _query(query: Mapping[str, Any]) -> str:
    pairs = [(key, _text(one)) for key, value in _pruned(query).items() for one in _listed(value)]
    return f"?{urlencode(pairs, quote_via=quote)}" if pairs else ""


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return _encode(value).decode()  # true, 0.5, and objects as JSON


# ------------------------------------------------------------------ multipart/form-data, RFC 7578


def _form(fields: Mapping[str, Any], boundary: str, parts: _Parts) -> Iterator[Part]:
    """The parts of a form; text first and files last, as some vendors insist. The whole length is known beforehand.

    A file that is still arriving is the last; of a request whose length the client did not tell that is not known.
    """
    files = {name: value for name, value in fields.items() if isinstance(value, Upload)}
    texts = [part for name, value in fields.items() if name not in files for part in parts(name, value)]
    head = "".join(f"--{boundary}\r\n{_disposition(name)}\r\n\r\n{_text(value)}\r\n" for name, value in texts)
    for name, upload in files.items():
        disposition = f'{_disposition(name)}; filename="{_quoted(upload.name)}"'
        yield f"{head}--{boundary}\r\n{disposition}\r\ncontent-type: {upload.content_type}\r\n\r\n".encode()
        yield (part := _passed(upload, f"\r\n--{boundary}--".encode(), is_form=True))
        if isinstance(part, Passing):
            return
        head = "\r\n"
    yield f"{head}--{boundary}--\r\n".encode()


def _passed(upload: Upload, tail: bytes, *, is_form: bool) -> Upload | Passing:
    return Passing(upload, tail, is_form=is_form) if isinstance(upload, Arriving) and not upload.is_whole else upload


def _repeated(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A part for each item of a list; objects are one part, JSON."""
    for one in _listed(value):
        yield name, one


def _bracketed(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A part for each leaf, as OpenAI's SDKs do it. A list of leaves has the name that its draft or the client gave it.

    A list of anything else needs `[]` there: without, its items could not be told from one object.
    """
    is_whole = name.endswith("[]") or not any(isinstance(one, dict | list | tuple) for one in _listed(value))
    if is_whole:
        for one in _listed(value):
            yield from _paths(name, one)
    else:
        yield from _paths(name, value)


def _paths(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """`path[key]` for an object, `path[]` for a list; None is left out."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _paths(f"{path}[{key}]", one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _paths(f"{path}[]", one)
    elif value is not None:
        yield path, value


def _disposition(name: str) -> str:
    return f'content-disposition: form-data; name="{_quoted(name)}"'


def _quoted(name: str) -> str:
    """As browsers quote a name (WHATWG): no line can be broken by it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
