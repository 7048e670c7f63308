"""Real components that a machine may lack: a test that needs one skips and says so.

Where all of them must be there (REQUIRE_ALL=1, as in CI), `tests/conftest.py` makes a failure of every skip.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

__all__ = ["needs"]


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip without these importable packages."""
    lacking = [package for package in packages if find_spec(package) is None]
    return pytest.mark.skipif(bool(lacking), reason=f"not installed: {', '.join(lacking)}")
