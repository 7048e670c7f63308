"""From a file to a table: read, tidy, decode; or everything that is wrong with it at once.

What lives here: what the sections mean beyond their shape. Whether vendors and voices exist is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from router.config.checking import find_faults
from router.config.problems import ConfigError, Place, Problem, Source
from router.config.reading import Reading, read_yaml
from router.config.salvage import salvage
from router.config.table import Table
from router.config.units import read_unit

__all__ = ["Loaded", "load", "parse"]

_DOCUMENTED = frozenset({"like", "base_url", "credit", "result_hosts"})


class Loaded(Struct, frozen=True):
    """A table, where its parts stand, and the `keys` that do not exist for want of a variable: name -> variable.

    A table whose keys are all skipped asks for none: it may be served on a loopback address alone, and commands say so.
    """

    table: Table
    source: Source
    skipped_keys: Mapping[str, str]


def load(path: Path, environment: Mapping[str, str]) -> Loaded:
    """Read a table from its file. Raises `ConfigError` as `parse` does, and where the file cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), 0, "", f"cannot be read: {error.strerror or error}")]) from error
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(str(path), line, "", "not UTF-8 text")]) from error
    return parse(text, str(path), environment)


def parse(text: str, file: str, environment: Mapping[str, str]) -> Loaded:
    """Read a table; `file` is its name in problems. Raises `ConfigError` with all that is wrong with it."""
    reading = read_yaml(text, file, environment, _may_lack)
    if reading.value is None and not reading.problems:
        raise ConfigError([Problem(file, 0, "", "the file is empty")])
    lacking = _by_entry(reading, "vendors")
    skipped = {name: variables[0] for name, variables in _by_entry(reading, "keys").items()}
    document = _tidy(reading.value, skipped)
    table = _decode(document, lacking)
    if table is not None and not reading.problems:
        return Loaded(table, reading.source, skipped)
    faults = find_faults(document) if table is None else []
    found = (reading.source.problem(place, message) for place, message in faults)
    rest = _decode(salvage(document), lacking)
    raise ConfigError([*reading.problems, *found], Loaded(rest, reading.source, skipped) if rest else None)


def _may_lack(place: Place) -> bool:
    """Credentials and settings of a vendor, and callers' keys: without their variables they are not there."""
    return len(place) > 2 and place[0] in ("vendors", "keys")


def _by_entry(reading: Reading, section: str) -> dict[str, tuple[str, ...]]:
    """Gather the unset variables of each entry of a section."""
    found: dict[str, tuple[str, ...]] = {}
    for place, variables in reading.unset:
        if place[0] == section:
            name = str(place[1])
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *variables)))
    return found


def _tidy(document: Any, skipped: Mapping[str, str]) -> Any:
    """Leave out the skipped callers' keys, and sections and settings that have nothing in them."""
    if not isinstance(document, dict):
        return document
    tidy = _written(document)
    if isinstance(vendors := tidy.get("vendors"), dict):
        tidy["vendors"] = {name: {} if entry is None else _written(entry) for name, entry in vendors.items()}
    if isinstance(keys := tidy.get("keys"), dict):
        tidy["keys"] = {name: _written(entry) for name, entry in keys.items() if name not in skipped}
    return tidy


def _written(entry: Any) -> Any:
    """Leave out of a mapping the keys that have nothing after them."""
    return {key: value for key, value in entry.items() if value is not None} if isinstance(entry, dict) else entry


def _decode(document: Any, lacking: Mapping[str, tuple[str, ...]]) -> Table | None:
    """Make the table; None where something is wrong: msgspec names the first mistake only, and may show a value."""
    if isinstance(document, dict) and isinstance(vendors := document.get("vendors"), dict):
        entries = {name: _vendor_fields(entry, lacking.get(name, ())) for name, entry in vendors.items()}
        document = {**document, "vendors": entries}
    try:
        return msgspec.convert(document, Table, dec_hook=read_unit)
    except msgspec.ValidationError:
        return None


def _vendor_fields(entry: Any, lacking: tuple[str, ...]) -> Any:
    """Arrange an entry as the struct has it: the keys that are not ours are the vendor's settings."""
    if not isinstance(entry, dict):
        return entry
    ours = {key: value for key, value in entry.items() if key in _DOCUMENTED}
    settings = {key: value for key, value in entry.items() if key not in _DOCUMENTED}
    return {**ours, "settings": settings, "unset": lacking}
