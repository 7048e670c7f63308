"""What a vendor answered: audio on its way, a transcript whole or in events, or an error in that vendor's shape.

What lives here: telling these apart, and checking what a vendor's file made of them. It reads what a transport opened,
sends nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from router.upstream.documents import USUAL, Bounds, document_in, error_in, whole
from router.upstream.lookup import Discreet, error_in_event, error_in_success, fault_in, units_in
from router.upstream.sse import EventParser
from router.upstream.transport import Response
from router.vendors.spec import Delta, Framing, Heard, Interim, Json, Operation, Piece, Reply, Unit, Vendor
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Segment, Transcript, lacking_in

__all__ = ["Answer", "interim_of", "read_answer"]

STEP_BYTES = 64 * 1024
END = "[DONE]"  # what some servers send as the last event, which is no JSON


class Answer(Struct):
    """A success, exactly one of: `audio` still streaming, a `transcript`, what is `heard` so far, a chat's `text`.

    `units` is what the vendor says it will bill; a stream adds to it until its end.
    """

    units: dict[Unit, float]
    audio: AsyncIterator[bytes] | None = None
    transcript: Transcript | None = None
    heard: AsyncIterator[Heard] | None = None
    text: str | None = None


class _Context(Struct, frozen=True):
    """What is known beforehand of an answer that is due."""

    vendor: Vendor
    secrets: Mapping[str, str]
    wants: frozenset[str]
    language: str | None
    bounds: Bounds


async def read_answer(
    response: Response,
    operation: Operation,
    vendor: Vendor,
    secrets: Mapping[str, str],
    wants: frozenset[str],
    *,
    as_events: bool = False,
    language: str | None = None,
    bounds: Bounds = USUAL,
) -> Answer:
    """The answer to a call that `wants` these of a transcript, and was sent asking for events or not.

    `language`: the one that was asked for, and so that of a transcript which does not tell its own.
    Raises `Fault`, at once or while it streams; its message holds no secret.
    """
    context = _Context(vendor, secrets, wants, language, bounds)
    with Discreet(secrets):
        return await _read(response, _reply_due(response, operation, as_events=as_events), context)


async def interim_of(response: Response, vendor: Vendor, secrets: Mapping[str, str], bounds: Bounds = USUAL) -> Interim:
    """An answer on the way to the result, whole. Raises `Fault`; its message holds no secret."""
    with Discreet(secrets):
        if response.status >= 300:
            raise fault_in(vendor.errors, response.status, response.headers, await error_in(response))
        body = await whole(response, bounds.document)
        document = document_in(body) if _kind(response).endswith("json") else None
        if document is not None and (fault := error_in_success(vendor.errors, document, response.headers)):
            raise fault
        return Interim(response.status, dict(response.headers), body, document)


def _reply_due(response: Response, operation: Operation, *, as_events: bool) -> Reply:
    """How the answer is to be read; a server that knows no events answers as if nobody had asked for them."""
    if as_events and operation.events and _kind(response) == "text/event-stream":
        return operation.events
    return operation.reply


def _kind(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(response: Response, reply: Reply, context: _Context) -> Answer:
    vendor, headers = context.vendor, response.headers
    if response.status >= 300:
        raise fault_in(vendor.errors, response.status, headers, await error_in(response))
    if reply.framing is Framing.JSON:
        return await _read_document(response, reply, context)
    if _is_document(response, reply):
        raise fault_in(vendor.errors, response.status, headers, await error_in(response))
    units = units_in(vendor, None, headers)
    if reply.framing is Framing.RAW:
        if fault := error_in_success(vendor.errors, None, headers):
            raise fault
        return Answer(units, audio=response.chunks())
    events = _Events(response, reply, context, units)
    if Piece in reply.makes:
        return Answer(units, audio=_audio(events))
    return Answer(units, heard=_heard(events, context))


async def _read_document(response: Response, reply: Reply, context: _Context) -> Answer:
    vendor, headers = context.vendor, response.headers
    document = document_in(await whole(response, context.bounds.document))
    if fault := error_in_success(vendor.errors, document, headers):
        raise fault
    units = units_in(vendor, document, headers)
    made = _made(reply, document)
    if isinstance(made, bytes):
        return Answer(units, audio=_whole_audio(made))
    if isinstance(made, str):
        if not made.strip():
            raise Fault(Kind.GARBLED, "an empty answer where words were due")
        return Answer(units, text=made)
    return Answer(units, transcript=_complete(made, context))


def _is_document(response: Response, reply: Reply) -> bool:
    """Whether there is a page or a JSON document where audio, or a stream of events, was due."""
    kind = _kind(response)
    return kind.endswith(("json", "xml", "html")) or (reply.framing is Framing.RAW and kind.startswith("text/"))


def _complete(transcript: Transcript, context: _Context) -> Transcript:
    if lacking := lacking_in(transcript, context.wants):
        raise Fault(Kind.GARBLED, f"the transcript came without {' and '.join(sorted(lacking))}")
    return _in_its_language(transcript, context)


def _in_its_language(transcript: Transcript, context: _Context) -> Transcript:
    return transcript if transcript.language else replace(transcript, language=context.language)


def _made(reply: Reply, document: Json) -> Any:
    """What the vendor's file makes of a document, with the types it promises; it may leave an event out by None."""
    assert reply.read
    try:
        value = reply.read(document)
        if value is None and reply.framing is Framing.EVENTS:
            return None
        kind = next((one for one in reply.makes if isinstance(value, one)), reply.makes[0])
        if kind is bytes and isinstance(value, bytes):
            return value
        return msgspec.convert(msgspec.to_builtins(value), kind)  # a struct does not check what it is made of
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        # vendor files index plainly, so that what is missing is told here, once
        what = " or ".join(one.__name__.lower() for one in reply.makes)
        raise Fault(Kind.GARBLED, f"unexpected {what}: {type(error).__name__}: {error}") from error


async def _whole_audio(audio: bytes) -> AsyncIterator[bytes]:
    """In steps, so that a slow client holds no more of it than it must."""
    for offset in range(0, len(audio), STEP_BYTES):
        yield audio[offset : offset + STEP_BYTES]


# ------------------------------------------------------------------ streams of events


class _Events:
    """What a vendor's file makes of a stream of events, as they arrive; errors among them are raised.

    `units` is kept up to date; `is_ended` says whether `[DONE]` came, with which some servers end a stream.
    """

    def __init__(self, response: Response, reply: Reply, context: _Context, units: dict[Unit, float]) -> None:
        self._response = response
        self._reply = reply
        self._context = context
        self._units = units
        self._largest = context.bounds.reply if Piece in reply.makes else context.bounds.document
        self.is_ended = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        with Discreet(self._context.secrets):
            async for event in self._documents():
                if (made := _made(self._reply, event)) is not None:
                    yield made

    async def _documents(self) -> AsyncIterator[Json]:
        parser = EventParser()
        size = 0
        async for chunk in self._response.chunks():
            size += len(chunk)
            if size > self._largest:
                raise Fault(Kind.GARBLED, f"events of more than {self._largest:,} bytes")
            for event in parser.feed(chunk):
                if event.data.strip() == END:
                    self.is_ended = True
                    return
                yield self._document(event.data)
        for event in parser.close():
            self.is_ended = event.data.strip() == END
            if not self.is_ended:
                yield self._document(event.data)

    def _document(self, data: str) -> Json:
        document = document_in(data.encode())
        if fault := error_in_event(self._context.vendor.errors, document):
            raise fault
        self._units.update(units_in(self._context.vendor, document, {}))
        return document


async def _audio(events: _Events) -> AsyncIterator[bytes]:
    """The audio of the pieces up to the last one; a stream that ends before it was cut off."""
    async for piece in events:
        if piece.audio:
            yield piece.audio
        if piece.is_last:
            return
    if not events.is_ended:
        raise Fault(Kind.GARBLED, "the events ended in the middle of the audio")


async def _heard(events: _Events, context: _Context) -> AsyncIterator[Heard]:
    """The parts as they come, and always a whole transcript at the end: the vendor's, or its parts joined."""
    said: list[Delta] = []
    segments: list[Segment] = []
    async for part in events:
        match part:
            case Transcript():
                yield _ended(part, said, segments, context)
                return
            case Segment():
                segments.append(part)
            case Delta():
                said.append(part)
        yield part
    if not events.is_ended:
        raise Fault(Kind.GARBLED, "the events ended in the middle of the transcript")
    text = "".join(delta.text for delta in said).strip()
    yield _ended(Transcript(text), said, segments, context)


def _ended(whole: Transcript, said: Sequence[Delta], segments: Sequence[Segment], context: _Context) -> Transcript:
    """The whole of a stream, with what came before it and is not told again."""
    tokens = whole.tokens or [token for delta in said for token in delta.tokens]
    return _complete(replace(whole, tokens=tokens, segments=whole.segments or segments), context)
