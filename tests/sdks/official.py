"""Getting at an official SDK, or saying clearly why not."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from importlib.metadata import version
from types import ModuleType

import pytest


def official(package: str, distribution: str | None = None) -> tuple[ModuleType, str]:
    """The SDK and its name and version. Skips the module where it is not installed; with REQUIRE_ALL=1 that fails."""
    distribution = distribution or package
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # what an SDK imports is its own affair
            return import_module(package), f"{distribution} {version(distribution)}"
    except ImportError as error:
        if os.getenv("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"{distribution} is not installed: {error}", allow_module_level=True)
