"""Places in words, problems in order, and never a secret among them."""

from __future__ import annotations

import traceback
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from router.config import parse
from router.config.problems import ConfigError, Problem, Source, render_path
from router.config.reading import read_yaml


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("routes",), "routes"),
        (("routes", "tts-1", "targets", 0, "weight"), "routes.tts-1.targets[0].weight"),
        (("targets", 0, 12), "targets[0][12]"),
        (("voices", "*"), 'voices["*"]'),
        (("routes", "gpt-4.1", "policy"), 'routes["gpt-4.1"].policy'),
        (("routes", "openai/tts-1"), 'routes["openai/tts-1"]'),
        (("", 'a"b\nc'), '[""]["a\\"b\\nc"]'),
        (("stimme_ä",), "stimme_ä"),
    ],
)
def test_a_path_reads_as_a_person_would_write_it(path, text):
    """Plain words are joined by dots, positions and all other keys stand in brackets."""
    assert render_path(path) == text


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("routes.yaml", 12, "routes.a", "unknown key"), "routes.yaml:12: routes.a: unknown key"),
        (Problem("routes.yaml", 3, "", "not valid YAML"), "routes.yaml:3: not valid YAML"),
        (Problem("routes.yaml", 0, "", "the file is empty"), "routes.yaml: the file is empty"),
    ],
)
def test_a_problem_says_file_line_path_and_message(problem, text):
    """What is not known of a place is left out of the sentence."""
    assert str(problem) == text


def test_an_error_lists_every_problem_once_in_the_order_of_the_file():
    """The text of the error is one line a problem, sorted by line and then by path."""
    late, second, first = Problem("f", 9, "a", "x"), Problem("f", 2, "b", "y"), Problem("f", 2, "a", "z")
    error = ConfigError(iter([late, second, first, late]))
    assert error.problems == (first, second, late)
    assert str(error) == "f:2: a: z\nf:2: b: y\nf:9: a: x"


@pytest.mark.parametrize(
    ("path", "line"),
    [(("a", "b", 0), 5), (["a", "b", 0], 5), (("a", "b", 1, "c"), 4), (("a", "z"), 2), (("z",), 1), ((), 1)],
)
def test_a_place_that_is_not_written_has_the_line_of_what_it_is_missing_from(path, line):
    """A source places a problem at the nearest ancestor that stands in the file."""
    source = Source("f", {(): 1, ("a",): 2, ("a", "b"): 4, ("a", "b", 0): 5})
    assert source.problem(path, "m") == Problem("f", line, render_path(path), "m")


def test_a_source_without_lines_still_places_problems():
    """Nothing known means the file as a whole."""
    assert str(Source("f", {}).problem(("a",), "m")) == "f: a: m"


FULL = Path(__file__).with_name("full.yaml").read_text()
RAW = read_yaml(FULL.replace("${", "$${"), "full.yaml", {}, lambda _: False).value
del RAW["routes"]["gpt-4.1-mini-tts"]  # an alias of the one before
PLANTED = [
    ("${SECRET}", "zebra-271828"),
    ("${SECRET}", "271828"),
    ('"x${SECRET:-y}"', "271828"),
]


def places(value, path=()):
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))
    yield path


def planted(path):
    """The full example with a mark in one place."""
    document = deepcopy(RAW)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = "MARK"
    return yaml.safe_dump(document)


@pytest.mark.parametrize("path", [path for path in places(RAW) if path], ids=render_path)
def test_no_problem_shows_a_value_from_the_environment(path):
    """Wherever a secret is put, of whatever shape, quoted or not, neither the message nor its traceback holds it."""
    text = planted(path)
    for written, secret in PLANTED:
        try:
            told = repr(parse(text.replace("MARK", written), "f", {"SECRET": secret}).skipped_keys)
        except ConfigError as error:
            told = "".join(traceback.format_exception(error)) + repr(error)
        assert "271828" not in told
