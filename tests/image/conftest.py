"""These install packages, so they run by `make test-image` alone."""

import os

collect_ignore_glob = [] if os.environ.get("TEST_IMAGE") == "1" else ["*"]
