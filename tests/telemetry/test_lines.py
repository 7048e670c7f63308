"""Standard error of several processes: lines, whatever their length and however slowly they are read."""

from __future__ import annotations

import os
import time

import pytest

from router.telemetry.lines import whole_lines

PROCESSES, LINES = 3, 40


def line_of(process: int, number: int) -> str:
    """Short ones, and ones that no pipe takes at once."""
    return f"{process}:{number}:" + str(process) * (200_000 if number % 5 == 0 else 20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is one process here")
def test_no_line_stands_within_another() -> None:
    """Three processes write through one pipe, which is read slowly; every line comes out as it went in."""
    source, sink = os.pipe()
    stream = whole_lines(sink)
    writers = []
    for process in range(PROCESSES):
        if not (pid := os.fork()):
            for number in range(LINES):
                stream.write(line_of(process, number) + "\n")
            os._exit(0)
        writers.append(pid)
    os.close(sink)
    received = bytearray()
    while piece := os.read(source, 30_000):
        received += piece
        time.sleep(0.001)
    os.close(source)

    assert [os.waitpid(pid, 0)[1] for pid in writers] == [0] * PROCESSES
    assert sorted(received.decode().splitlines()) == sorted(
        line_of(process, number) for process in range(PROCESSES) for number in range(LINES)
    )


def test_who_dies_while_it_writes_keeps_nobody_from_writing() -> None:
    """The lock is the kernel's: it ends with its holder."""
    source, sink = os.pipe()
    stream = whole_lines(sink)
    if not (pid := os.fork()):
        stream.write("x" * 1_000_000)  # nobody reads: it stands in the middle of it
        os._exit(0)
    assert os.read(source, 10) == b"x" * 10
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.set_blocking(source, False)
    while True:
        try:
            os.read(source, 1_000_000)
        except BlockingIOError:
            break

    stream.write("whole\n")

    assert os.read(source, 100) == b"whole\n"
    os.close(source)
    os.close(sink)
