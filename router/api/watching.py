"""What watches us asks: whether the process is alive, whether calls are to be sent to it, and figures.

What may not live here: any call to a vendor; these answer from what is known already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from litestar import Request, Response, get, route
from litestar.handlers import HTTPRouteHandler

from router.accounts.keys import Keyring
from router.api.catalog import PROBED
from router.api.gate import Gate, Stopping
from router.api.lists import model_ids
from router.relay import Relay
from router.routing.health import Health
from router.routing.plan import Plan, serving
from router.telemetry.metrics import CONTENT_TYPE
from router.wire.errors import Unavailable

__all__ = ["watching"]


def watching(relay: Relay, keyring: Keyring, gate: Gate, figures: Callable[[], bytes]) -> Sequence[HTTPRouteHandler]:
    """The handlers. Health asks for no key; figures do where calls do, unless the table says otherwise.

    `figures`: as Prometheus reads them; called in a thread.
    """

    @route("/health/live", http_method=PROBED, sync_to_thread=False)
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @route("/health/ready", http_method=PROBED, sync_to_thread=False)
    def ready() -> dict[str, Any]:
        if gate.is_closed:
            raise Stopping
        plan = relay.plan
        if not _has_able_target(plan, relay.history.health, monotonic()):
            raise Unavailable("No route has a target that is configured and not resting.", code="no_able_target")
        return {"status": "ok", "models": len(model_ids(plan))}

    # written in a thread: a large table has thousands of lines
    @get("/metrics", sync_to_thread=True)
    def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        if relay.plan.table.server.metrics != "open":
            keyring.owner(request.headers.get("authorization"))
        return Response(figures(), media_type=CONTENT_TYPE)

    return [live, ready, metrics]


def _has_able_target(plan: Plan, health: Health, now: float) -> bool:
    chains = (serving(route.targets) for route in plan.routes.values())
    return any(
        not target.outlet.absent and health.rests_until(target, now) is None for chain in chains for target in chain
    )
