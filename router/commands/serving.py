"""One process that serves a table: furnished with it, given new ones, running until asked to stop.

What lives here: the same for a server that is alone and for each of several workers. Where it is bound, and what a
newcomer is told: `serve`.
"""

from __future__ import annotations

import contextlib
import gc
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from msgspec import Struct

from router.accounts.keys import Keyring
from router.api.draining import DrainingServer
from router.api.server import server_config
from router.app import VERSION, House, compiled, create_app, furnish
from router.commands.descriptors import make_room
from router.commands.table import read_table
from router.config import ConfigError, Loaded, Server
from router.reloading import Reloader
from router.routing.plan import Plan
from router.telemetry import to_log
from router.upstream.proxies import Proxy

if TYPE_CHECKING:
    from router.telemetry.traces import Traces
    from router.workers.link import Link

__all__ = ["Serving", "serving_by", "spare_the_collector"]

COLLECTIONS = (5_000, 500, 20)
"""New objects before the young are looked through (1 ms); how often that is before those who outlived it are, which are
all that 3,000 streams need (70 ms); and how often that, before all are."""
COLLECTOR = "OTEL_EXPORTER_OTLP_ENDPOINT"
BOUND = ("host", "port", "max_head", "workers")
"""What holds as long as the server lives."""

_log = structlog.get_logger("audio_router.table")


class Serving(Struct, frozen=True):
    """What one process serves with. `link`: to its parent, where it is a worker."""

    house: House
    reloader: Reloader[Plan]
    traces: Traces | None
    max_head: int
    link: Link | None

    def run(self, listener: socket.socket, *, is_public: bool) -> None:
        """Serve until asked to stop."""
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn repeats the Ctrl-C that it ended on
            figures = self.link.opened(self.house.metrics.collect) if self.link else self.house.metrics.text
            app = create_app(self.house, self.reloader, is_public=is_public, figures=figures)
            if self.traces:
                app.on_shutdown.append(self.traces.close)  # not behind `run`: after a SIGTERM it does not come back
            make_room(self.house.relay.plan.table.server.max_calls)
            spare_the_collector()
            DrainingServer(server_config(app, max_head=self.max_head), self.house.gate).run(sockets=[listener])


def serving_by(
    loaded: Loaded, environment: Mapping[str, str], began: Server, proxy: Proxy | None, link: Link | None = None
) -> Serving:
    """A house for a table, and what gives it new ones; `began`: as the server was bound. Raises `ConfigError`."""
    traces = _traces(environment)
    house = furnish(loaded, to_log, *([traces.tell] if traces else []), proxy=proxy)
    path = Path(loaded.source.file)

    def read() -> Plan:
        plan = _again(path, environment, house.keyring, began)
        if link:
            link.adopted()
        return plan

    return Serving(house, Reloader(path, read, house.adopt), traces, began.max_head, link)


def spare_the_collector() -> None:
    """Leave what is here for good out of every collection, and collect less often.

    A collection stops every stream for as long as it takes. Calls and connections free what they used by
    themselves (`docs/decisions/0039`). So does a start: 2,000 of its 80,000 objects are not worth
    the 40 ms of looking for them.
    """
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    gc.enable()


def _traces(environment: Mapping[str, str]) -> Traces | None:
    """Where the environment names a collector for them; else what they need is not even loaded."""
    if not (endpoint := environment.get(COLLECTOR)):
        return None
    try:
        from router.telemetry.traces import sent_to  # noqa: PLC0415 - the extra otel, for those who have it
    except ImportError:
        _log.warning(f"no traces: {COLLECTOR} is set, and audio-router[otel] is not installed")
        return None
    return sent_to(endpoint, environment.get("OTEL_SERVICE_NAME") or "audio-router", VERSION)


def _again(path: Path, environment: Mapping[str, str], keyring: Keyring, server: Server) -> Plan:
    """The plan of a table that has changed while it is served; `server` is as it began. Raises `ConfigError`."""
    loaded = read_table(path, environment)
    plan = compiled(loaded)
    if not loaded.table.keys and not keyring.is_open:
        message = "no key is left, which would let everybody in: expected at least one, or a restart"
        raise ConfigError([loaded.source.problem(("keys",), message)])
    new = loaded.table.server
    make_room(new.max_calls)
    if any(getattr(new, name) != getattr(server, name) for name in BOUND):
        _log.warning("server.host, port, max_head and workers hold from the next start on", file=loaded.source.file)
    return plan
