"""`audio-router import litellm` as people run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.test_commands import run
from tests.importing.test_litellm import FIXTURES, imported

CONFIG = FIXTURES / "balanced.yaml"


def test_the_table_goes_to_standard_output_and_remarks_to_standard_error(tmp_path: Path) -> None:
    """So that it can be redirected; each remark is one line."""
    (tmp_path / "config.yaml").write_bytes(CONFIG.read_bytes())

    done = run("import", "litellm", "config.yaml", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, imported("balanced.yaml").text)
    assert done.stderr.splitlines() == [str(remark) for remark in imported("balanced.yaml").remarks]


def test_a_table_that_is_written_is_one_that_check_passes(tmp_path: Path) -> None:
    """From the one gateway to the other in two commands."""
    written = run("import", "litellm", CONFIG, "--output", "routes.yaml", cwd=tmp_path)
    checked = run("check", cwd=tmp_path, DEEPGRAM_API_KEY="k", ELEVENLABS_API_KEY="k")

    assert (written.returncode, written.stdout) == (0, "")
    assert "routes.yaml: 5 routes." in written.stderr
    assert checked.returncode == 0, checked.stderr
    assert "routes.yaml is valid: 5 routes, 5 vendors" in checked.stdout


def test_a_file_is_replaced_by_force_alone(tmp_path: Path) -> None:
    """A table that somebody has edited is not lost by asking twice."""
    (tmp_path / "routes.yaml").write_text("mine")

    refused = run("import", "litellm", CONFIG, "-o", "routes.yaml", cwd=tmp_path)
    kept = (tmp_path / "routes.yaml").read_text()
    forced = run("import", "litellm", CONFIG, "-o", "routes.yaml", "--force", cwd=tmp_path)

    assert (refused.returncode, refused.stderr) == (1, "routes.yaml: exists already; --force replaces it\n")
    assert kept == "mine"
    assert forced.returncode == 0
    assert "vendors:" in (tmp_path / "routes.yaml").read_text()


@pytest.mark.parametrize(
    ("content", "arguments", "status", "says"),
    [
        (b"model_list: [", (), 1, "config.yaml:1: not valid YAML: "),
        (b"model_list: \xff", (), 1, "config.yaml: not UTF-8 text"),
        (b"routes: {}", (), 1, "config.yaml:1: model_list: expected LiteLLM's configuration"),
        (CONFIG.read_bytes(), ("-o", "no-folder/routes.yaml"), 1, "no-folder/routes.yaml: cannot be written: No such"),
        (None, (), 2, "'config.yaml' does not exist"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, content: bytes | None, arguments: tuple[str, ...], status: int, says: str
) -> None:
    """A sentence that names the file and the place, never a traceback."""
    if content is not None:
        (tmp_path / "config.yaml").write_bytes(content)

    done = run("import", "litellm", "config.yaml", *arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
