"""What can be asked for, and whether we are alive: models, voices, health. JSON, on Litestar's own handlers.

What may not live here: any call to a vendor; these answer from the plan alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import HttpMethod, Request, get, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from router.accounts.keys import Keyring
from router.relay import Relay
from router.routing.plan import Plan, known_models, why_no_model
from router.wire.calls import OPENAI_VOICES
from router.wire.errors import UnknownModel

__all__ = ["catalog", "model_ids", "voice_names"]

PROBED = [HttpMethod.GET, HttpMethod.HEAD]  # load balancers ask for the head alone


def model_ids(plan: Plan) -> list[str]:
    """Every name a client can ask for: the routes somebody can answer, and each configured vendor's known models."""
    routes = [route.name for route in plan.routes.values() if any(not one.outlet.absent for one in route.targets)]
    present = [outlet for outlet in plan.outlets.values() if not outlet.absent]
    return [*routes, *(f"{outlet.name}/{model}" for outlet in present for model in known_models(outlet.facts))]


def voice_names(plan: Plan) -> list[str]:
    """OpenAI's thirteen, which every vendor answers to, and the table's personas."""
    return sorted(OPENAI_VOICES | plan.table.voices.keys())


def catalog(relay: Relay, keyring: Keyring, *, started_at: int, version: str) -> Sequence[HTTPRouteHandler]:
    """The handlers. `started_at` (unix seconds) stands for the date a model was created, which nobody knows."""

    def check_key(request: Request[Any, Any, Any]) -> None:
        keyring.owner(request.headers.get("authorization"))

    def model(name: str) -> dict[str, Any]:
        owner = "audio-router" if name in relay.plan.routes else name.partition("/")[0]
        return {"id": name, "object": "model", "created": started_at, "owned_by": owner}

    @route(["/v1/models", "/models", "/v1/audio/models", "/audio/models"], http_method=PROBED, sync_to_thread=False)
    def list_models(request: Request[Any, Any, Any]) -> dict[str, Any]:
        check_key(request)
        return {"object": "list", "data": [model(name) for name in model_ids(relay.plan)]}

    @get(["/v1/models/{name:path}", "/models/{name:path}"], sync_to_thread=False)
    def show_model(request: Request[Any, Any, Any], name: FromPath[str]) -> dict[str, Any]:
        check_key(request)
        wanted = str(name).removeprefix("/")
        vendor, slash, own = wanted.partition("/")
        outlet = relay.plan.outlets.get(vendor)
        is_direct = slash and own and outlet and not outlet.absent and not why_no_model(outlet, own)
        if is_direct or wanted in relay.plan.routes:
            return model(wanted)
        raise UnknownModel(f"The model {wanted!r} does not exist here.", param="model", code="model_not_found")

    @get(["/v1/audio/voices", "/audio/voices"], sync_to_thread=False)
    def list_voices(request: Request[Any, Any, Any]) -> dict[str, Any]:
        check_key(request)
        return {"voices": [{"id": name, "name": name} for name in voice_names(relay.plan)]}

    @route("/health/live", http_method=PROBED, sync_to_thread=False)
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @route("/health/ready", http_method=PROBED, sync_to_thread=False)
    def ready() -> dict[str, Any]:
        return {"status": "ok", "models": len(model_ids(relay.plan))}

    @get(["/", "/v1"], sync_to_thread=False)
    def hello() -> dict[str, str]:
        return {"name": "audio-router", "version": version}

    return [list_models, show_model, list_voices, live, ready, hello]
