"""The composition root: the only file that wires rooms together.

From a loaded table to a relay that answers calls, and from a relay to an ASGI application. No logic of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec

from litestar import Litestar, Router, asgi
from msgspec import Struct

from router.accounts.keys import Keyring
from router.api.catalog import catalog
from router.api.docs.openapi import openapi
from router.api.docs.page import documentation
from router.api.doors import AudioDoors
from router.api.envelopes import ON_ERROR, identified
from router.config import Loaded
from router.relay import Relay
from router.routing.compiling import compile_plan
from router.routing.plan import Plan
from router.telemetry import Sink
from router.upstream.http import HttpTransport
from router.upstream.processes import ProcessTransport
from router.upstream.transport import Transport
from router.vendors import find_vendor, vendor_names

__all__ = ["VERSION", "House", "compiled", "create_app", "furnish"]

VERSION = version("audio-router")


class House(Struct, frozen=True):
    """Everything that one process needs to answer calls."""

    loaded: Loaded
    relay: Relay
    keyring: Keyring
    transports: Mapping[str, Transport]
    sink: Sink

    async def close(self) -> None:
        """End connections and child programs."""
        for transport in self.transports.values():
            await transport.close()


def compiled(loaded: Loaded) -> Plan:
    """The plan of a table, by the vendors known here. Raises `ConfigError`."""
    return compile_plan(
        loaded, find_vendor, vendor_names(), is_installed=lambda package: find_spec(package) is not None
    )


def furnish(loaded: Loaded, sink: Sink) -> House:
    """A house for a table. Raises `ConfigError`."""
    transports: Mapping[str, Transport] = {"http": HttpTransport(), "processes": ProcessTransport()}
    relay = Relay(compiled(loaded), transports, sink)
    return House(loaded, relay, Keyring(loaded.table.keys), transports, sink)


def create_app(house: House) -> Litestar:
    """The ASGI application of a house."""
    doors = AudioDoors(house.relay, house.keyring, house.loaded.table.server, house.sink)
    started_at = int(datetime.now(UTC).timestamp())
    documents = [
        *catalog(house.relay, house.keyring, started_at=started_at, version=VERSION),
        *documentation(lambda: openapi(house.loaded.table.server, version=VERSION, is_open=house.keyring.is_open)),
    ]
    return Litestar(
        route_handlers=[
            asgi(["/v1/audio/speech", "/audio/speech"], copy_scope=False)(doors.speech),
            asgi(["/v1/audio/transcriptions", "/audio/transcriptions", "/v1/speech/transcriptions"], copy_scope=False)(
                doors.transcriptions
            ),
            asgi(["/v1/audio/translations", "/audio/translations"], copy_scope=False)(doors.translations),
            Router("/", route_handlers=documents, middleware=[identified]),
        ],
        exception_handlers=ON_ERROR,
        on_shutdown=[house.close],
        openapi_config=None,
        logging_config=None,
    )
