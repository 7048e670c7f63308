"""The structs by themselves: what they hold when nothing is said, and that they keep their secrets."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from rich.console import Console

from router.config import Defaults, KeyEntry, PriceEntry, Route, Server, Table, TargetEntry, VendorEntry
from router.vendors.prices import STATED

SECRET = "sk-not-to-be-seen"


def test_what_is_not_said_is_what_the_documentation_promises():
    """Loopback, 8080, 25 MB of upload, 1 MB of body, 100,000 characters; no retries, lenient, no times of its own."""
    table = Table(routes={"tts-1": Route(targets=["openai/tts-1"])})
    assert table.server == Server(
        host="127.0.0.1",
        port=8080,
        workers=1,
        max_calls=1_000,
        max_head=65_536,
        max_upload=26_214_400,
        max_body=8_388_608,
        max_parts=256,
        max_input=100_000,
        max_cache=67_108_864,
        max_reply=1_073_741_824,
        max_document=67_108_864,
        client_routes=True,
        metrics="keyed",
        direct=True,
    )
    assert table.defaults == Defaults(retries=0, retry_budget=0.2, params="lenient")
    assert (table.defaults.timeout, table.defaults.speech) == (None, None)
    assert (table.vendors, table.voices, table.keys) == ({}, {}, {})
    assert table.routes["tts-1"].policy == "order"
    entry = TargetEntry(target="openai/tts-1")
    assert (entry.last_resort, entry.voices, entry.options, entry.timeout) == (False, {}, {}, None)
    assert (entry.price, entry.weight, entry.concurrency, entry.hedge_after) == (None, 1.0, None, None)


def test_a_table_has_every_word_that_prices_are_stated_with():
    """What a vendor's file can say of a price, a table can say over it."""
    others = {"minimum", "step", "credit"}
    assert set(PriceEntry.__struct_fields__) - others == set(STATED)


@pytest.mark.parametrize("entry", [{}, {"minimum": "10s"}])
def test_a_price_says_at_least_one_figure(entry):
    """A minimum of nothing is no price."""
    with pytest.raises(ValueError, match="at least one price"):
        PriceEntry(**entry)


def test_tables_share_nothing_they_could_change():
    """Two entries made alike have collections of their own."""
    first, second = VendorEntry(), VendorEntry()
    assert first.settings is not second.settings


@pytest.mark.parametrize("entry", [{}, {"sha256": "a" * 64, "key": "b"}])
def test_a_key_entry_has_exactly_one_of_the_two(entry):
    """Neither and both are refused wherever the struct is made."""
    with pytest.raises(ValueError, match="exactly one of sha256 and key"):
        KeyEntry(**entry)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(entry, KeyEntry)


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (VendorEntry(like="openai", settings={"api_key": SECRET}), "VendorEntry(like=…, settings=…)"),
        (VendorEntry(base_url=f"https://x:{SECRET}@y"), "VendorEntry(base_url=…)"),
        (VendorEntry(), "VendorEntry()"),
        (KeyEntry(key=SECRET), "KeyEntry(key=…)"),
    ],
)
def test_entries_with_secrets_do_not_print_them(entry, shown):
    """Neither repr, nor a table around it, nor rich's view (as in a traceback's locals) shows a value."""
    assert repr(entry) == shown
    table = Table(
        routes={},
        vendors={"v": entry} if isinstance(entry, VendorEntry) else {},
        keys={"k": entry} if isinstance(entry, KeyEntry) else {},
    )
    assert SECRET not in repr(table)
    screen = StringIO()
    Console(file=screen, width=200).print(table)
    assert "Entry(" in screen.getvalue()
    assert SECRET not in screen.getvalue()
