"""A vendor of somebody else's: an installed package with an entry point is all it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from router import vendors
from router.vendors import find_vendor, vendor_names
from tests.plans import plan_from

PLUGIN = """
from router.vendors.openai_like import OPENAI_LIKE
from router.vendors.spec import replace

VENDOR = replace(OPENAI_LIKE, name="{name}", base_url="https://api.example.com/v1")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Lay out an installed distribution with the entry point `entry`."""

    def lay_out(entry: str, name: str) -> None:
        (tmp_path / f"plugin_{entry}.py").write_text(PLUGIN.format(name=name))
        info = tmp_path / f"plugin_{entry}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{entry}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[audio_router.vendors]\n{entry} = plugin_{entry}:VENDOR\n")

    monkeypatch.syspath_prepend(tmp_path)
    caches = (vendors._plugins, vendors.find_vendor)
    for cache in caches:
        cache.cache_clear()
    yield lay_out
    for cache in caches:
        cache.cache_clear()


def test_an_installed_package_adds_a_vendor(install) -> None:
    """It is found by name, listed, and stands in a table like any other."""
    install("acme", "acme")

    plan = plan_from("vendors: {acme: {api_key: k}}\nroutes: {m: {targets: [acme/voice-1]}}")

    assert "acme" in vendor_names()
    assert plan.routes["m"].targets[0].outlet.facts.base_url == "https://api.example.com/v1"


def test_a_plugin_must_be_what_it_says(install) -> None:
    """Another name than its entry point's is a mistake that is told, not a vendor in disguise."""
    install("odd", "other")

    with pytest.raises(TypeError, match="the vendor 'odd' must be a"):
        find_vendor("odd")


def test_our_own_files_win(install) -> None:
    """A plugin cannot take the place of a vendor that ships."""
    install("groq", "groq")

    vendor = find_vendor("groq")
    assert vendor
    assert vendor.base_url == "https://api.groq.com/openai/v1"
