"""The audio endpoints, as raw ASGI: decode, relay, respond. Each reads top to bottom.

What lives here: what the client gets for a reply, before and after commit. Who answers is the relay's business.
"""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from time import monotonic
from urllib.parse import quote

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.structs import replace

from router.accounts.keys import Keyring
from router.api.exchange import ClientLeft, Exchange
from router.api.forms import FormLimits
from router.api.gate import Gate
from router.api.listening import ListenKind, ListenRequest
from router.api.receiving import Received, received
from router.api.sounds import SoundKind, parse_sound
from router.api.speech import parse_speech
from router.api.streams import EventStream, ProgressNews
from router.api.tasks import path_of, shown
from router.api.writing import measured, usage_of, written
from router.config import Server
from router.relay import CLIENT_LEFT, Relay, Reply
from router.routing.pricing import dollars
from router.tasks.tasks import Tasks
from router.telemetry import CallRecord, Sink
from router.vendors.spec import Heard
from router.wire import events
from router.wire.audio import CONTENT_TYPES, Format
from router.wire.calls import SoundCall
from router.wire.errors import CallError, NotAllowed, RouteExhausted, TooLong
from router.wire.faults import Fault
from router.wire.render import done_event
from router.wire.transcripts import Delta, Segment, Transcript
from router.wire.turns import Turns

__all__ = ["AudioDoors"]

Handle = Callable[[Exchange, CallRecord], Awaitable[None]]

PRINTABLE = string.ascii_letters + string.digits + string.punctuation.replace("%", "") + " "
LONGEST_HEADER = 1_024


class AudioDoors:
    """The audio endpoints as ASGI applications."""

    def __init__(self, relay: Relay, keyring: Keyring, sink: Sink, tasks: Tasks, gate: Gate) -> None:
        self._relay = relay
        self._tasks = tasks
        self._sink = sink
        self._keyring = keyring
        self._gate = gate
        self.speech = self._guarded("speech", self._speech)
        self.transcriptions = self._guarded("transcription", self._listening("transcription"))
        self.translations = self._guarded("translation", self._listening("translation"))
        self.sound_effects = self._guarded("sound", self._sounding("sound"))
        self.music = self._guarded("music", self._sounding("music"))

    @property
    def _server(self) -> Server:
        """The limits of the moment."""
        return self._relay.plan.table.server

    def _guarded(self, kind: str, handle: Handle) -> ASGIApp:
        """What every door does: ask for the key, and turn whatever goes wrong into what the client may see of it."""

        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(scope, receive, send)
            record = CallRecord(request_id=exchange.request_id, kind=kind, model="")
            record.traceparent = exchange.headers.get("traceparent")
            try:
                if exchange.method != "POST":
                    raise NotAllowed(f"{exchange.method} is not allowed here, only POST.", headers={"allow": "POST"})
                record.key = self._keyring.owner(exchange.headers.get("authorization"))
                with self._gate.passed(kind, self._server.max_calls):
                    await handle(exchange, record)
            except CallError as error:
                self._tell_refused(record, "refused", error.status)
                await exchange.fail(error, _router_headers(record))
            except ClientLeft:
                self._tell_refused(record, "client left", CLIENT_LEFT)
            except Fault:
                return  # the transfer stays incomplete, so the server breaks the connection: never a clean end

        return door

    def _tell_refused(self, record: CallRecord, outcome: str, status: int) -> None:
        """The event of a call that never reached the relay, which tells all others."""
        if not record.is_told:
            record.outcome, record.status = outcome, status
            record.cost_usd, record.cost_basis = 0.0, "exact"
            self._sink(record)

    # ------------------------------------------------------------------ speech

    async def _speech(self, exchange: Exchange, record: CallRecord) -> None:
        server = self._server
        call = parse_speech(await exchange.body(server.max_body), server.max_input)
        record.model = call.model
        if not call.as_events:
            async with exchange.watched(), self._relay.answer(call, record) as reply:
                await _send_audio(exchange, reply, call.format)
            return
        stream = EventStream(exchange, lambda: _headers(record))
        async with exchange.watched(), stream.kept_alive(), self._relay.answer(call, record) as reply:
            await _send_audio_events(stream, reply, len(call.text))

    # ------------------------------------------------------------------ sound effects, music

    def _sounding(self, kind: SoundKind) -> Handle:
        async def handle(exchange: Exchange, record: CallRecord) -> None:
            server = self._server
            request = parse_sound(await exchange.body(server.max_body), kind, server.max_input)
            record.model = request.call.model
            if request.is_background:
                await self._take_in(exchange, record, request.call)
            elif request.call.as_events:
                await self._tell_sound(exchange, record, request.call)
            else:
                await self._send_sound(exchange, record, replace(request.call, wait_s=server.max_wait))

        return handle

    async def _take_in(self, exchange: Exchange, record: CallRecord, call: SoundCall) -> None:
        task = await self._tasks.submit(call, record.key, record.request_id)
        headers = {"location": path_of(task.id), **_router_headers(record)}
        await exchange.reply(202, "application/json", msgspec.json.encode(shown(task)), headers)

    async def _send_sound(self, exchange: Exchange, record: CallRecord, call: SoundCall) -> None:
        began = monotonic()
        try:
            async with exchange.watched(), self._relay.answer(call, record) as reply:
                await _send_audio(exchange, reply, call.format)
        except RouteExhausted as error:
            if error.status == 504 and monotonic() - began >= (call.wait_s or 0.0):
                raise TooLong(call.wait_s or 0.0) from error
            raise

    async def _tell_sound(self, exchange: Exchange, record: CallRecord, call: SoundCall) -> None:
        stream = EventStream(exchange, lambda: _headers(record))
        news = ProgressNews(stream)
        async with (
            exchange.watched(),
            stream.kept_alive(),
            news.told(),
            self._relay.answer(call, record, news) as reply,
        ):
            await news.end()
            await _send_sound_events(stream, reply)

    # ------------------------------------------------------------------ transcription, translation

    def _listening(self, kind: ListenKind) -> Handle:
        async def handle(exchange: Exchange, record: CallRecord) -> None:
            server = self._server
            limits = FormLimits(server.max_upload, server.max_body, server.max_parts)
            async with received(exchange, limits, kind) as incoming:
                record.model = incoming.request.call.model
                await self._listen(exchange, record, incoming)

        return handle

    async def _listen(self, exchange: Exchange, record: CallRecord, incoming: Received) -> None:
        """Answer, maybe while the upload still arrives; how is known for good when there is a reply."""
        call, rest = incoming.request.call, incoming.rest
        stream = EventStream(exchange, lambda: _headers(record))
        async with AsyncExitStack() as answered:
            await answered.enter_async_context(exchange.watched(rest.read if rest else None))
            if call.as_events or rest:
                await answered.enter_async_context(stream.kept_alive(rest.wants_events if rest else None))
            reply = await answered.enter_async_context(
                self._relay.answer(call, record, whole=rest.call if rest else None)
            )
            request = incoming.request
            record.model = request.call.model
            if request.call.as_events:
                await _send_transcript_events(stream, reply, request)
            else:
                await _send_transcript(exchange, reply, request)


async def _send_audio(exchange: Exchange, reply: Reply, wanted: Format) -> None:
    """The bytes as they come, one write for each."""
    assert reply.audio
    content_type = (b"content-type", CONTENT_TYPES[wanted.codec].encode())
    await exchange.start(200, [content_type, *_headers(reply.record)])
    reply.record.bytes_out += len(reply.audio.first)
    await exchange.write(reply.audio.first)
    async for chunk in reply.audio.rest:
        reply.record.bytes_out += len(chunk)
        await exchange.write(chunk)
    await exchange.finish()


async def _send_audio_events(stream: EventStream, reply: Reply, characters: int) -> None:
    """The same bytes, wrapped."""
    assert reply.audio
    await stream.send(events.audio_delta(reply.audio.first))
    reply.record.bytes_out += len(reply.audio.first)
    async for chunk in reply.audio.rest:
        reply.record.bytes_out += len(chunk)
        await stream.send(events.audio_delta(chunk))
    usage = usage_of(reply)
    await stream.finish(events.audio_done(usage.input_tokens or 0, usage.output_tokens or 0, characters))


async def _send_sound_events(stream: EventStream, reply: Reply) -> None:
    assert reply.audio
    await stream.send(events.sound_delta(reply.audio.first))
    reply.record.bytes_out += len(reply.audio.first)
    async for chunk in reply.audio.rest:
        reply.record.bytes_out += len(chunk)
        await stream.send(events.sound_delta(chunk))
    await stream.finish(events.sound_done(reply.record.bytes_out))


async def _send_transcript(exchange: Exchange, reply: Reply, request: ListenRequest) -> None:
    content_type, body = await written(reply, request.call.audio, request.rendering)
    reply.record.bytes_out = len(body)
    await exchange.reply(200, content_type, body, _router_headers(reply.record))


async def _send_transcript_events(stream: EventStream, reply: Reply, request: ListenRequest) -> None:
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


def _headers(record: CallRecord) -> Sequence[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in _router_headers(record).items()]


def _router_headers(record: CallRecord) -> Mapping[str, str]:
    """What goes out beside the body, on success and on failure."""
    headers = {"x-router-attempts": str(len(record.attempts)), "x-router-cost-basis": record.cost_basis}
    if record.cost_usd is not None:
        headers["x-router-cost"] = dollars(record.cost_usd)
    if record.cache:
        headers["x-router-cache"] = record.cache
    if record.target:
        headers["x-router-target"] = _header_text(record.target)
    if record.dropped:
        headers["x-router-dropped"] = _header_text(", ".join(record.dropped))
    return headers


def _header_text(text: str) -> str:
    """Names that a client made up, as a header may hold them: printable ASCII, the rest percent-encoded, bounded."""
    return quote(text, safe=PRINTABLE)[:LONGEST_HEADER]
