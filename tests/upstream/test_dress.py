"""From a draft to the request that leaves: layers, pruning, encoding, our key."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartParser
from openai._qs import Querystring

from router.upstream.dress import dress
from router.upstream.transport import Outgoing
from router.vendors.spec import Draft, Key, Vendor, post
from router.wire.faults import Fault, Kind
from router.wire.upload import Upload

VENDOR = Vendor(name="v", base_url="https://host/base")


def dressed(draft: Draft, vendor: Vendor = VENDOR, **extras) -> Outgoing:
    return dress(draft, vendor, {"api_key": "K"}, extras)


def form_of(request: Outgoing) -> list[tuple[str, str | None, str, bytes]]:
    import io

    content = b"".join(part if isinstance(part, bytes) else b"".join(part.chunks()) for part in request.body)
    boundary = request.headers["content-type"].partition("boundary=")[2]
    parts = MultipartParser(io.BytesIO(content), boundary, strict=True).parts()
    return [(part.name, part.filename, part.content_type, part.raw) for part in parts]


def test_opinions_give_way_to_the_client_and_the_client_to_what_names_the_call() -> None:
    """`defaults` under the client's fields, both under the draft's own, object by object."""
    draft = post(
        "/x", json={"model": "m", "deep": {"ours": 1, "none": None}}, defaults={"tag": False, "deep": {"low": 1}}
    )

    request = dressed(draft, model="evil", tag=True, deep={"ours": 9, "theirs": 2}, new=[1])

    assert msgspec.json.decode(request.body) == {
        "model": "m",
        "tag": True,
        "deep": {"low": 1, "ours": 1, "theirs": 2},
        "new": [1],
    }


def test_none_and_objects_that_held_nothing_else_are_left_out() -> None:
    """But an empty object that was meant stays."""
    request = dressed(post("/x", json={"a": None, "b": {"c": None, "d": {"e": None}}, "f": {}, "g": 0}))

    assert msgspec.json.decode(request.body) == {"f": {}, "g": 0}


def test_a_query_is_quoted_repeated_and_in_json_words() -> None:
    """true, not True; a list is one pair an item; text is quoted."""
    draft = post("/x", query={"b": True, "n": 0.5, "none": None, "l": ["a b", "c&d"]}, json={"t": 1}, extras="query")

    request = dressed(draft, b="evil", e="ü")

    assert request.url == "https://host/base/x?e=%C3%BC&b=true&n=0.5&l=a%20b&l=c%26d" or request.url == (
        "https://host/base/x?b=true&e=%C3%BC&n=0.5&l=a%20b&l=c%26d"
    )
    assert msgspec.json.decode(request.body) == {"t": 1}


def test_a_form_has_its_texts_first_and_its_file_whole() -> None:
    """Lists repeat their name, the file keeps name and type, and the parts can be parsed back strictly."""
    upload = Upload('söng "1"\r\n.wav', "audio/wav", b"\r\n--RIFF")
    draft = post("/x", form={"file": upload, "model": "m", "times[]": ["word", "segment"], "flag": False, "no": None})

    parts = form_of(dressed(draft, extra="1"))

    assert parts[-1] == ("file", 'söng "1"\r\n.wav', "audio/wav", b"\r\n--RIFF")
    assert sorted(parts[:-1]) == sorted(
        (name, None, "text/plain", value)
        for name, value in [
            ("model", b"m"),
            ("times[]", b"word"),
            ("times[]", b"segment"),
            ("flag", b"false"),
            ("extra", b"1"),
        ]
    )


def texts_of(request: Outgoing) -> list[tuple[str, str]]:
    return [(name, value.decode()) for name, _, _, value in form_of(request)]


STRATEGY = {"type": "server_vad", "threshold": 0.5, "on": True, "deep": {"list": [1, 2], "none": None}}


def test_an_object_is_one_json_text_or_a_part_for_each_leaf() -> None:
    """As the draft says; the client's and the draft's own alike."""
    as_json = dressed(post("/x", form={"ours": STRATEGY, "times[]": ["word"]}), theirs={"a": [1]})
    in_brackets = dressed(
        post("/x", form={"ours": STRATEGY, "times[]": ["word"]}, objects="brackets"), theirs={"a": [1]}
    )

    assert dict(texts_of(as_json)) == {
        "theirs": '{"a":[1]}',
        "ours": '{"type":"server_vad","threshold":0.5,"on":true,"deep":{"list":[1,2]}}',
        "times[]": "word",
    }
    assert texts_of(in_brackets) == [
        ("theirs[a][]", "1"),
        ("ours[type]", "server_vad"),
        ("ours[threshold]", "0.5"),
        ("ours[on]", "true"),
        ("ours[deep][list][]", "1"),
        ("ours[deep][list][]", "2"),
        ("times[]", "word"),
    ]


@pytest.mark.parametrize("objects", ["json", "brackets"])
def test_a_list_has_the_name_that_it_was_given(objects: str) -> None:
    """With brackets or without: vendors differ, and their files or the client say which."""
    request = dressed(post("/x", form={"times[]": ("word", "segment")}, objects=objects), tag=["a", "b"])

    assert texts_of(request) == [("tag", "a"), ("tag", "b"), ("times[]", "word"), ("times[]", "segment")]


def test_a_list_of_objects_stays_a_list() -> None:
    """It gets the brackets without which it would be one object."""
    request = dressed(post("/x", form={}, objects="brackets"), a=[{"x": 1}, {"x": 2, "y": [3]}], **{"b[]": [["z"]]})

    assert texts_of(request) == [("a[][x]", "1"), ("a[][x]", "2"), ("a[][y][]", "3"), ("b[][]", "z")]


@pytest.mark.parametrize("strategy", ["none", {"type": "server_vad"}])
def test_an_opinion_gives_way_to_any_shape(strategy: Any) -> None:
    """A word or an object, whatever the opinion was."""
    draft = post("/x", form={}, defaults={"chunking_strategy": "auto"}, objects="brackets")

    assert texts_of(dressed(draft)) == [("chunking_strategy", "auto")]
    assert ("chunking_strategy", "auto") not in texts_of(dressed(draft, chunking_strategy=strategy))


WORDS = st.text("abc-é", min_size=1, max_size=3)
LEAVES = st.text("xyz", min_size=1) | st.integers() | st.booleans() | st.none()
NESTED = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, NESTED, max_size=3), max_size=3))
def test_objects_are_written_as_the_sdk_writes_them(fields: dict[str, Any]) -> None:
    """Part for part, and in its order."""
    request = dressed(post("/x", form={"model": "m", **fields}, objects="brackets"))

    assert texts_of(request) == [("model", "m"), *Querystring(array_format="brackets").stringify_items(fields)]


def test_a_raw_body_is_the_upload_with_its_type() -> None:
    """Nothing is wrapped around it."""
    upload = Upload("a", "audio/flac", b"fLaC")

    request = dressed(post("/x", body=upload, extras="query"))

    assert (request.body, request.headers["content-type"]) == ([upload], "audio/flac")


def test_our_key_goes_where_the_vendor_wants_it() -> None:
    """Into its header, with its prefix, and nowhere without a secret."""
    vendor = Vendor(name="v", base_url="https://host", auth=Key("xi-key", "Token "))

    assert dressed(post("/x", json={}), vendor).headers["xi-key"] == "Token K"
    assert "xi-key" not in dress(post("/x", json={}), vendor, {}, {}).headers


@pytest.mark.parametrize("segment", ["", ".", "..", "a\nb", "a\0", "\x7f"])
def test_what_cannot_be_a_path_segment_is_refused(segment: str) -> None:
    """Before anything is sent, as the client's fault."""
    with pytest.raises(Fault) as refused:
        post("/voices/{}/say", segment)

    assert refused.value.kind is Kind.INPUT


@pytest.mark.parametrize(("segment", "path"), [("a/b", "a%2Fb"), ("ü ?#%", "%C3%BC%20%3F%23%25"), ("...", "...")])
def test_a_path_segment_stays_one_segment(segment: str, path: str) -> None:
    """Whatever stands in it."""
    assert post("/voices/{}/say", segment).url == f"/voices/{path}/say"
