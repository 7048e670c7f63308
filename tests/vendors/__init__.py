"""Vendor files against the evidence for them; no official SDK is needed here, only what they once sent."""

import pytest

pytest.register_assert_rewrite("tests.vendors.promises", "tests.vendors.evidence")
