"""How AMI shows the options of pjsip objects: in which field and form, and what when not set (回读对照表).

Seen on Asterisk 22.10: nearly every option is shown under its own name in capitals (`force_rport` as
ForceRport) with yes and no as true and false or yes and no. The rest is the tables here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import ip_network

from pbx.section import Section

LABELS = {
    "endpoint": "endpoint",
    "auth": "auth",
    "aor": "AOR",
    "registration": "registration",
    "identify": "identify",
}
"""The types of objects that can be read back, and what to call them."""

_NOT_SHOWN = frozenset({"disallow"})
"""Options without a field of their own: what `disallow` leaves is shown by `allow`."""
_FIELDS = {"contact": "Contacts"}
_MANY = frozenset({"set_var", "allow", "match", "contact"})
"""Options that may be set more than once, each adding to the others; of all else the last counts."""

_UNSET: Mapping[str, Mapping[str, str]] = {
    "endpoint": {
        "accountcode": "",
        "acl": "",
        "allow_subscribe": "yes",
        "allow_transfer": "yes",
        "allow_unauthenticated_options": "no",
        "aors": "",
        "auth": "",
        "call_group": "",
        "callerid": "<unknown>",
        "contact_acl": "",
        "context": "default",
        "device_state_busy_at": "0",
        "direct_media": "yes",
        "dtmf_mode": "rfc4733",
        "force_rport": "yes",
        "from_domain": "",
        "from_user": "",
        "identify_by": "username,ip",
        "mailboxes": "",
        "message_context": "",
        "named_call_group": "",
        "named_pickup_group": "",
        "outbound_auth": "",
        "outbound_proxy": "",
        "pickup_group": "",
        "redirect_method": "user",
        "rewrite_contact": "no",
        "rtp_symmetric": "no",
        "rtp_timeout": "0",
        "send_pai": "no",
        "send_rpid": "no",
        "set_var": "",
        "subscribe_context": "",
        "transport": "",
        "trust_id_inbound": "no",
        "trust_id_outbound": "no",
        "user_eq_phone": "no",
    },
    "auth": {"realm": "", "username": "", "password": "", "md5_cred": "", "auth_type": "userpass"},
    "aor": {
        "authenticate_qualify": "no",
        "default_expiration": "3600",
        "max_contacts": "0",
        "maximum_expiration": "7200",
        "minimum_expiration": "60",
        "outbound_proxy": "",
        "qualify_frequency": "0",
        "remove_existing": "no",
        "remove_unavailable": "no",
        "support_path": "no",
    },
    "registration": {
        "contact_user": "",
        "endpoint": "",
        "expiration": "3600",
        "line": "no",
        "outbound_auth": "",
        "outbound_proxy": "",
        "transport": "",
    },
    "identify": {},
}
"""Asterisk 22's value of options that are not set: a value left over from before would show here."""


def shown_name(option: str) -> str | None:
    """The field under which AMI shows an option; None when it does not."""
    if option in _NOT_SHOWN:
        return None
    return _FIELDS.get(option) or "".join(part[:1].upper() + part[1:] for part in option.split("_"))


@cache
def unset_values(kind: str) -> Mapping[str, str]:
    """What is shown for the options of a kind that are not set, as `shown_value` gives it."""
    return {option: _reading(option)(value) for option, value in _UNSET[kind].items()}


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


def _networks(text: str) -> str:
    found = []
    for part in filter(None, text.split(",")):
        try:
            found.append(ip_network(part.strip(), strict=False).with_prefixlen)
        except ValueError:
            found.append(part.strip())
    return ",".join(found)


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
    "match": _networks,
    "contact": _sorted_list,
    "qualify_timeout": _decimal,
    **dict.fromkeys(("password", "md5_cred", "username", "realm", "contact_user", "accountcode"), _as_it_is),
}
