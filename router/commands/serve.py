"""`serve`: bind, tell a newcomer what works and how to try it, and run until asked to stop."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from typing import TextIO

import msgspec
from rich.console import Console
from rich.markup import escape

from router.api.lists import kinds_of
from router.app import VERSION, compiled
from router.commands.serving import serving_by, spare_the_collector
from router.commands.table import absent_keys
from router.config import Loaded
from router.routing.plan import KINDS, Outlet, Plan, Target, serving
from router.telemetry import configure_logging
from router.upstream.proxies import proxy_of
from router.vendors.spec import row_of
from router.wire.calls import CallKind

__all__ = ["is_loopback", "serve", "welcome"]

BACKLOG = 2048
UNNAMED_KEY = "KEY"
PATHS = {"sound": "/v1/audio/sound-effects", "music": "/v1/audio/music"}


def serve(
    loaded: Loaded,
    host: str | None,
    port: int | None,
    environment: Mapping[str, str],
    console: Console,
    errors: Console,
    *,
    is_insecure: bool = False,
    workers: int | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM. 1: could not begin, and said why. Raises `ConfigError` or `UnusableProxy`.

    `environment` is searched for the variable that a key came from, so that what is printed can name it. `is_insecure`:
    other machines may be let in without a key. `workers`: so many processes; None: as the table says.
    """
    server = loaded.table.server
    host, port = host or server.host, server.port if port is None else port
    is_public = not is_loopback(host)
    if is_public and not loaded.table.keys:
        message = _insecure(host) if is_insecure else _no_key(loaded, host, port)
        errors.print(message, style="bold red" if is_insecure else None, highlight=False, markup=False, soft_wrap=True)
        if not is_insecure:
            return 1
    count = server.workers if workers is None else workers
    if count > 1 and not hasattr(os, "fork"):
        message = "This platform cannot fork, so that it cannot have workers: expected --workers 1 (server.workers)."
        errors.print(message, style="red", markup=False, soft_wrap=True)
        return 1
    configure_logging(_shared_log() if count > 1 else None)
    begin = partial(serving_by, environment=environment, began=server, proxy=proxy_of(environment))
    alone = begin(loaded) if count == 1 else None
    plan = alone.house.relay.plan if alone else compiled(loaded)
    try:
        listener = _bound(host, port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        message = f"Cannot listen on {host}:{port}: {why}. Try another --port."
        errors.print(message, style="red", markup=False, soft_wrap=True)
        return 1
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the reloader listens: it would end us
    with listener:
        address = _url_of(host, listener.getsockname()[1])
        for line in welcome(plan, loaded, address, environment, workers=count):
            console.print(line, highlight=False, soft_wrap=True)
        if alone:
            alone.run(listener, is_public=is_public)
            return 0
        from router.commands.workers import serve_by_workers  # noqa: PLC0415 - needs a platform that forks

        spare_the_collector()  # what is here by now stays shared with the workers
        return serve_by_workers(
            count,
            loaded,
            environment,
            listener,
            lambda newest, link: begin(newest, link=link).run(listener, is_public=is_public),
        )


def _shared_log() -> TextIO:
    from router.telemetry.lines import whole_lines  # noqa: PLC0415 - needs a platform that forks

    return whole_lines(sys.stderr.fileno())


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host.strip("[]"), port), family=family, backlog=BACKLOG)


def _url_of(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", "localhost"} else f"[{host.strip('[]')}]" if ":" in host else host  # noqa: S104 - shown, not bound
    return f"http://{shown}:{port}"


def _no_key(loaded: Loaded, host: str, port: int) -> str:
    skipped = [variable for _, variable in loaded.skipped_keys.items()]
    variable = skipped[0] if skipped else "AUDIO_ROUTER_KEY"
    return (
        f"Refused to listen on {host}: that address can be reached from other machines, and no key is set.\n"
        f"Set {variable} to a secret of your own; clients send it as their API key. In Docker:\n\n"
        f"  docker run -e {variable}=choose-a-secret -p {port}:{port} audio-router\n\n"
        "--insecure insists: then whoever reaches the address spends your vendors' money."
    )


def _insecure(host: str) -> str:
    return (
        f"INSECURE: listening on {host} without a key. Whoever reaches that address can use this server and spend your "
        "vendors' money. Set a key (`audio-router key` makes one)."
    )


# ------------------------------------------------------------------ the welcome


def welcome(
    plan: Plan, loaded: Loaded, address: str, environment: Mapping[str, str], *, workers: int = 1
) -> Iterator[str]:
    """What a newcomer needs to read, line by line, as rich markup. It holds no key."""
    shown = escape(address)
    yield f"[bold]audio-router {VERSION}[/] listens on [bold]{shown}[/]  (base_url: {shown}/v1)"
    yield f"table: {escape(loaded.source.file)}"
    if workers > 1:
        yield f"workers: {workers}; each has limits, a cache and a memory of vendors' failures of its own"
    yield ""
    for outlet in plan.outlets.values():
        why = escape(outlet.absent or "")
        yield f"  [yellow]-[/] {outlet.name}: {why}" if why else f"  [green]✓[/] {outlet.name}"
    for line in absent_keys(loaded):
        yield f"  [yellow]-[/] {escape(line)}"
    yield ""
    variable = _key_variable(loaded, environment)
    for kind in KINDS:
        if kind in ("sound", "music") and not any(kind in target.abilities for target in _targets(plan)):
            continue  # what no route of the table is for
        yield from _how_to(kind, plan, address, variable)
    if variable == UNNAMED_KEY:
        yield escape(f'{variable} is the key of "{next(iter(loaded.table.keys))}".')
    yield ""
    yield "Stop with Ctrl-C."


def _key_variable(loaded: Loaded, environment: Mapping[str, str]) -> str | None:
    """The variable that holds the first key, `UNNAMED_KEY` where none does; None where no key is asked for."""
    entry = next(iter(loaded.table.keys.values()), None)
    if entry is None:
        return None
    holders = [name for name, value in environment.items() if value == entry.key and name.isidentifier()]
    return next(iter(holders), UNNAMED_KEY)


def _how_to(kind: CallKind, plan: Plan, address: str, variable: str | None) -> Iterator[str]:
    if model := _answerable(plan, kind):
        yield f"[bold]{kind}[/], paste this:"
        yield escape(f"  {_curl(kind, model, _answerable(plan, 'speech'), address, variable)}")
    else:
        yield f"[bold]{kind}[/]: nobody can answer yet; {_what_would_help(plan, kind)}"


def _answerable(plan: Plan, kind: CallKind) -> str | None:
    """The first route that can be asked for this today; rather one whose vendor says so of its model than one that may.

    Any server that speaks OpenAI's wire may do all that the wire has.
    """
    able = [route for route in plan.routes.values() if kind in kinds_of(serving(route.targets), route.translators)]
    known = [route for route in able if any(_is_known_for(kind, target) for target in serving(route.targets))]
    return next((route.name for route in (*known, *able)), None)


def _is_known_for(kind: CallKind, target: Target) -> bool:
    kinds: tuple[CallKind, ...] = ("translation", "transcription") if kind == "translation" else (kind,)
    return any(row_of(target.abilities[one], target.model) for one in kinds if one in target.abilities)


def _targets(plan: Plan) -> Iterator[Target]:
    return (target for route in plan.routes.values() for target in route.targets)


def _what_would_help(plan: Plan, kind: CallKind) -> str:
    targets = [target for target in _targets(plan) if kind in target.abilities]
    outlets: Sequence[Outlet] = list({target.outlet.name: target.outlet for target in targets}.values())
    keys = [" and ".join(outlet.unset) for outlet in outlets if outlet.unset]
    if keys:
        return f"set {' or '.join(keys)}"
    return "no route of the table has a vendor that can do it"


def _curl(kind: CallKind, model: str, speaker: str | None, address: str, variable: str | None) -> str:
    """One line that works as it is: a transcription speaks its own file first, where somebody can speak."""
    key = f' -H "Authorization: Bearer ${variable}"' if variable else ""

    def say(name: str, text: str) -> str:
        body = shlex.quote(msgspec.json.encode({"model": name, "voice": "alloy", "input": text}).decode())
        return f"curl -sS {address}/v1/audio/speech{key} -H 'Content-Type: application/json' -d {body}"

    if kind == "speech":
        return f"{say(model, 'Hello from your audio router.')} -o hello.mp3"
    if kind in PATHS:
        asked = {"model": model, "input": "Rain on a tin roof.", "duration": 5}
        body = shlex.quote(msgspec.json.encode(asked).decode())
        return f"curl -sS {address}{PATHS[kind]}{key} -H 'Content-Type: application/json' -d {body} -o {kind}.mp3"
    path = "transcriptions" if kind == "transcription" else "translations"
    listen = f"curl -sS {address}/v1/audio/{path}{key} -F {shlex.quote(f'model={model}')} -F file=@"
    return f"{say(speaker, 'one two three')} | {listen}-\\;filename=speech.mp3" if speaker else f"{listen}speech.mp3"
