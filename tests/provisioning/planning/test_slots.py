"""A site's configuration under the other slot's letter."""

from __future__ import annotations

import pytest

from pbx.config import Config
from pbx.section import Section
from provisioning.planning.desired import desired
from provisioning.planning.slots import in_slot

SECRETS = {f"0870212{n:04}": "geheim" for n in range(1, 200)}


@pytest.mark.parametrize("seats", [3, 101])
def test_another_slot_is_what_planning_makes_of_it(make, seats) -> None:
    """A configuration moved to the other slot is the one that planning makes for that slot, and back."""
    contract = make(seats)
    one, other = desired(contract, SECRETS, "a"), desired(contract, SECRETS, "b")
    assert one != other
    assert in_slot(one, "zhaotong", "b") == other
    assert in_slot(other, "zhaotong", "a") == one
    assert in_slot(one, "zhaotong", "a") == one


def test_others_keep_their_names() -> None:
    """Contexts of other sites, of the hand-written dialplan and of nobody stay as they are."""
    foreign = Config(
        {
            "seatline-pjsip-zhaotong-01.conf": (
                Section("x", "endpoint", (("context", "seatline-qujing-a"), ("set_var", "SLOT=a"))),
                Section("y", "endpoint", (("context", "default"),)),
            ),
            "seatline-extensions-0-shared.conf": (
                Section("seatline-dialled", "context", (("include", "b"),)),
            ),
        }
    )
    assert in_slot(foreign, "zhaotong", "b") == foreign
