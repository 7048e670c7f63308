"""The official `elevenlabs` SDK against the vendor file of ElevenLabs."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

from router.vendors.elevenlabs import BEST_SONG, VENDOR, VOICES
from router.vendors.spec import Operation
from router.wire.transcripts import Transcript, Word
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_elevenlabs as rows
from tests.vendors.evidence import AUDIO, TEXT

elevenlabs, SDK = official("elevenlabs")
FILE = (AUDIO.name, b"".join(AUDIO.chunks()), AUDIO.content_type)


def speak(voice_id: str, model_id: str, output_format: str = "mp3_44100_128", **parameters: Any):
    return lambda client: b"".join(
        client.text_to_speech.stream(voice_id, text=TEXT, model_id=model_id, output_format=output_format, **parameters)
    )


def listen(model_id: str, **parameters: Any):
    return lambda client: client.speech_to_text.convert(
        file=FILE, model_id=model_id, **{"tag_audio_events": False, **parameters}
    )


def talk(output_format: str = "mp3_44100_128", **parameters: Any):
    inputs = [elevenlabs.DialogueInput(text=turn.text, voice_id=VOICES[turn.voice]) for turn in rows.TURNS]
    return lambda client: b"".join(
        client.text_to_dialogue.stream(inputs=inputs, model_id="eleven_v3", output_format=output_format, **parameters)
    )


def make(model_id: str, **parameters: Any):
    return lambda client: b"".join(
        client.text_to_sound_effects.convert(text=TEXT, model_id=model_id, output_format="mp3_44100_128", **parameters)
    )


def compose(model_id: str, output_format: str = "mp3_48000_192", method: str = "stream", **parameters: Any):
    return lambda client: b"".join(
        getattr(client.music, method)(prompt=TEXT, model_id=model_id, output_format=output_format, **parameters)
    )


def unnamed(
    *,
    lyrics_text: str,
    generation_mode: str,
    finetune_strength: float,
    use_phonetic_names: bool,
) -> dict[str, Any]:
    """What the OpenAPI document names and the SDK has no parameter for, the way that the SDK takes such."""
    return {
        "additional_body_parameters": {
            "lyrics_text": lyrics_text,
            "generation_mode": generation_mode,
            "finetune_strength": finetune_strength,
            "use_phonetic_names": use_phonetic_names,
        }
    }


def signed(*, sign_with_c2pa: bool) -> dict[str, Any]:
    """The one field that the SDK spells its own way."""
    return {"sign_with_c_2_pa": sign_with_c2pa}


CALLS = {
    "speech-plain": speak(VOICES["alloy"], "eleven_multilingual_v2"),
    "speech-pcm": speak(VOICES["alloy"], "eleven_flash_v2_5", "pcm_24000"),
    "speech-tuned": speak(
        "abcdefghijklmnopqrst",
        "eleven_flash_v2_5",
        language_code="de",
        voice_settings=elevenlabs.VoiceSettings(speed=1.1),
    ),
    "speech-extras": speak(
        VOICES["fable"],
        "eleven_v3",
        voice_settings=elevenlabs.VoiceSettings(
            stability=0.4, similarity_boost=0.8, style=0.1, use_speaker_boost=True, speed=0.9
        ),
        seed=42,
        previous_text="Before.",
        next_text="After.",
        previous_request_ids=["p1"],
        next_request_ids=["n1", "n2"],
        use_pvc_as_ivc=False,
        pronunciation_dictionary_locators=[
            elevenlabs.PronunciationDictionaryVersionLocator(pronunciation_dictionary_id="d1", version_id="v1")
        ],
        apply_text_normalization="off",
        apply_language_text_normalization=True,
        audio_effects={"pan": 0.0},
    ),
    "speech-dialogue": talk(),
    "speech-dialogue-extras": talk(
        "pcm_24000",
        language_code="de",
        settings=elevenlabs.ToDialogueSettingsResponseModel(stability=0.5),
        seed=42,
        previous_text="Before.",
        future_text="After.",
        previous_request_ids=["p1"],
        next_request_ids=["n1"],
        use_pvc_as_ivc=True,
        pronunciation_dictionary_locators=[
            elevenlabs.PronunciationDictionaryVersionLocator(pronunciation_dictionary_id="d1", version_id="v1")
        ],
        apply_text_normalization="on",
        audio_effects={"distance": 0.5},
    ),
    "sound-plain": make("eleven_text_to_sound_v2"),
    "sound-tuned": make("eleven_text_to_sound_v3", duration_seconds=2.5, prompt_influence=0.6, loop=True),
    "music-plain": compose("music_v1", "mp3_44100_128"),
    "music-tuned": compose("music_v2", music_length_ms=12_346, force_instrumental=True),
    "music-sung": compose(
        "music_v2_5",
        finetune_id="f1",
        store_for_inpainting=True,
        request_options=unnamed(
            lyrics_text="La la la.", generation_mode="track", finetune_strength=0.5, use_phonetic_names=True
        ),
    ),
    "music-signed": compose("music_v2", method="compose", force_instrumental=False, **signed(sign_with_c2pa=True)),
    "transcription-plain": listen("scribe_v1"),
    "transcription-tuned": listen(
        "scribe_v2", language_code="de", temperature=0.5, keyterms=["Kaffee", "Kuchen"], diarize=True
    ),
    "transcription-extras": listen(
        "scribe_v2",
        tag_audio_events=True,
        num_speakers=2,
        timestamps_granularity="none",
        diarization_threshold=0.22,
        seed=42,
        no_verbatim=True,
        numbers_format="words",
        file_format="other",
        entity_detection=["pii", "phi"],
        entity_redaction="pii",
        entity_redaction_mode="redacted",
        detect_speaker_roles=True,
        use_speaker_library=False,
        secondary_language_codes=["de", "fr"],
        transcript_edit="Use British spelling.",
    ),
}


def named(operation: Operation) -> set[str]:
    return {model for model in operation.models if "*" not in model}


METHODS = {
    "speech": [
        resolve_name("elevenlabs.text_to_speech.client:TextToSpeechClient.stream"),
        resolve_name("elevenlabs.text_to_dialogue.client:TextToDialogueClient.stream"),
    ],
    "sound": [resolve_name("elevenlabs.text_to_sound_effects.client:TextToSoundEffectsClient.convert")],
    "music": [resolve_name("elevenlabs.music.client:MusicClient.stream"), unnamed, signed],
    "transcription": [resolve_name("elevenlabs.speech_to_text.client:SpeechToTextClient.convert")],
}
RAISED = {422: elevenlabs.UnprocessableEntityError}
FORMATS = {
    "speech": "text_to_speech.types:TextToSpeechStreamRequestOutputFormat",
    "dialogue": "types:AllowedOutputFormats",
    "sound": "text_to_sound_effects.types:TextToSoundEffectsConvertRequestOutputFormat",
    "music": "music.types:MusicStreamRequestOutputFormat",
}
OURS = {
    "speech": {*VENDOR.speech.formats.values()},
    "dialogue": {*VENDOR.speech.formats.values()},
    "sound": {*VENDOR.sound.formats.values()},
    "music": {*VENDOR.music.formats.values(), *BEST_SONG.values()},
}
VOCABULARY = {
    **{f"{kind} formats": (OURS[kind], resolve_name(f"elevenlabs.{words}")) for kind, words in FORMATS.items()},
    "sound models": (named(VENDOR.sound), elevenlabs.SfxModelId),
    "music models": (named(VENDOR.music), elevenlabs.MusicModelId),
}


class TestElevenLabs(SdkTypePromises):
    vendor, sdk, calls = "elevenlabs", SDK, CALLS
    cases, readings, refusals = rows.CASES, rows.READINGS, rows.REFUSALS
    methods = METHODS
    error = resolve_name("elevenlabs.core.api_error:ApiError")
    raised = RAISED
    vocabulary = VOCABULARY

    def client(self, url: str, key: str) -> Any:
        return elevenlabs.ElevenLabs(api_key=key, base_url=url)

    def heard(self, result: Any) -> Transcript:
        assert isinstance(result, elevenlabs.SpeechToTextChunkResponseModel)
        return Transcript(
            result.text,
            result.language_code,
            result.audio_duration_secs,
            words=[
                Word(word.text, word.start, word.end, word.speaker_id, word.logprob)
                for word in result.words
                if word.type == "word" and word.start is not None
            ],
        )
