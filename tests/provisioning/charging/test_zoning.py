"""The zone a number class is charged in."""

from __future__ import annotations

import csv
from pathlib import Path

from provisioning.charging.zoning import ZONE_OF
from provisioning.core.numbering import NumberClass, classify

CASES = Path(__file__).parents[2] / "golden/numbering/cases.csv"


def test_every_class_has_its_line_in_the_table() -> None:
    """No number class is forgotten in the table of zones, not even those without a zone."""
    assert set(ZONE_OF) == set(NumberClass)


def test_each_dialled_number_is_charged_in_its_zone() -> None:
    """Each dialled number of the table is charged in the zone that stands beside it."""
    for case in csv.DictReader(CASES.read_text(encoding="utf-8").splitlines()):
        zone = ZONE_OF[classify(case["dialled"], case["area_code"])]
        assert (zone or "") == case["zone"], case["dialled"]


def test_only_emergency_and_unpriceable_numbers_have_no_zone() -> None:
    """Without a zone are emergency calls, and three kinds of number that nobody gives a price."""
    without = {number_class for number_class, zone in ZONE_OF.items() if zone is None}
    unpriceable = {NumberClass.IP_PREFIX, NumberClass.SMS_PORT, NumberClass.UNKNOWN}
    assert without == unpriceable | {NumberClass.EMERGENCY}
