"""A reply on its way out: audio as it comes, events, a transcript; and what its head tells of the call.

What lives here: writing to an exchange or a stream of events. Which of these a call gets: `doors`.
"""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

from router.api.exchange import Exchange
from router.api.listening import ListenRequest
from router.api.streams import EventStream
from router.api.writing import measured, usage_of, written
from router.relay import Reply
from router.routing.pricing import dollars
from router.telemetry import CallRecord
from router.vendors.spec import Heard
from router.wire import events
from router.wire.audio import CONTENT_TYPES, Format
from router.wire.render import done_event
from router.wire.transcripts import Delta, Segment, Transcript
from router.wire.turns import Turns

__all__ = [
    "encoded_headers",
    "router_headers",
    "send_audio",
    "send_audio_events",
    "send_sound_events",
    "send_transcript",
    "send_transcript_events",
]

PRINTABLE = string.ascii_letters + string.digits + string.punctuation.replace("%", "") + " "
LONGEST_HEADER = 1_024


async def send_audio(exchange: Exchange, reply: Reply, wanted: Format) -> None:
    """The bytes as they come, one write for each; what is here as a whole has a length, and is one write."""
    audio = reply.audio
    assert audio
    headers = [(b"content-type", CONTENT_TYPES[wanted.codec].encode()), *encoded_headers(reply.record)]
    try:
        if audio.is_whole:
            await exchange.start(200, [*headers, (b"content-length", b"%d" % len(audio.first))])
            await exchange.finish(audio.first)
            return
        await exchange.start(200, headers)
        await exchange.write(audio.first)
        await exchange.write_all(audio.rest)
        await exchange.finish()
    finally:
        reply.record.bytes_out = exchange.sent_bytes


async def send_audio_events(stream: EventStream, reply: Reply, characters: int) -> None:
    """The same bytes, wrapped."""
    await _send_pieces(stream, reply, events.audio_delta)
    usage = usage_of(reply)
    await stream.finish(events.audio_done(usage.input_tokens or 0, usage.output_tokens or 0, characters))


async def send_sound_events(stream: EventStream, reply: Reply) -> None:
    await _send_pieces(stream, reply, events.sound_delta)
    await stream.finish(events.sound_done(reply.record.bytes_out))


async def _send_pieces(stream: EventStream, reply: Reply, wrapped: Callable[[bytes], bytes]) -> None:
    assert reply.audio
    await stream.send(wrapped(reply.audio.first))
    reply.record.bytes_out += len(reply.audio.first)
    async for chunk in reply.audio.rest:
        reply.record.bytes_out += len(chunk)
        await stream.send(wrapped(chunk))


async def send_transcript(exchange: Exchange, reply: Reply, request: ListenRequest) -> None:
    content_type, body = await written(reply, request.call.audio, request.rendering)
    reply.record.bytes_out = len(body)
    await exchange.reply(200, content_type, body, router_headers(reply.record))


async def send_transcript_events(stream: EventStream, reply: Reply, request: ListenRequest) -> None:
    """The parts as they are heard, or all at once from a vendor that does not stream; in the end the whole."""
    turns = Turns()
    has_turns = request.rendering.format == "diarized_json"
    async for part in _parts(reply, has_turns=has_turns):
        match part:
            case Transcript():
                await stream.finish(_counted(reply, await _done(part, reply, request)))
            case Delta():
                await stream.send(_counted(reply, events.text_delta(part)))
            case Segment() if has_turns:
                await stream.send(_counted(reply, events.event(turns.written(part))))


async def _done(whole: Transcript, reply: Reply, request: ListenRequest) -> bytes:
    usage = usage_of(reply)
    if usage.in_tokens() is None:
        whole = await measured(whole, request.call.audio)
    return events.event(done_event(whole, request.rendering, usage))


def _counted(reply: Reply, document: bytes) -> bytes:
    reply.record.bytes_out += len(document)
    return document


async def _parts(reply: Reply, *, has_turns: bool) -> AsyncIterator[Heard]:
    if reply.heard:
        async for part in reply.heard:
            yield part
    elif reply.transcript:
        yield Delta(reply.transcript.text)
        for segment in reply.transcript.timed() if has_turns else ():
            yield segment
        yield reply.transcript


def encoded_headers(record: CallRecord) -> Sequence[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in router_headers(record).items()]


def router_headers(record: CallRecord) -> Mapping[str, str]:
    """What goes out beside the body, on success and on failure."""
    headers = {"x-router-attempts": str(len(record.attempts)), "x-router-cost-basis": record.cost_basis}
    if record.cost_usd is not None:
        headers["x-router-cost"] = dollars(record.cost_usd)
    if record.cache:
        headers["x-router-cache"] = record.cache
    if record.target:
        headers["x-router-target"] = _header_text(record.target[:LONGEST_HEADER])
    if record.dropped:
        headers["x-router-dropped"] = _header_text(", ".join(record.dropped)[:LONGEST_HEADER])
    return headers


@lru_cache(1024)
def _header_text(text: str) -> str:
    """Names that a client made up, as a header may hold them: printable ASCII, the rest percent-encoded, bounded."""
    return quote(text, safe=PRINTABLE)[:LONGEST_HEADER]
