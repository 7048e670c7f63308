"""Chaos, memory, fuzz: seeded, bounded, on this machine alone. `make test-load` runs these, `make test` does not."""

from __future__ import annotations

import os

if os.getenv("TEST_LOAD") != "1":
    collect_ignore_glob = ["test_*.py"]
