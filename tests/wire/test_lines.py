"""Words spelled together, and lines that end where they may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.lines import LINE_COLUMNS, columns, spelled, wrapped


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Hello", "world"], "Hello world"),
        (["Hello", ",", "world", "!"], "Hello, world!"),
        ([" Hel", "lo", ",", " world"], "Hello, world"),
        (["(", "so", ")", "¿", "qué", "?"], "(so) ¿qué?"),
        (["你好", "，", "世界", "。"], "你好，世界。"),  # noqa: RUF001 - as it is written
        (["今日", "は", "2", "月"], "今日は2月"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"),
        (["ສະ", "ບາຍ", "ດີ"], "ສະບາຍດີ"),
        (["ជំរាប", "សួរ"], "ជំរាបសួរ"),
        (["မင်္ဂ", "လာပါ"], "မင်္ဂလာပါ"),
        (["안녕", "여러분"], "안녕 여러분"),
        (["I", "said", "はい"], "I said はい"),
        (["a", "", "b"], "a b"),
        (["a", " ", "b", " "], "a b"),
        ([], ""),
    ],
)
def test_words_are_put_together_as_their_script_is(words: list[str], expected: str) -> None:
    """Spaces of their own count; else punctuation clings, and scripts without spaces get none."""
    assert spelled(words) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("short", ["short"]),
        ("one two three four five six seven eight nine ten", ["one two three four five", "six seven eight nine ten"]),
        (
            "we went to the park at noon, and then we all went home again",
            ["we went to the park at noon,", "and then we all went home again"],
        ),
        (
            "今日はとても天気がいいので、公園に行って散歩をしました。",
            ["今日はとても天気がいいので、", "公園に行って散歩をしました。"],
        ),
        ("x" * 50, ["x" * 42, "x" * 8]),
    ],
)
def test_lines_are_even_and_end_where_a_reader_rests(text: str, expected: list[str]) -> None:
    """After a comma where it is near the middle; ideographs are two columns wide."""
    assert wrapped(text) == expected


@given(st.text(max_size=300).map(lambda text: " ".join(text.split())))
def test_no_line_is_too_long_and_nothing_is_lost(text: str) -> None:
    """Whatever the text is; spaces may fall at a line's end."""
    lines = wrapped(text)

    assert all(line.strip() == line and 0 < columns(line) <= LINE_COLUMNS for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize("cluster", ["👩\u200d👩\u200d👧", "🇩🇪", "e\u0301\u0302", "👍🏽"])
def test_what_is_one_character_to_a_reader_is_not_torn(cluster: str) -> None:
    """Families, flags, accents and skins, in a text without a space."""
    assert all(not line.replace(cluster, "") for line in wrapped(cluster * 40))
