"""Imports point down: import-linter's contracts hold, with every run of the tests."""

from __future__ import annotations

from importlinter.cli import lint_imports


def test_every_contract_is_kept(capsys) -> None:
    """The layers of pyproject.toml, and engines that nobody imports."""
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)

    assert status == 0, capsys.readouterr().out
