"""Imports point down: import-linter's contracts hold, with every run of the tests."""

from __future__ import annotations

import subprocess
import sys

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def test_every_contract_is_kept() -> None:
    """The layers of pyproject.toml, and engines that nobody imports. In a process of its own: it mutes loggers."""
    run = subprocess.run([sys.executable, "-c", LINT], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout
