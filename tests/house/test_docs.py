"""docs/VENDORS.md is what the vendor files say."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from router.vendors import find_vendor
from router.vendors.spec import WAV, Model, Speech, audio_bytes, post, replace

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def generator() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "generate.py"))


def test_the_page_is_what_the_vendor_files_say(generator: dict[str, Any]) -> None:
    """A fact that changes without `make docs` fails here."""
    assert generator["page"]() == (DOCS / "VENDORS.md").read_text(), "run: make docs"


def test_every_row_has_the_cells_of_its_heading(generator: dict[str, Any]) -> None:
    """No cell holds a bar, and each row has as many as its heading."""
    tables = [block.splitlines() for block in generator["page"]().split("\n\n") if block.startswith("| ")]

    assert len(tables) == 7
    for head, *rows in tables:
        assert {row.count("|") for row in rows} == {head.count("|")}


def test_a_model_with_formats_of_its_own_has_a_row_of_its_own(generator: dict[str, Any]) -> None:
    """The vendor's row stands for all models but those that differ."""
    vendor = find_vendor("openai")
    assert vendor
    speech = Speech(
        request=lambda _ask: post("/x"),
        reply=audio_bytes,
        formats={WAV: "wav"},
        models={"plain": Model(), "bare": Model(formats={})},
    )

    rows = [[*row] for row in generator["_formats"]([replace(vendor, name="acme", speech=speech)])]

    assert [row[:2] for row in rows] == [["`acme`", ""], ["`acme`", "`bare`"]]
    assert rows[0][2:] == ["made", "made", "made", "made", "native", "made"]
    assert rows[1][2:] == ["no"] * 6
