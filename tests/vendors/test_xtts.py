"""XTTS. Evidence: the code of xtts-api-server 0.9.0, as read on 2026-11-20.

There is no SDK, so requests are compared with what the server's code takes, written out here. Errors are what it says.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.routing.fit import Cannot
from router.wire.audio import MP3, PCM, WAV
from router.wire.calls import OPENAI_VOICES
from router.wire.faults import Kind
from tests.vendors.evidence import TEXT, Case, Request, facts_of, fitted, our_request, reply_of, say
from tests.vendors.promises import JobPromises, Reading, Refusal, Way

MODEL = "xtts_v2"
SOUND = reply_of("xtts", "speech-plain").content()
FEMALE = {"speaker_wav": "female", "language": "en"}

REQUESTS = [
    (say("plain", MODEL, format=WAV), FEMALE),
    (say("tuned", MODEL, voice="onyx", language="de"), {"speaker_wav": "male", "language": "de"}),
    (say("own-voice", MODEL, voice="Ms. Marple"), {"speaker_wav": "Ms. Marple", "language": "en"}),
    (say("chinese", MODEL, language="zh-TW"), {"speaker_wav": "female", "language": "zh-cn"}),
    (say("by-name", MODEL, language="Portuguese"), {"speaker_wav": "female", "language": "pt"}),
    (say("dropped", MODEL, speed=1.5, instructions="Warmly.", extras={"temperature": 0.5}), FEMALE),
    (say("model", "whatever-it-is-called"), FEMALE),
]


class TestXtts(JobPromises):
    vendor = "xtts"
    readings = (Reading("speech-plain"),)
    refusals = (
        Refusal("no-voice", Kind.FAILED, "Error: Speaker nobody not found."),
        Refusal("bad-language", Kind.FAILED, "Error: 400: Language code sent is either unsupported or misspelled."),
        Refusal("invalid", Kind.INPUT, "Field required"),
        Refusal("bare", Kind.FAILED, "Internal Server Error"),
    )
    ways = (
        Way(say("plain", MODEL), audio=SOUND),
        Way(say("tuned", MODEL, voice="onyx", language="de"), audio=SOUND),
        Way(say("no-speaker", MODEL, voice="nobody"), fault=Kind.INPUT),
        Way(say("no-samples", MODEL), fault=Kind.INPUT),
        Way(say("gone", MODEL), fault=Kind.FAILED),
    )


def test_who_speaks_is_looked_up_once_a_minute():
    """For all calls together: a name is no reason to blame the server, nor to ask it twice for each text."""
    draft = fitted("xtts", say("any", MODEL)).draft()

    assert (draft.method, draft.url, draft.keep_s) == ("GET", "/speakers_list", 60)


@pytest.mark.parametrize(("case", "fields"), REQUESTS, ids=[case.name for case, _ in REQUESTS])
def test_the_request_is_what_the_server_takes(case: Case, fields: dict[str, str]):
    """Text, voice and language, which are all that it knows; no key. No text is a path, as each ends a line."""
    body = {"json": {"text": f"{TEXT}\n", **fields}}

    assert Request("POST", "/tts_to_audio/", [], {}, "application/json", body) == our_request("xtts", case)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Every word counts.", "en"),
        ("12:30", "en"),
        ("Каждое слово важно.", "ru"),
        ("كل كلمة مهمة.", "ar"),
        ("हर शब्द मायने रखता है।", "hi"),
        ("모든 단어가 중요합니다.", "ko"),
        ("每个字都很重要。", "zh-cn"),
        ("東京特許許可局の局長", "ja"),
        ("He wrote 字 on the wall, and left.", "en"),
        ("Сервер XTTS говорит.", "ru"),
    ],
)
def test_a_text_tells_its_language_by_its_script(text: str, language: str):
    """The server has to be told one, and few clients do."""
    case = say("any", MODEL)
    case = replace(case, call=replace(case.call, text=text))

    assert our_request("xtts", case).body["json"]["language"] == language


def test_a_language_it_does_not_speak_is_somebody_elses():
    """The server would call it an error of its own."""
    with pytest.raises(Cannot, match="does not speak 'sv'"):
        fitted("xtts", say("any", MODEL, language="sv"))


@pytest.mark.parametrize("voice", ["/etc/passwd.wav", "../secret.wav", "..", "C:\\secret.wav", ".hidden", "a/b"])
def test_no_voice_is_a_path(voice: str):
    """The server reads whatever file it is told to."""
    with pytest.raises(Cannot, match="has no voice"):
        fitted("xtts", say("any", MODEL, voice=voice))


@pytest.mark.parametrize("wanted", [MP3, PCM])
def test_all_else_is_made_from_wav(wanted):
    """It gives nothing else."""
    assert fitted("xtts", say("any", MODEL, format=wanted)).source == WAV


def test_women_and_men_keep_their_voices():
    """As far as three samples go."""
    speech = facts_of("xtts").speech
    assert speech
    men = {name for name in OPENAI_VOICES if speech.cast[speech.voices.get(name, speech.voices["*"])].gender == "male"}

    assert men == {"ash", "ballad", "cedar", "echo", "onyx", "verse"}
