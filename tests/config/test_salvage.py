"""What is left of a broken document is right, and in its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config.checking import find_faults
from router.config.reading import BROKEN
from router.config.salvage import STAND_IN, salvage

GOOD = {"vendors": {"a": {"api_key": "k"}}, "routes": {"m": {"targets": ["a/x", {"target": "a/y"}]}}}


def test_a_good_document_is_left_as_it_is() -> None:
    """And not touched."""
    assert salvage(GOOD) == GOOD
    assert salvage(GOOD) is not GOOD


@pytest.mark.parametrize(
    ("broken", "rest"),
    [
        ({**GOOD, "sever": 1}, GOOD),
        ({**GOOD, "server": {"port": "x", "host": "h"}}, {**GOOD, "server": {"host": "h"}}),
        ({**GOOD, "vendors": {"a": {"api_key": BROKEN}, "b": 7}}, {**GOOD, "vendors": {"a": {}}}),
        (
            {**GOOD, "routes": {"m": {"targets": ["a/x", {"weight": 1}, "a/z"]}}},
            {**GOOD, "routes": {"m": {"targets": ["a/x", STAND_IN, "a/z"]}}},
        ),
        (
            {**GOOD, "routes": {"m": {"targets": ["a/x"]}, "n": {"target": "a/x"}}},
            {**GOOD, "routes": {"m": {"targets": ["a/x"]}}},
        ),
        ({"vendors": {"a": {}}}, {"vendors": {"a": {}}, "routes": {"0": {"targets": [STAND_IN]}}}),
        ([], None),
        (None, None),
    ],
)
def test_only_what_is_wrong_is_taken_out(broken: object, rest: object) -> None:
    """The smallest part that makes the rest right; the neighbours of a target keep their places."""
    assert salvage(broken) == rest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab/-2s", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["vendors", "routes", "m", "targets", "target", "timeout", "keys", "key", "voices", "like"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(deadline=None, max_examples=150)
def test_what_is_left_has_no_faults(document: object) -> None:
    """Whatever it was."""
    rest = salvage(document)

    assert rest is None or find_faults(rest) == []
