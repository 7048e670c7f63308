"""The audio endpoints, as raw ASGI: decode, relay, respond. Each reads top to bottom.

What lives here: what the client gets for a reply, before and after commit. Who answers is the relay's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from time import monotonic

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.structs import replace

from router.accounts.keys import Keyring
from router.api.envelopes import unexpected
from router.api.exchange import ClientLeft, Exchange
from router.api.forms import FormLimits
from router.api.gate import Gate
from router.api.listening import ListenKind
from router.api.receiving import Received, received
from router.api.replying import (
    encoded_headers,
    router_headers,
    send_audio,
    send_audio_events,
    send_sound_events,
    send_transcript,
    send_transcript_events,
)
from router.api.sounds import SoundKind, parse_sound
from router.api.speech import parse_speech
from router.api.streams import EventStream, ProgressNews
from router.api.tasks import path_of, shown
from router.config import Server
from router.relay import CLIENT_LEFT, Relay
from router.tasks.tasks import Tasks
from router.telemetry import CallRecord, Sink
from router.wire.calls import SoundCall
from router.wire.errors import CallError, NotAllowed, RouteExhausted, TooLong
from router.wire.faults import Fault

__all__ = ["AudioDoors"]

TICK_S = 0.01  # timers of the loop ring as early as that
Handle = Callable[[Exchange, CallRecord], Awaitable[None]]


class AudioDoors:
    """The audio endpoints as ASGI applications."""

    def __init__(self, relay: Relay, keyring: Keyring, sink: Sink, tasks: Tasks, gate: Gate) -> None:
        self._relay = relay
        self._tasks = tasks
        self._sink = sink
        self._keyring = keyring
        self._gate = gate
        listening, sounding = self._listening, self._sounding
        transcriptions = self._guarded("transcription", listening("transcription"))
        self.by_path: Mapping[str, ASGIApp] = {
            **_at("speech", self._guarded("speech", self._speech)),
            **_at("transcriptions", transcriptions),
            "/v1/speech/transcriptions": transcriptions,
            **_at("translations", self._guarded("translation", listening("translation"))),
            **_at("sound-effects", self._guarded("sound", sounding("sound"))),
            **_at("music", self._guarded("music", sounding("music"))),
        }

    def before(self, app: ASGIApp) -> ASGIApp:
        """`app`, for whatever is not at one of these paths exactly: they need nothing of what it does."""

        def front(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # whose own is waited for
            return self.by_path.get(scope.get("path", ""), app)(scope, receive, send)

        return front

    @property
    def _server(self) -> Server:
        """The limits of the moment."""
        return self._relay.plan.table.server

    def _guarded(self, kind: str, handle: Handle) -> ASGIApp:
        """What every door does: ask for the key, and turn whatever goes wrong into what the client may see of it."""

        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(scope, receive, send)
            record = CallRecord(request_id=exchange.request_id, kind=kind, model="")
            record.traceparent = exchange.header(b"traceparent")
            try:
                _check_method(exchange)
                record.key = self._keyring.owner(exchange.header(b"authorization"))
                with self._gate.passed(kind, self._server.max_calls):
                    await handle(exchange, record)
            except CallError as error:
                self._tell_refused(record, "refused", error.status)
                await exchange.fail(error, router_headers(record))
            except ClientLeft:
                self._tell_refused(record, "client left", CLIENT_LEFT)
            except Fault:
                return  # the transfer stays incomplete, so the server breaks the connection: never a clean end
            except Exception as bug:  # noqa: BLE001 - it is told, with its traceback
                told = unexpected(bug, scope["path"], exchange.request_id)
                self._tell_refused(record, "failed", told.status)
                if not exchange.has_begun:
                    await exchange.fail(told, {})

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
                await send_audio(exchange, reply, call.format)
            return
        stream = EventStream(exchange, lambda: encoded_headers(record))
        async with exchange.watched(), stream.kept_alive(), self._relay.answer(call, record) as reply:
            await send_audio_events(stream, reply, len(call.text))

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
        headers = {"location": path_of(task.id), **router_headers(record)}
        await exchange.reply(202, "application/json", msgspec.json.encode(shown(task)), headers)

    async def _send_sound(self, exchange: Exchange, record: CallRecord, call: SoundCall) -> None:
        began = monotonic()
        try:
            async with exchange.watched(), self._relay.answer(call, record) as reply:
                await send_audio(exchange, reply, call.format)
        except RouteExhausted as error:
            if error.status == 504 and monotonic() - began >= (call.wait_s or 0.0) - TICK_S:
                raise TooLong(call.wait_s or 0.0) from error
            raise

    async def _tell_sound(self, exchange: Exchange, record: CallRecord, call: SoundCall) -> None:
        stream = EventStream(exchange, lambda: encoded_headers(record))
        news = ProgressNews(stream)
        async with (
            exchange.watched(),
            stream.kept_alive(),
            news.told(),
            self._relay.answer(call, record, news) as reply,
        ):
            await news.end()
            await send_sound_events(stream, reply)

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
        stream = EventStream(exchange, lambda: encoded_headers(record))
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
                await send_transcript_events(stream, reply, request)
            else:
                await send_transcript(exchange, reply, request)


def _at(name: str, door: ASGIApp) -> Mapping[str, ASGIApp]:
    """The path in full, and as it is for who has left the `/v1` out of the base address."""
    return {f"/v1/audio/{name}": door, f"/audio/{name}": door}


def _check_method(exchange: Exchange) -> None:
    if exchange.method != "POST":
        raise NotAllowed(f"{exchange.method} is not allowed here, only POST.", headers={"allow": "POST"})
