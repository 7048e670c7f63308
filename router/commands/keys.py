"""`key`: a key for a client, and the lines of the table that let it in."""

from __future__ import annotations

import secrets
from hashlib import sha256

import msgspec
from rich.console import Console

__all__ = ["make_key"]

PREFIX = "ar-"
"""Tells scanners for leaked secrets, and people, what it is."""
RANDOM_BYTES = 32


def make_key(name: str, console: Console) -> int:
    """Print a new key, once, and what the table has to know of it, which does not give it away."""
    key = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    quoted = msgspec.json.encode(name).decode()  # which YAML reads as text, whatever it looks like
    for line in (
        f"The key of {quoted}, shown this once; clients send it as their API key:",
        "",
        f"  {key}",
        "",
        "For routes.yaml, which needs only its SHA-256:",
        "",
        "keys:",
        f"  {quoted}: {{sha256: {sha256(key.encode()).hexdigest()}}}",
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0
