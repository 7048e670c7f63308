"""`make bench`: it runs, tells ratios against the bare pass-through, and does not call failures fast."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.speed.__main__ import main
from bench.speed.loads import LOADS
from bench.speed.page import failures, medians, table, with_results
from bench.speed.subjects import BARE, OURS

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not (shutil.which("cc") and shutil.which("taskset")), reason="not installed: cc, taskset")
def test_every_load_runs_against_the_router_and_the_bare_pass_through() -> None:
    """Tiny counts: it shows that it runs, and says nothing of speed."""
    tiny = ["--rounds", "1", "--seconds", "0.1", "--scale", "0.01", "--only", f"{BARE},{OURS}"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.speed", *tiny], cwd=ROOT, check=False, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert "calls failed" not in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert rows
    assert not [line for line in rows if "| - " in line], "a figure is missing"


def test_a_part_of_a_run_is_not_written_over_the_whole_page_and_an_unknown_name_is_told(tmp_path: Path) -> None:
    part = CliRunner().invoke(main, ["--loads", "small64", "--write", str(tmp_path)])
    assert part.exit_code == 2
    assert "whole run" in part.output
    unknown = CliRunner().invoke(main, ["--loads", "small6"])
    assert unknown.exit_code == 2
    assert "no small6; there are" in unknown.output


def test_figures_are_medians_over_the_rounds() -> None:
    rows = [(OURS, "small64", {"rps": value, "err": "words are no figure"}) for value in (9.0, 1.0, 5.0)]
    assert medians(rows) == {(OURS, "small64", "rps"): 5.0}


def test_each_figure_is_told_with_its_ratio_to_the_bare_pass_through() -> None:
    figures = {(BARE, "small64", "rps"): 2_000.0, (OURS, "small64", "rps"): 1_500.0}
    line = next(line for line in table(figures, [BARE, OURS]).splitlines() if "64 at once" in line)
    assert line == "| Small speech (12 KB), 64 at once, calls/s | 2,000 | 1,500 (0.75 x) |"


def test_calls_that_failed_are_told() -> None:
    rows = [(OURS, "upload", {"ok": 1, "errors": 2, "non200": 1, "err": "busy"}), (BARE, "upload", {"ok": 3})]
    assert failures(rows) == [f"{OURS}, upload: 3 calls failed busy"]


def test_results_are_written_between_their_marks() -> None:
    page = "a\n<!-- results: written by bench/speed -->\n\nold\n<!-- end of results -->\nz\n"
    written = with_results(page, "new")
    assert "new" in written
    assert "old" not in written
    assert written.startswith("a\n")
    assert written.endswith("z\n")
    with pytest.raises(ValueError, match="no place"):
        with_results("nothing here", "new")


def test_a_smaller_scale_asks_for_less_of_everything_and_for_no_other_text() -> None:
    (upload,) = (load for load in LOADS if load.name == "upload")
    argv = upload.argv(seconds=1.0, scale=0.1)
    assert [argv[argv.index(flag) + 1] for flag in ("-c", "-n", "-m")] == ["2", "4", "whisper-1"]
