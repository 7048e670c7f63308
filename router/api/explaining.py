"""`POST /v1/routes/explain`: a call's JSON and its `kind` in, what would become of it out. No vendor is called.

What lives here: which call is meant. What is decided about it: `routing.explain`.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping
from time import monotonic
from typing import Any

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.structs import replace

from router.accounts.keys import Keyring
from router.api.exchange import ClientLeft, Exchange
from router.api.forms import Form
from router.api.listening import parse_listening
from router.api.sounds import sound_call
from router.api.speech import fields_of, speech_call
from router.relay import Relay
from router.routing.explain import explain
from router.wire.calls import Call
from router.wire.errors import CallError, InvalidCall, NotAllowed
from router.wire.upload import Upload

__all__ = ["call_of", "explaining"]

LONGEST_S = 360_000


def explaining(relay: Relay, keyring: Keyring) -> ASGIApp:
    """The handler."""

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            if exchange.method != "POST":
                raise NotAllowed(f"{exchange.method} is not allowed here, only POST.", headers={"allow": "POST"})
            keyring.owner(exchange.header(b"authorization"))
            plan = relay.plan
            server = plan.table.server
            call = call_of(fields_of(await exchange.body(server.max_body)), server.max_input)
            told = await to_thread(
                explain, plan, call, relay.history, monotonic()
            )  # a long text is cut for each target
            await exchange.reply(200, "application/json", msgspec.json.encode(told), {})
        except CallError as error:
            await exchange.fail(error, {})
        except ClientLeft:
            return

    return door


def call_of(fields: Mapping[str, Any], max_input: int) -> Call:
    """The call that the fields are those of. A file is said by its `duration` (seconds) and its `size` (bytes).

    Raises `InvalidCall` naming the field.
    """
    rest = {name: value for name, value in fields.items() if name != "kind"}
    match kind := fields.get("kind", "speech"):
        case "speech":
            return speech_call(rest, max_input)
        case "sound" | "music":
            return sound_call(rest, kind, max_input)
        case "transcription" | "translation":
            duration = _number(rest.pop("duration", None), "duration", LONGEST_S)
            audio = Upload("audio.wav", "audio/wav", b"RIFF")
            audio.size = int(_number(rest.pop("size", None), "size", 2**53) or audio.size)
            form = Form([(name, value) for name, value in rest.items() if value is not None], audio)
            return replace(parse_listening(form, kind).call, seconds=duration)
        case _:
            raise _invalid("kind", "expected speech, transcription, translation, sound or music")


def _number(value: Any, name: str, most: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise _invalid(name, f"expected a number above 0, at most {most:,}")
    return float(value)


def _invalid(name: str, why: str) -> InvalidCall:
    return InvalidCall(f"Invalid value for '{name}': {why}.", param=name, code="invalid_value")
