"""What the fields of a speech-to-text call mean, however a client spells them. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.api.forms import Form, FormLimits
from router.api.listening import ListenRequest, parse_listening
from router.wire.errors import InvalidCall, TooLarge, UnsupportedMedia
from router.wire.upload import Upload
from tests.forms import read_form

FILE = Upload("a.wav", "audio/wav", b"RIFF")
NAMES = ["model", "language", "languages", "prompt", "temperature", "stream", "response_format", "include", "keywords"]
NAMES += ["timestamp_granularities", "chunking_strategy", "known_speaker_names", "known_speaker_references", "vendor"]
OPTIONAL = [name for name in NAMES if name not in {"model", "vendor"}]


def parse(*fields: tuple[str, Any], kind: Any = "transcription") -> ListenRequest:
    return parse_listening(Form([("model", "m"), *fields], FILE), kind)


def extras(*fields: tuple[str, Any]) -> Any:
    return parse(*fields).call.extras


SPELLINGS = {
    "name[]": [("X[]", "a"), ("X[]", "b")],
    "name": [("X", "a"), ("X", "b")],
    "indices": [("X[0]", "a"), ("X[1]", "b")],
    "JSON in a part": [("X", '["a","b"]')],
    "JSON under name[]": [("X[]", '["a","b"]')],
    "JSON itself": [("X", ["a", "b"])],
    "JSON itself under name[]": [("X[]", ["a", "b"])],
    "both, and empty ones": [("X", ""), ("X[]", "a"), ("X", "b")],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ["keywords", "known_speaker_names", "known_speaker_references"])
def test_a_list_is_a_list_however_it_is_written(name: str, spelling: str) -> None:
    """OpenAI's own, those that we read and those that only its vendors do."""
    call = parse(*((field.replace("X", name), value) for field, value in SPELLINGS[spelling])).call

    assert list(call.tunables.get(name) or call.extras[name]) == ["a", "b"]


@pytest.mark.parametrize("value", ["word", '["word"]', ["word"]])
def test_granularities_and_inclusions_are_lists_too(value: Any) -> None:
    """One item, or a list of one; and what begins like a list without being one is an item."""
    rendering = parse(("timestamp_granularities[]", value), ("include", "logprobs")).rendering

    assert (rendering.has_words, rendering.has_segments, rendering.has_logprobs) == (True, False, True)
    assert parse(("keywords", "[inaudible]")).call.tunables["keywords"] == ("[inaudible]",)


@pytest.mark.parametrize(
    ("fields", "strategy"),
    [
        ([("chunking_strategy", "auto")], "auto"),
        ([("chunking_strategy", '{"type":"server_vad","threshold":0.5}')], {"type": "server_vad", "threshold": 0.5}),
        ([("chunking_strategy", {"type": "server_vad"})], {"type": "server_vad"}),
        (
            [("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.5")],
            {"type": "server_vad", "threshold": "0.5"},
        ),
        ([("chunking_strategy", "{}"), ("chunking_strategy", "auto")], "auto"),
    ],
)
def test_a_chunking_strategy_is_a_word_or_an_object(fields: list[tuple[str, Any]], strategy: Any) -> None:
    """As bracket paths, as JSON in a part, or as JSON itself; of several the last."""
    assert extras(*fields) == {"chunking_strategy": strategy}


def test_a_vendors_fields_are_as_the_client_wrote_them() -> None:
    """Nested by their names, never decoded, and lists keep the brackets that they were sent with."""
    given_fields = [
        ("json", '{"a": [1]}'),
        ("vendor[a]", "1"),
        ("vendor[b][]", "2"),
        ("speaker", "null"),
        ("empty", ""),
        ("tag", "x"),
        ("tag", "y"),
        ("tags[]", "x"),
        ("indexed[0]", "x"),
        ("typed", [1, True]),
        ("a]b[", "odd"),
        ("route[policy]", "cost"),
    ]

    assert extras(*given_fields) == {
        "json": '{"a": [1]}',
        "vendor": {"a": "1", "b": ["2"]},
        "speaker": "null",
        "empty": "",
        "tag": ["x", "y"],
        "tags[]": ["x"],
        "indexed[]": ["x"],
        "typed": [1, True],
        "a]b[": "odd",
    }


@pytest.mark.parametrize("absent", ["", "null", None])
@pytest.mark.parametrize("name", OPTIONAL)
def test_null_and_nothing_are_absent(name: str, absent: Any) -> None:
    """For every optional field of OpenAI's: as if it had not been sent."""
    without = parse()
    request = parse((name, absent))

    assert request == ListenRequest(request.call, without.rendering)
    assert (request.call.tunables, request.call.extras, request.call.as_events) == ({}, {}, False)


@pytest.mark.parametrize(
    ("value", "is_asked"),
    [
        ("true", True),
        ("True", True),
        ("1", True),
        (True, True),
        (1, True),
        ("false", False),
        ("False", False),
        ("0", False),
        (False, False),
        (0, False),
    ],
)
def test_a_stream_is_asked_for_in_any_words(value: Any, is_asked: bool) -> None:
    assert parse(("stream", value)).call.as_events is is_asked


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
def test_a_stream_wants_no_times(response_format: str) -> None:
    """Its events have none, but for those of speakers."""
    asked = parse(("stream", "true"), ("response_format", response_format), ("include", "logprobs"))
    of_speakers = parse(("stream", "true"), ("response_format", "diarized_json"))

    assert asked.call.wants == {"logprobs"}
    assert of_speakers.call.wants == {"segments", "speakers"}


@pytest.mark.parametrize("value", ["0.5", 0.5, " 0.5 "])
def test_a_temperature_is_a_number_or_its_text(value: Any) -> None:
    assert parse(("temperature", value)).call.tunables == {"temperature": 0.5}


def test_of_a_repeated_text_the_last_wins() -> None:
    request = parse(("prompt", "a"), ("model", "n"), ("prompt", "b"), ("language", "de"), ("language", ""))

    assert (request.call.model, request.call.tunables) == ("n", {"prompt": "b"})


def test_languages_are_a_hint_and_are_answered_with_languages() -> None:
    """One is the language; of several none is, and they are a hint for vendors that take such."""
    one = parse(("languages[]", "de"))
    several = parse(("languages[]", "de"), ("languages[]", "en"))
    both = parse(("languages", "de"), ("language", "en"))

    assert (one.call.tunables, one.rendering.has_languages) == ({"language": "de"}, True)
    assert (several.call.tunables, several.rendering.has_languages) == ({"languages": ("de", "en")}, True)
    assert (both.call.tunables, both.rendering.has_languages) == ({"language": "en"}, True)
    assert not parse(("language", "de")).rendering.has_languages


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("model", "null"),
        ("model", 5),
        ("model", ["m"]),
        ("model", "m" * 257),
        ("model[]", "m"),
        ("language[x]", "de"),
        ("language", 5),
        ("prompt", {"a": 1}),
        ("prompt[", "x"),
        ("temperature", "warm"),
        ("temperature", "1.1"),
        ("temperature", "nan"),
        ("temperature", -1),
        ("temperature", True),
        ("temperature", 10**400),
        ("stream", "yes"),
        ("stream", 0.5),
        ("stream", []),
        ("response_format", "xml"),
        ("response_format", 1),
        ("timestamp_granularities[]", "phrase"),
        ("timestamp_granularities", [1]),
        ("timestamp_granularities[word]", "1"),
        ("include", "everything"),
        ("keywords", 5),
        ("languages", [[5]]),
        ("known_speaker_names", {"a": "b"}),
        ("chunking_strategy", '{"type":'),
        ("chunking_strategy", "{" * 100_000),
        ("chunking_strategy", '{"a":' * 9 + "1" + "}" * 9),
        ("chunking_strategy", 5),
        ("chunking_strategy[type", "server_vad"),
        ("vendor[a", "1"),
        ("vendor", [[[[[[[[[1]]]]]]]]]),
    ],
)
def test_what_is_wrong_is_named(field: str, value: Any) -> None:
    """A 400 whose param is the field, short enough to read."""
    with pytest.raises(InvalidCall) as refused:
        parse((field, value))

    assert (refused.value.status, refused.value.param) == (400, field.partition("[")[0])
    assert len(refused.value.message) < 200


def test_shapes_that_exclude_each_other_are_named() -> None:
    with pytest.raises(InvalidCall) as refused:
        parse(("chunking_strategy", "auto"), ("chunking_strategy[type]", "server_vad"))

    assert refused.value.param == "chunking_strategy"


def test_a_translation_has_no_speakers() -> None:
    """And is told what it has."""
    with pytest.raises(InvalidCall, match="supported are json, text, srt, verbose_json, vtt") as refused:
        parse(("response_format", "diarized_json"), kind="translation")

    assert refused.value.param == "response_format"


# ------------------------------------------------------------------ anything at all


TYPED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
WRITTEN = st.text('[]{}",:0a', max_size=12) | TYPED
SPELT = st.builds(
    lambda base, path: base + path, st.sampled_from(NAMES) | st.text(max_size=3), st.text("[]a0", max_size=6)
)


@given(st.lists(st.tuples(SPELT, WRITTEN), max_size=6), st.sampled_from(["transcription", "translation"]))
def test_no_fields_do_more_than_be_refused(fields: list[tuple[str, Any]], kind: Any) -> None:
    with contextlib.suppress(InvalidCall):
        assert parse(*fields, kind=kind).call.model


async def _arriving(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b\r\n",
                b"--b--",
                b"\r\n",
                b"Content-Disposition: form-data",
                b'; name="model"',
                b'; name="vendor[a]"',
                b'; filename="a.wav"',
                b"Content-Type: a/b\nx: y",
                b"m",
            ]
        )
        | st.binary(max_size=8),
        max_size=24,
    ),
    st.sampled_from(["multipart/form-data; boundary=b", 'multipart/form-data; boundary="b\r\n"'])
    | st.text(max_size=20),
)
@example([b'--b\r\nContent-Disposition: form-data; name="x"\r\nContent-Length: 1\r\n\r\nabc\r\n--b--'], "x")
async def test_no_bytes_do_more_than_be_refused(chunks: list[bytes], content_type: str) -> None:
    """Of a form's own pieces in any order, and any others; under any content type."""
    with contextlib.suppress(InvalidCall, TooLarge, UnsupportedMedia):
        form = await read_form(content_type, _arriving(*chunks), FormLimits(max_upload=20, max_text=20, max_parts=4))
        parse_listening(form, "transcription")


@pytest.mark.parametrize("name", ["languages", "known_speaker_names", "chunking_strategy"])
def test_json_in_a_field_is_no_way_around_the_bounds_of_a_form(name: str) -> None:
    """A list or an object of more than a form could hold is refused before it is decoded, and named."""
    items = b"[" + b'"a",' * 300 + b'"a"]'
    value = b'{"type":' + items + b"}" if name == "chunking_strategy" else items

    with pytest.raises(InvalidCall) as refused:
        parse((name, value.decode()))

    assert refused.value.param == name
