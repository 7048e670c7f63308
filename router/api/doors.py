"""The audio endpoints, as raw ASGI: decode, relay, respond. Each reads top to bottom.

What lives here: what the client gets for a reply, before and after commit. Who answers is the relay's business.
"""

from __future__ import annotations

import string
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from urllib.parse import quote

from litestar.types import ASGIApp, Receive, Scope, Send

from router.accounts.keys import Keyring
from router.api.exchange import ClientLeft, Exchange
from router.api.forms import FormLimits, read_form
from router.api.listening import ListenRequest, parse_listening
from router.api.speech import parse_speech
from router.config import Server
from router.relay import CLIENT_LEFT, Audio, Relay, Reply
from router.telemetry import CallRecord, Sink
from router.vendors.spec import Unit
from router.wire import events
from router.wire.audio import CONTENT_TYPES, Format
from router.wire.errors import CallError, NotAllowed
from router.wire.faults import Fault
from router.wire.render import Usage, done_event, render, segment_events

__all__ = ["AudioDoors"]

Handle = Callable[[Exchange, CallRecord], Awaitable[None]]

PRINTABLE = string.ascii_letters + string.digits + string.punctuation.replace("%", "") + " "
LONGEST_HEADER = 1_024
BROKEN_OFF = {
    "error": {"message": "The vendor's stream broke off.", "type": "server_error", "param": None, "code": "interrupted"}
}


class AudioDoors:
    """The three audio endpoints as ASGI applications."""

    def __init__(self, relay: Relay, keyring: Keyring, server: Server, sink: Sink) -> None:
        self._relay = relay
        self._sink = sink
        self._keyring = keyring
        self._server = server
        self._form_limits = FormLimits(max_upload=server.max_upload, max_text=server.max_body)
        self.speech = self._guarded("speech", self._speech)
        self.transcriptions = self._guarded("transcription", self._listening("transcription"))
        self.translations = self._guarded("translation", self._listening("translation"))

    def _guarded(self, kind: str, handle: Handle) -> ASGIApp:
        """What every door does: ask for the key, and turn whatever goes wrong into what the client may see of it."""

        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(scope, receive, send)
            record = CallRecord(request_id=exchange.request_id, kind=kind, model="")
            try:
                if exchange.method != "POST":
                    raise NotAllowed(f"{exchange.method} is not allowed here, only POST.", headers={"allow": "POST"})
                record.key = self._keyring.owner(exchange.headers.get("authorization"))
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
            self._sink(record)

    # ------------------------------------------------------------------ speech

    async def _speech(self, exchange: Exchange, record: CallRecord) -> None:
        request = parse_speech(await exchange.body(self._server.max_body), self._server.max_input)
        record.model = request.call.model
        async with exchange.watched(), self._relay.answer(request.call, record) as reply:
            assert reply.audio
            if request.is_sse:
                await _send_audio_events(exchange, reply, reply.audio)
            else:
                await _send_audio(exchange, reply, reply.audio, request.call.format)

    # ------------------------------------------------------------------ transcription, translation

    def _listening(self, kind: Literal["transcription", "translation"]) -> Handle:
        async def handle(exchange: Exchange, record: CallRecord) -> None:
            chunks = exchange.chunks(self._form_limits.max_body)
            form = await read_form(exchange.headers.get("content-type", ""), chunks, self._form_limits)
            try:
                request = parse_listening(form, kind)
                record.model = request.call.model
                async with exchange.watched(), self._relay.answer(request.call, record) as reply:
                    await _send_transcript(exchange, reply, request)
            finally:
                if form.file:
                    form.file.close()

        return handle


async def _send_audio(exchange: Exchange, reply: Reply, audio: Audio, wanted: Format) -> None:
    """The bytes as they come, one write for each."""
    await exchange.start(200, _head(CONTENT_TYPES[wanted.codec], reply.record))
    reply.record.bytes_out += len(audio.first)
    await exchange.write(audio.first)
    async for chunk in audio.rest:
        reply.record.bytes_out += len(chunk)
        await exchange.write(chunk)
    await exchange.finish()


async def _send_audio_events(exchange: Exchange, reply: Reply, audio: Audio) -> None:
    """The same bytes, wrapped; here a stream that breaks off can say so."""
    await exchange.start(200, _head("text/event-stream", reply.record))
    try:
        await exchange.write(events.audio_delta(audio.first))
        reply.record.bytes_out += len(audio.first)
        async for chunk in audio.rest:
            reply.record.bytes_out += len(chunk)
            await exchange.write(events.audio_delta(chunk))
    except Fault:
        await exchange.finish(events.event(BROKEN_OFF))
        raise
    usage = _usage(reply.record)
    await exchange.finish(events.audio_done(usage.input_tokens or 0, usage.output_tokens or 0))


async def _send_transcript(exchange: Exchange, reply: Reply, request: ListenRequest) -> None:
    assert reply.transcript
    usage = _usage(reply.record)
    if request.is_stream:
        await exchange.start(200, _head("text/event-stream", reply.record))
        await exchange.write(events.text_delta(reply.transcript.text))
        for segment in segment_events(reply.transcript, request.rendering):
            await exchange.write(events.event(segment))
        await exchange.finish(events.event(done_event(reply.transcript, request.rendering, usage)))
        return
    content_type, body = render(reply.transcript, request.rendering, usage)
    reply.record.bytes_out = len(body)
    await exchange.reply(200, content_type, body, _router_headers(reply.record))


def _usage(record: CallRecord) -> Usage:
    tokens = {unit: int(amount) for unit, amount in record.units.items() if unit is not Unit.SECOND}
    return Usage(tokens.get(Unit.INPUT_TOKEN), tokens.get(Unit.OUTPUT_TOKEN), record.units.get(Unit.SECOND))


def _head(content_type: str, record: CallRecord) -> list[tuple[bytes, bytes]]:
    own = [(name.encode(), value.encode("latin-1", "replace")) for name, value in _router_headers(record).items()]
    return [(b"content-type", content_type.encode()), *own]


def _router_headers(record: CallRecord) -> Mapping[str, str]:
    """What goes out beside the body, on success and on failure."""
    headers = {"x-router-attempts": str(len(record.attempts)), "x-router-cost-basis": "unpriced"}
    if record.target:
        headers["x-router-target"] = _header_text(record.target)
    if record.dropped:
        headers["x-router-dropped"] = _header_text(", ".join(record.dropped))
    return headers


def _header_text(text: str) -> str:
    """Names that a client made up, as a header may hold them: printable ASCII, the rest percent-encoded, bounded."""
    return quote(text, safe=PRINTABLE)[:LONGEST_HEADER]
