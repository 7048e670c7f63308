"""What LiteLLM's settings say beside the models: fallbacks, aliases, strategy, retries, times, the key of callers.

What lives here: settings that hold for more than one entry. Whatever is not read is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.config.problems import Place
from router.importing.chains import ANY, Fallbacks
from router.importing.terms import Remarks, calls_of, duration_of, environment_name, number_of

__all__ = ["SECTIONS", "Settings"]

SECTIONS: Mapping[str, frozenset[str]] = {
    "router_settings": frozenset(
        {
            *("routing_strategy", "model_group_alias", "fallbacks", "default_fallbacks", "num_retries", "timeout"),
            *("default_max_parallel_requests", "enable_pre_call_checks"),  # the second makes `order` work there
        }
    ),
    "litellm_settings": frozenset({"fallbacks", "default_fallbacks", "num_retries", "request_timeout"}),
    "general_settings": frozenset({"master_key"}),
}
"""Where settings stand, and which of them are read."""
ROUTER, MODULE = "router_settings", "litellm_settings"
STRATEGIES = {"simple-shuffle": "weight", "cost-based-routing": "cost", "latency-based-routing": "latency"}
MOST_RETRIES = 5
OWN_KEY = "AUDIO_ROUTER_KEY"
ADVICE = {
    "allowed_fails": "not carried over; when a target that fails has to rest is built in",
    "cooldown_time": "not carried over; when a target that fails has to rest is built in",
    "cache": "not carried over; a route keeps speech with cache: {ttl: 1h}",
    "cache_params": "not carried over; a route keeps speech with cache: {ttl: 1h}",
    "context_window_fallbacks": "not carried over; a text that is too long for a vendor is spoken in pieces",
    "database_url": "not carried over, nor are the keys that it holds; callers' keys stand under keys",
    "environment_variables": "not carried over; set in the environment what the table names as ${…}",
    "include": "not followed; import each of these files by itself",
}


class Settings:
    """Reads the sections of a file, whose shape is right. What cannot be carried over is told."""

    def __init__(self, document: Mapping[str, Any], remarks: Remarks) -> None:
        self._document = document
        self._remarks = remarks

    def policy(self) -> str:
        """How a group chooses, in our word."""
        strategy = str(self._get(ROUTER, "routing_strategy") or "simple-shuffle")
        if strategy not in STRATEGIES:
            message = f"no policy {strategy!r} here; targets share the calls by weight"
            self._remarks.tell((ROUTER, "routing_strategy"), message)
        return STRATEGIES.get(strategy, "weight")

    def common(self) -> dict[str, int]:
        """What holds for every target that says nothing else."""
        name = "default_max_parallel_requests"
        said = self._get(ROUTER, name)
        most = calls_of(said)
        if said is not None and most is None:
            self._remarks.tell((ROUTER, name), "not carried over: expected a whole number from 1")
        return {} if most is None else {"concurrency": most}

    def fallbacks(self) -> Fallbacks:
        """Of the two sections the router's own goes first, as in LiteLLM."""
        found: dict[str, Sequence[tuple[Place, str]]] = {}
        for section in (ROUTER, MODULE):
            for place, group, names in self._fallbacks_in(section):
                if isinstance(names, list) and all(isinstance(name, str) for name in names):
                    found.setdefault(group, [((*place, index), name) for index, name in enumerate(names)])
                else:
                    self._remarks.tell(place, "not carried over: expected a list of model names")
        return found

    def _fallbacks_in(self, section: str) -> Iterator[tuple[Place, str, Any]]:
        place: Place = (section, "fallbacks")
        rules = self._get(section, "fallbacks") or []
        for index, rule in enumerate(rules if isinstance(rules, list) else [rules]):
            if isinstance(rule, dict):
                yield from (((*place, index, group), group, names) for group, names in rule.items())
            else:
                yield (*place, index), ANY, rule
        if (names := self._get(section, "default_fallbacks")) is not None:
            yield (section, "default_fallbacks"), ANY, names

    def aliases(self, groups: Mapping[str, Any]) -> dict[str, str]:
        """Further name -> group; of a group that is not here, none is missed."""
        found: dict[str, str] = {}
        said = self._get(ROUTER, "model_group_alias") or {}
        if not isinstance(said, dict):
            self._remarks.tell((ROUTER, "model_group_alias"), "not carried over: expected a mapping")
            return {}
        for alias, meant in said.items():
            place: Place = (ROUTER, "model_group_alias", alias)
            group = str(meant.get("model") if isinstance(meant, dict) else meant)
            if group not in groups:
                continue
            if alias in groups or "${" in alias:
                self._remarks.tell(place, "left out: no name for a route, or that of another one")
                continue
            if isinstance(meant, dict) and meant.get("hidden"):
                self._remarks.tell(place, "is listed like any other route here")
            found[alias] = group
        return found

    def defaults(self) -> dict[str, Any]:
        """`defaults` of the table."""
        found: dict[str, Any] = {}
        for section, name in ((ROUTER, "num_retries"), (MODULE, "num_retries")):
            if (retries := self._first(found, "retries", section, name)) is not None:
                number = number_of(retries)
                if number is None or not number.is_integer():
                    self._remarks.tell((section, name), "not carried over: expected a whole number")
                    continue
                if number > MOST_RETRIES:
                    self._remarks.tell((section, name), f"becomes {MOST_RETRIES}, the most there are of one target")
                found["retries"] = min(int(number), MOST_RETRIES)
        for section, name in ((ROUTER, "timeout"), (MODULE, "request_timeout")):
            if (timeout := self._first(found, "timeout", section, name)) is not None:
                if (duration := duration_of(timeout)) is None:
                    self._remarks.tell((section, name), "not carried over: expected a number of seconds")
                    continue
                found["timeout"] = duration
        return found

    def keys(self) -> dict[str, Any]:
        """`keys` of the table: the master key, by the variable that holds it."""
        key = self._get("general_settings", "master_key")
        if not key:
            return {}
        place: Place = ("general_settings", "master_key")
        variable = environment_name(key)
        if variable is None:
            variable = OWN_KEY
            self._remarks.tell(place, f"the key is not written down: set {OWN_KEY} to it, and clients go on with it")
        return {"default": {"key": f"${{{variable}}}"}}

    def tell_the_rest(self) -> None:
        """A remark on everything that is not read."""
        for section, read in SECTIONS.items():
            for name, value in (self._document.get(section) or {}).items():
                is_meant = value is not None and (name, value) != ("drop_params", True)  # that is how it is here
                if name not in read and is_meant:
                    self._remarks.tell((section, name), ADVICE.get(name, "not carried over"))
        for name in self._document:
            if name not in {"model_list", "credential_list", *SECTIONS}:
                self._remarks.tell((name,), ADVICE.get(name, "not carried over"))

    def _get(self, section: str, name: str) -> Any:
        return (self._document.get(section) or {}).get(name)

    def _first(self, found: Mapping[str, Any], name: str, section: str, key: str) -> Any:
        """What a section says, unless another has said it before."""
        said = self._get(section, key)
        if said is not None and name in found:
            self._remarks.tell((section, key), f"left out: {ROUTER} says so, too, and goes first")
            return None
        return said
