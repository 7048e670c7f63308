"""The embedded engines. Evidence: the programs themselves, whose own types take the requests and make the replies.

No program is started here; the replies were taken down from them, and the programs are tested with their transport.
"""

from __future__ import annotations

import msgspec
import pytest

from router.vendors.spec import Unit
from router.wire.audio import WAV, pcm
from router.wire.faults import Kind
from router.wire.transcripts import Transcript, Word
from tests.components import needs
from tests.vendors.evidence import AUDIO, TEXT, Request, hear, our_request, reply_of, say
from tests.vendors.promises import AnswerPromises, Reading, Refusal

SPEECH = [
    (say("plain", "espeak-ng"), {"text": TEXT, "voice": "en-us+f1"}),
    (say("wav", "espeak-ng", voice="marin", format=WAV), {"text": TEXT, "voice": "en-us+Annie"}),
    (
        say("tuned", "espeak-ng", voice="onyx", language="de", speed=1.5),
        {"text": TEXT, "voice": "de+m7", "rate": 262},
    ),
    (say("own-voice", "espeak-ng", voice="pt-br+f2", format=pcm(22_050)), {"text": TEXT, "voice": "pt-br+f2"}),
    (say("own-language", "espeak-ng", voice="fr", language="de"), {"text": TEXT, "voice": "fr"}),
    (say("extras", "espeak-ng", extras={"pitch": 90}), {"text": TEXT, "voice": "en-us+f1"}),
]
LISTENING = [hear("plain", "pocketsphinx"), hear("tuned", "pocketsphinx", "words", language="en")]

READINGS = [
    Reading("speech-plain"),
    Reading(
        "transcription-plain",
        Transcript(
            "we now on i'm so they're not really don",
            "en",
            3.983,
            words=[
                Word("we", 0.26, 0.51),
                Word("now", 0.77, 1.0),
                Word("on", 1.21, 1.48),
                Word("i'm", 1.81, 2.05),
                Word("so", 2.18, 2.48),
                Word("they're", 2.48, 2.64),
                Word("not", 2.64, 2.82),
                Word("really", 2.82, 3.29),
                Word("don", 3.34, 3.89),
            ],
        ),
        {Unit.SECOND: 3.983},
    ),
    Reading("transcription-silence", Transcript("", "en", 1.0, words=[]), {Unit.SECOND: 1.0}),
]
REFUSALS = [
    Refusal("no-voice", Kind.INPUT, "espeak-ng has no voice 'zz'", "unknown_voice"),
    Refusal(
        "no-sound",
        Kind.INPUT,
        "the file cannot be decoded: Invalid data found when processing input",
        "undecodable_audio",
    ),
]


class TestLocal(AnswerPromises):
    vendor = "local"
    readings = READINGS
    refusals = REFUSALS


@pytest.mark.parametrize(("case", "document"), SPEECH, ids=[case.name for case, _ in SPEECH])
def test_what_is_to_be_said_is_a_document(case, document):
    """The program is named by the address; text, voice with its variant, and words a minute are the whole request."""
    expected = Request("POST", "espeak-ng", [], {}, "application/json", {"json": document})

    assert expected == our_request("local", case)


@pytest.mark.parametrize("case", LISTENING, ids=[case.name for case in LISTENING])
def test_what_is_to_be_heard_is_the_file_itself(case):
    """The upload is the whole request; there is nothing to tell the recogniser."""
    request = our_request("local", case)

    assert ("pocketsphinx", AUDIO.content_type) == (request.path, request.content_type)
    assert AUDIO.size == request.body["raw"]["bytes"]


@needs("espeakng_loader")
@pytest.mark.parametrize(("case", "document"), SPEECH, ids=[case.name for case, _ in SPEECH])
def test_the_synthesizer_takes_the_request(case, document):
    """Its own decoder finds in it what the vendor file put there, and nothing is left over."""
    from router.engines.espeak_ng import _REQUESTS

    request = _REQUESTS.decode(msgspec.json.encode(our_request("local", case).body["json"]))

    assert {"rate": None, **document} == msgspec.to_builtins(request)


@needs("pocketsphinx")
@pytest.mark.parametrize("name", [one.name for one in READINGS if one.transcript])
def test_the_recognizer_makes_the_reply(name):
    """The reply that is read here is one that its own type can hold, field for field."""
    from router.engines.pocketsphinx_engine import Transcript as Answer

    body = reply_of("local", name).body

    assert body == msgspec.json.decode(msgspec.json.encode(msgspec.convert(body, Answer)))
