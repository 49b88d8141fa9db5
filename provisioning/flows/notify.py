"""Has the switch tell an IAD, by SIP NOTIFY, that a new file waits for it (通知设备取文件)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pbx.action import Action, Reply
from provisioning.flows.ports import Switch

VERDICTS: Mapping[str, str] = {
    "sent": "told to fetch, over {line}",
    "not-registered": "none of its lines is registered: start it anew, and it fetches",
    "no-event": "such a device fetches only when it is started anew",
    "refused": "the switch did not tell it: {why}",
}
"""What can come of it, in words."""

REFUSALS: Mapping[str, str] = {
    "Permission denied": "the AMI user lacks the right system (write=system in manager.conf)",
    "Invalid/unknown command": "the switch lacks res_pjsip_notify.so (it needs an empty pjsip_notify.conf)",
}
"""How Asterisk 22 begins an answer that has one plain cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A device whose file waits: the endpoints of its lines on the switch, and its family's CHECK_SYNC."""

    iad: str
    endpoints: tuple[str, ...]
    event: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """What came of it: `verdict` is one of VERDICTS, `text` says it in words.

    "sent" means that the switch has sent it: whether the device heard is seen when it fetches.
    """

    iad: str
    verdict: str
    text: str


def notify_devices(switch: Switch, devices: Sequence[Waiting]) -> tuple[Notified, ...]:
    """Sends one NOTIFY to each device, over the first of its lines that is registered.

    Asterisk answers "NOTIFY sent" for an endpoint without any registration too, and sends nothing: so the
    registrations are looked at first. Raises Unreachable when the switch does not answer. A device that
    cannot be told is a value, not a fault: it fetches all the same when it is started anew.
    """
    if not any(device.event for device in devices):
        return tuple(_verdict(device, "no-event") for device in devices)
    contacts = switch.send(Action("PJSIPShowContacts"), timeout=30.0)
    reachable = frozenset(
        event.get("Endpoint", "") for event in contacts.events if event.get("Status") != "Unreachable"
    )
    nobody = contacts.message.startswith("No Contacts")
    if not contacts.ok and not nobody:
        return tuple(_verdict(device, "refused", why=_why(contacts)) for device in devices)
    return tuple(_told(switch, device, reachable) for device in devices)


def _told(switch: Switch, device: Waiting, reachable: Iterable[str]) -> Notified:
    if device.event is None:
        return _verdict(device, "no-event")
    line = next((line for line in device.endpoints if line in reachable), None)
    if line is None:
        return _verdict(device, "not-registered")
    reply = switch.send(Action("PJSIPNotify", (("Endpoint", line), ("Variable", f"Event={device.event}"))))
    if not reply.ok:
        return _verdict(device, "refused", why=_why(reply))
    return _verdict(device, "sent", line=line)


def _verdict(device: Waiting, verdict: str, **words: str) -> Notified:
    return Notified(iad=device.iad, verdict=verdict, text=VERDICTS[verdict].format(**words))


def _why(reply: Reply) -> str:
    said = reply.message
    return next((why for start, why in REFUSALS.items() if said.startswith(start)), said)
