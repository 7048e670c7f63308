"""What is served, described: the OpenAPI document, the shapes it names, and the page that shows it.

What lives here: the paths of both. What makes them is loaded and made once somebody asks, for most processes are never
asked. What may not live here: anything that a call runs through.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from router.config import Server

__all__ = ["documentation"]

Facts = tuple[Server, bool]
"""What the document depends on: the table's limits, and whether anybody may call."""


def documentation(version: str, facts: Callable[[], Facts]) -> Sequence[HTTPRouteHandler]:
    """The handlers: the page, and the document it is made of, in threads. Nobody needs a key to read them.

    `facts` may be others after a while.
    """
    as_page = lru_cache(1)(lambda known: _page(version, known))
    as_json = lru_cache(1)(lambda known: msgspec.json.encode(_document(version, known)))

    @get("/docs")
    async def docs() -> Response[bytes]:
        content, headers = await to_thread(as_page, facts())
        return Response(content, media_type="text/html", headers=headers)

    @get(["/docs/openapi.json", "/openapi.json"])
    async def openapi_json() -> Response[bytes]:
        return Response(await to_thread(as_json, facts()), media_type="application/json")

    return [docs, openapi_json]


def _document(version: str, known: Facts) -> dict[str, object]:
    from router.api.docs.openapi import openapi  # noqa: PLC0415 - for who asks

    server, is_open = known
    return openapi(server, version=version, is_open=is_open)


def _page(version: str, known: Facts) -> tuple[bytes, dict[str, str]]:
    from router.api.docs.page import page, policy  # noqa: PLC0415 - for who asks

    headers = {
        "content-security-policy": policy(),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return page(_document(version, known)).encode(), headers
