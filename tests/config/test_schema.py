"""The JSON Schema: valid itself, patient with what stands in a file before variables are filled in."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from router.config.reading import read_yaml
from router.config.schema import json_schema, strict_schema

TEXT = Path(__file__).with_name("full.yaml").read_text()
FULL = read_yaml(TEXT.replace("${", "$${"), "full.yaml", {}, lambda _: False).value
"""As an editor sees it: nothing filled in."""

EDITOR = Draft202012Validator(json_schema())
STRICT = Draft202012Validator(strict_schema())


def changed(place, value):
    document = deepcopy(FULL)
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return document


def properties(schema):
    for definition in schema["$defs"].values():
        yield from definition["properties"].items()


@pytest.mark.parametrize("schema", [json_schema(), strict_schema()], ids=["editor", "strict"])
def test_the_schema_is_valid_and_names_its_draft(schema):
    """Both are JSON Schemas of draft 2020-12, and survive being printed as JSON."""
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert msgspec.json.decode(msgspec.json.encode(schema)) == schema


def test_the_full_example_is_valid_as_it_stands_in_the_file():
    """An editor shows no error for variables in place of numbers, choices and units, nor for empty sections."""
    assert list(EDITOR.iter_errors(FULL)) == []


@pytest.mark.parametrize("section", ["vendors", "voices", "routes", "defaults", "server", "keys"])
def test_a_section_with_nothing_in_it_is_valid_to_an_editor(section):
    """A section whose lines are all commented out is no mistake while writing."""
    assert list(EDITOR.iter_errors({**FULL, section: None})) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sever",), {}),
        (("server", "port"), "8080"),
        (("server", "port"), 70_000),
        (("server", "max_upload"), 25),
        (("server", "max_upload"), "25"),
        (("server", "cors"), ["*"]),
        (("defaults", "params"), "lax"),
        (("defaults", "timeout"), "2"),
        (("defaults", "speech"), "2s"),
        (("vendors", "Open AI"), {}),
        (("vendors", "openai", "api_key"), 5),
        (("vendors", "openai", "base_url"), "ftp://x"),
        (("routes", "tts-1", "targets"), []),
        (("routes", "tts-1", "targets", 0), "tts-1"),
        (("routes", "tts-1", "targets", 0), {}),
        (("routes", "tts-1", "targets", 1, "weight"), 0),
        (("routes", "tts-1", "targets", 1, "price"), {"minimum": "1s"}),
        (("routes", "tts-1", "targets", 1, "last_resort"), "yes"),
        (("keys", "alice"), {}),
        (("keys", "alice", "key"), "both"),
    ],
)
def test_mistakes_are_shown_by_an_editor(place, value):
    """Patience ends at what no variable could mend."""
    assert not EDITOR.is_valid(changed(place, value))
    assert not STRICT.is_valid(changed(place, value))


def test_only_the_editor_takes_variables():
    """What is checked when a table is read has none left."""
    assert EDITOR.is_valid(changed(("server", "port"), "${PORT}"))
    assert not STRICT.is_valid(changed(("server", "port"), "${PORT}"))


def test_our_own_fields_are_not_part_of_the_document():
    """A vendor's further keys stand beside the documented ones, as text."""
    vendor = json_schema()["$defs"]["VendorEntry"]
    assert list(vendor["properties"]) == ["like", "base_url", "credit", "result_hosts"]
    assert vendor["additionalProperties"]["type"] == "string"


def test_descriptions_reach_the_editor():
    """Every section explains itself, and what is known of a number with a variable in its place is kept."""
    schema = json_schema()
    assert all(definition["description"] for definition in schema["$defs"].values())
    port = schema["$defs"]["Server"]["properties"]["port"]
    assert (port["default"], port["description"]) == (8080, "0: any that is free.")
    assert dict(properties(schema))["timeout"]["description"].startswith("Bounds an attempt")


def test_the_two_schemas_know_the_same_keys():
    """Being patient adds and hides no key."""
    assert [name for name, _ in properties(json_schema())] == [name for name, _ in properties(strict_schema())]


def test_each_call_gives_a_schema_of_its_own():
    """A caller may change what it was given."""
    json_schema()["$defs"].clear()
    assert "Table" in json_schema()["$defs"]
