"""Who is let in without a key: programs of this machine, and web pages that the table lists; on every path alike."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from router.api.docs.statuses import HEADERS
from router.api.guard import Rules, guarded
from router.app import compiled, create_app, furnish
from router.config import parse
from tests.conftest import KEY, Running, Serve, served, table_of
from tests.fakes import Drip, Upstream, audio, failure, stall

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}
APP = "https://app.example.com"
LISTED = f"server: {{cors: ['{APP}', 'http://localhost:3000']}}\n"
LOCKED = "keys: {alice: {key: sk-alice}}\n"
PATHS = [
    ("POST", "/v1/audio/speech"),
    ("POST", "/audio/transcriptions"),
    ("POST", "/v1/audio/translations"),
    ("POST", "/v1/audio/music"),
    ("POST", "/v1/routes/explain"),
    ("GET", "/v1/audio/tasks/t"),
    ("GET", "/v1/models"),
    ("GET", "/v1/audio/voices"),
    ("GET", "/health/live"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/nowhere"),
    ("OPTIONS", "/v1/models"),
]


def table(upstream: Upstream, more: str = "") -> str:
    return table_of(
        {"one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"}, {"tts-1": ["one/m"]}, more
    )


async def code_of(reply: aiohttp.ClientResponse) -> str | None:
    """The code of the error in a refusal, which is OpenAI's envelope whole, and has an id."""
    assert (reply.status, reply.content_type) == (403, "application/json")
    assert reply.headers["x-request-id"]
    error = (await reply.json())["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error["code"]


# ------------------------------------------------------------------ without a key


FOREIGN: list[tuple[dict[str, str], str]] = [
    ({"host": "evil.example"}, "foreign_host"),
    ({"host": "localhost.evil.example:8080"}, "foreign_host"),
    ({"host": "127.0.0.1.evil.example"}, "foreign_host"),
    ({"host": "192.168.1.7:8080"}, "foreign_host"),
    ({"host": "0.0.0.0:8080"}, "foreign_host"),
    ({"host": "[::2]"}, "foreign_host"),
    ({"origin": "https://evil.example"}, "foreign_origin"),
    ({"origin": "http://localhost.evil.example"}, "foreign_origin"),
    ({"origin": "https://evil.example/http://localhost"}, "foreign_origin"),
    ({"origin": "null"}, "foreign_origin"),
    ({"origin": ""}, "foreign_origin"),
]
OWN: list[dict[str, str]] = [
    {"host": "localhost"},
    {"host": "LocalHost:8080"},
    {"host": "127.0.0.1"},
    {"host": "127.8.9.10:1"},
    {"host": "[::1]:8080"},
    {"origin": "http://localhost:5173"},
    {"origin": "https://127.0.0.1"},
    {"origin": "http://[::1]:3000", "host": "[::1]"},
]


async def test_foreign_names_and_pages_are_refused_on_every_path(serve: Serve, upstream: Upstream) -> None:
    """DNS rebinding and the pages of others; no vendor hears of it."""
    router = await serve(table(upstream))

    for headers, code in FOREIGN:
        for method, path in PATHS:
            async with router.http.request(method, path, headers=headers) as reply:
                assert await code_of(reply) == code, (headers, path)

    assert upstream.seen == []


async def test_programs_and_pages_of_this_machine_are_not(serve: Serve, upstream: Upstream) -> None:
    """By each of its names and any port. What is not listed gets no leave to be read all the same."""
    upstream.answers(audio(b"ID3"))
    router = await serve(table(upstream))

    for headers in OWN:
        async with router.http.post("/v1/audio/speech", json=SPEECH, headers=headers) as reply:
            assert (reply.status, await reply.read(), cors_of(reply)) == (200, b"ID3", {}), headers


async def test_one_good_header_does_not_cover_for_another(serve: Serve, upstream: Upstream) -> None:
    """Nor is one that is missing taken for a good one."""
    router = await serve(table(upstream))

    for head in (
        "HTTP/1.0",
        "HTTP/1.1\r\nhost: localhost\r\nhost: evil.example",
        "HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\norigin: https://evil.example",
    ):
        reader, writer = await asyncio.open_connection(*router.url.removeprefix("http://").split(":"))
        writer.write(f"GET /health/live {head}\r\nconnection: close\r\n\r\n".encode())
        reply = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert reply.startswith(b"HTTP/1.1 403 "), head


async def test_with_a_key_names_are_free_and_pages_need_it(serve: Serve, upstream: Upstream) -> None:
    """Whoever has a key may call by any name; a page without one is refused for that, and reads nothing."""
    upstream.answers(audio(b"ID3"))
    router = await serve(table(upstream, LOCKED))
    foreign = {"host": "audio.example.com", "origin": "https://evil.example"}

    async with router.http.post("/v1/audio/speech", json=SPEECH, headers=foreign) as reply:
        assert (reply.status, cors_of(reply)) == (401, {})
    with_key = {**foreign, "authorization": "Bearer sk-alice"}
    async with router.http.post("/v1/audio/speech", json=SPEECH, headers=with_key) as reply:
        assert (reply.status, cors_of(reply)) == (200, {})


async def test_who_insists_is_reached_by_any_name_and_by_no_page(upstream: Upstream) -> None:
    """`--insecure`, bound for other machines: browsers there are refused all the same."""
    house = furnish(parse(table(upstream), "routes.yaml", {}))
    async with served(create_app(house, is_public=True)) as url, aiohttp.ClientSession(url) as http:
        async with http.get("/health/live", headers={"host": "box.lan"}) as reply:
            assert reply.status == 200
        async with http.get("/health/live", headers={"host": "box.lan", "origin": "http://box.lan"}) as reply:
            assert await code_of(reply) == "foreign_origin"


async def test_a_key_set_while_it_serves_frees_the_name(serve: Serve, upstream: Upstream) -> None:
    """And an origin that is listed then may call, without a restart."""
    router = await serve(table(upstream))
    async with router.http.get("/health/live", headers={"host": "box.lan"}) as reply:
        assert reply.status == 403

    router.house.adopt(compiled(parse(table(upstream, LOCKED + LISTED), "routes.yaml", {})))

    async with router.http.get("/health/live", headers={"host": "box.lan", "origin": APP}) as reply:
        assert (reply.status, cors_of(reply)["access-control-allow-origin"]) == (200, APP)


# ------------------------------------------------------------------ pages that the table lists


def cors_of(reply: aiohttp.ClientResponse) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in reply.headers.items()
        if name.lower().startswith("access-control-") or name.lower() == "vary"
    }


async def preflight(router: Running, path: str, origin: str, **headers: str) -> tuple[int, dict[str, str]]:
    asked = {"origin": origin, "access-control-request-method": "POST", **headers}
    async with router.http.options(path, headers=asked) as reply:
        await reply.read()
        return reply.status, cors_of(reply)


@pytest.mark.parametrize("more", [LISTED, LISTED + LOCKED])
async def test_a_listed_page_is_told_that_it_may(serve: Serve, upstream: Upstream, more: str) -> None:
    """With the headers that SDKs send from a browser, and before any key, which a preflight never carries."""
    router = await serve(table(upstream, more))
    names = "authorization,content-type,x-stainless-arch"

    for path in ("/v1/audio/speech", "/audio/transcriptions", "/v1/models", "/v1/audio/tasks/t"):
        status, headers = await preflight(router, path, APP, **{"access-control-request-headers": names})

        assert (status, headers["access-control-allow-origin"]) == (204, APP)
        assert headers["access-control-allow-headers"] == names
        assert {"GET", "POST", "DELETE"} <= set(headers["access-control-allow-methods"].split(", "))
        assert int(headers["access-control-max-age"]) > 0
        assert headers["vary"] == "origin"
        assert "access-control-allow-credentials" not in headers


async def test_what_is_not_listed_letter_for_letter_may_not(serve: Serve, upstream: Upstream) -> None:
    """Another scheme, port or case is another origin; with a key, too."""
    router = await serve(table(upstream, LISTED + LOCKED))

    for origin in ("https://evil.example", f"{APP}:8443", "http://app.example.com", "null", APP.upper()):
        assert await preflight(router, "/v1/audio/speech", origin) == (405, {"vary": "origin"}), origin


async def test_a_page_reads_every_reply_and_our_headers_of_it(serve: Serve, upstream: Upstream) -> None:
    """Audio, errors of vendors and of ours, lists, and what is at no path; replies to others vary by origin, too."""
    upstream.answers(audio(b"ID3"), failure(500))
    router = await serve(table(upstream, LISTED))
    asked = [("POST", "/v1/audio/speech", 200), ("POST", "/v1/audio/speech", 502), ("POST", "/v1/audio/music", 400)]
    for method, path, status in [
        *asked,
        ("GET", "/v1/models", 200),
        ("GET", "/no", 404),
        ("GET", "/v1/audio/speech", 405),
    ]:
        body = SPEECH if method == "POST" else None
        async with router.http.request(method, path, json=body, headers={"origin": APP}) as reply:
            assert reply.status == status, path
            headers = cors_of(reply)
            assert (headers["access-control-allow-origin"], headers["vary"]) == (APP, "origin")
            exposed = headers["access-control-expose-headers"].split(", ")
            assert {name.lower() for name in reply.headers if name.lower().startswith("x-")} <= set(exposed)
            assert set(exposed) == set(HEADERS)

    async with router.http.get("/v1/models") as reply:
        assert (reply.status, cors_of(reply)) == (200, {"vary": "origin"})


async def test_a_page_hears_speech_while_it_is_made(serve: Serve, upstream: Upstream) -> None:
    """What a reply has been granted goes out with its head, before the vendor is done."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(table(upstream, LISTED))
    drip.send(b"ID3")

    async with router.http.post("/v1/audio/speech", json=SPEECH, headers={"origin": APP}) as reply:
        assert cors_of(reply)["access-control-allow-origin"] == APP
        assert await reply.content.readany() == b"ID3"
        drip.end()
        assert await reply.read() == b""


async def test_a_page_is_told_of_a_shutdown(upstream: Upstream) -> None:
    """A reply that the server makes after the application has been ended."""
    upstream.answers(stall)
    app = create_app(furnish(parse(table(upstream, LISTED), "routes.yaml", {})))
    async with aiohttp.ClientSession(headers={"origin": APP}) as http:
        async with served(app) as url:
            call = asyncio.create_task(http.post(f"{url}/v1/audio/speech", json=SPEECH))
            async with asyncio.timeout(5):
                while not upstream.seen:
                    await asyncio.sleep(0.005)
        reply = await asyncio.wait_for(call, 5)

    assert (reply.status, cors_of(reply)["access-control-allow-origin"]) == (503, APP)


async def test_nothing_is_looked_at_where_keys_are_set_and_nothing_is_listed() -> None:
    """The request and the reply go through as they are."""
    handed: list[object] = []

    async def app(*given: object) -> None:
        handed.extend(given)

    await guarded(app, lambda: Rules(is_open=False, origins=[]))(
        scope := {"type": "http"}, receive := object(), send := object()
    )  # type: ignore[arg-type]

    assert handed == [scope, receive, send]
    assert scope == {"type": "http"}
