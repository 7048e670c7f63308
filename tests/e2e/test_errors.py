"""What goes wrong before any handler of ours: always OpenAI's envelope, always an id, never a stack trace."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import openai
import pytest
from litestar import get
from litestar.exceptions import HTTPException, ImproperlyConfiguredException
from litestar.params import FromPath, FromQuery
from structlog.testing import capture_logs
from yarl import URL

from router.api.docs.openapi import openapi
from router.app import create_app, furnish
from router.config import Server, parse
from router.relay import Relay
from tests.api.described import check_reply
from tests.conftest import KEY, Serve, served, table_of
from tests.fakes import Drip, Upstream, stall

MADE = re.compile(r"req_[0-9a-f]{32}")
SPEECH = {"model": "tts-1", "voice": "alloy", "input": "x"}
PATHS = ["/", "/v1", "/v1/models", "/v1/models/tts-1", "/v1/audio/voices", "/health/live", "/docs", "/openapi.json"]
AUDIO = ["/v1/audio/speech", "/audio/transcriptions", "/v1/speech/transcriptions", "/v1/audio/translations"]


def table(upstream: Upstream, more: str = "") -> str:
    vendor = f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": vendor}, {"tts-1": ["one/m"]}, more)


async def refused(reply: aiohttp.ClientResponse, status: int) -> dict[str, str | None]:
    """The error of a reply that has this status, our envelope and an id."""
    assert (reply.status, reply.content_type) == (status, "application/json")
    assert reply.headers["x-request-id"]
    body = await reply.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    return body["error"]


# ------------------------------------------------------------------ an id on every reply


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
async def test_every_reply_has_an_id(serve: Serve, upstream: Upstream, method: str) -> None:
    """Whatever the path and the status: the client's own, once, else one that is made."""
    router = await serve(table(upstream))
    made: list[str] = []

    for path in [*PATHS, *AUDIO, "/nowhere", "/v1/models/unknown"]:
        async with router.http.request(method, path, headers={"x-request-id": "mine-1"}) as reply:
            assert reply.headers.getall("x-request-id") == ["mine-1"], path
        async with router.http.request(method, path) as reply:
            made += reply.headers.getall("x-request-id")

    assert len(made) == len(set(made)) == 14
    assert all(MADE.fullmatch(one) for one in made)


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "semi;colon", '"quoted"'])
async def test_an_id_that_is_not_sane_is_replaced(serve: Serve, upstream: Upstream, given: str) -> None:
    """It would go into logs."""
    router = await serve(table(upstream))

    for path in ("/health/live", "/nowhere", "/v1/audio/speech"):
        async with router.http.get(path, headers={"x-request-id": given}) as reply:
            assert MADE.fullmatch(reply.headers["x-request-id"])


async def test_a_refused_key_has_an_id_too(serve: Serve, upstream: Upstream) -> None:
    """401 of a list."""
    router = await serve(table(upstream, "keys: {alice: {key: sk-alice}}\n"))

    with pytest.raises(openai.AuthenticationError) as caught:
        await router.client.models.list()

    assert caught.value.code == "invalid_api_key"
    assert MADE.fullmatch(caught.value.request_id or "")


async def test_what_is_no_http_has_an_id_too(serve: Serve, upstream: Upstream) -> None:
    """400 of the server itself."""
    router = await serve(table(upstream))
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(router.url).port)
    writer.write(b"nonsense\r\n\r\n")

    reply = (await asyncio.wait_for(reader.read(), 5)).decode()

    assert reply.startswith("HTTP/1.1 400 ")
    assert re.search(r"\r\nx-request-id: req_[0-9a-f]{32}\r\n", reply)
    writer.close()


# ------------------------------------------------------------------ no such path, no such method


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_an_unknown_path_is_404(serve: Serve, upstream: Upstream, method: str) -> None:
    """With a code of null: it is not about a model."""
    router = await serve(table(upstream))

    for path in ["/nowhere", "/v1/audio", "/v2/models", "/docs/nowhere", "/%ff%00", "/v1/chat/completions"]:
        async with router.http.request(method, URL(router.url + path, encoded=True)) as reply:
            error = await refused(reply, 404)
        assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", None, None)
        assert error["message"].startswith(f"There is nothing at {method} /")


async def test_a_long_path_is_not_told_whole(serve: Serve, upstream: Upstream) -> None:
    """The message stays readable."""
    router = await serve(table(upstream))

    async with router.http.get("/" + "x" * 5_000) as reply:
        error = await refused(reply, 404)

    assert len(error["message"]) < 300


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/models", "GET HEAD OPTIONS"),
        ("DELETE", "/v1/models/tts-1", "GET OPTIONS"),
        ("HEAD", "/v1/audio/voices", "GET OPTIONS"),
        ("PUT", "/health/live", "GET HEAD OPTIONS"),
        ("PROPFIND", "/", "GET OPTIONS"),
        ("GET", "/v1/audio/speech", "POST"),
        ("HEAD", "/v1/audio/speech", "POST"),
        ("OPTIONS", "/v1/audio/transcriptions", "POST"),
    ],
)
async def test_another_method_is_405(serve: Serve, upstream: Upstream, method: str, path: str, allowed: str) -> None:
    """With those that are allowed."""
    router = await serve(table(upstream))

    async with router.http.request(method, path) as reply:
        assert set(reply.headers["allow"].split(", ")) == set(allowed.split())
        if method == "HEAD":
            assert (reply.status, await reply.read()) == (405, b"")
        else:
            assert (await refused(reply, 405))["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", PATHS)
async def test_options_name_the_methods(serve: Serve, upstream: Upstream, path: str) -> None:
    """204; and as nothing grants another origin anything, browsers stop at that."""
    router = await serve(table(upstream))
    preflight = {"origin": "http://localhost:3000", "access-control-request-method": "GET"}

    async with router.http.options(path, headers=preflight) as reply:
        assert (reply.status, await reply.read()) == (204, b"")
        assert {"GET", "OPTIONS"} <= set(reply.headers["allow"].split(", "))
        assert [name for name in reply.headers if name.lower().startswith("access-control")] == []


# ------------------------------------------------------------------ Litestar's own refusals


@get("/number", sync_to_thread=False)
def number(n: FromQuery[int]) -> int:
    return n


@get("/failing/{status:int}", sync_to_thread=False)
def failing(status: FromPath[int]) -> None:
    raise HTTPException("because", status_code=status)


@get("/broken/{which:str}", sync_to_thread=False)
def broken(which: FromPath[str]) -> None:
    errors = {"ours": ZeroDivisionError("secret"), "theirs": ImproperlyConfiguredException("secret")}
    raise errors[which]


async def asked(path: str, upstream: Upstream) -> tuple[aiohttp.ClientResponse, dict[str, str | None]]:
    """The refusal that a path gets from an application with these handlers beside ours."""
    app = create_app(furnish(parse(table(upstream), "routes.yaml", {})))
    for handler in (number, failing, broken):
        app.register(handler)
    async with served(app) as url, aiohttp.ClientSession(url) as http, http.get(path) as reply:
        return reply, await refused(reply, reply.status)


@pytest.mark.parametrize(("query", "param"), [("?n=many", "n"), ("", None)])
async def test_a_bad_query_names_its_parameter(upstream: Upstream, query: str, param: str | None) -> None:
    """400, as for a field of a body; one that is missing is named in the message alone, by Litestar."""
    reply, error = await asked(f"/number{query}", upstream)

    assert reply.status == 400
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert "'n'" in (error["message"] or "")


async def test_a_bad_part_of_a_path_is_another_path(upstream: Upstream) -> None:
    """404."""
    reply, error = await asked("/failing/word", upstream)

    assert reply.status == 404
    assert error["code"] is None


@pytest.mark.parametrize("status", [400, 401, 413, 415])
async def test_its_refusals_keep_their_status(upstream: Upstream, status: int) -> None:
    """And their words."""
    reply, error = await asked(f"/failing/{status}", upstream)

    assert reply.status == status
    assert (error["message"], error["type"]) == ("because", "invalid_request_error")


@pytest.mark.parametrize("path", ["/broken/ours", "/broken/theirs", "/failing/503"])
async def test_a_bug_is_told_in_the_log_alone(upstream: Upstream, path: str) -> None:
    """500 without a word of it, under the id that the log has."""
    with capture_logs() as logs:
        reply, error = await asked(path, upstream)

    assert reply.status == 500
    assert (error["type"], error["message"]) == (
        "server_error",
        "The router failed unexpectedly; its log says why.",
    )
    assert [line["request_id"] for line in logs if line["event"] == "unexpected failure"] == [
        reply.headers["x-request-id"]
    ]


async def test_a_bug_on_an_audio_path_is_told_so_too(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the id of the call."""
    monkeypatch.setattr(Relay, "answer", lambda *_: 1 / 0)
    router = await serve(table(upstream))

    with capture_logs() as logs:
        async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
            error = await refused(reply, 500)

    assert error["type"] == "server_error"
    assert [line["request_id"] for line in logs if line["log_level"] == "error"] == [reply.headers["x-request-id"]]


# ------------------------------------------------------------------ shutdown


async def test_a_call_that_shutdown_ends_is_told_to_come_again(upstream: Upstream, caplog) -> None:
    """503 in the envelope, with `retry-after`: the SDKs do."""
    upstream.answers(stall)
    app = create_app(furnish(parse(table(upstream), "routes.yaml", {})))
    async with aiohttp.ClientSession() as http:
        async with served(app) as url:
            call = asyncio.create_task(http.post(f"{url}/v1/audio/speech", json=SPEECH))
            async with asyncio.timeout(5):
                while not upstream.seen:
                    await asyncio.sleep(0.005)
        reply = await asyncio.wait_for(call, 5)
        error = await refused(reply, 503)

    assert (error["type"], error["code"]) == ("server_error", "shutting_down")
    assert reply.headers["retry-after"] == "1"
    assert reply.headers["connection"] == "close"
    await check_reply(openapi(Server(), version="1", is_open=True), "/v1/audio/speech", reply)
    assert [line.getMessage() for line in caplog.records if line.exc_info] == []


async def test_a_reply_that_shutdown_ends_is_broken_off(upstream: Upstream) -> None:
    """Never a clean end of half a file, and no second head in it."""
    drip = Drip()
    drip.send(b"half")
    upstream.answers(drip)
    app = create_app(furnish(parse(table(upstream), "routes.yaml", {})))
    async with aiohttp.ClientSession() as http:
        async with served(app) as url:
            reply = await http.post(f"{url}/v1/audio/speech", json=SPEECH)
            assert await reply.content.readany() == b"half"
        with pytest.raises(aiohttp.ClientPayloadError):
            await asyncio.wait_for(reply.read(), 5)
