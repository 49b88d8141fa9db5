"""Which security advisories a version of Asterisk has not mended."""

from __future__ import annotations

from provisioning.flows.known_advisories import MENDED_IN, open_in


def test_a_version_lacks_what_was_mended_after_it() -> None:
    """22.10.0 lacks what 22.10.1 mended, and nothing older; the newest version known lacks nothing."""
    assert open_in((22, 10, 0)) == MENDED_IN[22, 10, 1]
    assert open_in(max(MENDED_IN)) == ()
    assert open_in((22, 5, 1))[-1] == "CVE-2025-57767"
    assert set(open_in((22, 0, 0))) == {name for names in MENDED_IN.values() for name in names}
