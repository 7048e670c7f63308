"""Names of fields as paths: what SDKs, browsers and PHP write comes out as it went in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from openai._qs import Querystring

from router.api.brackets import check_count, nested
from router.wire.errors import InvalidCall

WORDS = st.sampled_from(["a", "b", "c7", "7.", "_-", "é", "a b"])
LEAVES = st.text("a7é[]=& ", max_size=3)
OBJECTS = st.recursive(
    LEAVES | st.lists(LEAVES, min_size=1, max_size=2),
    lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("b", "x"), ("a", "2")], {"a": ["1", "2"], "b": "x"}),
        ([("a[]", "1")], {"a": ["1"]}),
        ([("a[]", "1"), ("a", "2")], {"a": ["1", "2"]}),
        ([("a[b]", "1"), ("a[c][]", "2"), ("a[c][]", "3")], {"a": {"b": "1", "c": ["2", "3"]}}),
        ([("a[b]", "1"), ("a[b]", "2")], {"a": {"b": ["1", "2"]}}),
        ([("a[1]", "y"), ("a[0]", "x")], {"a": ["x", "y"]}),
        ([("a[0][b]", "1"), ("a[0][c]", "2"), ("a[1][b]", "3")], {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ([("a[][b]", "1"), ("a[][c]", "2"), ("a[][b]", "3")], {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ([("a[][b][]", "1"), ("a[][b][]", "2")], {"a": [{"b": ["1", "2"]}]}),
        ([("a[]", "1"), ("a[][]", "2"), ("a[][]", "3")], {"a": ["1", ["2", "3"]]}),
        ([("a[1]", "x"), ("a[7]", "y")], {"a": {"1": "x", "7": "y"}}),
        ([("a", {"b": [1, None]})], {"a": {"b": [1, None]}}),
        ([("a" + "[b]" * 8, "1")], {"a": {"b": {"b": {"b": {"b": {"b": {"b": {"b": {"b": "1"}}}}}}}}}),
    ],
)
def test_paths_become_values(fields: list[tuple[str, Any]], values: dict[str, Any]) -> None:
    """Lists, objects, both in each other; indices in any order; gaps make an object."""
    assert nested(fields) == values


@pytest.mark.parametrize("name", ["", "a", "a]b[", "a]", "[a]", "[", "[]", "]["])
def test_an_odd_name_is_a_name(name: str) -> None:
    """What opens no bracket behind a word is nobody's path, and harms nobody."""
    assert nested([(name, "1")]) == {name: "1"}


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a[b]"],
        ["a[b]", "a"],
        ["a[]", "a[b]"],
        ["a[b]", "a[b][c]"],
        ["a[b][]", "a[b][c]"],
        ["a["],
        ["a[b"],
        ["a[b]c"],
        ["a[[b]]"],
        ["a[b]]"],
        ["a" + "[b]" * 9],
        ["a" + "[]" * 100_000],
    ],
)
def test_what_has_no_one_meaning_is_refused_by_name(names: list[str]) -> None:
    """Shapes that exclude each other, brackets that do not match, depths that nobody needs."""
    with pytest.raises(InvalidCall) as refused:
        nested([(name, "1") for name in names])

    assert refused.value.param == "a"
    assert len(refused.value.message) < 200


def test_values_that_came_nested_are_as_bounded() -> None:
    """JSON inside a path counts with it."""
    with pytest.raises(InvalidCall, match="at most 8 lists and objects"):
        nested([("a[b]", [[[[[[[["x"]]]]]]]])])


# ------------------------------------------------------------------ how many


ODD = st.text('a,[]{}:"\\é', max_size=4)
JSON = st.recursive(
    st.none() | st.integers(0, 99) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=8,
)


def values_in(value: Any) -> int:
    """By what they are, where the router counts what is written."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return len(inner) + sum(map(values_in, inner))


@given(st.dictionaries(st.sampled_from("abc"), JSON, min_size=1), st.sampled_from([None, 2]))
def test_every_field_item_and_member_is_counted(values: dict[str, Any], indent: int | None) -> None:
    """Exactly: that many pass, one fewer do not; whatever the texts hold, with and without spaces."""
    written = {name: msgspec.json.encode(value) for name, value in values.items()}
    fields = {name: Raw(msgspec.json.format(json, indent=indent or 0)) for name, json in written.items()}
    count = values_in(values)

    check_count(fields, count)
    with pytest.raises(InvalidCall, match=f"more than {count - 1} fields, items and members"):
        check_count(fields, count - 1)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"a": b"1", "b": b"[1,2,3]", "c": b"1"}, "c"),
        ({"a": b"1", "b": b"[1,[2,[3]]]", "c": b"1"}, "b"),
        ({"a": b"[" + b"[]," * 100_000 + b"[]]", "b": b"1"}, "a"),
        ({"a[b]": b'{"x":{},"y":[ ],"z":"},{"}', "b": b"1", "c": b"1"}, "c"),
        ({f"n{index}": b"1" for index in range(1_000)}, "n5"),
        ({"x" * 1_000: b"[1,2,3,4,5]"}, "x" * 64),
    ],
)
def test_the_field_that_is_too_much_is_named(fields: dict[str, bytes], param: str) -> None:
    """Of five: the first with which there are more."""
    with pytest.raises(InvalidCall, match="more than 5 fields") as refused:
        check_count({name: Raw(json) for name, json in fields.items()}, 5)

    assert refused.value.param == param
    assert len(refused.value.message) < 200


# ------------------------------------------------------------------ the SDK's


@given(st.dictionaries(WORDS, OBJECTS, max_size=3))
def test_what_the_sdk_writes_is_read_back(values: dict[str, Any]) -> None:
    """Any object of texts, lists of texts and such objects, through the SDK's own writer."""
    assert nested(Querystring(array_format="brackets").stringify_items(values)) == values
