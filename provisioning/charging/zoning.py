"""What a call is charged as: a contract's own numbers first, then the number class by a table (计费区)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from provisioning.core.contract import Zone
from provisioning.core.numbering import NumberClass

INTERNAL = "internal"
"""The class of a number of the caller's own contract; it is no class of the public numbering plan."""

ZONE_OF: Mapping[NumberClass, Zone | None] = MappingProxyType(
    {
        NumberClass.EMERGENCY: None,
        NumberClass.HMT: Zone.HMT,
        NumberClass.INTERNATIONAL: Zone.INTERNATIONAL,
        NumberClass.IP_PREFIX: None,
        NumberClass.SMS_PORT: None,
        NumberClass.SERVICE: Zone.SERVICE,
        NumberClass.SERVICE_95_96: Zone.SERVICE,
        NumberClass.SHARED_400_800: Zone.SERVICE,
        NumberClass.MOBILE: Zone.DOMESTIC,
        NumberClass.LOCAL: Zone.LOCAL,
        NumberClass.LONG_DISTANCE: Zone.DOMESTIC,
        NumberClass.AREA_SERVICE: Zone.DOMESTIC,
        NumberClass.UNKNOWN: None,
    }
)
"""The zone of each number class; None: emergency calls, always free, and numbers nobody gave a price.

A carrier's prefix (17909...) hides who carries the call, and a text-message port is not a telephone: both
have no zone on purpose, so that such a call is seen and not guessed at. A service number of another city
(010 12345) is a long-distance call.
"""
