"""Whatever bytes arrive, and wherever they are cut: the same is read of them, or they are refused as is declared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.any_bytes import PROMISES


@pytest.mark.parametrize("name", PROMISES)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    """Nothing but the declared is raised. `make test-load` draws far more."""
    drawn, promise = PROMISES[name]

    settings(max_examples=60)(given(drawn)(promise))()
