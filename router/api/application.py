"""Litestar as it is used here: without what it brings along for applications of other kinds.

What lives here: what is left out of a start. Paths and their handlers: `router.app` and the rooms' own files.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.events import BaseEventEmitterBackend
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

__all__ = ["Application"]


class _NoEvents(BaseEventEmitterBackend):
    """There are no listeners; for those, Litestar's own opens a task group, and anyio's backend is loaded (1 MiB)."""

    async def __aexit__(self, *_ended: object) -> None:
        """Nothing was begun."""

    def emit(self, event_id: str, *_args: Any, **_kwargs: Any) -> None:
        raise NotImplementedError(f"nobody listens for {event_id}")


class Application(Litestar):
    """Without the plugins that Litestar looks for: where pydantic is installed, all of it would be loaded (8 MiB)."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(event_emitter_backend=_NoEvents, openapi_config=None, logging_config=None, **settings)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]
