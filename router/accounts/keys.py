"""Who may call: keys of our own, held as SHA-256 hashes, compared in constant time.

What may not live here: vendors' keys, limits, budgets.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from router.config import KeyEntry
from router.wire.errors import Unauthenticated

__all__ = ["Keyring"]


class Keyring:
    """The table's `keys:`. Without any, every caller is welcome (and only a loopback address may be bound)."""

    def __init__(self, entries: Mapping[str, KeyEntry]) -> None:
        self.replace(entries)

    def replace(self, entries: Mapping[str, KeyEntry]) -> None:
        """Let these be the keys from now on; whose key is gone is refused with the next call."""
        self._digests = {name: _digest_of(entry) for name, entry in entries.items()}

    @property
    def is_open(self) -> bool:
        """No key is asked for."""
        return not self._digests

    def owner(self, authorization: str | None) -> str | None:
        """The name of the key a request carries, as `Bearer <key>` or bare; None where none is asked for.

        Raises `Unauthenticated`.
        """
        if self.is_open:
            return None
        scheme, _, rest = (authorization or "").partition(" ")
        key = rest.strip() if scheme.lower() == "bearer" else (authorization or "").strip()
        if not key:
            raise Unauthenticated(
                "No API key was sent: give the SDK `api_key`, or send the header `Authorization: Bearer <key>`.",
                code="invalid_api_key",
            )
        digest = hashlib.sha256(key.encode()).digest()
        owners = [name for name, known in self._digests.items() if hmac.compare_digest(digest, known)]
        if not owners:
            raise Unauthenticated("The API key is not known here.", code="invalid_api_key")
        return owners[0]


def _digest_of(entry: KeyEntry) -> bytes:
    if entry.sha256:
        return bytes.fromhex(entry.sha256)
    assert entry.key
    return hashlib.sha256(entry.key.encode()).digest()
