"""`route`, a field of every audio endpoint: the chain or the policy that a client brings for one call.

What lives here: its shape, in JSON and in forms. Whether it is taken, and what becomes of it: `routing.select`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from router.config import Duration
from router.config.units import read_unit
from router.wire.calls import LONGEST_MODEL, AskedRoute, AskedTarget, PolicyName
from router.wire.errors import InvalidCall

__all__ = ["MOST_TARGETS", "RouteBody", "parse_route"]

MOST_TARGETS = 16
MOST_VOICES = 64

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_MODEL)]


class TargetBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target with more to say; `voices` as in the table."""

    target: Name
    weight: Annotated[float, Meta(gt=0, le=1_000_000)] = 1.0
    voices: Annotated[dict[str, Name], Meta(max_length=MOST_VOICES)] = field(default_factory=dict)


class RouteBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client may say of its call's route; what it leaves out is as the table has it for the model."""

    targets: Annotated[list[Name | TargetBody], Meta(min_length=1, max_length=MOST_TARGETS)] | None = None
    policy: PolicyName | None = None
    max_latency: Duration | None = None
    max_cost: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


def parse_route(value: Any) -> AskedRoute | None:
    """A mapping, or JSON that holds one, as forms do. Raises `InvalidCall` naming the field."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = msgspec.json.decode(value)
        asked = msgspec.convert(value, RouteBody, strict=False, dec_hook=_read)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _invalid("expected an object, or its JSON") from error
    return AskedRoute(
        targets=tuple(map(_target, asked.targets or ())),
        policy=asked.policy,
        max_latency_s=None if asked.max_latency is None else float(asked.max_latency),  # which JSON has
        max_cost=asked.max_cost,
    )


def _read(kind: type, written: object) -> object:
    try:
        return read_unit(kind, written)
    except (TypeError, ValueError) as error:
        raise ValueError("expected a duration such as 2s or 500ms") from error


def _target(one: str | TargetBody) -> AskedTarget:
    return AskedTarget(one) if isinstance(one, str) else AskedTarget(one.target, one.weight, one.voices)


def _invalid(said: str) -> InvalidCall:
    """Where msgspec says "… - at `$.targets[0]`": the param and the words."""
    words, _, path = said.partition(" - at `$")
    param = "route" + path.rstrip("`")
    return InvalidCall(
        f"Invalid value for '{param}': {words[:1].lower()}{words[1:]}.", param=param, code="invalid_value"
    )
