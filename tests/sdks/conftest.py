"""Official SDKs against a server of this machine. `make test-sdks` runs these in an environment of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.sdks.loopback import Loopback

if os.getenv("TEST_SDKS") != "1":  # make test: what the SDKs sent is kept in tests/vendors/fixtures
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """The vendor's place; no proxy of the environment stands before it."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Loopback() as server:
        yield server
