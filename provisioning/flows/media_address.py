"""The address a switch has its voice on (媒体地址)."""

from __future__ import annotations

from ipaddress import ip_address

from pbx.action import Action
from provisioning.flows.ports import Switch
from provisioning.flows.read_files import ANSWER_WITHIN
from provisioning.planning.line import TRANSPORT


def media_address(switch: Switch) -> str | None:
    """The address to which the switch binds the transport of seats and lines.

    None where that is any address, or where the switch does not say: then its voice is on all of them too.
    """
    asked = Action("GetConfig", (("Filename", "pjsip.conf"), ("Category", TRANSPORT)))
    reply = switch.send(asked, timeout=ANSWER_WITHIN)
    bound = None
    for key, line in reply.lines:
        option, _, value = line.partition("=")
        if key.startswith("Line-") and option.strip() == "bind":
            bound = _host(value.strip())
    return bound


def _host(bind: str) -> str | None:
    """The address of a bind like 192.0.2.10, 192.0.2.10:5060 or [2001:db8::1]:5060, None for any address."""
    host = bind.partition("]")[0].removeprefix("[") if bind.startswith("[") else bind
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return None if address.is_unspecified else str(address)
