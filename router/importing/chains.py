"""From groups and fallbacks to routes: who is tried in which order, with which share.

LiteLLM picks within a group, and goes to the fallbacks when that has failed. A route is one chain with one policy:
where a group shares its calls by weight, those after it have a millionth of its weight, and so are tried after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from router.config.problems import Place
from router.importing.deployments import Deployment
from router.importing.terms import SHARES, Remarks, tidy

__all__ = ["ANY", "RARELY", "Chains", "Fallbacks"]

Fallbacks = Mapping[str, Sequence[tuple[Place, str]]]
"""Group -> the groups that follow it, and where that is said."""
ANY = "*"  # the group whose fallbacks hold for all that have none of their own

RARELY = 1e-6
ONCE = ("price", "concurrency")
MOST_WEIGHT, LEAST_WEIGHT = 1e6, 1e-300

Tier = Sequence[Deployment]
"""Who shares the calls that reach it."""


class Chains:
    """Makes the routes of groups. `policy`: how a group chooses; `common`: what a target says by default."""

    def __init__(
        self,
        groups: Mapping[str, Tier],
        fallbacks: Fallbacks,
        policy: str,
        common: Mapping[str, Any],
        remarks: Remarks,
    ) -> None:
        self._groups = groups
        self._by_id = {one.id: [one] for members in groups.values() for one in members if one.id}
        self._fallbacks = fallbacks
        self._policy = policy
        self._common = common
        self._remarks = remarks
        self._said: dict[tuple[str, str], Any] = {}

    def route(self, name: str) -> dict[str, Any]:
        """The route of a group, as a table writes it."""
        kinds = frozenset[str]().union(*(one.kinds for one in self._groups[name]))
        seen = {name}
        tiers = list(self._tiers(name, kinds, seen))
        if name not in self._fallbacks:
            tiers += (tier for _, other in self._fallbacks.get(ANY, ()) for tier in self._after(other, kinds, seen))
        return self._written(name, tiers)

    def _tiers(self, name: str, kinds: frozenset[str], seen: set[str]) -> Iterator[Tier]:
        """A group by `order`, then its fallbacks one after the other, each followed by its own; none comes twice."""
        members = sorted(self._groups.get(name) or self._by_id[name], key=lambda one: one.order)
        yield from (list(tier) for _, tier in groupby(members, key=lambda one: one.order))
        for place, other in self._fallbacks.get(name, ()):
            if other not in seen:
                tiers = list(self._after(other, kinds, seen))
                if not tiers:
                    self._remarks.tell(
                        place, f"{other!r} is no audio model here that could stand in, so it is left out"
                    )
                yield from tiers

    def _after(self, name: str, kinds: frozenset[str], seen: set[str]) -> Iterator[Tier]:
        """The tiers of a fallback; nothing of one that is not here, or is for other calls."""
        members = self._groups.get(name) or self._by_id.get(name, [])
        if name not in seen and any(one.kinds & kinds for one in members):
            seen.add(name)
            yield from self._tiers(name, kinds, seen)

    def _written(self, name: str, tiers: Sequence[Tier]) -> dict[str, Any]:
        policy = self._policy if len({one.target for one in tiers[0]}) > 1 else "order"
        if policy != "weight" and len(tiers) > 1:
            if policy != "order":
                message = f"route {name!r}: in the order written, not by {policy}, which would mix the fallbacks in"
                self._remarks.tell(tiers[0][0].place, message)
                policy = "order"
            for tier in tiers:
                if len(tier) > 1:
                    message = f"route {name!r}: its {len(tier)} targets are tried in the order written, not by share"
                    self._remarks.tell(tier[0].place, message)
        terms = {one.target: {**self._common, **one.terms} for tier in reversed(tiers) for one in reversed(tier)}
        if policy == "weight" and {*(weights := _weights(tiers)).values()} != {1}:
            terms = {target: {"weight": weight, **terms[target]} for target, weight in weights.items()}
        for one in (one for tier in tiers for one in tier):
            terms[one.target] |= self._once(one, terms[one.target])
        order = dict.fromkeys(one.target for tier in tiers for one in tier)
        targets = [{"target": target, **terms[target]} if terms[target] else target for target in order]
        return {**({} if policy == "order" else {"policy": policy}), "targets": targets}

    def _once(self, one: Deployment, terms: Mapping[str, Any]) -> dict[str, Any]:
        """What a target may have but one of in a table: the first that was said of it anywhere."""
        said = {word: self._said.setdefault((one.target, word), terms[word]) for word in ONCE if word in terms}
        for word, value in said.items():
            if value != terms[word]:
                self._remarks.tell(one.place, f"{one.target} has another {word} elsewhere: that one holds for both")
        return said


def _weights(tiers: Sequence[Tier]) -> dict[str, float]:
    """Target -> weight: shares as they are said within the first tier, far below them within each that follows."""
    first: dict[str, float] = {}
    for one, share in zip(tiers[0], _shares(tiers[0]), strict=True):
        first[one.target] = first.get(one.target, 0) + share
    scale = min(1.0, MOST_WEIGHT / max(first.values()))
    least = min(first.values()) * scale
    weights = {target: share * scale for target, share in first.items()}
    for depth, tier in enumerate(tiers[1:], start=1):
        shares = _shares(tier)
        for one, share in zip(tier, shares, strict=True):
            weights.setdefault(one.target, least * RARELY**depth * share / sum(shares))
    return {target: tidy(max(weight, LEAST_WEIGHT)) for target, weight in weights.items()}


def _shares(tier: Tier) -> list[float]:
    """As LiteLLM takes them: weight where anyone has one, else rpm, else tpm; who has none then is picked last."""
    for metric in SHARES:
        shares = [one.shares.get(metric, 0.0) for one in tier]
        if said := [share for share in shares if share]:
            return [share or min(said) * RARELY for share in shares]
    return [1.0] * len(tier)
