"""The image without a Docker engine: its steps are run as make targets, and what they make is started as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
BARE = {
    name: value for name, value in os.environ.items() if not name.endswith("_API_KEY") and name != "AUDIO_ROUTER_KEY"
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build stage leaves: the environment that its RUN step makes of the files that .dockerignore lets in."""
    context = tmp_path_factory.mktemp("context")
    for name in re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        subprocess.run(["cp", "-r", str(ROOT / name), str(context)], check=True)
    made = tmp_path_factory.mktemp("opt") / "audio-router"
    steps = re.findall(r"^RUN (.+)$", DOCKERFILE, re.MULTILINE)
    assert steps == ["make image-venv IMAGE_VENV=/opt/audio-router"]
    for step in steps:
        command = [*step.replace("/opt/audio-router", str(made)).split(), f"PYTHON={sys.executable}"]
        subprocess.run(command, cwd=context, check=True, timeout=600)
    return made


def command_of(installed: Path, instruction: str) -> list[str]:
    """The words of CMD, or of the health check's."""
    words: list[str] = msgspec.json.decode(re.findall(instruction, DOCKERFILE, re.MULTILINE)[-1])
    return [str(installed / "bin" / words[0]), *words[1:]]


@pytest.fixture
def served(installed: Path, tmp_path: Path) -> Iterator[str]:
    command = [*command_of(installed, r"^CMD (\[.+\])$"), "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**BARE, "AUDIO_ROUTER_KEY": "sk-image"}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = next(found[1] for line in process.stdout if (found := re.search(r"listens on (http://\S+)", line)))
        yield url
        process.terminate()


@pytest.mark.timeout(900)
def test_what_is_installed_speaks_with_its_one_key(installed: Path, served: str) -> None:
    """The image's own command, given AUDIO_ROUTER_KEY, answers with the embedded engine; its health check passes."""
    body = b'{"model":"tts-1","voice":"alloy","input":"hello"}'
    request = urllib.request.Request(
        f"{served}/v1/audio/speech", body, {"authorization": "Bearer sk-image", "content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.read()[:1] == b"\xff"

    check = [word.replace("http://127.0.0.1:8080", served) for word in command_of(installed, r"^  CMD (\[.+\])$")]
    subprocess.run(check, check=True, timeout=30)


def test_without_its_key_it_stops_and_says_how(installed: Path, tmp_path: Path) -> None:
    """The line it prints is the one that would work."""
    done = subprocess.run(
        command_of(installed, r"^CMD (\[.+\])$"),
        cwd=tmp_path,
        env=BARE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "docker run -e AUDIO_ROUTER_KEY=choose-a-secret -p 8080:8080 audio-router" in done.stderr


def test_there_are_no_build_tools_in_it_and_no_root(installed: Path) -> None:
    """No pip in what goes on, a slim base for it, a user without rights."""
    final = DOCKERFILE.rpartition("FROM ")[2]

    assert final.startswith("python:3.13-slim\n")
    assert "USER 65532:65532" in final
    assert "RUN" not in final
    assert not list(installed.glob("lib/python3*/site-packages/pip"))
    assert not (installed / "bin" / "pip").exists()
