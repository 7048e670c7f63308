"""Every form of `${…}`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.variables import substitute

ENVIRONMENT = {"A": "alpha", "B_2": "beta", "_c": "gamma", "EMPTY": "", "NESTED": "${A}", "SPACED": " x\ny "}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${A}", "alpha"),
        ("${B_2}${_c}", "betagamma"),
        ("x-${A}-y", "x-alpha-y"),
        ("${A}${A}", "alphaalpha"),
        ("${A:-default}", "alpha"),
        ("${NOPE:-default}", "default"),
        ("${EMPTY:-default}", "default"),
        ("${NOPE:-}", ""),
        ("${EMPTY:-}", ""),
        ("${NOPE:-a b:c-d$e{f}", "a b:c-d$e{f"),
        ("${NOPE:-:-}", ":-"),
        ("${NOPE:-\n}", "\n"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$${", "${"),
        ("$${${A}", "${alpha"),
        ("${A}}", "alpha}"),
        ("${NESTED}", "${A}"),
        ("${SPACED}", " x\ny "),
    ],
)
def test_variables_are_filled_in(text, filled):
    """A variable is its value, else its default; an empty value is none; a value is not looked into again."""
    substituted = substitute(text, ENVIRONMENT)
    assert (substituted.text, substituted.unset, substituted.is_changed) == (filled, (), True)


@pytest.mark.parametrize("text", ["", "plain", "$", "$A", "$$", "$(A)", "{A}", "$ {A}", "a$b{c}", "%A%"])
def test_text_without_the_mark_stays(text):
    """Only the two characters `${` mean anything."""
    substituted = substitute(text, ENVIRONMENT)
    assert (substituted.text, substituted.unset, substituted.is_changed) == (text, (), False)


@pytest.mark.parametrize(
    ("text", "unset"),
    [
        ("${NOPE}", ("NOPE",)),
        ("${EMPTY}", ("EMPTY",)),
        ("${NOPE}-${A}-${EMPTY}", ("NOPE", "EMPTY")),
        ("${NOPE}${NOPE}", ("NOPE",)),
        ("${NOPE:-x}${EMPTY}", ("EMPTY",)),
        ("${a}", ("a",)),
    ],
)
def test_unset_variables_are_named(text, unset):
    """Each variable without a value and without a default is named once, in order; names know upper and lower case."""
    assert substitute(text, ENVIRONMENT).unset == unset


@pytest.mark.parametrize(
    "text",
    [
        *(
            "${",
            "${}",
            "${A",
            "${A b}",
            "${1A}",
            "${A-x}",
            "${A:x}",
            "${A:=x}",
            "${ A}",
            "${A }",
            "${A:-x",
            "${ä}",
            "${A.B}",
        ),
        *("${NOPE:-${A}}", "${A} and ${", "$${A} ${"),
    ],
)
def test_any_other_form_is_malformed(text):
    """What begins with `${` and is neither form is an error that says how to write it, even behind a good one."""
    with pytest.raises(ValueError, match=r"write \$\{NAME\} or \$\{NAME:-default\}") as caught:
        substitute(text, ENVIRONMENT)
    assert "alpha" not in str(caught.value)


@given(st.text(alphabet="${}:-A b", max_size=20))
def test_escaping_every_mark_gives_the_text_back(text):
    """Any text can be written: with `$${` for `${` it comes out as it was."""
    assert substitute(text.replace("${", "$${"), {}).text == text
