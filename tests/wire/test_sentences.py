"""Long text cut where a reader would pause, in any script, and not a letter of it lost."""

# ruff: noqa: RUF001 - other scripts' marks look like ours

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.wire.sentences import split

CHARACTERS = [  # each is one to its reader
    "a",
    "e\u0301",
    "o\u0302\u0323",
    "🇩🇪",
    "🇯🇵",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "क्षि",
    "กำ",
    "한",
    "\u1112\u1161\u11ab",
    "ｶﾞ",
    "字",
    "\ud83d\ude00",  # as a client may write it in JSON, never put together
]
CHARACTERS_LONGEST = max(map(len, CHARACTERS))
PROSE = st.text(st.sampled_from("aB3 .!?,;:…。、」”)\n\xa0\u2029\u0301\u200d🇩🇪") | st.characters())
LONGEST = st.integers(1, 40)


def ink(*texts: str) -> str:
    return "".join("".join(texts).split())


@given(PROSE, LONGEST)
@example("a" + "\u0301" * 50, 7)
@example("🇩🇪" * 50, 1)
@example("\ud83d\ude00" * 50, 3)
@example(" \xa0" * 50 + "x" + "\xa0 " * 50, 4)
def test_nothing_is_lost(text, longest):
    """Whatever the text: pieces that fit, none blank, and together every letter of it once and in order."""
    pieces = split(text, longest)

    assert ink(*pieces) == ink(text)
    assert all(len(piece) <= longest for piece in pieces)
    assert all(piece.strip() for piece in pieces) or not text.strip()


@given(PROSE, LONGEST)
def test_what_fits_is_untouched(text, longest):
    """A text that fits is one piece, its whitespace included; any other that is not blank has none at its seams."""
    pieces = split(text, longest)

    if len(text) <= longest:
        assert pieces == (text,)
    elif text.strip():
        assert all(piece == piece.strip() for piece in pieces)


def test_blank():
    """A blank text is one piece all the same, so that there always is a first."""
    assert split("", 5) == ("",)
    assert split(" " * 9, 5) == (" " * 5,)


@pytest.mark.parametrize("longest", [0, -1])
def test_no_length(longest):
    """Asking for pieces of nothing is the caller's mistake."""
    with pytest.raises(ValueError, match="at least 1 character"):
        split("text", longest)


@given(st.lists(st.sampled_from(CHARACTERS)), st.integers(CHARACTERS_LONGEST, 40))
@example(["\ud83d\ude00"] * 20, CHARACTERS_LONGEST)
@example(["🇩🇪"] * 20, CHARACTERS_LONGEST)
def test_characters_stay_whole(characters, longest):
    """Text without any pause is cut between characters, never inside one, be it an accent, a family or a flag."""
    ends, at = {0}, 0
    for character in characters:
        ends.add(at := at + len(character))
    at = 0
    for piece in split("".join(characters), longest):
        at += len(piece)

        assert at in ends


@given(st.lists(st.sampled_from(CHARACTERS), min_size=40), st.integers(CHARACTERS_LONGEST, 40))
def test_few_pieces_without_pauses(characters, longest):
    """Text without any pause fills each piece up to the last character that fits."""
    pieces = split("".join(characters), longest)

    assert all(len(piece) > longest - CHARACTERS_LONGEST for piece in pieces[:-1])


def test_character_that_does_not_fit():
    """A character that is longer than a piece may be is cut all the same."""
    assert split("a" + "\u0301" * 9, 4) == ("a\u0301\u0301\u0301", "\u0301" * 4, "\u0301" * 2)


@given(st.lists(st.text("abc", min_size=1, max_size=8), min_size=1), st.integers(8, 40))
def test_words_stay_whole(words, longest):
    """Words that fit are never cut, and no piece could have taken the next word too."""
    pieces = [piece.split() for piece in split(" ".join(words), longest)]

    assert [word for piece in pieces for word in piece] == words
    for piece, following in pairwise(pieces):
        assert len(" ".join([*piece, following[0]])) > longest


SENTENCES = st.lists(st.lists(st.sampled_from(["and", "so", "on,"]), max_size=5).map(" ".join), min_size=1)


@given(SENTENCES, st.integers(30, 80))
def test_sentences_stay_whole(sentences, longest):
    """Sentences that fit are never cut, whatever pauses there are inside."""
    pieces = split(" ".join(f"So {sentence} on." for sentence in sentences), longest)

    assert all(piece.endswith(".") for piece in pieces)
    assert all(piece.startswith("So") for piece in pieces)


@pytest.mark.parametrize(
    ("text", "longest", "pieces"),
    [
        ("One. Two.\n\nThree. Four.", 17, ("One. Two.", "Three. Four.")),
        ("One. Two.\r\n \r\nThree. Four.", 17, ("One. Two.", "Three. Four.")),
        ("One. Two.\u2029Three. Four.", 17, ("One. Two.", "Three. Four.")),
        ("One.\n\nTwo, three, four. Five. Six. Seven.", 32, ("One.\n\nTwo, three, four. Five.", "Six. Seven.")),
        ("One two. Three four, five", 22, ("One two.", "Three four, five")),
        ("One two three, four five", 22, ("One two three,", "four five")),
        ("One, two three four five", 22, ("One, two three four", "five")),
        ("One two\nthree four", 12, ("One two", "three four")),
        ("one two three", 9, ("one two", "three")),
        ("Hi. Onetwothreefour", 15, ("Hi.", "Onetwothreefour")),
    ],
)
def test_best_pause(text, longest, pieces):
    """A paragraph before a sentence, a sentence before a clause, a clause before a word; but none for a crumb."""
    assert split(text, longest) == pieces


@pytest.mark.parametrize(
    "sentence",
    [
        "Really?!",
        'He said "no."',
        "(It was so.)",
        "„So ist es.“",
        "« Il est parti.\xa0»",
        "Nobody knows…",
        "それは本当です。",
        "「そうですか。」",
        "他走了！",
        "هل هذا صحيح؟",
        "یہ ایک جملہ ہے۔",
        "यह एक वाक्य है।",
        "Αλήθεια\u037e",
        "Սա նախադասություն է։",
        "ይህ ዓረፍተ ነገር ነው።",
        "នេះជាប្រយោគ។",
        "ဒါက ဝါကျ တစ်ခုပါ။",
        "བོད་ཡིག།",
        "안녕하세요.",
        "It was 1999.",
    ],
)
def test_ends_of_sentences(sentence):
    """Every script's sentence ends with its own mark, and with the quotes and brackets that close behind it."""
    text = f"{sentence} Next, and a little more"

    assert split(text, len(text) - 1) == (sentence, "Next, and a little more")


@pytest.mark.parametrize(
    "phrase",
    [
        "Then Dr. Who came",
        "Then J. S. Bach came",
        "In the U.S. Army came",
        "Then e.g. apples came",
        "Das ist z. B. Obst und mehr",
        "Am 3. Oktober kam er",
        "See Fig. 5 and there",
        "Only 3.5 of them came",
        "On example.com we came",
        '"What?" he said and came',
        "Was Prof. Who there",
        "値段は３．５円",
    ],
)
def test_no_ends_of_sentences(phrase):
    """Titles, initials, numbers, addresses and questions that a clause goes on from end no sentence."""
    text = f"A rather long first sentence stands here. {phrase} {'x' * 30}"

    assert split(text, len(text) - 1)[0] == "A rather long first sentence stands here."


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("我们今天去公园，天气很好", ("我们今天去公园，", "天气很好")),
        ("一共３，０００块钱那么多", ("一共３，０００块钱那", "么多")),
        ("كنا هناك، ثم ذهبنا", ("كنا هناك،", "ثم ذهبنا")),
        ("so it was—and so on", ("so it was—", "and so on")),
    ],
)
def test_ends_of_clauses(text, pieces):
    """Other scripts' commas are as good as ours, with a space or without, but not inside a number."""
    assert split(text, 10 if len(text) < 15 else 12) == pieces


def test_variant_of_a_mark():
    """A mark and the selector of its shape are one character, and no pause is between them."""
    assert split("天气很好。\ufe00我们", 5) == ("天气很好", "。\ufe00我们")


def test_hard_space():
    """A space that holds two words together is not cut at."""
    assert split("about 100\xa0km", 9) == ("about", "100\xa0km")


def test_no_tiny_last_piece():
    """A crumb at the end takes some sentences of the piece before, where that evens the two out."""
    one = "It was a dark and stormy night. "

    assert split(one * 3 + "The end.", 96) == ((one * 2).strip(), one + "The end.")
    assert split("Only one sentence and no more of it. The end.", 40) == (
        "Only one sentence and no more of it.",
        "The end.",
    )


def test_work_grows_with_the_text(monkeypatch):
    """Ten times the text is ten times the looks at characters, also where nothing in it is a pause."""
    from router.wire import sentences as module

    looks = 0

    def counted(look):
        def counting(char: str):
            nonlocal looks
            looks += 1
            return look(char)

        return counting

    for name in ("_is_extending", "_is_flag_letter"):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    for character in ("x", "🇩🇪", "a" + "\u0301" * 300, "。"):
        text = character * 1_000
        looks = 0
        assert ink(*split(text, 200)) == text
        assert looks <= 4 * len(text)
