"""Whatever is asked, by the OpenAPI document or against it, the answer is one that the document describes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.fuzzed import fuzz, table
from tests.conftest import Serve
from tests.fakes import Upstream

EXAMPLES = 4
SEED = 20261126


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # the router does, in the thread beside
async def test_no_request_gets_what_is_not_documented(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """Status, type, headers and body of each reply; never a 5xx, never silence. `make test-load` asks far longer."""
    router = await serve(table(upstream, tmp_path))

    statuses = await fuzz(router, EXAMPLES, SEED)

    assert {200, 400, 404} <= statuses.keys()
    assert [record for record in router.records if record.status >= 500] == []
    assert {"one", "xi"} <= {record.target.partition("/")[0] for record in router.records if record.target}
