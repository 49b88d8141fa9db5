"""Files of earlier versions: never mistaken for others, and read as what they say."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from pbx.section import Section
from provisioning.core.contract import Contract
from provisioning.planning import names
from provisioning.planning.desired import desired
from provisioning.planning.old_layout import as_now, old_file

SITE = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
NUMBER = st.integers(1, 1400)


def files_of(site: str, slot: str, number: int) -> dict[str, tuple[str, str]]:
    """Every kind of live file a site has, with whose it is and what."""
    return {
        names.pjsip_file(site): (site, "first"),
        names.seats_file(site, slot, number): (site, f"seats {slot} {number}"),
        old_file(site, number): (site, f"old {number}"),
        names.dialplan_file(site, slot, number): (site, f"dialplan {slot} {number}"),
    }


@given(SITE, st.sampled_from(names.SLOTS), NUMBER, SITE, st.sampled_from(names.SLOTS), NUMBER)
@example("0-x", "a", 1, "x-01", "a", 1)
@example("1-x-a", "a", 100, "x", "a", 100)
@example("1-x-a-001", "a", 1, "x", "a", 1)
@example("0", "a", 1, "01", "a", 1)
def test_a_file_is_one_sites(
    site: str, slot: str, number: int, other: str, another: str, following: int
) -> None:
    """Whatever sites are called, no file of one, of today or of earlier, is called like another's."""
    ones, others = files_of(site, slot, number), files_of(other, another, following)
    assert len(ones) == 4
    assert all(ones[file] == others[file] for file in ones.keys() & others.keys())


def test_the_order_of_options_is_todays(make: Callable[..., Contract]) -> None:
    """A seat's section with its own options among the rest, as it once was, reads as it is written now."""
    contract = make(3)
    numbers = {seat.long_number: "Secret" for seat in contract.site.seats}
    now = [section for _, section in desired(contract, numbers, "a").only("seatline-pjsip-")]
    [seat] = [section for section in now if section.name == "seat-08702120001"]
    own = {"callerid", "aors", "auth", "accountcode"}
    then = Section(
        seat.name,
        seat.kind,
        (
            *(option for option in seat.options if option[0] in own),
            *(option for option in seat.options if option[0] not in own),
        ),
    )
    assert then != seat
    assert as_now(then) == seat
    assert [as_now(section) for section in now] == now
