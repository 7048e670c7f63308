"""An engine that does what each request says: its body is a JSON list of steps. The argument says how it starts.

Steps: head, data TEXT, end, echo (the length and checksum of the request), pid, environment, raw TEXT, sleep, crash,
exit.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import zlib

import msgspec


def send(kind: str, payload: bytes = b"", **more) -> None:
    sys.stdout.buffer.write(msgspec.json.encode({"type": kind, **more}) + b"\n" + payload)
    sys.stdout.buffer.flush()


def send_data(payload: bytes) -> None:
    send("data", payload, size=len(payload))


def receive() -> bytes | None:
    body = b""
    while line := sys.stdin.buffer.readline():
        frame = msgspec.json.decode(line)
        if frame["type"] == "end":
            return body
        body += sys.stdin.buffer.read(frame["size"])
    return None


def take(step: list[str], body: bytes) -> None:
    match step:
        case ["head"]:
            send("head", status=200, content_type="text/plain")
        case ["data", text]:
            send_data(text.encode())
        case ["environment"]:
            send_data(" ".join(sorted(os.environ)).encode())
        case ["pid"]:
            send_data(str(os.getpid()).encode())
        case ["echo"]:
            send_data(f"{len(body)} {zlib.crc32(body)}".encode())
        case ["end"]:
            send("end")
        case ["raw", text]:
            sys.stdout.write(text)
            sys.stdout.flush()
        case ["sleep"]:
            time.sleep(3600)
        case ["crash"]:
            os.kill(os.getpid(), signal.SIGSEGV)
        case ["exit"]:
            sys.exit(3)


def main() -> None:
    match sys.argv[1]:
        case "ready":
            send("ready")
        case "unable":
            send("unable", message="its model is missing")
        case "exit":
            sys.exit(3)
        case "mute":
            time.sleep(3600)
        case "babble":
            sys.stdout.write("Loading the model...\n")
            sys.stdout.flush()
    while (body := receive()) is not None:
        for step in msgspec.json.decode(body.partition(b"\n")[0]):
            take(step, body)


main()
