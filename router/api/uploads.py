"""The body of a speech-to-text request, in whichever shape: a form, or JSON that holds the audio in base64.

What lives here: which shape it is, and the JSON one, as OpenRouter defined it and Open WebUI sends it:
`{"model": …, "input_audio": {"data": <base64>, "format": "wav"}, …}`. Forms are `forms`'.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from router.api.brackets import check_count
from router.api.exchange import invalid_json
from router.api.forms import Form, FormLimits, Spool, Whole, read_form
from router.wire.containers import CONTAINERS
from router.wire.errors import InvalidCall, TooLarge
from router.wire.upload import Upload

__all__ = ["read_upload"]

Chunks = Callable[[int], AsyncIterator[bytes]]

FORMATS = sorted(ending for container in CONTAINERS for ending in container.endings)
LONGEST_SHOWN = 64
LARGE_BYTES = 1024 * 1024  # a body beyond this is decoded beside the event loop, not in it
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class InputAudio(Struct, frozen=True):
    """The sound itself, and the ending that a file of it would have; without one its first bytes tell."""

    data: bytes = b""
    format: str | None = None


class _Outline(Struct, frozen=True):
    """The audio, undecoded; everything beside it is passed over."""

    input_audio: Raw = Raw()


async def read_upload(content_type: str, chunks: Chunks, limits: FormLimits) -> Form:
    """The fields and the file. `chunks(n)` is the body as it arrives, of at most `n` bytes.

    Raises `UnsupportedMedia`, `TooLarge`, or `InvalidCall`; the caller closes the file.
    """
    if content_type.partition(";")[0].strip().lower() == "application/json":
        return await _read_json(chunks(limits.max_json), limits)
    return await read_form(content_type, chunks(limits.max_body), limits)


async def _read_json(chunks: AsyncIterator[bytes], limits: FormLimits) -> Form:
    """While it arrives the body lies in a spool; only the decoded audio is held, for the moment of decoding."""
    spool = Spool(limits.max_json)
    try:
        async for chunk in chunks:
            spool.write(chunk)
        body = spool.whole()
        if len(body) > LARGE_BYTES:
            return await asyncio.to_thread(_decoded, body, limits)
        return _decoded(body, limits)
    finally:
        spool.close()


def _decoded(body: Whole, limits: FormLimits) -> Form:
    try:
        audio = msgspec.json.decode(body, type=_Outline).input_audio
        if len(body) - len(memoryview(audio)) > limits.max_text:
            raise TooLarge(f"The fields beside the audio are larger than {limits.max_text:,} bytes.")
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    except UNDECODABLE as error:
        raise _broken(error) from error
    fields.pop("input_audio", None)
    check_count(fields, limits.max_parts)
    values = [(name, _typed(raw, Any, name)) for name, raw in fields.items()]
    given = [(name, value) for name, value in values if value is not None]
    return Form(given, _upload(_input_audio(audio), limits))


def _typed(raw: Raw, kind: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(name, error) from error
    except UNDECODABLE as error:
        raise _broken(error) from error


def _input_audio(raw: Raw) -> InputAudio:
    audio: InputAudio = _typed(raw, InputAudio, "input_audio") if raw else InputAudio()
    if not audio.data:
        param = "input_audio.data"
        raise InvalidCall(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    if audio.format and audio.format.lower() not in FORMATS:
        raise InvalidCall(
            f"Invalid value for 'input_audio.format': {audio.format[:LONGEST_SHOWN]!r}; known: {', '.join(FORMATS)}.",
            param="input_audio.format",
            code="invalid_value",
        )
    return audio


def _upload(audio: InputAudio, limits: FormLimits) -> Upload:
    spool = Spool(limits.max_upload)
    try:
        spool.write(audio.data)
        return spool.to_upload(f"upload.{audio.format.lower()}" if audio.format else "upload", "")
    except BaseException:
        spool.close()
        raise


def _invalid(name: str, error: msgspec.ValidationError) -> InvalidCall:
    """The words of msgspec, "… - at `$.data`", as a param and a message."""
    text, _, path = str(error).partition(" - at `$")
    param = name[:LONGEST_SHOWN] + path.rstrip("`").partition("[")[0]
    return InvalidCall(f"Invalid value for '{param}': {text[:1].lower()}{text[1:]}.", param=param, code="invalid_value")


def _broken(error: Exception) -> InvalidCall:
    match error:
        case UnicodeDecodeError():
            return invalid_json("it is not UTF-8 text")
        case RecursionError():
            return invalid_json("it is nested too deeply")
        case _:
            return invalid_json(str(error))
