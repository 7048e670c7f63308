"""The promises on hostile input, kept for minutes: far more requests of the document, far more bytes.

Run by `make test-load`, each with a seed of its own, so that a failure comes again. `FUZZ_EXAMPLES` asks for another
number of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings

from tests.any_bytes import PROMISES
from tests.api.fuzzed import fuzz, table
from tests.conftest import Serve
from tests.fakes import Upstream

pytestmark = [
    pytest.mark.load,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.environ.get("TEST_LOAD") != "1", reason="heavy: make test-load"),
]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
OF_BYTES = 20 * EXAMPLES
SEEDS = [1, 2, 3]


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # the router does, in the thread beside
@pytest.mark.parametrize("seed", SEEDS)
async def test_no_request_gets_what_is_not_documented(
    serve: Serve, upstream: Upstream, tmp_path: Path, seed: int
) -> None:
    """Each operation, by the document and against it: status, type, headers and body are as described, none a 5xx."""
    router = await serve(table(upstream, tmp_path))

    statuses = await fuzz(router, EXAMPLES, seed)

    assert max(statuses) < 500
    assert [record for record in router.records if record.status >= 500] == []


@pytest.mark.parametrize("name", PROMISES)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    """The same wherever they are cut, and nothing but the declared is raised."""
    drawn, promise = PROMISES[name]
    many = settings(max_examples=OF_BYTES, database=None, suppress_health_check=list(HealthCheck))

    hypothesis.seed(SEEDS[0])(many(given(drawn)(promise)))()
