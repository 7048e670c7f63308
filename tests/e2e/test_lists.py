"""What can be asked for, as clients ask: with the stock SDK, with a browser's path, with a key and without."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Upstream

TARGET = "one/canopylabs/orpheus-v1-english"


def table(upstream: Upstream, more: str = "") -> str:
    entry = f"{{like: groq, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": entry}, {"tts-1": [TARGET], "the quiet one": [TARGET]}, more)


async def fetched(router: Running, path: str, status: int = 200, **headers: str) -> Any:
    async with router.http.get(path, headers=headers) as reply:
        assert (reply.status, reply.content_type) == (status, "application/json")
        return await reply.json()


async def test_the_stock_sdk_lists_and_retrieves_models(serve: Serve, upstream: Upstream) -> None:
    """Ids with slashes and spaces come back; what OpenAI's model does not have is beside it. No vendor is asked."""
    router = await serve(table(upstream))

    listed = {model.id: model async for model in router.client.models.list()}
    direct = await router.client.models.retrieve(TARGET)
    spaced = await router.client.models.retrieve("the quiet one")

    assert [*listed][:2] == ["tts-1", "the quiet one"]
    assert listed[TARGET] == direct
    assert listed["the quiet one"] == spaced
    assert (direct.object, direct.owned_by, type(direct.created)) == ("model", "one", int)
    assert spaced.owned_by == "audio-router"
    assert direct.model_extra
    assert direct.model_extra["formats"]["native"] == ["wav"]
    assert direct.model_extra["prices"][0]["usd"] == {"per_1m_characters": 22.0}
    assert upstream.seen == []


@pytest.mark.parametrize("path", [TARGET, TARGET.replace("/", "%2F"), "the%20quiet%20one"])
async def test_a_model_is_found_however_its_slashes_are_written(serve: Serve, upstream: Upstream, path: str) -> None:
    """With and without `/v1`, percent-encoded or bare."""
    router = await serve(table(upstream))

    models = [await fetched(router, f"{router.url}{base}/{path}") for base in ("/v1/models", "/models")]

    assert models[0] == models[1]
    assert models[0]["targets"] == [{"target": TARGET, "configured": True, "last_resort": False, "shutdown_date": None}]


async def test_the_list_of_audio_models_is_the_list_of_models(serve: Serve, upstream: Upstream) -> None:
    """All models here are for audio."""
    router = await serve(table(upstream))
    lists = [await fetched(router, path) for path in ("/v1/models", "/models", "/v1/audio/models", "/audio/models")]

    assert lists[0]["object"] == "list"
    assert all(one == lists[0] for one in lists)


async def test_an_unknown_model_is_the_sdks_not_found(serve: Serve, upstream: Upstream) -> None:
    """404 with OpenAI's code, from the models and from the voices alike."""
    router = await serve(table(upstream))

    with pytest.raises(openai.NotFoundError) as refused:
        await router.client.models.retrieve("nobody/x")
    error = (await fetched(router, "/v1/audio/voices?model=nobody/x", 404))["error"]

    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    assert (error["code"], error["param"]) == ("model_not_found", "model")


async def test_voices_can_be_asked_for_by_model_and_by_vendor(serve: Serve, upstream: Upstream) -> None:
    """`id` and `name` for those who fill a menu, and where each of them speaks; an unknown vendor is a 400."""
    router = await serve(table(upstream))

    general = (await fetched(router, "/v1/audio/voices"))["voices"]
    of_route = (await fetched(router, "/audio/voices?model=the%20quiet%20one&vendor=one"))["voices"]
    error = (await fetched(router, "/v1/audio/voices?vendor=two", 400))["error"]

    troy = {"id": "troy", "name": "Troy", "language": "en", "gender": None, "vendor": "one", "vendors": {"one": "troy"}}
    assert general[0]["id"] == general[0]["name"] == "alloy"
    assert general[0]["vendors"] == {"one": "hannah"}
    assert troy in general
    assert troy in of_route
    assert {"fahad"} == {voice["id"] for voice in general if voice["id"] == "fahad"}
    assert "fahad" not in {voice["id"] for voice in of_route}
    assert (error["type"], error["param"]) == ("invalid_request_error", "vendor")
    assert await fetched(router, "/v1/audio/voices?model=&vendor=") == {"voices": general}
    assert upstream.seen == []


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/tts-1", "/v1/audio/models", "/v1/audio/voices"])
async def test_lists_are_for_those_with_a_key(serve: Serve, upstream: Upstream, path: str) -> None:
    """Where the table has keys, the lists tell nothing without one."""
    router = await serve(table(upstream, "keys:\n  alice: {key: '${ALICE}'}\n"), ALICE="sk-alice")

    error = (await fetched(router, path, 401))["error"]

    assert error["code"] == "invalid_api_key"
    assert await fetched(router, path, authorization="Bearer sk-alice")
