"""What a program of this folder writes into a page of the docs: the text between two marks, and nothing else of it."""

from __future__ import annotations

__all__ = ["between"]


def between(page: str, name: str, writer: str, text: str) -> str:
    """The page with `text` between the marks of `name`. Raises ValueError where it has none."""
    begin, end = f"<!-- {name}: written by bench/{writer} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"the page has no place for its {name}: {begin}… {end}")
    return f"{before}{begin}\n{text}\n{end}{after}"
