"""A call as one target gets it: pure, the same for live calls and explanations."""

from __future__ import annotations

import pytest

from router.routing.fit import Cannot, Fitted, fit
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, WAV, Format, pcm
from router.wire.calls import Call
from tests.plans import VENDORS, listen, plan_from, speech


def fitted(call: Call, target: str, more: str = "") -> Fitted:
    plan = plan_from(VENDORS + f"routes: {{m: {{targets: [{target}]}}}}\n{more}")
    return fit(call, plan.routes["m"].targets[0], plan)


@pytest.mark.parametrize(
    ("target", "wanted", "source"),
    [
        ("openai/tts-1", AAC, AAC),
        ("elevenlabs/eleven_v3", MP3, MP3),
        ("elevenlabs/eleven_v3", WAV, PCM),
        ("elevenlabs/eleven_v3", FLAC, PCM),
        ("deepgram/aura-2", OPUS, OPUS),
        ("groq/canopylabs/orpheus-v1-english", MP3, WAV),
        ("local/espeak-ng", PCM, pcm(22_050)),
    ],
)
def test_the_vendor_is_asked_for_the_format_or_for_what_loses_least(
    target: str, wanted: Format, source: Format
) -> None:
    """Native where it can be, else raw samples before anything that was compressed."""
    one = fitted(speech(format=wanted), target)

    assert (one.source, one.wanted) == (source, wanted)


def test_parameters_are_kept_clamped_or_dropped_and_named() -> None:
    """In bounds: kept. Out of bounds: clamped, named with the new value. Unknown to the vendor: dropped and named."""
    kept = fitted(speech(speed=1.1, language="de"), "elevenlabs/eleven_v3")
    clamped = fitted(speech(speed=3.0, instructions="x", language="de"), "elevenlabs/eleven_multilingual_v2")

    assert (kept.ask.speed, kept.ask.language, kept.dropped) == (1.1, "de", ())
    assert (clamped.ask.speed, clamped.ask.language) == (1.2, None)
    assert clamped.dropped == ("speed=1.2", "instructions", "language")


@pytest.mark.parametrize(
    ("call", "target", "reason"),
    [
        (speech(), "deepgram/nova-3", "does not do speech"),
        (speech(voice="nobody"), "deepgram/aura-2", "has no voice 'nobody'; it knows alloy, ash"),
        (listen(wants="speakers"), "openai/whisper-1", "does not give speakers"),
        (listen(wants="words segments"), "openai/gpt-4o-transcribe", "does not give segments or words"),
        (listen(wants="logprobs"), "deepgram/nova-3", "does not give logprobs"),
        (listen(language="de"), "local/pocketsphinx", "does not understand 'de', only en"),
        (listen(audio=bytes(25 * 2**20 + 1)), "openai/whisper-1", "takes 26,210,304 bytes at most"),
        (listen(kind="translation"), "local/pocketsphinx", "does not do translation"),
    ],
)
def test_structure_excludes_with_a_reason_a_person_understands(call: Call, target: str, reason: str) -> None:
    """What cannot be served is not tried, and the reason completes a sentence."""
    with pytest.raises(Cannot, match=reason):
        fitted(call, target)


@pytest.mark.parametrize(
    ("target", "wanted", "source", "pieces"),
    [
        ("openai/tts-1", MP3, PCM, 3),
        ("openai/tts-1", PCM, PCM, 3),
        ("openai/tts-1", WAV, PCM, 3),
        ("deepgram/aura-2", OPUS, PCM, 10),
        ("groq/canopylabs/orpheus-v1-english", WAV, WAV, 50),
        ("elevenlabs/eleven_flash_v2_5", MP3, MP3, 1),
        ("local/espeak-ng", MP3, pcm(22_050), 1),
    ],
)
def test_a_long_text_is_asked_for_in_pieces_of_samples(
    target: str, wanted: Format, source: Format, pieces: int
) -> None:
    """As few as the vendor's limit allows, and in a format whose pieces can be joined."""
    fit = fitted(speech(text="Ten chars. " * 900, format=wanted), target)
    asked = fit.pieces()

    assert (fit.source, len(asked)) == (source, pieces)
    assert all(one.ask.format == fit.ask.format and one.ask.voice == fit.ask.voice for one in asked)
    assert " ".join(one.ask.text.strip() for one in asked) == fit.ask.text.strip()
    assert [one.pieces() for one in asked] == [(one,) for one in asked]


def test_captions_can_be_cut_from_words() -> None:
    """Whoever gives words gives segments."""
    assert fitted(listen(wants="segments"), "local/pocketsphinx").ask.wants == {"segments"}


def test_a_persona_and_a_whole_voice_id_reach_deepgram() -> None:
    """A name of its own passes; a persona is looked up under the vendor's name in the table."""
    persona = fitted(speech(voice="narrator"), "deepgram/aura-2", "voices: {narrator: {deepgram: aura-2-draco-en}}")
    own = fitted(speech(voice="aura-2-zeus-en"), "deepgram/aura-2")

    assert persona.draft().query["model"] == "aura-2-draco-en"
    assert own.draft().query["model"] == "aura-2-zeus-en"


def test_extras_go_to_whom_they_belong() -> None:
    """Declared here or by nobody: sent. Declared only by another vendor of the table, or closed: dropped and named."""
    call = speech(extras={"seed": 1, "bit_rate": 48_000, "novelty": True, "model_id": "x", "webhook_url": "http://x"})

    one = fitted(call, "{target: elevenlabs/eleven_v3, options: {seed: 2, use_pvc_as_ivc: true}}")

    assert one.extras == {"seed": 1, "use_pvc_as_ivc": True, "novelty": True}
    assert one.dropped == ("bit_rate", "model_id", "webhook_url")


def test_strict_params_exclude_instead_of_dropping() -> None:
    """`params: strict` names what the vendor would not honour."""
    with pytest.raises(Cannot, match=r"does not honour instructions \(params: strict\)"):
        fitted(speech(instructions="x"), "openai/tts-1", "defaults: {params: strict}")
