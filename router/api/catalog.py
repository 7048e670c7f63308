"""What can be asked for: models, voices, and who we are. JSON, on Litestar's own handlers.

What may not live here: any call to a vendor; these answer from the plan alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import HttpMethod, Request, get, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from router.accounts.keys import Keyring
from router.api.lists import ListedModel, ModelList, VoiceList, list_voices, model_ids, show_model
from router.relay import Relay

__all__ = ["PROBED", "catalog"]

PROBED = [HttpMethod.GET, HttpMethod.HEAD]  # load balancers ask for the head alone


def catalog(relay: Relay, keyring: Keyring, *, started_at: int, version: str) -> Sequence[HTTPRouteHandler]:
    """The handlers. `started_at` (unix seconds) stands for the date a model was created, which nobody knows."""

    def check_key(request: Request[Any, Any, Any]) -> None:
        keyring.owner(request.headers.get("authorization"))

    @route(["/v1/models", "/models", "/v1/audio/models", "/audio/models"], http_method=PROBED, sync_to_thread=False)
    def list_models(request: Request[Any, Any, Any]) -> ModelList:
        check_key(request)
        plan = relay.plan
        return ModelList([show_model(plan, name, created=started_at) for name in model_ids(plan)])

    @get(["/v1/models/{name:path}", "/models/{name:path}"], sync_to_thread=False)
    def one_model(request: Request[Any, Any, Any], name: FromPath[str]) -> ListedModel:
        check_key(request)
        return show_model(relay.plan, str(name).removeprefix("/"), created=started_at)

    @get(["/v1/audio/voices", "/audio/voices"], sync_to_thread=False)
    def voices(request: Request[Any, Any, Any]) -> VoiceList:
        check_key(request)
        asked = request.query_params
        return list_voices(relay.plan, model=asked.get("model"), vendor=asked.get("vendor"))

    @get(["/", "/v1"], sync_to_thread=False)
    def hello() -> dict[str, str]:
        return {"name": "audio-router", "version": version}

    return [list_models, one_model, voices, hello]
