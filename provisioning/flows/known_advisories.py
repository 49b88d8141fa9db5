"""Security advisories of Asterisk 22, by the version that mended them (安全公告).

From the change logs of Asterisk and of its Debian package, as of July 2026. Only those count that concern
what a seatline switch does or may have loaded: SIP, RTP, AMI, CDR, start scripts.
"""

from __future__ import annotations

from collections.abc import Mapping

Version = tuple[int, int, int]

MENDED_IN: Mapping[Version, tuple[str, ...]] = {
    (22, 1, 1): ("CVE-2024-53566",),
    (22, 4, 1): ("CVE-2025-47779", "CVE-2025-47780"),
    (22, 5, 1): ("CVE-2025-1131", "CVE-2025-49832"),
    (22, 5, 2): ("CVE-2025-57767",),
    (22, 8, 2): ("CVE-2026-23738", "CVE-2026-23739", "CVE-2026-23740", "CVE-2026-23741"),
    (22, 9, 0): ("CVE-2025-65102",),
    (22, 10, 0): ("CVE-2026-25994", "CVE-2026-26203", "CVE-2026-32942", "CVE-2026-40614", "CVE-2026-42225"),
    (22, 10, 1): ("CVE-2026-57191", "GHSA-8jw3-ccr9-xrmf", "GHSA-g8q2-p36q-94f6", "GHSA-j2mm-57pq-jh94"),
}


def open_in(version: Version) -> tuple[str, ...]:
    """The advisories that a version has not mended, newest first."""
    later = sorted((mended for mended in MENDED_IN if version < mended), reverse=True)
    return tuple(name for mended in later for name in MENDED_IN[mended])
