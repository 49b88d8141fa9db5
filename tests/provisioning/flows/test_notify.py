"""A device is told over one of its registered lines that a file waits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pbx.action import Action, Reply
from provisioning.flows.notify import Waiting, notify_devices

NOBODY = Reply({"Response": "Error", "Message": "No Contacts found\n"})
SENT = Reply({"Response": "Success", "Message": "NOTIFY sent"})
FIRST = Waiting(iad="iad-1", endpoints=("seat-1", "seat-2", "seat-3"), event="check-sync")


class Switch:
    """A switch on which these endpoints are registered, as Asterisk 22 tells it."""

    name = "pbx"

    def __init__(self, *registered: str, status: str = "NonQualified", answer: Reply = SENT) -> None:
        self.sent: list[Action] = []
        self._answer = answer
        self._contacts = tuple(
            {"Event": "ContactList", "Endpoint": endpoint, "Status": status} for endpoint in registered
        )

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        self.sent.append(action)
        if action.name != "PJSIPShowContacts":
            return self._answer
        if not self._contacts:
            return NOBODY
        return Reply({"Response": "Success"}, (), (*self._contacts, {"Event": "ContactListComplete"}))

    def close(self) -> None: ...


def verdicts(switch: Switch, devices: Sequence[Waiting]) -> list[str]:
    return [one.verdict for one in notify_devices(switch, devices)]


def test_one_notify_goes_to_the_first_line_that_is_registered() -> None:
    """A device with several registered lines is told once, by the first of them."""
    switch = Switch("seat-3", "seat-2", "seat-9")
    assert [(one.verdict, one.text) for one in notify_devices(switch, [FIRST])] == [
        ("sent", "told to fetch, over seat-2")
    ]
    assert [action.name for action in switch.sent] == ["PJSIPShowContacts", "PJSIPNotify"]
    assert switch.sent[1].headers == (("Endpoint", "seat-2"), ("Variable", "Event=check-sync"))


@pytest.mark.parametrize("switch", [Switch(), Switch("seat-9"), Switch("seat-1", status="Unreachable")])
def test_a_device_that_is_not_registered_is_not_told(switch: Switch) -> None:
    """Asterisk would say "NOTIFY sent" for an endpoint without registration: it is not asked to."""
    assert verdicts(switch, [FIRST]) == ["not-registered"]
    assert len(switch.sent) == 1


def test_a_device_that_knows_no_notify_is_left_alone() -> None:
    """A family without a check-sync event is not notified, and without any other the switch is not asked."""
    silent = Waiting(iad="iad-2", endpoints=("seat-1",), event=None)
    switch = Switch("seat-1")
    assert verdicts(switch, [silent]) == ["no-event"]
    assert switch.sent == []
    assert verdicts(switch, [silent, FIRST]) == ["no-event", "sent"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Permission denied", "write=system"),
        ("Invalid/unknown command: PJSIPNotify. Use Action: ListCommands", "res_pjsip_notify.so"),
        ("Unable to retrieve endpoint seat-1", "Unable to retrieve endpoint seat-1"),
    ],
)
def test_a_refusal_says_what_to_mend(message: str, said: str) -> None:
    """What the switch refuses is told in words that say what it lacks."""
    refusal = Reply({"Response": "Error", "Message": message})
    (one,) = notify_devices(Switch("seat-1", answer=refusal), [FIRST])
    assert one.verdict == "refused"
    assert said in one.text


def test_a_switch_that_shows_no_registrations_is_a_refusal() -> None:
    """Without the right to look at registrations nobody is told, and every device says so."""

    class Closed(Switch):
        def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
            return Reply({"Response": "Error", "Message": "Permission denied"})

    assert verdicts(Closed(), [FIRST, FIRST]) == ["refused", "refused"]
