"""The HTTP server under the application: uvicorn's process around connections of our own.

What lives here: its settings. One connection: `connection`; how a process ends: `draining`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import uvicorn
from litestar.types import ASGIApp

from router.api.connection import Connection

__all__ = ["server_config"]

MAX_HEAD_BYTES = 64 * 1024
GRACE_S = 10
HEAD_S = 10
IDLE_S = 5


def server_config(
    app: ASGIApp,
    *,
    grace_s: float = GRACE_S,
    head_s: float = HEAD_S,
    idle_s: float = IDLE_S,
    max_head: int = MAX_HEAD_BYTES,
) -> uvicorn.Config:
    """How `app` is served. `grace_s`: what calls under way get to end, once the server is asked to stop.

    `head_s`: what a connection gets to bring a whole head, of at most `max_head` bytes; `idle_s`: to begin one after a
    reply.
    """
    return uvicorn.Config(
        app,
        http=cast("Any", partial(Connection, head_s=head_s, idle_s=idle_s, max_head=max_head)),  # called as a class is
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # nobody here asks where a client is
        server_header=False,
        timeout_graceful_shutdown=grace_s,  # type: ignore[arg-type]  # uvicorn says int, and hands it to `wait_for`
    )
