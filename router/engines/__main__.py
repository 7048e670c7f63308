"""The start of every engine: `python -m router.engines MODULE`, where MODULE lies in this room and has a `load`.

The module is imported late, so that a package it misses becomes an answer on the pipe instead of a stack trace.
"""

from __future__ import annotations

import sys
from importlib import import_module

from router.engines.pipe import Engine, serve

__all__: list[str] = []


def _load() -> Engine:
    engine: Engine = import_module(f"router.engines.{sys.argv[1]}").load()
    return engine


if __name__ == "__main__":
    serve(_load)
