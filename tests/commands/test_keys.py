"""`key`: what it prints lets its owner in, and is never the same."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from router.accounts.keys import Keyring
from router.commands.keys import make_key
from router.config import parse
from router.wire.errors import Unauthenticated
from tests.commands.test_commands import run

TABLE = "vendors: {local: {}}\nroutes: {m: {targets: [local/espeak-ng]}}\n"


def made(name: str) -> tuple[str, str]:
    """A key, and the lines for the table."""
    screen = StringIO()
    assert make_key(name, Console(file=screen, width=40)) == 0
    said, _, lines = screen.getvalue().partition("\nkeys:\n")
    (key,) = re.findall(r"^  (ar-[A-Za-z0-9_-]{43})$", said, re.MULTILINE)
    assert key not in lines
    return key, f"keys:\n{lines}"


@pytest.mark.parametrize("name", ["alice", "no", "007", "[red]", 'a "b": {c}', "Zoë\n#"])
def test_the_lines_let_the_key_in(name: str) -> None:
    """Pasted into a table as they stand, whatever the name looks like; and no other key."""
    key, lines = made(name)

    keyring = Keyring(parse(TABLE + lines, "routes.yaml", {}).table.keys)

    assert keyring.owner(f"Bearer {key}") == name
    with pytest.raises(Unauthenticated):
        keyring.owner(f"Bearer {key[:-1]}")


def test_no_two_keys_are_the_same() -> None:
    """Each is drawn anew."""
    assert len({made("alice")[0] for _ in range(100)}) == 100


def test_a_name_may_be_left_out_and_not_be_empty(tmp_path: Path) -> None:
    """No table is needed, and none is touched."""
    done = run("key", cwd=tmp_path)
    empty = run("key", "", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert '\n  "default": {sha256: ' in done.stdout
    assert empty.returncode == 2
    assert list(tmp_path.iterdir()) == []
