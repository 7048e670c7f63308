"""One file a vendor. Found by name, loaded when a table asks for it.

What lives here: the look-up alone. A vendor file imports `spec`, `openai_like`, `wire` and the standard library, never
another vendor's. Installed packages add vendors through the entry-point group `audio_router.vendors`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules

from router.vendors.spec import Vendor

__all__ = ["ENTRY_POINTS", "find_vendor", "module_of", "vendor_names"]

ENTRY_POINTS = "audio_router.vendors"
_WORDS = frozenset({"spec", "asks", "drafts", "looking", "manners", "replies", "prices", "openai_like"})
"""What vendor files are written with; not vendors."""


@cache
def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _own() -> set[str]:
    files = {module.name for module in iter_modules(__path__)} - _WORDS
    return {name.removeprefix("_").replace("_", "-") for name in files}


def module_of(name: str) -> str:
    """The module of one of our own vendors: `-` becomes `_`, and one stands before a name that begins with a digit."""
    return f"{__name__}.{'_' if name[0].isdigit() else ''}{name.replace('-', '_')}"


def vendor_names() -> list[str]:
    """Every vendor that can be named in a table, sorted; none of them is loaded by this."""
    return sorted(_own() | set(_plugins()))


@cache
def find_vendor(name: str) -> Vendor | None:
    """The facts about a vendor, or None where nobody knows it. Our own files win over a plugin of the same name."""
    if name in _own():
        vendor = import_module(module_of(name)).VENDOR
    elif point := _plugins().get(name):
        vendor = point.load()
    else:
        return None
    if not isinstance(vendor, Vendor) or vendor.name != name:
        raise TypeError(f"the vendor {name!r} must be a router.vendors.spec.Vendor of that name, not {vendor!r:.80}")
    return vendor
