"""From a table and the vendors' facts to a plan, or to everything that is wrong with the table at once.

What lives here: the problems that only who knows the vendors can see. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from msgspec.structs import replace

from router.config import (
    STAND_IN,
    ConcurrencyEntry,
    ConfigError,
    Loaded,
    PolicyEntry,
    Problem,
    Server,
    Source,
    Table,
    TargetEntry,
    VendorEntry,
)
from router.routing.plan import (
    Outlet,
    Plan,
    Route,
    Said,
    Target,
    concurrency_of,
    declared_fields,
    price_of_entry,
    target_at,
    why_no_model,
)
from router.vendors.prices import Price
from router.vendors.spec import Vendor

__all__ = ["compile_plan"]

Place = tuple[str | int, ...]


def compile_plan(
    loaded: Loaded,
    find_vendor: Callable[[str], Vendor | None],
    known: Sequence[str],
    *,
    is_installed: Callable[[str], bool],
) -> Plan:
    """The plan of a table. Raises `ConfigError` with every problem that needs the vendors' facts to be seen."""
    compiler = _Compiler(loaded.source, find_vendor, known, is_installed)
    outlets = {name: compiler.outlet(name, entry, loaded.table.server) for name, entry in loaded.table.vendors.items()}
    found = {name: outlet for name, outlet in outlets.items() if outlet}
    table = loaded.table
    compiler.personas(table, found)
    said = compiler.said(table)
    lay = partial(compiler.chain, table=table, outlets=found, said=said)
    translators = lay(*_translators(table.defaults.translate_with, "defaults"), is_chat=True)
    routes = {
        name: Route(
            name,
            lay(("routes", name, "targets"), route.targets),
            lay(*_translators(route.translate_with, "routes", name), is_chat=True) or translators,
            PolicyEntry(by=route.policy) if isinstance(route.policy, str) else route.policy,
            route.cache,
            (route.resume or table.defaults.resume) == "sentence",
        )
        for name, route in table.routes.items()
    }
    if compiler.problems:
        raise ConfigError(tuple(sorted(compiler.problems, key=lambda problem: problem.line)))
    declared = declared_fields(found.values())
    return Plan(table=table, routes=routes, outlets=found, declared=declared, translators=translators, said=said)


class _Compiler:
    """Collects problems while it builds, so that one run shows them all."""

    def __init__(
        self,
        source: Source,
        find_vendor: Callable[[str], Vendor | None],
        known: Sequence[str],
        is_installed: Callable[[str], bool],
    ) -> None:
        self._source = source
        self._find = find_vendor
        self._known = known
        self._is_installed = is_installed
        self._unpriceable: set[Place] = set()
        self.problems: list[Problem] = []

    def _problem(self, message: str, *path: str | int) -> None:
        self.problems.append(self._source.problem(path, message))

    def outlet(self, name: str, entry: VendorEntry, limits: Server) -> Outlet | None:
        facts = self._find(entry.like or name)
        if facts is None:
            known = ", ".join(self._known)
            where = (name, "like") if entry.like else (name,)
            advice = "" if entry.like else "; a server that speaks OpenAI's wire is written {like: openai, base_url: …}"
            self._problem(f"unknown vendor {entry.like or name!r}; known are {known}{advice}", "vendors", *where)
            return None
        if entry.like and entry.base_url:
            facts = facts.dialect or facts
        self._settings(name, entry, facts)
        if entry.base_url and not _can_be_called(entry.base_url):
            self._problem("expected a host that can exist and a port from 1 to 65535", "vendors", name, "base_url")
        absent = self._why_absent(entry, facts)
        facts = replace(
            facts,
            name=name,
            base_url=(entry.base_url or facts.base_url).rstrip("/"),
            result_hosts=(*facts.result_hosts, *entry.result_hosts),
        )
        return Outlet(name, facts, entry.settings, absent, entry.unset, entry.credit, limits)

    def _settings(self, name: str, entry: VendorEntry, facts: Vendor) -> None:
        secret = facts.auth.secret if facts.auth else None
        for key, value in entry.settings.items():
            if _has_control(value):
                self._problem("holds a line break or control character", "vendors", name, key)
            if key != secret:
                expected = f"; expected {secret}, base_url or like" if secret else "; it takes none"
                self._problem(f"unknown key{expected}", "vendors", name, key)
        if not secret or secret in entry.settings or entry.unset:
            return
        if not entry.like:
            self._problem(f"{secret} is missing: expected {secret}: ${{…_API_KEY}}", "vendors", name)
        elif not entry.base_url:
            self._problem(f"expected {secret}, or base_url of your own server", "vendors", name)

    def _why_absent(self, entry: VendorEntry, facts: Vendor) -> str | None:
        if entry.unset:
            return f"{' and '.join(entry.unset)} {'is' if len(entry.unset) == 1 else 'are'} not set"
        if lacking := [package for package in facts.requires if not self._is_installed(package)]:
            return f"{' and '.join(lacking)} not installed: pip install 'audio-router[{facts.name}]'"
        return None

    def personas(self, table: Table, outlets: Mapping[str, Outlet]) -> None:
        for persona, voices in table.voices.items():
            for vendor, voice in voices.items():
                if vendor not in table.vendors:
                    self._problem("no such vendor in this table", "voices", persona, vendor)
                elif (outlet := outlets.get(vendor)) and not _could_be(outlet.facts, voice):
                    self._problem(f"{vendor} has no voice {voice!r}", "voices", persona, vendor)

    def said(self, table: Table) -> Said:
        """What is said of a target's price and places: once, or alike, and it holds wherever the target stands."""
        prices: dict[str, Price] = {}
        concurrency: dict[str, ConcurrencyEntry] = {}
        for place, entry in _entries(table):
            if entry.price is not None:
                try:
                    price = price_of_entry(entry.price)
                except ValueError as error:
                    self._problem(str(error), *place, "price")
                    self._unpriceable.add(place)
                else:
                    if prices.setdefault(entry.target, price) != price:
                        self._problem(f"{entry.target} has another price already: expected one", *place, "price")
            if entry.concurrency is not None:
                bound = concurrency_of(entry.concurrency)
                if concurrency.setdefault(entry.target, bound) != bound:
                    self._problem(f"{entry.target} has another bound already: expected one", *place, "concurrency")
        return Said(prices, concurrency)

    def chain(
        self,
        place: Place,
        entries: Sequence[str | TargetEntry],
        *,
        table: Table,
        outlets: Mapping[str, Outlet],
        said: Said,
        is_chat: bool = False,
    ) -> tuple[Target, ...]:
        targets = []
        for index, entry in enumerate(entries):
            full = TargetEntry(target=entry) if isinstance(entry, str) else entry
            if full.target == STAND_IN:
                continue  # what stood there is told already
            vendor, _, model = full.target.partition("/")
            where = (*place, index)
            if vendor not in table.vendors:
                self._problem(f"{full.target}: no vendor {vendor!r} in this table", *where)
            elif outlet := outlets.get(vendor):
                if where in self._unpriceable:
                    continue  # what is wrong with it is told already
                target = target_at(outlet, model, table, full, said)
                if is_chat:
                    self._translator(target, full, where)
                elif why := why_no_model(outlet, model):
                    self._problem(why, *where)
                else:
                    self._voices(target, where)
                targets.append(target)
        return tuple(targets)

    def _translator(self, target: Target, entry: TargetEntry, where: Place) -> None:
        if not target.outlet.facts.chat:
            self._problem(f"{target.outlet.name} has no chat models; an OpenAI-compatible vendor has", *where)
        for name in ("voices", "last_resort"):
            if getattr(entry, name):
                self._problem("means nothing for a translator", *where, name)

    def _voices(self, target: Target, where: Place) -> None:
        for name, voice in target.voices.items():
            if "speech" not in target.abilities:
                self._problem(f"{target.name} does not speak", *where, "voices", name)
            elif not _could_be(target.outlet.facts, voice):
                self._problem(f"{target.outlet.name} has no voice {voice!r}", *where, "voices", name)


def _translators(entries: Sequence[str | TargetEntry] | None, *above: str) -> tuple[Place, Sequence[str | TargetEntry]]:
    return (*above, "translate_with"), entries or ()


def _entries(table: Table) -> Iterator[tuple[Place, TargetEntry]]:
    """Every target of the table that has more to say than its name, and where it stands."""
    chains: list[tuple[Place, Sequence[str | TargetEntry]]] = [_translators(table.defaults.translate_with, "defaults")]
    for name, route in table.routes.items():
        chains += [(("routes", name, "targets"), route.targets), _translators(route.translate_with, "routes", name)]
    for place, entries in chains:
        yield from (((*place, index), one) for index, one in enumerate(entries) if isinstance(one, TargetEntry))


def _has_control(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _can_be_called(url: str) -> bool:
    """Whether the host and the port of a URL can exist; nobody is asked."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # refuses empty and overlong labels
        return bool(host) and parts.port != 0 and not _has_control(url)
    except ValueError:
        return False


def _could_be(facts: Vendor, voice: str) -> bool:
    """Whether a vendor might know a voice by that name: it is in a table of its, or looks like one of its own."""
    speech = facts.speech
    if speech is None:
        return False
    tables = [speech.voices, *(row.voices for row in speech.models.values() if row.voices)]
    patterns = [speech.voice_like, *(row.voice_like for row in speech.models.values() if row.voice_like)]
    own = any(voice in table.values() for table in tables)
    return own or any(pattern is None or re.fullmatch(pattern, voice) for pattern in patterns)
