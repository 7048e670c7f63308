"""The vendors of the table in the making: one for each vendor, key and base URL that LiteLLM's entries use.

What lives here: their names, and where their keys come from. A key that stands in the file is never written down.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from router.config.problems import Place
from router.importing.terms import Remarks, environment_name
from router.vendors import vendor_names
from router.vendors.spec import Vendor

__all__ = ["Outlets", "usual_variable"]


class Outlets:
    """The vendors of the table in the making: one for each vendor, key and base URL."""

    def __init__(self, remarks: Remarks, variables: Collection[str]) -> None:
        """`variables`: those that hold keys of their own; a key that stands in the file itself gets another one."""
        self._remarks = remarks
        self._variables = set(variables)
        self._names: dict[tuple[str, str, str], str] = {}
        self._literal: dict[str, str] = {}
        self.entries: dict[str, dict[str, str]] = {}

    def name(self, vendor: Vendor, key: str, base: str, place: Place) -> str:
        """The name of a vendor with this key, as LiteLLM writes it, at this base URL; empty: its usual ones."""
        identity = vendor.name, key if key or base else f"os.environ/{usual_variable(vendor.name)}", base
        if identity not in self._names:
            self._names[identity] = self._added(vendor, key, base, place)
        return self._names[identity]

    def _added(self, vendor: Vendor, key: str, base: str, place: Place) -> str:
        is_first = not base and vendor.name not in self.entries
        name = vendor.name if is_first else self._new_name(vendor.name, base)
        entry = {} if is_first else {"like": vendor.name}
        if base:
            entry["base_url"] = base
        if vendor.auth and (key or not base):
            entry[vendor.auth.secret] = f"${{{self._variable(name, key, vendor, place)}}}"
        elif vendor.auth:
            self._remarks.tell(place, f"no api_key is said, so {name} is called without one")
        if not is_first and not base:
            self._remarks.tell(place, f"another key of {vendor.name}: a vendor of its own here, {name}")
        self.entries[name] = entry
        return name

    def _new_name(self, vendor: str, base: str) -> str:
        """After the host where that is one word, as in a cluster; else after the vendor, with a number."""
        host = "" if base.startswith("$") else urlsplit(base).hostname or ""
        taken = self.entries.keys() | set(vendor_names())
        if re.fullmatch(r"[a-z][a-z0-9_-]*", host) and host != "localhost" and host not in taken:
            return host
        return next(name for number in range(2, len(taken) + 3) if (name := f"{vendor}-{number}") not in taken)

    def _variable(self, name: str, key: str, vendor: Vendor, place: Place) -> str:
        if variable := environment_name(key):
            return variable
        if not key:
            return usual_variable(vendor.name)
        if key in self._literal:
            return self._literal[key]
        usual = usual_variable(name)
        numbered = (f"{usual}_{number}" for number in range(2, len(self._variables) + 3))
        variable = next(one for one in (usual, *numbered) if one not in self._variables)
        self._variables.add(variable)
        self._literal[key] = variable
        self._remarks.tell((*place, "litellm_params", "api_key"), f"the key is not written down: set {variable} to it")
        return variable


def usual_variable(vendor: str) -> str:
    """The environment variable in which LiteLLM looks for a vendor's key where an entry says none."""
    return f"{vendor.upper().replace('-', '_')}_API_KEY"
