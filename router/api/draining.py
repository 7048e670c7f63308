"""How a server ends: nobody new gets in, whoever is inside gets time, and meanwhile it says that it is not ready.

What lives here: the order of things at the end. One connection: `server`; who is inside: `gate`.
"""

from __future__ import annotations

import asyncio
import socket
from time import monotonic
from types import FrameType

import uvicorn

from router.api.gate import Gate

__all__ = ["DrainingServer"]

LOOK_S = 0.05


class DrainingServer(uvicorn.Server):
    """uvicorn's, which stops listening at once; this one goes on answering until the calls under way have ended.

    A closed port cannot say `503` to whoever asks `/health/ready`. The time for calls is the same, and one alone waits
    for nobody.
    """

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self._gate = gate

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked to end."""
        self._gate.close()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for calls, then close everything. A second Ctrl-C does not wait."""
        self._gate.close()
        began, grace_s = monotonic(), self.config.timeout_graceful_shutdown
        left_s = grace_s
        while any(self._gate.inside.values()) and not self.force_exit and (left_s is None or left_s > 0):
            await asyncio.sleep(LOOK_S)
            left_s = None if grace_s is None else grace_s - (monotonic() - began)  # type: ignore[assignment]
        self.config.timeout_graceful_shutdown = None if left_s is None else max(0, left_s)
        await super().shutdown(sockets)
