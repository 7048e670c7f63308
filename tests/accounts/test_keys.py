"""Who may call."""

from __future__ import annotations

import hashlib

import pytest

from router.accounts.keys import Keyring
from router.config import KeyEntry
from router.wire.errors import Unauthenticated

RING = Keyring({"alice": KeyEntry(key="sk-a"), "bob": KeyEntry(sha256=hashlib.sha256(b"sk-b").hexdigest())})


@pytest.mark.parametrize(("header", "owner"), [("Bearer sk-a", "alice"), ("bearer  sk-b ", "bob"), ("sk-b", "bob")])
def test_a_key_is_known_as_bearer_and_bare(header: str, owner: str) -> None:
    """By itself or by its hash, in either spelling."""
    assert RING.owner(header) == owner


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer sk-c", "Basic sk-a", "sk-a sk-b", "ü"])
def test_anything_else_is_refused(header: str | None) -> None:
    """With OpenAI's code for it."""
    with pytest.raises(Unauthenticated) as refused:
        RING.owner(header)

    assert refused.value.code == "invalid_api_key"


def test_without_keys_everyone_is_welcome() -> None:
    """Which is why only a loopback address may be bound then."""
    assert Keyring({}).is_open
    assert Keyring({}).owner(None) is None
