"""`python -m bench.inside`: it runs, and what it says of the router is said of every codec and every load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from bench.inside.__main__ import LOADS as SAID
from bench.inside.__main__ import main
from bench.inside.outside import LOADS

ROOT = Path(__file__).parents[2]
STALLS = "from bench.inside.stalls import stalls; print([one.load for one in stalls(1, ['small', 'captions'])])"


def test_the_loop_is_watched_under_a_load() -> None:
    """The router, its vendor and its clients run, every call is answered, and the timer's figures come out."""
    done = subprocess.run(
        [sys.executable, "-c", STALLS], cwd=ROOT, check=False, capture_output=True, text=True, timeout=50
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['small', 'captions']"


def test_every_load_has_its_words() -> None:
    assert tuple(SAID) == LOADS


def test_a_part_is_not_written_over_the_whole_page_and_an_unknown_name_is_told(tmp_path: Path) -> None:
    part = CliRunner().invoke(main, ["--only", "stalls", "--write", str(tmp_path)])
    assert part.exit_code == 2
    assert "all parts" in part.output
    unknown = CliRunner().invoke(main, ["--only", "stall"])
    assert unknown.exit_code == 2
    assert "no stall; there are" in unknown.output
