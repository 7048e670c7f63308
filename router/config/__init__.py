"""routes.yaml, strict: text in, a table out, or everything that is wrong with it.

What lives here: the public names of this room. It knows shapes and places, no vendor by name; it reads no environment.
"""

from router.config.loading import Loaded, load, parse
from router.config.problems import ConfigError, Problem, Source
from router.config.route import (
    CacheEntry,
    CallTimes,
    ConcurrencyEntry,
    PolicyEntry,
    PolicyName,
    PriceEntry,
    Route,
    TargetEntry,
)
from router.config.salvage import STAND_IN
from router.config.schema import json_schema
from router.config.table import Defaults, KeyEntry, Server, Table, Tasks, VendorEntry
from router.config.units import Duration, Size

__all__ = [
    "STAND_IN",
    "CacheEntry",
    "CallTimes",
    "ConcurrencyEntry",
    "ConfigError",
    "Defaults",
    "Duration",
    "KeyEntry",
    "Loaded",
    "PolicyEntry",
    "PolicyName",
    "PriceEntry",
    "Problem",
    "Route",
    "Server",
    "Size",
    "Source",
    "Table",
    "TargetEntry",
    "Tasks",
    "VendorEntry",
    "json_schema",
    "load",
    "parse",
]
