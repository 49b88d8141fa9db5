"""How AMI shows the options of pjsip objects: in which field and form, and what when not set (回读对照表).

Seen on Asterisk 22.10: nearly every option is shown under its own name in capitals (`force_rport` as
ForceRport) with yes and no as true and false or yes and no. The rest is the tables here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from pbx.section import Section

LABELS = {
    "endpoint": "endpoint",
    "auth": "auth",
    "aor": "AOR",
    "registration": "registration",
}
"""The types of objects that can be read back, and what to call them."""

_NOT_SHOWN = frozenset({"disallow"})
"""Options without a field of their own: what `disallow` leaves is shown by `allow`."""
_FIELDS = {"contact": "Contacts"}
_MANY = frozenset({"set_var", "allow", "contact"})
"""Options that may be set more than once, each adding to the others; of all else the last counts."""

_UNSET: Mapping[str, Mapping[str, str]] = {
    "endpoint": {
        "100rel": "yes",
        "accept_multiple_sdp_answers": "no",
        "accountcode": "",
        "acl": "",
        "aggregate_mwi": "yes",
        "allow_overlap": "yes",
        "allow_subscribe": "yes",
        "allow_transfer": "yes",
        "allow_unauthenticated_options": "no",
        "aors": "",
        "asymmetric_rtp_codec": "no",
        "auth": "",
        "bind_rtp_to_media_address": "no",
        "bundle": "no",
        "call_group": "",
        "callerid": "<unknown>",
        "callerid_privacy": "allowed_not_screened",
        "callerid_tag": "",
        "connected_line_method": "invite",
        "contact_acl": "",
        "context": "default",
        "cos_audio": "0",
        "cos_video": "0",
        "device_state_busy_at": "0",
        "direct_media": "yes",
        "direct_media_glare_mitigation": "none",
        "direct_media_method": "invite",
        "disable_direct_media_on_nat": "no",
        "dtls_auto_generate_cert": "no",
        "dtls_ca_file": "",
        "dtls_ca_path": "",
        "dtls_cert_file": "",
        "dtls_cipher": "",
        "dtls_private_key": "",
        "dtls_rekey": "0",
        "dtls_setup": "active",
        "dtls_verify": "no",
        "dtmf_mode": "rfc4733",
        "fax_detect": "no",
        "fax_detect_timeout": "0",
        "follow_early_media_fork": "yes",
        "follow_redirect_methods": "",
        "force_avp": "no",
        "force_rport": "yes",
        "from_domain": "",
        "from_user": "",
        "g726_non_standard": "no",
        "ice_support": "no",
        "identify_by": "username,ip",
        "inband_progress": "no",
        "incoming_mwi_mailbox": "",
        "language": "",
        "mailboxes": "",
        "max_audio_streams": "1",
        "max_video_streams": "1",
        "media_address": "",
        "media_encryption": "no",
        "media_encryption_optimistic": "no",
        "media_use_received_transport": "no",
        "message_context": "",
        "moh_passthrough": "no",
        "moh_suggest": "default",
        "mwi_from_user": "",
        "mwi_subscribe_replaces_unsolicited": "no",
        "named_call_group": "",
        "named_pickup_group": "",
        "notify_early_inuse_ringing": "no",
        "one_touch_recording": "no",
        "outbound_auth": "",
        "outbound_proxy": "",
        "overlap_context": "",
        "pickup_group": "",
        "preferred_codec_only": "no",
        "redirect_method": "user",
        "refer_blind_progress": "yes",
        "rewrite_contact": "no",
        "rpid_immediate": "no",
        "rtcp_mux": "no",
        "rtp_engine": "asterisk",
        "rtp_ipv6": "no",
        "rtp_keepalive": "0",
        "rtp_port_end": "0",
        "rtp_port_start": "0",
        "rtp_symmetric": "no",
        "rtp_timeout": "0",
        "rtp_timeout_hold": "0",
        "sdp_owner": "-",
        "sdp_session": "Asterisk",
        "security_negotiation": "no",
        "send_aoc": "no",
        "send_connected_line": "yes",
        "send_diversion": "yes",
        "send_history_info": "no",
        "send_pai": "no",
        "send_rpid": "no",
        "set_var": "",
        "srtp_tag_32": "no",
        "stir_shaken": "no",
        "stir_shaken_profile": "",
        "sub_min_expiry": "0",
        "subscribe_context": "",
        "suppress_moh_on_sendonly": "no",
        "suppress_q850_reason_headers": "no",
        "t38_bind_udptl_to_media_address": "no",
        "t38_udptl": "no",
        "t38_udptl_ec": "none",
        "t38_udptl_ipv6": "no",
        "t38_udptl_maxdatagram": "0",
        "t38_udptl_nat": "no",
        "tenantid": "",
        "timers": "yes",
        "timers_min_se": "90",
        "timers_sess_expires": "1800",
        "tone_zone": "",
        "tos_audio": "0",
        "tos_video": "0",
        "transport": "",
        "trust_connected_line": "yes",
        "trust_id_inbound": "no",
        "trust_id_outbound": "no",
        "use_avpf": "no",
        "use_ptime": "no",
        "user_eq_phone": "no",
        "voicemail_extension": "",
        "webrtc": "no",
    },
    "auth": {
        "auth_type": "userpass",
        "md5_cred": "",
        "nonce_lifetime": "32",
        "oauth_secret": "",
        "password": "",
        "password_digest": "",
        "realm": "",
        "refresh_token": "",
        "username": "",
    },
    "aor": {
        "authenticate_qualify": "no",
        "default_expiration": "3600",
        "mailboxes": "",
        "max_contacts": "0",
        "maximum_expiration": "7200",
        "minimum_expiration": "60",
        "outbound_proxy": "",
        "qualify_2xx_only": "no",
        "qualify_frequency": "0",
        "qualify_timeout": "3",
        "remove_existing": "no",
        "remove_unavailable": "no",
        "support_path": "no",
        "voicemail_extension": "",
    },
    "registration": {
        "contact_header_params": "",
        "contact_user": "",
        "endpoint": "",
        "expiration": "3600",
        "line": "no",
        "outbound_auth": "",
        "outbound_proxy": "",
        "retry_interval": "60",
        "security_negotiation": "no",
        "support_outbound": "no",
        "support_path": "no",
        "transport": "",
        "user_agent": "",
    },
}
"""Asterisk 22's value of options that are not set: a value left over from before, or a hand's, shows by it.

Not of all there are: codec_prefs_... and a few more are shown in another form than they are written in; deny
and permit are not shown at all.
"""


@cache
def shown_name(option: str) -> str | None:
    """The field under which AMI shows an option; None when it does not."""
    if option in _NOT_SHOWN:
        return None
    return _FIELDS.get(option) or "".join(part[:1].upper() + part[1:] for part in option.split("_"))


@cache
def unset_values(kind: str) -> Mapping[str, str]:
    """What is shown for the options of a kind that are not set, as `shown_value` gives it."""
    return {option: _reading(option)(value) for option, value in _UNSET[kind].items()}


def as_unset(kind: str, given: frozenset[str], fields: Mapping[str, str]) -> bool:
    """Whether all options of a kind that are not given are shown as if nobody had set them."""
    return _all_as_unset(kind, given, tuple(map(fields.get, _names_left(kind, given))))


@lru_cache(maxsize=200)
def _all_as_unset(kind: str, given: frozenset[str], shown: tuple[str | None, ...]) -> bool:
    """Thousands of objects show these options alike: they are looked at once."""
    unset = unset_values(kind)
    left = [option for option in unset if option not in given and shown_name(option) is not None]
    return all(
        text is None or _reading(option)(text) == unset[option]
        for option, text in zip(left, shown, strict=True)
    )


@cache
def _names_left(kind: str, given: frozenset[str]) -> tuple[str, ...]:
    names = (shown_name(option) for option in _UNSET[kind] if option not in given)
    return tuple(name for name in names if name is not None)


def wanted_value(section: Section, option: str) -> str:
    """What must be shown for an option that is set, in the form of `shown_value`."""
    values = section.values(option)
    return _reading(option)(",".join(values) if option in _MANY else values[-1])


def shown_value(section: Section, option: str, text: str) -> str:
    """The value of a field in one form, whichever way Asterisk writes it.

    The contacts of an AOR that phones register at are theirs, not ours: only those wanted are looked for.
    """
    if option != "contact":
        return _reading(option)(text)
    contacts = {contact.removeprefix(f"{section.name}/") for contact in text.split(",")}
    if section.get("max_contacts", "0") != "0":
        contacts &= set(section.values("contact"))
    return _sorted_list(",".join(contacts))


def _reading(option: str) -> Callable[[str], str]:
    return _READINGS.get(option, _truth)


def _truth(text: str) -> str:
    return {"true": "yes", "on": "yes", "yes": "yes", "false": "no", "off": "no", "no": "no"}.get(
        text.lower(), text
    )


def _caller(text: str) -> str:
    """Caller's name and number: `x <1>`, `"x" <1>`; a bare number is shown without its <>."""
    name, angle, number = text.rpartition("<")
    if not angle:
        return text
    name, number = name.strip().strip('"'), number.rstrip("> ")
    return f'"{name}" <{number}>' if name else number


def _codecs(text: str) -> str:
    names = text.strip("()").replace("|", ",").split(",")
    return ",".join(name.strip() for name in names if name.strip() not in ("", "!all"))


def _variables(text: str) -> str:
    """A=1,B=2: of a name set twice the last value counts, in the first one's place."""
    return ",".join({part.partition("=")[0]: part for part in text.split(",")}.values())


def _sorted_list(text: str) -> str:
    return ",".join(sorted(filter(None, text.split(","))))


def _decimal(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _as_it_is(text: str) -> str:
    return text


_READINGS: Mapping[str, Callable[[str], str]] = {
    "callerid": _caller,
    "allow": _codecs,
    "set_var": _variables,
    "contact": _sorted_list,
    "qualify_timeout": _decimal,
    **dict.fromkeys(("password", "md5_cred", "username", "realm", "contact_user", "accountcode"), _as_it_is),
}
