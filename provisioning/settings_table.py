"""A table of seatline.toml: what may stand in it, and texts and addresses checked (设置表)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.flows.errors import FlowError

_SIP_ADDRESS = r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?"


class SettingsWrong(FlowError):
    """seatline.toml or the environment says something that cannot be meant."""

    exit_code = 3


def host_and_port(value: Any) -> tuple[str, int] | None:
    """The two of "host:port", an IPv6 address in brackets; None where that is not what it says."""
    host, _, port = str(value).rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        return None
    host = host[1:-1] if bracketed else host
    return (host, int(port)) if host and (bracketed or ":" not in host) else None


def is_sip_address(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(_SIP_ADDRESS, value):
        return False
    return ":" not in value or host_and_port(value) is not None


def texts(table: Mapping[str, Any], keys: tuple[str, ...], at: str) -> None:
    for key in keys:
        if not isinstance(table.get(key, ""), str):
            raise SettingsWrong(f"{at} {key} is text")


def only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise SettingsWrong(
            f"{where}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
