"""xtts-streaming. Evidence: the code of Coqui's xtts-streaming-server (commit 99286c1), as read on 2026-11-20.

There is no SDK, so requests are compared with what the server's code takes; errors are what it and FastAPI say.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.routing.fit import Cannot, Fitted
from router.upstream.dress import dress
from router.wire.audio import FLAC, MP3, OPUS, PCM, WAV, Format
from router.wire.faults import Kind
from tests.vendors.evidence import TEXT, Case, Request, decoded, facts_of, fitted, reply_of, say
from tests.vendors.promises import JobPromises, Reading, Refusal, Way

MODEL = "xtts_v2"
SAMPLES = reply_of("xtts-streaming", "speech-plain").content()
PLAIN = say("plain", MODEL)
TUNED = say("tuned", MODEL, voice="onyx", language="de", extras={"stream_chunk_size": "10"})
MARPLE = {"speaker_embedding": [0.75, 0.0], "gpt_cond_latent": [[1.0, -1.0]]}


class TestXttsStreaming(JobPromises):
    vendor = "xtts-streaming"
    readings = (Reading("speech-plain"),)
    refusals = (
        Refusal("invalid", Kind.INPUT, "field required"),
        Refusal("not-found", Kind.NO_MODEL, "Not Found"),
        Refusal("bare", Kind.FAILED, "Internal Server Error"),
    )
    ways = (
        Way(PLAIN, audio=SAMPLES),
        Way(TUNED, audio=SAMPLES),
        Way(say("no-speaker", MODEL, voice="nobody"), fault=Kind.INPUT),
        Way(say("fine-tuned", MODEL), fault=Kind.INPUT),
        Way(say("older", MODEL), fault=Kind.NO_MODEL),
        Way(say("vectorless", MODEL), fault=Kind.GARBLED),
        Way(say("refused", MODEL), fault=Kind.FAILED),
    )


def at_marples(case: Case) -> Fitted:
    """The call at a target whose options hold the vectors of one speaker."""
    call = fitted("xtts-streaming", case)
    options = {**call.extras, "speakers": {"Marple": MARPLE}}
    return replace(call, ask=replace(call.ask, options=options), extras=options)


def only_request(case: Case) -> Request:
    """What such a target is sent for that speaker: no look-up comes before it."""
    call = at_marples(replace(case, call=replace(case.call, voice="Marple")))
    with pytest.raises(StopIteration) as end:
        next(call.request())
    return decoded(dress(end.value.value, facts_of("xtts-streaming"), {}, call.extras), "no key")


def test_a_speaker_of_the_tables_own_is_not_looked_up():
    """The first request is the last, with the vectors that the target's options hold; nothing else of these is sent."""
    fields = {"text": TEXT, "language": "en", "stream_chunk_size": "10", "add_wav_header": False, **MARPLE}
    request = only_request(say("any", MODEL, extras={"stream_chunk_size": "10"}))

    assert Request("POST", "/tts_stream", [], {}, "application/json", {"json": fields}) == request


def test_any_other_speaker_still_is():
    """Own ones stand beside those of the server."""
    draft = at_marples(say("any", MODEL)).draft()

    assert (draft.method, draft.url) == ("GET", "/studio_speakers")


@pytest.mark.parametrize("name", ["speakers", "speaker_embedding", "gpt_cond_latent", "add_wav_header"])
def test_who_speaks_is_said_by_the_voice_alone(name: str):
    """Vectors of a client's own, or another form of the answer, are dropped and named."""
    assert fitted("xtts-streaming", say("any", MODEL, extras={name: {"Marple": MARPLE}})).dropped == (name,)


@pytest.mark.parametrize(
    ("said", "text", "language"),
    [
        (None, "Every word counts.", "en"),
        (None, "12:30", "en"),
        (None, "Каждое слово важно.", "ru"),
        (None, "كل كلمة مهمة.", "ar"),
        (None, "हर शब्द मायने रखता है।", "hi"),
        (None, "모든 단어가 중요합니다.", "ko"),
        (None, "每个字都很重要。", "zh-cn"),
        (None, "東京特許許可局の局長", "ja"),
        ("Portuguese", "Cada palavra conta.", "pt"),
        ("zh-TW", "Taipei", "zh-cn"),
    ],
)
def test_a_language_is_always_said(said: str | None, text: str, language: str):
    """The client's in the server's spelling; else the one that the script of the text stands for."""
    case = say("any", MODEL, **({"language": said} if said else {}))
    case = replace(case, call=replace(case.call, text=text))

    assert only_request(case).body["json"]["language"] == language


def test_a_language_it_does_not_speak_is_somebody_elses():
    """The server would only say so by breaking off."""
    with pytest.raises(Cannot, match="does not speak 'sv'"):
        fitted("xtts-streaming", say("any", MODEL, language="sv"))


@pytest.mark.parametrize("wanted", [MP3, OPUS, WAV, FLAC, PCM])
def test_all_is_made_from_samples(wanted: Format):
    """A header would come before the sound, whether there is any or not."""
    assert fitted("xtts-streaming", say("any", MODEL, format=wanted)).source == PCM


def test_what_it_has_no_field_for_is_named():
    """Neither speed nor instructions."""
    call = fitted("xtts-streaming", say("any", MODEL, speed=1.5, instructions="Warmly."))

    assert set(call.dropped) == {"speed", "instructions"}
