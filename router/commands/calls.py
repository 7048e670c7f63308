"""`speak` and `transcribe`: one call in this process, by the same path as the server's, with no server running."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import DownloadColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from router.api.speech import check_input
from router.api.writing import written
from router.app import furnish
from router.config import Loaded
from router.relay import Relay
from router.routing.pricing import dollars
from router.telemetry import CallRecord
from router.upstream.proxies import Proxy
from router.wire.audio import SPEECH_FORMATS
from router.wire.calls import Call, ListenCall, SpeechCall
from router.wire.containers import HEAD_BYTES, described
from router.wire.errors import CallError, InvalidCall
from router.wire.faults import Fault
from router.wire.render import Rendering, wants_of
from router.wire.spool import file_too_large
from router.wire.upload import Upload

__all__ = ["speak", "transcribe", "upload_of"]


def speak(
    loaded: Loaded,
    console: Console,
    *,
    text: str,
    output: Path,
    model: str,
    voice: str,
    proxy: Proxy | None = None,
) -> int:
    """Say `text` into a file whose ending names the format; `-` is standard output, as mp3."""
    codec = "mp3" if str(output) == "-" else output.suffix.lstrip(".").lower()
    if codec not in SPEECH_FORMATS:
        known = ", ".join(f".{name}" for name in SPEECH_FORMATS)
        return _refused(console, f"{output}: the ending names the format; known are {known}.", status=2)
    if not output.parent.is_dir():
        return _refused(console, f"{output.parent}: no such folder")
    try:
        check_input(text, loaded.table.server.max_input)
    except CallError as error:
        return _refused(console, error.message)
    call = SpeechCall(model=model, text=text, voice=voice, format=SPEECH_FORMATS[codec])
    return _run(loaded, console, call, lambda relay: _speak(relay, call, output, console), proxy)


async def _speak(relay: Relay, call: SpeechCall, output: Path, console: Console) -> str:
    record = _record(call)
    with _progress(console, DownloadColumn()) as progress:
        task = progress.add_task("speaking", total=None)
        async with relay.answer(call, record) as reply:
            assert reply.audio
            with _opened(output) as file:
                file.write(reply.audio.first)
                progress.advance(task, len(reply.audio.first))
                async for chunk in reply.audio.rest:
                    file.write(chunk)
                    progress.advance(task, len(chunk))
                written = progress.tasks[0].completed
    return f"{output}: {written:,.0f} bytes {_from(record)}"


def _opened(output: Path) -> BinaryIO:
    return open(sys.stdout.fileno(), "wb", closefd=False) if str(output) == "-" else output.open("wb")


def transcribe(
    loaded: Loaded,
    console: Console,
    *,
    file: Path,
    model: str,
    language: str | None,
    rendering: Rendering,
    proxy: Proxy | None = None,
) -> int:
    """Write down what is said in a file, on standard output."""
    with closing(upload_of(file)) as upload:
        try:
            _check_size(upload, loaded.table.server.max_upload)
        except CallError as error:
            return _refused(console, f"{file}: {error.message}")
        call = ListenCall(
            kind="translation" if rendering.task == "translate" else "transcription",
            model=model,
            audio=upload,
            wants=wants_of(rendering),
            tunables={"language": language} if language else {},
        )
        return _run(loaded, console, call, lambda relay: _transcribe(relay, call, rendering, console), proxy)


def upload_of(file: Path) -> Upload:
    """A file as if it had been sent; the caller closes it."""
    source = file.open("rb")
    name, content_type = described(file.name, "", source.read(HEAD_BYTES))
    return Upload(name, content_type, source)


def _check_size(upload: Upload, max_bytes: int) -> None:
    """What the server checks while a file arrives. Raises `CallError` in its words."""
    if not upload.size:
        raise InvalidCall("The file is empty.")
    if upload.size > max_bytes:
        raise file_too_large(max_bytes)


async def _transcribe(relay: Relay, call: ListenCall, rendering: Rendering, console: Console) -> str:
    record = _record(call)
    with _progress(console) as progress:
        progress.add_task("listening", total=None)
        async with relay.answer(call, record) as reply:
            _, body = await written(reply, call.audio, rendering)
    sys.stdout.write(body.decode().rstrip("\n") + "\n")
    return _from(record)


def _from(record: CallRecord) -> str:
    """Who has answered, how quickly, and at what cost where that is known."""
    about = "" if record.cost_basis == "exact" else "about "
    cost = "" if record.cost_usd is None else f" for {about}${dollars(record.cost_usd)}"
    return f"from {record.target} in {record.total_ms / 1000:.1f} s{cost}"


def _run(
    loaded: Loaded, console: Console, call: Call, work: Callable[[Relay], Awaitable[str]], proxy: Proxy | None
) -> int:
    async def run() -> str:
        house = furnish(loaded, proxy=proxy)
        try:
            return await work(house.relay)
        finally:
            await house.close()

    try:
        console.print(asyncio.run(run()), style="dim", highlight=False, markup=False)
    except CallError as error:
        return _refused(console, f"{call.model}: {error.message}")
    except OSError as error:
        return _refused(console, f"{error.filename}: {error.strerror}")
    except Fault as fault:
        return _refused(console, f"{call.model}: broke off, the output is incomplete: {fault.message}")
    return 0


def _refused(console: Console, message: str, status: int = 1) -> int:
    console.print(message, style="red", highlight=False, markup=False)
    return status


def _record(call: Call) -> CallRecord:
    return CallRecord(request_id=f"cli_{secrets.token_hex(8)}", kind=call.kind, model=call.model)


def _progress(console: Console, *more: ProgressColumn) -> Progress:
    """A spinner, what goes on, and the time; nothing at all where nobody looks."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), *more)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
