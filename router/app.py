"""The composition root: the only file that wires rooms together.

From a loaded table to a relay that answers calls, and from a relay to an ASGI application. No logic of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from litestar import Litestar, Router, asgi
from msgspec import Struct
from platformdirs import user_state_path

from router.accounts.keys import Keyring
from router.api.application import Application
from router.api.catalog import catalog
from router.api.docs import documentation
from router.api.doors import AudioDoors
from router.api.envelopes import ON_ERROR, identified
from router.api.explaining import explaining
from router.api.gate import Gate
from router.api.guard import Rules, guarded
from router.api.tasks import task_handlers
from router.api.watching import watching
from router.cache.recordings import Recordings
from router.cache.store import BoundedMemoryCache
from router.config import Loaded
from router.config import Tasks as TasksSection
from router.relay import Relay
from router.reloading import Reloader
from router.routing.compiling import compile_plan
from router.routing.plan import Plan
from router.tasks.tasks import Tasks
from router.telemetry import Sink, to_all
from router.telemetry.metrics import Metrics, resting
from router.upstream.http import HttpTransport
from router.upstream.processes import ProcessTransport
from router.upstream.proxies import Proxy
from router.upstream.transport import Transport
from router.vendors import find_vendor, vendor_names

__all__ = ["VERSION", "House", "compiled", "create_app", "furnish"]

VERSION = version("audio-router")


class House(Struct, frozen=True):
    """Everything that one process needs to answer calls."""

    relay: Relay
    keyring: Keyring
    transports: Mapping[str, Transport]
    store: BoundedMemoryCache
    tasks: Tasks
    sink: Sink
    metrics: Metrics
    gate: Gate

    def adopt(self, plan: Plan) -> None:
        """Let this be the table from now on, with its keys and limits; calls under way keep theirs."""
        self.relay.adopt(plan)
        self.keyring.replace(plan.table.keys)
        self.store.resize(plan.table.server.max_cache)
        self.metrics.learn(plan)

    async def close(self) -> None:
        """End connections and child programs."""
        await self.relay.close()
        for transport in self.transports.values():
            await transport.close()


def compiled(loaded: Loaded) -> Plan:
    """The plan of a table, by the vendors known here. Raises `ConfigError`."""
    return compile_plan(
        loaded, find_vendor, vendor_names(), is_installed=lambda package: find_spec(package) is not None
    )


def furnish(loaded: Loaded, *sinks: Sink, proxy: Proxy | None = None) -> House:
    """A house for a table, which tells `sinks` of its calls. Raises `ConfigError`.

    `proxy`: through which vendors are reached, where there is one.
    """
    transports: Mapping[str, Transport] = {"http": HttpTransport(proxy), "processes": ProcessTransport()}
    plan, metrics = compiled(loaded), Metrics()
    sink = to_all(metrics.tell, *sinks)
    store = BoundedMemoryCache(plan.table.server.max_cache)
    relay = Relay(plan, transports, sink, Recordings(store, lambda: store.largest))
    tasks = Tasks(relay, sink, folder_of(plan.table.tasks), lambda: relay.plan.table.tasks)
    metrics.learn(plan)
    house = House(relay, Keyring(plan.table.keys), transports, store, tasks, sink, metrics, Gate())
    _watch(house)
    return house


def _watch(house: House) -> None:
    """What is asked for when somebody looks at the figures."""
    relay, tasks, watch = house.relay, house.tasks, house.metrics.watch
    watch("calls_in_flight", "Calls under way.", "kind", lambda: house.gate.inside)
    watch("tasks_running", "Tasks in the background that this process sees to.", None, lambda: {"": tasks.running})
    watch(
        "target_resting",
        "1 while a target of the table is left out: throttled, failing, or one that has refused our account.",
        "target",
        lambda: resting(relay.plan, relay.history.health, monotonic()),
    )


def folder_of(settings: TasksSection) -> Path:
    """Where tasks are kept: as the table says, else where programs of this user keep their state."""
    return Path(settings.folder) if settings.folder else user_state_path("audio-router")


def create_app(
    house: House,
    reloader: Reloader[Plan] | None = None,
    *,
    is_public: bool = False,
    figures: Callable[[], bytes] | None = None,
) -> Litestar:
    """The ASGI application of a house, which a `reloader` gives new tables. `is_public`: other machines are let in.

    `figures`: what `/metrics` tells, where it is more than this house's.
    """
    doors = AudioDoors(house.relay, house.keyring, house.sink, house.tasks, house.gate)
    started_at = int(datetime.now(UTC).timestamp())
    documents = [
        *catalog(house.relay, house.keyring, started_at=started_at, version=VERSION),
        *watching(house.relay, house.keyring, house.gate, figures or house.metrics.text),
        *task_handlers(house.tasks, house.keyring),
        *documentation(VERSION, lambda: (house.relay.plan.table.server, house.keyring.is_open)),
    ]
    app = Application(
        route_handlers=[
            *(asgi(path, copy_scope=False)(door) for path, door in doors.by_path.items()),
            asgi(["/v1/routes/explain", "/routes/explain"], copy_scope=False)(explaining(house.relay, house.keyring)),
            Router("/", route_handlers=documents, middleware=[identified]),
        ],
        exception_handlers=ON_ERROR,
        on_shutdown=[house.close],
        lifespan=[lambda _app: house.tasks.seen_to(), *([lambda _app: reloader.running()] if reloader else [])],
    )
    # around everything, as Litestar's own CORS would be: its `middleware` stands behind the choice of a handler
    app.asgi_handler = guarded(doors.before(app.asgi_handler), lambda: _rules(house, is_public=is_public))
    return app


def _rules(house: House, *, is_public: bool) -> Rules:
    return Rules(house.keyring.is_open, house.relay.plan.table.server.cors, is_public)
