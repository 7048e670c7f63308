"""espeak-ng end to end: the library in its process, asked through the transport."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest

from router.upstream.processes import ProcessTransport
from router.upstream.transport import Outgoing, Patience
from router.wire.faults import Fault, Kind
from tests.engines.engine import Ask, speech

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENCE = Patience(connect_s=30, silence_s=30)
CALL_NOISE_S = 0.01  # the library's own difference between two calls with the same text


async def test_speaks(ask: Ask) -> None:
    """Text becomes PCM of a plausible length and loudness."""
    answer = await ask("espeak-ng", speech("The weather is very nice today."))
    assert 1 < answer.seconds < 4
    assert max(array("h", answer.pcm)) > 5000


async def test_speaks_at_a_rate(ask: Ask) -> None:
    """A rate in words a minute is heeded by its own call, and by no other."""
    text = "one two three four five six seven eight nine ten"
    before = await ask("espeak-ng", speech(text))
    fast = await ask("espeak-ng", speech(text, rate=350))
    slow = await ask("espeak-ng", speech(text, rate=90))
    after = await ask("espeak-ng", speech(text))
    assert fast.seconds < 0.7 * before.seconds < 0.7 * 0.7 * slow.seconds
    assert after.seconds == pytest.approx(before.seconds, abs=CALL_NOISE_S)


@pytest.mark.parametrize(
    "voice", ["de", "EN-us", "en-gb", "en-us+f3", "gmw/en-US", "English (America)", "zh", "en+Annie"]
)
async def test_knows_voices(ask: Ask, voice: str) -> None:
    """Voices go by language, file, full name and variant, in any case."""
    assert (await ask("espeak-ng", speech("hello", voice))).seconds > 0.2


async def test_voices_differ(ask: Ask) -> None:
    """A variant and a language sound different from the plain voice, and leave it as it was."""
    before, variant, language, after = [
        (await ask("espeak-ng", speech("Some words.", voice))).pcm for voice in ("en-us", "en-us+m3", "de", "en-us")
    ]
    assert len({before[10_000:10_100], variant[10_000:10_100], language[10_000:10_100]}) == 3
    assert len(after) == pytest.approx(len(before), abs=2 * 22_050 * CALL_NOISE_S)


@pytest.mark.parametrize(
    "voice", ["", "alloy", "en-us+nobody", "+f3", "en-us+", "en-us+f3+f3", "../../../../etc/passwd", "en\0us"]
)
async def test_refuses_unknown_voices(ask: Ask, voice: str) -> None:
    """A voice or variant that is not the library's is refused by name; no name is ever taken for a path."""
    answer = await ask("espeak-ng", speech("hello", voice))
    assert answer.error_code == "unknown_voice"
    assert repr(voice) in answer.json["error"]["message"]


async def test_refuses_a_voice_without_words(ask: Ask) -> None:
    """A voice that is listed but makes no sound of a text, because its dictionary is missing, is no success."""
    data = Path(pytest.importorskip("espeakng_loader").get_data_path())
    if (data / "fo_dict").exists():
        pytest.skip("this wheel has every dictionary")
    assert (await ask("espeak-ng", speech("hello", "fo"))).error_code == "unspeakable"


@pytest.mark.parametrize("text", ["", " ", "...", "\n\n", "—"])
async def test_text_without_words(ask: Ask, text: str) -> None:
    """Text in which there is nothing to say becomes a moment of silence."""
    assert (await ask("espeak-ng", speech(text))).seconds < 0.5


async def test_text_is_plain(ask: Ask) -> None:
    """Markup and phoneme notation are spoken, not obeyed."""
    plain = await ask("espeak-ng", speech("hi"))
    assert (await ask("espeak-ng", speech("<speak>hi</speak>"))).seconds > 2 * plain.seconds
    assert (await ask("espeak-ng", speech("[[h'aI]]"))).seconds > 1.5 * plain.seconds


@pytest.mark.parametrize(("control", "space"), [("one\0two", "one two"), ("one \x01450S two", "one  450S two")])
async def test_text_with_controls(ask: Ask, control: str, space: str) -> None:
    """U+0000 does not end the text, and espeak's own commands in it are not obeyed."""
    said, expected = [await ask("espeak-ng", speech(text)) for text in (control, space)]
    assert said.seconds == pytest.approx(expected.seconds, abs=CALL_NOISE_S)


async def test_text_in_any_script(ask: Ask) -> None:
    """Text is UTF-8: an umlaut is a letter."""
    umlaut, letter = [(await ask("espeak-ng", speech(text, "de"))).pcm for text in ("schön", "schon")]
    assert umlaut[8_000:8_100] != letter[8_000:8_100]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"text":"hi"}', b'{"text":"hi","voice":"de","rate":0}', b'{"text":1,"voice":"de"}']
)
async def test_refuses_a_wrong_request(ask: Ask, body: bytes) -> None:
    """A request that is none is refused, and the next one is answered."""
    assert (await ask("espeak-ng", body)).error_code == "invalid_request"
    assert (await ask("espeak-ng", speech("hi"))).seconds > 0


async def test_speaks_while_it_works(transport: ProcessTransport, ask: Ask) -> None:
    """The first samples of fifty hours of speech come at once; leaving then ends the work."""
    request = Outgoing("POST", "espeak-ng", {}, speech("Hello there. " * 200_000))
    async with transport.send(request, PATIENCE, lambda: None) as response:
        first = await anext(response.chunks())
        [child] = transport._crews["espeak-ng"]._children
    assert any(first)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    assert (await ask("espeak-ng", speech("hi"))).seconds > 0


MISSING = "import sys; sys.modules['espeakng_loader'] = None; from router.engines.pipe import serve; serve({load})"
IMPORTING = "lambda: __import__('router.engines.espeak_ng', fromlist=['load']).load()"
WRONG_RATE = (
    "import router.engines.espeak_ng as e; from router.engines.pipe import serve; e.SAMPLE_RATE_HZ = 1; serve(e.load)"
)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (MISSING.format(load=IMPORTING), "'espeakng_loader' is missing: pip install 'audio-router[local]'"),
        (WRONG_RATE, "22050 samples a second instead of 1"),
    ],
)
async def test_cannot_start(wheels: None, program: str, words: str) -> None:
    """Without its wheel, or with one of another sample rate, the engine does not start and says what to do."""
    transport = ProcessTransport({"espeak-ng": ("-c", program)})
    with pytest.raises(Fault) as caught:
        async with transport.send(Outgoing("POST", "espeak-ng", {}, b""), PATIENCE, lambda: None):
            pass
    await transport.close()
    assert caught.value.kind is Kind.CONNECT
    assert words in caught.value.message
