"""What is no YAML says so in plain words, with its line; scalars are those of YAML 1.2."""

from __future__ import annotations

import pytest

from router.config.problems import ConfigError
from router.config.syntax import MAX_DEPTH, SCALARS, compose, type_of

WITHIN = "while parsing a flow sequence"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a:\n\t- b", "f:2: not valid YAML: a tab cannot indent: use spaces"),
        (
            "a: 1\nb: {port: ${PORT}}",
            "f:2: not valid YAML: inside { } and [ ] a value with ${…} must be in quotes",
        ),
        ("a: [${A}]", "f:1: not valid YAML: inside { } and [ ] a value with ${…} must be in quotes"),
        (
            "a: 1\nb: c: d",
            "f:2: not valid YAML: no key can stand here: check the indentation, quote a text with a colon",
        ),
        ("a:\n  b: 1\n c: 2", "f:3: not valid YAML: a line that is indented differently from its neighbours"),
        ("a: [1,\n  2", "f:2: not valid YAML: the file ends in the middle of a value in quotes or brackets"),
        ("a: {b: 1", "f:1: not valid YAML: the file ends in the middle of a value in quotes or brackets"),
        ('a: "x', "f:1: not valid YAML: the file ends in the middle of a value in quotes or brackets"),
        ("a: 1\nb\nc: 2", "f:3: not valid YAML: a key without its colon"),
        (
            "a:\n  - b: [1,\n   2}\n",
            f"f:3: not valid YAML: expected ',' or ']', but got '}}', {WITHIN} that begins on line 2",
        ),
        ("a: @b", "f:1: not valid YAML: found character '@' that cannot start any token"),
        ("a: *b", "f:1: not valid YAML: found undefined alias 'b'"),
        ("a\n---\nb", "f:2: not valid YAML: expected a single document in the stream, but found another document"),
        ("%YAML 3.0\n---\na", "f:1: not valid YAML: found incompatible YAML document (version 1.* is required)"),
        ("a: 1\nb: \x07", "f:2: the character U+0007 is not allowed in YAML"),
        ('a: 1\nb: "\\U00110000"', "f:2: not valid YAML: an escape in double quotes that is no character"),
        ('\n\na: "\\UFFFFFFFF"', "f:3: not valid YAML: an escape in double quotes that is no character"),
    ],
)
def test_what_is_no_yaml_says_why_and_where(text, problem):
    """A text that cannot be parsed has exactly one problem: its line and the reason."""
    with pytest.raises(ConfigError) as caught:
        compose(text, "f")
    assert str(caught.value) == problem


@pytest.mark.parametrize("text", ["", " \n\n", "# only a comment\n"])
def test_an_empty_text_has_no_root(text):
    """No document is not a mistake of syntax."""
    assert compose(text, "f") is None


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_nesting_is_bounded(opening, closing):
    """As deep as the bound is read, anything deeper is an error however deep, not an exhausted stack."""
    levels = MAX_DEPTH - 1
    assert compose(opening * levels + "x" + closing * levels, "f") is not None
    for too_many in (MAX_DEPTH, 5_000):
        with pytest.raises(ConfigError, match=f"f:1: not valid YAML: nested deeper than {MAX_DEPTH} levels"):
            compose(opening * too_many + "x" + closing * too_many, "f")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        *((text, text) for text in ("yes", "no", "on", "off", "y", "n", "Yes", "NO", "On", "tRUE", "nULL")),
        *((text, text) for text in ("1:30", "2026-12-24", "0x1F", "0o17", "1_000", ".inf", ".nan", "=", "<<", "1.2.3")),
        ("0", 0),
        ("-17", -17),
        ("+8", 8),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1e3", -1000.0),
        ("1.5E-2", 0.015),
        ("1e", "1e"),
        ("5\n", "5\n"),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(text, value):
    """Null, true, false, decimal numbers; what YAML 1.1 makes of yes, no, times, dates and octals stays text."""
    read = SCALARS[type_of(text)].read(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "9" * 5000, "1e999", "-1e999"])
def test_numbers_that_json_cannot_carry_are_refused(text):
    """Beyond 64 bits and beyond a float there is nothing to send."""
    with pytest.raises(ValueError, match="out of range"):
        SCALARS[type_of(text)].read(text)
