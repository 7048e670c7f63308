"""The body of a speech-to-text request, in whichever shape: a form, or JSON that holds the audio in base64.

What lives here: which shape it is, and the JSON one, as OpenRouter defined it and Open WebUI sends it:
`{"model": …, "input_audio": {"data": <base64>, "format": "wav"}, …}`. Forms are `forms`'.
"""

from __future__ import annotations

import asyncio
from binascii import a2b_base64
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec import Raw, Struct

from router.api.brackets import check_count
from router.api.decoding import UNDECODABLE, undecodable
from router.api.forms import Form, FormLimits, FormReading
from router.wire.arriving import Arriving
from router.wire.containers import CONTAINERS
from router.wire.errors import InvalidCall, TooLarge
from router.wire.spool import Spool
from router.wire.upload import Upload

__all__ = ["JsonReading", "reading_of"]

Chunks = Callable[[int], AsyncIterator[bytes]]

FORMATS = sorted(ending for container in CONTAINERS for ending in container.endings)
AUDIO = "input_audio.data"
LONGEST_SHOWN = 64
STEP_CHARACTERS = 256 * 1024  # whole groups of four
LARGE_BYTES = 1024 * 1024  # a body beyond this is decoded beside the event loop, not in it

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="upload")  # two would only wait for one another's GIL, and hold two


class InputAudio(Struct, frozen=True):
    """The sound itself in base64, and the ending that a file of it would have; without one its first bytes tell."""

    data: Raw = Raw()
    format: str | None = None


class _Outline(Struct, frozen=True):
    """The audio, undecoded; everything beside it is passed over."""

    input_audio: Raw = Raw()


def reading_of(
    content_type: str, chunks: Chunks, limits: FormLimits, length: int | None = None
) -> FormReading | JsonReading:
    """What reads the fields and the file. `chunks(n)` is the body as it arrives, of at most `n` bytes; `length`: of it.

    Raises `UnsupportedMedia`.
    """
    if content_type.partition(";")[0].strip().lower() == "application/json":
        return JsonReading(chunks(limits.max_json), limits)
    return FormReading(content_type, chunks(limits.max_body), limits, length)


class JsonReading:
    """As `FormReading`, of a body that says nothing before its end."""

    arriving: Arriving | None = None

    def __init__(self, chunks: AsyncIterator[bytes], limits: FormLimits) -> None:
        self.form = Form()
        self._chunks = chunks
        self._limits = limits

    async def to_file(self) -> None:
        """As `to_end`."""
        await self.to_end()

    async def to_end(self) -> None:
        """Read all of it, once. Raises `TooLarge`, or `InvalidCall`."""
        if not self.form.file:
            self.form = await _read_json(self._chunks, self._limits)

    def close(self) -> None:
        """Give the file back."""
        if self.form.file:
            self.form.file.close()


async def _read_json(chunks: AsyncIterator[bytes], limits: FormLimits) -> Form:
    """While it arrives the body lies in a spool, from which the audio goes into another step by step."""
    spool, size = Spool(limits.max_json), 0
    try:
        async for chunk in chunks:
            spool.write(chunk)
            size += len(chunk)
        if size > LARGE_BYTES:
            return await asyncio.get_running_loop().run_in_executor(_THREAD, _decoded, spool, limits)
        return _decoded(spool, limits)
    finally:
        spool.close()


def _decoded(spool: Spool, limits: FormLimits) -> Form:
    """Mapped here and let go of here, so that only one large body at a time is in memory."""
    body = spool.whole()
    try:
        audio = msgspec.json.decode(body, type=_Outline).input_audio
        if len(body) - len(memoryview(audio)) > limits.max_text:
            raise TooLarge(f"The fields beside the audio are larger than {limits.max_text:,} bytes.")
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    except UNDECODABLE as error:
        raise undecodable(error) from error
    fields.pop("input_audio", None)
    check_count(fields, limits.max_parts)
    values = [(name, _typed(raw, Any, name)) for name, raw in fields.items()]
    given = [(name, value) for name, value in values if value is not None]
    return Form(given, _upload(_input_audio(audio), limits))


def _typed(raw: Raw | bytes, kind: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(name, error) from error
    except UNDECODABLE as error:
        raise undecodable(error) from error


def _input_audio(raw: Raw) -> InputAudio:
    audio: InputAudio = _typed(raw, InputAudio, "input_audio") if raw else InputAudio()
    if bytes(memoryview(audio.data)[:3]) in {b"", b'""'}:
        raise InvalidCall(f"Missing required parameter: '{AUDIO}'.", param=AUDIO, code="missing_required_parameter")
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
        for step in _from_base64(audio.data):
            spool.write(step)
        return spool.to_upload(f"upload.{audio.format.lower()}" if audio.format else "upload", "")
    except BaseException:
        spool.close()
        raise


def _from_base64(data: Raw) -> Iterator[bytes]:
    """What a text holds in base64, step by step: it may lie in a mapped file of tens of megabytes.

    A short one, what is no text, and all behind a character that is escaped comes at once.
    """
    text = memoryview(data)
    if len(text) <= STEP_CHARACTERS or text[0] != ord('"'):
        yield _typed(data, bytes, AUDIO)
        return
    end = len(text) - 1  # the closing quote
    for at in range(1, end, STEP_CHARACTERS):
        step = bytes(text[at : min(at + STEP_CHARACTERS, end)])
        if b"\\" in step:
            yield _typed(b'"' + bytes(text[at:]), bytes, AUDIO)
            return
        if step.endswith(b"=") and at + STEP_CHARACTERS < end:
            raise _no_base64()
        try:
            yield a2b_base64(step, strict_mode=True)
        except ValueError as error:
            raise _no_base64() from error


def _no_base64() -> InvalidCall:
    """In msgspec's words, which are those for a short one."""
    return InvalidCall(
        f"Invalid value for '{AUDIO}': invalid base64 encoded string.", param=AUDIO, code="invalid_value"
    )


def _invalid(name: str, error: msgspec.ValidationError) -> InvalidCall:
    """The words of msgspec, "… - at `$.data`", as a param and a message."""
    text, _, path = str(error).partition(" - at `$")
    param = name[:LONGEST_SHOWN] + path.rstrip("`").partition("[")[0]
    return InvalidCall(f"Invalid value for '{param}': {text[:1].lower()}{text[1:]}.", param=param, code="invalid_value")
