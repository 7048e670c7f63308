"""routes.yaml, strict: text in, a table out, or everything that is wrong with it.

What lives here: the public names of this room. It knows shapes and places, no vendor by name; it reads no environment.
"""

from router.config.loading import Loaded, load, parse
from router.config.problems import ConfigError, Problem, Source
from router.config.salvage import STAND_IN
from router.config.schema import json_schema
from router.config.table import CallTimes, Defaults, KeyEntry, Route, Server, Table, TargetEntry, VendorEntry
from router.config.units import Duration, Size

__all__ = [
    "STAND_IN",
    "CallTimes",
    "ConfigError",
    "Defaults",
    "Duration",
    "KeyEntry",
    "Loaded",
    "Problem",
    "Route",
    "Server",
    "Size",
    "Source",
    "Table",
    "TargetEntry",
    "VendorEntry",
    "json_schema",
    "load",
    "parse",
]
