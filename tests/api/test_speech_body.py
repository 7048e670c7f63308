"""The body of a speech request: as many values as any vendor takes, and no more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from router.api import speech
from router.api.speech import MOST_VALUES, parse_speech
from router.wire.errors import InvalidCall

ASKED = {"model": "m", "input": "Hi.", "voice": "v"}
LEFT = MOST_VALUES - len(ASKED)


def body_of(**extras: Any) -> bytes:
    return msgspec.json.encode({**ASKED, **extras})


def test_a_long_dictionary_reaches_the_vendor() -> None:
    """To the last value that is taken."""
    words = {f"word {index}": 'w,[e{r"d' for index in range(LEFT - 1)}

    assert parse_speech(body_of(dictionary=words), 10).extras == {"dictionary": words}


@pytest.mark.parametrize(
    "extra",
    [[1] * LEFT, [[]] * LEFT, [[[{}]]] * (LEFT // 3 + 1), {str(index): 1 for index in range(LEFT)}],
)
def test_more_is_refused_by_name_and_never_decoded(monkeypatch: pytest.MonkeyPatch, extra: Any) -> None:
    """Items of lists and members of objects, at any depth."""
    monkeypatch.setattr(speech, "_decode", None)
    with pytest.raises(InvalidCall, match="more than 10,000 fields, items and members") as refused:
        parse_speech(body_of(first=1, many=extra, last=1), 10)

    assert refused.value.param == "many"


def test_a_repeated_name_hides_nothing() -> None:
    """The last one wins, and only that is ever decoded."""
    many = b'"x":[' + b"[]," * MOST_VALUES + b"[]],"

    call = parse_speech(b"{" + many + body_of(x=[1])[1:], 10)

    assert call.extras == {"x": [1]}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{} {}", b'{"x":', b'{"x":[1,]}', b'{"x":"\xff"}', b'{"x":' + b"[" * 100_000]
)
def test_what_is_not_json_is_told(body: bytes) -> None:
    """Whether it is seen while counting or while decoding."""
    with pytest.raises(InvalidCall, match="not valid JSON"):
        parse_speech(body, 10)
