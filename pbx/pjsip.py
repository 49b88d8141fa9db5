"""The PJSIP objects of telephones and lines, from plain arguments: sections of pjsip.conf (SIP 对象).

Options that have the right value by default are left out (dtmf_mode=rfc4733, force_rport=yes, no
trust_id_outbound, no qualifying): the read-back compares them all the same, and a file is written sooner.
"""

from __future__ import annotations

from collections.abc import Iterable

from pbx.section import Section

CODECS = ("alaw", "ulaw")
"""G.711 as the operators in China offer it, A-law first."""
UNTOUCHED = ("alaw",)
"""What a fax machine or card terminal gets: nothing to be converted into, or from."""
VIDEO = ("h264",)

SILENT, SILENT_ON_HOLD = "60", "300"
"""Seconds without any RTP from a telephone after which its call ends: it is without power (断电)."""
LONGEST_FAX = "3600"
"""The same where a fax may leave the voice channel: T.38 is no RTP."""
T38 = (
    ("t38_udptl", "yes"),
    ("t38_udptl_ec", "redundancy"),
    ("t38_udptl_maxdatagram", "400"),
)
"""Fax beside the voice channel (T.38): passed on as it comes, with redundancy; else it is refused."""

Variables = Iterable[tuple[str, str]]


def telephone(
    name: str,
    *,
    context: str,
    aor: str,
    auth: str,
    number: str,
    account: str,
    transport: str,
    codecs: Iterable[str] = CODECS,
    video: bool = False,
    t38: bool = False,
    variables: Variables = (),
) -> Section:
    """The endpoint of a telephone behind an IAD; what it claims about its own number is not believed.

    The caller's number is fixed by `callerid` together with `trust_id_inbound=no`. The digest user is the
    endpoint's own name (`auth_username`); `username` is needed as well, or a REGISTER does not find the AOR
    by its To user. Media and requests go back to where they came from: IADs stand behind NAT. A telephone
    that loses power in a call would keep its place on the line for ever: without any RTP the call ends. That
    takes IADs without silence suppression, as ours are set; with `t38` it has an hour, for a fax is no voice.
    `video` is one stream of H.264.
    """
    return Section(
        name,
        "endpoint",
        (
            ("transport", transport),
            ("context", context),
            ("aors", aor),
            ("auth", auth),
            ("callerid", number),
            ("accountcode", account),
            ("identify_by", "auth_username,username"),
            ("trust_id_inbound", "no"),
            *_media((*codecs, *(VIDEO if video else ()))),
            *((*T38, ("t38_udptl_nat", "yes")) if t38 else ()),
            ("rtp_timeout", LONGEST_FAX if t38 else SILENT),
            ("rtp_timeout_hold", SILENT_ON_HOLD),
            ("rewrite_contact", "yes"),
            ("allow_transfer", "no"),
            ("allow_subscribe", "no"),
            *_variables(variables),
        ),
    )


def line(
    name: str,
    *,
    context: str,
    aor: str,
    domain: str,
    proxy: str,
    transport: str,
    auth: str | None = None,
    send_pai: bool = True,
    user_phone: bool = True,
    reliable: str = "supported",
    timers: str = "supported",
    session: tuple[int, int] = (1800, 90),
    t38: bool = False,
    variables: Variables = (),
) -> Section:
    """The endpoint of the operator's side: calls out to its IMS through its proxy, and calls in from it.

    The caller's number goes out in From, in the operator's domain, and with `send_pai` in
    P-Asserted-Identity; the operator's word about who calls in is believed. `from_user` is never set: it
    would hide the caller's number. Progress without media is not passed on: the telephone would fall silent
    where it should hear that the other one rings. With `auth` we answer the operator's challenges to our
    calls; of several for one realm Asterisk would only ever take the first, so a line has one. `reliable`
    (100rel) and `timers` are none, supported or required; `session` are Session-Expires and Min-SE in
    seconds.
    Nobody becomes a line by telling its name in From or as digest user (`identify_by`; with no identify
    section that leads to it `ip` means nobody): calls come in on a registration's token alone.
    """
    expires, least = session
    asked = (
        ("outbound_auth", auth or ""),
        ("user_eq_phone", "yes" if user_phone else ""),
        ("trust_id_inbound", "yes"),
        ("ignore_183_without_sdp", "yes"),
        ("send_pai", "yes" if send_pai else ""),
        ("100rel", _EXTENSION[reliable]),
        ("timers", _EXTENSION[timers]),
        ("timers_sess_expires", str(expires) if timers != "none" and expires != 1800 else ""),
        ("timers_min_se", str(least) if timers != "none" and least != 90 else ""),
    )
    return Section(
        name,
        "endpoint",
        (
            ("transport", transport),
            ("context", context),
            ("aors", aor),
            ("identify_by", "ip"),
            ("outbound_proxy", loose(proxy)),
            ("from_domain", domain),
            *((option, value) for option, value in asked if value),
            *_media(CODECS),
            *(T38 if t38 else ()),
            ("allow_transfer", "no"),
            ("allow_subscribe", "no"),
            *_variables(variables),
        ),
    )


_EXTENSION = {"none": "no", "supported": "", "required": "required"}
"""How 100rel and timers are written; supported is what Asterisk does when nothing is."""


def auth(name: str, *, user: str, secret: str, realm: str | None = None) -> Section:
    """Digest user and secret, for one realm or any. The secret is shown to nobody but the switch."""
    known = (("realm", realm),) if realm is not None else ()
    return Section(name, "auth", (("auth_type", "digest"), ("username", user), *known, ("password", secret)))


def telephone_aor(name: str) -> Section:
    """Where a telephone can be reached: one device, and the newest registration counts."""
    return Section(name, "aor", (("max_contacts", "1"), ("remove_existing", "yes")))


def line_aor(name: str, *, domain: str, proxy: str) -> Section:
    """Where the operator's IMS can be reached: at its domain, through its proxy."""
    return Section(name, "aor", (("contact", f"sip:{domain}"), ("outbound_proxy", loose(proxy))))


def registration(
    name: str,
    *,
    endpoint: str,
    user: str,
    domain: str,
    proxy: str,
    transport: str,
    auth: str | None = None,
    contact: str | None = None,
    expires: int = 3600,
) -> Section:
    """Our registration of one public user at the operator's IMS (注册).

    `line=yes` puts a token into our contact, by which a call that comes in is recognised as this
    registration's and given to `endpoint`, whatever address it comes from. No answer of the operator makes
    Asterisk give up for good: it tries again after 60 seconds, after a refusal later. `auth` answers the
    operator's challenge. `contact` is the user that calls come in for, where that is not `user`.
    """
    return Section(
        name,
        "registration",
        (
            ("transport", transport),
            ("server_uri", f"sip:{domain}"),
            ("client_uri", f"sip:{user}@{domain}"),
            ("contact_user", contact or user),
            ("outbound_proxy", loose(proxy)),
            *((("outbound_auth", auth),) if auth is not None else ()),
            *((("expiration", str(expires)),) if expires != 3600 else ()),
            ("line", "yes"),
            ("endpoint", endpoint),
            ("max_retries", "100000"),
            ("forbidden_retry_interval", "600"),
            ("fatal_retry_interval", "300"),
            ("auth_rejection_permanent", "no"),
            ("max_random_initial_delay", "3"),
        ),
    )


def loose(proxy: str) -> str:
    """A proxy's URI as a loose router (RFC 3261, 16.12), so that the request keeps its own address."""
    return proxy if ";lr" in proxy else f"{proxy};lr"


def _media(codecs: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return (
        ("disallow", "all"),
        ("allow", ",".join(codecs)),
        ("direct_media", "no"),
        ("rtp_symmetric", "yes"),
    )


def _variables(variables: Variables) -> tuple[tuple[str, str], ...]:
    return tuple(("set_var", f"{name}={value}") for name, value in variables)
