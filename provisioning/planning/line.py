"""The operator's side of a site as PJSIP objects: lines, digest users, registrations (IMS 接入).

Where the operator gives each seat a password, each seat has a line of its own. A call has to be proved with
the password of the number that is shown, and of several passwords for one realm an Asterisk endpoint only
ever uses the first (seen on 22.10: a call from the second number answered the challenge as the first).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pbx import pjsip
from pbx.section import Section
from provisioning.core.capacity import calls_at_once
from provisioning.core.site import Ims, Seat, Site
from provisioning.planning import names, voice

TRANSPORT = "seatline-udp"
"""The switch's own SIP transport, which its pjsip.conf has (docker/README.md)."""

Variables = tuple[tuple[str, str], ...]
Passwords = Mapping[str, str]


def of_site(site: Site, slot: str, passwords: Passwords) -> tuple[Section, ...]:
    """The site's line and its AOR; for a trunk its digest user and registration too."""
    ims = site.ims
    if ims is None:
        return ()
    aor = names.line_aor(site.name)
    reached = pjsip.line_aor(aor, domain=ims.domain, proxy=ims.proxy)
    endpoint = names.line_endpoint(site.name)
    t38 = voice.any_t38(site.seats)
    if ims.register == "seat":
        return _line(site, ims, slot, endpoint, t38=t38), reached
    number = site.main_number or min(seat.long_number for seat in site.seats)
    auth = names.line_auth(site.name) if number in passwords else None
    trunk = (("SEATLINE_TRUNK", _contact(site, ims, number)),)
    return (
        _line(site, ims, slot, endpoint, auth, trunk, t38=t38),
        reached,
        *_auth(site, ims, number, auth, passwords),
        _registration(site, ims, names.line_registration(site.name), number, endpoint, auth),
    )


def of_seat(
    site: Site, number: str, slot: str, passwords: Passwords, *, t38: bool = False
) -> Iterator[Section]:
    """A seat's registration, where each seat has its own; with a password also its digest user and line."""
    ims = site.ims
    if ims is None or ims.register != "seat":
        return
    name = names.seat_registration(number)
    if number not in passwords:
        yield _registration(site, ims, name, number, names.line_endpoint(site.name), None)
        return
    own, auth = names.seat_line(number), names.seat_line_auth(number)
    yield _line(site, ims, slot, own, auth, t38=t38)
    yield from _auth(site, ims, number, auth, passwords)
    yield _registration(site, ims, name, number, own, auth)


def has_switchboard(site: Site) -> bool:
    """Whether the main number is a switchboard's and no seat's (融合总机)."""
    numbers = {seat.long_number for seat in site.seats}
    return "switchboard" in site.features and site.main_number is not None and site.main_number not in numbers


def further_numbers(site: Site) -> Mapping[str, Seat | None]:
    """The numbers that calls come in for besides the seats' long ones, and whose they are: second numbers,
    and the main number of a switchboard. Each registers like a seat's (一机双号, 总机号).
    """
    found: dict[str, Seat | None] = {
        seat.second_number: seat for seat in site.seats if seat.second_number is not None
    }
    if has_switchboard(site) and site.main_number is not None:
        found.setdefault(site.main_number, None)
    long_numbers = {seat.long_number for seat in site.seats}
    return {number: found[number] for number in sorted(found.keys() - long_numbers)}


def way_out(site: Site, number: str, passwords: Passwords) -> str | None:
    """The line by which a seat calls the world; None without an ims."""
    if site.ims is None:
        return None
    if site.ims.register == "seat" and number in passwords:
        return names.seat_line(number)
    return names.line_endpoint(site.name)


def variables(site: Site, slot: str) -> Variables:
    """What the hand-written dialplan knows of any call: whose it is, and how many there may be."""
    calls = calls_at_once(site.voice_lines) if site.ims is not None else None
    known = (("SEATLINE_SITE", site.name), ("SEATLINE_SLOT", slot), ("SEATLINE_AREA", site.area_code))
    return known if calls is None else (*known, ("SEATLINE_CALLS", str(calls)))


def _contact(site: Site, ims: Ims, number: str) -> str:
    """The user for which calls come in on a registration: digits, so that dialplan finds it."""
    return site.ims_user(number) if ims.caller == ims.user else site.ims_caller(number)


def _line(
    site: Site,
    ims: Ims,
    slot: str,
    name: str,
    auth: str | None = None,
    more: Variables = (),
    *,
    t38: bool,
) -> Section:
    preferred = (("SEATLINE_PREFERRED", _preferred(ims)),) if ims.identity == "ppi" else ()
    return pjsip.line(
        name,
        context=names.context(site.name, slot, "line"),
        aor=names.line_aor(site.name),
        domain=ims.domain,
        proxy=ims.proxy,
        transport=TRANSPORT,
        auth=auth,
        send_pai=ims.identity == "pai",
        user_phone=ims.user_phone,
        reliable=ims.reliable,
        timers=ims.session_timers.use,
        session=(ims.session_timers.expires, ims.session_timers.least),
        t38=t38,
        variables=(*variables(site, slot), *preferred, *more),
    )


def _preferred(ims: Ims) -> str:
    """What stands behind the caller's user in P-Preferred-Identity."""
    return f"{ims.domain};user=phone" if ims.user_phone else ims.domain


def _auth(site: Site, ims: Ims, number: str, name: str | None, passwords: Passwords) -> tuple[Section, ...]:
    if name is None:
        return ()
    user = site.ims_auth_user(number)
    return (pjsip.auth(name, user=user, secret=passwords[number], realm=ims.realm),)


def _registration(site: Site, ims: Ims, name: str, number: str, endpoint: str, auth: str | None) -> Section:
    return pjsip.registration(
        name,
        endpoint=endpoint,
        user=site.ims_user(number),
        domain=ims.domain,
        proxy=ims.proxy,
        transport=TRANSPORT,
        auth=auth,
        contact=_contact(site, ims, number),
        expires=ims.expires,
    )
