"""A contract becomes exactly the configuration dialplans/README.md and the house rules describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.section import Section, render
from provisioning.core.contract import Contract, Zone
from provisioning.core.site import Ims, Seat
from provisioning.planning.desired import desired, shared

Make = Callable[..., Contract]
FILE = "seatline-pjsip-0_zhaotong.conf"


def secrets(contract: Contract) -> Mapping[str, str]:
    return {seat.long_number: f"Secret{seat.long_number}" for seat in contract.site.seats}


def by_name(contract: Contract, slot: str = "a") -> dict[str, Section]:
    return {section.name: section for _, section in desired(contract, secrets(contract), slot)}


def test_the_sections_of_a_seat(make: Make) -> None:
    """A seat is an endpoint, its auth, its AOR under the long number, and its registration."""
    sections = by_name(make(1))
    seat = sections["seat-08702120001"]
    assert seat.get("context") == "seatline-zhaotong-a"
    assert seat.get("auth") == "08702120001-auth"
    assert seat.get("aors") == "08702120001"
    assert seat.get("callerid") == seat.get("accountcode") == "08702120001"
    assert seat.get("trust_id_inbound") == "no"
    assert seat.values("set_var") == (
        "SEATLINE_SITE=zhaotong",
        "SEATLINE_SLOT=a",
        "SEATLINE_AREA=0870",
        "SEATLINE_LINE=line-zhaotong",
        "SEATLINE_SHORT=60001",
    )
    assert sections["08702120001-auth"].get("username") == "seat-08702120001"
    assert sections["08702120001"].get("max_contacts") == "1"
    assert sections["08702120001-ims"].get("contact_user") == "+868702120001"


def test_the_line_of_a_site(make: Make) -> None:
    """The line goes to the operator's domain through its proxy, as a loose router."""
    line = by_name(make(1))["line-zhaotong"]
    assert line.get("context") == "seatline-zhaotong-a-line"
    assert line.get("outbound_proxy") == "sip:192.0.2.1:5060;lr"
    assert line.get("from_domain") == "ims.example.net"
    assert not line.values("from_user")


def test_a_trunk_registers_once(make: Make) -> None:
    """With `register: trunk` there is one registration, of the main number or else the first seat."""
    trunk = Ims(domain="ims.example.net", proxy="sip:192.0.2.1", register="trunk", user="{long}")
    for main_number, user in ((None, "08702120001"), ("08702120000", "08702120000")):
        sections = by_name(make(2, ims=trunk, main_number=main_number))
        registrations = [one for one in sections.values() if one.kind == "registration"]
        assert [(one.name, one.get("contact_user")) for one in registrations] == [("line-zhaotong-ims", user)]


def test_no_ims_no_line(make: Make) -> None:
    """A site without an operator's IMS has seats and no line."""
    sections = by_name(make(1, ims=None))
    assert not [name for name in sections if name.startswith("line-")]
    assert "SEATLINE_LINE" not in str(sections["seat-08702120001"].values("set_var"))


def test_the_generated_dialplan(make: Make) -> None:
    """A site's dialplan is who is who, what is open, two ways in, and the operator's number forms."""
    sections = desired(make(1), secrets(make(1)), "b").files["seatline-extensions-zhaotong-b-01.conf"]
    assert render(sections) == (
        "[seatline-zhaotong-b]\n"
        "include => seatline-emergency\n"
        "include => seatline-dialled\n"
        "\n"
        "[seatline-zhaotong-b-numbers]\n"
        "exten => 08702120001,1,Return(08702120001)\n"
        "exten => 60001,1,Return(08702120001)\n"
        "\n"
        "[seatline-zhaotong-b-open]\n"
        "exten => internal,1,Return()\n"
        "exten => local,1,Return()\n"
        "\n"
        "[seatline-zhaotong-b-line]\n"
        "include => seatline-incoming\n"
        "\n"
        "[seatline-zhaotong-b-forms]\n"
        "exten => fixed,1,Return(+86${ARG2}${ARG3})\n"
        "exten => mobile,1,Return(+86${ARG1})\n"
        "exten => service,1,Return(${ARG1})\n"
        "exten => emergency,1,Return(${ARG1})\n"
        "exten => international,1,Return(00${ARG4})\n"
        "exten => caller,1,Return(+86${ARG2}${ARG3})\n"
        "\n"
        "[seatline-zhaotong-b-seat]\n"
        "exten => 08702120001-short,1,Return(60001)\n"
    )


@given(zones=st.sets(st.sampled_from(Zone)))
def test_open_zones(make: Make, zones: set[Zone]) -> None:
    """Exactly the zones with a rate are open, and none without a tariff."""
    opened = by_name(make(1, open_zones=tuple(zones)))["seatline-zhaotong-a-open"]
    assert {value.split(",")[0] for value in opened.values("exten")} == {zone.value for zone in zones}
    assert not by_name(make(1, open_zones=tuple(zones), priced=False))["seatline-zhaotong-a-open"].options


def test_a_seat_without_a_secret(make: Make) -> None:
    """A seat that has no secret is named."""
    with pytest.raises(KeyError, match="08702120002"):
        desired(make(2), {"08702120001": "x"}, "a")


@pytest.mark.parametrize("count", [0, 1, 260])
def test_every_seat_is_there(make: Make, count: int) -> None:
    """A site's PJSIP objects are one file to whoever plans, however many seats it has."""
    config = desired(make(count), secrets(make(count)), "a").only("seatline-pjsip-")
    assert [section.name for _, section in config if section.name.startswith("seat-")] == [
        f"seat-0870212{n:04}" for n in range(1, count + 1)
    ]
    assert set(config.files) == ({FILE} if count else set())


def test_what_is_a_seats_own_comes_last(make: Make) -> None:
    """The options two seats do not share are their last ones, so that a template can have the others."""
    sections = by_name(make(2))
    for name in ("seat-{}", "{}-auth", "{}", "{}-ims"):
        one, other = (sections[name.format(number)].options for number in ("08702120001", "08702120002"))
        alike = [first == second for first, second in zip(one, other, strict=True)]
        assert alike == sorted(alike, reverse=True)


def test_the_slot_is_all_that_differs(make: Make) -> None:
    """The two slots of a contract are the same text but for the slot's letter."""
    a, b = (
        [render([section]) for _, section in desired(make(5), secrets(make(5)), slot)] for slot in ("a", "b")
    )
    assert [
        text.replace("seatline-zhaotong-b", "seatline-zhaotong-a").replace("SLOT=b", "SLOT=a") for text in b
    ] == a
    assert a != b


def test_hand_written_files_become_one() -> None:
    """The hand-written files travel as one file, in the order of their names."""
    config = shared({"b.conf": "[two]\nexten => 1,1,NoOp()\n", "a.conf": "[one]\nexten => 1,1,NoOp()\n"})
    assert [section.name for section in config.files["seatline-extensions-0-shared.conf"]] == ["one", "two"]


@pytest.mark.parametrize("texts", [{"a.conf": "[x\n"}, {"a.conf": "[x]\n", "b.conf": "[x]\n"}])
def test_hand_written_files_with_faults(texts: dict[str, str]) -> None:
    """A hand-written file that is no plain dialplan, or a context that is there twice, is refused."""
    with pytest.raises(Malformed, match=r"conf"):
        shared(texts)


def test_a_seat_of_another_area(make: Make) -> None:
    """A number outside the site's area code keeps all its digits in the operator's form."""
    seat = Seat(long_number="12393")
    trunk = Ims(domain="ims.example.net", proxy="sip:192.0.2.1", register="trunk", user="{long}")
    assert by_name(make([seat], ims=trunk))["line-zhaotong-ims"].get("contact_user") == "12393"
