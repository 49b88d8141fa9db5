"""What a call is charged as: a contract's own numbers first, then the number class by a table (计费区)."""

from __future__ import annotations

from provisioning.core.zones import ZONE_OF

__all__ = ["INTERNAL", "ZONE_OF"]

INTERNAL = "internal"
"""The class of a number of the caller's own contract; it is no class of the public numbering plan."""
