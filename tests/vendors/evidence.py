"""What a vendor is sent and what it answers, as values that can be compared and kept in files.

What lives here: a call at one model, our request for it, the request that the vendor's official SDK made for the same
parameters, and answers taken from the vendor's documents. What must hold between them stands in `promises`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy
from multipart import MultipartParser, parse_options_header

from router.config import parse
from router.routing.compiling import compile_plan
from router.routing.fit import Fitted, fit
from router.routing.plan import Plan, Target, known_models, target_at
from router.upstream.dress import dress
from router.upstream.transport import Outgoing
from router.vendors import find_vendor, vendor_names
from router.vendors.spec import Draft, Interim, Vendor
from router.wire.audio import MP3, Format
from router.wire.calls import CallKind, ListenCall, SoundCall, SpeechCall, Turn
from router.wire.upload import Upload

FIXTURES = Path(__file__).parent / "fixtures"
TEXT = "Every word counts."
VOICE = "alloy"
AUDIO = Upload("speech.wav", "audio/wav", b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
NOTHING: Mapping[str, Any] = {}


def key_of(vendor: str) -> str:
    """Our key at a vendor, as every test has it."""
    return f"key-of-{vendor}-0123456789"


# ------------------------------------------------------------------ calls


class Difference(Struct, frozen=True, kw_only=True):
    """Where our request may differ from the SDK's, and why.

    `content_type`: theirs and ours. `parts`: those of a form that only the SDK sends.
    """

    reason: str
    content_type: tuple[str, str] | None = None
    parts: tuple[tuple[str, str], ...] = ()


class Case(Struct, frozen=True, kw_only=True):
    """A call at one model. `name` is that of its fixtures and begins with the kind of the call."""

    name: str
    model: str
    call: SpeechCall | ListenCall | SoundCall
    differences: tuple[Difference, ...] = ()

    @property
    def kind(self) -> CallKind:
        return self.call.kind


def say(
    name: str,
    model: str,
    *,
    voice: str = VOICE,
    format: Format = MP3,
    extras: Mapping[str, Any] = NOTHING,
    as_events: bool = False,
    turns: tuple[Turn, ...] = (),
    **tunables: Any,
) -> Case:
    """A row: `TEXT` to be spoken, or a dialogue."""
    call = SpeechCall(
        model=model,
        text="\n".join(turn.text for turn in turns) or TEXT,
        voice=voice,
        format=format,
        turns=turns,
        tunables=tunables,
        extras=extras,
        as_events=as_events,
    )
    return Case(name=f"speech-{name}", model=model, call=call)


def sound(
    name: str,
    model: str,
    *,
    kind: CallKind = "sound",
    format: Format = MP3,
    extras: Mapping[str, Any] = NOTHING,
    lyrics: str | None = None,
    **tunables: Any,
) -> Case:
    """A row: what `TEXT` describes, as a sound effect; or as music, with `kind="music"`."""
    call = SoundCall(kind=kind, model=model, text=TEXT, format=format, lyrics=lyrics, tunables=tunables, extras=extras)
    return Case(name=f"{kind}-{name}", model=model, call=call)


def hear(
    name: str,
    model: str,
    wants: str = "",
    *,
    kind: CallKind = "transcription",
    extras: Mapping[str, Any] = NOTHING,
    as_events: bool = False,
    differences: tuple[Difference, ...] = (),
    **tunables: Any,
) -> Case:
    """A row: `AUDIO` to be written down; `wants` as in `ListenCall`."""
    call = ListenCall(
        kind=kind,
        model=model,
        audio=AUDIO,
        wants=frozenset(wants.split()),
        tunables=tunables,
        extras=extras,
        as_events=as_events,
    )
    return Case(name=f"{kind}-{name}", model=model, call=call, differences=differences)


# ------------------------------------------------------------------ our side


@cache
def plan_of(vendor: str) -> Plan:
    """The plan of a table that knows this one vendor, configured with its key and nothing else."""
    facts = find_vendor(vendor)
    assert facts, vendor
    entry = f"{{{facts.auth.secret}: {key_of(vendor)}}}" if facts.auth else "{}"
    model = known_models(facts)[0] if facts.knows_all_models else "any"
    text = f"vendors: {{{vendor}: {entry}}}\nroutes: {{any: {{targets: [{vendor}/{model}]}}}}\n"
    return compile_plan(parse(text, "routes.yaml", {}), find_vendor, vendor_names(), is_installed=lambda _: True)


def target_of(vendor: str, model: str) -> Target:
    plan = plan_of(vendor)
    return target_at(plan.outlets[vendor], model, plan.table)


def fitted(vendor: str, case: Case) -> Fitted:
    """The call as that vendor will get it. Raises `Cannot`."""
    return fit(case.call, target_of(vendor, case.model), plan_of(vendor))


def dressed(fitted: Fitted, **extras: Any) -> Outgoing:
    """The finished request; `extras` go past all checks, as if no vendor file forbade them."""
    outlet = fitted.target.outlet
    return dress(telling(fitted), outlet.facts, outlet.settings, {**fitted.extras, **extras})


def telling(fitted: Fitted) -> Draft:
    """The request that says what is wanted: the only one, or of a job's steps the first that is no look-up.

    What is looked up before is answered by `lookup.answer.json`.
    """
    request = fitted.request()
    if isinstance(request, Draft):
        return request
    answer: Interim | None = None
    try:
        while (draft := request.send(answer)).method == "GET":  # type: ignore[arg-type]  # None begins it
            reply = msgspec.json.decode(_file(fitted.target.outlet.name, "lookup", "answer").read_bytes(), type=Reply)
            answer = Interim(reply.status, dict(reply.headers), reply.content(), reply.body)
    except StopIteration as end:  # it was all there is to say, and its answer is the result
        return cast("Draft", end.value)
    return draft


def our_request(vendor: str, case: Case) -> Request:
    return decoded(dressed(fitted(vendor, case)), key_of(vendor))


# ------------------------------------------------------------------ requests


class Request(Struct, frozen=True):
    """A request by its meaning. `auth` holds every header that carries the key, `body` one of:

    `json`: the document · `form`: its parts in order of their names, a file by its names and digest · `raw`: a digest.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    auth: dict[str, str]
    content_type: str
    body: dict[str, Any]


def decoded(outgoing: Outgoing, key: str) -> Request:
    """The meaning of a request as it leaves; `url` may be a whole address or the target of a request line."""
    url = urlsplit(outgoing.url)
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    kind, options = parse_options_header(headers.get("content-type", ""))
    return Request(
        method=outgoing.method,
        path=url.path,
        query=sorted(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))),
        auth={name: value for name, value in headers.items() if key in value},
        content_type=kind,
        body=_body(kind, options.get("boundary", ""), _joined(outgoing)),
    )


def _joined(outgoing: Outgoing) -> bytes:
    parts = [outgoing.body] if isinstance(outgoing.body, bytes) else outgoing.body
    return b"".join(part if isinstance(part, bytes) else b"".join(part.chunks()) for part in parts)


def _body(kind: str, boundary: str, content: bytes) -> dict[str, Any]:
    if kind == "application/json":
        return {"json": msgspec.json.decode(content)}
    if kind == "multipart/form-data":
        return {"form": sorted(_parts(content, boundary), key=lambda part: part[0])}
    return {"raw": _digest(content)}


def _parts(content: bytes, boundary: str) -> Iterator[list[Any]]:
    """Name and value of every part. Those of one name keep their order, which is that of a list."""
    for part in MultipartParser(BytesIO(content), boundary, strict=True):
        file = {"filename": part.filename, "content_type": part.content_type, **_digest(part.raw)}
        yield [part.name, file if part.filename else part.value]
        part.close()


def _digest(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": sha256(content).hexdigest()}


def as_we_do(theirs: Request, differences: Sequence[Difference]) -> Request:
    """The SDK's request with the allowed differences applied. One that is no difference any more is an error."""
    for one in differences:
        if one.content_type:
            assert theirs.content_type == one.content_type[0], one.reason
            theirs = msgspec.structs.replace(theirs, content_type=one.content_type[1])
        if one.parts:
            form = list(theirs.body["form"])
            for part in one.parts:
                form.remove(list(part))
            theirs = msgspec.structs.replace(theirs, body={"form": form})
    return theirs


# ------------------------------------------------------------------ what is kept in files


class Recording(Struct, frozen=True):
    """What an SDK sent. `sdk` is its name and version."""

    sdk: str
    request: Request


def recorded(vendor: str, case: Case) -> Recording:
    return msgspec.json.decode(_file(vendor, case.name, "request").read_bytes(), type=Recording)


def record(vendor: str, case: Case, recording: Recording) -> None:
    """Keep what the SDK sent from now on."""
    file = _file(vendor, case.name, "request")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(recording), indent=2) + b"\n")


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer of the vendor. `source`: where it comes from; `body`: a JSON document, text, or audio in base64."""

    source: str
    status: int = 200
    headers: Mapping[str, str]
    body: Any

    def content(self) -> bytes:
        kind = self.headers["content-type"]
        if "json" in kind:
            return msgspec.json.encode(self.body)
        return b64decode(self.body) if kind.startswith("audio/") else str(self.body).encode()


def reply_of(vendor: str, name: str) -> Reply:
    return msgspec.json.decode(_file(vendor, name, "reply").read_bytes(), type=Reply)


def error_of(vendor: str, name: str) -> Reply:
    return msgspec.json.decode(_file(vendor, name, "error").read_bytes(), type=Reply)


def names_of(vendor: str, what: str) -> set[str]:
    """The names of a vendor's fixtures of one sort: request, reply, error."""
    return {file.name.removesuffix(f".{what}.json") for file in (FIXTURES / vendor).glob(f"*.{what}.json")}


def _file(vendor: str, name: str, what: str) -> Path:
    return FIXTURES / vendor / f"{name}.{what}.json"


class Answered:
    """A reply as a transport opens it, in two chunks."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = CIMultiDictProxy(CIMultiDict(reply.headers))
        self._content = reply.content()

    async def chunks(self) -> AsyncIterator[bytes]:
        middle = len(self._content) // 2
        for chunk in (self._content[:middle], self._content[middle:]):
            if chunk:
                yield chunk


def facts_of(vendor: str) -> Vendor:
    return plan_of(vendor).outlets[vendor].facts
