"""The README is true: its table compiles, its program runs, its commands exist."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components import needs
from tests.conftest import KEY, Serve, table_of
from tests.fakes import Upstream, audio
from tests.plans import plan_from

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_its_table_compiles() -> None:
    """Every vendor, voice and time in it is one that the router takes."""
    table, _ = blocks("yaml")

    plan = plan_from(table, {"ELEVENLABS_API_KEY": "k", "DEEPGRAM_API_KEY": "k", "ALICE_KEY": "k"})

    assert [target.name for target in plan.routes["tts-1"].targets][-1] == "local/espeak-ng"


def test_what_it_shows_of_explain_is_true(tmp_path: Path) -> None:
    """The second table, with the vendors of the first: the very lines that the command prints."""
    table, routes = blocks("yaml")
    (shown,) = blocks("console")
    command, _, printed = shown.partition("\n")
    file = tmp_path / "routes.yaml"
    file.write_text(table.partition("voices:")[0] + routes)
    keys = {"ELEVENLABS_API_KEY": "k", "DEEPGRAM_API_KEY": "k", "COLUMNS": "120"}
    arguments = shlex.split(command.removeprefix("$ audio-router "))

    run = subprocess.run(
        [sys.executable, "-m", "router", *arguments, "--config", str(file)],
        env={**os.environ, **keys},
        check=True,
        capture_output=True,
        text=True,
    )

    assert [line.rstrip() for line in run.stdout.splitlines()] == printed.splitlines()


@needs("espeakng_loader", "pocketsphinx")
async def test_its_program_runs(serve: Serve, tmp_path: Path) -> None:
    """As it stands, but for the address: it speaks into a file and prints what it heard."""
    program, _ = blocks("python")
    router = await serve((ROOT / "routes.yaml").read_text())

    assert await printed_by(program, router.url, tmp_path) == b"one two three\n"


async def test_its_song_is_a_task(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """The second program goes on where the first began: the client is the stock one."""
    first, second = blocks("python")
    made = first.partition("\n\nwith ")[0]
    eleven = f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}"
    upstream.answers(audio(b"ID3-song"))
    router = await serve(
        table_of({"eleven": eleven}, {"music": ["eleven/music_v1"]}, f"tasks: {{folder: '{tmp_path}'}}")
    )
    printed = await printed_by(f"{made}\n\n{second}\nprint(task['object'], task['kind'])\n", router.url, tmp_path)

    assert printed == b"audio.task music\n"


async def printed_by(program: str, url: str, folder: Path) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program.replace("http://127.0.0.1:8080", url),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said, complaints = await process.communicate()

    assert process.returncode == 0, complaints.decode()
    return said


@pytest.mark.parametrize("name", re.findall(r"`?make ([a-z-]+)", README))
def test_its_make_targets_exist(name: str) -> None:
    """Whatever it tells people to make can be made."""
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)\)", README))
def test_its_links_lead_somewhere(path: str) -> None:
    """Within the repository."""
    assert (ROOT / path).exists()
