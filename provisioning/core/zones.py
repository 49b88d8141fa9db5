"""Which zone a class of numbers belongs to, and whether a seat may call a zone (计费区, 呼叫权限)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from provisioning.core.contract import Zone
from provisioning.core.numbering import NumberClass

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


def is_open(
    zone: Zone, *, rated: Collection[Zone], by_seat: Collection[Zone], rights: Collection[str]
) -> bool:
    """Whether a seat with these rights of its own may call a zone (呼叫权限).

    `rated` are the zones that have a rate, `by_seat` those of them that are open only to seats that name
    them. "-domestic" closes a zone for the seat; "+international" opens one of `by_seat`, and none that has
    no rate.
    """
    if zone not in rated or f"-{zone.value}" in rights:
        return False
    return zone not in by_seat or f"+{zone.value}" in rights
