"""Names of fields as paths: what SDKs, browsers and PHP write comes out as it went in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._qs import Querystring

from router.api.brackets import nested
from router.wire.errors import InvalidCall

WORDS = st.text("abc_.-é 7", min_size=1, max_size=4).filter(lambda word: not word.isdecimal())
LEAVES = st.text(max_size=4)
OBJECTS = st.recursive(
    LEAVES | st.lists(LEAVES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=3),
    max_leaves=8,
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


@given(st.dictionaries(WORDS, OBJECTS, max_size=4))
def test_what_the_sdk_writes_is_read_back(values: dict[str, Any]) -> None:
    """Any object of texts, lists of texts and such objects, through the SDK's own writer."""
    assert nested(Querystring(array_format="brackets").stringify_items(values)) == values
