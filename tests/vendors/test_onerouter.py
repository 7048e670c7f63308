"""OneRouter. Evidence: the official SDK `openai`, with the key bare in its header, sent the requests.

Replies and errors have the shape that the vendor's pages describe; their words are made up.
"""

from __future__ import annotations

import pytest

from router.upstream.answers import read_answer
from router.vendors.spec import Unit
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Transcript
from tests.vendors.evidence import Answered, error_of, facts_of, hear, say
from tests.vendors.promises import Reading, Refusal, VendorPromises

CASES = [
    say("plain", "gpt-4o-mini-tts"),
    say("dropped", "gpt-4o-mini-tts", voice="coral", speed=1.25, instructions="Warmly."),
    hear("plain", "gpt-4o-transcribe"),
    hear("tuned", "whisper-1", language="de", prompt="Kaffee, Kuchen", temperature=0.2),
    hear("plain", "whisper-1", kind="translation"),
    hear("tuned", "whisper-1", kind="translation", prompt="A trip.", temperature=0.2),
]
READINGS = [
    Reading("speech-plain"),
    Reading(
        "transcription-plain",
        Transcript("Every word counts."),
        {Unit.INPUT_TOKEN: 14, Unit.OUTPUT_TOKEN: 5, Unit.INPUT_TEXT_TOKEN: 0, Unit.INPUT_AUDIO_TOKEN: 14},
    ),
    Reading("translation-plain", Transcript("Every word counts.")),
]
REFUSALS = [
    Refusal("bad-value", Kind.INPUT, "Invalid parameters", "400"),
    Refusal("invalid-key", Kind.KEY, "Invalid key", "401"),
    Refusal("no-credit", Kind.QUOTA, "Insufficient credits", "402"),
    Refusal("moderated", Kind.BLOCKED, "Input flagged", "403"),
    Refusal("late", Kind.TRY_AGAIN, "Request timed out", "408"),
    Refusal("throttled", Kind.BUSY, "Rate limited", "429"),
    Refusal("model-down", Kind.FAILED, "Model down", "502"),
    Refusal("no-provider", Kind.FAILED, "No provider meets the routing requirements", "503"),
    Refusal("failed-in-success", Kind.FAILED, "Model down", "502"),
    Refusal("throttled-in-success", Kind.BUSY, "Rate limited", "429"),
]


class TestOneRouter(VendorPromises):
    vendor = "onerouter"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS


@pytest.mark.parametrize(("name", "kind"), [("failed-in-success", Kind.FAILED), ("throttled-in-success", Kind.BUSY)])
async def test_an_error_in_a_200_is_no_transcript(name: str, kind: Kind) -> None:
    """A fault while generating is one, whatever the status says."""
    facts = facts_of("onerouter")
    assert facts.transcription
    with pytest.raises(Fault) as caught:
        await read_answer(Answered(error_of("onerouter", name)), facts.transcription, facts, {}, frozenset())

    assert caught.value.kind is kind
