"""A section of an Asterisk configuration file as a value; rendering and parsing are inverses (配置段)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A named section: in pjsip files `kind` is its type (endpoint, auth, aor, identify, registration) and
    stands first as `type=`; in dialplan files it is "context" and options are `exten =>` and `include =>`.
    """

    name: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()
