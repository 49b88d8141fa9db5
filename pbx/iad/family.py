"""What every family of gateways offers: a device to the bytes of its file, and back (IAD 机型)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pbx.iad.device import Device


class Family(Protocol):
    """One family: the module pbx/iad/<family>.py has these names.

    `MODELS` are the models as contract files write them, with how many FXS ports each has. `SETTINGS` are
    the names a device may override, each with the values it may have (empty: any text) - the first one is
    the default for China. `CHECK_SYNC` is the event of the SIP NOTIFY that makes such a device fetch, None
    for one that nobody can notify. `LACKS` are the fields the format has no words for ("name",
    "server.reliable"): a device of a format that lacks "fetch_url" fetches nothing. Families of our own also
    say in `TEXTS` what settings that may be any text usually are.
    """

    MODELS: Mapping[str, int]
    SETTINGS: Mapping[str, tuple[str, ...]]
    CHECK_SYNC: str | None
    LACKS: frozenset[str]

    def file_name(self, device: Device) -> str:
        """The name the device asks for, or the one to carry it under; Malformed without a MAC it needs."""
        ...

    def render(self, device: Device) -> bytes:
        """The device's file. Malformed for what the family cannot hold: too many ports, a wrong setting."""
        ...

    def parse(self, content: bytes, model: str) -> Device:
        """What such a file means; the name, and a MAC it does not hold, are those of nobody ("", None).

        The opposite of `render` for all that the format can hold. Malformed for anything else."""
        ...

    def sent_by(self, user_agent: str) -> str | None:
        """The MAC a device of this family names in its HTTP User-Agent; "" where the family never sends one;
        None where this is not the User-Agent of such a device."""
        ...
