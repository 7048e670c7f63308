"""The rules of the house that no other tool holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from router.vendors import _WORDS

ROUTER = Path(__file__).parents[2] / "router"
MODULES = sorted(ROUTER.rglob("*.py"))
LONGEST_MODULE = 300
NO_VENDORS = {"__init__", *_WORDS}
ORDINARY_WORDS = {"openai", "local", "stability"}  # the wire we speak, an extra of the package, a parameter
VENDORS = [path for path in (ROUTER / "vendors").glob("*.py") if path.stem not in NO_VENDORS | ORDINARY_WORDS]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROUTER)))
def test_a_module_says_what_it_is_and_stays_small(module: Path) -> None:
    """It opens with a docstring, and can be read whole."""
    text = module.read_text()

    assert ast.get_docstring(ast.parse(text)), "opens with what lives here and what may not"
    assert text.count("\n") <= LONGEST_MODULE


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda path: path.stem)
def test_a_vendors_name_stands_in_its_own_file_alone(vendor: Path) -> None:
    """Nothing else in the code names it, but for other vendors, who sell its models under its name."""
    name = vendor.stem.removeprefix("_")
    others = [path for path in MODULES if path.parent != vendor.parent or path.stem in NO_VENDORS]

    assert [str(path) for path in others if _names(path, name)] == []


def _names(path: Path, name: str) -> bool:
    """Whether the code itself, its texts included and its comments and docstrings not, holds the word."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    word = re.compile(rf"(?<![a-z0-9]){name}(?![a-z0-9])")
    return any(word.search(one.lower()) for one in [*texts, *names])
