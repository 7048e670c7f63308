"""A committed transcript written out, with what only the router knows beside it: the file's length, what is billed.

What lives here: what each way out shares, the HTTP doors and the command line. How it is written: `wire.render`.
"""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from router.media.length import length_of
from router.relay import Reply
from router.vendors.spec import Unit
from router.wire.render import Rendering, Usage, render, tells_length
from router.wire.transcripts import Transcript
from router.wire.upload import Upload

__all__ = ["measured", "usage_of", "written"]

MOST_AT_ONCE = 250
"""Words and segments that are rendered in one go: some 10 ms. An hour of words takes half a second."""


async def written(reply: Reply, audio: Upload, rendering: Rendering) -> tuple[str, bytes]:
    """Content type and body of a whole transcript; a long one is rendered while other calls stream on."""
    assert reply.transcript
    usage = usage_of(reply)
    transcript = await measured(reply.transcript, audio) if tells_length(rendering, usage) else reply.transcript
    if len(transcript.words) + len(transcript.segments) > MOST_AT_ONCE:
        return await asyncio.to_thread(render, transcript, rendering, usage)
    return render(transcript, rendering, usage)


async def measured(transcript: Transcript, audio: Upload) -> Transcript:
    """With its length: the file's own, where the vendor told none."""
    if transcript.duration is not None:
        return transcript
    return replace(transcript, duration=await length_of(audio))


def usage_of(reply: Reply) -> Usage:
    """What the vendor says it will bill, as far as it has said so."""
    units = reply.units
    tokens = {unit: int(amount) for unit, amount in units.items() if unit is not Unit.SECOND}
    return Usage(
        input_tokens=tokens.get(Unit.INPUT_TOKEN),
        output_tokens=tokens.get(Unit.OUTPUT_TOKEN),
        seconds=units.get(Unit.SECOND),
        input_text_tokens=tokens.get(Unit.INPUT_TEXT_TOKEN),
        input_audio_tokens=tokens.get(Unit.INPUT_AUDIO_TOKEN),
    )
