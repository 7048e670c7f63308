"""Real components that a machine may lack: a test that needs one skips and says so, or fails where all must be there."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

__all__ = ["needs"]


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip without these importable packages; with REQUIRE_ALL=1 run, and so fail."""
    lacking = [package for package in packages if find_spec(package) is None]
    may_skip = os.environ.get("REQUIRE_ALL") != "1"
    return pytest.mark.skipif(bool(lacking) and may_skip, reason=f"not installed: {', '.join(lacking)}")
