"""Vendor files against the vendors' official SDKs, in an environment of their own (`make test-sdks`)."""

import pytest

pytest.register_assert_rewrite("tests.sdks.promises")
