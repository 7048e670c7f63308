"""LiteLLM's proxy configuration, made into a routing table.

What lives here: the file as entries and groups, and the text of the table that comes out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import Struct

from router.config.problems import ConfigError, Place, Problem, Source
from router.config.reading import read_yaml
from router.config.syntax import TEXT, type_of
from router.importing.chains import RARELY, Chains
from router.importing.deployments import Deployment, deployments, is_audio, is_wildcard, variables_of
from router.importing.outlets import Outlets
from router.importing.settings import SECTIONS, Settings
from router.importing.terms import Entry, Remarks

__all__ = ["Imported", "import_litellm"]

MAPPING = "tag:yaml.org,2002:map"
WIDTH = 118
FALLBACKS = "A weight a millionth of the others' makes a fallback: it is tried when they have failed."


class Imported(Struct, frozen=True):
    """A table as the text of its file, and what the user has to know; the text ends with the same remarks."""

    text: str
    routes: int
    remarks: tuple[Problem, ...]


def import_litellm(text: str, file: str) -> Imported:
    """Make a table of a configuration; `file` is its name in remarks. Raises `ConfigError` where none comes of it."""
    source, document = _document(text, file)
    remarks = Remarks(source)
    settings = Settings(document, remarks)
    entries = list(_entries(document, remarks))
    outlets = Outlets(remarks, variables_of(entries))
    groups = _groups(entries, outlets, remarks)
    aliases, fallbacks = settings.aliases(groups), settings.fallbacks()
    groups |= {alias: groups[group] for alias, group in aliases.items()}
    fallbacks = {**{alias: fallbacks[one] for alias, one in aliases.items() if one in fallbacks}, **fallbacks}
    chains = Chains(groups, fallbacks, settings.policy(), settings.common(), remarks)
    routes = {name: chains.route(name) for name in groups}
    table = {"vendors": outlets.entries, "routes": routes, "defaults": settings.defaults(), "keys": settings.keys()}
    settings.tell_the_rest()
    if not routes:
        message = "no entry is about audio and has a vendor here, so there is nothing to route"
        raise ConfigError([source.problem(("model_list",), message), *remarks.all()])
    return Imported(_rendered(table, file, remarks.all()), len(routes), remarks.all())


# ------------------------------------------------------------------ what the file says


def _document(text: str, file: str) -> tuple[Source, dict[str, Any]]:
    """The file as plain data. Its ${ is plain text, unlike ours, and reads so once it is doubled."""
    reading = read_yaml(text.replace("${", "$${"), file, {}, lambda _place: False)
    document = reading.value
    problems = [*reading.problems]
    if not isinstance(document, dict) or not isinstance(document.get("model_list"), list):
        message = "expected LiteLLM's configuration, a mapping with a list under model_list"
        problems.append(reading.source.problem(("model_list",), message))
        raise ConfigError(problems)
    for index, entry in enumerate(document["model_list"]):
        problems += [
            reading.source.problem(("model_list", index, *place), f"expected {what}") for place, what in _lacks(entry)
        ]
    for section in SECTIONS:
        if not isinstance(document.get(section) or {}, dict):
            problems.append(reading.source.problem((section,), "expected a mapping"))
    if problems:
        raise ConfigError(problems)
    return reading.source, document


def _lacks(entry: Any) -> Iterator[tuple[Place, str]]:
    """What an entry must have and has not, and where."""
    if not isinstance(entry, dict):
        yield (), "a mapping with model_name and litellm_params"
        return
    if not isinstance(name := entry.get("model_name"), str) or not name:
        yield ("model_name",), "text that is not empty"
    params = entry.get("litellm_params")
    if not isinstance(params, dict) or not isinstance(params.get("model"), str):
        yield ("litellm_params",), "a mapping with model"
    if not isinstance(entry.get("model_info") or {}, dict):
        yield ("model_info",), "a mapping"


def _entries(document: Mapping[str, Any], remarks: Remarks) -> Iterator[Entry]:
    """The entries of the list, with the credentials that they name."""
    stored = document.get("credential_list")
    credentials = {
        str(one.get("credential_name")): one["credential_values"]
        for one in (stored if isinstance(stored, list) else [])
        if isinstance(one, dict) and isinstance(one.get("credential_values"), dict)
    }
    for index, written in enumerate(document["model_list"]):
        place: Place = ("model_list", index)
        said = written["litellm_params"]
        name = said.get("litellm_credential_name")
        if name is not None and str(name) not in credentials:
            remarks.tell((*place, "litellm_params", "litellm_credential_name"), "no such name under credential_list")
        params = {**credentials.get(str(name), {}), **said}
        rest = [key for key in written if key not in {"model_name", "litellm_params", "model_info"}]
        yield Entry(place, written["model_name"], params, written.get("model_info") or {}, rest)


def _groups(entries: Sequence[Entry], outlets: Outlets, remarks: Remarks) -> dict[str, list[Deployment]]:
    """Deployments by the name that clients ask for. A name of its own goes before a wildcard that fits it."""
    audio = [entry for entry in entries if is_audio(entry)]
    if others := [entry.name for entry in entries if entry not in audio]:
        how_many = "1 entry is" if len(others) == 1 else f"{len(others)} entries are"
        names = ", ".join(dict.fromkeys(others))
        remarks.tell(("model_list",), f"{how_many} not about audio, by model_info.mode or by model: {names}")
    groups: dict[str, list[Deployment]] = {}
    for wild in (False, True):
        found = [one for entry in audio if is_wildcard(entry) is wild for one in deployments(entry, outlets, remarks)]
        own = set(groups)
        for deployment in found:
            if "${" in deployment.group:
                remarks.tell(deployment.place, "left out: a model's name cannot hold ${ here")
            elif deployment.group not in own:
                groups.setdefault(deployment.group, []).append(deployment)
    return groups


# ------------------------------------------------------------------ how a table is written


class _Dumper(yaml.SafeDumper):
    """Writes a target, and what has no parts, on one line; in quotes what our reader would take for something else."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's own
        super().increase_indent(flow, False)

    def text(self, data: str) -> yaml.ScalarNode:
        is_plain = type_of(data) == TEXT and not {"$", ":"} & {*data}
        return self.represent_scalar(TEXT, data, style=None if is_plain else '"')

    def mapping(self, data: dict[str, Any]) -> yaml.MappingNode:
        is_target = isinstance(data.get("target"), str)
        has_parts = any(isinstance(value, dict | list) for value in data.values())
        return self.represent_mapping(MAPPING, data, flow_style=is_target or not has_parts)


_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(dict, _Dumper.mapping)


def _rendered(table: Mapping[str, Any], file: str, remarks: Sequence[Problem]) -> str:
    intro = f"Imported from {file} by `audio-router import litellm`. `audio-router check` tells which keys are set."
    parts = [_comment(intro)]
    for name, section in table.items():
        if section:
            note = _comment(FALLBACKS) if name == "routes" and _has_fallbacks(section) else ""
            parts.append(note + _dumped({name: section}))
    if remarks:
        parts.append(
            "# What could not be carried over, and what to know:\n" + "".join(map(_comment, map(str, remarks)))
        )
    return "\n".join(parts)


def _has_fallbacks(routes: Mapping[str, Any]) -> bool:
    """Whether a weight is so small that it tells a fallback."""
    chains = ([one["weight"] for one in route["targets"] if "weight" in one] for route in routes.values())
    return any(min(weights) <= max(weights) * RARELY for weights in chains if weights)


def _dumped(section: Mapping[str, Any]) -> str:
    return yaml.dump(section, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=WIDTH, allow_unicode=True)


def _comment(text: str) -> str:
    """Nothing of a text gets out of its comment: no line break, and nothing that YAML does not allow."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    lines = textwrap.wrap(plain, WIDTH - 2, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)
