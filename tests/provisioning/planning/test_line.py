"""The operator's side of a site as PJSIP objects, on every kind of terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from pbx.section import Section
from provisioning.core.contract import Contract
from provisioning.core.site import Ims, SessionTimers, VoiceLine
from provisioning.planning import names
from provisioning.planning.desired import desired
from provisioning.planning.plan import plan

Make = Callable[..., Contract]
FIRST, SECOND = "08702120001", "08702120002"
IMS = Ims(domain="ims.example.net", proxy="sip:192.0.2.1:5060")


def by_name(contract: Contract, passwords: Mapping[str, str] | None = None) -> dict[tuple[str, str], Section]:
    secrets = {seat.long_number: f"Secret{seat.long_number}" for seat in contract.site.seats}
    config = desired(contract, secrets, "a", passwords or {})
    return {(section.kind, section.name): section for _, section in config}


def on(make: Make, seats: int = 2, **terms: object) -> Contract:
    return make(seats, ims=replace(IMS, **terms))


def test_the_usual_terms_need_no_options(make: Make) -> None:
    """On the usual terms a line and a registration have no option that Asterisk has so by itself."""
    sections = by_name(on(make))
    line, registration = sections["endpoint", "line-zhaotong"], sections["registration", f"{FIRST}-ims"]
    assert line.get("send_pai") == line.get("user_eq_phone") == "yes"
    for option in ("outbound_auth", "100rel", "timers", "timers_sess_expires", "timers_min_se"):
        assert line.values(option) == ()
    assert registration.values("expiration") == registration.values("outbound_auth") == ()


def test_terms_of_the_operators_own(make: Make) -> None:
    """What the contract file says of the operator's terms stands in the line and the registration."""
    timers = SessionTimers(use="required", expires=1200, least=120)
    terms = {"session_timers": timers, "reliable": "required", "expires": 600, "user_phone": False}
    sections = by_name(on(make, identity="none", **terms))
    line = sections["endpoint", "line-zhaotong"]
    assert [line.get(option) for option in ("100rel", "timers", "timers_sess_expires", "timers_min_se")] == [
        *("required", "required", "1200", "120")
    ]
    assert line.values("send_pai") == line.values("user_eq_phone") == ()
    assert sections["registration", f"{FIRST}-ims"].get("expiration") == "600"


def test_what_the_operator_does_not_have_is_closed(make: Make) -> None:
    """Neither 100rel nor session timers are offered where the operator has none."""
    timers = SessionTimers(use="none", expires=1200)
    line = by_name(on(make, session_timers=timers, reliable="none"))["endpoint", "line-zhaotong"]
    assert (line.get("100rel"), line.get("timers"), line.values("timers_sess_expires")) == ("no", "no", ())


@pytest.mark.parametrize(
    ("identity", "phone", "pai", "preferred"),
    [
        ("pai", True, ("yes",), None),
        ("ppi", True, (), "ims.example.net;user=phone"),
        ("ppi", False, (), "ims.example.net"),
        ("none", True, (), None),
    ],
)
def test_the_header_that_asserts_the_caller(
    make: Make, identity: str, phone: bool, pai: tuple[str, ...], preferred: str | None
) -> None:
    """PAI is Asterisk's own; for PPI the dialplan is told what stands behind the caller's user."""
    line = by_name(on(make, identity=identity, user_phone=phone))["endpoint", "line-zhaotong"]
    told = dict(value.split("=", 1) for value in line.values("set_var"))
    assert (line.values("send_pai"), told.get("SEATLINE_PREFERRED")) == (pai, preferred)


def test_a_seat_with_a_password_has_its_own_line(make: Make) -> None:
    """Of two seats the one with a password calls and registers by a line with its own digest user."""
    sections = by_name(on(make, realm="ims"), {FIRST: "Opera1Pass"})
    line, auth = sections["endpoint", f"seat-{FIRST}-line"], sections["auth", f"{FIRST}-ims-auth"]
    assert line.values("outbound_auth") == (f"{FIRST}-ims-auth",)
    assert (line.get("context"), line.get("aors")) == ("seatline-zhaotong-a-line", "line-zhaotong-aor")
    assert dict(auth.options) == {
        "auth_type": "digest",
        "username": "+868702120001@ims.example.net",
        "realm": "ims",
        "password": "Opera1Pass",
    }
    registrations = [sections["registration", f"{seat}-ims"] for seat in (FIRST, SECOND)]
    assert [(one.get("endpoint"), one.get("outbound_auth")) for one in registrations] == [
        (line.name, auth.name),
        ("line-zhaotong", ""),
    ]
    out = [
        value
        for seat in (FIRST, SECOND)
        for value in sections["endpoint", f"seat-{seat}"].values("set_var")
        if value.startswith("SEATLINE_LINE=")
    ]
    assert out == [f"SEATLINE_LINE=seat-{FIRST}-line", "SEATLINE_LINE=line-zhaotong"]
    assert sections["endpoint", "line-zhaotong"].values("outbound_auth") == ()


def test_no_line_is_known_by_its_name(make: Make) -> None:
    """Every endpoint without a password of its own, the site's line and the seats', has identify_by=ip."""
    sections = by_name(on(make), {FIRST: "p"}).values()
    open_to = {
        one.name: one.get("identify_by") for one in sections if one.kind == "endpoint" and not one.get("auth")
    }
    assert open_to == {"line-zhaotong": "ip", f"seat-{FIRST}-line": "ip"}


def test_a_seats_own_line_is_the_seats(make: Make) -> None:
    """All that is a seat's own at the operator belongs to the seat, and the trunk's to the line."""
    found: dict[str | None, set[str]] = {}
    for (kind, name), section in by_name(on(make), {FIRST: "x"}).items():
        if section.kind != "context":
            found.setdefault(names.seat_of(kind, name), set()).add(name)
    own = {f"seat-{FIRST}", f"{FIRST}-auth", FIRST, f"seat-{FIRST}-line", f"{FIRST}-ims-auth", f"{FIRST}-ims"}
    assert found[FIRST] == own
    assert found[None] == {"line-zhaotong", "line-zhaotong-aor"}
    assert set(names.line_sections("zhaotong")) > found[None]


def test_a_trunk_has_one_password(make: Make) -> None:
    """A trunk registers and calls with the password of the number it registers, and no seat has a line."""
    sections = by_name(on(make, register="trunk", auth_user="86{area}{local}"), {FIRST: "p1", SECOND: "p2"})
    auth = sections["auth", "line-zhaotong-ims-auth"]
    assert (auth.get("username"), auth.get("password"), auth.values("realm")) == ("868702120001", "p1", ())
    assert sections["endpoint", "line-zhaotong"].get("outbound_auth") == auth.name
    assert sections["registration", "line-zhaotong-ims"].get("outbound_auth") == auth.name
    assert not [name for kind, name in sections if kind == "endpoint" and name.endswith("-line")]
    assert not by_name(on(make, register="trunk"), {SECOND: "p2"}).keys() & {("auth", auth.name)}


@pytest.mark.parametrize(("user", "contact"), [("office-1", f"+86{FIRST[1:]}"), ("86{long}", f"86{FIRST}")])
def test_a_trunk_may_register_an_account(make: Make, user: str, contact: str) -> None:
    """Where a trunk's user is no number, calls come in for its number in the usual form."""
    sections = by_name(on(make, register="trunk", user=user), {})
    registration = sections["registration", "line-zhaotong-ims"]
    told = user.replace("{long}", FIRST)
    assert registration.get("client_uri").startswith(f"sip:{told}@")
    assert registration.get("contact_user") == contact
    assert f"SEATLINE_TRUNK={contact}" in sections["endpoint", "line-zhaotong"].values("set_var")


def test_calls_at_once_are_told_to_every_call(make: Make) -> None:
    """The site's calls at once stand on its seats and its lines; without voice lines there is no limit."""
    contract = on(make)
    lines = (VoiceLine(bandwidth="10M"), VoiceLine(bandwidth="100M", concurrent_calls=30, count=2))
    limited = replace(contract, site=replace(contract.site, voice_lines=lines))
    for name in ("line-zhaotong", f"seat-{FIRST}", f"seat-{FIRST}-line"):
        section = by_name(limited, {FIRST: "p"})["endpoint", name]
        assert "SEATLINE_CALLS=150" in section.values("set_var")
    assert "SEATLINE_CALLS" not in str([one.options for one in by_name(contract).values()])


def test_a_new_password_of_the_operators_is_told_apart(make: Make) -> None:
    """A plan tells a new password of the operator's from a telephone's, and shows neither."""
    contract = on(make, 1)
    secrets = {FIRST: "SipSecret1"}
    before, after = (desired(contract, secrets, "a", {FIRST: word}) for word in ("OperaOld1", "OperaNew2"))
    [change] = plan("zhaotong", before, after).changes
    assert (change.kind, change.name, change.detail) == (
        "seat",
        FIRST,
        ("operator's auth: password changed",),
    )
    [change] = plan(
        "zhaotong", before, desired(contract, {FIRST: "SipSecret2"}, "a", {FIRST: "OperaOld1"})
    ).changes
    assert change.detail == ("password changed",)


def test_a_second_number_registers_and_is_the_seats(make: Make) -> None:
    """A second number has a registration of its own by the site's line, no telephone, and a line in the list
    of numbers that says whose it is."""
    contract = on(make)
    first, second = contract.site.seats
    seats = (replace(first, second_number="08702120031"), second)
    contract = replace(contract, site=replace(contract.site, seats=seats))
    sections = by_name(contract)
    registration = sections["registration", "08702120031-ims"]
    assert registration.get("client_uri") == "sip:+868702120031@ims.example.net"
    assert registration.get("endpoint") == "line-zhaotong"
    assert ("endpoint", "seat-08702120031") not in sections
    numbers = sections["context", "seatline-zhaotong-a-numbers"]
    assert f"08702120031,1,Return({FIRST})" in numbers.values("exten")


def test_a_second_number_with_a_password_has_a_line_of_its_own(make: Make) -> None:
    """Where the operator gives the second number a password, calls under it are proved with that one."""
    contract = on(make, 1)
    (only,) = contract.site.seats
    seats = (replace(only, second_number="08702120031"),)
    contract = replace(contract, site=replace(contract.site, seats=seats))
    sections = by_name(contract, {FIRST: "one", "08702120031": "two"})
    own = sections["endpoint", "seat-08702120031-line"]
    assert own.get("outbound_auth") == "08702120031-ims-auth"
    assert sections["auth", "08702120031-ims-auth"].get("password") == "two"
    assert sections["registration", "08702120031-ims"].get("endpoint") == "seat-08702120031-line"


@pytest.mark.parametrize(
    ("features", "register", "there"),
    [(("switchboard",), "seat", True), ((), "seat", False), (("switchboard",), "trunk", False)],
)
def test_the_main_number_of_a_switchboard_registers_where_seats_do(
    make: Make, features: tuple[str, ...], register: str, there: bool
) -> None:
    """The main number of a switchboard, which is no seat's, registers for itself; on a trunk and without a
    switchboard it does not."""
    contract = on(make, register=register)
    site = replace(contract.site, main_number="08702120000", features=features)
    sections = by_name(replace(contract, site=site))
    assert (("registration", "08702120000-ims") in sections) is there
    numbers = sections["context", "seatline-zhaotong-a-numbers"].values("exten")
    assert ("08702120000,1,Return(08702120000)" in numbers) is bool(features)
