"""What a text is written in, by its letters."""

from __future__ import annotations

import pytest

from router.wire.scripts import spoken_in, written_in

INDIA = frozenset(["bn", "en", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te"])
WORLD = INDIA | frozenset(["ar", "el", "he", "ja", "ko", "ru", "th", "zh", "de"])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Every word counts.", "en"),
        ("नमस्ते दुनिया", "hi"),
        ("আমি বাংলায় গান গাই।", "bn"),  # the full stop is of the block of Devanagari
        ("ਸਤਿ ਸ੍ਰੀ ਅਕਾਲ", "pa"),
        ("કેમ છો", "gu"),
        ("ନମସ୍କାର", "or"),
        ("வணக்கம்", "ta"),
        ("నమస్కారం", "te"),
        ("ನಮಸ್ಕಾರ", "kn"),
        ("നമസ്കാരം", "ml"),
        ("Please open the Settings page और save करें", "hi"),
        ("\u08ff\u0d80 12345", "en"),  # the neighbours of the blocks
        ("", "en"),
    ],
)
def test_where_scripts_are_what_counts_english_words_change_nothing(text: str, language: str):
    """A client of OpenAI's wire names no language, and some vendors want one."""
    assert written_in(text, INDIA, latin_counts=0) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Grüße aus Köln", "en"),  # Latin letters tell no language
        ("Привет, мир", "ru"),
        ("The word Привет means hello", "en"),
        ("مرحبا بالعالم", "ar"),
        ("안녕하세요", "ko"),
        ("ChatGPTは便利です", "ja"),
        ("漢字とかな", "ja"),
        ("你好,世界", "zh"),
        ("Γειά σου", "el"),  # noqa: RUF001 - they are what they are
        ("שלום", "he"),
        ("สวัสดี", "th"),
        ("123 …", "en"),
    ],
)
def test_the_script_that_is_used_most_tells_the_language(text: str, language: str):
    """Names in other letters do not."""
    assert written_in(text, WORLD) == language


def test_a_language_that_is_not_there_is_not_told():
    """Whose script nobody here speaks."""
    assert written_in("Привет", frozenset({"en", "ja"})) == "en"
    assert written_in("漢字", frozenset({"en", "ja"})) == "en"


@pytest.mark.parametrize(("told", "language"), [("de-AT", "de"), ("German", "de"), ("zh_TW", "zh"), ("sv", "sv")])
def test_a_language_that_was_told_is_the_one(told: str, language: str):
    """However the client has written it, and whatever the letters are."""
    assert spoken_in("Привет", told, WORLD) == language


@pytest.mark.parametrize("told", [None, ""])
def test_one_that_was_not_told_is_seen_by_the_letters(told: str | None):
    """Latin ones count as they do there."""
    assert spoken_in("Привет", told, WORLD) == "ru"
    assert spoken_in("Save करें page", told, INDIA) == "en"
    assert spoken_in("Save करें page", told, INDIA, latin_counts=0) == "hi"
