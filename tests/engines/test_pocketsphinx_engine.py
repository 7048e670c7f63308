"""pocketsphinx end to end: the recogniser in its process, fed with what espeak-ng says."""

from __future__ import annotations

import io
import random
from itertools import pairwise

import pytest
import pytest_asyncio

from tests.engines.clips import packed
from tests.engines.engine import SAMPLES_A_SECOND, Ask, Heard, file, speech

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLEAR_VOICE = "en-us+klatt4"  # the one that it understands best
NUMBERS = "one two three four five six seven eight nine ten"
WEATHER = "the weather is very nice today"


async def said(ask: Ask, text: str) -> bytes:
    return (await ask("espeak-ng", speech(text, CLEAR_VOICE))).pcm


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SAMPLES_A_SECOND))


def wav(pcm: bytes) -> list:
    return file(packed(pcm, SAMPLES_A_SECOND, "wav", "pcm_s16le"))


async def heard(ask: Ask, pcm: bytes) -> dict:
    return (await ask("pocketsphinx", wav(pcm))).json


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def numbers(ask: Ask) -> tuple[float, Heard]:
    """Ten clear words: how long they take in seconds, and what was heard."""
    pcm = await said(ask, NUMBERS)
    return len(pcm) / 2 / SAMPLES_A_SECOND, await ask("pocketsphinx", wav(pcm))


async def test_writes_down_what_is_said(numbers: tuple[float, Heard]) -> None:
    """Clear words come back, in JSON, with the length of the sound."""
    duration_s, answer = numbers
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert len(set(answer.json["text"].split()) & set(NUMBERS.split())) >= 8
    assert answer.json["duration"] == pytest.approx(duration_s, abs=0.01)


async def test_words_have_times(numbers: tuple[float, Heard]) -> None:
    """Words are plain, make up the text, follow each other and lie within the sound."""
    duration_s, answer = numbers
    words = answer.json["words"]
    assert " ".join(word for word, _start, _end in words) == answer.json["text"]
    assert all(word.isalpha() for word, _start, _end in words)
    assert all(0 <= start < end <= duration_s + 0.05 for _word, start, end in words)
    assert all(end <= start + 0.011 for (_, _, end), (_, start, _) in pairwise(words))


async def test_times_count_from_the_beginning(ask: Ask) -> None:
    """A sentence after a pause is understood, and its times are those in the file."""
    first, second = await said(ask, WEATHER), await said(ask, NUMBERS)
    lead_s, pause_s = 2.0, 1.5
    answer = await heard(ask, silence(lead_s) + first + silence(pause_s) + second + silence(1))
    times = {word: start for word, start, _end in answer["words"]}
    second_s = lead_s + len(first) / 2 / SAMPLES_A_SECOND + pause_s
    assert lead_s - 0.3 < times["weather"] < lead_s + 0.5
    assert second_s < times["four"] < times["five"] < times["six"] < second_s + 3


async def test_silence_is_a_success(ask: Ask) -> None:
    """Where nobody speaks, the text is empty."""
    assert await heard(ask, silence(3)) == {"text": "", "duration": 3.0, "words": []}


async def test_noise_is_no_words(ask: Ask) -> None:
    """Noise gives at most words, never the names of noises."""
    answer = await heard(ask, random.Random(1).randbytes(2 * 2 * SAMPLES_A_SECOND))
    assert not set("<>[]()+") & set(answer["text"])


async def test_calls_are_independent(ask: Ask) -> None:
    """What one call said does not change the words that the next one hears."""
    pcm = await said(ask, WEATHER)
    before = await heard(ask, pcm)
    await heard(ask, random.Random(1).randbytes(2 * SAMPLES_A_SECOND))
    assert (await heard(ask, pcm))["text"] == before["text"]


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("webm", "libopus")])
async def test_hears_compressed_files(ask: Ask, container: str, codec: str) -> None:
    """The words survive compression, in containers that are read from their end and from their beginning."""
    sound = packed(await said(ask, WEATHER), SAMPLES_A_SECOND, container, codec)
    answer = await ask("pocketsphinx", file(sound))
    assert len(set(answer.json["text"].split()) & set(WEATHER.split())) >= 3


@pytest.mark.parametrize("content", [b"", b"not a sound", random.Random(1).randbytes(50_000)])
async def test_refuses_what_is_no_sound(ask: Ask, content: bytes) -> None:
    """A file that cannot be decoded is refused, and the next one is answered."""
    assert (await ask("pocketsphinx", file(content))).error_code == "undecodable_audio"
    assert (await heard(ask, silence(0.1)))["text"] == ""


async def test_cuts_speech_without_a_pause(wheels: None, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech that never pauses is cut where it stands: no utterance is too long, no sound is lost or heard twice."""
    from router.engines import pocketsphinx_engine

    monkeypatch.setattr(pocketsphinx_engine, "MAX_UTTERANCE_S", 1)
    from router.engines.sound_file import BYTES_A_SECOND, SoundFile

    pcm = await said(ask, NUMBERS)
    blocks = list(SoundFile(io.BytesIO(packed(pcm, SAMPLES_A_SECOND, "wav", "pcm_s16le"))).blocks())
    sound = b"".join(blocks)
    cut = list(pocketsphinx_engine.utterances(blocks))
    assert len(cut) >= 3
    for start_s, part in cut:
        assert len(part) <= 1.1 * BYTES_A_SECOND
        offset = round(start_s * BYTES_A_SECOND / 2) * 2
        assert part.startswith(sound[offset : offset + 1000])
    assert all(start + len(part) / BYTES_A_SECOND <= after + 1e-6 for (start, part), (after, _) in pairwise(cut))
    assert sum(len(part) for _, part in cut) > 0.8 * len(sound)
    assert list(pocketsphinx_engine.utterances(sound[at : at + 7] for at in range(0, len(sound), 7))) == cut
