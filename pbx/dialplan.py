"""Contexts and extensions of a dialplan as values; call logic itself is hand-written (拨号方案)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pbx.errors import Malformed
from pbx.section import Section

_CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,79}")
_EXTEN = re.compile(r"_?[A-Za-z0-9+*#.!\[\]-]{1,79}")


@dataclass(frozen=True, slots=True)
class Exten:
    """An extension with one application as its first priority; neither name can break out of its line."""

    name: str
    application: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _EXTEN.fullmatch(self.name):
            raise Malformed(f"{self.name!r} is not an extension")
        if not self.application.isalnum():
            raise Malformed(f"{self.application!r} is not an application")
        for argument in self.arguments:
            if any(c in argument for c in ",()\r\n\0;"):
                raise Malformed(f"{argument!r} of extension {self.name} could be read as more than one")

    def option(self) -> tuple[str, str]:
        """As it stands in the file: `exten => 6001,1,Goto(ring,08702120001,1)`."""
        return "exten", f"{self.name},1,{self.application}({','.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class Include:
    """The extensions of another context, looked through after our own, in the order of the includes."""

    context: str

    def option(self) -> tuple[str, str]:
        """As it stands in the file: `include => other`."""
        if not _CONTEXT.fullmatch(self.context):
            raise Malformed(f"{self.context!r} is not a context")
        return "include", self.context


def context(name: str, lines: Iterable[Exten | Include]) -> Section:
    """A context with its lines in order. Raises Malformed for a name Asterisk could read otherwise."""
    if not _CONTEXT.fullmatch(name):
        raise Malformed(f"{name!r} is not a context")
    return Section(name, "context", tuple(line.option() for line in lines))
