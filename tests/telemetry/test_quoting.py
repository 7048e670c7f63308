"""A vendor's words in the log hold nothing of what the client has said."""

from __future__ import annotations

import pytest

from router.telemetry import unquoted
from router.vendors.asks import SoundAsk, SpeechAsk
from router.wire.calls import Turn

TEXT = "My doctor says that the lump in my left breast is nothing to be afraid of."


def ask(text: str = TEXT, voice: str = "nova", **more) -> SpeechAsk:
    return SpeechAsk(model="tts-1", text=text, voice=voice, format="mp3", **more)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (f"Input too long: '{TEXT}'", "Input too long: '…'"),
        (f"Input too long: '{TEXT[:30]}...'", "Input too long: '…...'"),
        (f"cannot say {TEXT[10:40]!r} and {TEXT[45:]!r}", None),
        ("Input is longer than 4096 characters", "Input is longer than 4096 characters"),
    ],
)
def test_a_text_that_is_repeated_is_taken_out(message: str, kept: str | None) -> None:
    """Whole, cut off, or in parts; what the vendor itself says stays."""
    said = unquoted(message, ask())

    assert kept is None or said == kept
    assert "doctor" not in said
    assert "breast" not in said


def test_whatever_else_the_client_says_is_taken_out() -> None:
    """Instructions, lyrics, a voice, turns, and fields that only the vendor knows, however deep."""
    spoken = ask(voice="my-own-voice", instructions="like aunt May", turns=(Turn("psst", "kept-voice"),))
    extras = {"pronunciations": [{"say": "Xyzzy"}]}
    sung = SoundAsk(model="m", text="a waltz", format="mp3", lyrics="secret verse")

    said = unquoted("no my-own-voice, no like aunt May, psst by kept-voice, Xyzzy; secret verse", spoken, extras, sung)

    assert said == "no …, no …, … by …, …; …"


def test_the_model_and_short_words_are_no_secrets() -> None:
    """Else no error could be understood."""
    assert unquoted("model tts-1 gives no mp3 at all", ask(text="a no")) == "model tts-1 gives no mp3 at all"


def test_a_language_without_spaces_is_taken_out_too() -> None:
    """Runs may begin anywhere."""
    text = "私の秘密の言葉はここにありますよ、誰にも言わないでください"

    assert unquoted(f"無効な入力です: {text[3:20]}", ask(text=text)) == "無効な入力です: …"
