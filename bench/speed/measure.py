"""Starting, loading, reading and ending of processes; nothing here says what a figure means.

What lives here: /proc, cores and sockets. Linux only, as everything in this folder.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from compileall import compile_dir
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from bench.speed.loads import Load
from bench.speed.subjects import ROOT, Place, Subject

__all__ = ["Programs", "Row", "built", "free_port", "measured", "running"]

HERE = Path(__file__).parent
SUBJECT_CORE, LOAD_CORE = -1, 0  # of those we may use; one and the same where there is only one
SMALL = b'{"model":"tts-1","voice":"alloy","input":"bench-small"}'
SMALL_BYTES = 12_288
START_S, LOAD_S, STOP_S = 90.0, 300.0, 8.0
TICKS = os.sysconf("SC_CLK_TCK")

Row = Mapping[str, float]


class Programs(msgspec.Struct, frozen=True):
    """The two of C, compiled."""

    client: str
    vendor: str


def built(folder: Path) -> Programs:
    """Compile them into a folder. Raises CalledProcessError, FileNotFoundError without a compiler.

    So is the router, as pip does when it installs it: else a start would be measured that compiles all of it.
    """
    compile_dir(ROOT / "router", quiet=1)
    for name in ("client", "vendor"):
        subprocess.run(["cc", "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)
    return Programs(str(folder / "client"), str(folder / "vendor"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(
    argv: Sequence[str], core: int, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process on one core, ended with all its children at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*_on(core), *argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def measured(
    subject: Subject, programs: Programs, vendor_port: int, loads: Sequence[Load], seconds: float, scale: float
) -> Iterator[tuple[str, Row]]:
    """Start a subject, and give the rows of its start and of each load. Raises RuntimeError with what it said."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Place(free_port(), vendor_port, Path(name))
        values = {"port": place.port, "vendor_port": vendor_port, "folder": name}
        Path(place.settings).write_text(subject.settings.format(**values), encoding="utf-8")
        log = place.folder / "log"
        began = time.monotonic()
        with running(subject.command(place), SUBJECT_CORE, subject.environment(place), log) as process:
            _await_answer(place.port, process, log)
            yield "start", {"seconds": time.monotonic() - began, "rss": _kib(process.pid, "VmRSS")}
            warm = ["-c", "16", "-n", "2000", "-b", SMALL.decode()]
            _loaded(programs, place.port, warm if scale == 1 else [*warm[:2], "-n", "20"], process.pid)
            for load in loads:
                yield load.name, _loaded(programs, place.port, load.argv(seconds, scale), process.pid)


def _loaded(programs: Programs, port: int, argv: Sequence[str], pid: int) -> Row:
    for one in _tree(pid):
        with suppress(OSError):
            Path(f"/proc/{one}/clear_refs").write_text("5", encoding="ascii")  # the peak, from now on
    cpu, began = _cpu_s(pid), time.monotonic()
    done = subprocess.run(
        [*_on(LOAD_CORE), programs.client, "-P", str(port), *argv],
        check=True,
        capture_output=True,
        timeout=LOAD_S,
    )
    share = (_cpu_s(pid) - cpu) / (time.monotonic() - began)
    said = msgspec.json.decode(done.stdout)
    return {**said, "cpu": 100 * share, "peak": _kib(pid, "VmHWM")}


def _await_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it has answered one call rightly."""
    deadline = time.monotonic() + START_S
    headers = {"content-type": "application/json", "authorization": "Bearer sk-bench"}
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/v1/audio/speech", SMALL, headers)
            answer = connection.getresponse()
            if answer.status == 200 and len(answer.read()) == SMALL_BYTES:
                return
        connection.close()
        time.sleep(0.01)
    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-2_000:] or "it did not answer")


def _on(core: int) -> Sequence[str]:
    return ["taskset", "--cpu-list", str(sorted(os.sched_getaffinity(0))[core])]


def _tree(pid: int) -> Sequence[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    with suppress(OSError):
        return [pid, *(one for child in children.read_text().split() for one in _tree(int(child)))]
    return []


def _kib(pid: int, field: str) -> int:
    lines = [line for one in _tree(pid) for line in Path(f"/proc/{one}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _cpu_s(pid: int) -> float:
    stats = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in _tree(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS
